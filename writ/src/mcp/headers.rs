//! The headers a request carries: `MCP-Protocol-Version`, and for revision 2026-07-28 `Mcp-Method` and `Mcp-Name`, which
//! mirror the body so that whoever stands between can route without reading it.
//!
//! Never here: credentials. To mirror one more member: [`mirror`], and the reader in `message.rs`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Message, Revision};

/// `MCP-Protocol-Version`.
pub const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// `Mcp-Session-Id`.
pub const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// `Mcp-Method`.
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// `Mcp-Name`.
pub const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// `Last-Event-ID`.
pub const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// A text as a header value: itself if it is plain visible ASCII without outer blanks, otherwise `=?base64?…?=`.
pub fn encode(text: &str) -> String {
    let plain = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        && text.trim() == text
        && !(text.starts_with("=?base64?") && text.ends_with("?="));
    if plain { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text)) }
}

/// The text of a header value; `None` if the value claims base64 and is not, canonically.
pub fn decode(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="))
    else {
        return Some(value.to_owned());
    };
    let bytes = STANDARD.decode(inner).ok()?;
    (STANDARD.encode(&bytes) == inner).then(|| String::from_utf8(bytes).ok()).flatten()
}

/// The headers of a POST that carries this message. `session_version` is what `initialize` agreed on, for messages that
/// do not carry a revision themselves.
pub fn of_post(
    message: &Message,
    session: Option<&str>,
    session_version: Option<&str>,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    if let Some(version) = message.version.as_deref().or(session_version) {
        put(&mut headers, VERSION, version);
    }
    if let Some(session) = session {
        put(&mut headers, SESSION, session);
    }
    if message.version.as_deref() == Some(Revision::V2026.text()) {
        mirror(&mut headers, message);
    }
    headers
}

fn mirror(headers: &mut HeaderMap, message: &Message) {
    put(headers, METHOD, &message.method);
    if let Some(name) = &message.name {
        put(headers, NAME, name);
    }
}

/// Puts a text in a header, encoded where it must be.
pub fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(&encode(text)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_header() {
        for text in ["send_message", "Grüße", " x ", "=?base64?eA==?=", "a\nb", ""] {
            let value = encode(text);
            assert!(HeaderValue::from_str(&value).is_ok());
            assert_eq!(decode(&value).as_deref(), Some(text));
        }
        assert_eq!(decode("=?base64?eA=?="), None, "padding is not canonical");
        assert_eq!(decode("=?base64?/w==?="), None, "not UTF-8");
    }

    #[test]
    fn only_the_stateless_revision_mirrors() {
        let modern = Message::read(
            br#"{"id":1,"method":"tools/call","params":{"name":"pay","_meta":
                {"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#,
        )
        .unwrap();
        let headers = of_post(&modern, None, None);
        assert_eq!(headers.get(METHOD).unwrap(), "tools/call");
        assert_eq!(headers.get(NAME).unwrap(), "pay");
        assert_eq!(headers.get(VERSION).unwrap(), "2026-07-28");
        let old =
            Message::read(br#"{"id":1,"method":"tools/call","params":{"name":"pay"}}"#).unwrap();
        let headers = of_post(&old, Some("s1"), Some("2025-11-25"));
        assert!(headers.get(METHOD).is_none());
        assert_eq!(headers.get(SESSION).unwrap(), "s1");
        assert_eq!(headers.get(VERSION).unwrap(), "2025-11-25");
    }
}
