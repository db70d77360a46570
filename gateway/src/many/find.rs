//! Finding tools by words, where there are too many to list at once: `writ_find_tools` answers with definitions of tools that
//! the agent may call, `writ_call_tool` calls one that the client was never listed.
//!
//! A call through `writ_call_tool` is unwrapped before anything is decided: grants and records speak of the tool itself.
//! Never here: a tool that a list would not show.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use writ_model::json::{self, Limits, Node};

use super::{
    edit::quoted,
    greet, list,
    shelf::{Entry, Kind},
    visit::{Stop, Visit},
};
use crate::{
    answer::Asked,
    body::ReplyBody,
    mcp::{parse::Message, reply},
    refusal::{self, Refusal},
};

/// The endpoint's tools. No server's tool has such a name here: theirs have `__` in them.
pub(super) const FIND: &str = "writ_find_tools";
pub(super) const CALL: &str = "writ_call_tool";
/// LIMIT: characters of what is looked for, and words of it.
const QUERY: usize = 500;
const WORDS: usize = 16;
/// LIMIT: tools found, and bytes of their definitions together.
const MOST: usize = 20;
const BYTES: usize = 256 << 10;
/// How many are found if nobody says.
const USUAL: usize = 8;

/// The two tools as lists show them.
pub(super) fn tools() -> [Bytes; 2] {
    let find = json!({
        "name": FIND,
        "title": "Find tools",
        "description": "There are more tools than this list shows at once. Finds those that fit some words and returns their \
                        names, descriptions and input schemas. Call one under its name, or with writ_call_tool if your list \
                        does not have it.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "Words of what the tool should do."},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": "How many at most."},
            },
            "required": ["query"],
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": true},
    });
    let call = json!({
        "name": CALL,
        "title": "Call a tool that was found",
        "description": "Calls a tool by the name that writ_find_tools returned, with arguments that fit its input schema. It is \
                        the same as calling the tool itself.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "The tool's name."},
                "arguments": {"type": "object", "description": "Its arguments."},
            },
            "required": ["name"],
            "additionalProperties": false,
        },
    });
    [find, call].map(|tool| Bytes::from(tool.to_string()))
}

/// Answers `writ_find_tools`.
pub(super) async fn answer(
    visit: &Visit<'_>,
    (message, asked): (&Message<'_>, &Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let said = |key| message.params()?.get("arguments")?.get(key);
    let query = said("query").and_then(Node::as_str).ok_or(refusal::PARAMS)?;
    let limit = match said("limit") {
        None => USUAL,
        Some(limit) => {
            limit.as_i64().and_then(|limit| usize::try_from(limit).ok()).ok_or(refusal::PARAMS)?
        }
    };
    let kept = list::fresh(visit, Kind::Tools).await?;
    let shown = kept.entries.iter().filter(|entry| list::shows(visit, Kind::Tools, entry));
    let found = best(shown, query, limit.clamp(1, MOST));
    let tools: Vec<Value> = found
        .iter()
        .filter_map(|entry| json::parse(&entry.bytes, &Limits::ANSWER).ok())
        .map(|node| node.to_serde())
        .collect();
    let tools = json!({"tools": tools});
    let mut result = json!({
        "content": [{"type": "text", "text": tools.to_string()}],
        "structuredContent": tools,
        "isError": false,
    });
    if let Some(members) = result.as_object_mut().filter(|_| !visit.greets()) {
        members.insert("resultType".to_owned(), json!("complete"));
    }
    Ok(greet::told(asked, &result))
}

/// The tools that fit best, the best first; of two that fit alike the one that is listed first.
fn best<'e>(entries: impl Iterator<Item = &'e Entry>, query: &str, most: usize) -> Vec<&'e Entry> {
    let query: String = query.chars().take(QUERY).collect::<String>().to_lowercase();
    let words = query.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(WORDS).collect();
    let mut all: Vec<(usize, &Entry)> = entries
        .map(|entry| (fits(entry, &words), entry))
        .filter(|(points, _)| *points > 0)
        .collect();
    all.sort_by_key(|(points, _)| usize::MAX - points);
    let mut left = BYTES;
    all.into_iter()
        .map(|(_, entry)| entry)
        .take_while(|entry| {
            let fits = entry.bytes.len() <= left;
            left = left.saturating_sub(entry.bytes.len());
            fits
        })
        .take(most)
        .collect()
}

/// How well a tool fits: a word in its name counts more than one in its title, and that more than one in its description.
fn fits(entry: &Entry, words: &[&str]) -> usize {
    let Ok(node) = json::parse(&entry.bytes, &Limits::ANSWER) else { return 0 };
    let text = |key| node.get(key).and_then(Node::as_str).unwrap_or_default().to_lowercase();
    let places = [(entry.shown.to_lowercase(), 8), (text("title"), 4), (text("description"), 1)];
    let points = |word: &&str| -> usize {
        places.iter().filter(|(text, _)| text.contains(word)).map(|(_, points)| points).sum()
    };
    words.iter().map(points).sum()
}

/// The call inside a call of `writ_call_tool`, its arguments byte for byte; nothing if it is no such call.
pub(super) fn inner(
    message: &Message<'_>,
    body: &[u8],
    id: &[u8],
) -> Result<Option<Bytes>, Refusal> {
    let Some(params) = message.params().filter(|_| message.method() == Some("tools/call")) else {
        return Ok(None);
    };
    if params.get("name").and_then(Node::as_str) != Some(CALL) {
        return Ok(None);
    }
    let wrapped = params.get("arguments").and_then(Node::as_object).ok_or(refusal::PARAMS)?;
    let mut out = Vec::with_capacity(body.len());
    let mut member = |key: &str, value: &[u8]| {
        out.push(if out.is_empty() { b'{' } else { b',' });
        out.extend_from_slice(&quoted(key));
        out.push(b':');
        out.extend_from_slice(value);
    };
    let mut named = false;
    for (key, value) in wrapped {
        named |= key == "name" && value.as_str().is_some_and(|name| name != CALL);
        if key != "name" && key != "arguments" {
            return Err(refusal::PARAMS);
        }
        member(key, value.bytes_in(body));
    }
    if !named {
        return Err(refusal::PARAMS);
    }
    for (key, value) in params.as_object().unwrap_or_default() {
        if key != "name" && key != "arguments" {
            member(key, value.bytes_in(body));
        }
    }
    out.push(b'}');
    Ok(Some(reply::request(id, "tools/call", &out)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::parse;

    fn entry(name: &str, about: &str) -> Entry {
        let shown = format!("mail__{name}");
        let bytes = json!({"name": shown, "description": about}).to_string();
        Entry { server: "mail".into(), own: name.to_owned(), shown, bytes: Bytes::from(bytes) }
    }

    #[test]
    fn a_word_in_the_name_counts_most() {
        let all = [
            entry("list", "Everything there is, to send or not"),
            entry("send", "Sends a letter"),
            entry("drop", "Takes one away"),
        ];
        let found = |query: &str, most| -> Vec<String> {
            best(all.iter(), query, most).into_iter().map(|entry| entry.own.clone()).collect()
        };
        assert_eq!(found("SEND", 9), ["send", "list"]);
        assert_eq!(found("send", 1), ["send"]);
        assert_eq!(found("away!", 9), ["drop"]);
        assert!(found("", 9).is_empty() && found("nothing-like-it", 9).is_empty());
    }

    #[test]
    fn a_wrapped_call_is_the_call_itself() {
        let unwrapped = |params: &str| {
            let body =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
            let node = parse::read(body.as_bytes()).unwrap();
            let message = parse::message(&node).unwrap();
            let call = inner(&message, body.as_bytes(), b"1");
            call.map(|call| call.map(|call| String::from_utf8(call.to_vec()).unwrap()))
        };
        let wrapped = r#"{"name":"writ_call_tool","arguments":{"name":"mail__send","arguments":{"x" : 1.50}},"_meta":{"a":1}}"#;
        let wanted = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"mail__send","arguments":{"x" : 1.50},"_meta":{"a":1}}}"#;
        assert_eq!(unwrapped(wrapped).unwrap().as_deref(), Some(wanted));
        assert_eq!(unwrapped(r#"{"name":"mail__send"}"#).unwrap(), None);
        for bad in [
            r#"{"name":"writ_call_tool"}"#,
            r#"{"name":"writ_call_tool","arguments":{}}"#,
            r#"{"name":"writ_call_tool","arguments":{"name":7}}"#,
            r#"{"name":"writ_call_tool","arguments":{"name":"a__b","more":1}}"#,
            r#"{"name":"writ_call_tool","arguments":{"name":"writ_call_tool"}}"#,
        ] {
            assert_eq!(unwrapped(bad).unwrap_err().code.0, "GATE-0017", "{bad}");
        }
    }

    #[test]
    fn the_tools_have_names_that_no_servers_tool_has() {
        for tool in tools() {
            let tool: Value = serde_json::from_slice(&tool).unwrap();
            assert_eq!(super::super::name::read(tool["name"].as_str().unwrap()), None);
            assert_eq!(tool["inputSchema"]["additionalProperties"], false);
        }
    }
}
