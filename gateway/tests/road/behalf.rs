//! Calls with tokens that were exchanged for acting for somebody (RFC 8693): for whom they go through, for whom they do not,
//! and what ends them.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use writ_authority::{Fact, Limit, grant::Period};
use writ_identity::token::{Behalf, Link};

use crate::{
    upstream::Upstream,
    world::{Agent, Headers, Reply, Says, World},
};

const PATH: &str = "/mcp/mail";

/// An agent that may only send, and one that may do everything at the server and acts for it.
async fn world() -> (Upstream, World, Agent, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let boss = world.agent(1).await;
    world.grant(&boss, Says::tool("mail", "send")).await;
    world.grant(&boss, Says::tool("mail", "watch")).await;
    world.write(boss.tenant, vec![Fact::FormatRaised { format: 2 }]).await;
    let mut crowd = world.crowd(boss.tenant, "mail", 1).await;
    let helper = crowd.remove(0);
    world.headers(&boss, "POST", PATH).await;
    (upstream, world, boss, helper)
}

pub(crate) fn acts_for(helper: &Agent, boss: &Agent) -> Fact {
    Fact::AgentDelegated { agent: helper.id, by: boss.id }
}

async fn epoch(world: &World, agent: &Agent) -> u64 {
    world.tenants.view(agent.tenant).await.unwrap().state.agents[&agent.id].epoch
}

/// What the helper sends with the token that it got for one of the boss's.
pub(crate) async fn headers(world: &World, helper: &Agent, boss: &Agent) -> Headers {
    let (own, its) = (epoch(world, helper).await, epoch(world, boss).await);
    let token = world.token_with(helper, &world.url(PATH), |claims| {
        let actors = vec![Link { agent: helper.id, instance: helper.instance, epoch: own }];
        claims.behalf = Some(Behalf { copy: boss.instance, actors });
        claims.sub = boss.id;
        claims.epoch = its;
    });
    dressed(world, helper, &token).await
}

async fn dressed(world: &World, agent: &Agent, token: &str) -> Headers {
    let mut headers = world.headers(agent, "POST", PATH).await;
    headers.set("authorization", &format!("DPoP {token}"));
    headers.set("dpop", &world.proof(&agent.key, "POST", &world.url(PATH), token));
    headers
}

fn call(tool: &str) -> Bytes {
    let text =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#);
    Bytes::from(text)
}

async fn asks(world: &World, helper: &Agent, boss: &Agent, tool: &str) -> Reply {
    let headers = headers(world, helper, boss).await;
    world.send(Method::POST, PATH, &headers, call(tool)).await
}

#[tokio::test]
async fn nobody_does_by_another_what_they_may_not_do_themselves() {
    let (upstream, world, boss, helper) = world().await;
    let reply = asks(&world, &helper, &boss, "send").await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::UNAUTHORIZED, "GATE-0190"));
    assert!(reply.header("www-authenticate").contains("invalid_token"), "{reply:?}");
    world.write(boss.tenant, vec![acts_for(&helper, &boss)]).await;
    let reply = asks(&world, &helper, &boss, "send").await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::OK, ""), "{reply:?}");
    // The helper may read, and the boss may not.
    let reply = asks(&world, &helper, &boss, "read").await;
    assert_eq!(reply.code(), "GATE-0191", "{reply:?}");
    let own = world.token(&helper, &world.url(PATH));
    let own = dressed(&world, &helper, &own).await;
    let reply = world.send(Method::POST, PATH, &own, call("read")).await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::OK, ""), "{reply:?}");
    assert_eq!(upstream.seen().len(), 2, "what was refused was not forwarded");
    // What the boss may do only so often is nobody else's.
    let limit = Limit { count: 5, per: Period::Hour };
    world.grant(&boss, Says { limits: vec![limit], ..Says::tool("mail", "erase") }).await;
    let reply = asks(&world, &helper, &boss, "erase").await;
    assert_eq!(reply.code(), "GATE-0191", "{reply:?}");
    assert_eq!(upstream.seen().len(), 2);

    let records = world.records(boss.tenant).await;
    let said: Vec<(String, serde_json::Value)> = records
        .iter()
        .map(|record| {
            let ocsf: serde_json::Value = serde_json::from_slice(&record.ocsf).unwrap();
            (record.code.clone(), ocsf["unmapped"]["acting_for"].clone())
        })
        .collect();
    let boss_alone = serde_json::json!([boss.id]);
    let with = |code: &str| said.iter().filter(|(one, _)| one == code).collect::<Vec<_>>();
    assert!(records.iter().all(|record| record.agent == helper.id), "it is the helper that calls");
    assert!(with("GATE-0191").iter().all(|(_, of)| *of == boss_alone), "{said:?}");
    assert_eq!(with("GATE-0191").len(), 2, "{said:?}");
    let own: Vec<_> = said.iter().filter(|(_, of)| of.is_null()).collect();
    assert_eq!(own.len(), 1, "its own call is for nobody: {said:?}");
}

#[tokio::test]
async fn whatever_stops_one_of_the_chain_stops_the_token_and_what_runs_by_it() {
    type Stop = fn(&Agent, &Agent) -> Vec<Fact>;
    let stops: [(&str, Stop); 4] = [
        ("the boss's copy is ended", |boss, _| {
            vec![Fact::InstanceEnded { instance: boss.instance, reason: "Lost".to_owned() }]
        }),
        ("the boss is held", |boss, _| {
            vec![Fact::AgentHeld { agent: boss.id, reason: "Look".to_owned() }]
        }),
        ("the helper is quarantined", |_, helper| {
            vec![Fact::AgentQuarantined { agent: helper.id, reason: "Look".to_owned() }]
        }),
        ("the boss is held and released", |boss, _| {
            vec![
                Fact::AgentHeld { agent: boss.id, reason: "Look".to_owned() },
                Fact::AgentReleased { agent: boss.id },
            ]
        }),
    ];
    for (what, stop) in stops {
        let (_upstream, world, boss, helper) = world().await;
        world.write(boss.tenant, vec![acts_for(&helper, &boss)]).await;
        let open = headers(&world, &helper, &boss).await;
        let response = world.open(Method::POST, PATH, &open, call("watch")).await;
        assert_eq!(response.status(), StatusCode::OK, "{what}");
        let mut body = response.into_body();
        body.frame().await.unwrap().unwrap();
        let before = headers(&world, &helper, &boss).await;
        world.write(boss.tenant, stop(&boss, &helper)).await;
        let rest = body.collect().await.unwrap().to_bytes();
        let rest = String::from_utf8_lossy(&rest).into_owned();
        assert!(rest.contains("GATE-0060"), "{what}: {rest}");
        let reply = world.send(Method::POST, PATH, &before, call("send")).await;
        assert_eq!(
            (reply.status, &*reply.code()),
            (StatusCode::UNAUTHORIZED, "GATE-0190"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_chain_of_others_is_none_of_the_callers() {
    let (upstream, world, boss, helper) = world().await;
    world.write(boss.tenant, vec![acts_for(&helper, &boss)]).await;
    // The boss acts for nobody, so that nobody's token is good for acting for the helper.
    let reply = asks(&world, &boss, &helper, "send").await;
    assert_eq!((reply.status, &*reply.code()), (StatusCode::UNAUTHORIZED, "GATE-0190"));
    // A token for the helper, shown with the boss's key.
    let mut stolen = headers(&world, &helper, &boss).await;
    let text = stolen.get("authorization");
    let token = text.strip_prefix("DPoP ").unwrap();
    stolen.set("dpop", &world.proof(&boss.key, "POST", &world.url(PATH), token));
    let reply = world.send(Method::POST, PATH, &stolen, call("send")).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{reply:?}");
    assert!(upstream.seen().is_empty());
}
