//! Public keys as JSON Web Keys (RFC 7517): P-256 (RFC 7518 section 6.2) and Ed25519 (RFC 8037), their thumbprints
//! (RFC 7638), and sets of them.
//!
//! Never here: a private key in JSON; a key with a private member is refused, never trimmed. RSA is not spoken.
//! To add a key type: a variant of [`Jwk`], its members in `read` and `write`, an [`Algorithm`] that goes with it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use writ_model::{
    Digest,
    json::{self, Limits, Node},
};

use crate::{b64, key::Algorithm};

/// LIMIT: keys in a set: one per signing key in rotation, with much room.
pub const MAX_KEYS: usize = 64;
/// LIMIT: bytes of a set: [`MAX_KEYS`] keys of some 250 bytes each.
const SET_LIMITS: Limits = Limits { bytes: 64 << 10, depth: 6, nodes: 4096 };
/// Members that only private or symmetric keys have (RFC 7518 section 6).
const PRIVATE_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// The SHA-256 thumbprint of a public key (RFC 7638), printed as 43 characters of base64url. `DPoP`'s `jkt`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint(pub [u8; 32]);

impl fmt::Display for Thumbprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&b64::encode(&self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Why a text is not a thumbprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key thumbprint: expected 43 characters of base64url")]
pub struct BadThumbprint;

impl FromStr for Thumbprint {
    type Err = BadThumbprint;

    fn from_str(text: &str) -> Result<Self, BadThumbprint> {
        b64::decode_32(text).map(Self).ok_or(BadThumbprint)
    }
}

impl Serialize for Thumbprint {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Thumbprint {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A public key. That its point is on the curve is checked when it becomes a [`crate::PublicKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Jwk {
    /// A point of P-256: `{"crv":"P-256","kty":"EC","x":…,"y":…}`.
    P256 {
        /// First coordinate, big-endian.
        x: [u8; 32],
        /// Second coordinate, big-endian.
        y: [u8; 32],
    },
    /// An Ed25519 public key: `{"crv":"Ed25519","kty":"OKP","x":…}`.
    Ed25519 {
        /// The 32 bytes of RFC 8032.
        x: [u8; 32],
    },
}

/// Why a JSON value is not a public key that we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkFault {
    /// Not a strict JSON object.
    #[error("key is not a JSON object")]
    NotObject,
    /// A `kty` and `crv` other than EC with P-256, and OKP with Ed25519.
    #[error("key type is not P-256 or Ed25519")]
    UnknownType,
    /// `d` or another member of a private or symmetric key.
    #[error("key holds a private member")]
    Private,
    /// A coordinate that is missing or not 32 bytes of base64url.
    #[error("key coordinate is missing or malformed")]
    Coordinate,
    /// `use` other than `sig`, or an `alg` that is not the key type's.
    #[error("key is meant for another use")]
    Use,
    /// The point is not on the curve.
    #[error("key is not a point of its curve")]
    NotOnCurve,
    /// More than [`MAX_KEYS`], two of the same `kid`, or no `keys` array.
    #[error("key set is malformed or too large")]
    Set,
}

impl Jwk {
    /// Reads one key.
    ///
    /// # Errors
    /// Any [`JwkFault`] but `NotOnCurve` and `Set`.
    pub fn parse(text: &[u8]) -> Result<Self, JwkFault> {
        let node = json::parse(text, &Limits::SMALL).map_err(|_not_json| JwkFault::NotObject)?;
        Self::read(&node)
    }

    /// Reads one key from a value that was read strictly. Members that are not known are ignored (RFC 7517 section 4).
    ///
    /// # Errors
    /// As [`Jwk::parse`].
    pub fn read(node: &Node<'_>) -> Result<Self, JwkFault> {
        let members = node.as_object().ok_or(JwkFault::NotObject)?;
        if members.iter().any(|(name, _)| PRIVATE_MEMBERS.contains(&name.as_ref())) {
            return Err(JwkFault::Private);
        }
        let text = |name| node.get(name).and_then(Node::as_str);
        let coordinate = |name| text(name).and_then(b64::decode_32).ok_or(JwkFault::Coordinate);
        let key = match (text("kty"), text("crv")) {
            (Some("EC"), Some("P-256")) => Self::P256 { x: coordinate("x")?, y: coordinate("y")? },
            (Some("OKP"), Some("Ed25519")) => Self::Ed25519 { x: coordinate("x")? },
            _ => return Err(JwkFault::UnknownType),
        };
        let foreign_use = node.get("use").is_some_and(|node| node.as_str() != Some("sig"));
        let foreign_alg =
            node.get("alg").is_some_and(|node| node.as_str() != Some(key.algorithm().name()));
        if foreign_use || foreign_alg {
            return Err(JwkFault::Use);
        }
        Ok(key)
    }

    /// The one algorithm this key signs with.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256 { .. } => Algorithm::Es256,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// The required members in lexicographic order without white space: what a thumbprint hashes (RFC 7638 section 3).
    pub fn to_json(self) -> String {
        let mut out = String::with_capacity(160);
        match self {
            Self::P256 { x, y } => {
                out.push_str(r#"{"crv":"P-256","kty":"EC","x":""#);
                b64::encode_into(&x, &mut out);
                out.push_str(r#"","y":""#);
                b64::encode_into(&y, &mut out);
            }
            Self::Ed25519 { x } => {
                out.push_str(r#"{"crv":"Ed25519","kty":"OKP","x":""#);
                b64::encode_into(&x, &mut out);
            }
        }
        out.push_str("\"}");
        out
    }

    /// The thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint(Digest::of(self.to_json().as_bytes()).0)
    }
}

#[derive(Serialize, Deserialize)]
struct Members {
    crv: String,
    kty: String,
    x: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(default, skip_serializing)]
    d: Option<de::IgnoredAny>,
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let (kty, crv, x, y) = match self {
            Self::P256 { x, y } => ("EC", "P-256", x, Some(b64::encode(y))),
            Self::Ed25519 { x } => ("OKP", "Ed25519", x, None),
        };
        let (crv, kty) = (crv.to_owned(), kty.to_owned());
        Members { crv, kty, x: b64::encode(x), y, d: None }.serialize(out)
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let members = Members::deserialize(input)?;
        if members.d.is_some() {
            return Err(de::Error::custom(JwkFault::Private));
        }
        let coordinate = |text: Option<&str>| {
            text.and_then(b64::decode_32).ok_or_else(|| de::Error::custom(JwkFault::Coordinate))
        };
        let x = coordinate(Some(&members.x))?;
        match (members.kty.as_str(), members.crv.as_str()) {
            ("EC", "P-256") => Ok(Self::P256 { x, y: coordinate(members.y.as_deref())? }),
            ("OKP", "Ed25519") => Ok(Self::Ed25519 { x }),
            _ => Err(de::Error::custom(JwkFault::UnknownType)),
        }
    }
}

/// Public keys by key id (RFC 7517 section 5); what a JWKS document holds. Our key ids are thumbprints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JwkSet {
    keys: Vec<(String, Jwk)>,
}

impl JwkSet {
    /// A set of these keys, each under its thumbprint; a key twice stands once.
    ///
    /// # Errors
    /// [`JwkFault::Set`] if there are more than [`MAX_KEYS`].
    pub fn of(keys: &[Jwk]) -> Result<Self, JwkFault> {
        let mut set = Self::default();
        for key in keys {
            let kid = key.thumbprint().to_string();
            if set.get(&kid).is_none() {
                set.keys.push((kid, *key));
            }
        }
        if set.keys.len() > MAX_KEYS { Err(JwkFault::Set) } else { Ok(set) }
    }

    /// Reads a set. Keys of types that we do not speak, and keys without a `kid`, are left out (RFC 7517 section 5).
    ///
    /// # Errors
    /// [`JwkFault::Set`] for a document that is no set, is too large, or holds two keys of one id;
    /// [`JwkFault::Private`] if any key holds a private member.
    pub fn parse(text: &[u8]) -> Result<Self, JwkFault> {
        let node = json::parse(text, &SET_LIMITS).map_err(|_not_json| JwkFault::Set)?;
        let items = node.get("keys").and_then(Node::as_array).ok_or(JwkFault::Set)?;
        if items.len() > MAX_KEYS {
            return Err(JwkFault::Set);
        }
        let mut set = Self::default();
        for item in items {
            let kid = item.get("kid").and_then(Node::as_str);
            match (kid, Jwk::read(item)) {
                (_, Err(JwkFault::Private)) => return Err(JwkFault::Private),
                (Some(kid), Ok(_)) if set.get(kid).is_some() => return Err(JwkFault::Set),
                (Some(kid), Ok(key)) => set.keys.push((kid.to_owned(), key)),
                (None, _) | (_, Err(_)) => {}
            }
        }
        Ok(set)
    }

    /// The key of this id.
    pub fn get(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|(name, _)| name == kid).map(|(_, key)| key)
    }

    /// The keys in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Jwk)> {
        self.keys.iter().map(|(kid, key)| (kid.as_str(), key))
    }

    /// The JWKS document.
    pub fn to_json(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .iter()
            .map(|(kid, key)| {
                let mut value = serde_json::to_value(key).unwrap_or_default();
                if let Some(members) = value.as_object_mut() {
                    members.insert("alg".to_owned(), key.algorithm().name().into());
                    members.insert("kid".to_owned(), kid.into());
                    members.insert("use".to_owned(), "sig".into());
                }
                value
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

#[cfg(test)]
mod tests;
