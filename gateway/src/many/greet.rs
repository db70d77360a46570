//! `initialize` and `server/discover` at the endpoint: every server is greeted, the capabilities of all are joined, what they
//! say about themselves is put under their names.
//!
//! Never here: a list. To join one more thing of theirs: in [`greeting`].

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use writ_model::json::{self, Limits, Node};

use super::{
    edit::{Edits, quoted},
    fan,
    outage::Outage,
    session::{Link, Session},
    visit::{DEADLINE, Miss, Stop, Visit},
};
use crate::{
    answer::{self, Asked},
    body::ReplyBody,
    core::Served,
    mcp::{
        header::{HANDSHAKE, SESSION, revisions},
        parse::Message,
        reply::{self, nameless},
    },
    refusal,
};

/// The newest revision with a handshake: what a client is offered that asks for one that is not known.
const NEWEST: &str = "2025-11-25";
/// LIMIT: characters of what one server says about itself, of which nothing more is kept either, and of what all do.
const SAYS: usize = 2_000;
const ALL_SAY: usize = 16_000;
/// LIMIT: characters of a revision's name.
const VERSION: usize = 32;
/// LIMIT: bytes of what one server says that it can do.
const CAN: usize = 16 << 10;
/// What the endpoint says about itself.
const ABOUT: &str = "Several servers stand behind this address. Their tools and prompts are named SERVER__NAME; what each \
                     server says about itself follows under its name.";

/// Answers `initialize`.
pub(super) async fn initialize(
    visit: &Visit<'_>,
    message: &Message<'_>,
    (body, asked): (&Bytes, &Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let params = message.params().ok_or(refusal::PARAMS)?;
    let wanted = params.get("protocolVersion").and_then(Node::as_str);
    let version = HANDSHAKE.into_iter().find(|one| Some(*one) == wanted).unwrap_or(NEWEST);
    let session = Arc::new(Session::new(hello(params, body, version)));
    let visit = Visit { session: Some(&session), ..*visit };
    let links = fan::all(&visit, |server| link(&visit, server)).await?;
    let links: Vec<_> = links.into_iter().map(|(server, link)| (&*server.name, link)).collect();
    let mut result = greeting(&links, &visit.outages());
    put(&mut result, "protocolVersion", json!(version));
    let (core, who) = (visit.core, visit.who);
    let at = (core.entropy.as_ref(), who.now);
    let own = (who.caller.instance, &who.share);
    let id = core.many.sessions.begin(own, Arc::clone(&session), at)?;
    let mut response = told(asked, &result);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(SESSION.clone(), value);
    }
    Ok(response)
}

/// Answers `server/discover`.
pub(super) async fn discover(
    visit: &Visit<'_>,
    asked: &Asked,
) -> Result<Response<ReplyBody>, Stop> {
    let links = fan::all(visit, |server| found(visit, server)).await?;
    let links: Vec<_> = links.into_iter().map(|(server, link)| (&*server.name, link)).collect();
    let mut result = greeting(&links, &visit.outages());
    put(&mut result, "supportedVersions", json!(revisions().collect::<Vec<_>>()));
    put(&mut result, "resultType", json!("complete"));
    // What it would be in a minute, nobody knows; and it is one agent's.
    put(&mut result, "ttlMs", json!(0));
    put(&mut result, "cacheScope", json!("private"));
    Ok(told(asked, &result))
}

/// The parameters for servers: the client's own, with a revision that has a handshake.
fn hello(params: &Node<'_>, body: &[u8], version: &str) -> Bytes {
    let mut edits = Edits::default();
    if let Some(said) = params.get("protocolVersion")
        && said.as_str() != Some(version)
    {
        edits.text(said, version);
    }
    edits.made(body, (params.start, params.end))
}

/// The session's link to a server; a server that has not been greeted is greeted now.
pub(super) async fn link<'a>(visit: &Visit<'a>, server: &'a Served) -> Result<Link, Miss> {
    let Some(session) = visit.session else {
        return Err(Miss::Stop(refusal::NO_SESSION.into()));
    };
    let known = || session.link(&server.name).filter(|link| stands(visit, server, link));
    if let Some(link) = known() {
        return Ok(link);
    }
    let greeting = session.greeting(&server.name);
    let Ok(_one_at_a_time) = timeout(DEADLINE, greeting.lock()).await else {
        return Err(Miss::Out(refusal::TIMED_OUT));
    };
    if let Some(link) = known() {
        return Ok(link);
    }
    let (told, begun) = visit.ask(server, ("initialize", &session.hello), None).await?;
    let link = linked(&told, begun, "protocolVersion").ok_or(Miss::Out(refusal::FAULTY))?;
    if !HANDSHAKE.contains(&&*link.version) {
        // It speaks of a revision that has no handshake, or of none.
        return Err(Miss::Out(refusal::FAULTY));
    }
    let word = Bytes::from_static(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    visit.tell(server, &word, Some(&link)).await.map_err(Miss::Out)?;
    session.greeted(&server.name, link.clone());
    Ok(link)
}

/// Whether our session under it is still there.
fn stands(visit: &Visit<'_>, server: &Served, link: &Link) -> bool {
    let whose = (visit.who.caller.instance, &*server.name);
    let known = |id: &String| visit.core.sessions.known(id, whose, visit.who.now).is_some();
    link.session.as_ref().is_none_or(known)
}

/// What a server of 2026-07-28 says of itself.
async fn found<'a>(visit: &Visit<'a>, server: &'a Served) -> Result<Link, Miss> {
    let params = visit.params(None);
    let (told, _) = visit.ask(server, ("server/discover", &params), None).await?;
    linked(&told, None, "").ok_or(Miss::Out(refusal::FAULTY))
}

fn linked(told: &[u8], session: Option<String>, version: &str) -> Option<Link> {
    let node = json::parse(told, &Limits::ANSWER).ok()?;
    let result = node.get("result")?;
    let text = |key: &str| result.get(key).and_then(Node::as_str).unwrap_or_default();
    let says = text("instructions").chars().filter(|one| !one.is_control() || *one == '\n');
    let says: String = says.skip_while(|one| one.is_whitespace()).take(SAYS).collect();
    let can = match result.get("capabilities") {
        Some(can) if can.as_object().is_some() && can.end - can.start <= CAN => can.to_serde(),
        Some(_) => return None,
        None => Value::default(),
    };
    let version = text(version).chars().take(VERSION).collect();
    Some(Link { session, version, can, instructions: says.trim_end().to_owned() })
}

/// What all of them say, joined.
fn greeting(links: &[(&str, Link)], out: &[Outage]) -> Value {
    let mut can = Map::new();
    // The gateway has tools of its own.
    can.insert("tools".to_owned(), json!({}));
    let (mut says, mut left) = (ABOUT.to_owned(), ALL_SAY);
    for (server, link) in links {
        for (key, what) in link.can.as_object().into_iter().flatten() {
            // What is experimental is between one server and one client.
            if key != "experimental" {
                join(can.entry(key.clone()).or_insert(Value::Null), what);
            }
        }
        let text: String = link.instructions.chars().take(left).collect();
        if !text.is_empty() {
            left -= text.chars().count();
            for part in ["\n\n## ", *server, "\n", &*text] {
                says.push_str(part);
            }
        }
    }
    let info = json!({"name": "writ", "title": "Writ", "version": env!("CARGO_PKG_VERSION")});
    let mut result = json!({"capabilities": can, "serverInfo": info, "instructions": says});
    if !out.is_empty() {
        put(&mut result, "_meta", json!({fan::UNREACHABLE: out}));
    }
    result
}

/// Both, where one of them says yes it is yes.
fn join(to: &mut Value, more: &Value) {
    match (to, more) {
        (Value::Object(to), Value::Object(more)) => {
            for (key, what) in more {
                join(to.entry(key.clone()).or_insert(Value::Null), what);
            }
        }
        (Value::Bool(to), Value::Bool(more)) => *to |= more,
        (to @ Value::Null, more) => *to = more.clone(),
        _ => {}
    }
}

fn put(result: &mut Value, key: &str, what: Value) {
    if let Some(members) = result.as_object_mut() {
        members.insert(key.to_owned(), what);
    }
}

/// An answer of the endpoint's own.
pub(super) fn told(asked: &Asked, result: &Value) -> Response<ReplyBody> {
    let bytes = serde_json::to_string(result).unwrap_or_else(|_| "{}".to_owned());
    answer::json(StatusCode::OK, reply::result(&asked.id, nameless(&bytes).as_bytes()))
}

impl Visit<'_> {
    /// Parameters of a question of the endpoint's own.
    pub(super) fn params(&self, cursor: Option<&str>) -> Vec<u8> {
        let mut out = vec![b'{'];
        if let Some(cursor) = cursor {
            out.extend_from_slice(b"\"cursor\":");
            out.extend_from_slice(&quoted(cursor));
        }
        if let Some(meta) = self.meta {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(b"\"_meta\":");
            out.extend_from_slice(meta);
        }
        out.push(b'}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked_to(text: &str) -> Link {
        linked(text.as_bytes(), None, "protocolVersion").unwrap()
    }

    #[test]
    fn capabilities_are_joined_and_words_stand_under_their_servers_name() {
        let mail = linked_to(
            r#"{"result":{"protocolVersion":"2025-11-25","instructions":"Be\u0007 kind.","capabilities":{
                "tools":{"listChanged":false},"logging":{},"experimental":{"x":{}}}}}"#,
        );
        let files = linked_to(
            r#"{"result":{"protocolVersion":"2025-06-18","capabilities":{
                "tools":{"listChanged":true},"resources":{"subscribe":true}}}}"#,
        );
        assert!(files.has("resources") && !files.has("prompts"));
        let out = greeting(&[("files", files), ("mail", mail)], &[]);
        let wanted = json!({
            "tools": {"listChanged": true},
            "resources": {"subscribe": true},
            "logging": {},
        });
        assert_eq!(out["capabilities"], wanted);
        let says = out["instructions"].as_str().unwrap();
        assert!(says.ends_with("\n\n## mail\nBe kind.") && says.starts_with(ABOUT), "{says}");
        assert_eq!(out.get("_meta"), None);
        assert_eq!(linked(br#"{"result":{"capabilities":[]}}"#, None, ""), None);
    }

    #[test]
    fn what_servers_say_is_bounded() {
        let text = json!({"result": {
            "protocolVersion": "v".repeat(9_999), "instructions": format!(" \n{}", "x".repeat(9_999)),
        }});
        let one = linked_to(&text.to_string());
        assert_eq!(
            (one.instructions.len(), one.version.len()),
            (SAYS, VERSION),
            "nor is more kept"
        );
        let links: Vec<_> = (0..20).map(|_| ("mail", one.clone())).collect();
        let out = greeting(&links, &[]);
        let says = out["instructions"].as_str().unwrap();
        assert_eq!(says.matches('x').count(), ALL_SAY);
    }
}
