//! What Envoy asks before it lets something through, as Envoy asks it: 200 is a permit and nothing else is.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use writ_authority::{ArgRule, Condition, Fact};
use writ_gateway::ask::config::{CallerBy, Carries, Road};
use writ_model::ocsf::Disposition;

use crate::{
    asking::{KEY, asker},
    world::{Agent, Headers, Reply, Says, World},
};

const ORIGIN: &str = "https://shop.example";

fn road(name: &str, caller: CallerBy, carries: Carries) -> Road {
    Road { name: name.to_owned(), server: "shop".to_owned(), caller, carries }
}

/// Three roads of one asker; the agent may read todos, make cheap orders, and call the tool `send`.
async fn world() -> (World, Agent, Agent) {
    let paths = ["/todos", "/todos/{todoId}", "/orders"].map(str::to_owned).to_vec();
    let by_token = || CallerBy::Token(ORIGIN.to_owned());
    let http = |body| Carries::Http { paths: paths.clone(), body };
    let mut edge = asker();
    edge.roads = vec![
        road("shop", by_token(), http(true)),
        road("plain", CallerBy::Header("x-agent".to_owned()), http(false)),
        road("mcp", by_token(), Carries::Mcp),
    ];
    let world = World::asked_by(vec![edge]).await;
    let asks = world.agent(1).await;
    let calls = world.crowd(asks.tenant, "elsewhere", 1).await.remove(0);
    world.grant(&asks, Says::tool("decisions", "shop")).await;
    let rule = |path: &str, must| ArgRule { path: path.to_owned(), must, optional: false };
    let only = |list: &[&str]| Condition::OneOf(list.iter().map(|one| (*one).to_owned()).collect());
    let rules = vec![rule("/resource/id", only(&["/todos", "/todos/{todoId}"]))];
    world.grant(&calls, Says { rules, ..Says::tool("shop", "GET") }).await;
    let rules = vec![
        rule("/resource/id", only(&["/orders"])),
        rule("/context/body/amount", Condition::AtMost("100".to_owned())),
    ];
    world.grant(&calls, Says { rules, ..Says::tool("shop", "POST") }).await;
    world.grant(&calls, Says::tool("shop", "send")).await;
    (world, asks, calls)
}

/// What Envoy sends: the key, the body and whether it is all, and what the caller showed.
struct Sent<'a> {
    agent: &'a Agent,
    verb: &'a str,
    road: &'a str,
    path: &'a str,
    body: &'a str,
}

impl Sent<'_> {
    async fn headers(&self, world: &World) -> Headers {
        let Self { agent, verb, road, path, body } = self;
        let token = world.token(agent, &world.url("/mcp"));
        let bare = path.split('?').next().unwrap();
        let url = format!("{ORIGIN}{bare}");
        let mut headers = Headers::mcp();
        headers.set("writ-key", KEY);
        headers.set("authorization", &format!("DPoP {token}"));
        headers.set("dpop", &world.proof_with(&agent.key, (verb, &url), &token, None));
        let to = format!("/ext_authz/{road}{path}");
        let first = world.send(verb.parse().unwrap(), &to, &headers, Bytes::new()).await;
        assert_eq!(first.status, StatusCode::UNAUTHORIZED, "{first:?}");
        let nonce = first.header("dpop-nonce").to_owned();
        headers.set("dpop", &world.proof_with(&agent.key, (verb, &url), &token, Some(&nonce)));
        if !body.is_empty() {
            headers.set("x-envoy-auth-partial-body", "false");
        }
        headers
    }

    async fn with(&self, world: &World, change: impl FnOnce(&mut Headers)) -> Reply {
        let mut headers = self.headers(world).await;
        change(&mut headers);
        let to = format!("/ext_authz/{}{}", self.road, self.path);
        let body = Bytes::copy_from_slice(self.body.as_bytes());
        world.send(self.verb.parse().unwrap(), &to, &headers, body).await
    }

    async fn sent(&self, world: &World) -> Reply {
        self.with(world, |_| {}).await
    }
}

fn code(reply: &Reply) -> String {
    let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let said = &json["context"]["code"];
    let text = String::from_utf8_lossy(&reply.body);
    let line = text.split(':').next().unwrap_or_default().to_owned();
    said.as_str().map_or(line, str::to_owned)
}

#[tokio::test]
async fn a_request_is_decided_on_method_template_and_body() {
    let (world, asks, agent) = world().await;
    let agent = &agent;
    let get = |path| Sent { agent, verb: "GET", road: "shop", path, body: "" };
    let post = |body| Sent { agent, verb: "POST", road: "shop", path: "/orders", body };
    let yes = get("/todos/7?full=1").sent(&world).await;
    assert_eq!(yes.status, StatusCode::OK, "{yes:?}");
    assert_eq!(yes.header("writ-agent"), agent.id.to_string());
    let delete = Sent { verb: "DELETE", ..get("/todos/7") }.sent(&world).await;
    assert_eq!((delete.status, &*code(&delete)), (StatusCode::FORBIDDEN, "DENY-0011"));
    let cheap = post(r#"{"amount":99.5}"#).sent(&world).await;
    assert_eq!(cheap.status, StatusCode::OK, "{cheap:?}");
    let dear = post(r#"{"amount":101}"#).sent(&world).await;
    assert_eq!((dear.status, &*code(&dear)), (StatusCode::FORBIDDEN, "DENY-0012"));
    for (sent, wanted) in [
        (get("/users"), "GATE-0154"),
        (get("/todos/../orders"), "GATE-0155"),
        (get("/todos/%2e%2e/orders"), "GATE-0155"),
        (get("//todos"), "GATE-0155"),
        (post(r#"{"amount":1,"amount":1000}"#), "GATE-0009"),
        (post("amount=1"), "GATE-0008"),
        (post(""), "GATE-0156"),
    ] {
        let reply = sent.sent(&world).await;
        assert!(!reply.status.is_success(), "{} {}", sent.path, sent.body);
        assert_eq!(code(&reply), wanted, "{} {}", sent.path, sent.body);
    }
    let records = world.records(asks.tenant).await;
    let seen: Vec<_> = records.iter().map(|one| (one.effect, &*one.method, &*one.name)).collect();
    let (allowed, blocked) = (Disposition::Allowed, Disposition::Blocked);
    assert_eq!(
        seen,
        [
            (allowed, "ext_authz", "GET"),
            (blocked, "ext_authz", "DELETE"),
            (allowed, "ext_authz", "POST"),
            (blocked, "ext_authz", "POST"),
        ]
    );
    assert_eq!(yes.header("writ-call-id"), records[0].call.to_string());
}

#[tokio::test]
async fn a_cut_body_and_a_wrong_key_let_nothing_through() {
    let (world, _asks, agent) = world().await;
    let agent = &agent;
    let post = Sent { agent, verb: "POST", road: "shop", path: "/orders", body: r#"{"amount":1}"# };
    assert_eq!(post.sent(&world).await.status, StatusCode::OK);
    let cut = post.with(&world, |headers| headers.set("x-envoy-auth-partial-body", "true")).await;
    assert_eq!((cut.status, &*code(&cut)), (StatusCode::FORBIDDEN, "GATE-0156"));
    let unsaid = post.with(&world, |headers| headers.drop("x-envoy-auth-partial-body")).await;
    assert_eq!(code(&unsaid), "GATE-0156");
    let other = post.with(&world, |headers| headers.set("content-type", "text/plain")).await;
    assert_eq!(code(&other), "GATE-0156");
    for key in [Some("wrong"), None] {
        let change = |headers: &mut Headers| match key {
            Some(key) => headers.set("writ-key", key),
            None => headers.drop("writ-key"),
        };
        let reply = post.with(&world, change).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{key:?}");
    }
    let replayed = post.headers(&world).await;
    let to = "/ext_authz/shop/orders";
    let body = Bytes::from_static(br#"{"amount":1}"#);
    let first = world.send(Method::POST, to, &replayed, body.clone()).await;
    let second = world.send(Method::POST, to, &replayed, body.clone()).await;
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::UNAUTHORIZED));
    let elsewhere = world.send(Method::POST, "/ext_authz/nowhere/orders", &replayed, body).await;
    assert_eq!((elsewhere.status, &*code(&elsewhere)), (StatusCode::FORBIDDEN, "GATE-0154"));
    let large = format!(r#"{{"amount":1,"more":"{}"}}"#, "x".repeat(1 << 20));
    let large = Sent { body: &large, ..post }.sent(&world).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn envoy_may_name_who_calls_if_the_road_says_so() {
    let (world, _asks, agent) = world().await;
    let send = async |name: &str| {
        let mut headers = Headers::mcp();
        headers.set("writ-key", KEY);
        headers.set("x-agent", name);
        world.send(Method::GET, "/ext_authz/plain/todos", &headers, Bytes::new()).await
    };
    assert_eq!(send("one-of-many-0").await.status, StatusCode::OK);
    for name in ["nobody", ""] {
        let reply = send(name).await;
        assert_eq!((reply.status, &*code(&reply)), (StatusCode::FORBIDDEN, "GATE-0152"), "{name}");
    }
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    for name in ["one-of-many-0", &agent.id.to_string()] {
        assert_eq!(send(name).await.status, StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn a_message_of_mcp_is_decided_as_at_our_own_door() {
    let (world, asks, agent) = world().await;
    let agent = &agent;
    let sent = |body| Sent { agent, verb: "POST", road: "mcp", path: "/mcp", body };
    let call = |name: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}"}}}}"#)
    };
    let (send, erase) = (call("send"), call("erase"));
    let yes = sent(&send).sent(&world).await;
    assert_eq!(yes.status, StatusCode::OK, "{yes:?}");
    let no = sent(&erase).sent(&world).await;
    assert_eq!((no.status, &*code(&no)), (StatusCode::FORBIDDEN, "DENY-0011"));
    let twice =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send","name":"erase"}}"#;
    assert_eq!(code(&sent(twice).sent(&world).await), "GATE-0009");
    let batch = format!("[{send}]");
    assert_eq!(code(&sent(&batch).sent(&world).await), "GATE-0012");
    let pending = call("writ_pending");
    assert_eq!(code(&sent(&pending).sent(&world).await), "GATE-0097");
    let get = r#"{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"another's"}}"#;
    let listen = r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["another's"]}}}"#;
    for task in [get, listen] {
        let reply = sent(task).sent(&world).await;
        assert!(!reply.status.is_success(), "{task}: {reply:?}");
    }
    let listening = Sent { verb: "GET", ..sent("") }.sent(&world).await;
    assert_eq!(listening.status, StatusCode::OK, "{listening:?}");
    let lies = |headers: &mut Headers| headers.set("mcp-method", "tools/list");
    assert_eq!(code(&sent(&send).with(&world, lies).await), "GATE-0014");
    let records = world.records(asks.tenant).await;
    let methods: Vec<_> = records.iter().map(|one| &*one.method).collect();
    assert_eq!(methods, ["tools/call", "tools/call", "GET"]);
}
