//! What 2026-07-28 asks of whoever stands between: what it wants in each request, what it has no more, what it says of
//! revisions and of keeping answers.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::{
    upstream::Upstream,
    world::{Agent, Reply, Says, World},
};

const PATH: &str = "/mcp/mail";
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";

pub(crate) async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "send")).await;
    world.grant(&agent, Says::tool("mail", "task")).await;
    (upstream, world, agent)
}

/// A request under a header that names a revision, with these parameters.
pub(crate) async fn asked(
    (world, agent): (&World, &Agent),
    version: &str,
    method: &str,
    params: Value,
) -> Reply {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let mut headers = world.headers(agent, "POST", PATH).await;
    headers.set("mcp-protocol-version", version);
    headers.set("mcp-method", method);
    for key in ["name", "uri", "taskId"] {
        if let Some(name) = body["params"][key].as_str() {
            headers.set("mcp-name", name);
        }
    }
    world.send(Method::POST, PATH, &headers, Bytes::from(body.to_string())).await
}

pub(crate) fn modern(more: Value) -> Value {
    let mut params = more;
    params["_meta"] = json!({VERSION: "2026-07-28"});
    params
}

#[tokio::test]
async fn a_request_that_does_not_name_its_revision_has_bad_parameters() {
    let (upstream, world, agent) = world().await;
    for params in [json!({}), json!({"_meta": {}}), json!({"_meta": {VERSION: 7}})] {
        let reply = asked((&world, &agent), "2026-07-28", "server/discover", params.clone()).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "GATE-0017"), "{params}");
        assert_eq!(
            (&reply.json()["error"]["code"], &reply.json()["id"]),
            (&json!(-32_602), &json!(7))
        );
    }
    let other = json!({"_meta": {VERSION: "2025-11-25"}});
    let reply = asked((&world, &agent), "2026-07-28", "server/discover", other).await;
    assert_eq!(reply.json()["error"]["code"], -32_020, "what disagrees is another matter");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn methods_that_the_revision_has_no_more_are_not_found() {
    let (upstream, world, agent) = world().await;
    for method in
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"]
    {
        let reply = asked((&world, &agent), "2026-07-28", method, modern(json!({}))).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (404, "GATE-0016"), "{method}");
        assert_eq!(reply.json()["error"]["code"], -32_601, "{method}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn who_asks_for_another_revision_hears_which_the_server_speaks() {
    let (upstream, world, agent) = world().await;
    let other = async || {
        let params = json!({"_meta": {VERSION: "v999"}});
        let reply = asked((&world, &agent), "v999", "server/discover", params).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "GATE-0015"));
        reply.json()["error"]["data"].clone()
    };
    let before = other().await;
    assert_eq!(before["supported"].as_array().unwrap().len(), 5, "nobody has asked it yet");
    let said = asked((&world, &agent), "2026-07-28", "server/discover", modern(json!({}))).await;
    assert_eq!(said.json()["result"]["supportedVersions"][0], "2026-07-28");
    let after = other().await;
    assert_eq!(
        (&after["supported"], &after["requested"]),
        (&json!(["2026-07-28"]), &json!("v999"))
    );
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_list_may_be_kept_for_the_agent_that_asked_and_for_nobody_else() {
    let (_upstream, world, agent) = world().await;
    let list =
        asked((&world, &agent), "2026-07-28", "tools/list", modern(json!({"cursor": "public"})));
    let result = list.await.json()["result"].clone();
    assert_eq!(result, json!({"ttlMs": 5, "cacheScope": "private", "tools": []}));
}

#[tokio::test]
async fn what_was_read_may_be_kept_for_the_agent_that_read_it_and_for_nobody_else() {
    let (_upstream, world, agent) = world().await;
    let surface = writ_authority::grant::Surface::Resource;
    world.grant(&agent, Says { surface, ..Says::tool("mail", "x://*") }).await;
    for uri in ["x://whole", "x://events"] {
        let read =
            asked((&world, &agent), "2026-07-28", "resources/read", modern(json!({"uri": uri})));
        let text = String::from_utf8(read.await.body.to_vec()).unwrap();
        assert!(text.contains(r#""cacheScope":"private""#), "{text}");
        assert!(text.contains(uri) && !text.contains("public"), "{text}");
    }
}

#[tokio::test]
async fn headers_repeat_the_arguments_that_a_listed_tool_wants_repeated() {
    let (upstream, world, agent) = world().await;
    let call = async |region: Option<&str>| {
        let params = modern(json!({"name": "send", "arguments": {"region": "eu"}}));
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
        let mut headers = world.headers(&agent, "POST", PATH).await;
        headers.set("mcp-protocol-version", "2026-07-28");
        headers.set("mcp-method", "tools/call");
        headers.set("mcp-name", "send");
        if let Some(region) = region {
            headers.set("mcp-param-region", region);
        }
        world.send(Method::POST, PATH, &headers, Bytes::from(body.to_string())).await.code()
    };
    assert_eq!(call(None).await, "", "nobody has listed it");
    let list = modern(json!({"cursor": "headers"}));
    asked((&world, &agent), "2026-07-28", "tools/list", list).await;
    assert_eq!(
        (call(None).await, call(Some("us")).await),
        ("GATE-0014".into(), "GATE-0014".into())
    );
    assert_eq!(call(Some("eu")).await, "");
    assert_eq!(upstream.seen().len(), 3);
}

#[tokio::test]
async fn what_nobody_knows_is_not_listened_for() {
    let (upstream, world, agent) = world().await;
    let params = modern(json!({"notifications": {"toolsListChanged": true, "secrets": true}}));
    let reply = asked((&world, &agent), "2026-07-28", "subscriptions/listen", params).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "GATE-0017"));
    assert!(upstream.seen().is_empty());
}
