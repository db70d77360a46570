//! What a record keeps for those who come later: the epoch it was decided with, and a seal that survives a crash.

use bytes::Bytes;
use http::Method;
use writ_authority::{Fact, fact::ActivitySealed};
use writ_model::Digest;

use crate::{
    upstream::Upstream,
    world::{Headers, Says, World},
};

const SEND: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}"#;

#[tokio::test]
async fn a_record_keeps_the_epoch_of_its_token() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "send")).await;
    world.post(&agent, "/mcp/mail", SEND).await;
    let here = world.url("/mcp/mail");
    let token = world.token_with(&agent, &here, |claims| claims.epoch = 9);
    let mut headers = Headers::mcp();
    headers.set("authorization", &format!("DPoP {token}"));
    headers.set("dpop", &world.proof(&agent.key, "POST", &here, &token));
    let body = Bytes::from_static(SEND.as_bytes());
    let refused = world.send(Method::POST, "/mcp/mail", &headers, body).await;
    assert_eq!(refused.code(), "DENY-0007", "{refused:?}");
    let kept = |record: &writ_lake::Record| (record.code.clone(), record.inputs.epoch);
    let kept: Vec<_> = world.records(agent.tenant).await.iter().map(kept).collect();
    assert_eq!(kept, [("PERM-0001".to_owned(), 0), ("DENY-0007".to_owned(), 9)]);
}

#[tokio::test]
async fn a_gateway_that_runs_recovers_a_seal_that_the_lake_does_not_know() {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "send")).await;
    for _ in 0..4 {
        world.post(&agent, "/mcp/mail", SEND).await;
    }
    let records = world.records(agent.tenant).await;
    assert_eq!(records.len(), 4);
    // RFC 6962 section 2.1: the root over one leaf is its hash.
    let root = Digest::of(&[&[0], &records[0].ocsf[..]].concat());
    let (gateway, boot) = (records[0].gateway, records[0].boot);
    let seal = ActivitySealed { gateway, boot, first: 0, last: 0, count: 1, root };
    world.write(agent.tenant, vec![Fact::ActivitySealed(seal.clone())]).await;
    let state = |view: std::sync::Arc<writ_store::View<writ_authority::State>>| {
        view.state.seals.get(&(gateway, boot)).map(|sealed| (sealed.seal.clone(), sealed.line))
    };
    let (known, line) = state(world.tenants.view(agent.tenant).await.unwrap()).unwrap();
    assert_eq!(known, seal);
    assert_eq!(world.gateway.seal_now().await, 2, "the one that was there, and the rest");
    let (rest, next) = state(world.tenants.view(agent.tenant).await.unwrap()).unwrap();
    assert_eq!((rest.first, rest.last, rest.count, next), (1, 3, 3, line + 1));
    assert_eq!(world.lake.seal_lines(agent.tenant).await.unwrap(), [line, next]);
    assert_eq!(world.gateway.seal_now().await, 0, "nothing waits");
}
