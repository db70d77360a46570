//! The doors of `writ wrap`.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use writ_authority::Fact;
use writ_gateway::{Place, Server};
use writ_model::ocsf::Disposition;

use crate::world::{Agent, Headers, Says, World};

async fn world() -> (World, Agent) {
    let desktop = Server { name: "desktop".to_owned(), client: None, at: Place::Wrapped };
    let world = World::new(vec![desktop]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("desktop", "read*")).await;
    (world, agent)
}

fn call(name: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{{"name":"{name}"}}}}"#)
}

#[tokio::test]
async fn a_call_is_decided_and_its_outcome_completes_the_record() {
    let (world, agent) = world().await;
    let verdict = world.post(&agent, "/pep/desktop/decide", &call("read_file")).await.json();
    assert_eq!((&verdict["permit"], &verdict["filter"]), (&true.into(), &false.into()));
    let id = verdict["call_id"].as_str().unwrap();
    assert!(world.records(agent.tenant).await.is_empty(), "not before its outcome");
    let outcome = format!(r#"{{"call_id":"{id}","ok":true,"bytes":10,"duration_us":5}}"#);
    let reply = world.post(&agent, "/pep/desktop/outcome", &outcome).await;
    assert_eq!(reply.status, StatusCode::OK);
    let again = world.post(&agent, "/pep/desktop/outcome", &outcome).await;
    assert_eq!(again.code(), "GATE-0070", "once");
    let records = world.records(agent.tenant).await;
    assert_eq!((records.len(), records[0].effect), (1, Disposition::Allowed));
    assert_eq!(records[0].call.to_string(), id);
}

#[tokio::test]
async fn a_denial_carries_the_error_for_the_client() {
    let (world, agent) = world().await;
    let verdict = world.post(&agent, "/pep/desktop/decide", &call("write_file")).await.json();
    assert_eq!(verdict["permit"], false);
    assert_eq!(verdict["error"]["data"]["code"], "DENY-0011");
    assert_eq!(world.records(agent.tenant).await[0].effect, Disposition::Blocked);
    let unknown = r#"{"jsonrpc":"2.0","id":4,"method":"tools/erase"}"#;
    let verdict = world.post(&agent, "/pep/desktop/decide", unknown).await.json();
    assert_eq!((&verdict["permit"], &verdict["error"]["code"]), (&false.into(), &(-32_601).into()));
}

#[tokio::test]
async fn another_agents_outcome_is_not_taken() {
    let (world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("desktop", "*")).await;
    let verdict = world.post(&agent, "/pep/desktop/decide", &call("read_file")).await.json();
    let id = verdict["call_id"].as_str().unwrap();
    let outcome = format!(r#"{{"call_id":"{id}","ok":true}}"#);
    assert_eq!(world.post(&other, "/pep/desktop/outcome", &outcome).await.code(), "GATE-0070");
}

#[tokio::test]
async fn lists_are_filtered() {
    let (world, agent) = world().await;
    let list = r#"{"jsonrpc":"2.0","id":4,"method":"tools/list"}"#;
    let verdict = world.post(&agent, "/pep/desktop/decide", list).await.json();
    assert_eq!(verdict["filter"], true);
    let body = r#"{"method":"tools/list","result":{"tools":[{"name":"read_file"},{"name":"rm"}]}}"#;
    let reply = world.post(&agent, "/pep/desktop/filter", body).await;
    assert_eq!(&reply.body[..], br#"{"result":{"tools":[{"name":"read_file"}]}}"#);
}

#[tokio::test]
async fn life_says_when_it_ends_and_what_waited_is_cut() {
    let (world, agent) = world().await;
    world.post(&agent, "/pep/desktop/decide", &call("read_file")).await;
    let headers = world.headers(&agent, "GET", "/pep/desktop/life").await;
    let response = world.open(Method::GET, "/pep/desktop/life", &headers, Bytes::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"event: alive"));
    let mut live = world.lake.subscribe();
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(rest.starts_with(b"event: ended\ndata: "), "{rest:?}");
    let record = live.recv().await.unwrap();
    assert_eq!((record.effect, &*record.code), (Disposition::Errored, "GATE-0060"));
    let headers = world.headers(&agent, "GET", "/pep/desktop/life").await;
    let reply = world.send(Method::GET, "/pep/desktop/life", &headers, Bytes::new()).await;
    assert!(reply.body.starts_with(b"event: ended"), "{reply:?}");
}

#[tokio::test]
async fn a_wrapped_server_is_not_reached_through_the_gateway() {
    let (world, _agent) = world().await;
    let body = Bytes::from(call("read_file"));
    let reply = world.send(Method::POST, "/mcp/desktop", &Headers::mcp(), body).await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::NOT_FOUND, "GATE-0003"));
}
