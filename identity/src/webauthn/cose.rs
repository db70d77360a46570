//! COSE keys (RFC 9052, RFC 9053) of the three algorithms that passkeys may have here.
//!
//! Never here: a compressed point, optional parameters (WebAuthn Level 3 section 6.5.1.1 forbids them), another curve.
//! To add an algorithm: an arm in [`read`] with the exact parameters, and in [`KeyOfOthers`].

use crate::{
    key_of_others::KeyOfOthers,
    webauthn::{WebauthnFault, cbor::Value, options::ALGORITHMS},
};

pub(crate) const ES256: i64 = -7;
pub(crate) const EDDSA: i64 = -8;
pub(crate) const RS256: i64 = -257;

/// The key of a credential and its COSE algorithm.
pub(crate) fn read(key: &Value<'_>) -> Result<(KeyOfOthers, i64), WebauthnFault> {
    let members = key.as_map().ok_or(WebauthnFault::Key)?;
    let int = |at| key.at(at).and_then(Value::as_int);
    let bytes = |at| key.at(at).and_then(Value::as_bytes);
    let fixed = |at| bytes(at).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let alg = int(3).ok_or(WebauthnFault::Key)?;
    if !ALGORITHMS.contains(&alg) {
        return Err(WebauthnFault::Algorithm);
    }
    // kty; then of EC2 crv, x, y; of OKP crv, x; of RSA n, e.
    let key = match (int(1), alg, members.len()) {
        (Some(2), ES256, 5) if int(-1) == Some(1) => {
            fixed(-2).zip(fixed(-3)).and_then(|(x, y)| KeyOfOthers::p256(x, y))
        }
        (Some(1), EDDSA, 4) if int(-1) == Some(6) => fixed(-2).and_then(KeyOfOthers::ed25519),
        (Some(3), RS256, 4) => bytes(-1).zip(bytes(-2)).and_then(|(n, e)| KeyOfOthers::rsa(n, e)),
        _ => None,
    };
    Ok((key.ok_or(WebauthnFault::Key)?, alg))
}
