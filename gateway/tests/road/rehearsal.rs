//! A shadow is decided like its original, recorded, and never reaches a server, at any door. And a frozen client: nothing
//! of it goes on, whoever of its agents it is.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use writ_authority::Fact;
use writ_gateway::{Place, Server};
use writ_model::{AgentId, DrillId, Side, ocsf::Disposition};

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World},
};

const PATH: &str = "/mcp/mail";

fn desktop() -> Server {
    Server { name: "desktop".to_owned(), client: None, at: Place::Wrapped }
}

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), desktop()]).await;
    let agent = world.agent(1).await;
    for server in ["mail", "desktop"] {
        world.grant(&agent, Says::tool(server, "*")).await;
    }
    (upstream, world, agent)
}

async fn shadow(world: &World, agent: &Agent) -> Agent {
    let shadow = AgentId::from_bytes([120; 16]);
    let drill = DrillId::from_bytes([121; 16]);
    let name = "agent-1 (drill)".to_owned();
    world
        .write(agent.tenant, vec![Fact::DrillBegun { drill, agent: agent.id, shadow, name }])
        .await;
    world.instance(agent.tenant, shadow, 9).await
}

fn body(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

#[tokio::test]
async fn a_shadow_reaches_no_server_at_any_door() {
    let (upstream, world, agent) = world().await;
    let shadow = shadow(&world, &agent).await;
    for (method, params) in [
        ("initialize", r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#),
        ("tools/list", "{}"),
        ("tools/call", r#"{"name":"send","arguments":{"to":"x"}}"#),
        ("ping", "{}"),
    ] {
        let reply = world.post(&shadow, PATH, &body(method, params)).await;
        assert_eq!((reply.status, &*reply.code()), (StatusCode::OK, ""), "{method} {reply:?}");
        assert_eq!(reply.json()["result"]["_meta"]["writ/rehearsal"], true, "{method}");
    }
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(world.post(&shadow, PATH, note).await.status, StatusCode::ACCEPTED);
    let headers = world.headers(&shadow, "DELETE", PATH).await;
    let bye = world.send(Method::DELETE, PATH, &headers, Bytes::new()).await;
    assert_eq!(bye.status, StatusCode::OK);
    let path = "/pep/desktop/decide";
    for ask in [body("tools/call", r#"{"name":"rm"}"#), body("ping", "{}")] {
        let verdict = world.post(&shadow, path, &ask).await.json();
        assert_eq!(
            (&verdict["permit"], &verdict["error"]["data"]["code"]),
            (&false.into(), &"PERM-0005".into())
        );
    }
    assert!(upstream.seen().is_empty());
    assert_eq!(world.gateway.counters().forwarded, 0);
    let records = world.records(agent.tenant).await;
    let called = records.iter().find(|one| one.method == "tools/call").unwrap();
    assert_eq!((called.effect, &*called.code), (Disposition::Allowed, "PERM-0005"));
    assert_eq!(called.agent, shadow.id);
    assert_eq!(called.inputs.charged, "", "a rehearsal uses up nothing");
}

#[tokio::test]
async fn a_shadow_is_denied_what_its_original_is_and_asks_nobody() {
    let (upstream, world, agent) = world().await;
    let shadow = shadow(&world, &agent).await;
    world.asks(&agent).await;
    let send = body("tools/call", r#"{"name":"send","arguments":{"to":"x"}}"#);
    let held = world.post(&shadow, PATH, &send).await;
    assert_eq!(held.code(), "HOLD-0001");
    assert!(world.facts(agent.tenant, "call_held").await.is_empty());
    let read = body("resources/read", r#"{"uri":"x://1"}"#);
    assert_eq!(world.post(&shadow, PATH, &read).await.code(), "DENY-0011");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_shadows_streams_are_cut_when_it_is_ended_and_the_original_lives() {
    let (_upstream, world, agent) = world().await;
    let shadow = shadow(&world, &agent).await;
    let headers = world.headers(&shadow, "GET", PATH).await;
    let stream = world.open(Method::GET, PATH, &headers, Bytes::new()).await;
    assert_eq!(stream.status(), StatusCode::OK);
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: shadow.id, reason }]).await;
    let rest = stream.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0060"), "{rest:?}");
    let refused = world.post(&shadow, PATH, &body("ping", "{}")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.post(&agent, PATH, &body("ping", "{}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_freeze_cuts_every_stream_of_the_client_and_of_no_other() {
    let (upstream, world, agent) = world().await;
    let copy = world.instance(agent.tenant, agent.id, 5).await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "*")).await;
    let watch = body("tools/call", r#"{"name":"watch"}"#);
    let mut streams = Vec::new();
    for who in [&agent, &copy, &other] {
        let headers = world.headers(who, "POST", PATH).await;
        streams.push(world.open(Method::POST, PATH, &headers, Bytes::from(watch.clone())).await);
    }
    let remove = body("tools/call", r#"{"name":"rm"}"#);
    let wrapped = world.post(&agent, "/pep/desktop/decide", &remove).await;
    assert_eq!(wrapped.json()["permit"], true);
    let headers = world.headers(&copy, "GET", "/pep/desktop/life").await;
    let life = world.open(Method::GET, "/pep/desktop/life", &headers, Bytes::new()).await;
    assert_eq!(world.gateway.busy(), 3, "by instance");
    let mut live = world.lake.subscribe();
    let freeze = Fact::ClientFrozen { side: Side::Client, reason: "look".to_owned() };
    world.write(agent.tenant, vec![freeze]).await;
    let _last = streams.pop();
    for stream in streams {
        let rest = stream.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&rest).contains("GATE-0060"), "{rest:?}");
    }
    let rest = life.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("event: ended"), "{rest:?}");
    for _ in 0..3 {
        assert_eq!(live.recv().await.unwrap().code, "GATE-0060");
    }
    assert_eq!(world.gateway.busy(), 1, "the other client's lives");
    for who in [&agent, &copy] {
        assert_eq!(world.post(who, PATH, &watch).await.code(), "DENY-0021");
    }
    let headers = world.headers(&agent, "GET", "/pep/desktop/life").await;
    let life = world.send(Method::GET, "/pep/desktop/life", &headers, Bytes::new()).await;
    assert!(life.body.starts_with(b"event: ended"), "{life:?}");
    let before = upstream.seen().len();
    world.write(agent.tenant, vec![Fact::ClientThawed { side: Side::Client }]).await;
    let ping = body("tools/call", r#"{"name":"send"}"#);
    assert_eq!(world.post(&agent, PATH, &ping).await.code(), "");
    assert_eq!(upstream.seen().len(), before + 1);
}

#[tokio::test]
async fn what_runs_is_cut_when_a_party_takes_everything_back() {
    let (_upstream, world, agent) = world().await;
    let watch = body("tools/call", r#"{"name":"watch"}"#);
    let headers = world.headers(&agent, "POST", PATH).await;
    let stream = world.open(Method::POST, PATH, &headers, Bytes::from(watch.clone())).await;
    assert_eq!(world.gateway.busy(), 1);
    let (clause, side, reason) = (None, Side::Client, "look".to_owned());
    world.write(agent.tenant, vec![Fact::DelegationSuspended { clause, side, reason }]).await;
    let rest = stream.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0060"), "{rest:?}");
    assert_eq!(world.post(&agent, PATH, &watch).await.code(), "DENY-0022");
}

#[tokio::test]
async fn at_the_door_of_wrap_an_approval_is_used_by_the_identical_retry_alone() {
    let (_upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            charter.clauses.push(crate::world::clause(
                "tools",
                "tool.use",
                crate::world::approve(),
            ));
        })
        .await;
    let path = "/pep/desktop/decide";
    let ask =
        |to: &str| body("tools/call", &format!(r#"{{"name":"rm","arguments":{{"at":"{to}"}}}}"#));
    let code = |verdict: &serde_json::Value| {
        verdict["error"]["data"]["code"].as_str().unwrap_or_default().to_owned()
    };
    let first = world.post(&agent, path, &ask("a")).await.json();
    assert_eq!((&first["permit"], code(&first)), (&false.into(), "HOLD-0001".to_owned()));
    let hold = first["error"]["data"]["hold_id"].as_str().unwrap();
    let pending = body(
        "tools/call",
        &format!(r#"{{"name":"writ_pending","arguments":{{"hold_id":"{hold}"}}}}"#),
    );
    let asked = world.post(&agent, path, &pending).await.json();
    assert_eq!(code(&asked), "GATE-0097", "what runs elsewhere is not run from here");
    world.approve(agent.tenant).await;
    let altered = world.post(&agent, path, &ask("b")).await.json();
    assert_eq!((&altered["permit"], code(&altered)), (&false.into(), "HOLD-0001".to_owned()));
    let done = world.post(&agent, path, &ask("a")).await.json();
    assert_eq!(done["permit"], true, "{done}");
    let again = world.post(&agent, path, &ask("a")).await.json();
    assert_eq!((&again["permit"], code(&again)), (&false.into(), "HOLD-0001".to_owned()));
    assert_eq!(world.facts(agent.tenant, "approval_consumed").await.len(), 1);
}
