//! [`Nonces`]: `DPoP` nonces (RFC 9449 sections 8 and 9) that are bound to one boot and kept nowhere: a bucket of time and
//! a code over it under a key that dies with the process.
//!
//! Never here: state per client, or a key that outlives its boot. A proof made for an earlier boot carries a nonce that
//! this boot does not know, so its replay marks may be forgotten with the process.

use std::fmt;

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq as _;
use writ_model::{Entropy, Span, Timestamp};
use zeroize::Zeroizing;

use crate::b64;

/// How long a nonce is the current one; it is accepted for one such time longer.
pub const NONCE_BUCKET: Span = Span::minutes(2);
/// Bytes of the bucket number, and of the code after it: 128 bits cannot be guessed within four minutes.
const BUCKET_BYTES: usize = 8;
const CODE_BYTES: usize = 16;
/// Characters of a nonce: 24 bytes of base64url.
const NONCE_CHARS: usize = 32;
const CONTEXT: &[u8] = b"writ dpop nonce v1\0";

/// What a nonce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceState {
    /// Of this bucket: accepted.
    Fresh,
    /// Of the bucket before: accepted; send the current one along.
    Aging,
    /// Made by this boot, but too long ago: refuse with `use_dpop_nonce` and the current one.
    StaleButOurs,
    /// Not made by this boot, or from its future: refuse likewise.
    Unknown,
}

impl NonceState {
    /// Whether a proof with it may pass.
    pub const fn accepted(self) -> bool {
        matches!(self, Self::Fresh | Self::Aging)
    }
}

/// The nonces of one boot.
pub struct Nonces {
    key: hmac::Key,
}

impl Nonces {
    /// The nonces of a new boot.
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut_slice());
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()) }
    }

    /// The nonce to hand out at this instant.
    pub fn current(&self, now: Timestamp) -> String {
        self.of_bucket(bucket(now))
    }

    fn of_bucket(&self, bucket: i64) -> String {
        let mut bytes = Vec::with_capacity(BUCKET_BYTES + CODE_BYTES);
        bytes.extend_from_slice(&bucket.to_be_bytes());
        bytes.extend_from_slice(&self.code(bucket));
        b64::encode(&bytes)
    }

    fn code(&self, bucket: i64) -> [u8; CODE_BYTES] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(CONTEXT);
        context.update(&bucket.to_be_bytes());
        context.sign().as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// What this nonce is worth now.
    pub fn check(&self, nonce: &str, now: Timestamp) -> NonceState {
        if nonce.len() != NONCE_CHARS {
            return NonceState::Unknown;
        }
        let Some(bytes) = b64::decode(nonce) else {
            return NonceState::Unknown;
        };
        let Some((number, code)) = bytes.split_first_chunk::<BUCKET_BYTES>() else {
            return NonceState::Unknown;
        };
        let made = i64::from_be_bytes(*number);
        if !bool::from(self.code(made).ct_eq(code)) {
            return NonceState::Unknown;
        }
        match bucket(now).checked_sub(made) {
            Some(0) => NonceState::Fresh,
            Some(1) => NonceState::Aging,
            Some(age) if age > 1 => NonceState::StaleButOurs,
            Some(_) | None => NonceState::Unknown,
        }
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Nonces(…)")
    }
}

fn bucket(now: Timestamp) -> i64 {
    now.micros().div_euclid(NONCE_BUCKET.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scrub::tests::Seeded;

    #[test]
    fn a_nonce_ages_and_another_boot_does_not_know_it() {
        let (ours, theirs) = (Nonces::new(&Seeded::new(1)), Nonces::new(&Seeded::new(2)));
        let start = Timestamp::from_micros(1_000 * NONCE_BUCKET.as_micros());
        let nonce = ours.current(start);
        assert_eq!(nonce.len(), NONCE_CHARS);
        for (after, state) in [
            (Span::seconds(0), NonceState::Fresh),
            (Span::seconds(119), NonceState::Fresh),
            (Span::seconds(120), NonceState::Aging),
            (Span::seconds(239), NonceState::Aging),
            (Span::seconds(240), NonceState::StaleButOurs),
            (Span::days(400), NonceState::StaleButOurs),
            (Span::seconds(-1), NonceState::Unknown),
        ] {
            assert_eq!(ours.check(&nonce, start + after), state, "{after:?}");
            assert_eq!(theirs.check(&nonce, start + after), NonceState::Unknown);
        }
        for bad in ["", "x", nonce.get(..31).unwrap(), &nonce.replace('A', "B"), &"é".repeat(16)] {
            assert_eq!(ours.check(bad, start), NonceState::Unknown);
        }
    }
}
