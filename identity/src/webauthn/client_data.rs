//! Client data: what the browser says it was asked, where (WebAuthn Level 3, section 5.8.1).
//!
//! Never here: a second reading. The bytes are hashed as they came; members that we do not know are ignored, because the
//! specification adds some from time to time, but none may stand twice.

use subtle::ConstantTimeEq as _;
use writ_model::{
    Digest,
    json::{self, Limits, Node, Value},
};

use crate::{
    b64,
    webauthn::{MAX_CLIENT_DATA, WebauthnFault},
};

/// Which ceremony the browser thought this was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// Registration.
    Create,
    /// Assertion.
    Get,
}

impl Ceremony {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Checks the client data (the first steps of sections 7.1 and 7.2); their SHA-256 is what is signed.
pub(crate) fn check(
    bytes: &[u8],
    ceremony: Ceremony,
    challenge: &[u8],
    origin: &str,
) -> Result<Digest, WebauthnFault> {
    if bytes.len() > MAX_CLIENT_DATA {
        return Err(WebauthnFault::TooLarge("clientDataJSON"));
    }
    let node = json::parse(bytes, &Limits::SMALL).map_err(WebauthnFault::ClientData)?;
    let text = |name| node.get(name).and_then(Node::as_str).ok_or(WebauthnFault::Member(name));
    if text("type")? != ceremony.name() {
        return Err(WebauthnFault::Type);
    }
    // SECURITY: constant time, so that a challenge cannot be felt out.
    let same = text("challenge")?.as_bytes().ct_eq(b64::encode(challenge).as_bytes());
    if challenge.is_empty() || !bool::from(same) {
        return Err(WebauthnFault::Challenge);
    }
    if text("origin")? != origin {
        return Err(WebauthnFault::Origin);
    }
    let framed = node.get("crossOrigin").is_some_and(|node| node.value != Value::Bool(false));
    if framed || node.get("topOrigin").is_some() {
        return Err(WebauthnFault::CrossOrigin);
    }
    Ok(Digest::of(bytes))
}

/// What a passkey signs (section 6.3.3): authenticator data, then the hash of the client data.
pub(crate) fn signed(authenticator_data: &[u8], client: &Digest) -> Vec<u8> {
    let mut message = Vec::with_capacity(authenticator_data.len() + client.0.len());
    message.extend_from_slice(authenticator_data);
    message.extend_from_slice(client.as_bytes());
    message
}
