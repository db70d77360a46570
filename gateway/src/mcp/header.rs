//! HTTP headers of MCP: what must be there, what must agree with the body, what is forwarded.
//!
//! The decision is made on the body; headers that say something else are refused, because somebody behind us may route on
//! them. Never here: a header that carries a credential upstream.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use writ_model::json::Node;

use crate::{
    mcp::parse::{Kind, Message},
    refusal::{self, Refusal},
};

/// Published revisions with a handshake, oldest first.
pub const HANDSHAKE: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// The stateless revision, whose headers must repeat the body.
pub const MODERN: &str = "2026-07-28";
/// The member of `_meta` that names the revision since 2026-07-28.
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// What is wrong with a request of 2026-07-28 that does not name it.
const UNSAID: &str = "the parameters do not name the protocol revision in `_meta`, as each request of 2026-07-28 does";

pub(crate) static VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(crate) static METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(crate) static NAME: HeaderName = HeaderName::from_static("mcp-name");
pub(crate) static SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(crate) static LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const PARAM_PREFIX: &str = "mcp-param-";

/// Every published revision, oldest first.
pub fn revisions() -> impl Iterator<Item = &'static str> {
    HANDSHAKE.into_iter().chain([MODERN])
}

/// The revision that a request says it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision<'a> {
    /// None said: a first `initialize`, or a client of 2025-03-26.
    Unsaid,
    /// One with a handshake.
    Handshake(&'a str),
    /// 2026-07-28.
    Modern,
}

impl<'a> Revision<'a> {
    /// Its text; empty if unsaid.
    pub fn text(self) -> &'a str {
        match self {
            Self::Unsaid => "",
            Self::Handshake(text) => text,
            Self::Modern => MODERN,
        }
    }
}

/// The value of a header that may stand once at most.
pub(crate) fn once<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let twice = || refusal::MISMATCH.saying(format!("header {name} is sent twice or is not text"));
    if values.next().is_some() {
        return Err(twice());
    }
    first.to_str().map(Some).map_err(|_not_text| twice())
}

/// The revision a request's header names.
///
/// # Errors
/// If it is no published one, or named twice.
pub fn revision(headers: &HeaderMap) -> Result<Revision<'_>, Refusal> {
    match once(headers, &VERSION)? {
        None => Ok(Revision::Unsaid),
        Some(MODERN) => Ok(Revision::Modern),
        Some(text) if HANDSHAKE.contains(&text) => Ok(Revision::Handshake(text)),
        Some(_) => Err(refusal::VERSION),
    }
}

/// Whether headers and body agree.
///
/// # Errors
/// With the header that does not.
pub fn agree(
    headers: &HeaderMap,
    revision: Revision<'_>,
    message: &Message<'_>,
) -> Result<(), Refusal> {
    let mismatch = |name: &HeaderName| {
        Err(refusal::MISMATCH.saying(format!("header {name} does not match the body")))
    };
    let meta = message
        .params()
        .and_then(|params| params.get("_meta"))
        .and_then(|meta| meta.get(META_VERSION));
    let modern = revision == Revision::Modern;
    if let Kind::Request { .. } = message.kind {
        match meta.map(Node::as_str) {
            // What the revision wants in every request is missing: bad parameters, not headers that disagree with them.
            None if modern => return Err(refusal::PARAMS.saying(UNSAID.to_owned())),
            Some(None) => return Err(refusal::PARAMS.saying(UNSAID.to_owned())),
            // A body of one revision under a header of another would be read as one thing here and as another behind us.
            Some(Some(version)) if version.is_empty() || version != revision.text() => {
                return mismatch(&VERSION);
            }
            None | Some(Some(_)) => {}
        }
    }
    let Some(method) = message.method() else { return Ok(()) };
    let asked = matches!(message.kind, Kind::Request { .. });
    match once(headers, &METHOD)? {
        Some(sent) if sent != method => return mismatch(&METHOD),
        None if modern && asked => return mismatch(&METHOD),
        _ => {}
    }
    let named = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return Ok(()),
    };
    let body = message.params().and_then(|params| params.get(named)).and_then(|name| name.as_str());
    match once(headers, &NAME)? {
        Some(sent) if decoded(sent).as_deref() != body => mismatch(&NAME),
        None if modern && asked => mismatch(&NAME),
        _ => Ok(()),
    }
}

/// A header's text, out of its `=?base64?…?=` wrapping if it has one.
pub(crate) fn decoded(value: &str) -> Option<std::borrow::Cow<'_, str>> {
    let Some(wrapped) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="))
    else {
        return Some(value.into());
    };
    let bytes = STANDARD.decode(wrapped).ok()?;
    String::from_utf8(bytes).ok().map(Into::into)
}

/// The headers that go upstream: those of the protocol, by name. Credentials, cookies and hop-by-hop headers are not
/// among them.
pub(crate) fn outgoing(headers: &HeaderMap, session: Option<&str>) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(8);
    for (name, value) in headers {
        let known = *name == header::ACCEPT
            || *name == header::CONTENT_TYPE
            || *name == VERSION
            || *name == METHOD
            || *name == NAME
            || *name == LAST_EVENT
            || name.as_str().starts_with(PARAM_PREFIX);
        if known {
            out.append(name.clone(), value.clone());
        }
    }
    if let Some(value) = session.and_then(|id| HeaderValue::from_str(id).ok()) {
        out.insert(SESSION.clone(), value);
    }
    out
}

/// The headers that repeat parts of the body: they belong to it, and are held with it.
pub(crate) fn repeating(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| repeats(name))
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect()
}

fn repeats(name: &HeaderName) -> bool {
    *name == METHOD || *name == NAME || name.as_str().starts_with(PARAM_PREFIX)
}

/// The headers of a request that was held: those of who comes back for it, with its own for what repeats its body.
pub(crate) fn resumed(
    headers: &HeaderMap,
    session: Option<&str>,
    own: &BTreeMap<String, String>,
) -> HeaderMap {
    let mut out: HeaderMap = outgoing(headers, session)
        .into_iter()
        .filter_map(|(name, value)| name.map(|name| (name, value)))
        .filter(|(name, _)| !repeats(name) && *name != LAST_EVENT)
        .collect();
    for (name, value) in own {
        let name = name.parse::<HeaderName>().ok().filter(repeats);
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            out.insert(name, value);
        }
    }
    out
}

/// The headers of an answer that reach the agent, by name. The session's is bound anew elsewhere.
pub(crate) fn incoming(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(6);
    for (name, value) in headers {
        if *name == header::CONTENT_TYPE
            || *name == header::CACHE_CONTROL
            || *name == header::ALLOW
            || *name == header::RETRY_AFTER
            || *name == VERSION
            || name.as_str() == "x-accel-buffering"
        {
            out.append(name.clone(), value.clone());
        }
    }
    out
}

/// Whether an Accept header takes both JSON and event streams.
pub(crate) fn accepts(headers: &HeaderMap, wanted: &[&str]) -> bool {
    wanted.iter().all(|wanted| {
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(
            |value| {
                value.split(',').any(|part| {
                    let kind = part.split(';').next().unwrap_or_default().trim();
                    let family = wanted.split('/').next().unwrap_or_default();
                    kind.eq_ignore_ascii_case(wanted)
                        || kind == "*/*"
                        || kind
                            .strip_suffix("/*")
                            .is_some_and(|start| start.eq_ignore_ascii_case(family))
                })
            },
        )
    })
}

/// Whether a body is declared as plain JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let declared = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next().map(HeaderValue::to_str), values.next()) {
            (None, _) => Some(None),
            (Some(Ok(value)), None) => Some(Some(value)),
            _ => None,
        }
    };
    let Some(Some(kind)) = declared(&header::CONTENT_TYPE) else { return false };
    let mut parts = kind.split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|part| {
        part.split_once('=').is_none_or(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    let plain = match declared(&header::CONTENT_ENCODING) {
        Some(coding) => coding.is_none_or(|coding| coding.eq_ignore_ascii_case("identity")),
        None => false,
    };
    json && utf8 && plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::parse;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn verdict(pairs: &[(&str, &str)], body: &str) -> &'static str {
        let headers = headers(pairs);
        let node = parse::read(body.as_bytes()).unwrap();
        let message = parse::message(&node).unwrap();
        revision(&headers)
            .and_then(|revision| agree(&headers, revision, &message))
            .map_or_else(|refusal| refusal.code.0, |()| "ok")
    }

    #[test]
    fn headers_repeat_the_body_or_are_refused() {
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}"#;
        let new = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sénd",
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let version = ("mcp-protocol-version", "2026-07-28");
        let method = ("mcp-method", "tools/call");
        let name = ("mcp-name", "=?base64?c8OpbmQ=?=");
        for (pairs, body, wanted) in [
            (&[][..], call, "ok"),
            (&[("mcp-protocol-version", "2025-11-25")], call, "ok"),
            (&[("mcp-protocol-version", "1999-01-01")], call, "GATE-0015"),
            (&[("mcp-name", "send")], call, "ok"),
            (&[("mcp-name", "read")], call, "GATE-0014"),
            (&[("mcp-method", "tools/list")], call, "GATE-0014"),
            (&[("mcp-name", "send"), ("mcp-name", "send")], call, "GATE-0014"),
            (&[version, method, name], new, "ok"),
            (&[version, method, ("mcp-name", "send")], new, "GATE-0014"),
            (&[version, method, ("mcp-name", "=?base64?!?=")], new, "GATE-0014"),
            (&[version, name], new, "GATE-0014"),
            (&[version, method], new, "GATE-0014"),
            (&[method, name], new, "GATE-0014"),
            (&[version, method, ("mcp-name", "send")], call, "GATE-0017"),
            (&[version, method, name], &new.replace("\"2026-07-28\"", "7"), "GATE-0017"),
            (&[version, method, name], &new.replace("2026-07-28", "2031-01-01"), "GATE-0014"),
            (&[method, name], &new.replace("2026-07-28", ""), "GATE-0014"),
        ] {
            assert_eq!(verdict(pairs, body), wanted, "{pairs:?}");
        }
    }

    #[test]
    fn only_the_protocols_headers_go_upstream() {
        let sent = headers(&[
            ("authorization", "DPoP secret"),
            ("dpop", "proof"),
            ("cookie", "a=b"),
            ("proxy-authorization", "x"),
            ("connection", "close"),
            ("mcp-session-id", "ours"),
            ("accept", "*/*"),
            ("mcp-param-region", "eu"),
        ]);
        let out = outgoing(&sent, Some("theirs"));
        let names: Vec<_> = out.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["accept", "mcp-param-region", "mcp-session-id"]);
        assert_eq!(out.get("mcp-session-id").unwrap(), "theirs");
    }

    #[test]
    fn a_held_request_keeps_the_headers_that_repeat_it() {
        let held = repeating(&headers(&[
            ("mcp-method", "tools/call"),
            ("mcp-name", "send"),
            ("mcp-param-region", "eu"),
            ("authorization", "DPoP secret"),
        ]));
        assert_eq!(held.len(), 3);
        let back = headers(&[
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "writ_pending"),
            ("mcp-param-hold", "x"),
            ("accept", "*/*"),
            ("last-event-id", "7"),
        ]);
        let out = resumed(&back, None, &held);
        let mut names: Vec<_> = out.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let wanted =
            ["accept", "mcp-method", "mcp-name", "mcp-param-region", "mcp-protocol-version"];
        assert_eq!(names, wanted);
        assert_eq!(out.get("mcp-name").unwrap(), "send");
    }

    #[test]
    fn json_is_declared_plainly() {
        for (pairs, wanted) in [
            (&[("content-type", "application/json")][..], true),
            (&[("content-type", "Application/JSON; charset=UTF-8")], true),
            (&[("content-type", "application/json; charset=utf-16")], false),
            (&[("content-type", "text/plain")], false),
            (&[], false),
            (&[("content-type", "application/json"), ("content-type", "text/plain")], false),
            (&[("content-type", "application/json"), ("content-encoding", "gzip")], false),
        ] {
            assert_eq!(is_json(&headers(pairs)), wanted, "{pairs:?}");
        }
        let both = &["application/json", "text/event-stream"];
        for (accept, wanted) in [
            ("application/json, text/event-stream", true),
            ("*/*", true),
            ("application/*;q=0.5, text/*", true),
            ("application/json", false),
            ("text/html", false),
        ] {
            assert_eq!(accepts(&headers(&[("accept", accept)]), both), wanted, "{accept}");
        }
    }
}
