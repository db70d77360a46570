//! The other side: documents and answers by address, and what reached them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::json;

use super::{AT, ISSUER};
use crate::{Answer, Ask, Fault, Outside, Payload};

/// A status, a document, and a nonce.
type Said = (u16, serde_json::Value, Option<&'static str>);
/// An address, what was sent, and its fields.
type Heard = (String, String, BTreeMap<String, String>);

/// What stands where; everything else is 404.
#[derive(Debug, Default)]
pub(super) struct Net {
    places: BTreeMap<String, Vec<Said>>,
    asked: Mutex<Vec<Heard>>,
}

impl Net {
    pub(super) fn with(mut self, place: &str, document: serde_json::Value) -> Self {
        self.places.entry(place.to_owned()).or_default().push((200, document, None));
        self
    }

    pub(super) fn says(
        mut self,
        place: &str,
        status: u16,
        body: serde_json::Value,
        nonce: Option<&'static str>,
    ) -> Self {
        self.places.entry(place.to_owned()).or_default().push((status, body, nonce));
        self
    }

    /// The usual server and its authorization server.
    pub(super) fn usual(more: &serde_json::Value) -> Self {
        let resource = json!({"resource": AT, "authorization_servers": [ISSUER], "scopes_supported": ["a", "b"]});
        Self::default()
            .with("https://mail.example/.well-known/oauth-protected-resource/mcp", resource)
            .with(
                "https://id.example/.well-known/oauth-authorization-server",
                metadata(ISSUER, more),
            )
    }

    pub(super) fn places_asked(&self) -> Vec<String> {
        self.asked.lock().iter().map(|(place, ..)| place.clone()).collect()
    }

    /// The bodies that were sent to a place.
    pub(super) fn bodies(&self, place: &str) -> Vec<String> {
        let asked = self.asked.lock();
        asked.iter().filter(|(one, ..)| one == place).map(|(_, body, _)| body.clone()).collect()
    }

    /// The forms that were sent to a place, with the header fields under `:name`.
    pub(super) fn forms(&self, place: &str) -> Vec<BTreeMap<String, String>> {
        let asked = self.asked.lock();
        asked.iter().filter(|(one, ..)| one == place).map(|(_, _, form)| form.clone()).collect()
    }
}

pub(super) fn metadata(issuer: &str, more: &serde_json::Value) -> serde_json::Value {
    let mut out = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "registration_endpoint": format!("{issuer}/register"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
    });
    for (name, value) in more.as_object().unwrap() {
        out[name] = value.clone();
    }
    out
}

#[async_trait]
impl Outside for Net {
    async fn ask(&self, ask: Ask) -> Result<Answer, Fault> {
        let mut form = BTreeMap::new();
        let body = match &ask.send {
            Payload::Form(text) => {
                let uri: http::Uri = format!("/?{}", text.expose()).parse().unwrap();
                for pair in uri.query().unwrap().split('&') {
                    let (name, value) = pair.split_once('=').unwrap();
                    form.insert(name.to_owned(), decoded(value));
                }
                text.expose().clone()
            }
            Payload::Json(bytes) => String::from_utf8(bytes.expose().clone()).unwrap(),
            Payload::Nothing | Payload::Protobuf(_) => String::new(),
        };
        form.extend(ask.headers.iter().map(|(name, value)| (format!(":{name}"), value.clone())));
        if let Some(value) = &ask.authorization {
            form.insert(":authorization".to_owned(), value.expose().clone());
        }
        let place = ask.to.as_str().to_owned();
        let seen = self.asked.lock().iter().filter(|(one, ..)| *one == place).count();
        self.asked.lock().push((place.clone(), body, form));
        let found = self.places.get(&place).and_then(|list| list.get(seen).or(list.last()));
        let Some((status, document, nonce)) = found else {
            return Ok(Answer { status: 404, ..Answer::default() });
        };
        let nonce = nonce.map(str::to_owned);
        let body = document.to_string().into();
        Ok(Answer { status: *status, body, nonce, ..Answer::default() })
    }
}

pub(super) fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap().replace('+', " ").into_bytes();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        out.push(u8::from_str_radix(digits, 16).unwrap());
        out.extend(rest.replace('+', " ").into_bytes());
    }
    String::from_utf8(out).unwrap()
}
