//! A server that lets in nobody without a token, and its authorization server, in one: both write down what they saw.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
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
use tokio::{net::TcpListener, sync::Notify};
use writ_gateway::{Holders, Place, Protected, Server, Target};
use writ_model::Secret;
use writ_reach::{
    Bounds, Https, Place as Address,
    oauth::{Dpop, Grant, Proof, Registered, Settings},
};
use writ_testkit::FakeClock;

/// What it lets in, and what it has seen.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Tokens that are good, and for which scopes.
    pub(crate) good: Vec<(String, Vec<&'static str>)>,
    /// The authorization server gives nothing.
    pub(crate) closed: bool,
    /// Values of `Authorization` that came with calls, in order.
    pub(crate) shown: Vec<String>,
    /// Calls that were let in.
    pub(crate) acted: usize,
    /// Forms that reached the token endpoint.
    pub(crate) forms: Vec<String>,
    /// Forms that took tokens back.
    pub(crate) revoked: Vec<String>,
    /// Where the token endpoint waits before it answers, if it does.
    pub(crate) stall: Option<Arc<Stall>>,
}

/// Somebody who is asked and takes their time.
#[derive(Debug, Default)]
pub(crate) struct Stall {
    pub(crate) asked: Notify,
    pub(crate) go: Notify,
}

/// Both servers, on loopback.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Arc<Mutex<Gate>>,
}

type Body = BoxBody<Bytes, Infallible>;

impl Guarded {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let this = Self { address, gate: Arc::default() };
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

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// As the operator's file names it.
    pub(crate) fn server(&self, grant: Grant, holders: Holders) -> Server {
        let url = self.url("/mcp");
        let clock = Arc::new(FakeClock::default());
        let proof = Proof::Secret(Secret::new("s3cret".to_owned()));
        let settings = Settings {
            at: Address::parse(&url).unwrap(),
            grant,
            issuer: None,
            client: Some(Registered { id: "writ".to_owned(), proof }),
            document: None,
            scopes: None,
            dpop: Dpop::Offered,
            assume_pkce: false,
        };
        let outside = Arc::new(Https::new(clock, None, Bounds::default()).unwrap());
        let protected = Protected { settings, holders, outside, word: None };
        let target = Target::parse(&url).unwrap();
        let target = Target { protected: Some(Arc::new(protected)), ..target };
        Server { name: "mail".to_owned(), client: None, at: Place::Http(target) }
    }

    /// What a consent leaves in the vault.
    pub(crate) fn kept(&self, connection: &str, access: &str, until: i64) -> Secret<Vec<u8>> {
        let row = json!({
            "v": 1, "connection": connection, "at": self.url("/mcp"), "issuer": self.url(""), "resource": self.url("/mcp"),
            "access": access, "dpop": false, "until": until, "refresh": "r-0", "scope": "read",
            "token": self.url("/token"), "revocation": self.url("/revoke"), "client_issuer": self.url(""), "client_id": "writ",
            "method": "none",
        });
        Secret::new(row.to_string().into_bytes())
    }
}

async fn answer(this: Guarded, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Ok(match head.uri.path() {
        "/.well-known/oauth-protected-resource/mcp" => json_of(&json!({
            "resource": this.url("/mcp"), "authorization_servers": [this.url("")],
        })),
        "/.well-known/oauth-authorization-server" => json_of(&json!({
            "issuer": this.url(""), "token_endpoint": this.url("/token"),
        })),
        "/token" => {
            let stall = this.gate.lock().stall.clone();
            if let Some(stall) = stall {
                stall.asked.notify_one();
                stall.go.notified().await;
            }
            token(&this, &body)
        }
        "/revoke" => {
            let form = String::from_utf8(body.to_vec()).unwrap();
            this.gate.lock().revoked.push(form);
            json_of(&json!({}))
        }
        "/mcp" => call(&this, &head.headers, &body),
        _ => whole(StatusCode::NOT_FOUND, String::new()),
    })
}

fn token(this: &Guarded, form: &Bytes) -> Response<Body> {
    let mut gate = this.gate.lock();
    gate.forms.push(String::from_utf8(form.to_vec()).unwrap());
    if gate.closed {
        return whole(StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}).to_string());
    }
    let number = gate.forms.len();
    let wide = gate.forms.last().is_some_and(|form| form.contains("wide"));
    let scopes = if wide { vec!["read", "wide"] } else { vec!["read"] };
    gate.good.push((format!("t-{number}"), scopes.clone()));
    json_of(&json!({
        "access_token": format!("t-{number}"), "token_type": "Bearer", "expires_in": 60,
        "refresh_token": format!("r-{number}"), "scope": scopes.join(" "),
    }))
}

fn call(this: &Guarded, headers: &HeaderMap, body: &Bytes) -> Response<Body> {
    let mut gate = this.gate.lock();
    let shown = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let shown = shown.unwrap_or_default();
    gate.shown.push(shown.clone());
    let token = shown.strip_prefix("Bearer ").unwrap_or_default();
    let Some((_, scopes)) = gate.good.iter().find(|(good, _)| good == token) else {
        return challenged(StatusCode::UNAUTHORIZED, "error=\"invalid_token\", scope=\"read\"");
    };
    let message: Value = serde_json::from_slice(body).unwrap();
    let tool = message["params"]["name"].as_str().unwrap_or_default().to_owned();
    if tool == "paranoid" {
        return challenged(StatusCode::UNAUTHORIZED, "error=\"invalid_token\"");
    }
    if tool == "wide" && !scopes.contains(&"wide") {
        let says = "error=\"insufficient_scope\", scope=\"wide\"";
        return challenged(StatusCode::FORBIDDEN, says);
    }
    if tool == "stubborn" {
        let says = "error=\"insufficient_scope\", scope=\"read\"";
        return challenged(StatusCode::FORBIDDEN, says);
    }
    gate.acted += 1;
    if tool == "watch" {
        let first = futures_util::stream::once(async { Ok(Frame::data("data: {}\n\n".into())) });
        let pieces = futures_util::StreamExt::chain(first, futures_util::stream::pending());
        let mut response = Response::new(StreamBody::new(pieces).boxed());
        response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        return response;
    }
    json_of(&json!({"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}}))
}

fn challenged(status: StatusCode, says: &str) -> Response<Body> {
    let mut response = whole(status, String::new());
    let value = format!("Bearer {says}");
    response.headers_mut().insert("www-authenticate", value.parse().unwrap());
    response
}

fn json_of(document: &Value) -> Response<Body> {
    whole(StatusCode::OK, document.to_string())
}

fn whole(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Full::from(body).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}
