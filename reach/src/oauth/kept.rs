//! [`Kept`]: a connection as it is sealed in the vault: tokens, whose they are, where they are refreshed and taken back.
//!
//! Never here: a `Debug` that shows a token, a key that the operator's file names. To keep one more thing: its member, read
//! with a default, so that what older builds kept stays readable.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use writ_model::{
    Digest, Secret, Timestamp,
    json::{self, Limits, Node},
};

use super::{
    ClientAt, Found, Hands, Method, OauthFault, Proof, ProofKey, Scheme, Settings,
    challenge::scopes, token::Tokens,
};
use crate::Place;

/// The form that this build writes.
const VERSION: i64 = 1;

/// A connection to a protected server.
#[derive(Clone)]
pub struct Kept {
    /// Which connection it is: the ledger names it too.
    pub connection: Digest,
    /// The server that they were got for: they are shown nowhere else.
    pub at: String,
    /// The issuer of the tokens.
    pub issuer: String,
    /// The resource that they are for.
    pub resource: Option<String>,
    /// The token that is shown.
    pub access: Secret<String>,
    /// How it is shown.
    pub scheme: Scheme,
    /// Until when it is good.
    pub until: Timestamp,
    /// What new ones are got with.
    pub refresh: Option<Secret<String>>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// When somebody consented to it; the beginning of time if it is not said. What is young may have a line in the
    /// ledger that is not read everywhere yet.
    pub made: Timestamp,
    pub(super) token: Place,
    pub(super) revocation: Option<Place>,
    client: ClientAt,
    key: Option<Secret<Vec<u8>>>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Kept({} of {})", self.connection, self.issuer)
    }
}

#[derive(Serialize)]
struct Row<'a> {
    v: i64,
    connection: String,
    at: &'a str,
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    access: &'a str,
    dpop: bool,
    until: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<&'a str>,
    scope: String,
    made: i64,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<&'a str>,
    client_issuer: &'a str,
    client_id: &'a str,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl Kept {
    pub(super) fn of(
        (at, found): (&Place, &Found),
        client: &ClientAt,
        (given, asked): (Tokens, &[String]),
        key: Option<&ProofKey>,
    ) -> Result<Self, OauthFault> {
        let key = match (given.scheme, key) {
            (Scheme::Dpop, Some(key)) => Some(key.to_pkcs8()?),
            (Scheme::Dpop, None) | (Scheme::Bearer, _) => None,
        };
        Ok(Self {
            connection: Digest([0; 32]),
            at: at.as_str().to_owned(),
            issuer: found.issuer.clone(),
            resource: found.resource.clone(),
            access: given.access,
            scheme: given.scheme,
            until: given.until,
            refresh: given.refresh,
            scopes: given.scopes.unwrap_or_else(|| asked.to_vec()),
            made: Timestamp::default(),
            token: found.token.clone(),
            revocation: found.revocation.clone(),
            client: client.clone(),
            key,
        })
    }

    /// The same as a connection of its own, which the ledger can name.
    #[must_use]
    pub fn named(self, hands: &Hands<'_>) -> Self {
        let connection = Digest::of(hands.random().as_bytes());
        Self { connection, made: hands.clock.now(), ..self }
    }

    pub(super) fn with(&self, given: Tokens) -> Self {
        let before = self.clone();
        Self {
            access: given.access,
            scheme: given.scheme,
            until: given.until,
            refresh: given.refresh.or(before.refresh),
            scopes: given.scopes.unwrap_or(before.scopes),
            ..self.clone()
        }
    }

    /// The key that the token is bound to, if it is.
    ///
    /// # Errors
    /// [`OauthFault::Key`].
    pub fn key(&self) -> Result<Option<ProofKey>, OauthFault> {
        self.key.as_ref().map(ProofKey::from_pkcs8).transpose()
    }

    /// Who we are there; a key comes from the operator's file and is not kept.
    pub(super) fn client(&self, settings: &Settings) -> ClientAt {
        let ours = settings.client.as_ref().filter(|ours| ours.id == self.client.id);
        let key = ours.and_then(|ours| match &ours.proof {
            Proof::Key(key) => Some(key.clone()),
            Proof::Nothing | Proof::Secret(_) => None,
        });
        ClientAt { key, ..self.client.clone() }
    }

    /// As bytes for the vault.
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        let key = self.key.as_ref().map(|key| STANDARD.encode(key.expose()));
        let row = Row {
            v: VERSION,
            connection: self.connection.to_string(),
            at: &self.at,
            issuer: &self.issuer,
            resource: self.resource.as_deref(),
            access: self.access.expose(),
            dpop: self.scheme == Scheme::Dpop,
            until: self.until.seconds(),
            refresh: self.refresh.as_ref().map(|token| token.expose().as_str()),
            scope: self.scopes.join(" "),
            made: self.made.seconds(),
            token: self.token.as_str(),
            revocation: self.revocation.as_ref().map(Place::as_str),
            client_issuer: &self.client.issuer,
            client_id: &self.client.id,
            method: self.client.method.word(),
            client_secret: self.client.secret.as_ref().map(|secret| secret.expose().as_str()),
            key,
        };
        Secret::new(serde_json::to_vec(&row).unwrap_or_default())
    }

    /// Out of the vault.
    ///
    /// # Errors
    /// [`OauthFault::Kept`].
    pub fn from_bytes(bytes: &Secret<Vec<u8>>) -> Result<Self, OauthFault> {
        read(bytes.expose()).ok_or(OauthFault::Kept)
    }
}

fn read(bytes: &[u8]) -> Option<Kept> {
    let row = json::parse(bytes, &Limits::REQUEST).ok()?;
    if row.get("v").and_then(Node::as_i64) != Some(VERSION) {
        return None;
    }
    let text = |name: &str| row.get(name).and_then(Node::as_str);
    let owned = |name: &str| text(name).map(str::to_owned);
    let dpop = matches!(row.get("dpop").map(|node| &node.value), Some(json::Value::Bool(true)));
    let revocation = match text("revocation") {
        Some(address) => Some(Place::parse(address).ok()?),
        None => None,
    };
    let key = match text("key") {
        Some(key) => Some(Secret::new(STANDARD.decode(key).ok()?)),
        None => None,
    };
    Some(Kept {
        connection: text("connection")?.parse().ok()?,
        at: owned("at")?,
        issuer: owned("issuer")?,
        resource: owned("resource"),
        access: owned("access").map(Secret::new)?,
        scheme: if dpop { Scheme::Dpop } else { Scheme::Bearer },
        until: Timestamp::from_micros(
            row.get("until").and_then(Node::as_i64)?.checked_mul(1_000_000)?,
        ),
        refresh: owned("refresh").map(Secret::new),
        scopes: text("scope").map(scopes).unwrap_or_default(),
        made: Timestamp::from_micros(
            row.get("made").and_then(Node::as_i64).unwrap_or_default().checked_mul(1_000_000)?,
        ),
        token: Place::parse(text("token")?).ok()?,
        revocation,
        client: ClientAt {
            issuer: owned("client_issuer")?,
            id: owned("client_id")?,
            method: Method::of_word(text("method")?)?,
            secret: owned("client_secret").map(Secret::new),
            key: None,
            redirect: None,
        },
        key,
    })
}
