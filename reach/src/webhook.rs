//! Standard Webhooks: a POST with `webhook-id`, `webhook-timestamp` and `webhook-signature: v1a,…`, an Ed25519 signature
//! over `id.timestamp.body`.
//!
//! Never here: the key (signing is handed in), a symmetric secret, a retry. SECURITY: an id without a dot, so that nothing of
//! the three can be moved from one to the next.
//! See the specification at `standard-webhooks/standard-webhooks`, sections "Signature scheme" and "Webhook metadata".

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_model::{Digest, Timestamp};

use crate::{Ask, Fault, Place};

/// LIMIT: bytes of a body; the specification advises below 20 KB.
pub const MAX_BODY: usize = 20_000;
/// What signs: Ed25519 over a message.
pub type Sign<'a> = &'a (dyn Fn(&[u8]) -> [u8; 64] + Sync);

/// The id of what is told: `msg_` and 64 hexadecimal digits, the same at each try, so that it can be told apart from others.
pub fn id(of: Digest) -> String {
    format!("msg_{of}")
}

/// The public key as the specification prints it: `whpk_` and base64.
pub fn public_key(key: &[u8; 32]) -> String {
    format!("whpk_{}", STANDARD.encode(key))
}

/// The request that tells `body` (JSON) at this instant.
///
/// # Errors
/// [`Fault::Body`].
pub fn ask(
    to: Place,
    of: Digest,
    at: Timestamp,
    body: Vec<u8>,
    sign: Sign<'_>,
) -> Result<Ask, Fault> {
    if body.len() > MAX_BODY {
        return Err(Fault::Body { got: body.len(), bound: MAX_BODY });
    }
    let (id, seconds) = (id(of), at.seconds().to_string());
    let message = [id.as_bytes(), b".", seconds.as_bytes(), b".", &body].concat();
    let signature = format!("v1a,{}", STANDARD.encode(sign(&message)));
    let headers =
        vec![("webhook-id", id), ("webhook-timestamp", seconds), ("webhook-signature", signature)];
    Ok(Ask::json(to, body).with_headers(headers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Payload;

    #[test]
    fn the_three_are_signed_together() {
        let sign = |message: &[u8]| {
            assert_eq!(message.len(), 64 + 4 + 1 + 10 + 1 + 2);
            assert!(message.ends_with(b".1795298400.{}"), "{message:?}");
            [7; 64]
        };
        let at = Timestamp::from_micros(1_795_298_400_123_456);
        let place = Place::parse("https://a.example/hook").unwrap();
        let told = ask(place.clone(), Digest::of(b"x"), at, b"{}".to_vec(), &sign).unwrap();
        let names: Vec<&str> = told.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["webhook-id", "webhook-timestamp", "webhook-signature"]);
        assert!(told.headers[0].1.starts_with("msg_") && !told.headers[0].1.contains('.'));
        assert_eq!(told.headers[2].1, format!("v1a,{}", STANDARD.encode([7; 64])));
        assert!(matches!(told.send, Payload::Json(_)));
        let large = ask(place, Digest::of(b"x"), at, vec![0; 20_001], &|_| [0; 64]);
        assert_eq!(large.unwrap_err().code().0, "REAC-0013");
        assert_eq!(public_key(&[0; 32]), format!("whpk_{}=", "A".repeat(43)));
    }
}
