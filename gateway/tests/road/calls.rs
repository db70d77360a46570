//! What goes through, what does not, and what is written down of it.

use bytes::Bytes;
use http::{Method, StatusCode};
use writ_authority::{
    ArgRule, Condition, Limit,
    grant::{Period, Surface},
};
use writ_model::ocsf::Disposition;

use crate::{
    upstream::Upstream,
    world::{Headers, Says, World},
};

const SEND: &str = r#"{"jsonrpc":"2.0", "id":"a\u00e9", "method":"tools/call","params":{"name":"send","arguments":{"to":"ann@good.example"}}}"#;

fn only_good() -> Vec<ArgRule> {
    let must = Condition::Domains(vec!["good.example".to_owned()]);
    vec![ArgRule { path: "/to".to_owned(), must, optional: false }]
}

#[tokio::test]
async fn a_permitted_call_arrives_byte_for_byte_and_is_recorded() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    let grant =
        world.grant(&agent, Says { rules: only_good(), ..Says::tool("mail", "send") }).await;
    let reply = world.post(&agent, "/mcp/mail", SEND).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_eq!(reply.json()["result"]["content"][0]["text"], "done");
    assert_eq!(reply.json()["id"], "aé");
    let seen = upstream.seen();
    assert_eq!((seen.len(), &seen[0].body[..]), (1, SEND.as_bytes()));
    for secret in ["authorization", "dpop", "cookie", "mcp-session-id"] {
        assert!(!seen[0].headers.contains_key(secret), "{secret}");
    }
    let records = world.records(agent.tenant).await;
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!((record.effect, record.grant, record.seq), (Disposition::Allowed, Some(grant), 0));
    assert_eq!((&*record.name, &*record.surface, &*record.method), ("send", "tool", "tools/call"));
    let ocsf: serde_json::Value = serde_json::from_slice(&record.ocsf).unwrap();
    assert_eq!(ocsf["class_uid"], 6003);
    assert_eq!(ocsf["actor"]["ai_agent"]["uid"], agent.id.to_string());
    assert_eq!(ocsf["metadata"]["uid"], record.call.to_string());
    assert_eq!(ocsf["policy"]["uid"], grant.to_string());
    assert_eq!(ocsf["unmapped"]["arguments_digest"].as_str().unwrap().len(), 64);
    assert!(
        !String::from_utf8_lossy(&record.ocsf).contains("good.example"),
        "arguments are sealed"
    );
    assert!(!record.inputs.arguments.is_empty() && record.inputs.tree_size > 0);
}

#[tokio::test]
async fn a_call_that_breaks_a_condition_is_denied_recorded_and_not_forwarded() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says { rules: only_good(), ..Says::tool("mail", "send") }).await;
    let reply = world.post(&agent, "/mcp/mail", &SEND.replace("good.ex", "evil.ex")).await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::OK, "DENY-0012"));
    let error = &reply.json()["error"];
    assert_eq!((&error["code"], &reply.json()["id"]), (&(-32_003).into(), &"aé".into()));
    assert!(error["message"].as_str().unwrap().contains("/to"), "{error}");
    assert!(!error["message"].as_str().unwrap().contains("evil"), "values are not repeated");
    assert!(upstream.seen().is_empty());
    let records = world.records(agent.tenant).await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].effect, &*records[0].code), (Disposition::Blocked, "DENY-0012"));
    assert_eq!(error["data"]["call_id"], records[0].call.to_string());
    assert_eq!(records[0].grant, None, "a denied call used no grant");
}

#[tokio::test]
async fn limits_count_permitted_calls_only() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    let limits = vec![Limit { count: 2, per: Period::Hour }];
    world.grant(&agent, Says { limits, rules: only_good(), ..Says::tool("mail", "send") }).await;
    let bad = SEND.replace("good.ex", "evil.ex");
    let mut codes = Vec::new();
    for body in [SEND, &bad, SEND, SEND] {
        codes.push(world.post(&agent, "/mcp/mail", body).await.code());
    }
    assert_eq!(codes, ["", "DENY-0012", "", "DENY-0014"]);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn lists_show_only_what_may_be_called() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "s*")).await;
    world.grant(&agent, Says::tool("files", "*")).await;
    let names = |value: &serde_json::Value| -> Vec<String> {
        let tools = value["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let reply = world.post(&agent, "/mcp/mail", list).await;
    assert_eq!(names(&reply.json()), ["send", "secret"]);
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"sse"}}"#;
    let reply = world.post(&agent, "/mcp/mail", list).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let (first, second) = text.split_once("\n\n").unwrap();
    assert_eq!(first, "event: message\ndata: {\"method\":\"x\"}");
    let data = second.trim().strip_prefix("id: 3\ndata: ").unwrap();
    assert_eq!(names(&serde_json::from_str(data).unwrap()), ["send", "secret"]);
    assert_eq!(world.records(agent.tenant).await.len(), 2);
}

#[tokio::test]
async fn an_agent_without_a_grant_on_a_server_does_not_even_greet_it() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "send")).await;
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    assert_eq!(world.post(&agent, "/mcp/files", hello).await.code(), "DENY-0010");
    assert_eq!(world.post(&agent, "/mcp/mail", hello).await.status, StatusCode::OK);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_session_is_bound_to_its_agent_and_server() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let (agent, other) = (world.agent(1).await, world.agent(2).await);
    for agent in [&agent, &other] {
        world.grant(agent, Says::tool("mail", "send")).await;
        world.grant(agent, Says::tool("files", "*")).await;
    }
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    let reply = world.post(&agent, "/mcp/mail", hello).await;
    let session = reply.header("mcp-session-id").to_owned();
    assert!(session.len() == 32 && session != "upstream-session", "{session}");
    assert_eq!(reply.header("set-cookie"), "");
    let call = |agent, path: &'static str, session: String| {
        let world = &world;
        async move {
            let mut headers = world.headers(agent, "POST", path).await;
            headers.set("mcp-session-id", &session);
            world.send(Method::POST, path, &headers, Bytes::from(SEND)).await
        }
    };
    let good = call(&agent, "/mcp/mail", session.clone()).await;
    assert_eq!(good.status, StatusCode::OK);
    assert_eq!(upstream.seen()[1].headers["mcp-session-id"], "upstream-session");
    let before = upstream.seen().len();
    for (agent, path, session) in [
        (&other, "/mcp/mail", session.clone()),
        (&agent, "/mcp/files", session.clone()),
        (&agent, "/mcp/mail", "upstream-session".to_owned()),
    ] {
        let reply = call(agent, path, session).await;
        assert_eq!((reply.status, &*reply.code()), (StatusCode::NOT_FOUND, "GATE-0018"));
    }
    assert_eq!(upstream.seen().len(), before);
    let mut headers = world.headers(&agent, "DELETE", "/mcp/mail").await;
    headers.set("mcp-session-id", &session);
    let reply = world.send(Method::DELETE, "/mcp/mail", &headers, Bytes::new()).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(call(&agent, "/mcp/mail", session).await.code(), "GATE-0018");
}

#[tokio::test]
async fn resources_prompts_and_completions_are_judged_by_their_names() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    let says = |surface, name| Says { surface, ..Says::tool("mail", name) };
    world.grant(&agent, says(Surface::Resource, "note://open/*")).await;
    world.grant(&agent, says(Surface::Prompt, "greet")).await;
    for (method, params, wanted) in [
        ("resources/read", r#"{"uri":"note://open/1"}"#, ""),
        ("resources/read", r#"{"uri":"note://closed/1"}"#, "DENY-0011"),
        ("resources/subscribe", r#"{"uri":"note://closed/1"}"#, "DENY-0011"),
        ("prompts/get", r#"{"name":"greet"}"#, ""),
        ("prompts/get", r#"{"name":"curse"}"#, "DENY-0011"),
        ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"greet"}}"#, ""),
        ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"curse"}}"#, "DENY-0011"),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["note://open/1"]}}"#,
            "",
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["note://x"]}}"#,
            "DENY-0011",
        ),
        ("tasks/list", "{}", "GATE-0016"),
        ("tools/call", "{}", "GATE-0017"),
        ("ping", "{}", ""),
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let reply = world.post(&agent, "/mcp/mail", &body).await;
        assert_eq!((reply.status, &*reply.code()), (StatusCode::OK, wanted), "{method} {params}");
    }
}

#[tokio::test]
async fn what_the_upstream_cannot_do_is_said() {
    let upstream = Upstream::start().await;
    let mut dead = upstream.server("dead");
    let target = writ_gateway::Target::parse("http://127.0.0.1:1/mcp").unwrap();
    dead.at = writ_gateway::Place::Http(target);
    let world = World::new(vec![upstream.server("mail"), dead]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    world.grant(&agent, Says::tool("dead", "*")).await;
    assert_eq!(world.post(&agent, "/mcp/dead", SEND).await.code(), "GATE-0050");
    let fail = SEND.replace("\"send\"", "\"fail\"");
    assert_eq!(world.post(&agent, "/mcp/mail", &fail).await.code(), "GATE-0054");
    let records = world.records(agent.tenant).await;
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.effect == Disposition::Errored));
}

#[tokio::test]
async fn metadata_says_where_tokens_come_from() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let path = "/.well-known/oauth-protected-resource/mcp/mail";
    let reply = world.send(Method::GET, path, &Headers::default(), Bytes::new()).await;
    assert_eq!(reply.json()["resource"], world.url("/mcp/mail"));
    assert_eq!(reply.json()["authorization_servers"][0], crate::world::ISSUER);
    assert_eq!(reply.json()["dpop_bound_access_tokens_required"], true);
}

#[tokio::test]
async fn records_are_sealed_in_the_ledger() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "send")).await;
    for _ in 0..3 {
        world.post(&agent, "/mcp/mail", SEND).await;
    }
    assert_eq!(world.gateway.seal_now().await, 1);
    assert_eq!(world.gateway.seal_now().await, 0, "nothing new");
    let view = world.tenants.view(agent.tenant).await.unwrap();
    let sealed = view.state.seals.values().next().unwrap();
    assert_eq!((sealed.seal.first, sealed.seal.last, sealed.seal.count), (0, 2, 3));
    let (seal, leaves) = world.lake.seal_at(agent.tenant, sealed.line).await.unwrap().unwrap();
    assert_eq!((seal.batch.root, leaves.len()), (sealed.seal.root, 3));
    world.gateway.halt().await;
}

#[tokio::test]
async fn clients_share_a_name_and_each_reaches_its_own_server() {
    let (one, two, shared) =
        (Upstream::start().await, Upstream::start().await, Upstream::start().await);
    let of = |upstream: &Upstream, client: &str| writ_gateway::Server {
        client: Some(client.to_owned()),
        ..upstream.server("mail")
    };
    let servers = vec![of(&one, "client-1"), of(&two, "client-2"), shared.server("mail")];
    let world = World::new(servers).await;
    for (number, wanted) in [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1])] {
        let agent = world.agent(number).await;
        world.grant(&agent, Says { rules: only_good(), ..Says::tool("mail", "send") }).await;
        let reply = world.post(&agent, "/mcp/mail", SEND).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        assert_eq!([&one, &two, &shared].map(|upstream| upstream.seen().len()), wanted);
    }
}
