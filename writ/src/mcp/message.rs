//! What a door must know of one JSON-RPC message: its shape, its id as it was written, and what its headers mirror.
//!
//! Never here: a rewritten message; whoever forwards, forwards the bytes it was given.
//! To look at one more member: a field of [`Message`], filled in [`Message::read`].

use serde_json::value::RawValue;
use writ_model::json::{self, Limits, Node};

use super::{code, meta};

/// Request, notification or answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Has a method and an id: an answer is owed.
    Request,
    /// Has a method and no id.
    Notification,
    /// Has an id and no method: answers a request of the other side.
    Response,
}

/// One message, read but not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What kind.
    pub shape: Shape,
    /// The id's bytes as they were written; empty for a notification.
    pub id: String,
    /// The method; empty for a response.
    pub method: String,
    /// What `Mcp-Name` mirrors: the tool's, prompt's or resource's name.
    pub name: Option<String>,
    /// The revision in `_meta`, if the message carries one.
    pub version: Option<String>,
    /// For `notifications/cancelled`: the id it cancels, as written.
    pub cancels: Option<String>,
}

/// Why bytes are no message, with the JSON-RPC code for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The code of the error to answer with.
    pub code: i64,
    /// Why.
    pub why: String,
}

impl Message {
    /// Reads one message strictly: a batch, a duplicate key or trailing bytes are refused.
    ///
    /// # Errors
    /// [`Unread`] with what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Unread> {
        Self::read_within(bytes, &Limits::REQUEST)
    }

    /// As [`Message::read`], within other limits: what servers say may be larger than what clients ask.
    ///
    /// # Errors
    /// As [`Message::read`].
    pub fn read_within(bytes: &[u8], limits: &Limits) -> Result<Self, Unread> {
        let unread = |fault: json::Fault| Unread { code: code::PARSE, why: fault.to_string() };
        let node = json::parse(bytes, limits).map_err(unread)?;
        let wrong = |why: &str| Unread { code: code::INVALID_REQUEST, why: why.to_owned() };
        if node.as_object().is_none() {
            return Err(wrong("one JSON-RPC message per body: batches are not part of MCP"));
        }
        let method = node.get("method").and_then(Node::as_str).unwrap_or_default().to_owned();
        let id = node.get("id").map(|id| written(id, bytes)).unwrap_or_default();
        let shape = match (method.is_empty(), id.is_empty()) {
            (false, false) => Shape::Request,
            (false, true) => Shape::Notification,
            (true, false) => Shape::Response,
            (true, true) => return Err(wrong("a JSON-RPC message has a method, an id, or both")),
        };
        let text = |pointer: &str| node.pointer(pointer).and_then(Node::as_str).map(str::to_owned);
        let name = match method.as_str() {
            "tools/call" | "prompts/get" => text("/params/name"),
            "tasks/get" | "tasks/update" | "tasks/cancel" => text("/params/taskId"),
            "resources/read" => text("/params/uri"),
            _ => None,
        };
        let version = node
            .pointer("/params/_meta")
            .and_then(|meta| meta.get(meta::PROTOCOL_VERSION))
            .and_then(Node::as_str)
            .map(str::to_owned);
        let cancels = (method == "notifications/cancelled")
            .then(|| node.pointer("/params/requestId").map(|id| written(id, bytes)))
            .flatten();
        Ok(Self { shape, id, method, name, version, cancels })
    }
}

impl Message {
    /// The id that an answer answers, as written; `None` if this is no answer. Answers may be larger than requests.
    pub fn read_answer(bytes: &[u8]) -> Option<String> {
        let node = json::parse(bytes, &Limits::ANSWER).ok()?;
        let answers = node.get("method").is_none()
            && (node.get("result").is_some() || node.get("error").is_some());
        answers.then(|| node.get("id").map(|id| written(id, bytes))).flatten()
    }
}

fn written(node: &Node<'_>, bytes: &[u8]) -> String {
    String::from_utf8_lossy(node.bytes_in(bytes)).into_owned()
}

/// A JSON-RPC error answer to the request of this id (as written; empty means `null`).
pub fn error_answer(id: &str, code: i64, message: &str, data: &serde_json::Value) -> Vec<u8> {
    let id = if id.is_empty() { "null" } else { id };
    let id = RawValue::from_string(id.to_owned()).unwrap_or_else(|_invalid| null());
    let mut error = serde_json::json!({"code": code, "message": message});
    if let (Some(object), false) = (error.as_object_mut(), data.is_null()) {
        object.insert("data".to_owned(), data.clone());
    }
    let answer = Answer { jsonrpc: "2.0", id: &id, error };
    serde_json::to_vec(&answer).unwrap_or_default()
}

/// A JSON-RPC answer that carries an error object as it was given to us.
pub fn error_object_answer(id: &str, error: &serde_json::Value) -> Vec<u8> {
    let id = RawValue::from_string(id.to_owned()).unwrap_or_else(|_invalid| null());
    serde_json::to_vec(&Answer { jsonrpc: "2.0", id: &id, error: error.clone() })
        .unwrap_or_default()
}

#[derive(serde::Serialize)]
struct Answer<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    error: serde_json::Value,
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_names_and_versions_are_read() {
        let call = br#"{"jsonrpc":"2.0","id":"a\u0062","method":"tools/call","params":{"name":"send_message",
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let read = Message::read(call).unwrap();
        assert_eq!(read.shape, Shape::Request);
        assert_eq!(read.id, r#""a\u0062""#, "the id stays as it was written");
        assert_eq!(read.name.as_deref(), Some("send_message"));
        assert_eq!(read.version.as_deref(), Some("2026-07-28"));
        let read = Message::read(
            br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#,
        )
        .unwrap();
        assert_eq!((read.shape, read.cancels.as_deref()), (Shape::Notification, Some("7")));
        let read = Message::read(br#"{"jsonrpc":"2.0","id":3,"result":{}}"#).unwrap();
        assert_eq!(read.shape, Shape::Response);
        let read = Message::read(br#"{"id":1,"method":"resources/read","params":{"uri":"x://y"}}"#);
        assert_eq!(read.unwrap().name.as_deref(), Some("x://y"));
    }

    #[test]
    fn what_is_no_single_message_is_refused() {
        for (bytes, code) in [
            (&b"[]"[..], code::INVALID_REQUEST),
            (b"{}", code::INVALID_REQUEST),
            (br#"{"id":1,"id":2,"method":"x"}"#, code::PARSE),
            (b"{", code::PARSE),
            (br#"{"id":1,"method":"x"} {}"#, code::PARSE),
        ] {
            assert_eq!(Message::read(bytes).unwrap_err().code, code);
        }
    }

    #[test]
    fn an_error_answer_keeps_the_id() {
        let answer = error_answer("\"q\"", -1, "no", &serde_json::Value::Null);
        let text = String::from_utf8(answer).unwrap();
        assert_eq!(text, r#"{"jsonrpc":"2.0","id":"q","error":{"code":-1,"message":"no"}}"#);
        let answer = error_answer("", -1, "no", &serde_json::json!({"code": "X"}));
        assert!(String::from_utf8(answer).unwrap().contains(r#""id":null"#));
    }
}
