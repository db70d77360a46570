//! [`ProofKey`]: the key that tokens are bound to, and the nonces that servers gave for its proofs (RFC 9449).
//!
//! Never here: a proof that is used twice.

use parking_lot::Mutex;
use writ_identity::{AgentKey, dpop};
use writ_model::Secret;

use super::{Hands, OauthFault};

/// LIMIT: bytes of a nonce that is repeated; what is seen in the field is below 100.
const MAX_NONCE: usize = 512;

/// A key of one connection: P-256, because every authorization server that knows DPoP knows ES256.
#[derive(Debug)]
pub struct ProofKey {
    key: AgentKey,
    /// The last nonce of the authorization server, and of the server.
    nonces: Mutex<[Option<String>; 2]>,
}

/// Who gave a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Giver {
    /// The authorization server (RFC 9449 section 8).
    Issuer,
    /// The server itself (section 9).
    Server,
}

impl ProofKey {
    /// A new key.
    ///
    /// # Errors
    /// [`OauthFault::Key`].
    pub fn generate() -> Result<Self, OauthFault> {
        Ok(Self::of(AgentKey::generate_p256().map_err(|_fault| OauthFault::Key)?))
    }

    /// The key of a PKCS#8 document.
    ///
    /// # Errors
    /// [`OauthFault::Key`].
    pub fn from_pkcs8(document: &Secret<Vec<u8>>) -> Result<Self, OauthFault> {
        Ok(Self::of(AgentKey::from_pkcs8(document).map_err(|_fault| OauthFault::Key)?))
    }

    /// Its PKCS#8 document.
    ///
    /// # Errors
    /// [`OauthFault::Key`].
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, OauthFault> {
        self.key.to_pkcs8().map_err(|_fault| OauthFault::Key)
    }

    /// Its thumbprint (RFC 7638), base64url.
    pub(crate) fn thumbprint(&self) -> String {
        self.key.thumbprint().to_string()
    }

    fn of(key: AgentKey) -> Self {
        Self { key, nonces: Mutex::default() }
    }

    /// A proof for one request to the server with a token.
    ///
    /// # Errors
    /// [`OauthFault::Key`].
    pub fn prove(
        &self,
        hands: &Hands<'_>,
        (method, url): (&str, &str),
        token: &Secret<String>,
    ) -> Result<String, OauthFault> {
        self.proof(hands, (method, url), Some(token), Giver::Server)
    }

    /// Keeps the nonce that the server wants in the next proof.
    pub fn server_nonce(&self, nonce: &str) {
        self.keep(Giver::Server, nonce);
    }

    pub(crate) fn proof(
        &self,
        hands: &Hands<'_>,
        (method, url): (&str, &str),
        token: Option<&Secret<String>>,
        giver: Giver,
    ) -> Result<String, OauthFault> {
        let nonce = {
            let [issuer, server] = &*self.nonces.lock();
            if giver == Giver::Issuer { issuer.clone() } else { server.clone() }
        };
        let prove = dpop::Prove {
            method,
            url,
            now: hands.clock.now(),
            access_token: token.map(|token| token.expose().as_str()),
            nonce: nonce.as_deref(),
            jti: &hands.random(),
        };
        dpop::prove(&self.key, &prove).map_err(|_fault| OauthFault::Key)
    }

    pub(crate) fn keep(&self, giver: Giver, nonce: &str) {
        // NQCHAR of RFC 6749, which RFC 9449 section 8.1 asks for.
        let plain = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if nonce.is_empty() || nonce.len() > MAX_NONCE || !nonce.bytes().all(plain) {
            return;
        }
        let [issuer, server] = &mut *self.nonces.lock();
        let slot = if giver == Giver::Issuer { issuer } else { server };
        *slot = Some(nonce.to_owned());
    }
}
