//! The answer to a held call in each generation of the protocol, coming back in each, and what lists offer.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::{
    held::{PATH, hold_of, pending, send, sent, text, world},
    world::{Agent, Headers, Reply, World},
};

#[tokio::test]
async fn a_client_of_2025_11_25_that_shows_links_gets_one() {
    let (upstream, world, agent) = world().await;
    let hello = |capabilities: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{capabilities}}}}}"#
        )
    };
    let plain = world.post(&agent, PATH, &hello("{}")).await;
    let shows = world.post(&agent, PATH, &hello(r#"{"elicitation":{"url":{}}}"#)).await;
    let call = async |session: &str, body: &str| {
        let mut headers = world.headers(&agent, "POST", PATH).await;
        headers.set("mcp-session-id", session);
        headers.set("mcp-protocol-version", "2025-11-25");
        world.send(Method::POST, PATH, &headers, Bytes::from(body.to_owned())).await
    };
    let (plain, shows) = (plain.header("mcp-session-id"), shows.header("mcp-session-id"));
    let body = send(2, "ann@good.example");
    assert_eq!(call(plain, &body).await.json()["result"]["isError"], true);
    let reply = call(shows, &body).await.json();
    assert_eq!(reply["error"]["code"], -32_042, "{reply}");
    let link = &reply["error"]["data"]["elicitations"][0];
    let hold = link["elicitationId"].as_str().unwrap();
    assert_eq!(link["url"], format!("https://desk.example/a/{hold}"));
    assert_eq!((&link["mode"], reply["id"].as_i64()), (&json!("url"), Some(2)));
    world.approve(agent.tenant).await;
    assert_eq!(text(&call(shows, &body).await), "done");
    assert_eq!(sent(&upstream), 1);
}

/// A request of 2026-07-28.
async fn modern(world: &World, agent: &Agent, name: &str, params: Value) -> Reply {
    let mut params = params;
    let capabilities = json!({"elicitation": {"url": {}, "form": {}}});
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    params["name"] = name.into();
    let body = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params});
    let mut headers: Headers = world.headers(agent, "POST", PATH).await;
    headers.set("mcp-protocol-version", "2026-07-28");
    headers.set("mcp-method", "tools/call");
    headers.set("mcp-name", name);
    headers.set("mcp-param-region", name);
    world.send(Method::POST, PATH, &headers, Bytes::from(body.to_string())).await
}

#[tokio::test]
async fn a_client_of_2026_07_28_gets_a_link_and_comes_back_with_its_state() {
    let (upstream, world, agent) = world().await;
    let call = json!({"arguments": {"to": "ann@good.example"}});
    let asked = modern(&world, &agent, "send", call.clone()).await.json();
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required", "{asked}");
    let link = &result["inputRequests"]["writ_hold"];
    assert_eq!(
        (&link["method"], &link["params"]["mode"]),
        (&json!("elicitation/create"), &json!("url"))
    );
    let state = result["requestState"].as_str().unwrap().to_owned();
    let back = |arguments: &str, state: &str| {
        json!({
            "arguments": {"to": arguments},
            "requestState": state,
            "inputResponses": {"writ_hold": {"action": "accept"}},
        })
    };
    // The person agreed to open the link: that approves nothing, and is not asked again at once.
    let early = modern(&world, &agent, "send", back("ann@good.example", &state)).await;
    assert_eq!(early.json()["result"]["isError"], true, "{early:?}");
    assert_eq!(early.json()["result"]["resultType"], "complete");
    world.approve(agent.tenant).await;
    for (to, state, code) in [
        ("eve@evil.example", &*state, "GATE-0096"),
        ("ann@good.example", "writ-hold:x", "GATE-0094"),
        ("ann@good.example", "writ-hold:hld_00000000000000000000000000", "GATE-0097"),
    ] {
        let reply = modern(&world, &agent, "send", back(to, state)).await;
        assert_eq!(reply.code(), code, "{to} {state}");
    }
    assert_eq!(world.facts(agent.tenant, "call_held").await.len(), 1);
    assert_eq!(sent(&upstream), 0);
    let done = modern(&world, &agent, "send", back("ann@good.example", &state)).await;
    assert_eq!(text(&done), "done", "{done:?}");
    let seen = upstream.seen();
    let seen = seen.last().unwrap();
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["params"]["arguments"], call["arguments"]);
    for ours in ["requestState", "inputResponses"] {
        assert_eq!(body["params"].get(ours), None, "{ours} is ours, not the server's");
    }
    let again = modern(&world, &agent, "send", back("ann@good.example", &state)).await;
    assert_eq!((again.code(), sent(&upstream)), ("GATE-0096".to_owned(), 1));
}

#[tokio::test]
async fn writ_pending_of_2026_07_28_sends_the_held_headers() {
    let (upstream, world, agent) = world().await;
    let call = json!({"arguments": {"to": "ann@good.example"}});
    let asked = modern(&world, &agent, "send", call).await;
    let hold = hold_of(&asked);
    world.approve(agent.tenant).await;
    // The other generation cannot execute it: its headers would say something else than its body.
    assert_eq!(world.post(&agent, PATH, &pending(3, &hold)).await.code(), "GATE-0098");
    let ask = json!({"arguments": {"hold_id": hold}});
    let done = modern(&world, &agent, "writ_pending", ask).await;
    assert_eq!((text(&done), sent(&upstream)), ("done".to_owned(), 1), "{done:?}");
    let seen = upstream.seen();
    let headers = &seen.last().unwrap().headers;
    assert_eq!(
        (&headers["mcp-name"], &headers["mcp-param-region"]),
        (&"send".parse().unwrap(), &"send".parse().unwrap())
    );
    assert_eq!(headers["mcp-protocol-version"], "2026-07-28");
}

#[tokio::test]
async fn lists_offer_writ_pending_where_somebody_is_asked_and_hide_a_servers_own() {
    let (upstream, world, agent) = world().await;
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"CURSOR"}}"#;
    let names = async |cursor: &str| {
        let reply = world.post(&agent, PATH, &list.replace("CURSOR", cursor)).await;
        let json = match reply.header("content-type") {
            "text/event-stream" => {
                let text = String::from_utf8(reply.body.to_vec()).unwrap();
                let data = text.rsplit("data: ").next().unwrap().trim().to_owned();
                serde_json::from_str::<Value>(&data).unwrap()
            }
            _ => reply.json(),
        };
        let tools = json["result"]["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["send", "secret", "watch", "writ_pending"]);
    assert_eq!(names("sse").await, ["send", "secret", "watch", "writ_pending"]);
    assert_eq!(names("rival").await, ["send", "writ_pending"]);
    assert_eq!(world.refused()["GATE-0100"], 1);
    world.charter(agent.tenant, |_| {}).await;
    assert_eq!(names("").await, ["send", "secret", "watch"]);
    assert_eq!(names("rival").await, ["send"]);
    let reply = world.post(&agent, PATH, &pending(2, "x")).await;
    assert_eq!(reply.code(), "GATE-0094");
    let reached = |seen: &crate::upstream::Seen| {
        String::from_utf8_lossy(&seen.body).contains("writ_pending\",\"arguments")
    };
    assert!(!upstream.seen().iter().any(reached), "a server's own is never reached");
}
