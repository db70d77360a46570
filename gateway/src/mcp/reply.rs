//! JSON-RPC messages that the gateway makes itself. Never here: an argument's value in a message.

use bytes::Bytes;
use serde::Serialize;
use writ_model::{CallId, name};

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
    /// What the client would have to declare, as a client's capabilities are written.
    #[serde(rename = "requiredCapabilities", skip_serializing_if = "Option::is_none")]
    pub required: Option<serde_json::Value>,
}

impl<'a> Data<'a> {
    /// Code and cure, nothing else.
    pub const fn new(code: &'a str, cure: &'a str) -> Self {
        Self { code, cure, call_id: None, supported: &[], requested: "", required: None }
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
    let body = serde_json::to_string(&Body { code: rpc, message: &message, data });
    nameless(&body.unwrap_or_else(|_| "{}".to_owned())).into_bytes()
}

/// A text as agents read it: who is meant in it by their id. A gateway opens no sealed name, and an id says as much to
/// whoever may look it up.
pub fn nameless(text: &str) -> String {
    name::replace(text, |sealed| sealed.person.to_string())
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
        let part = nameless(part.trim());
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
    use writ_model::{PersonId, SealedName, TenantId};

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

    #[test]
    fn an_agent_reads_who_is_meant_and_nobodys_sealed_name() {
        let (tenant, person) = (TenantId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        let sealed = SealedName { tenant, person, body: vec![3; 96] }.text();
        let (words, cure) = (format!("{sealed} said no"), format!("Ask {sealed} first"));
        let out = String::from_utf8(error(-32_003, &words, Data::new("X", &cure))).unwrap();
        let wanted = format!("{person} said no. Ask {person} first.");
        let read = out.to_lowercase();
        assert!(read.contains(&wanted.to_lowercase()) && !read.contains("sealed"), "{out}");
    }
}
