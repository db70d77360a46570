//! Key pairs and parsed public keys: Ed25519 for what Writ signs and for the keys its agents make; P-256 for agents whose
//! libraries or hardware know only that.
//!
//! Never here: a key on disk (callers store what [`Secret`] holds), another curve, or a signature whose algorithm was
//! chosen by the one who is being checked.
//! To add an algorithm: a variant of [`Algorithm`], its name, its verification in [`PublicKey::from_jwk`].

use std::fmt;

use aws_lc_rs::{
    encoding::AsBigEndian,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, ParsedPublicKey,
    },
};
use writ_model::{Code, Entropy, Secret};
use zeroize::Zeroizing;

use crate::{Fault, Jwk, JwkFault, Thumbprint};

/// Signature algorithms that we accept: the whole list (RFC 8725 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256, raw r and s (RFC 7518 section 3.4).
    Es256,
    /// Ed25519 (RFC 8037 section 3.1).
    EdDsa,
}

impl Algorithm {
    /// Its JOSE name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this JOSE name; `none`, HMACs and RSA have no value here. `Ed25519` is RFC 9864's name for the
    /// same signature.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// Why a key cannot be had or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The bytes are not a key of the kind wanted.
    #[error("key material is not usable")]
    Material,
    /// The cryptographic library refused to sign or to generate.
    #[error("signing failed")]
    Signing,
}

impl Fault for KeyFault {
    fn code(&self) -> Code {
        match self {
            Self::Material => Code("IDEN-0060"),
            Self::Signing => Code("IDEN-0061"),
        }
    }

    fn oauth_error(&self) -> &'static str {
        "server_error"
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Material => {
                "restore the key file from its backup, or enroll again to get a new key"
            }
            Self::Signing => {
                "try again; if it persists, check the memory and the build of this machine"
            }
        }
    }
}

/// Whatever can sign: one algorithm, one public key.
pub trait Signer: fmt::Debug {
    /// Its public key.
    fn jwk(&self) -> &Jwk;

    /// A signature of 64 bytes over the message.
    ///
    /// # Errors
    /// [`KeyFault::Signing`] if the cryptographic library fails.
    fn signature(&self, message: &[u8]) -> Result<[u8; 64], KeyFault>;
}

/// An Ed25519 key pair: token issuer, checkpoints, receipts.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    seed: Secret<[u8; 32]>,
    jwk: Jwk,
    kid: String,
}

impl SigningKey {
    /// The key of this seed (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// [`KeyFault::Material`] if the library refuses the seed.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, KeyFault> {
        let seed = Secret::new(seed);
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_r| KeyFault::Material)?;
        let x = pair.public_key().as_ref().try_into().map_err(|_l| KeyFault::Material)?;
        let jwk = Jwk::Ed25519 { x };
        Ok(Self { pair, seed, jwk, kid: jwk.thumbprint().to_string() })
    }

    /// A new key.
    ///
    /// # Errors
    /// As [`SigningKey::from_seed`].
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyFault> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice());
        Self::from_seed(*seed)
    }

    /// The key of a PKCS#8 document (version 1 or 2).
    ///
    /// # Errors
    /// [`KeyFault::Material`] if it is not one of Ed25519.
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, KeyFault> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document)
            .map_err(|_rejected| KeyFault::Material)?;
        let seed = pair.seed().map_err(|_unspecified| KeyFault::Material)?;
        let bytes = seed.as_be_bytes().map_err(|_unspecified| KeyFault::Material)?;
        Self::from_seed(bytes.as_ref().try_into().map_err(|_length| KeyFault::Material)?)
    }

    /// The PKCS#8 document (version 2, with the public key).
    ///
    /// # Errors
    /// [`KeyFault::Signing`] if the library fails.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, KeyFault> {
        let document = self.pair.to_pkcs8().map_err(|_unspecified| KeyFault::Signing)?;
        Ok(Secret::new(document.as_ref().to_vec()))
    }

    /// The 32 bytes it was made of.
    pub fn seed(&self) -> Secret<Vec<u8>> {
        Secret::new(self.seed.expose().to_vec())
    }

    /// The public key's 32 bytes.
    pub fn public_bytes(&self) -> [u8; 32] {
        match self.jwk {
            Jwk::Ed25519 { x } | Jwk::P256 { x, .. } => x,
        }
    }

    /// The public key.
    pub fn jwk(&self) -> Jwk {
        self.jwk
    }

    /// Its key id: the thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// A raw Ed25519 signature.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        for (slot, byte) in out.iter_mut().zip(self.pair.sign(message).as_ref()) {
            *slot = *byte;
        }
        out
    }
}

impl Signer for SigningKey {
    fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn signature(&self, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        Ok(self.sign(message))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.kid)
    }
}

/// A key pair made on the machine of the agent instance that it belongs to: Ed25519, or P-256 where a library or a
/// security chip knows nothing else. Verifying an Ed25519 proof costs about two thirds of a P-256 one.
pub struct AgentKey {
    pair: Pair,
    jwk: Jwk,
    thumbprint: Thumbprint,
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl AgentKey {
    /// A new Ed25519 key, from the cryptographic library's own generator.
    ///
    /// # Errors
    /// [`KeyFault::Signing`] if that generator fails.
    pub fn generate() -> Result<Self, KeyFault> {
        Self::ed25519(Ed25519KeyPair::generate().map_err(|_unspecified| KeyFault::Signing)?)
    }

    /// A new P-256 key, from the cryptographic library's own generator.
    ///
    /// # Errors
    /// [`KeyFault::Signing`] if that generator fails.
    pub fn generate_p256() -> Result<Self, KeyFault> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_unspecified| KeyFault::Signing)?;
        Self::p256(pair)
    }

    /// The key of a PKCS#8 document.
    ///
    /// # Errors
    /// [`KeyFault::Material`] if it is neither one of Ed25519 nor of P-256.
    pub fn from_pkcs8(document: &Secret<Vec<u8>>) -> Result<Self, KeyFault> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(document.expose()) {
            return Self::ed25519(pair);
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.expose())
            .map_err(|_rejected| KeyFault::Material)?;
        Self::p256(pair)
    }

    fn ed25519(pair: Ed25519KeyPair) -> Result<Self, KeyFault> {
        let x = pair.public_key().as_ref().try_into().map_err(|_length| KeyFault::Material)?;
        let jwk = Jwk::Ed25519 { x };
        Ok(Self { pair: Pair::Ed25519(pair), jwk, thumbprint: jwk.thumbprint() })
    }

    fn p256(pair: EcdsaKeyPair) -> Result<Self, KeyFault> {
        // Uncompressed point (SEC 1 section 2.3.3): 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let (tag, rest) = point.split_first().ok_or(KeyFault::Material)?;
        let (x, y) = rest.split_at_checked(32).ok_or(KeyFault::Material)?;
        match (*tag, x.try_into(), y.try_into()) {
            (4, Ok(x), Ok(y)) => {
                let jwk = Jwk::P256 { x, y };
                Ok(Self { pair: Pair::P256(pair), jwk, thumbprint: jwk.thumbprint() })
            }
            _ => Err(KeyFault::Material),
        }
    }

    /// The PKCS#8 document.
    ///
    /// # Errors
    /// [`KeyFault::Signing`] if the library fails.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, KeyFault> {
        let document = match &self.pair {
            Pair::P256(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.to_pkcs8().map(|document| document.as_ref().to_vec()),
        };
        Ok(Secret::new(document.map_err(|_unspecified| KeyFault::Signing)?))
    }

    /// The public key.
    pub fn jwk(&self) -> Jwk {
        self.jwk
    }

    /// The public key's thumbprint.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// A signature of 64 bytes: Ed25519, or r and s of ES256.
    ///
    /// # Errors
    /// [`KeyFault::Signing`] if the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        let signature = match &self.pair {
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message),
            Pair::Ed25519(pair) => Ok(pair.sign(message)),
        };
        let signature = signature.map_err(|_unspecified| KeyFault::Signing)?;
        signature.as_ref().try_into().map_err(|_length| KeyFault::Signing)
    }
}

impl Signer for AgentKey {
    fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn signature(&self, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        self.sign(message)
    }
}

impl fmt::Debug for AgentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AgentKey({})", self.thumbprint)
    }
}

/// A public key whose point was decoded and found on its curve, once.
#[derive(Clone)]
pub struct PublicKey {
    parsed: ParsedPublicKey,
    jwk: Jwk,
}

impl PublicKey {
    /// Decodes the key.
    ///
    /// # Errors
    /// [`JwkFault::NotOnCurve`].
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, JwkFault> {
        let parsed = match jwk {
            Jwk::P256 { x, y } => {
                let mut point = [4_u8; 65];
                let coordinates = x.iter().chain(y);
                for (slot, byte) in point.iter_mut().skip(1).zip(coordinates) {
                    *slot = *byte;
                }
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            Jwk::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
        };
        let parsed = parsed.map_err(|_rejected| JwkFault::NotOnCurve)?;
        Ok(Self { parsed, jwk: *jwk })
    }

    /// The key as JSON knows it.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Whether this is the signature of this key over the message. False too if the algorithm is not the key's own.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8; 64]) -> bool {
        algorithm == self.jwk.algorithm() && self.parsed.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({})", self.jwk.thumbprint())
    }
}

/// Whether this is a raw Ed25519 signature over the message by the holder of this public key.
#[must_use]
pub fn verify_ed25519(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    PublicKey::from_jwk(&Jwk::Ed25519 { x: *public })
        .is_ok_and(|key| key.verify(Algorithm::EdDsa, message, signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_documents() {
        let signing = SigningKey::from_seed([7; 32]).unwrap();
        let again = SigningKey::from_pkcs8(signing.to_pkcs8().unwrap().expose()).unwrap();
        assert_eq!(again.jwk(), signing.jwk());
        assert_eq!(again.sign(b"a"), signing.sign(b"a"));
        assert_eq!(signing.seed().expose(), &vec![7; 32]);

        let agent = AgentKey::generate_p256().unwrap();
        let again = AgentKey::from_pkcs8(&agent.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.jwk(), agent.jwk());
        assert!(SigningKey::from_pkcs8(agent.to_pkcs8().unwrap().expose()).is_err());
        assert!(SigningKey::from_pkcs8(b"nonsense").is_err());
    }

    #[test]
    fn signatures_verify_under_their_own_key_and_algorithm_only() {
        let agent = AgentKey::generate_p256().unwrap();
        let signing = SigningKey::from_seed([1; 32]).unwrap();
        let (ec, ed) = (
            PublicKey::from_jwk(&agent.jwk()).unwrap(),
            PublicKey::from_jwk(&signing.jwk()).unwrap(),
        );
        let (ec_sig, ed_sig) = (agent.sign(b"m").unwrap(), signing.sign(b"m"));
        assert!(ec.verify(Algorithm::Es256, b"m", &ec_sig));
        assert!(ed.verify(Algorithm::EdDsa, b"m", &ed_sig));
        assert!(!ec.verify(Algorithm::EdDsa, b"m", &ec_sig));
        assert!(!ed.verify(Algorithm::Es256, b"m", &ed_sig));
        assert!(!ec.verify(Algorithm::Es256, b"n", &ec_sig));
        assert!(!ec.verify(Algorithm::Es256, b"m", &[0; 64]));
        assert!(!ec.verify(Algorithm::Es256, b"m", &[255; 64]));
        assert!(verify_ed25519(&signing.public_bytes(), b"m", &ed_sig));
        assert!(!verify_ed25519(&[9; 32], b"m", &ed_sig));
    }

    #[test]
    fn a_point_off_the_curve_is_refused_and_debug_hides_the_key() {
        let off = Jwk::P256 { x: [1; 32], y: [1; 32] };
        assert_eq!(PublicKey::from_jwk(&off).unwrap_err(), JwkFault::NotOnCurve);
        let key = SigningKey::from_seed([7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.kid()));
        assert_eq!(Algorithm::of_name("none"), None);
        assert_eq!(Algorithm::of_name("HS256"), None);
    }
}
