//! A server with sessions that lists and answers what a test tells it, or lies as it is told.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use writ_gateway::{Place, Server, Target};

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Good,
    /// It never answers a list.
    Silent,
    /// Its lists are no JSON.
    Garbage,
    /// Each page has a next one.
    Endless,
    /// A tool's name has a control character.
    Control,
    /// Two tools have one name.
    Twice,
    /// It answers under another id.
    WrongId,
    /// It greets in a revision that nobody asked for.
    OtherRevision,
    /// It has forgotten every session.
    Forgets,
    /// Its last tool says something else of itself than before.
    Changed,
    /// Its tools say more of themselves than fits.
    Large,
}

#[derive(Debug)]
struct Inner {
    name: String,
    tools: Vec<String>,
    resources: Vec<String>,
    manner: Mutex<Manner>,
    seen: Mutex<Vec<(String, HeaderMap, Bytes)>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
}

type Body = BoxBody<Bytes, Infallible>;

impl Peer {
    pub(crate) async fn start(name: &str, tools: &[&str], resources: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let inner = Arc::new(Inner {
            name: name.to_owned(),
            tools: texts(tools),
            resources: texts(resources),
            manner: Mutex::new(Manner::Good),
            seen: Mutex::default(),
        });
        let all = Arc::clone(&inner);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = Arc::clone(&all);
                let service = service_fn(move |request| answer(Arc::clone(&inner), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, inner }
    }

    pub(crate) fn behaves(&self, manner: Manner) {
        *self.inner.manner.lock() = manner;
    }

    pub(crate) fn server(&self) -> Server {
        let target = Target::parse(&format!("http://{}/mcp", self.address)).unwrap();
        Server { name: self.inner.name.clone(), client: None, at: Place::Http(target) }
    }

    /// Bodies of the messages of this method that reached it.
    pub(crate) fn got(&self, method: &str) -> Vec<Value> {
        let seen = self.inner.seen.lock();
        let read = |(_, _, body): &(String, HeaderMap, Bytes)| serde_json::from_slice(body).ok();
        let all = seen.iter().filter_map(read);
        all.filter(|message: &Value| message["method"] == method).collect()
    }

    /// Headers and bytes of the last message that reached it.
    pub(crate) fn last(&self) -> (HeaderMap, Bytes) {
        let seen = self.inner.seen.lock();
        let (_, headers, body) = seen.last().unwrap();
        (headers.clone(), body.clone())
    }

    /// Verbs of what reached it.
    pub(crate) fn verbs(&self) -> Vec<String> {
        self.inner.seen.lock().iter().map(|(verb, ..)| verb.clone()).collect()
    }

    /// Answers of the agent that reached it: messages without a method.
    pub(crate) fn answers(&self) -> Vec<Value> {
        let seen = self.inner.seen.lock();
        let all = seen.iter().filter_map(|(_, _, body)| serde_json::from_slice(body).ok());
        all.filter(|message: &Value| message.get("method").is_none() && message.is_object())
            .collect()
    }
}

async fn answer(
    inner: Arc<Inner>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let verb = head.method.to_string();
    inner.seen.lock().push((verb.clone(), head.headers.clone(), body.clone()));
    if verb == "GET" {
        let told = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
        let asks = json!({"jsonrpc": "2.0", "id": 1, "method": "roots/list"});
        let text = format!("id: 5\ndata: {told}\n\ndata: {asks}\n\n");
        return Ok(events(text, true));
    }
    if verb == "DELETE" {
        return Ok(whole(StatusCode::OK, String::new()));
    }
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let manner = *inner.manner.lock();
    let method = message["method"].as_str().unwrap_or_default();
    if manner == Manner::Forgets && method != "initialize" {
        return Ok(whole(StatusCode::NOT_FOUND, "{}".to_owned()));
    }
    if message.get("id").is_none() || message.get("method").is_none() {
        return Ok(whole(StatusCode::ACCEPTED, String::new()));
    }
    let listing = method.ends_with("/list");
    match manner {
        Manner::Silent if listing => return std::future::pending().await,
        Manner::Garbage if listing => return Ok(whole(StatusCode::OK, "<html>".to_owned())),
        _ => {}
    }
    let id =
        if manner == Manner::WrongId && listing { json!("other") } else { message["id"].clone() };
    let result = |value: Value| {
        let text = json!({"jsonrpc": "2.0", "id": id, "result": value}).to_string();
        whole(StatusCode::OK, text)
    };
    Ok(asked(&inner, (method, &message), manner, &result))
}

/// What it answers to a request.
fn asked(
    inner: &Inner,
    (method, message): (&str, &Value),
    manner: Manner,
    result: &dyn Fn(Value) -> Response<Body>,
) -> Response<Body> {
    let (name, params) = (&inner.name, &message["params"]);
    match method {
        "initialize" => {
            let version = match manner {
                Manner::OtherRevision => json!("1999-01-01"),
                _ => params["protocolVersion"].clone(),
            };
            let mut response = result(json!({
                "protocolVersion": version,
                "capabilities": {
                    "tools": {"listChanged": true},
                    "resources": {"subscribe": name == "alpha"},
                    "completions": {},
                },
                "serverInfo": {"name": name, "version": "1"},
                "instructions": format!("I am {name}."),
            }));
            let session = format!("session-of-{name}");
            response.headers_mut().insert("mcp-session-id", session.parse().unwrap());
            response
        }
        "server/discover" => result(json!({
            "supportedVersions": ["2026-07-28"],
            "capabilities": {
                "tools": {},
                "resources": {},
                "extensions": {"io.modelcontextprotocol/tasks": {}},
            },
            "instructions": format!("I am {name}."),
        })),
        "tools/list" => result(tools(inner, manner, params["cursor"].as_str())),
        "resources/list" => {
            let all = inner.resources.iter().map(|uri| json!({"uri": uri, "name": uri}));
            result(json!({"resources": all.collect::<Vec<_>>()}))
        }
        "resources/templates/list" => result(json!({"resourceTemplates": []})),
        "resources/read" => {
            let text = format!("of {name}");
            result(json!({"contents": [{"uri": params["uri"], "text": text}]}))
        }
        "tools/call" => called(inner, message, result),
        "subscriptions/listen" => {
            let meta = json!({"io.modelcontextprotocol/subscriptionId": message["id"]});
            let first = json!({
                "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
                "params": {"_meta": meta, "notifications": params["notifications"]},
            });
            let told = json!({
                "jsonrpc": "2.0", "method": "notifications/tools/list_changed",
                "params": {"_meta": meta},
            });
            events(format!("data: {first}\n\ndata: {told}\n\n"), true)
        }
        _ => result(json!({})),
    }
}

fn tools(inner: &Inner, manner: Manner, cursor: Option<&str>) -> Value {
    let tool = |name: &str| {
        let about = format!("{name} of {}", inner.name);
        json!({"name": name, "description": about, "inputSchema": {"type": "object"}})
    };
    let mut all: Vec<Value> = inner.tools.iter().map(|name| tool(name)).collect();
    match manner {
        Manner::Endless => {
            let page: u32 = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
            let one = tool(&format!("page-{page}"));
            return json!({"tools": [one], "nextCursor": (page + 1).to_string()});
        }
        Manner::Control => all.push(tool("bad\u{1b}[2Jname")),
        Manner::Twice => all.push(all[0].clone()),
        Manner::Changed => all.last_mut().unwrap()["description"] = json!("something else"),
        Manner::Large => {
            for one in &mut all {
                one["description"] = json!("x".repeat(3 << 20));
            }
        }
        _ => {}
    }
    // In two pages, so that turning them is seen.
    let half = all.len() / 2;
    match cursor {
        None if half > 0 => json!({"tools": all[..half], "nextCursor": "second"}),
        None => json!({"tools": all}),
        Some(_) => json!({"tools": all[half..]}),
    }
}

fn called(
    inner: &Inner,
    message: &Value,
    result: &dyn Fn(Value) -> Response<Body>,
) -> Response<Body> {
    let name = &inner.name;
    let text = |text: String| json!({"content": [{"type": "text", "text": text}]});
    match message["params"]["name"].as_str().unwrap_or_default() {
        "asks" => {
            let asks = json!({"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": {}});
            let token = &message["params"]["_meta"]["progressToken"];
            let progress = |token: &Value| {
                json!({"jsonrpc": "2.0", "method": "notifications/progress",
                    "params": {"progressToken": token, "progress": 1}})
            };
            let own = progress(token);
            let others = progress(&json!("somebody-elses"));
            let done = json!({"jsonrpc": "2.0", "id": message["id"], "result": text(format!("{name} asked"))});
            events(
                format!("id: 1\ndata: {asks}\n\ndata: {own}\n\ndata: {others}\n\ndata: {done}\n\n"),
                false,
            )
        }
        "links" => {
            result(json!({"content": [{"type": "resource_link", "uri": "x://both", "name": "x"}]}))
        }
        "task" => result(json!({"resultType": "task", "taskId": "t1", "status": "working"})),
        tool => result(text(format!("{name} did {tool}"))),
    }
}

fn whole(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text)).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// An event stream; an endless one says something and then nothing more for an hour.
fn events(first: String, endless: bool) -> Response<Body> {
    let pieces = stream::unfold(Some(first), move |state| async move {
        match state {
            Some(first) => Some((Ok(Frame::data(Bytes::from(first))), None)),
            None if endless => {
                let hour = Duration::from_hours(1);
                drop(tokio::time::timeout(hour, std::future::pending::<()>()).await);
                None
            }
            None => None,
        }
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed());
    response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    response
}
