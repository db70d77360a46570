//! A server that writes down what reached it.

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
use tokio::{net::TcpListener, sync::Notify};
use writ_gateway::{Place, Server, Target};

/// One thing that reached it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A server on loopback.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    arrived: Arc<Notify>,
    gate: Arc<Notify>,
}

type Body = BoxBody<Bytes, Infallible>;

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let this =
            Self { address, seen: Arc::default(), arrived: Arc::default(), gate: Arc::default() };
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

    pub(crate) fn server(&self, name: &str) -> Server {
        let target = Target::parse(&format!("http://{}/mcp", self.address)).unwrap();
        Server { name: name.to_owned(), client: None, at: Place::Http(target) }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    /// Lets one call of the tool `gate` be answered.
    pub(crate) fn opens(&self) {
        self.gate.notify_one();
    }

    /// Returns when a call of this tool has arrived.
    pub(crate) async fn reached(&self, tool: &str) {
        self.reached_times(tool, 1).await;
    }

    /// Returns when so many calls of this tool have arrived.
    pub(crate) async fn reached_times(&self, tool: &str, times: usize) {
        let name = format!("\"{tool}\"");
        loop {
            let more = self.arrived.notified();
            let calls = |seen: &&Seen| String::from_utf8_lossy(&seen.body).contains(&name);
            if self.seen().iter().filter(calls).count() >= times {
                return;
            }
            more.await;
        }
    }
}

async fn answer(this: Upstream, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let verb = head.method.to_string();
    this.seen.lock().push(Seen { headers: head.headers, body: body.clone() });
    this.arrived.notify_waiters();
    if verb == "GET" {
        return Ok(events(b": hello\n\n".to_vec(), true));
    }
    if verb == "DELETE" {
        return Ok(whole(StatusCode::OK, String::new()));
    }
    let message: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let id = message["id"].clone();
    let result = |value: serde_json::Value| {
        let text = serde_json::json!({"jsonrpc": "2.0", "id": id, "result": value}).to_string();
        whole(StatusCode::OK, text)
    };
    let params = &message["params"];
    Ok(match message["method"].as_str().unwrap_or_default() {
        "initialize" => {
            let mut response = result(serde_json::json!({"protocolVersion": "2025-11-25"}));
            response.headers_mut().insert("mcp-session-id", "upstream-session".parse().unwrap());
            response.headers_mut().insert("set-cookie", "a=b".parse().unwrap());
            response
        }
        "server/discover" => discovered(&id),
        "tools/list" => listed(&id, params["cursor"].as_str().unwrap_or_default()),
        "tools/call" if params["name"] == "watch" => {
            events(b"data: {\"method\":\"notifications/progress\"}\n\n".to_vec(), true)
        }
        "tools/call" if params["name"] == "gate" => {
            this.gate.notified().await;
            result(serde_json::json!({"content": []}))
        }
        "tools/call" if params["name"] == "stuck" => std::future::pending().await,
        "tools/call" if params["name"] == "linger" => {
            let answer = serde_json::json!({"jsonrpc": "2.0", "id": id, "result": {}});
            events(format!("data: {{\"method\":\"x\"}}\n\ndata: {answer}\n\n").into_bytes(), true)
        }
        "tools/call" if params["name"] == "flood" => {
            let line = format!("data: {}\n\n", "x".repeat(1 << 20));
            let pieces = stream::repeat_with(move || Ok(Frame::data(Bytes::from(line.clone()))));
            let mut response = Response::new(StreamBody::new(pieces).boxed());
            response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
            response
        }
        "tools/call" if params["name"] == "task" => began(&id, &params["arguments"]),
        "tools/call" if params["name"] == "fail" => {
            whole(StatusCode::UNAUTHORIZED, "no".to_owned())
        }
        method if method.starts_with("notifications/") => {
            whole(StatusCode::ACCEPTED, String::new())
        }
        _ => result(serde_json::json!({"content": [{"type": "text", "text": "done"}]})),
    })
}

/// A page of tools, each cursor in another form.
fn listed(id: &serde_json::Value, cursor: &str) -> Response<Body> {
    let said = |result| serde_json::json!({"jsonrpc": "2.0", "id": id, "result": result});
    let result = |result| whole(StatusCode::OK, said(result).to_string());
    match cursor {
        "sse" => {
            let list = said(tools());
            let text =
                format!("event: message\ndata: {{\"method\":\"x\"}}\n\nid: 3\ndata: {list}\n\n");
            events(text.into_bytes(), false)
        }
        "rival" => {
            result(serde_json::json!({"tools": [{"name": "send"}, {"name": "writ_pending"}]}))
        }
        "public" => {
            let tools = [serde_json::json!({"name": "secret"})];
            result(serde_json::json!({"ttlMs": 5, "cacheScope": "public", "tools": tools}))
        }
        _ => result(tools()),
    }
}

/// In pieces of no known length, as servers of Node.js answer.
fn discovered(id: &serde_json::Value) -> Response<Body> {
    let said = serde_json::json!({
        "supportedVersions": ["2026-07-28", "2031-01-01"],
        "capabilities": {"tools": {}},
    });
    let text = serde_json::json!({"jsonrpc": "2.0", "id": id, "result": said}).to_string();
    let mut response = events(text.into_bytes(), false);
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// A task that begins, in the form that is asked for.
fn began(id: &serde_json::Value, arguments: &serde_json::Value) -> Response<Body> {
    let task = serde_json::json!({"resultType": "task", "taskId": "t1", "status": "working"});
    let text = serde_json::json!({"jsonrpc": "2.0", "id": id, "result": task}).to_string();
    match arguments["in"].as_str() {
        Some("events") => events(format!("data: {text}\n\n").into_bytes(), false),
        _ => whole(StatusCode::OK, text),
    }
}

fn tools() -> serde_json::Value {
    serde_json::json!({"tools": [{"name": "send"}, {"name": "secret"}, {"name": "watch"}]})
}

fn whole(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text)).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// An event stream; an endless one says something and then nothing more for an hour.
fn events(first: Vec<u8>, endless: bool) -> Response<Body> {
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
