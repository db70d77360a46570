//! Compact JWS (RFC 7515): split, read the header, sign, verify; nothing else of JOSE.
//!
//! Never here: `none`, HMACs, RSA, JSON serializations, keys fetched by `jku` or `x5u`, unencoded payloads, or a
//! critical header: none is understood, so each refuses (RFC 7515 section 4.1.11).
//! To add a header member: a field of [`Header`], its reading in [`Header::read`], a row in the tests' table.

use writ_model::{Code, json};

use crate::{
    Algorithm, Fault, Jwk, JwkFault, KeyFault, PublicKey, Signer, b64,
    claims::{object, part},
};

/// LIMIT: bytes of one compact JWS: what HTTP servers commonly take for one header field.
pub const MAX_JWS: usize = 8 << 10;
/// LIMIT: bytes of `typ` and of `kid`: longer than any thumbprint or media type in use.
const MAX_MEMBER: usize = 128;

/// Why a text is not a JWS that we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsFault {
    /// Longer than the limit of its kind.
    #[error("signed text is larger than the limit")]
    TooLarge,
    /// Not three parts with a point between them.
    #[error("signed text is not compact JWS")]
    Shape,
    /// A part that is not base64url without padding, or a signature that is not 64 bytes.
    #[error("part is not base64url without padding")]
    Base64,
    /// Header or payload breaks a rule of the strict reader: duplicate keys among them.
    #[error("part is not strict JSON")]
    Json(#[source] json::Fault),
    /// Header or payload is JSON, but no object.
    #[error("part is not a JSON object")]
    NotObject,
    /// `alg` is missing or not ES256 or `EdDSA`, or is not the key's.
    #[error("algorithm is not allowed for this key")]
    Algorithm,
    /// There is a `crit` member.
    #[error("critical header is not understood")]
    Critical,
    /// `typ`, `kid` or another member we read has a wrong form.
    #[error("header member `{0}` has a wrong form")]
    Member(&'static str),
    /// The key in the header is not acceptable.
    #[error("public key is not acceptable")]
    Jwk(#[source] JwkFault),
    /// The signature is not this key's over this text.
    #[error("signature does not verify")]
    Signature,
}

impl Fault for JwsFault {
    fn code(&self) -> Code {
        Code(match self {
            Self::TooLarge => "IDEN-0001",
            Self::Shape => "IDEN-0002",
            Self::Base64 => "IDEN-0003",
            Self::Json(_) | Self::NotObject => "IDEN-0004",
            Self::Algorithm => "IDEN-0005",
            Self::Critical => "IDEN-0006",
            Self::Signature => "IDEN-0007",
            Self::Jwk(_) => "IDEN-0008",
            Self::Member(_) => "IDEN-0009",
        })
    }

    fn oauth_error(&self) -> &'static str {
        "invalid_request"
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::TooLarge => "send fewer or shorter claims",
            Self::Shape => "send header, payload and signature joined by two points",
            Self::Base64 => {
                "encode each part as base64url without padding; signatures are 64 bytes"
            }
            Self::Json(_) | Self::NotObject => {
                "write each part as one JSON object without duplicate keys"
            }
            Self::Algorithm => {
                "sign with ES256 or EdDSA and name in `alg` the one that your key is for"
            }
            Self::Critical => "leave `crit` out",
            Self::Member(_) => "write the header member as its RFC says",
            Self::Jwk(_) => "send the public P-256 or Ed25519 key alone, without `d`",
            Self::Signature => {
                "sign header and payload exactly as they are sent, with the key that is named"
            }
        }
    }
}

/// A compact JWS in its parts; nothing is verified yet.
#[derive(Debug, Clone, Copy)]
pub struct Compact<'a> {
    /// First part, as sent.
    pub header: &'a str,
    /// Second part, as sent.
    pub payload: &'a str,
    /// First and second part with the point between them: what is signed.
    pub signed: &'a str,
    /// The signature.
    pub signature: [u8; 64],
}

impl<'a> Compact<'a> {
    /// Splits a text of at most `max` bytes.
    ///
    /// # Errors
    /// `TooLarge`, `Shape`, `Base64`.
    pub fn split(text: &'a str, max: usize) -> Result<Self, JwsFault> {
        if text.len() > max.min(MAX_JWS) {
            return Err(JwsFault::TooLarge);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwsFault::Shape)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsFault::Shape)?;
        if header.is_empty() || payload.is_empty() || payload.contains('.') {
            return Err(JwsFault::Shape);
        }
        let signature = b64::decode_64(signature).ok_or(JwsFault::Base64)?;
        Ok(Self { header, payload, signed, signature })
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// `Algorithm` if the header names another algorithm than the key's, `Signature`.
    pub fn verify(&self, algorithm: Algorithm, key: &PublicKey) -> Result<(), JwsFault> {
        if algorithm != key.jwk().algorithm() {
            return Err(JwsFault::Algorithm);
        }
        if key.verify(algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(JwsFault::Signature)
        }
    }
}

/// The members of a JOSE header that we read; others are ignored (RFC 7515 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `typ`.
    pub typ: Option<String>,
    /// `kid`.
    pub kid: Option<String>,
    /// `jwk`.
    pub jwk: Option<Jwk>,
}

impl Header {
    /// Reads the first part of a compact JWS.
    ///
    /// # Errors
    /// Any [`JwsFault`] but `TooLarge`, `Shape`, `Signature`.
    pub fn read(text: &str) -> Result<Self, JwsFault> {
        let bytes = part(text)?;
        let node = object(&bytes)?;
        if node.get("crit").is_some() {
            return Err(JwsFault::Critical);
        }
        let member = |name: &'static str| match node.get(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) if text.len() <= MAX_MEMBER => Ok(Some(text.to_owned())),
                _ => Err(JwsFault::Member(name)),
            },
        };
        let algorithm = node.get("alg").and_then(json::Node::as_str).and_then(Algorithm::of_name);
        Ok(Self {
            algorithm: algorithm.ok_or(JwsFault::Algorithm)?,
            typ: member("typ")?,
            kid: member("kid")?,
            jwk: node.get("jwk").map(Jwk::read).transpose().map_err(JwsFault::Jwk)?,
        })
    }
}

/// Signs a payload under a header, both JSON texts made by this crate.
pub(crate) fn compose(key: &dyn Signer, header: &str, payload: &[u8]) -> Result<String, KeyFault> {
    let mut out = String::with_capacity((header.len() + payload.len()) * 4 / 3 + 96);
    b64::encode_into(header.as_bytes(), &mut out);
    out.push('.');
    b64::encode_into(payload, &mut out);
    let signature = key.signature(out.as_bytes())?;
    out.push('.');
    b64::encode_into(&signature, &mut out);
    Ok(out)
}

/// Signs a payload: `alg` and `kid` (the thumbprint) are the key's, `typ` says what it is.
///
/// # Errors
/// [`KeyFault::Signing`] if the cryptographic library fails.
pub fn sign(key: &dyn Signer, typ: &str, payload: &[u8]) -> Result<String, KeyFault> {
    let (algorithm, kid) = (key.jwk().algorithm().name(), key.jwk().thumbprint().to_string());
    let header = serde_json::json!({ "alg": algorithm, "kid": kid, "typ": typ }).to_string();
    compose(key, &header, payload)
}

/// The header and the payload of a text that this key signed.
///
/// # Errors
/// Any [`JwsFault`].
pub fn verify(text: &str, key: &PublicKey) -> Result<(Header, Vec<u8>), JwsFault> {
    let compact = Compact::split(text, MAX_JWS)?;
    let header = Header::read(compact.header)?;
    compact.verify(header.algorithm, key)?;
    let payload = part(compact.payload)?;
    Ok((header, payload))
}

#[cfg(test)]
mod tests;
