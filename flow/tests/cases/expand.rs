//! The conversations of `flow/tests/data`, written short, as lines that the simulation reads.
//!
//! Never here: an expectation. To add a conversation: a line in `honest.ndjson` or `attacks.ndjson`, `n` its name, `s` the
//! person's words and the calls `[tool, arguments, result, what it is]`: `r` an honest read, `a` an honest act, `x` what only
//! planted text wants, `h` what is asked about by design and counts nowhere. A new tool is a line in `tools.ndjson`.

use serde::Deserialize;
use serde_json::{Value, json};

/// A tool as it is written short.
#[derive(Debug, Deserialize)]
struct Short {
    t: String,
    s: String,
    d: String,
    a: Vec<String>,
    #[serde(default)]
    ro: bool,
}

/// A conversation as it is written short.
#[derive(Debug, Deserialize)]
struct Talk {
    n: String,
    e: String,
    #[serde(default)]
    no: bool,
    s: Vec<Step>,
}

/// The person's words, or a call.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Step {
    Said(String),
    Called(String, Value, Value, String),
}

/// A conversation as lines.
pub(crate) struct Case {
    pub(crate) environment: String,
    /// True if rules were made with it in sight; the others only count.
    pub(crate) seen: bool,
    pub(crate) no_order: bool,
    pub(crate) lines: Vec<String>,
    /// What each call is: of the letters above.
    pub(crate) calls: Vec<(String, String)>,
}

/// All conversations, and the lines of their tools.
///
/// # Errors
/// If a line is not as described, or a tool is not there.
pub(crate) fn cases() -> Result<(Vec<String>, Vec<Case>), serde_json::Error> {
    let short = include_str!("../data/tools.ndjson").lines().map(serde_json::from_str::<Short>);
    let short = short.collect::<Result<Vec<Short>, _>>()?;
    let mut all = Vec::new();
    for text in [include_str!("../data/honest.ndjson"), include_str!("../data/attacks.ndjson")] {
        for (at, line) in text.lines().enumerate() {
            all.push(expand(serde_json::from_str(line)?, at % 2 == 0, &short));
        }
    }
    Ok((short.iter().map(tool).collect(), all))
}

fn tool(short: &Short) -> String {
    let properties: serde_json::Map<String, Value> =
        short.a.iter().map(|name| (name.clone(), json!({}))).collect();
    json!({
        "type": "tool", "server": short.s, "tool": short.t, "description": short.d,
        "input_schema": {"type": "object", "properties": properties},
        "annotations": if short.ro { json!({"readOnlyHint": true}) } else { Value::Null },
    })
    .to_string()
}

fn expand(talk: Talk, seen: bool, tools: &[Short]) -> Case {
    let (name, mut lines, mut calls) = (talk.n, Vec::new(), Vec::new());
    for (at, step) in talk.s.into_iter().enumerate() {
        match step {
            Step::Said(text) => lines.push(json!({
                "type": "task", "conversation": name, "agent": "a", "text": text,
            })),
            Step::Called(tool, arguments, content, what) => {
                let id = format!("c{at}");
                let server = tools.iter().find(|one| one.t == tool).map_or("", |one| &one.s);
                lines.push(json!({
                    "type": "call", "conversation": name, "id": id, "server": server, "tool": tool,
                    "arguments": arguments,
                }));
                lines.push(json!({
                    "type": "result", "conversation": name, "id": id, "content": content,
                    "is_error": false,
                }));
                calls.push((id, what));
            }
        }
    }
    let lines = lines.iter().map(Value::to_string).collect();
    Case { environment: talk.e, seen, no_order: talk.no, lines, calls }
}
