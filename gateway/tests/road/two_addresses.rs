//! The transport of 2024-11-05: where to post comes first on the stream, and so does every answer.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use writ_authority::Fact;
use writ_model::ocsf::Disposition;

use crate::{
    upstream::Upstream,
    world::{Agent, Reply, Says, World},
};

const STREAM: &str = "/mcp/mail/sse";
const POSTS: &str = "/mcp/mail/message";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let agent = world.agent(1).await;
    for tool in ["send", "watch"] {
        world.grant(&agent, Says::tool("mail", tool)).await;
    }
    (upstream, world, agent)
}

/// A stream, as far as it was read.
struct Reading {
    body: Incoming,
    text: String,
}

impl Reading {
    async fn open(world: &World, agent: &Agent) -> Self {
        let headers = world.headers(agent, "GET", STREAM).await;
        let response = world.open(Method::GET, STREAM, &headers, Bytes::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event: its name and what it says. Nothing at the end.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let of = |key: &str| event.lines().find_map(|line| line.strip_prefix(key));
                let event = (
                    of("event: ").unwrap_or("message").to_owned(),
                    of("data: ").unwrap_or_default().to_owned(),
                );
                self.text = rest.to_owned();
                if !event.1.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let frame = self.body.frame().await?.ok()?;
            self.text.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap()));
        }
    }

    /// The answer to the request of this id, whatever comes before it.
    async fn answer(&mut self, id: &Value) -> Value {
        loop {
            let (name, data) = self.next().await.expect("an answer");
            let message: Value = serde_json::from_str(&data).unwrap();
            if name == "message" && message["id"] == *id {
                return message;
            }
        }
    }
}

/// Posts a message where the stream says.
async fn post(world: &World, agent: &Agent, to: &str, body: &Value) -> Reply {
    let headers = world.headers(agent, "POST", POSTS).await;
    world.send(Method::POST, to, &headers, Bytes::from(body.to_string())).await
}

fn call(id: u32, tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool}})
}

#[tokio::test]
async fn what_is_posted_is_decided_and_answered_on_the_stream() {
    let (upstream, world, agent) = world().await;
    let mut stream = Reading::open(&world, &agent).await;
    let (name, to) = stream.next().await.unwrap();
    assert_eq!(name, "endpoint");
    assert!(to.starts_with("/mcp/mail/message?sessionId="), "{to}");
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}});
    let reply = post(&world, &agent, &to, &hello).await;
    assert_eq!((reply.status, reply.body.len()), (StatusCode::ACCEPTED, 0));
    let said = stream.answer(&json!(0)).await;
    assert_eq!(said["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(post(&world, &agent, &to, &call(1, "send")).await.status, StatusCode::ACCEPTED);
    assert_eq!(stream.answer(&json!(1)).await["result"]["content"][0]["text"], "done");
    assert_eq!(post(&world, &agent, &to, &call(2, "secret")).await.status, StatusCode::ACCEPTED);
    let denied = stream.answer(&json!(2)).await;
    assert_eq!(denied["error"]["data"]["code"], "DENY-0011");
    let list = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"});
    post(&world, &agent, &to, &list).await;
    let listed = stream.answer(&json!(3)).await;
    assert_eq!(listed["result"]["tools"], json!([{"name": "send"}, {"name": "watch"}]));
    let seen = upstream.seen();
    let sessions: Vec<_> =
        seen.iter().map(|one| one.headers.get("mcp-session-id").is_some()).collect();
    assert_eq!(sessions, [false, true, true], "each after the first in the server's session");
    drop(stream);
    // With its stream the session of the server ends.
    upstream.times(4).await;
    assert!(upstream.seen()[3].headers.contains_key("mcp-session-id"));
    let records = world.records(agent.tenant).await;
    let of = |name: &str| records.iter().filter(|one| one.name == name).collect::<Vec<_>>();
    assert_eq!(of("send")[0].effect, Disposition::Allowed);
    assert_eq!(of("secret")[0].effect, Disposition::Blocked);
}

#[tokio::test]
async fn a_server_speaks_by_itself_once_it_was_greeted() {
    let (upstream, world, agent) = world().await;
    let mut stream = Reading::open(&world, &agent).await;
    let (_, to) = stream.next().await.unwrap();
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(post(&world, &agent, &to, &note).await.status, StatusCode::ACCEPTED);
    // The message, and then the gateway listens for it.
    upstream.times(2).await;
    assert!(upstream.seen()[1].body.is_empty());
    post(&world, &agent, &to, &call(5, "watch")).await;
    let (name, data) = stream.next().await.unwrap();
    assert_eq!((&*name, &*data), ("message", "{\"method\":\"notifications/progress\"}"));
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    let mut told = String::new();
    while let Some((_, data)) = stream.next().await {
        told.push_str(&data);
    }
    assert!(told.contains("GATE-0060"), "the stream is cut with a word: {told}");
    assert_eq!(post(&world, &agent, &to, &call(6, "send")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_posts_to_anothers_stream_or_what_is_no_message() {
    let (upstream, world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "*")).await;
    let mut stream = Reading::open(&world, &agent).await;
    let (_, to) = stream.next().await.unwrap();
    let gone = format!("{POSTS}?sessionId={}", "0".repeat(32));
    for (whose, to, body, wanted) in [
        (&other, &to, call(1, "send"), (404, "GATE-0018")),
        (&agent, &gone, call(1, "send"), (404, "GATE-0018")),
        (&agent, &POSTS.to_owned(), call(1, "send"), (404, "GATE-0018")),
        (&agent, &to, json!([call(1, "send")]), (400, "GATE-0012")),
        (&agent, &to, json!({}), (400, "GATE-0013")),
    ] {
        let reply = post(&world, whose, to, &body).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), wanted, "{to} {body}");
    }
    for (verb, path) in [("GET", POSTS), ("POST", STREAM), ("DELETE", STREAM)] {
        let headers = world.headers(&agent, verb, path).await;
        let reply = world.send(verb.parse().unwrap(), path, &headers, Bytes::from("{}")).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (405, "GATE-0002"), "{verb} {path}");
    }
    let reply = world.send(Method::GET, STREAM, &crate::world::Headers::mcp(), Bytes::new()).await;
    assert_eq!(reply.code(), "GATE-0080");
    assert!(reply.header("www-authenticate").contains("/mcp/mail\""), "{reply:?}");
    let stranger = world.agent(3).await;
    let headers = world.headers(&stranger, "GET", STREAM).await;
    let reply = world.send(Method::GET, STREAM, &headers, Bytes::new()).await;
    assert_eq!(reply.code(), "DENY-0010", "who has no grant there does not even listen");
    assert!(upstream.seen().is_empty());
}
