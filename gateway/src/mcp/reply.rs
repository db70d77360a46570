//! JSON-RPC messages that the gateway makes itself. Never here: an argument's value in a message.

use bytes::Bytes;
use serde::Serialize;
use writ_model::CallId;

/// What an error says besides its message.
#[derive(Debug, Clone, Serialize)]
pub struct Data<'a> {
    /// Stable code.
    pub code: &'a str,
    /// What would cure it.
    pub cure: &'a str,
    /// The call's record, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    /// Revisions we serve, for an unsupported one.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    pub supported: &'a [&'a str],
    /// The unsupported one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub requested: &'a str,
}

impl<'a> Data<'a> {
    /// Code and cure, nothing else.
    pub const fn new(code: &'a str, cure: &'a str) -> Self {
        Self { code, cure, call_id: None, supported: &[], requested: "" }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: i32,
    message: &'a str,
    data: Data<'a>,
}

/// The error object itself.
pub fn error(rpc: i32, words: &str, data: Data<'_>) -> Vec<u8> {
    let message = sentence(words, data.cure);
    serde_json::to_vec(&Body { code: rpc, message: &message, data })
        .unwrap_or_else(|_| b"{}".to_vec())
}

/// A whole answer with an error; `id` in the caller's own spelling.
pub fn answer(id: &[u8], error: &[u8]) -> Bytes {
    whole(id, br#","error":"#, error)
}

/// A whole answer with a result; `id` in the caller's own spelling.
pub fn result(id: &[u8], result: &[u8]) -> Bytes {
    whole(id, br#","result":"#, result)
}

/// A whole request; `id` in the caller's own spelling, `params` byte for byte.
pub fn request(id: &[u8], method: &str, params: &[u8]) -> Bytes {
    let method = serde_json::to_vec(method).unwrap_or_default();
    let rest = [&br#","method":"#[..], &method, &br#","params":"#[..]].concat();
    whole(id, &rest, params)
}

fn whole(id: &[u8], key: &[u8], value: &[u8]) -> Bytes {
    let parts = [&br#"{"jsonrpc":"2.0","id":"#[..], id, key, value, b"}"];
    Bytes::from(parts.concat())
}

/// Two sentences: what, and the cure.
pub(crate) fn sentence(words: &str, cure: &str) -> String {
    let mut out = String::with_capacity(words.len() + cure.len() + 4);
    for part in [words, cure] {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        let mut letters = part.chars();
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(letters.as_str());
        if !part.ends_with(['.', '!', '?']) {
            out.push('.');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_json_and_keeps_the_id() {
        let data = Data::new("DENY-0012", "ask Ann");
        let out = answer(b"\"a\\u00e9\"", &error(-32_003, "argument `/to` is not allowed", data));
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["id"], "aé");
        assert_eq!(value["error"]["message"], "Argument `/to` is not allowed. Ask Ann.");
        assert_eq!(value["error"]["data"]["code"], "DENY-0012");
        assert_eq!(value["error"]["data"].get("call_id"), None);
    }
}
