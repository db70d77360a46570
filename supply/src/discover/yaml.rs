//! The YAML that configurations of clients, lock files and front matter are written in: maps and lists by indentation, plain,
//! quoted and block scalars, lists and maps in one line, comments, more documents than one (the first is read).
//!
//! Never here: tags, anchors and aliases: what uses them is refused, because a guess at them would be a guess at what starts.
//! Bounded: depth [`DEPTH`], lines [`LINES`].

use serde_json::{Map, Value};

/// LIMIT: maps and lists inside each other; ten times what such files have.
const DEPTH: usize = 48;
/// LIMIT: lines of one file; the largest lock files have half of it.
const LINES: usize = 400_000;

/// One line that says something: how far it is indented, and what it says.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    indent: usize,
    text: &'t str,
    raw: usize,
}

struct Reader<'t> {
    raw: Vec<&'t str>,
    lines: Vec<Line<'t>>,
    at: usize,
}

/// Reads the first document.
///
/// # Errors
/// What is not understood, with its line.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let raw: Vec<&str> = text.lines().take(LINES + 1).collect();
    if raw.len() > LINES {
        return Err(format!("it has more than {LINES} lines"));
    }
    let mut lines = Vec::new();
    for (at, line) in raw.iter().enumerate() {
        let body = line.trim_start_matches(' ');
        let text = body.trim_end();
        if line.starts_with("---") && lines.is_empty() || text.is_empty() || text.starts_with('#') {
            continue;
        }
        if line.starts_with("---") || line.starts_with("...") {
            break;
        }
        if line.starts_with('%') {
            continue;
        }
        lines.push(Line { indent: line.len() - body.len(), text, raw: at });
    }
    let mut reader = Reader { raw, lines, at: 0 };
    let Some(first) = reader.lines.first() else { return Ok(Value::Null) };
    let value = reader.block(first.indent, 0)?;
    match reader.lines.get(reader.at) {
        None => Ok(value),
        Some(line) => Err(bad(line.raw, "it is indented as nothing before it")),
    }
}

fn bad(line: usize, why: &str) -> String {
    format!("it is no YAML that is understood: line {}: {why}", line + 1)
}

impl<'t> Reader<'t> {
    fn line(&self) -> Option<Line<'t>> {
        self.lines.get(self.at).copied()
    }

    /// A map or a list whose lines are indented so far.
    fn block(&mut self, indent: usize, depth: usize) -> Result<Value, String> {
        let Some(line) = self.line() else { return Ok(Value::Null) };
        if depth > DEPTH {
            return Err(bad(line.raw, "it is nested too deeply"));
        }
        if line.text == "-" || line.text.starts_with("- ") {
            return self.list(indent, depth);
        }
        if split(line.text).is_none() {
            self.at += 1;
            return self.scalar(line.text, line, depth);
        }
        let mut out = Map::new();
        while let Some(line) = self.line().filter(|line| line.indent == indent) {
            let Some((key, rest)) = split(line.text) else {
                return Err(bad(line.raw, "a key is missing"));
            };
            let key = unquoted(key);
            self.at += 1;
            let value = self.value(rest, line, depth)?;
            if out.insert(key, value).is_some() {
                return Err(bad(line.raw, "a key stands twice"));
            }
        }
        Ok(Value::Object(out))
    }

    fn list(&mut self, indent: usize, depth: usize) -> Result<Value, String> {
        let mut out = Vec::new();
        while let Some(line) = self.line().filter(|line| line.indent == indent) {
            let Some(rest) = line.text.strip_prefix('-') else { break };
            if !rest.is_empty() && !rest.starts_with(' ') {
                break;
            }
            let inner = rest.trim_start();
            if inner.is_empty() || inner.starts_with('#') {
                self.at += 1;
                out.push(self.below(indent, depth)?);
            } else if split(inner).is_some() || inner == "-" || inner.starts_with("- ") {
                // `- key: value`: what follows the dash is a block of its own, indented to where it begins.
                let deeper = indent + (line.text.len() - inner.len());
                if let Some(slot) = self.lines.get_mut(self.at) {
                    *slot = Line { indent: deeper, text: inner, raw: line.raw };
                }
                out.push(self.block(deeper, depth + 1)?);
            } else {
                self.at += 1;
                out.push(self.scalar(inner, line, depth)?);
            }
        }
        Ok(Value::Array(out))
    }

    /// What is indented further than this, or nothing.
    fn below(&mut self, indent: usize, depth: usize) -> Result<Value, String> {
        match self.line() {
            Some(next) if next.indent > indent => self.block(next.indent, depth + 1),
            _ => Ok(Value::Null),
        }
    }

    /// What stands behind a key.
    fn value(&mut self, rest: &'t str, line: Line<'t>, depth: usize) -> Result<Value, String> {
        if !rest.is_empty() && !rest.starts_with('#') {
            return self.scalar(rest, line, depth);
        }
        match self.line() {
            // A list may stand as far left as its key.
            Some(next) if next.indent == line.indent && next.text.starts_with('-') => {
                self.list(next.indent, depth + 1)
            }
            _ => self.below(line.indent, depth),
        }
    }

    /// A scalar, or a list or map in one line or over several.
    fn scalar(&mut self, text: &'t str, line: Line<'t>, depth: usize) -> Result<Value, String> {
        match text.chars().next() {
            Some('|' | '>') => Ok(Value::String(self.literal(text.starts_with('>'), line))),
            Some('&' | '*' | '!') => Err(bad(line.raw, "it uses an anchor, an alias or a tag")),
            Some('[' | '{') => {
                let mut whole = text.to_owned();
                while open(&whole) {
                    let Some(next) = self.line() else {
                        return Err(bad(line.raw, "a bracket is not closed"));
                    };
                    whole.push(' ');
                    whole.push_str(next.text);
                    self.at += 1;
                }
                flow(&whole, depth)
                    .ok_or_else(|| bad(line.raw, "a list or map in one line is broken"))
            }
            Some('"' | '\'') => {
                let mut whole = text.to_owned();
                while !closed(&whole) {
                    let Some(next) = self.line() else {
                        return Err(bad(line.raw, "a quotation is not closed"));
                    };
                    whole.push(' ');
                    whole.push_str(next.text);
                    self.at += 1;
                }
                Ok(Value::String(unquoted(&whole)))
            }
            _ => {
                let mut whole = uncommented(text).to_owned();
                // A plain scalar goes on in lines that are indented further.
                while let Some(next) = self
                    .line()
                    .filter(|next| next.indent > line.indent && split(next.text).is_none())
                {
                    whole.push(' ');
                    whole.push_str(uncommented(next.text));
                    self.at += 1;
                }
                Ok(plain(&whole))
            }
        }
    }

    /// The lines of a block scalar, as they are.
    fn literal(&mut self, folded: bool, line: Line<'t>) -> String {
        let mut out = String::new();
        let mut indent = None;
        let mut at = line.raw + 1;
        while let Some(raw) = self.raw.get(at) {
            let body = raw.trim_start_matches(' ');
            let here = raw.len() - body.len();
            if !body.trim().is_empty() {
                if here <= line.indent {
                    break;
                }
                indent.get_or_insert(here);
            }
            let from = indent.unwrap_or(here).min(here);
            out.push_str(raw.get(from..).unwrap_or_default());
            out.push(if folded { ' ' } else { '\n' });
            at += 1;
        }
        while self.line().is_some_and(|next| next.raw < at) {
            self.at += 1;
        }
        out
    }
}

/// A line as key and value: at the first colon outside quotations that a space or the end follows.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(mark), _) if letter == mark && before != '\\' => quote = None,
            (None, '"' | '\'') if at == 0 => quote = Some(letter),
            (None, '[' | '{') if at == 0 => return None,
            (None, '#') if before == ' ' && at > 0 => return None,
            (None, ':') => {
                let rest = text.get(at + 1..)?;
                if rest.is_empty() || rest.starts_with(' ') {
                    return Some((text.get(..at)?.trim_end(), rest.trim_start()));
                }
            }
            _ => {}
        }
        before = letter;
    }
    None
}

/// Without a comment at its end.
fn uncommented(text: &str) -> &str {
    text.split_once(" #").map_or(text, |(before, _)| before).trim_end()
}

/// Whether a quotation ends in this text.
fn closed(text: &str) -> bool {
    let Some(mark) = text.chars().next() else { return true };
    let mut before = ' ';
    let mut inside = true;
    for letter in text.chars().skip(1) {
        if inside && letter == mark && (mark == '\'' || before != '\\') {
            inside = false;
        } else if !inside && letter == mark {
            inside = true;
        }
        before = if before == '\\' && letter == '\\' { ' ' } else { letter };
    }
    !inside
}

/// A scalar without its quotation marks.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    match text.chars().next() {
        Some('"') => {
            let end = text.rfind('"').filter(|end| *end > 0).map_or(text.len(), |end| end + 1);
            let whole = text.get(..end).unwrap_or(text);
            serde_json::from_str::<String>(whole)
                .unwrap_or_else(|_other| whole.trim_matches('"').to_owned())
        }
        Some('\'') => {
            let end = text.rfind('\'').filter(|end| *end > 0).unwrap_or(text.len());
            text.get(1..end).unwrap_or_default().replace("''", "'")
        }
        _ => text.to_owned(),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if !text.starts_with('+') => Value::from(number),
            _ => Value::String(text.to_owned()),
        },
    }
}

/// Whether a bracket is still open.
fn open(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(mark), _) if letter == mark => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth > 0
}

/// A list or map in one line.
fn flow(text: &str, depth: usize) -> Option<Value> {
    if depth > DEPTH {
        return None;
    }
    let text = uncommented(text.trim());
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        return pieces(inner)?.into_iter().map(|piece| item(piece, depth)).collect();
    }
    let Some(inner) = text.strip_prefix('{') else { return item(text, depth) };
    let inner = inner.strip_suffix('}')?;
    let mut out = Map::new();
    for piece in pieces(inner)? {
        let (key, value) = split(piece).or_else(|| piece.split_once(':')).unwrap_or((piece, ""));
        out.insert(unquoted(key), item(value, depth)?);
    }
    Some(Value::Object(out))
}

fn item(text: &str, depth: usize) -> Option<Value> {
    let text = text.trim();
    match text.chars().next() {
        Some('[' | '{') => flow(text, depth + 1),
        Some('"' | '\'') => Some(Value::String(unquoted(text))),
        Some('&' | '*' | '!') => None,
        _ => Some(plain(text)),
    }
}

/// The parts between commas that stand in no quotation and no bracket.
fn pieces(text: &str) -> Option<Vec<&str>> {
    let mut out = Vec::new();
    let (mut depth, mut quote, mut from) = (0_usize, None, 0);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(mark), _) if letter == mark => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                out.push(text.get(from..at)?.trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    let last = text.get(from..)?.trim();
    if !last.is_empty() {
        out.push(last);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn configurations_of_clients_are_read() {
        let goose = "extensions:\n  github:\n    name: GitHub\n    cmd: npx\n    args: [-y, '@modelcontextprotocol/server-github']\n    enabled: true\n    envs: { \"TOKEN\": \"a: b\" }\n    timeout: 300  # seconds\n  dev:\n    type: builtin\n";
        assert_eq!(
            read(goose).unwrap(),
            json!({"extensions": {
                "github": {"name": "GitHub", "cmd": "npx", "args": ["-y", "@modelcontextprotocol/server-github"],
                    "enabled": true, "envs": {"TOKEN": "a: b"}, "timeout": 300},
                "dev": {"type": "builtin"}}})
        );
        let list = "name: x\nmcpServers:\n- name: sqlite\n  command: uvx\n  args:\n    - mcp-server-sqlite\n    - --db\n- name: web\n  url: https://a.example/mcp\ntext: |\n  one: two\n\n  three\nlast: \"q # no\"\n";
        assert_eq!(
            read(list).unwrap(),
            json!({"name": "x", "mcpServers": [
                {"name": "sqlite", "command": "uvx", "args": ["mcp-server-sqlite", "--db"]},
                {"name": "web", "url": "https://a.example/mcp"}],
                "text": "one: two\n\nthree\n", "last": "q # no"})
        );
    }

    #[test]
    fn lock_files_are_read() {
        let pnpm = "lockfileVersion: '9.0'\n\npackages:\n\n  '@modelcontextprotocol/sdk@1.20.0':\n    resolution: {integrity: sha512-abc==}\n    engines: {node: '>=18'}\n\n  openai@5.1.0:\n    resolution: {integrity: sha512-def==}\n";
        let read = read(pnpm).unwrap();
        assert_eq!(
            read["packages"]["@modelcontextprotocol/sdk@1.20.0"]["resolution"]["integrity"],
            "sha512-abc=="
        );
        assert_eq!(read["packages"]["openai@5.1.0"]["resolution"]["integrity"], "sha512-def==");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "a: &x 1\nb: *x\n",
            "a: 1\na: 2\n",
            "a: [1, 2\n",
            "a:\n    b: 1\n  c: 2\n",
            "a: !!python/object x\n",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
        let deep: Vec<String> = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(read(&deep.concat()).is_err());
        assert!(read(&format!("a: {}", "[".repeat(10_000) + &"]".repeat(10_000))).is_err());
        assert_eq!(read("").unwrap(), Value::Null);
        assert_eq!(read("---\na: 1\n---\na: 2\n").unwrap(), json!({"a": 1}));
    }
}
