//! The bridge in front of servers that speak one generation only, without a socket.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde_json::{Value, json};
use writ_model::Timestamp;
use writ_testkit::{FakeClock, SeededEntropy};

use super::{wire::Messages, *};
use crate::{
    fair::{Fair, Share, TenantBounds},
    mcp::{parse, sse},
    upstream::pipe::Feed,
};

/// What reached a server: session, revision of the header, body.
type Seen = (Option<String>, String, Value);

/// A server of one generation that does what it is told to.
#[derive(Debug)]
struct Fake {
    stateless: bool,
    seen: Mutex<Vec<Seen>>,
    /// Streams of calls under way.
    open: Mutex<VecDeque<Feed<Result<Bytes, Refusal>>>>,
    /// Sessions that it does not know.
    gone: Mutex<Vec<String>>,
    begun: Mutex<u32>,
}

const ASKS: &str = r#"{"method":"elicitation/create","params":{"message":"Who?","requestedSchema":{"type":"object"}}}"#;

impl Fake {
    fn new(stateless: bool) -> Arc<Self> {
        Arc::new(Self {
            stateless,
            seen: Mutex::default(),
            open: Mutex::default(),
            gone: Mutex::default(),
            begun: Mutex::default(),
        })
    }

    fn methods(&self) -> Vec<String> {
        let method = |(.., body): &Seen| body["method"].as_str().unwrap_or("answer").to_owned();
        self.seen.lock().iter().map(method).collect()
    }

    fn stateless(&self, body: &Value) -> Answer {
        let id = &body["id"];
        let result = |result: Value| ok(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        match body["method"].as_str().unwrap_or_default() {
            "server/discover" => result(json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {"listChanged": true}}, "ttlMs": 0, "cacheScope": "public",
            })),
            "subscriptions/listen" => self.streams(&[json!({
                "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
                "params": {"notifications": body["params"]["notifications"]},
            })]),
            "tools/call" if body["params"]["name"] == "waits" => self.streams(&[]),
            "tools/call" if body["params"].get("inputResponses").is_none() => {
                let asks: Value = serde_json::from_str(ASKS).unwrap();
                result(json!({
                    "resultType": "input_required", "inputRequests": {"who": asks}, "requestState": "sealed",
                }))
            }
            _ => result(
                json!({"resultType": "complete", "content": [body["params"]["inputResponses"]]}),
            ),
        }
    }

    fn session_based(&self, session: Option<&str>, body: &Value) -> Answer {
        if session.is_some_and(|session| self.gone.lock().iter().any(|gone| gone == session)) {
            return wire::json(StatusCode::NOT_FOUND, Vec::new());
        }
        let id = &body["id"];
        let result = |result: Value| ok(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        match body["method"].as_str() {
            Some("initialize") => {
                *self.begun.lock() += 1;
                let mut answer = result(json!({
                    "protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                    "serverInfo": {"name": "fake", "version": "1"},
                }));
                let name = format!("s{}", self.begun.lock());
                answer.headers.insert(SESSION.clone(), HeaderValue::from_str(&name).unwrap());
                answer
            }
            Some("tools/call") => {
                let mut asks: Value = serde_json::from_str(ASKS).unwrap();
                (asks["jsonrpc"], asks["id"]) = (json!("2.0"), json!(77));
                self.streams(&[asks])
            }
            Some(_) if !id.is_null() => result(json!({"tools": []})),
            Some(_) => accepted(),
            None => {
                // The client's answer: the call that asked goes on.
                let calls = self.seen.lock();
                let call =
                    calls.iter().rev().find(|(.., one)| one["method"] == "tools/call").unwrap();
                let done = json!({"jsonrpc": "2.0", "id": call.2["id"], "result": {"content": [body["result"]]}});
                let open = self.open.lock().pop_front().unwrap();
                open.try_send(Ok(sse::event(done.to_string().as_bytes()))).unwrap();
                accepted()
            }
        }
    }

    fn streams(&self, first: &[Value]) -> Answer {
        let (out, pipe) = wire::ahead();
        for message in first {
            out.try_send(Ok(sse::event(message.to_string().as_bytes()))).unwrap();
        }
        self.open.lock().push_back(out);
        wire::stream(pipe)
    }
}

fn ok(value: &Value) -> Answer {
    wire::json(StatusCode::OK, value.to_string().into_bytes())
}

#[async_trait]
impl Upstream for Fake {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if outgoing.message.is_none() {
            return Ok(wire::json(StatusCode::METHOD_NOT_ALLOWED, Vec::new()));
        }
        let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
        let version = outgoing.headers.get(&VERSION).map(|value| value.to_str().unwrap());
        let version = version.unwrap_or_default().to_owned();
        let session = outgoing.session.map(str::to_owned);
        self.seen.lock().push((session.clone(), version.clone(), body.clone()));
        if (version == MODERN) == self.stateless {
            return Ok(if self.stateless {
                self.stateless(&body)
            } else {
                self.session_based(session.as_deref(), &body)
            });
        }
        let error =
            json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32_000, "message": "no"}});
        Ok(wire::json(StatusCode::BAD_REQUEST, error.to_string().into_bytes()))
    }

    fn revisions(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn began(&self, _whose: InstanceId, _task: &str) -> Option<Arc<str>> {
        None
    }

    async fn end(&self, _instances: &BTreeSet<InstanceId>) -> u64 {
        0
    }

    async fn close(&self) {}
}

/// A client of one instance.
struct Client<'a> {
    bridge: &'a Bridge,
    instance: InstanceId,
    share: Arc<Share>,
    session: Option<String>,
}

impl<'a> Client<'a> {
    fn of(bridge: &'a Bridge, number: u8) -> Self {
        let tenant = TenantId::from_bytes([1; 16]);
        let share = Fair::new(TenantBounds::default()).enter(tenant, 0).unwrap().0;
        Self { bridge, instance: InstanceId::from_bytes([number; 16]), share, session: None }
    }

    async fn says(&self, body: Value, stateless: bool) -> Result<Answer, Refusal> {
        let mut headers = HeaderMap::new();
        if stateless {
            headers.insert(VERSION.clone(), HeaderValue::from_static(MODERN));
        }
        let body = Bytes::from(body.to_string());
        let node = parse::read(&body).unwrap();
        let message = parse::message(&node).unwrap();
        let outgoing = Outgoing {
            verb: Method::POST,
            headers,
            body: body.clone(),
            message: Some(&message),
            instance: self.instance,
            share: &self.share,
            session: self.session.as_deref(),
        };
        self.bridge.send(outgoing).await
    }

    /// Begins a session.
    async fn begins(&mut self) -> Value {
        let params = json!({
            "protocolVersion": "2025-11-25", "clientInfo": {"name": "c", "version": "1"},
            "capabilities": {"elicitation": {}},
        });
        let asked = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let answer = self.says(asked, false).await.unwrap();
        let session = answer.headers.get(&SESSION).map(|id| id.to_str().unwrap().to_owned());
        self.session = session;
        one(answer).await
    }
}

fn bridge(fake: &Arc<Fake>) -> Bridge {
    let clock = Arc::new(FakeClock::at(Timestamp::from_micros(1)));
    let entropy = Arc::new(SeededEntropy::new(3));
    let inner: Arc<dyn Upstream> = fake.clone();
    Bridge::new(inner, ("mail", false), clock, entropy)
}

async fn one(answer: Answer) -> Value {
    let message = Messages::of(answer).next().await.unwrap().unwrap();
    serde_json::from_slice(&message).unwrap()
}

fn asks(method: &str, id: impl Into<Value>, more: &Value) -> Value {
    let id = id.into();
    let mut params = json!({"name": "a", "arguments": {"x": 1}, "_meta": {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    }});
    for (key, value) in more.as_object().unwrap() {
        params[key] = value.clone();
    }
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[tokio::test]
async fn a_client_with_a_session_is_asked_on_the_stream_of_its_call() {
    let fake = Fake::new(true);
    let bridge = bridge(&fake);
    let mut client = Client::of(&bridge, 1);
    let begun = client.begins().await;
    assert_eq!(begun["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(begun["result"]["capabilities"], json!({"tools": {"listChanged": true}}));
    let call = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": "a"}});
    let mut stream = Messages::of(client.says(call.clone(), false).await.unwrap());
    let asked = stream.next().await.unwrap().unwrap();
    let asked: Value = serde_json::from_slice(&asked).unwrap();
    assert_eq!(asked["method"], "elicitation/create");
    let said = json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept"}});
    let other = Client { session: client.session.clone(), ..Client::of(&bridge, 2) };
    let stolen = other.says(said.clone(), false).await;
    assert_eq!(stolen.unwrap_err().code.0, "GATE-0018", "a session is one instance's");
    assert_eq!(client.says(said, false).await.unwrap().status, StatusCode::ACCEPTED);
    let done: Value = serde_json::from_slice(&stream.next().await.unwrap().unwrap()).unwrap();
    let wanted = json!({"content": [{"who": {"action": "accept"}}]});
    assert_eq!((&done["id"], &done["result"]), (&json!(9), &wanted));
    assert_eq!(fake.methods()[1..], ["server/discover", "tools/call", "tools/call"]);
    let seen = fake.seen.lock();
    let (first, second) = (&seen[2].2, &seen[3].2);
    assert_eq!(second["params"]["requestState"], "sealed");
    assert_ne!(first["id"], second["id"], "made again, it is another request");
}

#[tokio::test]
async fn what_a_session_needs_no_server_for_reaches_none() {
    let fake = Fake::new(true);
    let bridge = bridge(&fake);
    let mut client = Client::of(&bridge, 1);
    client.begins().await;
    let before = fake.methods().len();
    for (method, params) in [
        ("ping", json!({})),
        ("logging/setLevel", json!({"level": "debug"})),
        ("resources/subscribe", json!({"uri": "a://1"})),
        ("resources/unsubscribe", json!({"uri": "a://1"})),
    ] {
        let asked = json!({"jsonrpc": "2.0", "id": "p", "method": method, "params": params});
        let answer = one(client.says(asked, false).await.unwrap()).await;
        assert_eq!(answer, json!({"jsonrpc": "2.0", "id": "p", "result": {}}), "{method}");
    }
    assert_eq!(fake.methods().len(), before);
    let bad = json!({"jsonrpc": "2.0", "id": 1, "method": "logging/setLevel", "params": {"level": "loud"}});
    assert_eq!(client.says(bad, false).await.unwrap_err().code.0, "GATE-0017");
    bridge.end(&BTreeSet::from([client.instance])).await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    assert_eq!(client.says(ping, false).await.unwrap_err().code.0, "GATE-0018");
}

#[tokio::test]
async fn a_cancelled_call_is_left_at_the_server() {
    let fake = Fake::new(true);
    let bridge = bridge(&fake);
    let mut client = Client::of(&bridge, 1);
    client.begins().await;
    let call =
        json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": "waits"}});
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9}});
    let cancelled = async {
        while fake.open.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        client.says(cancel, false).await.unwrap();
    };
    let (answer, ()) = tokio::join!(client.says(call, false), cancelled);
    assert_eq!(answer.unwrap_err().code.0, "GATE-0061");
    let open = fake.open.lock().pop_front().unwrap();
    open.closed().await;
}

#[tokio::test]
async fn a_client_without_sessions_comes_back_with_what_was_asked() {
    let fake = Fake::new(false);
    let bridge = bridge(&fake);
    let client = Client::of(&bridge, 1);
    let asked = one(client.says(asks("tools/call", "c1", &json!({})), true).await.unwrap()).await;
    assert_eq!(
        (&asked["id"], &asked["result"]["resultType"]),
        (&json!("c1"), &json!("input_required"))
    );
    let requests = asked["result"]["inputRequests"].as_object().unwrap();
    let (key, question) = requests.iter().next().unwrap();
    assert_eq!(question["method"], "elicitation/create");
    let state = asked["result"]["requestState"].as_str().unwrap();
    let again = json!({"requestState": state, "inputResponses": {key: {"action": "accept"}}});
    let retry = asks("tools/call", "c2", &again);
    let other = Client::of(&bridge, 2).says(retry.clone(), true).await;
    assert_eq!(other.unwrap_err().code.0, "GATE-0120", "a state is one instance's");
    let done = one(client.says(retry.clone(), true).await.unwrap()).await;
    let wanted = json!({"content": [{"action": "accept"}], "resultType": "complete"});
    assert_eq!((&done["id"], &done["result"]), (&json!("c2"), &wanted));
    assert_eq!(client.says(retry, true).await.unwrap_err().code.0, "GATE-0120", "and counts once");
    let wanted = [
        "tools/call",
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/call",
        "answer",
    ];
    assert_eq!(fake.methods(), wanted);
    let listed = one(client.says(asks("tools/list", 3, &json!({})), true).await.unwrap()).await;
    let wanted =
        json!({"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"});
    assert_eq!(listed["result"], wanted);
    assert_eq!(*fake.begun.lock(), 1, "one session for all of it");
    assert!(fake.seen.lock().last().unwrap().2["params"].get("_meta").is_none());
}

#[tokio::test]
async fn a_session_that_the_server_forgot_is_begun_anew() {
    let fake = Fake::new(false);
    let bridge = bridge(&fake);
    let client = Client::of(&bridge, 1);
    let discovered =
        one(client.says(asks("server/discover", 1, &json!({})), true).await.unwrap()).await;
    assert_eq!(discovered["result"]["supportedVersions"], json!(["2026-07-28"]));
    fake.gone.lock().push("s1".to_owned());
    let listed = one(client.says(asks("tools/list", 2, &json!({})), true).await.unwrap()).await;
    assert_eq!((&listed["id"], &listed["result"]["tools"]), (&json!(2), &json!([])));
    assert_eq!(*fake.begun.lock(), 2);
    let revisions = bridge.revisions();
    assert!(revisions.contains(&"2025-03-26") && revisions.contains(&"2026-07-28"));
    let gone = asks("tasks/get", 3, &json!({"taskId": "t"}));
    assert_eq!(client.says(gone, true).await.unwrap_err().code.0, "GATE-0016");
}

#[tokio::test]
async fn where_both_speak_one_generation_nothing_is_touched() {
    for stateless in [true, false] {
        let fake = Fake::new(stateless);
        let bridge = bridge(&fake);
        let mut client = Client::of(&bridge, 1);
        if !stateless {
            client.begins().await;
            assert_eq!(client.session.as_deref(), Some("s1"), "the server's own");
        }
        let more = if stateless { json!({"inputResponses": {}}) } else { json!({}) };
        let call = asks(if stateless { "tools/call" } else { "tools/list" }, 5, &more);
        for _ in 0..2 {
            one(client.says(call.clone(), stateless).await.unwrap()).await;
        }
        let seen = fake.seen.lock();
        let same =
            seen.iter().filter(|(session, _, body)| *body == call && *session == client.session);
        assert_eq!(same.count(), 2);
        assert_eq!(seen.len(), if stateless { 2 } else { 3 }, "and nothing else was asked");
    }
}
