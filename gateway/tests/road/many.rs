//! Endings of more than one agent: many in one act, what acts for an agent, a client out of a backup, a client whose ledger
//! this gateway cannot read any more.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use writ_authority::{
    Fact, State,
    fact::{AgentsTerminated, Ended, How, LedgerRestored},
};
use writ_model::{AgentId, Span, TenantId};

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World},
};

const PATH: &str = "/mcp/mail";
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const WATCH: &str = r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"watch"}}"#;

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    world.write(agent.tenant, vec![Fact::FormatRaised { format: 2 }]).await;
    world.headers(&agent, "POST", PATH).await;
    (upstream, world, agent)
}

async fn watching(world: &World, agent: &Agent) -> Incoming {
    let headers = world.headers(agent, "POST", PATH).await;
    let response =
        world.open(Method::POST, PATH, &headers, Bytes::from_static(WATCH.as_bytes())).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    body
}

/// The rest of a stream that was cut.
async fn rest(body: Incoming) -> String {
    String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned()
}

async fn said(world: &World, agent: &Agent) -> String {
    world.post(agent, PATH, PING).await.code()
}

/// Waits until a tenant's register says something.
async fn until(world: &World, tenant: TenantId, holds: impl Fn(&State) -> bool) {
    let mut changes = world.tenants.changes();
    while !holds(&world.tenants.view(tenant).await.unwrap().state) {
        changes.recv().await.unwrap();
    }
}

fn ended(agents: &[AgentId], what: Ended, part: u32) -> Fact {
    let (agents, reason) = (agents.to_vec(), "drill".to_owned());
    Fact::AgentsTerminated(Box::new(AgentsTerminated { agents, what, reason, part }))
}

#[tokio::test]
async fn many_agents_are_ended_in_one_act_and_confirmed_once() {
    let (_upstream, world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "*")).await;
    let crowd = world.crowd(agent.tenant, "mail", 60).await;
    let streams = join_all(crowd.iter().take(40).map(|one| watching(&world, one))).await;
    let (mine, others) = (watching(&world, &agent).await, watching(&world, &other).await);
    assert_eq!(world.gateway.busy(), 42);

    let ids: Vec<AgentId> = crowd.iter().map(|one| one.id).collect();
    let (first, second) = ids.split_at(50);
    world
        .write(agent.tenant, vec![ended(first, Ended::Agents, 0), ended(second, Ended::Agents, 1)])
        .await;
    for text in join_all(streams.into_iter().map(rest)).await {
        assert!(text.contains("GATE-0060"), "{text}");
    }
    until(&world, agent.tenant, |state| !state.reached.is_empty()).await;
    assert_eq!(world.gateway.busy(), 2, "who is not named goes on");
    let said = join_all(crowd.iter().map(|one| said(&world, one))).await;
    let codes: BTreeSet<String> = said.into_iter().collect();
    assert_eq!(codes, BTreeSet::from(["DENY-0005".to_owned()]));
    let reached = world.facts(agent.tenant, "termination_reached").await;
    let lines = world.tenants.view(agent.tenant).await.unwrap().state.endings.clone();
    let (line, ending) = lines.get_max().unwrap();
    assert_eq!((reached.len(), ending.agents), (1, 60));
    assert_eq!(reached[0]["line"], *line);
    let target = &reached[0]["targets"][0];
    assert_eq!(target["how"], serde_json::to_value(How::Confirmed).unwrap());
    assert_eq!(
        (&target["measured"]["streams"], &target["measured"]["calls"]),
        (&40.into(), &0.into())
    );
    assert!(world.facts(agent.tenant, "termination_confirmed").await.is_empty());
    drop((mine, others));
}

#[tokio::test]
async fn what_could_not_be_confirmed_is_confirmed_later() {
    let (_upstream, world, agent) = world().await;
    let stream = watching(&world, &agent).await;
    *world.pen.loses.lock() = 1;
    world.write(agent.tenant, vec![ended(&[agent.id], Ended::Agents, 0)]).await;
    assert!(rest(stream).await.contains("GATE-0060"));
    until(&world, agent.tenant, |state| !state.reached.is_empty()).await;
    assert_eq!(*world.pen.loses.lock(), 0, "the first word was lost");
    let reached = &world.facts(agent.tenant, "termination_reached").await[0];
    assert_eq!(reached["targets"][0]["measured"]["streams"], 1, "with what was measured");
}

#[tokio::test]
async fn what_acts_for_an_agent_stops_and_ends_with_it() {
    let (_upstream, world, parent) = world().await;
    let tenant = parent.tenant;
    let crowd = world.crowd(tenant, "mail", 3).await;
    let [child, grandchild, stranger] = &crowd[..] else { panic!("three") };
    let delegated = |agent: &Agent, by: &Agent| Fact::AgentDelegated { agent: agent.id, by: by.id };
    world.write(tenant, vec![delegated(child, &parent), delegated(grandchild, child)]).await;
    let family = [&parent, child, grandchild];
    let (agent, reason) = (parent.id, "look".to_owned());
    let stops = [
        Fact::AgentHeld { agent, reason: reason.clone() },
        Fact::AgentQuarantined { agent, reason },
    ];
    for stop in stops {
        let open = join_all(family.iter().map(|one| watching(&world, one))).await;
        let away = watching(&world, stranger).await;
        world.write(tenant, vec![stop]).await;
        for text in join_all(open.into_iter().map(rest)).await {
            assert!(text.contains("GATE-0060"), "{text}");
        }
        assert!(said(&world, grandchild).await.starts_with("DENY-"));
        assert_eq!((said(&world, stranger).await, world.gateway.busy()), (String::new(), 1));
        drop(away);
        world.write(tenant, vec![Fact::AgentReleased { agent }]).await;
        assert_eq!(said(&world, grandchild).await, "", "it goes on when its parent does");
    }
    let open = join_all(family.iter().map(|one| watching(&world, one))).await;
    let ends = Fact::AgentTerminated { agent, reason: "drill".to_owned() };
    let below = ended(&[child.id, grandchild.id], Ended::Below(agent), 0);
    world.write(tenant, vec![ends, below]).await;
    for text in join_all(open.into_iter().map(rest)).await {
        assert!(text.contains("GATE-0060"), "{text}");
    }
    until(&world, tenant, |state| !state.reached.is_empty() && !state.confirmed.is_empty()).await;
    for one in [child, grandchild] {
        assert_eq!(said(&world, one).await, "DENY-0005");
    }
    assert_eq!(said(&world, stranger).await, "");
    let confirmed = &world.facts(tenant, "termination_confirmed").await[0];
    assert_eq!(
        (&confirmed["streams"], &confirmed["agent"]),
        (&1.into(), &agent.to_string().into())
    );
    let reached = &world.facts(tenant, "termination_reached").await[0];
    assert_eq!(reached["targets"][0]["measured"]["streams"], 2);
}

#[tokio::test]
async fn a_token_from_before_a_restore_is_refused_and_everything_is_cut() {
    let (_upstream, world, agent) = world().await;
    let tenant = agent.tenant;
    let other = world.agent(2).await;
    let before = world.token(&agent, &world.url(PATH));
    let stream = watching(&world, &agent).await;
    world.advance(Span::seconds(5));
    let backup_at = world.clock_now();
    let restored = LedgerRestored { backup_at, size: 9, witnessed: None, gap: 0 };
    world.write(tenant, vec![Fact::LedgerRestored(Box::new(restored))]).await;
    assert!(rest(stream).await.contains("GATE-0060"));
    assert_eq!(said(&world, &agent).await, "DENY-0003", "on hold until a person says otherwise");
    world.write(tenant, vec![Fact::AgentReleased { agent: agent.id }]).await;
    let mut headers = world.headers(&agent, "POST", PATH).await;
    headers.set("authorization", &format!("DPoP {before}"));
    headers.set("dpop", &world.proof(&agent.key, "POST", &world.url(PATH), &before));
    let old = world.send(Method::POST, PATH, &headers, Bytes::from_static(PING.as_bytes())).await;
    assert_eq!((old.status, &*old.code()), (StatusCode::UNAUTHORIZED, "GATE-0107"));
    assert!(old.header("www-authenticate").contains("invalid_token"), "{old:?}");
    assert_eq!(said(&world, &agent).await, "", "a new one is good");
    assert_eq!(said(&world, &other).await, "DENY-0010", "another client's is as it was");
}

#[tokio::test]
async fn a_ledger_that_is_newer_than_the_gateway_refuses_its_client_alone() {
    let (_upstream, world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "*")).await;
    let stream = watching(&world, &agent).await;
    let size = world.tenants.view(agent.tenant).await.unwrap().size;
    let line = br#"{"actor":{"system":"x"},"at":"2026-11-21T22:00:00.000000Z","fact":{"of_tomorrow":{}},"v":9}"#;
    let lines = vec![Bytes::from_static(line)];
    world.tenants.ledger().append(agent.tenant, size, lines).await.unwrap();
    assert_eq!(world.tenants.poll().await.unwrap().refused.len(), 1);
    assert!(rest(stream).await.contains("GATE-0060"));
    let reply = world.post(&agent, PATH, PING).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (503, "GATE-0109"));
    assert_eq!(said(&world, &other).await, "");
}
