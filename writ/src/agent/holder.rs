//! [`Holder`]: an instance's key at work. Gets short-lived tokens (`private_key_jwt`, RFC 7523, with DPoP, RFC 9449), adds
//! token and proof to each request, answers nonce challenges, renews before a token ends.
//!
//! Never here: a token sent anywhere but to the gateway it is for, or kept longer than it lives, or written down.
//! To speak to one more door of the gateway: [`resource_of`].

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use parking_lot::Mutex;
use serde::Deserialize;
use writ_identity::{assertion, dpop};
use writ_model::{Clock, Entropy, Secret, Span, Timestamp};

use super::keyfile::KeyFile;
use crate::{
    carry::{Authorizer, unsent},
    fault::{Exit, Fault},
    net::{self, Http},
};

/// The proof.
const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The nonce that the next proof must carry.
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// A token is renewed when it has less than this left: a request may take its time.
const MARGIN: Span = Span::seconds(60);
/// LIMIT: attempts at one token: the first, one for a nonce, one more if that nonce just aged.
const ATTEMPTS: usize = 3;
/// LIMIT: tokens held at once, one for each resource; an agent speaks to a handful of servers.
const TOKENS: usize = 64;

struct Held {
    token: Secret<String>,
    renew_at: Timestamp,
}

#[derive(Default)]
struct Memory {
    desk_nonce: Option<String>,
    gateway_nonce: Option<String>,
}

/// An instance's key at work.
pub struct Holder {
    file: KeyFile,
    http: Http,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    memory: Mutex<Memory>,
    /// Held while a token is fetched, so that a burst of calls fetches one.
    tokens: tokio::sync::Mutex<BTreeMap<String, Held>>,
    /// Set when the gateway no longer takes our token.
    spent: Mutex<bool>,
}

impl fmt::Debug for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Holder").field(&self.file).finish()
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: i64,
}

#[derive(Deserialize)]
struct Declined {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Holder {
    /// A holder of this key.
    pub fn new(
        file: KeyFile,
        http: Http,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            file,
            http,
            clock,
            entropy,
            memory: Mutex::default(),
            tokens: tokio::sync::Mutex::default(),
            spent: Mutex::new(false),
        }
    }

    /// Whose key.
    pub fn file(&self) -> &KeyFile {
        &self.file
    }

    /// A token for a resource, fetched if none is held that lives long enough.
    ///
    /// # Errors
    /// If the token endpoint cannot be reached ([`Exit::Unreachable`]) or refuses this instance ([`Exit::Ended`]).
    pub async fn token(&self, resource: &str) -> Result<Secret<String>, Fault> {
        let mut tokens = self.tokens.lock().await;
        if std::mem::take(&mut *self.spent.lock()) {
            tokens.clear();
        }
        let now = self.clock.now();
        tokens.retain(|_, held| now < held.renew_at);
        if let Some(held) = tokens.get(resource) {
            return Ok(held.token.clone());
        }
        let held = self.fetch(resource).await?;
        let token = held.token.clone();
        if tokens.len() >= TOKENS {
            tokens.clear();
        }
        tokens.insert(resource.to_owned(), held);
        Ok(token)
    }

    async fn fetch(&self, resource: &str) -> Result<Held, Fault> {
        let mut attempt = 1;
        loop {
            let asked_at = self.clock.now();
            let response = self.ask(resource, asked_at).await?;
            let (parts, body) = response.into_parts();
            if let Some(nonce) = nonce_in(&parts.headers) {
                self.memory.lock().desk_nonce = Some(nonce);
            }
            let body = net::whole(body, net::SMALL)
                .await
                .map_err(|why| Fault::unreachable(format!("the token answer broke off: {why}")))?;
            if parts.status == StatusCode::OK {
                return granted(&body, asked_at);
            }
            let declined: Declined = serde_json::from_slice(&body).unwrap_or_else(|_not_json| {
                Declined { error: parts.status.to_string(), error_description: String::new() }
            });
            if declined.error == "use_dpop_nonce" && attempt < ATTEMPTS {
                attempt += 1;
                continue;
            }
            return Err(refused(&declined, parts.status));
        }
    }

    async fn ask(
        &self,
        resource: &str,
        now: Timestamp,
    ) -> Result<http::Response<hyper::body::Incoming>, Fault> {
        let instance = &self.file.instance;
        let unsigned = |error: writ_identity::KeyFault| Fault::unreachable(error.to_string());
        let assertion = assertion::create(
            &self.file.key,
            instance.client_id,
            &instance.issuer,
            now,
            &self.unique(),
        )
        .map_err(unsigned)?;
        let nonce = self.memory.lock().desk_nonce.clone();
        let proof = self.prove(("POST", &instance.token_endpoint), None, nonce.as_deref())?;
        let client_id = instance.client_id.to_string();
        let form = form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &client_id),
            ("client_assertion_type", assertion::ASSERTION_TYPE),
            ("client_assertion", &assertion),
            ("resource", resource),
        ]);
        let uri: Uri = instance.token_endpoint.parse().map_err(|_invalid| {
            Fault::usage(format!("token endpoint `{}` is no address", instance.token_endpoint))
        })?;
        net::origin(&uri).map_err(Fault::usage)?;
        let request = Request::post(uri.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .header(DPOP, proof)
            .body(Full::new(Bytes::from(form)))
            .map_err(|error| Fault::usage(error.to_string()))?;
        self.http.send(request).await.map_err(|why| unsent(&uri, &why))
    }

    fn prove(
        &self,
        place: (&str, &str),
        token: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<String, Fault> {
        let (method, url) = place;
        let (jti, now) = (self.unique(), self.clock.now());
        let prove = dpop::Prove { method, url, now, access_token: token, nonce, jti: &jti };
        dpop::prove(&self.file.key, &prove).map_err(|error| Fault::unreachable(error.to_string()))
    }

    fn unique(&self) -> String {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        URL_SAFE_NO_PAD.encode(random)
    }

    async fn add(&self, method: &Method, uri: &Uri, headers: &mut HeaderMap) -> Result<(), Fault> {
        let resource = resource_of(uri, &self.file.instance.gateway)?;
        let token = self.token(&resource).await?;
        let nonce = self.memory.lock().gateway_nonce.clone();
        let url = uri.to_string();
        let proof = self.prove((method.as_str(), &url), Some(token.expose()), nonce.as_deref())?;
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text)
                .map_err(|_invalid| Fault::unreachable("the token is no header value"))?;
            value.set_sensitive(true);
            Ok::<_, Fault>(value)
        };
        headers.insert(header::AUTHORIZATION, secret(&format!("DPoP {}", token.expose()))?);
        headers.insert(DPOP, secret(&proof)?);
        Ok(())
    }
}

impl Authorizer for Holder {
    fn authorize<'a>(
        &'a self,
        method: &'a Method,
        uri: &'a Uri,
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.add(method, uri, headers))
    }

    fn learn(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        if let Some(nonce) = nonce_in(headers) {
            self.memory.lock().gateway_nonce = Some(nonce);
        }
        if status != StatusCode::UNAUTHORIZED {
            return false;
        }
        let challenge: Vec<&str> = headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let says = |error: &str| challenge.iter().any(|text| text.contains(error));
        if says("invalid_token") {
            *self.spent.lock() = true;
        }
        says("use_dpop_nonce") || says("invalid_token")
    }
}

/// The resource (RFC 8707) that a request is for: `{gateway}/mcp/{server}`, for the wrap doors too.
///
/// # Errors
/// If the address is not at the gateway that this key's tokens are for: a token goes nowhere else.
pub fn resource_of(uri: &Uri, gateway: &str) -> Result<String, Fault> {
    let origin = net::origin(uri).map_err(Fault::usage)?;
    let gateway = gateway.trim_end_matches('/');
    if origin != gateway {
        return Err(Fault::usage(format!("{origin} is not the gateway of this agent"))
            .cure(format!("its tokens are for {gateway}; use an address there")));
    }
    let mut parts = uri.path().trim_start_matches('/').splitn(3, '/');
    match (parts.next(), parts.next()) {
        (Some("mcp" | "pep"), Some(server)) if !server.is_empty() => {
            Ok(format!("{gateway}/mcp/{server}"))
        }
        _ => Ok(format!("{gateway}/mcp")),
    }
}

fn granted(body: &[u8], asked_at: Timestamp) -> Result<Held, Fault> {
    let granted: Granted = serde_json::from_slice(body)
        .map_err(|error| Fault::unreachable(format!("the token answer is not one: {error}")))?;
    if !granted.token_type.eq_ignore_ascii_case("DPoP") {
        return Err(Fault::refused("the token is not bound to this key: it is not used"));
    }
    let life = Span::seconds(granted.expires_in.clamp(0, 3600));
    // A short life is used for half its time rather than not at all.
    let margin = MARGIN.min(Span::micros(life.as_micros() / 2));
    Ok(Held { token: Secret::new(granted.access_token), renew_at: asked_at + life - margin })
}

fn refused(declined: &Declined, status: StatusCode) -> Fault {
    let text = if declined.error_description.is_empty() {
        declined.error.clone()
    } else {
        declined.error_description.clone()
    };
    let exit = match declined.error.as_str() {
        "invalid_client" | "unauthorized_client" | "invalid_grant" => Exit::Ended,
        _ if status.is_server_error() => Exit::Unreachable,
        _ => Exit::Refused,
    };
    Fault::new(exit, format!("no token for this agent: {text}")).code(declined.error.clone())
}

fn nonce_in(headers: &HeaderMap) -> Option<String> {
    headers.get(DPOP_NONCE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// `application/x-www-form-urlencoded`.
fn form(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*') {
                out.push(char::from(byte));
            } else {
                // Upper-case hexadecimal, as the URL standard spells it.
                let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
                out.push('%');
                out.push(hex(byte >> 4).to_ascii_uppercase());
                out.push(hex(byte & 15).to_ascii_uppercase());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
