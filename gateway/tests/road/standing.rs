//! What a gateway lets through when it loses touch with the ledger: each standing, for what lists, reads, acts, streams and
//! notifies; and what is under way when the standing falls.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use writ_charter::Mode;
use writ_gateway::TenantBounds;
use writ_model::{Clock as _, Span, ocsf::Disposition};
use writ_store::{Lease, Standing, Terms};

use crate::{
    upstream::Upstream,
    world::{Agent, Reply, Says, World, clause, naming},
};

const PATH: &str = "/mcp/mail";
/// Shorter than the usual: the watcher looks at the real time, and a test waits for it.
const TERMS: Terms = Terms { acting: Span::millis(40), staleness_max: Span::millis(90) };

/// A world whose gateway has just heard of the ledger. `read` reads a file; `watch` does too, in a stream; all else acts.
async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let servers = vec![upstream.server("mail")];
    let world = World::under(servers, Lease::new(TERMS), TenantBounds::default()).await;
    world.lease.renew(0);
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("read", "file.read"), naming("watch", "file.read")];
        })
        .await;
    (upstream, world, agent)
}

impl World {
    /// The ledger is heard of now.
    fn heard(&self) {
        self.lease.renew(self.clock.monotonic_micros());
    }

    /// The ledger was last heard of so long ago.
    fn unheard(&self, span: Span) {
        self.heard();
        self.clock.advance(span);
    }
}

fn call(name: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{name}"}}}}"#)
}

fn request(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{{}}}}"#)
}

const CANCELLED: &str = r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#;
const LISTEN: &str =
    r#"{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"notifications":{}}}"#;

/// What is asked, and what is said to it in each standing.
type Row = (Method, String, [(u16, &'static str); 3]);

async fn open(
    world: &World,
    agent: &Agent,
    method: Method,
    body: &str,
) -> http::Response<hyper::body::Incoming> {
    let headers = world.headers(agent, method.as_str(), PATH).await;
    world.open(method, PATH, &headers, Bytes::from(body.to_owned())).await
}

/// The rest of a stream, as text.
async fn rest(response: http::Response<hyper::body::Incoming>) -> String {
    String::from_utf8_lossy(&response.into_body().collect().await.unwrap().to_bytes()).into_owned()
}

/// What is answered at the head: the status, and the code if the body is at hand.
async fn said(world: &World, agent: &Agent, method: Method, body: &str) -> (u16, String) {
    let response = open(world, agent, method, body).await;
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").cloned();
    if kind.is_some_and(|kind| kind == "text/event-stream") {
        return (status, "stream".to_owned());
    }
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let reply = Reply { status: head.status, headers: head.headers, body };
    (status, if reply.body.is_empty() { String::new() } else { reply.code() })
}

#[tokio::test]
async fn each_standing_lets_through_what_it_says() {
    let (upstream, world, agent) = world().await;
    let reads = |code: &'static str| (503, code);
    let rows: [Row; 9] = [
        (Method::POST, request("tools/list"), [(200, ""), (200, ""), reads("GATE-0103")]),
        (Method::POST, request("ping"), [(200, ""), (200, ""), reads("GATE-0103")]),
        (Method::POST, request("initialize"), [(200, ""), (200, ""), reads("GATE-0103")]),
        (Method::POST, CANCELLED.to_owned(), [(202, ""), (202, ""), reads("GATE-0103")]),
        (Method::POST, call("read"), [(200, ""), (200, ""), reads("GATE-0103")]),
        (Method::POST, call("watch"), [(200, "stream"), (200, "stream"), reads("GATE-0103")]),
        (Method::POST, call("send"), [(200, ""), (200, "GATE-0104"), reads("GATE-0103")]),
        (Method::POST, LISTEN.to_owned(), [(200, ""), (200, "GATE-0104"), reads("GATE-0103")]),
        (Method::GET, String::new(), [(200, "stream"), (503, "GATE-0104"), reads("GATE-0103")]),
    ];
    // Ages at which the standing is full, reading, nothing.
    for (at, age) in [Span::millis(39), Span::millis(40), Span::millis(90)].into_iter().enumerate()
    {
        for (method, body, wanted) in &rows {
            world.headers(&agent, "POST", PATH).await;
            world.unheard(age);
            let (status, code) = said(&world, &agent, method.clone(), body).await;
            // The server of these tests answers a subscription like any call.
            assert_eq!((status, &*code), wanted[at], "{method} {body} at {age:?}");
        }
    }
    let acts = upstream.seen().iter().filter(|seen| seen.body == call("send")).count();
    assert_eq!(acts, 1, "once, while the standing was full");
    world.heard();
    assert_eq!(world.post(&agent, PATH, &call("send")).await.code(), "");
    let records = world.records(agent.tenant).await;
    let refused = records.iter().find(|record| record.code == "GATE-0104" && record.name == "send");
    assert_eq!(refused.unwrap().effect, Disposition::Blocked, "what was decided on is recorded");
    assert!(world.refused()["GATE-0103"] >= 9, "{:?}", world.refused());
}

#[tokio::test]
async fn a_refusal_for_now_says_when_to_try_again() {
    let (_upstream, world, agent) = world().await;
    world.headers(&agent, "POST", PATH).await;
    for age in [TERMS.acting, TERMS.staleness_max] {
        world.unheard(age);
        let reply = world.post(&agent, PATH, &call("send")).await;
        assert_eq!(reply.header("retry-after"), "1", "{reply:?}");
    }
}

#[tokio::test]
async fn streams_close_when_reading_begins_and_calls_go_on() {
    let (_upstream, world, agent) = world().await;
    let (stream, listening) = (
        open(&world, &agent, Method::POST, &call("watch")).await,
        open(&world, &agent, Method::GET, "").await,
    );
    assert_eq!(world.gateway.metrics().streams, 2);
    world.clock.advance(TERMS.acting);
    let (text, heard) = (rest(stream).await, rest(listening).await);
    assert!(text.contains("GATE-0104") && text.contains("\"id\":7"), "{text}");
    assert!(heard.contains("GATE-0104") && heard.contains("\"id\":null"), "{heard}");
    assert_eq!(world.gateway.standing(), Standing::Reading);
    assert_eq!(world.post(&agent, PATH, &call("read")).await.code(), "");
    world.heard();
    let again = open(&world, &agent, Method::POST, &call("watch")).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(world.gateway.metrics().streams, 1);
}

#[tokio::test]
async fn everything_under_way_is_cut_when_nothing_is_left() {
    let (_upstream, world, agent) = world().await;
    let listening = open(&world, &agent, Method::GET, "").await;
    world.unheard(TERMS.acting);
    assert!(rest(listening).await.contains("GATE-0104"));
    // A call that only reads is let through while reading, and its answer streams.
    let stream = open(&world, &agent, Method::POST, &call("watch")).await;
    assert_eq!(stream.status(), StatusCode::OK);
    world.clock.advance(TERMS.staleness_max);
    let text = rest(stream).await;
    assert!(text.contains("GATE-0103"), "{text}");
    let records = world.records(agent.tenant).await;
    let said: Vec<_> = records.iter().map(|record| (record.effect, &*record.code)).collect();
    assert_eq!(said[1], (Disposition::Errored, "GATE-0103"), "{said:?}");
    assert_eq!((world.gateway.busy(), world.gateway.standing()), (0, Standing::Nothing));
}

#[tokio::test]
async fn a_call_that_waits_for_its_answer_is_dropped_when_nothing_is_left() {
    let (upstream, world, agent) = world().await;
    let waiting = async {
        let reply = world.post(&agent, PATH, &call("stuck")).await;
        (reply.status, reply.code())
    };
    let falls = async {
        upstream.reached("stuck").await;
        world.clock.advance(TERMS.staleness_max);
    };
    let ((status, code), ()) = tokio::join!(waiting, falls);
    assert_eq!((status, &*code), (StatusCode::SERVICE_UNAVAILABLE, "GATE-0103"));
}

#[tokio::test]
async fn what_waits_to_be_written_does_not_leave_once_the_lease_is_over() {
    let (upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("send", "mail.send")];
            charter.clauses.push(clause("tell", "mail.*", Mode::NotifyAndAct));
        })
        .await;
    world.headers(&agent, "POST", PATH).await;
    world.heard();
    // Telling people takes until the lease is over: decided while full, and not let out.
    *world.pen.takes.lock() = TERMS.acting;
    let reply = world.post(&agent, PATH, &call("send")).await;
    assert_eq!(reply.code(), "GATE-0104", "{reply:?}");
    assert!(upstream.seen().iter().all(|seen| seen.body != call("send")));
    assert_eq!(world.facts(agent.tenant, "act_notified").await.len(), 1);
}

#[tokio::test]
async fn a_gateway_that_never_heard_of_the_ledger_lets_nothing_through() {
    let upstream = Upstream::start().await;
    let servers = vec![upstream.server("mail")];
    let world = World::under(servers, Lease::new(TERMS), TenantBounds::default()).await;
    let agent = world.agent(1).await;
    let reply = world.post(&agent, PATH, &request("ping")).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (503, "GATE-0103"));
    let metrics = world.gateway.metrics();
    assert_eq!((metrics.standing, metrics.lease_age_us), (Standing::Nothing, None));
}
