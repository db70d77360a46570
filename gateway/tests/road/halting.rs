//! A person halts a gateway, lets it drain, and lets it serve again.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use writ_gateway::{Place, Server, Stopped};
use writ_model::ocsf::Disposition;

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World},
};

const PATH: &str = "/mcp/mail";
/// How long something is waited for that has to come.
const SOON: Duration = Duration::from_secs(10);

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let desktop = Server { name: "desktop".to_owned(), client: None, at: Place::Wrapped };
    let world = World::new(vec![upstream.server("mail"), desktop]).await;
    let agent = world.agent(1).await;
    for server in ["mail", "desktop"] {
        world.grant(&agent, Says::tool(server, "*")).await;
    }
    world.headers(&agent, "POST", PATH).await;
    (upstream, world, agent)
}

fn call(name: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{name}"}}}}"#)
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
const CANCELLED: &str = r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#;

async fn said(world: &World, agent: &Agent, path: &str, body: &str) -> (u16, String) {
    let reply = world.post(agent, path, body).await;
    (reply.status.as_u16(), if reply.body.is_empty() { String::new() } else { reply.code() })
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_halted_gateway_cuts_everything_at_once_and_serves_again_when_told() {
    let (upstream, world, agent) = world().await;
    let headers = world.headers(&agent, "POST", PATH).await;
    let stream = world.open(Method::POST, PATH, &headers, Bytes::from(call("watch"))).await;
    let stuck = call("stuck");
    let waiting = said(&world, &agent, PATH, &stuck);
    let halts = async {
        upstream.reached("stuck").await;
        world.gateway.halt_now()
    };
    let (waited, stopped) = tokio::join!(waiting, halts);
    assert_eq!(stopped, Stopped { calls: 1, streams: 1 });
    assert_eq!(waited, is(503, "GATE-0105"));
    let rest = stream.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0105"));
    for body in [PING, CANCELLED, HELLO, &call("send")] {
        assert_eq!(said(&world, &agent, PATH, body).await, is(503, "GATE-0105"), "{body}");
    }
    let headers = world.headers(&agent, "GET", "/pep/desktop/life").await;
    let life = world.send(Method::GET, "/pep/desktop/life", &headers, Bytes::new()).await;
    assert_eq!(life.code(), "GATE-0105", "nobody's agent has ended");
    world.gateway.drain();
    assert_eq!(world.gateway.metrics().stopped, Some("halted"), "a drain does not weaken a halt");
    assert_eq!(upstream.seen().len(), 2);
    world.gateway.resume();
    assert_eq!(said(&world, &agent, PATH, &call("send")).await, is(200, ""));
    let effects: Vec<_> = world.records(agent.tenant).await.iter().map(|one| one.effect).collect();
    assert_eq!(effects, [Disposition::Errored, Disposition::Errored, Disposition::Allowed]);
}

#[tokio::test]
async fn a_draining_gateway_takes_nothing_new_and_finishes_what_is_open() {
    let (upstream, world, agent) = world().await;
    let verdict = world.post(&agent, "/pep/desktop/decide", &call("read")).await.json();
    let outcome = format!(r#"{{"call_id":{},"ok":true}}"#, verdict["call_id"]);
    let gate = call("gate");
    let open = said(&world, &agent, PATH, &gate);
    let headers = world.headers(&agent, "GET", PATH).await;
    let listener = world.open(Method::GET, PATH, &headers, Bytes::new()).await;
    let drains = async {
        upstream.reached("gate").await;
        world.gateway.drain();
        assert_eq!(world.gateway.metrics().stopped, Some("draining"));
        for body in [HELLO, &call("send")] {
            assert_eq!(said(&world, &agent, PATH, body).await, is(503, "GATE-0106"), "{body}");
        }
        let reply = world.post(&agent, PATH, HELLO).await;
        assert_eq!(reply.header("retry-after"), "5");
        let decide = said(&world, &agent, "/pep/desktop/decide", &call("read")).await;
        assert_eq!(decide, is(503, "GATE-0106"));
        let headers = world.headers(&agent, "GET", PATH).await;
        let listening = world.send(Method::GET, PATH, &headers, Bytes::new()).await;
        assert_eq!(listening.code(), "GATE-0106");
        // What belongs to something open is let through.
        assert_eq!(said(&world, &agent, PATH, CANCELLED).await, is(202, ""));
        assert_eq!(said(&world, &agent, PATH, PING).await, is(200, ""));
        assert_eq!(said(&world, &agent, "/pep/desktop/outcome", &outcome).await, is(200, ""));
        assert!(!world.gateway.drained(Duration::from_millis(20)).await);
        upstream.opens();
        assert!(world.gateway.drained(SOON).await);
    };
    let (finished, ()) = tokio::join!(open, drains);
    assert_eq!(finished, is(200, ""));
    let rest = listener.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0106"), "it would listen for ever");
    world.gateway.resume();
    assert_eq!(said(&world, &agent, PATH, &call("send")).await, is(200, ""));
}
