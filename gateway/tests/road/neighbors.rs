//! Tenants that share a gateway: what one takes, another keeps.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use writ_gateway::TenantBounds;
use writ_identity::{Claims, SigningKey, token};
use writ_model::{Span, TokenId};
use writ_store::Lease;
use writ_testkit::SeededEntropy;

use crate::{
    upstream::Upstream,
    world::{Agent, Reply, Says, World},
};

const PATH: &str = "/mcp/mail";
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

fn bounds() -> TenantBounds {
    TenantBounds { calls: 3, streams: 2, calls_per_second: 40, ..TenantBounds::default() }
}

/// Ten calls a second, as many at once as come.
fn slow() -> TenantBounds {
    TenantBounds { calls: 100, calls_per_second: 10, ..bounds() }
}

/// Two tenants that have both called before.
async fn world(bounds: TenantBounds) -> (Upstream, World, Agent, Agent) {
    let upstream = Upstream::start().await;
    let world = World::under(vec![upstream.server("mail")], Lease::always(), bounds).await;
    let (one, two) = (world.agent(1).await, world.agent(2).await);
    for agent in [&one, &two] {
        world.grant(agent, Says::tool("mail", "*")).await;
    }
    for _ in 0..2 {
        for agent in [&one, &two] {
            assert_eq!(world.post(agent, PATH, PING).await.status, StatusCode::OK);
        }
        world.advance(Span::seconds(1));
    }
    world.headers(&one, "POST", PATH).await;
    (upstream, world, one, two)
}

fn call(name: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{name}"}}}}"#)
}

fn crowded(reply: &Reply) -> bool {
    reply.status == StatusCode::TOO_MANY_REQUESTS && reply.code() == "GATE-0108"
}

async fn served(world: &World, agent: &Agent, calls: usize) -> usize {
    let replies = join_all((0..calls).map(|_| world.post(agent, PATH, PING))).await;
    replies.iter().filter(|reply| reply.status == StatusCode::OK).count()
}

/// A token for this agent, as its desk would write it, by a key that is not its desk's.
fn forged(world: &World, agent: &Agent, number: u8) -> String {
    let now = world.clock_now();
    let claims = Claims {
        iss: crate::world::ISSUER.to_owned(),
        sub: agent.id,
        client_id: agent.instance,
        behalf: None,
        aud: world.url(PATH),
        iat: now,
        exp: now + Span::minutes(5),
        jti: TokenId::from_parts(now, [number; 10]),
        tenant: agent.tenant,
        epoch: 0,
        jkt: Some(agent.key.thumbprint()),
        scope: None,
    };
    let other = SigningKey::generate(&SeededEntropy::new(99)).unwrap();
    token::issue(&other, &claims).unwrap()
}

async fn forging(world: &World, agent: &Agent, number: u8) -> Reply {
    let mut headers = world.headers(agent, "POST", PATH).await;
    let token = forged(world, agent, number);
    headers.set("dpop", &world.proof(&agent.key, "POST", &world.url(PATH), &token));
    headers.set("authorization", &format!("DPoP {token}"));
    world.send(Method::POST, PATH, &headers, Bytes::from_static(PING.as_bytes())).await
}

#[tokio::test]
async fn a_flood_is_answered_429_and_its_neighbour_does_not_notice() {
    let (_upstream, world, flood, quiet) = world(slow()).await;
    // The clock stands still: a second's guarantee may come at once, and then no more.
    assert_eq!(served(&world, &flood, 40).await, 10);
    let reply = world.post(&flood, PATH, PING).await;
    assert!(crowded(&reply), "{reply:?}");
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(served(&world, &quiet, 10).await, 10);
    assert_eq!(world.refused()["GATE-0108"], 31);
    world.clock.advance(Span::millis(200));
    assert_eq!(served(&world, &flood, 4).await, 2, "two calls' time has passed");
}

#[tokio::test]
async fn nobody_is_charged_for_what_somebody_else_claims() {
    let (_upstream, world, flood, quiet) = world(slow()).await;
    for number in 0..30 {
        let reply = forging(&world, &quiet, number).await;
        assert_eq!((reply.status, &*reply.code()), (StatusCode::UNAUTHORIZED, "IDEN-0011"));
    }
    assert_eq!(served(&world, &quiet, 10).await, 10, "its calls are all there");
    assert_eq!(served(&world, &flood, 11).await, 10);
    // Who claims to be the overdrawn one is shed before the signature is looked at.
    let reply = forging(&world, &flood, 40).await;
    assert!(crowded(&reply), "{reply:?}");
    world.clock.advance(Span::millis(100));
    let reply = forging(&world, &flood, 41).await;
    assert_eq!(reply.code(), "IDEN-0011", "no longer overdrawn");
    assert_eq!(served(&world, &flood, 2).await, 1, "and the call that came by then is still there");
}

#[tokio::test]
async fn calls_under_way_are_bounded_for_each_tenant() {
    let (upstream, world, busy, quiet) = world(bounds()).await;
    let gate = call("gate");
    let open = join_all((0..3).map(|_| world.post(&busy, PATH, &gate)));
    let look = async {
        upstream.reached_times("gate", 3).await;
        assert!(crowded(&world.post(&busy, PATH, PING).await));
        assert_eq!(served(&world, &quiet, 3).await, 3);
        (0..3).for_each(|_| upstream.opens());
    };
    let (replies, ()) = tokio::join!(open, look);
    assert!(replies.iter().all(|reply| reply.status == StatusCode::OK));
    assert_eq!(world.post(&busy, PATH, PING).await.status, StatusCode::OK);
}

#[tokio::test]
async fn streams_and_connections_are_bounded_for_each_tenant() {
    let (_upstream, world, busy, quiet) = world(TenantBounds { connections: 3, ..bounds() }).await;
    let watch = async |agent: &Agent| {
        let headers = world.headers(agent, "POST", PATH).await;
        world.open(Method::POST, PATH, &headers, Bytes::from(call("watch"))).await
    };
    let open = [watch(&busy).await, watch(&busy).await];
    assert!(open.iter().all(|one| one.status() == StatusCode::OK));
    let third = world.post(&busy, PATH, &call("watch")).await;
    assert!(crowded(&third) && third.json()["id"] == 7, "{third:?}");
    drop(third);
    world.connected(2).await;
    // A third connection that stays, and a fourth that has no place.
    let gate = world.headers(&busy, "POST", PATH).await;
    let listening = world.open(Method::POST, PATH, &gate, Bytes::from(call("stuck")));
    let fourth = async {
        world.connected(3).await;
        world.post(&busy, PATH, PING).await
    };
    tokio::select! {
        _answered = listening => panic!("it is never answered"),
        reply = fourth => {
            assert!(crowded(&reply), "{reply:?}");
            assert_eq!(reply.header("connection"), "close");
        }
    }
    let other = watch(&quiet).await;
    assert_eq!(other.status(), StatusCode::OK);
    drop((open, other));
}

impl World {
    /// Returns when so many connections are counted.
    async fn connected(&self, connections: u64) {
        let counted = async {
            while self.gateway.metrics().connections != connections {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), counted).await.unwrap();
    }
}
