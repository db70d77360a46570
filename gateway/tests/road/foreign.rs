//! Answers to other requests than the one that was sent. A client takes an answer for that of the request whose id it has, so
//! that a list of tools in the answer to a call would be a list of which nothing was cut.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World},
};

const PATH: &str = "/mcp/mail";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    (upstream, world, agent)
}

/// Status and text of the answer to a call, as far as it came, and whether it came whole.
async fn called(
    (upstream, world, agent): (&Upstream, &World, &Agent),
    tool: &str,
) -> (StatusCode, String, bool) {
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool}});
    let headers = world.headers(agent, "POST", PATH).await;
    if tool == "foreign-pieces" {
        // Answers in one piece are read whole before any of them goes on, so that the second half may come at once.
        upstream.opens();
    }
    let response = world.open(Method::POST, PATH, &headers, Bytes::from(call.to_string())).await;
    let (status, mut body, mut text) = (response.status(), response.into_body(), Vec::new());
    let whole = loop {
        match body.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => text.extend_from_slice(&frame.into_data().unwrap_or_default()),
        }
    };
    (status, String::from_utf8(text).unwrap(), whole)
}

#[tokio::test]
async fn an_answer_to_another_request_reaches_nobody() {
    let (upstream, world, agent) = world().await;
    let who = (&upstream, &world, &agent);
    for (tool, code) in [
        ("foreign-whole", "GATE-0180"),
        ("foreign-both", "GATE-0052"),
        ("foreign-twice", "GATE-0052"),
        ("foreign-first", "GATE-0180"),
        ("foreign-letters", "GATE-0052"),
        ("foreign-kind", "GATE-0052"),
    ] {
        let (status, text, whole) = called(who, tool).await;
        assert!(whole && text.contains(code) && text.contains("\"id\":7"), "{tool}: {text}");
        assert!(!text.contains("secret"), "{tool}: {text}");
        assert_eq!(status, StatusCode::OK, "{tool}");
        let records = world.records(agent.tenant).await;
        assert_eq!(records.last().unwrap().code, code, "{tool}");
    }
    assert_eq!(world.refused()["GATE-0180"], 2, "each is counted, refused whole or on a stream");
    // What answers well and then goes on is let go on as far as it answers well.
    for tool in ["foreign-last", "foreign-unended"] {
        let (_, text, whole) = called(who, tool).await;
        assert!(whole && text.contains("\"content\":[]") && text.contains("GATE-0180"), "{text}");
        assert!(!text.contains("secret"), "{tool}: {text}");
    }
    let (_, text, whole) = called(who, "foreign-pieces").await;
    assert!(whole && text.contains("GATE-0180"), "nobody has a part of it: {text}");
    assert!(!text.contains("secret"), "{text}");
    let (status, text, _) = called(who, "foreigner").await;
    assert_eq!((status, text.contains("\"content\":[]")), (StatusCode::OK, true));
}
