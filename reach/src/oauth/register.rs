//! [`ClientAt`]: who we are at one authorization server: registered before, by our metadata document (Client ID Metadata
//! Document draft-00), or dynamically (RFC 7591) where it insists; and how we prove it at its token endpoint.
//!
//! Never here: a registration of one issuer shown to another (SEP-2352). To add a way to prove it: a variant of [`Method`].

use std::sync::Arc;

use serde_json::json;
use writ_identity::{AgentKey, jws};
use writ_model::{
    Secret, Span,
    json::{self, Limits, Node},
};

use super::{Found, Hands, OauthFault, Proof, Registered, Settings, fault::quoted};
use crate::{Ask, Place};

/// How long an assertion of ours lives: one request.
const ASSERTION_LIFE: Span = Span::seconds(60);
/// LIMIT: bytes of an id or a secret that an authorization server gives us.
const MAX_WORD: usize = 4 << 10;
/// What people read when they consent.
const NAME: &str = "Writ";
const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";
const NONE: &str = "none";
const SIGNED: &str = "private_key_jwt";

/// How we prove who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    Nothing,
    /// A secret in `Authorization`.
    Basic,
    /// A secret in the form.
    Post,
    /// A signature.
    Signed,
}

impl Method {
    /// Its registered name (RFC 8414, RFC 7591).
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => NONE,
            Self::Basic => BASIC,
            Self::Post => POST,
            Self::Signed => SIGNED,
        }
    }

    /// The method of this name.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            NONE => Self::Nothing,
            BASIC => Self::Basic,
            POST => Self::Post,
            SIGNED => Self::Signed,
            _ => return None,
        })
    }
}

/// Who we are at one authorization server.
#[derive(Debug, Clone)]
pub struct ClientAt {
    /// The issuer that it is good for.
    pub issuer: String,
    /// Our `client_id`.
    pub id: String,
    /// How we prove it.
    pub method: Method,
    /// The secret, for the methods that have one.
    pub secret: Option<Secret<String>>,
    /// The key, for [`Method::Signed`]. It is not kept with a connection.
    pub key: Option<Arc<AgentKey>>,
    /// Where answers come back to, if we registered ourselves: another address takes another registration.
    pub redirect: Option<String>,
}

impl ClientAt {
    /// A registration that somebody made, proved as this authorization server takes it.
    pub fn registered(registered: &Registered, found: &Found) -> Self {
        let (issuer, id) = (found.issuer.clone(), registered.id.clone());
        let takes = |method: Method| found.methods.iter().any(|one| one == method.word());
        let bare =
            Self { issuer, id, method: Method::Nothing, secret: None, key: None, redirect: None };
        match &registered.proof {
            Proof::Nothing => bare,
            Proof::Secret(secret) => {
                // RFC 8414 section 2: without a list it is `client_secret_basic`.
                let post = takes(Method::Post) && !takes(Method::Basic);
                let method = if post { Method::Post } else { Method::Basic };
                Self { method, secret: Some(secret.clone()), ..bare }
            }
            Proof::Key(key) => {
                let key = Some(Arc::clone(key));
                Self { method: Method::Signed, key, ..bare }
            }
        }
    }

    /// The fields and the header that prove it at a token endpoint.
    pub(crate) fn proved(
        &self,
        hands: &Hands<'_>,
        fields: &mut Vec<(&'static str, Secret<String>)>,
    ) -> Result<Option<Secret<String>>, OauthFault> {
        let id = || Secret::new(self.id.clone());
        match (self.method, &self.secret, &self.key) {
            (Method::Basic, Some(secret), _) => return Ok(Some(crate::basic(&self.id, secret))),
            (Method::Post, Some(secret), _) => {
                fields.push(("client_id", id()));
                fields.push(("client_secret", secret.clone()));
            }
            (Method::Signed, _, Some(key)) => {
                fields.push(("client_id", id()));
                let kind = writ_identity::assertion::ASSERTION_TYPE.to_owned();
                fields.push(("client_assertion_type", Secret::new(kind)));
                fields.push(("client_assertion", self.assertion(hands, key)?));
            }
            (Method::Nothing, ..) => fields.push(("client_id", id())),
            (Method::Basic | Method::Post | Method::Signed, ..) => return Err(OauthFault::Kept),
        }
        Ok(None)
    }

    /// `private_key_jwt` (RFC 7523); its one audience is the issuer (RFC 7523bis).
    fn assertion(&self, hands: &Hands<'_>, key: &AgentKey) -> Result<Secret<String>, OauthFault> {
        let now = hands.clock.now();
        let claims = json!({
            "iss": self.id,
            "sub": self.id,
            "aud": self.issuer,
            "iat": now.seconds(),
            "exp": (now + ASSERTION_LIFE).seconds(),
            "jti": hands.random(),
        });
        let signed = jws::sign(key, "JWT", claims.to_string().as_bytes());
        signed.map(Secret::new).map_err(|_fault| OauthFault::Key)
    }
}

/// Who we are for people's consent, in the order that MCP says: registered before, by our document, registered now.
pub(super) async fn client(
    hands: &Hands<'_>,
    settings: &Settings,
    found: &Found,
    (base, redirect, known): (&str, &str, Option<&ClientAt>),
) -> Result<ClientAt, OauthFault> {
    if let Some(registered) = &settings.client {
        return Ok(ClientAt::registered(registered, found));
    }
    if let Some(document) = settings.document.as_ref().filter(|_| found.documents) {
        let (issuer, id) = (found.issuer.clone(), document.clone());
        let (method, redirect) = (Method::Nothing, None);
        return Ok(ClientAt { issuer, id, method, secret: None, key: None, redirect });
    }
    let same = |known: &&ClientAt| {
        // What was kept before addresses differed is of the one address that there was.
        let at = known.redirect.as_deref().unwrap_or(base);
        known.issuer == found.issuer && at == redirect
    };
    if let Some(known) = known.filter(same) {
        return Ok(known.clone());
    }
    match &found.registration {
        Some(at) => registered_now(hands, found, at, redirect).await,
        None => Err(OauthFault::Unregistered { of: quoted(&found.issuer) }),
    }
}

/// What stands in our metadata document and in a registration. `id` is the document's own address.
pub fn document(id: Option<&str>, redirects: &[&str], method: Method) -> serde_json::Value {
    let plain = |redirect: &&str| Place::parse(redirect).is_ok_and(|place| !place.tls());
    let ours = redirects.iter().any(plain);
    let mut out = json!({
        "client_name": NAME,
        "redirect_uris": redirects,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method.word(),
        // SEP-837. OpenID Connect takes loopback addresses from `native` clients only.
        "application_type": if ours { "native" } else { "web" },
    });
    if let (Some(id), Some(members)) = (id, out.as_object_mut()) {
        members.insert("client_id".to_owned(), id.into());
    }
    out
}

async fn registered_now(
    hands: &Hands<'_>,
    found: &Found,
    at: &Place,
    redirect: &str,
) -> Result<ClientAt, OauthFault> {
    let wanted = [Method::Basic, Method::Post, Method::Nothing];
    let takes = |method: &Method| found.methods.iter().any(|one| one == method.word());
    let method = wanted.into_iter().find(takes).unwrap_or(Method::Basic);
    let body = document(None, &[redirect], method).to_string().into_bytes();
    let answer = hands.outside.ask(Ask::json(at.clone(), body)).await?;
    let of = || quoted(&found.issuer);
    let bad = |why: &str| OauthFault::Document { of: of(), why: why.to_owned() };
    let said = json::parse(&answer.body, &Limits::SMALL)
        .map_err(|why| bad(&format!("its answer to a registration is not JSON: {why}")))?;
    let text = |name: &str| {
        let text = said.get(name).and_then(Node::as_str);
        text.filter(|text| !text.is_empty() && text.len() <= MAX_WORD).map(str::to_owned)
    };
    if !(200..300).contains(&answer.status) {
        let error = text("error").unwrap_or_else(|| answer.status.to_string());
        return Err(OauthFault::Refused { of: of(), error: quoted(&error), gone: true });
    }
    let id = text("client_id").ok_or_else(|| bad("it registered us and gave no client_id"))?;
    let secret = text("client_secret").map(Secret::new);
    // RFC 7591 section 3.2.1: it may have registered another method than the one that was asked for.
    let method = match text("token_endpoint_auth_method") {
        Some(word) => Method::of_word(&word).ok_or_else(|| bad("it wants another proof of us"))?,
        // Without a word of it, a client that got no secret has none to prove.
        None if secret.is_none() => Method::Nothing,
        None => method,
    };
    let needs = matches!(method, Method::Basic | Method::Post);
    if method == Method::Signed || (needs && secret.is_none()) {
        return Err(bad("it registered us in a way that we cannot prove"));
    }
    let redirect = Some(redirect.to_owned());
    Ok(ClientAt { issuer: found.issuer.clone(), id, method, secret, key: None, redirect })
}

impl ClientAt {
    /// A registration as bytes for the vault.
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        let row = json!({
            "issuer": self.issuer,
            "client_id": self.id,
            "method": self.method.word(),
            "client_secret": self.secret.as_ref().map(|secret| secret.expose().as_str()),
            "redirect": self.redirect,
        });
        Secret::new(row.to_string().into_bytes())
    }

    /// A registration out of the vault; none if it cannot be read.
    pub fn from_bytes(bytes: &Secret<Vec<u8>>) -> Option<Self> {
        let row = json::parse(bytes.expose(), &Limits::SMALL).ok()?;
        let text = |name: &str| row.get(name).and_then(Node::as_str).map(str::to_owned);
        Some(Self {
            issuer: text("issuer")?,
            id: text("client_id")?,
            method: Method::of_word(&text("method")?)?,
            secret: text("client_secret").map(Secret::new),
            key: None,
            redirect: text("redirect"),
        })
    }
}
