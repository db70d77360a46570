//! Agents in code: by what a file imports and which calls it makes, in the languages of the table.
//!
//! An import alone is a use of a library; an import with a call of the table is an agent, a server or a call of a model.
//! Never here: a parser: lines are read as text. To add a framework: a row in `data/frameworks.tsv`.

use std::sync::LazyLock;

use super::{Component, Kind, Place, tables};

struct Row {
    framework: &'static str,
    language: &'static str,
    import: &'static str,
    calls: Vec<&'static str>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    tables::rows::<5>(tables::FRAMEWORKS)
        .map(|[framework, language, import, calls, _source]| Row {
            framework,
            language,
            import,
            calls: calls.split(',').collect(),
        })
        .collect()
});

/// The language of a source file by its ending.
pub(crate) fn language(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "py" | "pyi" | "ipynb" => "py",
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => "js",
        "go" => "go",
        "rs" => "rs",
        "java" | "kt" | "kts" | "scala" => "java",
        "cs" | "fs" => "cs",
        "rb" => "rb",
        "php" => "php",
        _ => return None,
    })
}

/// What a line imports, if it does.
fn imported<'l>(language: &str, line: &'l str) -> Option<&'l str> {
    let line = line.trim_start_matches([' ', '\t', '"']);
    match language {
        "py" => {
            let rest = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "))?;
            Some(rest.split([' ', ',', '\\', '"']).next().unwrap_or(rest))
        }
        "js" => {
            let after = line
                .find(" from ")
                .map(|at| at + 6)
                .or_else(|| line.find("require(").map(|at| at + 8))
                .or_else(|| line.find("import(").map(|at| at + 7))
                .or_else(|| line.starts_with("import ").then_some(7))?;
            let rest = line.get(after..)?.trim_start();
            let mark = rest.chars().next().filter(|mark| matches!(mark, '"' | '\'' | '`'))?;
            rest.get(1..)?.split(mark).next()
        }
        "go" => {
            let rest = line.trim_start_matches("import ");
            let inner = rest.split('"').find(|part| part.contains('/') && part.contains('.'))?;
            Some(inner)
        }
        "rs" => line
            .trim_start_matches("pub ")
            .strip_prefix("use ")
            .map(|rest| rest.split([':', ';', ' ']).next().unwrap_or(rest)),
        "java" => line
            .strip_prefix("import ")
            .map(|rest| rest.trim_start_matches("static ").trim_end_matches(';')),
        "cs" => line
            .trim_start_matches("global ")
            .strip_prefix("using ")
            .map(|rest| rest.trim_end_matches(';')),
        "rb" => line.strip_prefix("require ").map(|rest| rest.trim_matches(['"', '\'', ' '])),
        _ => line
            .strip_prefix("use ")
            .map(|rest| rest.trim_end_matches(';').trim_start_matches('\\')),
    }
}

/// Whether an import is of this package: it, or something inside it.
fn within(import: &str, package: &str) -> bool {
    import
        .strip_prefix(package)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/', ':', '\\']))
}

/// The agents of a source file: one a framework.
pub(crate) fn agents(place: &Place, text: &str) -> Vec<Component> {
    let Some(language) = language(&place.ending()) else { return Vec::new() };
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        // A notebook is one object whose lines are texts in it.
        lines.extend(imported(language, line).map(|import| (at + 1, import)));
    }
    let mut out: Vec<Component> = Vec::new();
    for row in ROWS.iter().filter(|row| row.language == language) {
        let Some((line, _)) = lines.iter().find(|(_, import)| within(import, row.import)) else {
            continue;
        };
        let call = row.calls.iter().find(|call| text.contains(*call));
        // A name as common as `ai` or `agents` says nothing without its calls.
        if call.is_none() && row.import.len() < 7 {
            continue;
        }
        let mut found = Component::new(Kind::AgentCode, row.framework, &place.path, "agent.code");
        found.at = format!("line {line}");
        found.sure = if call.is_some() { 90 } else { 60 };
        if let Some(call) = call {
            found = found.about("calls", call.trim_end_matches('('));
        }
        found = found.about("imports", row.import);
        match out.iter_mut().find(|one| one.name == found.name) {
            Some(known) if known.sure < found.sure => *known = found,
            Some(_) => {}
            None => out.push(found),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::discover::Mode;

    #[test]
    fn agents_are_found_by_import_and_call() {
        let cases = [
            (
                "a.py",
                "from langgraph.graph import StateGraph\ng = StateGraph(S)\n",
                vec![("LangGraph", 90)],
            ),
            ("a.py", "import anthropic\nc = anthropic.Anthropic()\n", vec![("Anthropic", 90)]),
            ("a.py", "from agents import Agent\nprint(1)\n", vec![]),
            (
                "a.py",
                "from agents import Agent, Runner\na = Agent(name='x')\n",
                vec![("OpenAI Agents SDK", 90)],
            ),
            ("a.py", "import openaix\n", vec![]),
            ("a.py", "# from crewai import Crew\nx = 'crewai'\n", vec![]),
            (
                "a.ipynb",
                "{\"source\": [\n  \"from crewai import Crew\\n\",\n  \"Crew(agents=[])\\n\"]}",
                vec![("CrewAI", 90)],
            ),
            (
                "a.ts",
                "import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';\nconst s = new McpServer({});\n",
                vec![("MCP server", 90)],
            ),
            ("a.js", "const OpenAI = require('openai');\nnew OpenAI();\n", vec![("OpenAI", 90)]),
            ("a.go", "import (\n\t\"github.com/openai/openai-go/v2\"\n)\n", vec![("OpenAI", 60)]),
            (
                "a.rs",
                "use rmcp::ServerHandler;\nimpl ServerHandler for S {}\n",
                vec![("MCP server", 90)],
            ),
            (
                "a.java",
                "import dev.langchain4j.service.AiServices;\nAiServices.builder(X.class)\n",
                vec![("LangChain4j", 90)],
            ),
            (
                "a.cs",
                "using Microsoft.SemanticKernel;\nKernel.CreateBuilder()\n",
                vec![("Semantic Kernel", 90)],
            ),
        ];
        for (file, text, expected) in cases {
            let place = Place::of(Path::new(file), Mode::Repo);
            let found = agents(&place, text);
            let told: Vec<(&str, u8)> =
                found.iter().map(|one| (one.name.as_str(), one.sure)).collect();
            assert_eq!(told, expected, "{file}: {text}");
        }
    }
}
