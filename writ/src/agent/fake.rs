//! A desk and a gateway for tests: real sockets, real checks of assertions, proofs and nonces, no rules of their own.
//!
//! Never here: a shortcut that a real server would not take. To fake one more door: a route in [`Fake::start`].

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Form, Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    response::IntoResponse as _,
    routing,
};
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use writ_identity::{AgentKey, Jwk, Nonces, PublicKey, assertion, dpop, jws};
use writ_model::{AgentId, Clock as _, Digest, InstanceId, TenantId, Timestamp};
use writ_testkit::SeededEntropy;

use super::{
    Holder,
    keyfile::{Instance, KeyFile},
};
use crate::{
    carry::Carrier,
    demo::servers::Servers,
    net::Http,
    system::{SystemClock, SystemEntropy},
};

/// What the fake remembers.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) base: String,
    pub(crate) token_nonces: Nonces,
    pub(crate) gateway_nonces: Mutex<Nonces>,
    pub(crate) issued: Mutex<Vec<String>>,
    /// Set to a reason: the agent is ended.
    pub(crate) ended: watch::Sender<Option<String>>,
    /// What `decide`, `outcome` and `filter` were asked.
    pub(crate) asked: Mutex<Vec<(String, Value)>>,
    /// Seconds that tokens live.
    pub(crate) life: Mutex<i64>,
    key: Mutex<Option<Jwk>>,
    upstream: Option<String>,
    http: Http,
}

impl Fake {
    /// Starts it; `/mcp/files` goes to the demo's file server if there is one.
    pub(crate) async fn start(servers: Option<&Servers>) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let fake = Arc::new(Self {
            base: format!("http://{}", listener.local_addr().unwrap()),
            token_nonces: Nonces::new(&SeededEntropy::new(5)),
            gateway_nonces: Mutex::new(Nonces::new(&SeededEntropy::new(6))),
            issued: Mutex::default(),
            ended: watch::Sender::new(None),
            asked: Mutex::default(),
            life: Mutex::new(300),
            key: Mutex::default(),
            upstream: servers.and_then(|servers| servers.url("files", "harbor-books")),
            http: Http::new(),
        });
        let router = Router::new()
            .route("/enroll", routing::post(enroll))
            .route("/oauth/token", routing::post(token))
            .route("/mcp/{server}", routing::any(mcp))
            .route("/pep/{server}/{what}", routing::any(pep))
            .with_state(Arc::clone(&fake));
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    fn instance(&self) -> Instance {
        let at = Timestamp::from_micros(1);
        Instance {
            client_id: InstanceId::from_parts(at, [1; 10]),
            agent: AgentId::from_parts(at, [2; 10]),
            agent_name: "reader".to_owned(),
            tenant: TenantId::from_parts(at, [3; 10]),
            issuer: self.base.clone(),
            token_endpoint: format!("{}/oauth/token", self.base),
            gateway: self.base.clone(),
        }
    }

    /// A key that the fake knows.
    pub(crate) fn key_file(&self) -> KeyFile {
        let key = AgentKey::generate().unwrap();
        *self.key.lock() = Some(key.jwk());
        KeyFile { instance: self.instance(), key }
    }

    pub(crate) fn holder(&self) -> Arc<Holder> {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Arc::new(Holder::new(self.key_file(), Http::new(), clock, entropy))
    }

    pub(crate) fn carrier(&self) -> Carrier {
        Carrier::new(Http::new(), self.holder())
    }

    pub(crate) fn uri(&self, path: &str) -> Uri {
        format!("{}{path}", self.base).parse().unwrap()
    }

    /// Checks token and proof as a gateway does; gives the refusal.
    fn check(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(), Box<Response<Body>>> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let challenge = |error: &str| {
            let nonce = self.gateway_nonces.lock().current(SystemClock.now());
            let said = format!(r#"DPoP error="{error}", error_description="said {error}""#);
            let head = [("www-authenticate", said), ("dpop-nonce", nonce)];
            Box::new((StatusCode::UNAUTHORIZED, head).into_response())
        };
        let token = text("authorization").and_then(|value| value.strip_prefix("DPoP "));
        let token = token.ok_or_else(|| challenge("invalid_token"))?;
        if !self.issued.lock().iter().any(|issued| issued == token) || self.ended.borrow().is_some()
        {
            return Err(challenge("invalid_token"));
        }
        let nonces = self.gateway_nonces.lock();
        let url = format!("{}{path}", self.base);
        let ath = Digest::of(token.as_bytes());
        let jkt = self.key.lock().unwrap().thumbprint();
        let expect = dpop::Expect {
            method: method.as_str(),
            url: &url,
            now: SystemClock.now(),
            nonce: dpop::NonceRule::Asked(&nonces),
            ath: Some(&ath),
            jkt: Some(&jkt),
            key: None,
        };
        let verdict = dpop::verify(text("dpop").unwrap_or_default(), &expect);
        drop(nonces);
        match verdict {
            Ok(_proof) => Ok(()),
            Err(dpop::DpopFault::NonceMissing | dpop::DpopFault::NonceUnknown) => {
                Err(challenge("use_dpop_nonce"))
            }
            Err(fault) => panic!("bad proof: {fault}"),
        }
    }
}

async fn enroll(State(fake): State<Arc<Fake>>, body: Bytes) -> Response<Body> {
    let body: Value = serde_json::from_slice(&body).unwrap();
    if body["code"] != "GOOD-CODE" {
        let problem = json!({
            "code": "DESK-0009", "detail": "this code is used or unknown",
            "cure": "ask for a new one",
        });
        return (StatusCode::FORBIDDEN, problem.to_string()).into_response();
    }
    let jwk = Jwk::parse(body["jwk"].to_string().as_bytes()).unwrap();
    let key = PublicKey::from_jwk(&jwk).unwrap();
    let (_header, signed) = jws::verify(body["proof"].as_str().unwrap(), &key).unwrap();
    assert_eq!(signed, b"GOOD-CODE");
    *fake.key.lock() = Some(jwk);
    serde_json::to_string(&fake.instance()).unwrap().into_response()
}

async fn token(
    State(fake): State<Arc<Fake>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response<Body> {
    let wrong = |error: &str, words: &str| {
        let nonce = fake.token_nonces.current(SystemClock.now());
        let body = json!({"error": error, "error_description": words}).to_string();
        (StatusCode::BAD_REQUEST, [("dpop-nonce", nonce)], body).into_response()
    };
    if let Some(reason) = fake.ended.borrow().as_ref() {
        return wrong("invalid_client", &format!("the agent is ended: {reason}"));
    }
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_assertion_type"], assertion::ASSERTION_TYPE);
    let jwk = fake.key.lock().unwrap();
    let expect = assertion::Expect {
        client: fake.instance().client_id,
        audiences: &[&fake.base],
        now: SystemClock.now(),
    };
    let key = PublicKey::from_jwk(&jwk).unwrap();
    assertion::verify(&form["client_assertion"], &key, &expect).unwrap();
    let url = format!("{}/oauth/token", fake.base);
    let expect = dpop::Expect {
        method: "POST",
        url: &url,
        now: SystemClock.now(),
        nonce: dpop::NonceRule::Asked(&fake.token_nonces),
        ath: None,
        jkt: Some(&jwk.thumbprint()),
        key: None,
    };
    if dpop::verify(headers["dpop"].to_str().unwrap(), &expect).is_err() {
        return wrong("use_dpop_nonce", "a nonce is needed");
    }
    let mut issued = fake.issued.lock();
    let token = format!("token-{}-for-{}", issued.len(), form["resource"]);
    issued.push(token.clone());
    let life = *fake.life.lock();
    json!({"access_token": token, "token_type": "DPoP", "expires_in": life})
        .to_string()
        .into_response()
}

async fn taken(request: Request) -> (Method, Uri, HeaderMap, Bytes) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.method, parts.uri, parts.headers, body)
}

async fn mcp(State(fake): State<Arc<Fake>>, request: Request) -> Response<Body> {
    let (method, uri, headers, body) = taken(request).await;
    if let Err(refusal) = fake.check(&method, uri.path(), &headers) {
        return *refusal;
    }
    let mut request = http::Request::new(http_body_util::Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = fake.upstream.as_deref().unwrap().parse().unwrap();
    for (name, value) in &headers {
        if name != "host" && name != "authorization" && name != "dpop" {
            request.headers_mut().insert(name, value.clone());
        }
    }
    fake.http.send(request).await.unwrap().map(Body::new)
}

async fn pep(
    State(fake): State<Arc<Fake>>,
    Path((_server, what)): Path<(String, String)>,
    request: Request,
) -> Response<Body> {
    let (method, uri, headers, body) = taken(request).await;
    if let Err(refusal) = fake.check(&method, uri.path(), &headers) {
        return *refusal;
    }
    if what == "life" {
        let changes = fake.ended.subscribe();
        let stream = futures_util::stream::unfold(changes, async |mut changes| {
            let ended = changes.wait_for(Option::is_some).await.ok()?.clone();
            let data = json!({"reason": ended}).to_string();
            Some((Bytes::from(format!("event: ended\ndata: {data}\n\n")), changes))
        });
        let first = futures_util::stream::once(async { Bytes::from_static(b": here\n\n") });
        let stream = first.chain(stream.take(1)).map(Ok::<_, std::convert::Infallible>);
        return ([("content-type", "text/event-stream")], Body::from_stream(stream))
            .into_response();
    }
    let asked: Value = serde_json::from_slice(&body).unwrap();
    fake.asked.lock().push((what.clone(), asked.clone()));
    let answer = match what.as_str() {
        "decide" if asked["params"]["name"] == "forbidden" => json!({
            "permit": false, "error": {"code": -32001, "message": "no grant covers `forbidden`"},
        }),
        "decide" => json!({
            "permit": true, "call_id": "cal_1", "filter": asked["method"] == "tools/list",
        }),
        "filter" => {
            let mut result = asked["result"].clone();
            result["tools"].as_array_mut().unwrap().retain(|tool| tool["name"] != "forbidden");
            json!({"result": result})
        }
        _ => json!({}),
    };
    answer.to_string().into_response()
}
