//! A question of the Authorization API as a call: who, what and which thing become one JSON-RPC message, which is decided
//! like any other (`OpenID` `AuthZEN` Authorization API 1.0, section 5; COAZ-MCP binding, default mappings).
//!
//! `resource.type` is the server, `action.name` the tool, and the arguments are
//! `{"action":{"properties"},"context","resource":{"id","properties","type"},"subject":{"id","properties","type"}}`, so that a
//! condition of a grant speaks of `/resource/id`, `/resource/properties/x`, `/context/y`, `/subject/properties/z`.
//! `context.time` is left out: the decision has a clock of its own, and what is approved must be the same when it is
//! asked again. What the API does not name is not read and not decided on.
//! SECURITY: values are taken byte for byte from the one strict reading of the body; a token is never among them.
//! Never here: who asks, or a lookup.
//! To map one more thing of MCP: a row in [`mcp`].

use std::borrow::Cow;

use bytes::Bytes;
use writ_model::{InstanceId, json::Node};

use crate::{
    config::is_name,
    mcp::reply,
    refusal::{self, Refusal},
};

/// LIMIT: bytes of a type, a name or an id: what a grant can name.
const WORD: usize = 512;
/// LIMIT: bytes of one question, of which a request may have many that share parts.
const QUESTION: usize = 64 << 10;
/// LIMIT: bytes of a token that stands for whoever is asked about.
const TOKEN: usize = 8 << 10;

/// The four parts of a question, in whatever body they stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuple<'a> {
    pub(crate) subject: Option<&'a Node<'a>>,
    pub(crate) action: Option<&'a Node<'a>>,
    pub(crate) resource: Option<&'a Node<'a>>,
    pub(crate) context: Option<&'a Node<'a>>,
}

impl<'a> Tuple<'a> {
    /// Those of an object; what it lacks is taken from the defaults, whole (section 7.1.1).
    pub(crate) fn of(own: &'a Node<'a>, defaults: &'a Node<'a>) -> Self {
        let part = |key: &str| own.get(key).or_else(|| defaults.get(key));
        Self {
            subject: part("subject"),
            action: part("action"),
            resource: part("resource"),
            context: part("context"),
        }
    }
}

/// How whoever is asked about is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// By id or name; and the running copy, where `context.agent` is one.
    Agent(&'a str, Option<InstanceId>),
    /// By a token of ours.
    Token(&'a str),
}

/// A question, read.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The server asked about.
    pub(crate) server: Cow<'a, str>,
    pub(crate) subject: Subject<'a>,
    /// The question as arguments.
    pub(crate) arguments: Bytes,
    /// The call as a message.
    pub(crate) message: Bytes,
    /// It maps a method of MCP, whose name its record has.
    pub(crate) mcp: bool,
}

/// What answers for a server that a question of MCP does not name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home<'h> {
    /// The only server that the asker may ask about.
    pub(crate) sole: Option<&'h str>,
    /// `{base}/mcp/{server}` names one of ours.
    pub(crate) base: &'h str,
}

/// A part of a question that is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sought {
    Nothing,
    Subject,
    Action,
    Resource,
}

/// Reads a question.
///
/// # Errors
/// With the part that is missing or not of its form.
pub(crate) fn question<'a>(
    tuple: &Tuple<'a>,
    body: &'a [u8],
    home: Home<'a>,
) -> Result<Question<'a>, Refusal> {
    let arguments = Bytes::from(arguments(tuple, body, Sought::Nothing)?);
    fits(&arguments, QUESTION)?;
    let subject = subject(tuple)?;
    let action = text(tuple.action, "action", "name")?;
    let kind = text(tuple.resource, "resource", "type")?;
    if let Some((server, message)) = mcp(tuple, body, home)? {
        return Ok(Question { server, subject, arguments, message, mcp: true });
    }
    let message = call(action, &arguments);
    Ok(Question { server: Cow::Borrowed(kind), subject, arguments, message, mcp: false })
}

/// Whether a question is small enough.
pub(crate) fn fits(arguments: &[u8], most: usize) -> Result<(), Refusal> {
    if arguments.len() <= most {
        return Ok(());
    }
    let (is, most) = (arguments.len(), most >> 10);
    Err(refusal::QUESTION.saying(format!("the question has {is} bytes; {most} KiB are the most")))
}

/// The call of an action with these arguments.
pub(crate) fn call(action: &str, arguments: &[u8]) -> Bytes {
    let name = serde_json::to_vec(action).unwrap_or_default();
    let params = object(&[("arguments", Some(arguments)), ("name", Some(&name))]);
    reply::request(b"0", "tools/call", &params)
}

/// Who is asked about.
pub(crate) fn subject<'a>(tuple: &Tuple<'a>) -> Result<Subject<'a>, Refusal> {
    let kind = text(tuple.subject, "subject", "type")?;
    if kind == "token" {
        let token = tuple.subject.and_then(|node| node.get("id")).and_then(Node::as_str);
        let fits = token.filter(|token| !token.is_empty() && token.len() <= TOKEN);
        return fits.map(Subject::Token).ok_or_else(|| bad("subject.id"));
    }
    let id = text(tuple.subject, "subject", "id")?;
    let copy = tuple.context.and_then(|context| context.get("agent")).and_then(Node::as_str);
    Ok(Subject::Agent(id, copy.and_then(|copy| copy.parse().ok())))
}

/// The question as arguments; of what is sought the id is left out.
pub(crate) fn arguments(
    tuple: &Tuple<'_>,
    body: &[u8],
    sought: Sought,
) -> Result<Vec<u8>, Refusal> {
    let is_token = tuple.subject.and_then(|one| one.get("type")).and_then(Node::as_str);
    let hides = sought == Sought::Subject || is_token == Some("token");
    let subject = entity(tuple.subject, body, ("subject", hides))?;
    let resource = entity(tuple.resource, body, ("resource", sought == Sought::Resource))?;
    let said = properties(tuple.action, "action")?;
    let action = said.map(|node| object(&[("properties", Some(node.bytes_in(body)))]));
    let context = tuple.context.map(|node| context(node, body)).transpose()?;
    Ok(object(&[
        ("action", action.as_deref()),
        ("context", context.as_deref()),
        ("resource", Some(&resource)),
        ("subject", Some(&subject)),
    ]))
}

/// `{"id","properties","type"}` of a subject or a resource.
fn entity(
    node: Option<&Node<'_>>,
    body: &[u8],
    (field, hides): (&'static str, bool),
) -> Result<Vec<u8>, Refusal> {
    text(node, field, "type")?;
    let said = properties(node, field)?.map(|node| node.bytes_in(body));
    let raw = |key: &str| node.and_then(|node| node.get(key)).map(|node| node.bytes_in(body));
    if !hides {
        text(node, field, "id")?;
    }
    let id = raw("id").filter(|_| !hides);
    Ok(object(&[("id", id), ("properties", said), ("type", raw("type"))]))
}

fn properties<'a>(
    node: Option<&'a Node<'a>>,
    field: &str,
) -> Result<Option<&'a Node<'a>>, Refusal> {
    match node.and_then(|node| node.get("properties")) {
        Some(said) if said.as_object().is_none() => Err(bad(&format!("{field}.properties"))),
        said => Ok(said),
    }
}

/// The context without its time.
fn context(node: &Node<'_>, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let members = node.as_object().ok_or_else(|| bad("context"))?;
    let mut out = Vec::with_capacity(node.end - node.start);
    out.push(b'{');
    for (key, value) in members.iter().filter(|(key, _)| key != "time") {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend(serde_json::to_vec(key).unwrap_or_default());
        out.push(b':');
        out.extend_from_slice(value.bytes_in(body));
    }
    out.push(b'}');
    Ok(out)
}

/// An object of these members, left out where there is nothing.
pub(crate) fn object(members: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (key, value) in members.iter().filter_map(|(key, value)| Some((key, (*value)?))) {
        if out.len() > 1 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(value);
    }
    out.push(b'}');
    out
}

/// A method of MCP that a gateway asks about by the default mappings of COAZ-MCP, and its server.
fn mcp<'a>(
    tuple: &Tuple<'a>,
    body: &'a [u8],
    home: Home<'a>,
) -> Result<Option<(Cow<'a, str>, Bytes)>, Refusal> {
    const LISTS: [&str; 7] = [
        "initialize",
        "logging/setLevel",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "server/discover",
        "tools/list",
    ];
    let method = text(tuple.action, "action", "name")?;
    let kind = text(tuple.resource, "resource", "type")?;
    let said =
        |key: &str| tuple.resource.and_then(|node| node.pointer(&format!("/properties/{key}")));
    let id = tuple.resource.and_then(|node| node.get("id")).map(|node| node.bytes_in(body));
    let about = |kind: &[u8], key| object(&[(key, id), ("type", Some(kind))]);
    let params = match (kind, method) {
        ("tool", "tools/call") | ("prompt", "prompts/get") => {
            let arguments = said("arguments").map(|node| node.bytes_in(body));
            object(&[("arguments", arguments), ("name", id)])
        }
        ("resource", "resources/read" | "resources/subscribe" | "resources/unsubscribe") => {
            object(&[("uri", id)])
        }
        ("prompt", "completion/complete") => {
            object(&[("ref", Some(&about(b"\"ref/prompt\"", "name")))])
        }
        ("resource", "completion/complete") => {
            object(&[("ref", Some(&about(b"\"ref/resource\"", "uri")))])
        }
        ("mcp_server", list) if LISTS.contains(&list) => object(&[]),
        _ => return Ok(None),
    };
    let named = said("server").and_then(Node::as_str);
    let whole = tuple.resource.and_then(|node| node.get("id")).and_then(Node::as_str);
    let own = |id: &'a str| id.strip_prefix(home.base)?.strip_prefix("/mcp/");
    let by_id = whole.filter(|_| kind == "mcp_server").map(|id| own(id).unwrap_or(id));
    let server = named.or(by_id.filter(|id| is_name(id))).or(home.sole).ok_or_else(|| {
        refusal::QUESTION.saying(
            "the question is about MCP and `resource.properties.server` does not name a server"
                .to_owned(),
        )
    })?;
    Ok(Some((Cow::Borrowed(server), reply::request(b"0", method, &params))))
}

/// A text that a part must have.
pub(crate) fn text<'a>(
    node: Option<&'a Node<'a>>,
    field: &str,
    key: &str,
) -> Result<&'a str, Refusal> {
    node.and_then(|node| node.get(key))
        .and_then(Node::as_str)
        .filter(|text| (1..=WORD).contains(&text.len()))
        .ok_or_else(|| bad(&format!("{field}.{key}")))
}

fn bad(field: &str) -> Refusal {
    refusal::QUESTION.saying(format!("`{field}` is missing or not of its form"))
}

#[cfg(test)]
mod tests {
    use writ_model::json::{Limits, parse};

    use super::*;

    const HOME: Home<'static> = Home { sole: Some("mail"), base: "http://gate" };

    fn asked(body: &str) -> Result<(String, String, String), String> {
        let node = parse(body.as_bytes(), &Limits::REQUEST).unwrap();
        let tuple = Tuple::of(&node, &node);
        question(&tuple, body.as_bytes(), HOME)
            .map(|one| {
                let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
                (one.server.to_string(), text(&one.arguments), text(&one.message))
            })
            .map_err(|refusal| refusal.words.to_string())
    }

    #[test]
    fn a_question_is_a_call() {
        let body = r#"{"subject":{"type":"user","id":"rick","properties":{"z":1.50}},
            "action":{"name":"can_update","properties":{"soft":true}},"extra":1,
            "resource":{"id":"t\u00e9-1","type":"todo","properties":{"ownerID":"rick"},"more":2},
            "context":{"time":"now","y":12345678901234567890}}"#;
        let (server, arguments, message) = asked(body).unwrap();
        assert_eq!(server, "todo");
        assert_eq!(
            arguments,
            r#"{"action":{"properties":{"soft":true}},"context":{"y":12345678901234567890},"resource":{"id":"t\u00e9-1","properties":{"ownerID":"rick"},"type":"todo"},"subject":{"id":"rick","properties":{"z":1.50},"type":"user"}}"#
        );
        let node = parse(message.as_bytes(), &Limits::REQUEST).unwrap();
        assert_eq!(node.pointer("/params/name").unwrap().as_str(), Some("can_update"));
        let given = node.pointer("/params/arguments").unwrap();
        assert_eq!(given.bytes_in(message.as_bytes()), arguments.as_bytes());
    }

    #[test]
    fn a_token_is_never_an_argument() {
        let body = r#"{"subject":{"type":"token","id":"ey.secret"},"action":{"name":"a"},"resource":{"id":"1","type":"todo"}}"#;
        let (_, arguments, message) = asked(body).unwrap();
        assert!(!arguments.contains("secret") && !message.contains("secret"), "{message}");
        let node = parse(body.as_bytes(), &Limits::REQUEST).unwrap();
        assert_eq!(subject(&Tuple::of(&node, &node)).unwrap(), Subject::Token("ey.secret"));
    }

    #[test]
    fn methods_of_mcp_are_mapped_back() {
        let ask = |action: &str, resource: &str| {
            let body = format!(
                r#"{{"subject":{{"type":"identity","id":"agt"}},"action":{{"name":"{action}"}},"resource":{resource}}}"#
            );
            asked(&body).map(|(server, _, message)| (server, message))
        };
        for (action, resource, server, params) in [
            ("tools/call", r#"{"type":"tool","id":"send"}"#, "mail", r#"{"name":"send"}"#),
            (
                "tools/call",
                r#"{"type":"tool","id":"send","properties":{"server":"shop","arguments":{"to":"a"}}}"#,
                "shop",
                r#"{"arguments":{"to":"a"},"name":"send"}"#,
            ),
            ("resources/read", r#"{"type":"resource","id":"a:b"}"#, "mail", r#"{"uri":"a:b"}"#),
            (
                "completion/complete",
                r#"{"type":"prompt","id":"p"}"#,
                "mail",
                r#"{"ref":{"name":"p","type":"ref/prompt"}}"#,
            ),
            ("tools/list", r#"{"type":"mcp_server","id":"http://gate/mcp/shop"}"#, "shop", "{}"),
            ("tools/list", r#"{"type":"mcp_server","id":"http://else/x"}"#, "mail", "{}"),
        ] {
            let (is, message) = ask(action, resource).unwrap();
            assert_eq!(is, server, "{action} {resource}");
            let whole =
                format!(r#"{{"jsonrpc":"2.0","id":0,"method":"{action}","params":{params}}}"#);
            assert_eq!(message, whole);
        }
        // An action of that name on a thing of another kind is no method.
        let (server, message) = ask("tools/call", r#"{"type":"todo","id":"1"}"#).unwrap();
        assert!(server == "todo" && message.contains("\"subject\""));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (body, field) in [
            (r#"{"action":{"name":"a"},"resource":{"type":"t","id":"1"}}"#, "`subject.type`"),
            (
                r#"{"subject":{"type":"u"},"action":{"name":"a"},"resource":{"type":"t","id":"1"}}"#,
                "`subject.id`",
            ),
            (
                r#"{"subject":{"type":"u","id":"1"},"resource":{"type":"t","id":"1"}}"#,
                "`action.name`",
            ),
            (
                r#"{"subject":{"type":"u","id":"1"},"action":{"name":"a"},"resource":{"type":"t"}}"#,
                "`resource.id`",
            ),
            (
                r#"{"subject":{"type":"u","id":7},"action":{"name":"a"},"resource":{"type":"t","id":"1"}}"#,
                "`subject.id`",
            ),
            (
                r#"{"subject":{"type":"u","id":"1"},"action":{"name":"a"},"resource":{"type":"t","id":"1","properties":[]}}"#,
                "`resource.properties`",
            ),
            (
                r#"{"subject":{"type":"u","id":"1"},"action":{"name":"a"},"resource":{"type":"t","id":"1"},"context":1}"#,
                "`context`",
            ),
            (
                r#"{"subject":"u","action":{"name":"a"},"resource":{"type":"t","id":"1"}}"#,
                "`subject.type`",
            ),
        ] {
            let words = asked(body).unwrap_err();
            assert!(words.starts_with(field), "{words}");
        }
    }
}
