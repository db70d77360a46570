//! [`People`]: the demo's people at the doors that people use: the first link, invitations, sign-in. Their passkeys are
//! software in this process, **for the demo only**: nobody's thumb is asked.
//!
//! Never here: a door that a browser could not use as well. To let somebody do one more thing: a method of [`People`].

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, header};
use http_body_util::Full;
use parking_lot::Mutex;
use serde_json::{Value, json};
use writ_desk::Desk;
use writ_identity::webauthn::{SoftKind, SoftPasskey};
use writ_model::Secret;

use super::stage::text;
use crate::{
    api::{self, ApiClient, Credential, HttpTransport, Signer, Signing},
    fault::Fault,
    host::System,
    net::{self, Http},
};

/// Where a page carries its session's token.
const CSRF: &str = "name=\"csrf-token\" content=\"";

/// A person's passkey in software.
pub struct Hand(Mutex<SoftPasskey>);

impl std::fmt::Debug for Hand {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Hand")
    }
}

impl Hand {
    fn new(system: &System) -> Self {
        Self(Mutex::new(SoftPasskey::generate(system.entropy.as_ref(), SoftKind::Es256)))
    }

    fn register(&self, options: &Value, origin: &str) -> Result<Value, Fault> {
        self.0.lock().register(options, origin).map_err(|fault| odd(&fault.to_string()))
    }

    /// The assertion over these options.
    ///
    /// # Errors
    /// If they are no request options.
    pub fn assert(&self, options: &Value, origin: &str) -> Result<Value, Fault> {
        self.0.lock().assert(options, origin).map_err(|fault| odd(&fault.to_string()))
    }
}

impl Signer for Hand {
    fn sign<'a>(&'a self, signing: &'a Signing) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(std::future::ready(self.assert(&signing.options, signing.origin())))
    }
}

/// Somebody who has joined and waits to be let in.
#[derive(Debug)]
pub struct Joined {
    /// Who.
    pub person: String,
    /// What they read out.
    pub fingerprint: String,
    /// Their passkey.
    pub hand: Arc<Hand>,
}

/// The doors.
#[derive(Debug)]
pub struct People {
    desk: Desk,
    http: Http,
    system: System,
}

fn odd(what: &str) -> Fault {
    Fault::unreachable(format!("a software passkey does not work: {what}"))
}

impl People {
    /// At this desk.
    pub fn new(desk: Desk, http: Http, system: System) -> Self {
        Self { desk, http, system }
    }

    /// Follows the server's link and makes the very first passkey.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn welcome(&self, link: &Secret<String>) -> Result<Arc<Hand>, Fault> {
        let hand = Hand::new(&self.system);
        let path = link.expose().strip_prefix(self.desk.origin()).unwrap_or_default();
        let followed = self.send(Request::post(path), None, None).await?;
        let seat = self.seat(cookie(&followed.headers)?, "/welcome").await?;
        let given = self.post("/welcome/options", Some(&seat), &json!({})).await?.document();
        let body = self.registration(&hand, &given)?;
        self.post("/welcome", Some(&seat), &body).await?;
        Ok(Arc::new(hand))
    }

    /// Follows an invitation and makes a passkey.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn join(&self, link: &str) -> Result<Joined, Fault> {
        let hand = Hand::new(&self.system);
        let path = link.strip_prefix(self.desk.origin()).unwrap_or_default();
        let given = self.post(&format!("{path}/options"), None, &json!({})).await?.document();
        let body = self.registration(&hand, &given)?;
        let joined = self.post(path, None, &body).await?.document();
        let (person, fingerprint) = (text(&joined, "person"), text(&joined, "fingerprint"));
        Ok(Joined { person, fingerprint, hand: Arc::new(hand) })
    }

    /// Signs in with a passkey: the API as that person, in a session of their own.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn sign_in(&self, hand: Arc<Hand>) -> Result<ApiClient, Fault> {
        let given = self.post("/passkey/sign-in/options", None, &json!({})).await?.document();
        let options = given.get("options").unwrap_or(&Value::Null);
        let response = hand.assert(options, self.desk.origin())?;
        let signed = self.post("/passkey/sign-in", None, &json!({"response": response})).await?;
        let Seat { cookie, csrf } = self.seat(cookie(&signed.headers)?, "/me").await?;
        let origin = self.desk.origin().to_owned();
        let credential = Credential::Session { cookie, csrf, origin };
        let transport = HttpTransport::new(self.http.clone(), self.desk.issuer())?;
        let api = ApiClient::new(Arc::new(transport), credential, true);
        Ok(api.signing_with(Some(hand)))
    }

    fn registration(&self, hand: &Hand, given: &Value) -> Result<Value, Fault> {
        let options = given.get("options").unwrap_or(&Value::Null);
        let response = hand.register(options, self.desk.origin())?;
        Ok(json!({"label": "software, for the demo", "response": response}))
    }

    /// What a page of the console carries for its own scripts.
    async fn seat(&self, cookie: Secret<String>, page: &str) -> Result<Seat, Fault> {
        let shown = self.send(Request::get(page), Some(&cookie), None).await?;
        let page = String::from_utf8_lossy(&shown.body).into_owned();
        let token = page.split_once(CSRF).and_then(|(_, rest)| rest.split_once('"'));
        let (token, _) = token.ok_or_else(|| odd("the page carries no token"))?;
        Ok(Seat { cookie, csrf: Secret::new(token.to_owned()) })
    }

    async fn post(&self, path: &str, seat: Option<&Seat>, body: &Value) -> Result<Answer, Fault> {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(seat) = seat {
            request = request.header("writ-csrf", seat.csrf.expose());
        }
        self.send(request, seat.map(|seat| &seat.cookie), Some(body)).await
    }

    /// One request, as a page of the console sends it.
    async fn send(
        &self,
        request: http::request::Builder,
        cookie: Option<&Secret<String>>,
        body: Option<&Value>,
    ) -> Result<Answer, Fault> {
        let path = request.uri_ref().map(ToString::to_string).unwrap_or_default();
        let mut request = request
            .uri(format!("{}{path}", self.desk.origin()))
            .header(header::ORIGIN, self.desk.origin());
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie.expose());
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::from(bytes)).map_err(|error| odd(&error.to_string()))?;
        let sent = self.http.send(request).await;
        let (head, body) = sent.map_err(|why| Fault::unreachable(why.to_string()))?.into_parts();
        let body = net::whole(body, net::SMALL).await;
        let body = body.map_err(|why| Fault::unreachable(why.to_string()))?;
        if head.status.is_client_error() || head.status.is_server_error() {
            return Err(api::problem(head.status, &body));
        }
        Ok(Answer { headers: head.headers, body })
    }
}

/// A session as a page has it.
struct Seat {
    cookie: Secret<String>,
    csrf: Secret<String>,
}

struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn document(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The session cookie that an answer sets.
fn cookie(headers: &HeaderMap) -> Result<Secret<String>, Fault> {
    let set = headers.get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
    let pair = set.and_then(|set| set.split(';').next());
    pair.map(|pair| Secret::new(pair.to_owned())).ok_or_else(|| odd("no session was opened"))
}
