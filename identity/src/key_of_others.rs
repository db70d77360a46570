//! [`KeyOfOthers`]: public keys whose algorithm others choose: passkeys and identity providers. P-256, Ed25519, RSA.
//!
//! Never here: signing, a key of ours or of an agent ([`crate::Jwk`] is theirs, and knows no RSA), SHA-1, RSA below 2048
//! bits or with another exponent than 65537.
//! To add an algorithm: a variant, its members in `read` and `to_json`, its arm in `verify`, a row in the tests' table.

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    },
};
use writ_model::json::{self, Limits, Node};

use crate::b64;

/// LIMIT: bytes of an RSA modulus: 2048 to 4096 bits; verification grows with its square.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
/// 65537, big-endian; the one exponent that we accept.
pub(crate) const EXPONENT: [u8; 3] = [1, 0, 1];
/// LIMIT: bytes of a canonical JWK: a modulus of 4096 bits in base64url.
const MAX_JWK: usize = 1 << 10;
/// Low-order points of Ed25519 (orders 1, 2, 4, 8) with the sign bit cleared, and the non-canonical spellings of the
/// first ones: under such a key one signature fits many messages. Little-endian first and last bytes of each stand for
/// p-1, p and p+1.
const LOW_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    near_p(0xec),
    near_p(0xed),
    near_p(0xee),
];

const fn near_p(low: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = low;
    bytes[31] = 0x7f;
    bytes
}

/// How ES256 signatures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EcdsaForm {
    /// DER (WebAuthn section 6.5.5).
    Der,
    /// r and s, 32 bytes each (RFC 7518 section 3.4).
    Fixed,
}

/// A public key that was found acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyOfOthers {
    /// A point of P-256: ES256.
    P256 { x: [u8; 32], y: [u8; 32] },
    /// An Ed25519 key: `EdDSA`.
    Ed25519 { x: [u8; 32] },
    /// An RSA modulus, big-endian without a leading zero; the exponent is 65537: RS256.
    Rsa { n: Vec<u8> },
}

impl KeyOfOthers {
    /// A point, if it is on its curve.
    pub(crate) fn p256(x: [u8; 32], y: [u8; 32]) -> Option<Self> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point(&x, &y)).ok()?;
        Some(Self::P256 { x, y })
    }

    /// An Ed25519 key that is not of low order.
    pub(crate) fn ed25519(x: [u8; 32]) -> Option<Self> {
        let mut unsigned = x;
        unsigned[31] &= 0x7f;
        if LOW_ORDER.contains(&unsigned) {
            return None;
        }
        ParsedPublicKey::new(&ED25519, x).ok()?;
        Some(Self::Ed25519 { x })
    }

    /// An RSA key of 2048 to 4096 bits with the exponent 65537.
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let odd = n.last()? & 1 == 1;
        // The modulus has as many bits as its bytes say, but for the seven that may lack in the first.
        let first = *n.first()?;
        let enough = n.len() > *MODULUS.start() || first >= 0x80;
        let fits = MODULUS.contains(&n.len()) && first != 0 && enough;
        (e == EXPONENT && odd && fits).then(|| Self::Rsa { n: n.to_vec() })
    }

    /// The key of a canonical JWK, spelled exactly so: the required members in order, without white space.
    pub(crate) fn parse_canonical(jwk: &str) -> Option<Self> {
        if jwk.len() > MAX_JWK {
            return None;
        }
        let key = Self::read(&json::parse(jwk.as_bytes(), &Limits::SMALL).ok()?)?;
        (key.to_json() == jwk).then_some(key)
    }

    /// The key of a JWK; other members are ignored (RFC 7517 section 4).
    pub(crate) fn read(node: &Node<'_>) -> Option<Self> {
        let text = |name| node.get(name).and_then(Node::as_str);
        let coordinate = |name| text(name).and_then(b64::decode_32);
        match (text("kty")?, text("crv")) {
            ("EC", Some("P-256")) => Self::p256(coordinate("x")?, coordinate("y")?),
            ("OKP", Some("Ed25519")) => Self::ed25519(coordinate("x")?),
            ("RSA", None) => {
                let bytes = |name| text(name).filter(|t| t.len() <= MAX_JWK).and_then(b64::decode);
                Self::rsa(&bytes("n")?, &bytes("e")?)
            }
            _ => None,
        }
    }

    /// The required members in lexicographic order without white space (RFC 7638 section 3).
    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::P256 { x, y } => crate::Jwk::P256 { x: *x, y: *y }.to_json(),
            Self::Ed25519 { x } => crate::Jwk::Ed25519 { x: *x }.to_json(),
            Self::Rsa { n } => {
                format!(
                    r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                    b64::encode(&EXPONENT),
                    b64::encode(n)
                )
            }
        }
    }

    /// The one algorithm of this key, by its JOSE name.
    pub(crate) const fn alg(&self) -> &'static str {
        match self {
            Self::P256 { .. } => "ES256",
            Self::Ed25519 { .. } => "EdDSA",
            Self::Rsa { .. } => "RS256",
        }
    }

    /// Whether this is this key's signature over the message.
    #[must_use]
    pub(crate) fn verify(&self, form: EcdsaForm, message: &[u8], signature: &[u8]) -> bool {
        let good = match self {
            Self::P256 { x, y } => {
                let algorithm = match form {
                    EcdsaForm::Der => &ECDSA_P256_SHA256_ASN1,
                    EcdsaForm::Fixed => &ECDSA_P256_SHA256_FIXED,
                };
                UnparsedPublicKey::new(algorithm, point(x, y)).verify(message, signature)
            }
            Self::Ed25519 { x } => UnparsedPublicKey::new(&ED25519, x).verify(message, signature),
            Self::Rsa { n } => PublicKeyComponents { n: n.as_slice(), e: EXPONENT.as_slice() }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        good.is_ok()
    }
}

/// The uncompressed point (SEC 1 section 2.3.3): 4, then both coordinates.
fn point(x: &[u8; 32], y: &[u8; 32]) -> [u8; 65] {
    let mut point = [4_u8; 65];
    for (slot, byte) in point.iter_mut().skip(1).zip(x.iter().chain(y)) {
        *slot = *byte;
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentKey, Jwk, SigningKey};

    const RSA: &str = r#"{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;

    #[test]
    fn only_the_canonical_spelling_is_a_stored_key() {
        let ec = AgentKey::generate_p256().unwrap().jwk().to_json();
        let ed = SigningKey::from_seed([7; 32]).unwrap().jwk().to_json();
        for (text, alg) in [(RSA.to_owned(), "RS256"), (ec, "ES256"), (ed, "EdDSA")] {
            let key = KeyOfOthers::parse_canonical(&text).unwrap();
            assert_eq!((key.to_json(), key.alg()), (text.clone(), alg));
            for bad in [
                text.replacen(':', ": ", 1),
                text.replacen('{', r#"{"alg":"RS256","#, 1),
                text.replace("kty", "Kty"),
                text.replacen('}', "} ", 1),
                text.replace("AQAB", "AQABAA").replace("P-256", "P-384").replace("OKP", "EC"),
            ] {
                assert_eq!(KeyOfOthers::parse_canonical(&bad), None, "{bad}");
            }
        }
    }

    #[test]
    fn weak_keys_are_refused() {
        let rsa = |bytes: usize, first: u8, last: u8| {
            let mut n = vec![0x55; bytes];
            n[0] = first;
            n[bytes - 1] = last;
            KeyOfOthers::rsa(&n, &EXPONENT)
        };
        for good in [rsa(256, 0x80, 1), rsa(257, 1, 1), rsa(512, 0xff, 1)] {
            assert!(good.is_some());
        }
        for bad in [
            rsa(255, 0xff, 1),
            rsa(256, 0x7f, 1),
            rsa(256, 0x80, 2),
            rsa(257, 0, 1),
            rsa(513, 1, 1),
            KeyOfOthers::rsa(&[0xff; 256], &[3]),
            KeyOfOthers::rsa(&[], &EXPONENT),
            KeyOfOthers::p256([1; 32], [1; 32]),
            KeyOfOthers::p256([0; 32], [0; 32]),
        ] {
            assert_eq!(bad, None);
        }
        for mut low in LOW_ORDER {
            assert_eq!(KeyOfOthers::ed25519(low), None);
            low[31] |= 0x80;
            assert_eq!(KeyOfOthers::ed25519(low), None);
        }
    }

    #[test]
    fn each_form_of_es256_is_itself_only() {
        let agent = AgentKey::generate_p256().unwrap();
        let Jwk::P256 { x, y } = agent.jwk() else { panic!() };
        let (key, fixed) = (KeyOfOthers::p256(x, y).unwrap(), agent.sign(b"m").unwrap());
        assert!(key.verify(EcdsaForm::Fixed, b"m", &fixed));
        assert!(!key.verify(EcdsaForm::Der, b"m", &fixed));
        assert!(!key.verify(EcdsaForm::Fixed, b"n", &fixed));
        let rsa = KeyOfOthers::parse_canonical(RSA).unwrap();
        assert!(!rsa.verify(EcdsaForm::Fixed, b"m", &[1; 256]));
    }
}
