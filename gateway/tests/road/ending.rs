//! When an agent is ended: its streams are cut, its calls dropped, its tokens refused, and the receipt says so.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use writ_authority::Fact;
use writ_model::ocsf::Disposition;

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World},
};

const WATCH: &str = r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"watch"}}"#;
const PATH: &str = "/mcp/mail";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    (upstream, world, agent)
}

/// Waits until the ledger has the gateway's confirmation.
async fn confirmed(world: &World, agent: &Agent) -> writ_authority::fact::TerminationConfirmed {
    let mut changes = world.tenants.changes();
    loop {
        let view = world.tenants.view(agent.tenant).await.unwrap();
        if let Some(confirmed) = view.state.confirmed.values().next() {
            return confirmed.as_ref().clone();
        }
        changes.recv().await.unwrap();
    }
}

#[tokio::test]
async fn an_open_stream_is_cut_with_a_word_and_a_receipt() {
    let (upstream, world, agent) = world().await;
    let headers = world.headers(&agent, "POST", PATH).await;
    let response = world.open(Method::POST, PATH, &headers, Bytes::from(WATCH)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"data: "), "{first:?}");
    assert_eq!(world.gateway.busy(), 1);

    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    let rest = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(rest.to_vec()).unwrap();
    assert!(text.contains("GATE-0060") && text.contains("\"id\":9"), "{text}");
    let receipt = confirmed(&world, &agent).await;
    assert_eq!((receipt.streams, receipt.agent), (1, agent.id));
    assert!(receipt.last_cut_us >= receipt.tokens_refused_us);
    assert_eq!(world.gateway.busy(), 0);

    let reply = world.post(&agent, PATH, WATCH).await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::UNAUTHORIZED, "DENY-0005"));
    assert!(reply.header("www-authenticate").contains("invalid_token"));
    assert_eq!(upstream.seen().len(), 1);
    let records = world.records(agent.tenant).await;
    let effects: Vec<_> = records.iter().map(|record| (record.effect, &*record.code)).collect();
    assert_eq!(effects, [(Disposition::Errored, "GATE-0060"), (Disposition::Blocked, "DENY-0005")]);
}

#[tokio::test]
async fn a_hold_cuts_too_and_another_agent_goes_on() {
    let (_upstream, world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "*")).await;
    let mut bodies = Vec::new();
    for agent in [&agent, &other] {
        let headers = world.headers(agent, "POST", PATH).await;
        let response = world.open(Method::POST, PATH, &headers, Bytes::from(WATCH)).await;
        let mut body = response.into_body();
        body.frame().await.unwrap().unwrap();
        bodies.push(body);
    }
    let reason = "wait".to_owned();
    world.write(agent.tenant, vec![Fact::AgentHeld { agent: agent.id, reason }]).await;
    let rest = bodies.remove(0).collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0060"));
    assert_eq!(world.gateway.busy(), 1, "the other agent's stream lives");
    let held = world.post(&agent, PATH, WATCH).await;
    assert_eq!((held.status, &*held.code()), (StatusCode::OK, "DENY-0003"));
    world.write(agent.tenant, vec![Fact::AgentReleased { agent: agent.id }]).await;
    let headers = world.headers(&agent, "POST", PATH).await;
    let again = world.open(Method::POST, PATH, &headers, Bytes::from(WATCH)).await;
    assert_eq!(again.status(), StatusCode::OK, "a released agent goes on");
}

#[tokio::test]
async fn ending_one_copy_leaves_the_other() {
    let (_upstream, world, agent) = world().await;
    let copy = world.instance(agent.tenant, agent.id, 5).await;
    let instance = agent.instance;
    world
        .write(agent.tenant, vec![Fact::InstanceEnded { instance, reason: "lost".to_owned() }])
        .await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let ended = world.post(&agent, PATH, ping).await;
    assert_eq!((ended.status, &*ended.code()), (StatusCode::UNAUTHORIZED, "DENY-0006"));
    assert_eq!(world.post(&copy, PATH, ping).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_listening_stream_is_cut_and_its_session_gone() {
    let (_upstream, world, agent) = world().await;
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    let session = world.post(&agent, PATH, hello).await.header("mcp-session-id").to_owned();
    let mut headers = world.headers(&agent, "GET", PATH).await;
    headers.set("mcp-session-id", &session);
    let response = world.open(Method::GET, PATH, &headers, Bytes::new()).await;
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(&first[..], b": hello\n\n");
    let reason = "look".to_owned();
    world.write(agent.tenant, vec![Fact::AgentQuarantined { agent: agent.id, reason }]).await;
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("\"id\":null"));
}

#[tokio::test]
async fn an_agent_that_does_not_read_is_cut_all_the_same() {
    let (_upstream, world, agent) = world().await;
    let headers = world.headers(&agent, "POST", PATH).await;
    let body = Bytes::from(WATCH.replace("\"watch\"", "\"flood\""));
    let response = world.open(Method::POST, PATH, &headers, body).await;
    let mut live = world.lake.subscribe();
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    let receipt = confirmed(&world, &agent).await;
    assert_eq!(receipt.streams, 1);
    assert_eq!(world.gateway.busy(), 0);
    assert_eq!(live.recv().await.unwrap().effect, Disposition::Errored);
    // Told in an event if there was room for one, else by a closed connection; never by more of the same.
    if let Ok(rest) = response.into_body().collect().await {
        assert!(String::from_utf8_lossy(&rest.to_bytes()).contains("GATE-0060"));
    }
}

#[tokio::test]
async fn leaving_with_the_answer_or_from_listening_is_no_failure() {
    let (_upstream, world, agent) = world().await;
    let mut live = world.lake.subscribe();
    let headers = world.headers(&agent, "POST", PATH).await;
    let body = Bytes::from(WATCH.replace("\"watch\"", "\"linger\""));
    let response = world.open(Method::POST, PATH, &headers, body).await;
    let record = live.recv().await.unwrap();
    assert_eq!((record.effect, &*record.name), (Disposition::Allowed, "linger"), "still open");
    drop(response);
    let headers = world.headers(&agent, "GET", PATH).await;
    drop(world.open(Method::GET, PATH, &headers, Bytes::new()).await);
    let record = live.recv().await.unwrap();
    assert_eq!((record.effect, &*record.method), (Disposition::Allowed, "GET"));
}

#[tokio::test]
async fn a_client_that_goes_away_is_recorded() {
    let (_upstream, world, agent) = world().await;
    let headers = world.headers(&agent, "POST", PATH).await;
    let mut live = world.lake.subscribe();
    let response = world.open(Method::POST, PATH, &headers, Bytes::from(WATCH)).await;
    drop(response);
    let record = live.recv().await.unwrap();
    assert_eq!((record.effect, &*record.code), (Disposition::Errored, "GATE-0061"));
}
