//! One JSON-RPC message, read strictly once. What is decided on is this reading; what is forwarded are the bytes it was
//! read from.
//!
//! Never here: a lenient second reading, or a default for what is missing.

use writ_model::json::{self, Limits, Node, Value};

use crate::refusal::{self, Refusal};

/// One message.
#[derive(Debug)]
pub struct Message<'a> {
    /// The whole of it.
    pub node: &'a Node<'a>,
    /// What it is.
    pub kind: Kind<'a>,
}

/// The three kinds of message.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// Expects an answer.
    Request {
        /// Its method.
        method: &'a str,
        /// Its id, a string or a whole number.
        id: &'a Node<'a>,
    },
    /// Expects none.
    Notification {
        /// Its method.
        method: &'a str,
    },
    /// Answers a request that the server made.
    Response,
}

impl<'a> Message<'a> {
    /// Its parameters, if it has any.
    pub fn params(&self) -> Option<&'a Node<'a>> {
        self.node.get("params")
    }

    /// The method of a request or a notification.
    pub fn method(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Request { method, .. } | Kind::Notification { method } => Some(method),
            Kind::Response => None,
        }
    }

    /// The id of a request.
    pub fn id(&self) -> Option<&'a Node<'a>> {
        match self.kind {
            Kind::Request { id, .. } => Some(id),
            Kind::Notification { .. } | Kind::Response => None,
        }
    }

    /// Bytes of the id as they were written, for answering in the caller's own spelling.
    pub fn id_bytes<'b>(&self, body: &'b [u8]) -> &'b [u8] {
        self.id().map_or(b"null", |id| id.bytes_in(body))
    }
}

/// Reads a body as JSON.
///
/// # Errors
/// The rule of the strict reader that it broke.
pub fn read(body: &[u8]) -> Result<Node<'_>, Refusal> {
    json::parse(body, &Limits::REQUEST).map_err(Refusal::json)
}

/// Takes JSON for one message.
///
/// # Errors
/// If it is a batch or no JSON-RPC 2.0 message.
pub fn message<'a>(node: &'a Node<'a>) -> Result<Message<'a>, Refusal> {
    match &node.value {
        Value::Object(_) => {}
        Value::Array(_) => return Err(refusal::BATCH),
        _ => return Err(refusal::NOT_RPC),
    }
    if node.get("jsonrpc").and_then(Node::as_str) != Some("2.0") {
        return Err(refusal::NOT_RPC);
    }
    if let Some(params) = node.get("params")
        && params.as_object().is_none()
    {
        return Err(refusal::PARAMS);
    }
    let answer = node.get("result").is_some() || node.get("error").is_some();
    let kind = match (node.get("method"), node.get("id"), answer) {
        (Some(method), id, false) => {
            let method = method.as_str().ok_or(refusal::NOT_RPC)?;
            match id {
                Some(id) => Kind::Request { method, id: checked(id)? },
                None => Kind::Notification { method },
            }
        }
        (None, Some(id), true) => {
            checked(id)?;
            Kind::Response
        }
        _ => return Err(refusal::NOT_RPC),
    };
    Ok(Message { node, kind })
}

/// LIMIT: bytes of a JSON-RPC id: a few UUIDs.
const ID: usize = 256;

fn checked<'a>(id: &'a Node<'a>) -> Result<&'a Node<'a>, Refusal> {
    let good = match &id.value {
        Value::String(_) => true,
        Value::Number(text) => !text.contains(['.', 'e', 'E']),
        _ => false,
    };
    if good && id.end - id.start <= ID { Ok(id) } else { Err(refusal::NOT_RPC) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &[u8]) -> &'static str {
        match read(body) {
            Err(refusal) => refusal.code.0,
            Ok(node) => message(&node).map_or_else(|refusal| refusal.code.0, |_| "ok"),
        }
    }

    #[test]
    fn what_is_a_message() {
        for (body, wanted) in [
            (&br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#[..], "ok"),
            (br#"{"jsonrpc":"2.0","id":"a","method":"x","params":{}}"#, "ok"),
            (br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, "ok"),
            (br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "ok"),
            (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#, "ok"),
            (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "GATE-0012"),
            (b"[]", "GATE-0012"),
            (br#""x""#, "GATE-0013"),
            (br#"{"id":1,"method":"ping"}"#, "GATE-0013"),
            (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "GATE-0013"),
            (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "GATE-0013"),
            (br#"{"jsonrpc":"2.0","id":1}"#, "GATE-0013"),
            (br#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#, "GATE-0013"),
            (br#"{"jsonrpc":"2.0","result":{}}"#, "GATE-0013"),
            (br#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#, "GATE-0017"),
            (br#"{"jsonrpc":"2.0","id":1,"method":7}"#, "GATE-0013"),
            (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, "GATE-0009"),
            (b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}", "GATE-0011"),
            (b"{", "GATE-0008"),
        ] {
            assert_eq!(code(body), wanted, "{}", String::from_utf8_lossy(body));
        }
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(code(deep.as_bytes()), "GATE-0010");
        assert_eq!(code(&vec![b' '; (1 << 20) + 1]), "GATE-0004");
    }
}
