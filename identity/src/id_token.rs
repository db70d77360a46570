//! ID tokens of another identity provider (OpenID Connect Core, sections 2, 3.1.3.7): who signed in there, proved.
//!
//! Never here: fetching of keys, discovery, the code exchange (the desk does those), what the person may do (their seat
//! says), `none`, HMACs, encryption, or an audience besides ourselves.
//! To add a rule: a variant of [`IdTokenFault`], its check in [`verify`], a row in the tests' table.

use subtle::ConstantTimeEq as _;
use writ_model::{
    Code, Span, Timestamp,
    json::{self, Limits, Node},
};

use crate::{
    Fault, b64,
    claims::{date, text},
    key_of_others::{EcdsaForm, KeyOfOthers},
};

/// LIMIT: bytes of an ID token: large ones list hundreds of groups.
pub const MAX_ID_TOKEN: usize = 16 << 10;
/// LIMIT: bytes of a key set: eight keys with their certificates, with room.
pub const MAX_KEY_SET: usize = 256 << 10;
/// LIMIT: keys in a set.
pub const MAX_PROVIDER_KEYS: usize = 64;
/// How far the provider's clock may be off, either way.
pub const MAX_SKEW: Span = Span::minutes(2);
/// How old a token may be when it gets here: it is fetched at once.
pub const MAX_AGE: Span = Span::minutes(10);
/// LIMIT: characters of `sub` (OpenID Connect Core section 2).
pub const MAX_SUBJECT: usize = 255;
/// LIMIT: bytes of an issuer's and a client's name.
const MAX_NAME: usize = 1024;
/// LIMIT: bytes of `kid`.
const MAX_KID: usize = 256;
const SET_LIMITS: Limits = Limits { bytes: MAX_KEY_SET, depth: 6, nodes: 4096 };
const TOKEN_LIMITS: Limits = Limits { bytes: MAX_ID_TOKEN, depth: 8, nodes: 2048 };
/// Members that only private or symmetric keys have (RFC 7518 section 6).
const PRIVATE: [&str; 2] = ["d", "k"];

/// Why an ID token or a key set is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenFault {
    /// Not a compact JWS of at most [`MAX_ID_TOKEN`] bytes whose parts are strict JSON objects.
    #[error("ID token is not a signed JSON object")]
    Shape,
    /// `alg` is not RS256, ES256 or `EdDSA`, there is a `crit`, or `typ` is another's.
    #[error("ID token is signed in a way that is not allowed")]
    Algorithm,
    /// No key of the provider has this id and algorithm. Fetch the set again, once.
    #[error("ID token is signed with an unknown key")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("ID token's signature does not verify")]
    Signature,
    /// A claim is missing or malformed.
    #[error("ID token claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// `iss` is another's.
    #[error("ID token is from another issuer")]
    Issuer,
    /// `aud` is not us alone, or `azp` is another.
    #[error("ID token is for another audience")]
    Audience,
    /// `exp` has passed, or `iat` is longer ago than [`MAX_AGE`].
    #[error("ID token has expired or is too old")]
    Expired,
    /// `iat` or `nbf` is in the future.
    #[error("ID token is from the future")]
    Future,
    /// `nonce` is not the one of this sign-in.
    #[error("ID token is not of this sign-in")]
    Nonce,
    /// The person signed in there longer ago than we asked for.
    #[error("sign-in at the provider is too long ago")]
    AuthTime,
    /// The key set is no set, is too large, or holds a private key or two of one id.
    #[error("provider's key set is malformed or too large")]
    KeySet,
}

impl Fault for IdTokenFault {
    fn code(&self) -> Code {
        Code(match self {
            Self::Shape => "IDEN-0100",
            Self::Algorithm => "IDEN-0101",
            Self::UnknownKey => "IDEN-0102",
            Self::Signature => "IDEN-0103",
            Self::Claim(_) => "IDEN-0104",
            Self::Issuer => "IDEN-0105",
            Self::Audience => "IDEN-0106",
            Self::Expired => "IDEN-0107",
            Self::Future => "IDEN-0108",
            Self::Nonce => "IDEN-0109",
            Self::AuthTime => "IDEN-0110",
            Self::KeySet => "IDEN-0111",
        })
    }

    fn oauth_error(&self) -> &'static str {
        "access_denied"
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Shape | Self::Claim(_) => {
                "have the identity provider send a signed ID token with iss, sub, aud, exp, iat and nonce"
            }
            Self::Algorithm => "have the identity provider sign with RS256, ES256 or EdDSA",
            Self::UnknownKey | Self::Signature | Self::KeySet => {
                "check the identity provider's issuer and the key set that it publishes"
            }
            Self::Issuer => "set the issuer exactly as the identity provider writes it in `iss`",
            Self::Audience => "set the client id that the identity provider gave to this server",
            Self::Expired | Self::Future => {
                "set the clocks of this server and of the identity provider"
            }
            Self::Nonce | Self::AuthTime => "sign in again, from the beginning",
        }
    }
}

/// The public keys that a provider signs with.
#[derive(Debug, Clone, Default)]
pub struct ProviderKeys(Vec<(Option<String>, KeyOfOthers)>);

impl ProviderKeys {
    /// Reads a key set (RFC 7517 section 5). Keys of other types, uses and algorithms are left out.
    ///
    /// # Errors
    /// [`IdTokenFault::KeySet`].
    pub fn parse(document: &[u8]) -> Result<Self, IdTokenFault> {
        let node = json::parse(document, &SET_LIMITS).map_err(|_not_json| IdTokenFault::KeySet)?;
        let items = node.get("keys").and_then(Node::as_array).ok_or(IdTokenFault::KeySet)?;
        let private = |item: &Node<'_>| PRIVATE.iter().any(|name| item.get(name).is_some());
        if items.len() > MAX_PROVIDER_KEYS || items.iter().any(private) {
            return Err(IdTokenFault::KeySet);
        }
        let mut keys: Vec<(Option<String>, KeyOfOthers)> = Vec::new();
        for item in items {
            let Some(key) = KeyOfOthers::read(item) else {
                continue;
            };
            let says =
                |name, wanted| item.get(name).is_none_or(|node| node.as_str() == Some(wanted));
            if !says("use", "sig") || !says("alg", key.alg()) {
                continue;
            }
            let kid = text(item, "kid", MAX_KID).map(str::to_owned);
            let twice = |(known, other): &(Option<String>, KeyOfOthers)| {
                *known == kid && other.alg() == key.alg() && kid.is_some()
            };
            if keys.iter().any(twice) {
                return Err(IdTokenFault::KeySet);
            }
            keys.push((kid, key));
        }
        Ok(Self(keys))
    }

    /// How many there are that we can use.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of this id and algorithm; without an id the only one of the algorithm (section 10.1).
    fn find(&self, kid: Option<&str>, alg: &str) -> Option<&KeyOfOthers> {
        let mut fitting = self
            .0
            .iter()
            .filter(|(known, key)| key.alg() == alg && (kid.is_none() || known.as_deref() == kid));
        let (_, key) = fitting.next()?;
        fitting.next().is_none().then_some(key)
    }
}

/// What a verifier expects of the token of one sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The issuer, exactly.
    pub issuer: &'a str,
    /// Our client id there.
    pub client_id: &'a str,
    /// The nonce that was sent along, never empty.
    pub nonce: &'a str,
    /// How long ago the person may have signed in there, if that was asked for (`max_age`).
    pub max_age: Option<Span>,
    /// The instant.
    pub now: Timestamp,
}

/// A verified ID token.
#[derive(Debug, Clone, PartialEq)]
pub struct IdToken {
    /// The issuer.
    pub issuer: String,
    /// The person there: never reassigned, unlike an e-mail address.
    pub subject: String,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// When the person signed in there.
    pub auth_time: Option<Timestamp>,
    claims: serde_json::Value,
}

impl IdToken {
    /// A text claim of at most so many bytes: `email`, `name`, `acr`. SECURITY: as true as the provider makes it.
    pub fn text(&self, claim: &str, max: usize) -> Option<&str> {
        self.claims.get(claim)?.as_str().filter(|text| !text.is_empty() && text.len() <= max)
    }

    /// The texts of a claim that is one text or a list of them: `groups`, `roles`, `amr`. Others are left out.
    pub fn texts(&self, claim: &str) -> Vec<&str> {
        match self.claims.get(claim) {
            Some(serde_json::Value::String(one)) => vec![one],
            Some(serde_json::Value::Array(many)) => {
                many.iter().filter_map(serde_json::Value::as_str).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The whole payload, for a claim that stands deeper. SECURITY: as true as the provider makes it.
    pub fn claims(&self) -> &serde_json::Value {
        &self.claims
    }

    /// Whether a claim is `true`: `email_verified`.
    pub fn is_true(&self, claim: &str) -> bool {
        self.claims.get(claim) == Some(&serde_json::Value::Bool(true))
    }
}

/// Verifies the ID token of one sign-in (section 3.1.3.7).
///
/// # Errors
/// Any [`IdTokenFault`] but `KeySet`. On [`IdTokenFault::UnknownKey`] the provider may have changed its keys.
pub fn verify(
    token: &str,
    keys: &ProviderKeys,
    expect: &Expect<'_>,
) -> Result<IdToken, IdTokenFault> {
    if token.len() > MAX_ID_TOKEN {
        return Err(IdTokenFault::Shape);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(IdTokenFault::Shape);
    };
    let decode = |part| b64::decode(part).ok_or(IdTokenFault::Shape);
    let (head, body, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
    let key = key(&object(&head)?, keys)?;
    let signed = token.get(..header.len() + 1 + payload.len()).ok_or(IdTokenFault::Shape)?;
    if !key.verify(EcdsaForm::Fixed, signed.as_bytes(), &signature) {
        return Err(IdTokenFault::Signature);
    }
    read(&object(&body)?, expect)
}

fn object(bytes: &[u8]) -> Result<Node<'_>, IdTokenFault> {
    let node = json::parse(bytes, &TOKEN_LIMITS).map_err(|_not_json| IdTokenFault::Shape)?;
    if node.as_object().is_none() { Err(IdTokenFault::Shape) } else { Ok(node) }
}

/// The key that the header names (RFC 8725 section 3.1: the algorithm is the key's, not the token's choice).
fn key<'k>(header: &Node<'_>, keys: &'k ProviderKeys) -> Result<&'k KeyOfOthers, IdTokenFault> {
    let alg = header.get("alg").and_then(Node::as_str).ok_or(IdTokenFault::Algorithm)?;
    let typ = header
        .get("typ")
        .is_none_or(|typ| typ.as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("JWT")));
    if !["RS256", "ES256", "EdDSA"].contains(&alg) || header.get("crit").is_some() || !typ {
        return Err(IdTokenFault::Algorithm);
    }
    let kid = match header.get("kid") {
        None => None,
        Some(_) => Some(text(header, "kid", MAX_KID).ok_or(IdTokenFault::UnknownKey)?),
    };
    keys.find(kid, alg).ok_or(IdTokenFault::UnknownKey)
}

fn read(claims: &Node<'_>, expect: &Expect<'_>) -> Result<IdToken, IdTokenFault> {
    let word = |name, max| text(claims, name, max).ok_or(IdTokenFault::Claim(name));
    if word("iss", MAX_NAME)? != expect.issuer {
        return Err(IdTokenFault::Issuer);
    }
    audience(claims, expect.client_id)?;
    let at = |name| date(claims, name).ok_or(IdTokenFault::Claim(name));
    let (issued, expires) = (at("iat")?, at("exp")?);
    let auth_time = claims.get("auth_time").map(|_| at("auth_time")).transpose()?;
    let starts = claims.get("nbf").map(|_| at("nbf")).transpose()?.unwrap_or(issued);
    if expect.now >= expires + MAX_SKEW || expect.now > issued + MAX_AGE + MAX_SKEW {
        return Err(IdTokenFault::Expired);
    }
    if issued.max(starts) > expect.now + MAX_SKEW {
        return Err(IdTokenFault::Future);
    }
    let nonce = word("nonce", MAX_NAME)?;
    // A claim is never empty here, so an empty expectation fits none.
    if !bool::from(nonce.as_bytes().ct_eq(expect.nonce.as_bytes())) {
        return Err(IdTokenFault::Nonce);
    }
    if let Some(max_age) = expect.max_age {
        // Section 3.1.3.7 step 13: where max_age was sent, auth_time must be there.
        let since = auth_time.ok_or(IdTokenFault::Claim("auth_time"))?;
        if expect.now > since + max_age + MAX_SKEW {
            return Err(IdTokenFault::AuthTime);
        }
    }
    Ok(IdToken {
        issuer: expect.issuer.to_owned(),
        subject: word("sub", MAX_SUBJECT)?.to_owned(),
        issued,
        expires,
        auth_time,
        claims: claims.to_serde(),
    })
}

/// Ourselves, alone or as the only item (step 3: audiences that we do not trust refuse), and no other `azp` (step 5).
fn audience(claims: &Node<'_>, client_id: &str) -> Result<(), IdTokenFault> {
    let claim = claims.get("aud").ok_or(IdTokenFault::Claim("aud"))?;
    let one = match (claim.as_str(), claim.as_array()) {
        (Some(one), _) => Some(one),
        (None, Some([one])) => one.as_str(),
        (None, Some(_)) => return Err(IdTokenFault::Audience),
        (None, None) => None,
    };
    let azp = claims.get("azp").is_none_or(|azp| azp.as_str() == Some(client_id));
    if one.ok_or(IdTokenFault::Claim("aud"))? != client_id || !azp {
        return Err(IdTokenFault::Audience);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
