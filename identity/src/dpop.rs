//! `DPoP` proofs (RFC 9449): made by agents and `writ connect`, verified on each call: the hot path.
//!
//! A proof costs one ECDSA verification and little else: the first good proof of a key yields a [`BoundKey`], which the
//! caller keeps beside the token; later proofs with the same header skip its reading and the decoding of the point.
//! Never here: replay marks (the caller marks what [`verify`] returned, in [`crate::ReplayMarks`]), or a lookup of keys.
//! To add a rule: a variant of [`DpopFault`], its check in [`Claimed::check`], a row in the tests' table.

use std::sync::Arc;

use writ_model::{Code, Digest, Span, Timestamp, json::Node};

use crate::{
    AgentKey, Fault, Jwk, JwsFault, KeyFault, NonceState, Nonces, PublicKey, Signer, Thumbprint,
    b64,
    claims::{date, object, part, text},
    htu,
    jws::{Compact, Header, compose},
};

/// How old a proof may be, and how far ahead: `iat` is within this of now (RFC 9449 section 11.1).
pub const IAT_WINDOW: Span = Span::seconds(60);
/// LIMIT: bytes of a proof: a key, a URL of 2 KiB and short claims.
pub const MAX_PROOF: usize = 4 << 10;
/// LIMIT: bytes of `jti`: four UUIDs.
const MAX_JTI: usize = 144;
/// LIMIT: bytes of `nonce`: ours have 32.
const MAX_NONCE: usize = 64;
const TYP: &str = "dpop+jwt";

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DpopFault {
    /// There is no `DPoP` header field.
    #[error("no proof was sent")]
    Missing,
    /// There is more than one `DPoP` header field.
    #[error("more than one proof was sent")]
    Several,
    /// Not a JWS that we accept, or not signed by the key in its header.
    #[error("proof is not validly signed")]
    Jws(#[source] JwsFault),
    /// `typ` is not `dpop+jwt`.
    #[error("proof is not a DPoP proof")]
    Type,
    /// There is no `jwk` in the header.
    #[error("proof names no public key")]
    NoKey,
    /// The key is not the one that the token or the client is bound to.
    #[error("proof is made with another key")]
    Key,
    /// A claim is missing or malformed.
    #[error("proof claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// `htm` is another method.
    #[error("proof is for another method")]
    Method,
    /// `htu` is another URL.
    #[error("proof is for another URL")]
    Url,
    /// `iat` is more than [`IAT_WINDOW`] away.
    #[error("proof is too old or from the future")]
    Instant,
    /// A nonce is asked for and there is none.
    #[error("proof lacks a nonce")]
    NonceMissing,
    /// The nonce is of this boot, but too old.
    #[error("proof's nonce is stale")]
    NonceStale,
    /// The nonce is not of this boot.
    #[error("proof's nonce is not ours")]
    NonceUnknown,
    /// `ath` is missing or not the digest of the token sent along.
    #[error("proof is for another access token")]
    Token,
}

impl Fault for DpopFault {
    fn code(&self) -> Code {
        match self {
            Self::Jws(fault) => fault.code(),
            Self::Type => Code("IDEN-0020"),
            Self::NoKey => Code("IDEN-0021"),
            Self::Claim(_) => Code("IDEN-0022"),
            Self::Method => Code("IDEN-0023"),
            Self::Url => Code("IDEN-0024"),
            Self::Instant => Code("IDEN-0025"),
            Self::NonceMissing => Code("IDEN-0026"),
            Self::NonceStale => Code("IDEN-0027"),
            Self::NonceUnknown => Code("IDEN-0028"),
            Self::Token => Code("IDEN-0029"),
            Self::Key => Code("IDEN-0030"),
            Self::Several => Code("IDEN-0031"),
            Self::Missing => Code("IDEN-0032"),
        }
    }

    fn oauth_error(&self) -> &'static str {
        match self {
            Self::NonceMissing | Self::NonceStale | Self::NonceUnknown => "use_dpop_nonce",
            _ => "invalid_dpop_proof",
        }
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Missing => "send a DPoP proof with each request, or use `writ connect`",
            Self::Several => "send one DPoP header field",
            Self::Jws(fault) => fault.cure(),
            Self::Type => "set `typ` to `dpop+jwt`",
            Self::NoKey => "put the public key into the header as `jwk`",
            Self::Key => "sign with the key that this instance was enrolled with",
            Self::Claim(_) => "send jti, htm, htu and iat, each as RFC 9449 section 4.2 says",
            Self::Method => "set `htm` to the method of this request",
            Self::Url => "set `htu` to the URL of this request without query and fragment",
            Self::Instant => "set the clock, and make a new proof for each request",
            Self::NonceMissing | Self::NonceStale | Self::NonceUnknown => {
                "try again with the nonce of this answer's `DPoP-Nonce` header field"
            }
            Self::Token => "set `ath` to the base64url SHA-256 of the access token sent along",
        }
    }
}

/// A key that a good proof was made with: its point decoded, and the header it came in.
#[derive(Debug)]
pub struct BoundKey {
    key: PublicKey,
    thumbprint: Thumbprint,
    header: Box<str>,
}

impl BoundKey {
    /// The key's thumbprint.
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// Whether a nonce is asked for.
#[derive(Debug, Clone, Copy)]
pub enum NonceRule<'a> {
    /// No: a nonce is ignored.
    NotAsked,
    /// Yes: one of these.
    Asked(&'a Nonces),
}

/// What a proof must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The method of the request, as received.
    pub method: &'a str,
    /// The URL of the request as clients know it; query and fragment do not matter.
    pub url: &'a str,
    /// The instant.
    pub now: Timestamp,
    /// Whether a nonce is asked for.
    pub nonce: NonceRule<'a>,
    /// SHA-256 of the access token sent along, if one is.
    pub ath: Option<&'a Digest>,
    /// The key that the token, or the client, is bound to, if one is known.
    pub jkt: Option<&'a Thumbprint>,
    /// That key, decoded, if an earlier proof yielded it; only a saving.
    pub key: Option<&'a Arc<BoundKey>>,
}

/// A verified proof. It still has to be marked as used.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The key's thumbprint.
    pub jkt: Thumbprint,
    /// Its own id.
    pub jti: String,
    /// When it was made, by the client's clock.
    pub iat: Timestamp,
    /// What its nonce is worth, if one was asked for: [`NonceState::Fresh`] or [`NonceState::Aging`].
    pub nonce: Option<NonceState>,
    /// The key, to keep for the next proof.
    pub key: Arc<BoundKey>,
}

impl Proof {
    /// Until when the replay mark must be kept: afterwards `iat` alone refuses the proof.
    pub fn keep_until(&self) -> Timestamp {
        self.iat + IAT_WINDOW
    }
}

/// The one value of the `DPoP` header field (RFC 9449 section 4.3, check 1).
///
/// # Errors
/// [`DpopFault::Missing`], [`DpopFault::Several`].
pub fn single<T>(values: impl IntoIterator<Item = T>) -> Result<T, DpopFault> {
    let mut values = values.into_iter();
    let first = values.next().ok_or(DpopFault::Missing)?;
    if values.next().is_some() { Err(DpopFault::Several) } else { Ok(first) }
}

/// Verifies a proof (RFC 9449 section 4.3, checks 2 to 12). Cheap checks come before the signature.
///
/// # Errors
/// Any [`DpopFault`] but `Missing` and `Several`.
pub fn verify(proof: &str, expect: &Expect<'_>) -> Result<Proof, DpopFault> {
    let compact = Compact::split(proof, MAX_PROOF).map_err(DpopFault::Jws)?;
    let wanted = expect.jkt.or(expect.key.map(|known| &known.thumbprint));
    let known = expect.key.filter(|known| wanted == Some(&known.thumbprint));
    // The same bytes have been read, found good and signed under before.
    let sender = match known.filter(|known| *known.header == *compact.header) {
        Some(known) => Sender::Known(known),
        None => Sender::read(compact.header, wanted, known)?,
    };
    let payload = part(compact.payload).map_err(DpopFault::Jws)?;
    let node = object(&payload).map_err(DpopFault::Jws)?;
    let claimed = Claimed::check(&node, expect)?;
    let key = match sender {
        Sender::Known(known) => Arc::clone(known),
        Sender::New(jwk, thumbprint) => {
            let key =
                PublicKey::from_jwk(&jwk).map_err(|fault| DpopFault::Jws(JwsFault::Jwk(fault)))?;
            Arc::new(BoundKey { key, thumbprint, header: compact.header.into() })
        }
    };
    compact.verify(key.key.jwk().algorithm(), &key.key).map_err(DpopFault::Jws)?;
    let Claimed { jti, iat, nonce } = claimed;
    Ok(Proof { jkt: key.thumbprint, jti, iat, nonce, key })
}

/// Whose key a header names. The header's `alg` was found to be the key's.
enum Sender<'a> {
    Known(&'a Arc<BoundKey>),
    New(Jwk, Thumbprint),
}

impl<'a> Sender<'a> {
    fn read(
        header: &str,
        wanted: Option<&Thumbprint>,
        known: Option<&'a Arc<BoundKey>>,
    ) -> Result<Self, DpopFault> {
        let header = Header::read(header).map_err(DpopFault::Jws)?;
        if header.typ.as_deref() != Some(TYP) {
            return Err(DpopFault::Type);
        }
        let jwk = header.jwk.ok_or(DpopFault::NoKey)?;
        if header.algorithm != jwk.algorithm() {
            return Err(DpopFault::Jws(JwsFault::Algorithm));
        }
        let thumbprint = jwk.thumbprint();
        if wanted.is_some_and(|wanted| *wanted != thumbprint) {
            return Err(DpopFault::Key);
        }
        Ok(match known {
            Some(known) => Self::Known(known),
            None => Self::New(jwk, thumbprint),
        })
    }
}

/// The claims of a proof that are kept.
struct Claimed {
    jti: String,
    iat: Timestamp,
    nonce: Option<NonceState>,
}

impl Claimed {
    fn check(node: &Node<'_>, expect: &Expect<'_>) -> Result<Self, DpopFault> {
        let claim = |name, max| text(node, name, max).ok_or(DpopFault::Claim(name));
        let jti = claim("jti", MAX_JTI)?;
        let iat = date(node, "iat").ok_or(DpopFault::Claim("iat"))?;
        if claim("htm", 32)? != expect.method {
            return Err(DpopFault::Method);
        }
        if !htu::same(claim("htu", htu::MAX_URL)?, expect.url) {
            return Err(DpopFault::Url);
        }
        if iat < expect.now - IAT_WINDOW || iat > expect.now + IAT_WINDOW {
            return Err(DpopFault::Instant);
        }
        if let Some(ath) = expect.ath
            && text(node, "ath", b64::LEN_32).and_then(b64::decode_32) != Some(ath.0)
        {
            return Err(DpopFault::Token);
        }
        let nonce = Self::nonce(node, expect)?;
        Ok(Self { jti: jti.to_owned(), iat, nonce })
    }

    fn nonce(node: &Node<'_>, expect: &Expect<'_>) -> Result<Option<NonceState>, DpopFault> {
        let NonceRule::Asked(nonces) = expect.nonce else {
            return Ok(None);
        };
        if node.get("nonce").is_none() {
            return Err(DpopFault::NonceMissing);
        }
        let nonce = text(node, "nonce", MAX_NONCE).ok_or(DpopFault::Claim("nonce"))?;
        match nonces.check(nonce, expect.now) {
            state @ (NonceState::Fresh | NonceState::Aging) => Ok(Some(state)),
            NonceState::StaleButOurs => Err(DpopFault::NonceStale),
            NonceState::Unknown => Err(DpopFault::NonceUnknown),
        }
    }
}

/// What a proof is made for.
#[derive(Debug, Clone, Copy)]
pub struct Prove<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// The URL of the request; query and fragment are left out.
    pub url: &'a str,
    /// The instant.
    pub now: Timestamp,
    /// The access token sent along, if one is.
    pub access_token: Option<&'a str>,
    /// The nonce that the server gave last, if it gave one.
    pub nonce: Option<&'a str>,
    /// A new id, of at least 96 random bits.
    pub jti: &'a str,
}

/// A proof for one request.
///
/// # Errors
/// [`KeyFault::Signing`].
pub fn prove(key: &AgentKey, prove: &Prove<'_>) -> Result<String, KeyFault> {
    let algorithm = Signer::jwk(key).algorithm().name();
    let header = format!(r#"{{"typ":"{TYP}","alg":"{algorithm}","jwk":{}}}"#, key.jwk().to_json());
    let mut payload = serde_json::json!({
        "jti": prove.jti,
        "htm": prove.method,
        "htu": htu::bare(prove.url),
        "iat": prove.now.seconds(),
    });
    if let Some(members) = payload.as_object_mut() {
        if let Some(token) = prove.access_token {
            let ath = b64::encode(&Digest::of(token.as_bytes()).0);
            members.insert("ath".to_owned(), ath.into());
        }
        if let Some(nonce) = prove.nonce {
            members.insert("nonce".to_owned(), nonce.into());
        }
    }
    compose(key, &header, payload.to_string().as_bytes())
}

#[cfg(test)]
mod tests;
