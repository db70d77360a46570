//! Passkeys: the only thing a person signs with, as a ledger admits them, and which ones a party takes.
//!
//! Never here: cryptography (`identity` checks signatures and attestations), private keys, or who may add a key
//! (`command/keys.rs`). To add a policy: a variant of [`KeyPolicy`], its arm in [`KeyPolicy::refuses`], its words.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use writ_model::{Digest, PasskeyId, PersonId, RecoveryId, Timestamp};

/// One passkey as a ledger admits it: public parts only.
#[expect(
    clippy::struct_field_names,
    reason = "it stands in ledger lines, where ids are named by their kind"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// Its id in ledgers.
    pub passkey: PasskeyId,
    /// Whose it is.
    pub person: PersonId,
    /// What its person calls it.
    pub label: String,
    /// Credential id (`WebAuthn` Level 3, section 4), base64url without padding.
    pub credential: String,
    /// Canonical JSON of the public JWK, required members only (RFC 7638, section 3.2).
    pub jwk: String,
    /// `ES256`, `EdDSA` or `RS256`.
    pub alg: String,
    /// The domain it works for.
    pub rp_id: String,
    /// The origin it was made at.
    pub origin: String,
    /// Model of the authenticator: a lower-case hyphenated UUID; all zeros if it does not say.
    pub aaguid: String,
    /// May be copied between its person's devices (backup eligible).
    pub synced: bool,
    /// Was copied when it was made (backup state).
    pub backed_up: bool,
    /// What its maker vouches for.
    pub attestation: Attestation,
    /// Signature counter when it was made; 0 if it does not count.
    pub counter: u32,
}

impl Passkey {
    /// See [`fingerprint`].
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.jwk)
    }
}

/// What the maker of an authenticator vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Attestation {
    /// Nothing.
    None,
    /// Signed by the passkey itself: proves possession, not a maker.
    SelfSigned,
    /// There is a statement, but nobody trusted here signed it.
    Unchecked {
        /// Its format, for example `tpm`.
        format: String,
    },
    /// The statement leads to a maker that is trusted here.
    Checked {
        /// SHA-256 of the trust anchor, hexadecimal.
        root: String,
    },
}

/// By whose authority a passkey stands in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Admitted {
    /// The very first one of the provider, by its single-use link.
    Bootstrap,
    /// Added by its person, signed with another key of theirs.
    Own,
    /// Came with its person, who was admitted by signature.
    Admission,
    /// Two people of its person's party confirmed it.
    Recovery {
        /// In which recovery.
        recovery: RecoveryId,
    },
    /// A provider person's key, copied by Writ into a client's ledger.
    Mirrored,
}

/// Which passkeys the people of a ledger's own party may use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyPolicy {
    /// Any.
    #[default]
    Any,
    /// Only those that never leave one device.
    DeviceBound,
    /// Only those whose maker's statement was checked.
    Attested {
        /// Of these models; empty means of any checked one.
        aaguids: Vec<String>,
    },
}

impl KeyPolicy {
    /// Why it does not take a key, if it does not.
    pub fn refuses(&self, key: &Passkey) -> Option<String> {
        match self {
            Self::Any => None,
            Self::DeviceBound => key.synced.then(|| {
                "it may be copied between devices, and only device-bound keys are taken".to_owned()
            }),
            Self::Attested { aaguids } => match key.attestation {
                Attestation::None | Attestation::SelfSigned | Attestation::Unchecked { .. } => {
                    Some("no trusted maker vouches for it".to_owned())
                }
                Attestation::Checked { .. } => (!aaguids.is_empty()
                    && !aaguids.contains(&key.aaguid))
                .then(|| format!("its model {} is not on the list", key.aaguid)),
            },
        }
    }

    /// Its words: which keys are taken.
    pub fn words(&self) -> String {
        match self {
            Self::Any => "any passkey".to_owned(),
            Self::DeviceBound => "only passkeys that never leave one device".to_owned(),
            Self::Attested { aaguids } if aaguids.is_empty() => {
                "only passkeys whose maker is checked".to_owned()
            }
            Self::Attested { aaguids } => {
                format!("only passkeys of these checked models: {}", aaguids.join(", "))
            }
        }
    }
}

/// A passkey and its life in one ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What it is.
    pub says: Arc<Passkey>,
    /// By whose authority.
    pub admitted: Admitted,
    /// Since when.
    pub at: Timestamp,
    /// The ledger line that admitted it.
    pub line: u64,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Highest signature counter seen in this ledger.
    pub counter: u32,
}

impl Key {
    /// Not revoked.
    pub fn live(&self) -> bool {
        self.revoked_at.is_none()
    }
}

/// SHA-256 over the canonical JWK (its RFC 7638 thumbprint), the first 20 bytes in lower-case Crockford base32, in eight
/// groups of four: `k7qf-93td-…`. Short enough to read out on the telephone, 160 bits against a second key.
pub fn fingerprint(jwk: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digest = Digest::of(jwk.as_bytes());
    let mut out = String::with_capacity(39);
    for (at, five) in digest.as_bytes().chunks_exact(5).take(4).enumerate() {
        let bits = five.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        for letter in 0..8 {
            if letter % 4 == 0 && (at, letter) != (0, 0) {
                out.push('-');
            }
            let digit = usize::try_from((bits >> (35 - 5 * letter)) & 31).unwrap_or(0);
            out.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_160_bits_in_eight_groups() {
        // Bits of the published thumbprint of RFC 7638, section 3.1, encoded by hand.
        let jwk = r#"{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;
        let digest = Digest::of(jwk.as_bytes()).to_string();
        assert!(digest.starts_with("3736cbb178"), "thumbprint NzbLsXh8…: {digest}");
        let text = fingerprint(jwk);
        assert_eq!(text.len(), 39);
        assert!(text.starts_with("6wv"), "{text}");
        assert!(text.split('-').all(|group| group.len() == 4) && text.split('-').count() == 8);
        assert_ne!(text, fingerprint("{}"));
    }
}
