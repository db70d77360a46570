//! Batches of 2025-03-26: each message decided on, recorded and sent by itself; the answers come together.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use writ_authority::Fact;
use writ_model::ocsf::Disposition;

use crate::{
    upstream::Upstream,
    world::{Agent, Reply, Says, World},
};

const PATH: &str = "/mcp/mail";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    for tool in ["send", "linger"] {
        world.grant(&agent, Says::tool("mail", tool)).await;
    }
    (upstream, world, agent)
}

fn call(id: impl serde::Serialize, tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool}})
}

async fn batch(world: &World, agent: &Agent, revision: Option<&str>, body: &Value) -> Reply {
    let mut headers = world.headers(agent, "POST", PATH).await;
    if let Some(revision) = revision {
        headers.set("mcp-protocol-version", revision);
    }
    world.send(Method::POST, PATH, &headers, Bytes::from(body.to_string())).await
}

#[tokio::test]
async fn each_message_of_a_batch_is_a_call_of_its_own() {
    let (upstream, world, agent) = world().await;
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let list = json!({"jsonrpc": "2.0", "id": "l", "method": "tools/list"});
    let bad = json!({"jsonrpc": "2.0", "id": 9, "method": "secrets/list"});
    let body = json!([call(1, "send"), note, call(2, "secret"), list, bad]);
    for revision in [None, Some("2025-03-26")] {
        let before = upstream.seen().len();
        let reply = batch(&world, &agent, revision, &body).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        let answers = reply.json();
        let of = |id: Value| {
            let mut found = answers.as_array().unwrap().iter().filter(|one| one["id"] == id);
            let one = found.next().unwrap_or_else(|| panic!("{answers}"));
            assert!(found.next().is_none(), "{answers}");
            one
        };
        assert_eq!(answers.as_array().unwrap().len(), 4, "{answers}");
        assert_eq!(of(json!(1))["result"]["content"][0]["text"], "done");
        assert_eq!(of(json!(2))["error"]["data"]["code"], "DENY-0011");
        let tools = of(json!("l"))["result"]["tools"].as_array().unwrap();
        assert_eq!((tools.len(), &tools[0]["name"]), (1, &json!("send")), "filtered as ever");
        assert_eq!(of(json!(9))["error"]["data"]["code"], "GATE-0016");
        let seen = upstream.seen();
        assert_eq!(seen.len() - before, 3, "what is refused goes nowhere");
        for one in &seen[before..] {
            let body: Value = serde_json::from_slice(&one.body).unwrap();
            assert!(body.is_object(), "a server sees one message at a time: {body}");
        }
    }
    let records = world.records(agent.tenant).await;
    let mut made: Vec<_> = records.iter().map(|one| (&*one.name, one.effect)).collect();
    made.sort_by_key(|(name, _)| (*name).to_owned());
    let (allowed, blocked) = (Disposition::Allowed, Disposition::Blocked);
    let wanted = [("mail", allowed), ("secret", blocked), ("send", allowed)];
    assert_eq!(made, wanted.into_iter().flat_map(|one| [one, one]).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_still_under_way_makes_a_stream_of_all() {
    let (_upstream, world, agent) = world().await;
    let body = json!([call("s", "linger"), call(1, "send")]);
    let headers = world.headers(&agent, "POST", PATH).await;
    let response = world.open(Method::POST, PATH, &headers, Bytes::from(body.to_string())).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut text = String::new();
    while !(text.contains("\"id\":\"s\"") && text.contains("\"id\":1")) {
        let frame = http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap()));
    }
    assert!(
        text.starts_with("event: message\ndata: ") && text.contains("data: {\"method\":\"x\"}")
    );
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    // The stream that lingered is cut like any other.
    http_body_util::BodyExt::collect(body).await.unwrap();
    assert_eq!(world.gateway.busy(), 0);
}

#[tokio::test]
async fn only_good_batches_of_that_revision_are_taken() {
    let (upstream, world, agent) = world().await;
    let one = json!([call(1, "send")]);
    let twice = json!([call(1, "send"), call(1, "send")]);
    let hello = json!([{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}]);
    let many: Vec<_> = (0..17).map(|id| call(id, "send")).collect();
    for (revision, body, wanted) in [
        (Some("2024-11-05"), &one, "GATE-0012"),
        (Some("2025-06-18"), &one, "GATE-0012"),
        (Some("2025-11-25"), &one, "GATE-0012"),
        (Some("2026-07-28"), &one, "GATE-0012"),
        (None, &json!([]), "GATE-0114"),
        (None, &twice, "GATE-0114"),
        (None, &hello, "GATE-0114"),
        (None, &json!(many), "GATE-0114"),
        (None, &json!([one]), "GATE-0012"),
    ] {
        let reply = batch(&world, &agent, revision, body).await;
        let said = (reply.status.as_u16(), &*reply.code());
        assert_eq!(said, (400, wanted), "{revision:?} {body}");
    }
    let notes = json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]);
    let reply = batch(&world, &agent, None, &notes).await;
    assert_eq!((reply.status, reply.body.len()), (StatusCode::ACCEPTED, 0));
    assert_eq!(upstream.seen().len(), 1, "the notification alone went out");
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    let reply = batch(&world, &agent, None, &one).await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::UNAUTHORIZED, "DENY-0005"));
}
