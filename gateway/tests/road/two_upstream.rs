//! Servers of 2024-11-05, which have two addresses: clients of every later transport work on them, and where such a server
//! says that it is to be posted is on that server.

use std::{collections::BTreeMap, convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use writ_authority::Fact;
use writ_gateway::{Place, Server, Target};

use crate::world::{Agent, Reply, Says, World};

const PATH: &str = "/mcp/mail";
/// More than any of this may take.
const LONG: Duration = Duration::from_secs(30);

type Body = BoxBody<Bytes, Infallible>;

/// A server with two addresses.
#[derive(Debug, Clone)]
struct Old {
    address: SocketAddr,
    /// Where it says that it is to be posted; `{}` is the session.
    endpoint: Arc<Mutex<String>>,
    streams: Arc<Mutex<BTreeMap<u64, mpsc::UnboundedSender<String>>>>,
    posted: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Old {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Self {
            address: listener.local_addr().unwrap(),
            endpoint: Arc::new(Mutex::new("/message?sessionId={}".to_owned())),
            streams: Arc::default(),
            posted: Arc::default(),
        };
        let all = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = all.clone();
                let service = service_fn(move |request| answer(this.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        this
    }

    fn server(&self) -> Server {
        let target = Target::parse(&format!("http://{}/sse", self.address)).unwrap();
        Server { name: "mail".to_owned(), client: None, at: Place::Http(target) }
    }

    /// Methods of what was posted.
    fn methods(&self) -> Vec<String> {
        let posted = self.posted.lock();
        posted
            .iter()
            .map(|(_, one)| one["method"].as_str().unwrap_or("answer").to_owned())
            .collect()
    }

    fn opens(&self) -> Response<Body> {
        let (tell, told) = mpsc::unbounded_channel::<String>();
        let id = {
            let mut streams = self.streams.lock();
            let id = streams.keys().next_back().copied().unwrap_or(0) + 1;
            streams.insert(id, tell.clone());
            id
        };
        let endpoint = self.endpoint.lock().replace("{}", &id.to_string());
        tell.send(format!("event: endpoint\ndata: {endpoint}\n\n")).unwrap();
        let pieces = stream::unfold(told, |mut told| async move {
            told.recv().await.map(|text| (Ok(Frame::data(Bytes::from(text))), told))
        });
        let mut response = Response::new(StreamBody::new(pieces).boxed());
        response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        response
    }

    /// Says something on a stream; nobody may read it any more.
    fn says(&self, session: u64, message: &Value) {
        if let Some(tell) = self.streams.lock().get(&session) {
            drop(tell.send(format!("event: message\ndata: {message}\n\n")));
        }
    }

    /// Whether somebody still reads a stream.
    fn is_read(&self, session: u64) -> bool {
        self.streams.lock().get(&session).is_some_and(|tell| !tell.is_closed())
    }

    fn does(&self, session: u64, message: &Value) {
        let id = &message["id"];
        let result = |result: Value| {
            self.says(session, &json!({"jsonrpc": "2.0", "id": id, "result": result}));
        };
        let text = |text: &str| json!({"content": [{"type": "text", "text": text}]});
        let tool = message["params"]["name"].as_str().unwrap_or_default();
        match message["method"].as_str() {
            Some("initialize") => result(json!({
                "protocolVersion": "2024-11-05", "capabilities": {"tools": {}},
                "serverInfo": {"name": "old", "version": "1"},
            })),
            Some("tools/list") => result(json!({"tools": [
                {"name": "send", "inputSchema": {"type": "object"}}, {"name": "secret"},
            ]})),
            Some("tools/call") if tool == "asks" => {
                let asks = json!({"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": {}});
                self.says(session, &asks);
            }
            Some("tools/call") if tool == "stuck" => {}
            Some("tools/call") if tool == "ends" => drop(self.streams.lock().remove(&session)),
            Some("tools/call") => {
                let token = &message["params"]["_meta"]["progressToken"];
                if !token.is_null() {
                    self.says(
                        session,
                        &json!({"jsonrpc": "2.0", "method": "notifications/progress",
                        "params": {"progressToken": token, "progress": 1}}),
                    );
                }
                result(text(&format!("did {tool}")));
            }
            // The client's answer to what `asks` asked.
            None if id == 1 => {
                let posted = self.posted.lock();
                let call = posted.iter().rev().find(|(_, one)| one["params"]["name"] == "asks");
                let call = call.map(|(_, one)| one["id"].clone()).unwrap();
                drop(posted);
                let done = text(message["result"]["model"].as_str().unwrap_or_default());
                self.says(session, &json!({"jsonrpc": "2.0", "id": call, "result": done}));
            }
            _ if !id.is_null() => result(json!({})),
            _ => {}
        }
    }
}

async fn answer(this: Old, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let said = |status: StatusCode, text: &'static str| {
        let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())).boxed());
        *response.status_mut() = status;
        Ok(response)
    };
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/sse") => Ok(this.opens()),
        ("POST", "/message") => {
            let query = head.uri.query().unwrap_or_default().to_owned();
            let message: Value = serde_json::from_slice(&body).unwrap();
            let session = query.trim_start_matches("sessionId=").parse().unwrap();
            if !this.streams.lock().contains_key(&session) {
                return said(StatusCode::NOT_FOUND, "Session not found");
            }
            this.posted.lock().push((query, message.clone()));
            this.does(session, &message);
            said(StatusCode::ACCEPTED, "Accepted")
        }
        _ => said(StatusCode::NOT_FOUND, "Cannot POST /sse"),
    }
}

async fn world() -> (Old, World, Agent) {
    let old = Old::start().await;
    let world = World::new(vec![old.server()]).await;
    let agent = world.agent(1).await;
    for tool in ["send", "asks", "stuck", "ends"] {
        world.grant(&agent, Says::tool("mail", tool)).await;
    }
    (old, world, agent)
}

/// A client of streamable HTTP, in a session.
struct Client<'w> {
    world: &'w World,
    agent: &'w Agent,
    session: String,
}

impl<'w> Client<'w> {
    async fn greeted(world: &'w World, agent: &'w Agent) -> Self {
        let mut this = Self { world, agent, session: String::new() };
        let reply = this.says(&hello()).await;
        assert_eq!(reply.json()["result"]["protocolVersion"], "2024-11-05", "{reply:?}");
        this.session = reply.header("mcp-session-id").to_owned();
        let done = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(this.says(&done).await.status, StatusCode::ACCEPTED);
        this
    }

    async fn says(&self, body: &Value) -> Reply {
        let mut headers = self.world.headers(self.agent, "POST", PATH).await;
        if !self.session.is_empty() {
            headers.set("mcp-session-id", &self.session);
            headers.set("mcp-protocol-version", "2024-11-05");
        }
        let sent = self.world.send(Method::POST, PATH, &headers, Bytes::from(body.to_string()));
        timeout(LONG, sent).await.expect("an answer in time")
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {"sampling": {}},
        "clientInfo": {"name": "test", "version": "1"},
    }})
}

fn call(id: u32, tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool}})
}

#[tokio::test]
async fn a_client_of_a_later_transport_works_on_a_server_with_two_addresses() {
    let (old, world, agent) = world().await;
    let client = Client::greeted(&world, &agent).await;
    let done = client.says(&call(7, "send")).await.json();
    assert_eq!(
        (&done["id"], &done["result"]["content"][0]["text"]),
        (&json!(7), &json!("did send"))
    );
    assert_eq!(client.says(&call(8, "secret")).await.code(), "DENY-0011");
    let list =
        client.says(&json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"})).await.json();
    let tools = json!([{"name": "send", "inputSchema": {"type": "object"}}]);
    assert_eq!((&list["id"], &list["result"]["tools"]), (&json!(9), &tools));
    let mut watched = call(10, "send");
    watched["params"]["_meta"] = json!({"progressToken": "p"});
    let reply = client.says(&watched).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    assert!(text.contains("notifications/progress") && text.contains("\"id\":10"), "{text}");
    let wanted =
        ["initialize", "notifications/initialized", "tools/call", "tools/list", "tools/call"];
    assert_eq!(old.methods(), wanted, "what is denied is not posted");
    assert!(old.posted.lock().iter().all(|(query, _)| query == "sessionId=1"), "one stream");
    let headers = {
        let mut headers = world.headers(&agent, "DELETE", PATH).await;
        headers.set("mcp-session-id", &client.session);
        headers
    };
    let reply = world.send(Method::DELETE, PATH, &headers, Bytes::new()).await;
    assert_eq!(reply.status, StatusCode::OK);
    left(&old, 1).await;
    assert_eq!(client.says(&call(11, "send")).await.code(), "GATE-0018");
}

/// Returns when nobody reads a stream any more.
async fn left(old: &Old, session: u64) {
    let gone = async {
        while old.is_read(session) {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, gone).await.expect("the stream is left");
}

#[tokio::test]
async fn what_it_asks_is_asked_on_the_stream_of_the_call_and_answered() {
    let (old, world, agent) = world().await;
    let client = Client::greeted(&world, &agent).await;
    let mut headers = world.headers(&agent, "POST", PATH).await;
    headers.set("mcp-session-id", &client.session);
    let body = Bytes::from(call(7, "asks").to_string());
    let mut stream = world.open(Method::POST, PATH, &headers, body).await.into_body();
    let mut text = String::new();
    while !text.contains("sampling/createMessage") {
        let frame = timeout(LONG, stream.frame()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {"model": "mine"}});
    assert_eq!(client.says(&answer).await.status, StatusCode::ACCEPTED);
    let rest = timeout(LONG, stream.collect()).await.unwrap().unwrap().to_bytes();
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(rest.contains("\"id\":7") && rest.contains("mine"), "{rest}");
    assert_eq!(old.methods().last().map(String::as_str), Some("answer"));
}

#[tokio::test]
async fn a_stateless_client_works_on_it_too() {
    let (old, world, agent) = world().await;
    let mut headers = world.headers(&agent, "POST", PATH).await;
    headers.set("mcp-protocol-version", "2026-07-28");
    headers.set("mcp-method", "tools/call");
    headers.set("mcp-name", "send");
    let mut body = call(7, "send");
    body["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let sent = world.send(Method::POST, PATH, &headers, Bytes::from(body.to_string()));
    let done = timeout(LONG, sent).await.unwrap().json();
    assert_eq!(
        (&done["id"], &done["result"]["resultType"]),
        (&json!(7), &json!("complete")),
        "{done}"
    );
    assert_eq!(done["result"]["content"][0]["text"], "did send");
    assert_eq!(old.methods(), ["initialize", "notifications/initialized", "tools/call"]);
}

#[tokio::test]
async fn messages_are_posted_to_that_server_and_to_no_other() {
    let (old, world, agent) = world().await;
    let other = Old::start().await;
    let client = Client { world: &world, agent: &agent, session: String::new() };
    for endpoint in [
        format!("http://{}/message?sessionId={{}}", other.address),
        format!("//{}/message?sessionId={{}}", other.address),
        "/../message?sessionId={}".to_owned(),
    ] {
        *old.endpoint.lock() = endpoint;
        let reply = client.says(&hello()).await;
        assert_eq!((reply.status, &*reply.code()), (StatusCode::OK, "GATE-0182"), "{reply:?}");
    }
    assert!(other.posted.lock().is_empty() && old.posted.lock().is_empty());
    for endpoint in [
        format!("http://{}/message?sessionId={{}}", old.address),
        "message?sessionId={}".to_owned(),
    ] {
        *old.endpoint.lock() = endpoint;
        Client::greeted(&world, &agent).await;
    }
}

#[tokio::test]
async fn a_stream_that_ends_ends_its_session_and_a_call_on_it_fails() {
    let (old, world, agent) = world().await;
    let client = Client::greeted(&world, &agent).await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "*")).await;
    let stranger = Client { world: &world, agent: &other, session: client.session.clone() };
    assert_eq!(stranger.says(&call(1, "send")).await.code(), "GATE-0018", "a session is one's own");
    let lost = client.says(&call(7, "ends")).await;
    assert_eq!(lost.code(), "GATE-0052", "{lost:?}");
    assert_eq!(client.says(&call(8, "send")).await.code(), "GATE-0018");
    let anew = Client::greeted(&world, &agent).await;
    assert_eq!(
        anew.says(&call(9, "send")).await.json()["result"]["content"][0]["text"],
        "did send"
    );
    // An agent that is ended has nothing open at the server any more.
    let session = *old.streams.lock().keys().next_back().unwrap();
    assert!(old.is_read(session));
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    left(&old, session).await;
}
