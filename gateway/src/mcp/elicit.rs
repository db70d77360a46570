//! What a client can show to its user: whether the answer to a held call may be a link in the protocol's own form.
//!
//! A link informs. Nothing that a client sends back with it counts: approval happens at the desk, and the state that goes
//! along is a hold's id, which grants nothing (see `resume.rs`).
//! Never here: the words of an answer.

use writ_model::{HoldId, json::Node};

use crate::mcp::{header::Revision, parse::Message};

/// The member of `_meta` that says what a client of 2026-07-28 can do.
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// The first revision with links (URL mode of elicitation).
const WITH_LINKS: &str = "2025-11-25";
/// What our state of a multi-round-trip request begins with.
const STATE: &str = "writ-hold:";

/// The form in which a held call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In words: a tool's result for the model, or an error.
    Plain,
    /// 2025-11-25: an error that lists links to open, and after them the call is made again.
    Links,
    /// 2026-07-28: a result that asks for input, with a link to open and a state to send back.
    Input,
}

/// The form that this client understands for this request.
pub fn form(message: &Message<'_>, revision: Revision<'_>, session: bool) -> Form {
    let method = message.method().unwrap_or_default();
    if !matches!(method, "tools/call" | "prompts/get" | "resources/read") {
        return Form::Plain;
    }
    match revision {
        Revision::Handshake(WITH_LINKS) if session => Form::Links,
        Revision::Modern => {
            let can = capabilities(message).is_some_and(shows_links);
            // Who comes back with our state has shown the link; asking at once again would go round in circles.
            if can && carried(message).is_none() { Form::Input } else { Form::Plain }
        }
        Revision::Handshake(_) | Revision::Unsaid => Form::Plain,
    }
}

/// Whether an `initialize` declares that its client shows links.
pub fn declared(message: &Message<'_>) -> bool {
    let Some(params) = message.params().filter(|_| message.method() == Some("initialize")) else {
        return false;
    };
    params.get("protocolVersion").and_then(Node::as_str) == Some(WITH_LINKS)
        && params.get("capabilities").is_some_and(shows_links)
}

/// What a client of 2026-07-28 says with a request that it can do.
pub(crate) fn capabilities<'a>(message: &Message<'a>) -> Option<&'a Node<'a>> {
    message.params()?.get("_meta")?.get(META_CAPABILITIES)
}

fn shows_links(capabilities: &Node<'_>) -> bool {
    let url = capabilities.get("elicitation").and_then(|modes| modes.get("url"));
    url.is_some_and(|url| url.as_object().is_some())
}

/// The state that goes with a hold.
pub fn state(hold: HoldId) -> String {
    format!("{STATE}{hold}")
}

/// The hold whose state a retry carries, if it is one of ours. An upstream's state is none.
pub fn carried<'a>(message: &Message<'a>) -> Option<&'a str> {
    message.params()?.get("requestState")?.as_str()?.strip_prefix(STATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::parse;

    fn of(method: &str, params: &str, revision: Revision<'_>, session: bool) -> Form {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let node = parse::read(body.as_bytes()).unwrap();
        form(&parse::message(&node).unwrap(), revision, session)
    }

    #[test]
    fn each_client_gets_what_it_said_it_understands() {
        let meta = |capabilities: &str| {
            format!(r#"{{"name":"a","_meta":{{"{META_CAPABILITIES}":{capabilities}}}}}"#)
        };
        let (new, old) = (Revision::Modern, Revision::Handshake("2025-11-25"));
        let url = meta(r#"{"elicitation":{"url":{}}}"#);
        for (method, params, revision, session, wanted) in [
            ("tools/call", &*url, new, false, Form::Input),
            ("resources/read", &url, new, false, Form::Input),
            ("resources/subscribe", &url, new, false, Form::Plain),
            ("tools/call", &meta(r#"{"elicitation":{}}"#), new, false, Form::Plain),
            ("tools/call", &meta(r#"{"elicitation":{"form":{}}}"#), new, true, Form::Plain),
            ("tools/call", &meta(r#"{"elicitation":{"url":true}}"#), new, true, Form::Plain),
            ("tools/call", "{}", new, true, Form::Plain),
            ("tools/call", "{}", old, true, Form::Links),
            ("tools/call", "{}", old, false, Form::Plain),
            ("tools/call", &url, old, false, Form::Plain),
            ("tools/call", "{}", Revision::Handshake("2025-06-18"), true, Form::Plain),
            ("tools/call", "{}", Revision::Unsaid, true, Form::Plain),
        ] {
            assert_eq!(of(method, params, revision, session), wanted, "{method} {params}");
        }
        let again = url.replace("\"name\"", "\"requestState\":\"writ-hold:x\",\"name\"");
        assert_eq!(of("tools/call", &again, new, false), Form::Plain);
    }

    #[test]
    fn a_handshake_declares_it() {
        for (params, wanted) in [
            (r#"{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{"url":{}}}}"#, true),
            (
                r#"{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{"url":{}}}}"#,
                false,
            ),
            (r#"{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}"#, false),
            ("{}", false),
        ] {
            let text =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{params}}}"#);
            let node = parse::read(text.as_bytes()).unwrap();
            assert_eq!(declared(&parse::message(&node).unwrap()), wanted, "{params}");
        }
    }
}
