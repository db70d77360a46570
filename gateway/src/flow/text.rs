//! The parts of a server's message that an agent reads: texts as they stand, everything else as values.
//!
//! Never here: a part left out because it looks harmless. Bytes of pictures and sounds are no text that could be traced.

use serde_json::Value;

/// What was read of one message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    /// A text, or values with names.
    pub(super) parts: Vec<Value>,
    /// It says that the call failed.
    pub(super) is_error: bool,
}

/// Reads a body or an event of one. What is no JSON is words.
pub(super) fn read(bytes: &[u8]) -> Message {
    let Ok(mut message) = serde_json::from_slice::<Value>(bytes) else {
        let text = String::from_utf8_lossy(bytes).into_owned();
        return Message { parts: vec![Value::String(text)], is_error: false };
    };
    let mut out = Message { parts: Vec::new(), is_error: message.get("error").is_some() };
    match message.get_mut("result").map(Value::take) {
        Some(Value::Object(result)) => {
            out.is_error |= result.get("isError") == Some(&Value::Bool(true));
            for (name, value) in result {
                part(&name, value, &mut out.parts);
            }
        }
        Some(other) => values(other, &mut out.parts),
        // An error, a notification, a request of the server's.
        None => values(message, &mut out.parts),
    }
    out
}

/// One member of a result.
fn part(name: &str, value: Value, out: &mut Vec<Value>) {
    match (name, value) {
        ("content" | "contents" | "messages", Value::Array(items)) => {
            for item in items {
                content(item, out);
            }
        }
        ("isError" | "resultType" | "ttlMs" | "cacheScope", _) => {}
        ("structuredContent", value) => values(value, out),
        (name, value) => values(serde_json::json!({ name: value }), out),
    }
}

/// One block of content (2025-11-25, `ContentBlock`, `PromptMessage`, `ResourceContents`).
fn content(item: Value, out: &mut Vec<Value>) {
    let Value::Object(mut item) = item else { return values(item, out) };
    for inner in ["content", "resource"] {
        if let Some(value) = item.remove(inner) {
            match value {
                Value::Array(items) => items.into_iter().for_each(|one| content(one, out)),
                value => content(value, out),
            }
        }
    }
    for binary in ["data", "blob"] {
        item.remove(binary);
    }
    item.remove("type");
    if let Some(Value::String(text)) = item.remove("text") {
        out.push(Value::String(text));
    }
    values(Value::Object(item), out);
}

fn values(value: Value, out: &mut Vec<Value>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Object(map) if map.is_empty() => {}
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn everything_an_agent_reads_is_a_part() {
        let of = |value: Value| read(value.to_string().as_bytes());
        for (value, parts, is_error) in [
            (
                json!({"id": 1, "result": {"content": [{"type": "text", "text": "a"},
                    {"type": "image", "data": "AAAA", "mimeType": "image/png"}], "isError": true}}),
                vec![text("a"), json!({"mimeType": "image/png"})],
                true,
            ),
            (
                json!({"id": 1, "result": {"content": [{"type": "resource",
                    "resource": {"uri": "x:1", "text": "b"}}], "structuredContent": {"n": 1}}}),
                vec![text("b"), json!({"uri": "x:1"}), json!({"n": 1})],
                false,
            ),
            (
                json!({"id": 1, "result": {"messages": [{"role": "user",
                    "content": {"type": "text", "text": "c"}}]}}),
                vec![text("c"), json!({"role": "user"})],
                false,
            ),
            (
                json!({"id": 1, "error": {"code": 1, "message": "d"}}),
                vec![json!({"id": 1, "error": {"code": 1, "message": "d"}})],
                true,
            ),
            (
                json!({"method": "notifications/message", "params": {"data": "e"}}),
                vec![json!({"method": "notifications/message", "params": {"data": "e"}})],
                false,
            ),
            (json!({"id": 1, "result": {"odd": "f"}}), vec![json!({"odd": "f"})], false),
        ] {
            assert_eq!(of(value.clone()), Message { parts, is_error }, "{value}");
        }
        assert_eq!(read(b"no json").parts, vec![text("no json")]);
    }
}
