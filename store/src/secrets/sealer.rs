//! [`Sealer`]: AES-256-GCM under keys derived from one data key.
//!
//! Never here: a nonce chosen by a caller, a plain value in an error.
//! SECURITY: random 96-bit nonces are safe for about 2^32 messages of one key (NIST SP 800-38D section 8.3), which a busy
//! tenant passes in weeks. So each sealer derives a key of its own from the data key and a random salt, and takes a new
//! salt long before that. Sealed form: version, salt, nonce, ciphertext with tag.

use std::{fmt, num::NonZeroUsize, sync::Arc};

use aws_lc_rs::{
    aead::{self, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hkdf, rand,
};
use lru::LruCache;
use parking_lot::Mutex;
use writ_model::Secret;

use super::VaultFault;

const VERSION: u8 = 1;
const SALT_LEN: usize = 16;
/// Bytes a sealed value is longer than its plain one.
const OVERHEAD: usize = 1 + SALT_LEN + NONCE_LEN + 16;
/// Messages sealed under one salt: a hundredth of a percent of what is safe.
const MESSAGES: u32 = 1 << 20;
/// Derived keys kept for opening: one for each run of the process that sealed what is read now.
const OPENERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);
/// Bytes of a data key.
pub(crate) const KEY_LEN: usize = 32;

struct Current {
    salt: [u8; SALT_LEN],
    key: Arc<LessSafeKey>,
    left: u32,
}

/// Seals and opens values of one space. Cheap: no IO, a few microseconds a value.
pub struct Sealer {
    data_key: Secret<Vec<u8>>,
    current: Mutex<Current>,
    openers: Mutex<LruCache<[u8; SALT_LEN], Arc<LessSafeKey>>>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Sealer(…)")
    }
}

/// The crypto library gives no reasons.
fn faulted(_: Unspecified) -> VaultFault {
    VaultFault::Faulted { why: "the cryptographic library failed".to_owned() }
}

impl Sealer {
    /// A sealer over a key of 32 random bytes.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn new(data_key: Secret<Vec<u8>>) -> Result<Self, VaultFault> {
        let current = Mutex::new(fresh(&data_key)?);
        Ok(Self { data_key, current, openers: Mutex::new(LruCache::new(OPENERS)) })
    }

    /// Encrypts a value. `aad` is not stored: opening needs the same, so put the value's place in it.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultFault> {
        let (salt, key) = {
            let mut current = self.current.lock();
            if current.left == 0 {
                *current = fresh(&self.data_key)?;
            }
            current.left -= 1;
            (current.salt, Arc::clone(&current.key))
        };
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut out = Vec::with_capacity(plain.len() + OVERHEAD);
        out.push(VERSION);
        out.extend_from_slice(&salt);
        out.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut body,
        )
        .map_err(faulted)?;
        out.extend_from_slice(&body);
        Ok(out)
    }

    /// Decrypts a value that was sealed in this space with the same `aad`.
    ///
    /// # Errors
    /// If it does not open.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, VaultFault> {
        let (version, rest) = sealed.split_first().ok_or(VaultFault::Sealed)?;
        let (salt, rest) = rest.split_first_chunk::<SALT_LEN>().ok_or(VaultFault::Sealed)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultFault::Sealed)?;
        if *version != VERSION {
            return Err(VaultFault::Sealed);
        }
        let key = self.opener(salt)?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = match key.open_in_place(nonce, Aad::from(aad), &mut body) {
            Ok(plain) => plain.len(),
            Err(Unspecified) => return Err(VaultFault::Sealed),
        };
        body.truncate(length);
        Ok(Secret::new(body))
    }

    /// A key of 32 bytes for one purpose, derived from the data key.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn derive(&self, purpose: &[u8]) -> Result<Secret<Vec<u8>>, VaultFault> {
        let mut out = vec![0; KEY_LEN];
        let prk =
            hkdf::Salt::new(hkdf::HKDF_SHA256, b"writ derive v1").extract(self.data_key.expose());
        let info = [purpose];
        let okm = prk.expand(&info, hkdf::HKDF_SHA256).map_err(faulted)?;
        okm.fill(&mut out).map_err(faulted)?;
        Ok(Secret::new(out))
    }

    fn opener(&self, salt: &[u8; SALT_LEN]) -> Result<Arc<LessSafeKey>, VaultFault> {
        {
            let current = self.current.lock();
            if current.salt == *salt {
                return Ok(Arc::clone(&current.key));
            }
        }
        let known = self.openers.lock().get(salt).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let key = Arc::new(subkey(&self.data_key, salt)?);
        self.openers.lock().put(*salt, Arc::clone(&key));
        Ok(key)
    }
}

/// So many random bytes of the cryptographic library.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], VaultFault> {
    let mut out = [0; N];
    rand::fill(&mut out).map_err(faulted)?;
    Ok(out)
}

fn fresh(data_key: &Secret<Vec<u8>>) -> Result<Current, VaultFault> {
    let salt = random()?;
    Ok(Current { salt, key: Arc::new(subkey(data_key, &salt)?), left: MESSAGES })
}

fn subkey(data_key: &Secret<Vec<u8>>, salt: &[u8]) -> Result<LessSafeKey, VaultFault> {
    let algorithm: &'static aead::Algorithm = &AES_256_GCM;
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(data_key.expose());
    let okm = prk.expand(&[b"writ sealer v1"], algorithm).map_err(faulted)?;
    Ok(LessSafeKey::new(UnboundKey::from(okm)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(Secret::new(vec![byte; KEY_LEN])).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_whole_in_its_place_and_under_its_key() {
        let (one, other) = (sealer(1), sealer(2));
        let sealed = one.seal(b"place", b"plain").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(one.open(b"place", &sealed).unwrap().expose(), b"plain");
        assert_eq!(sealer(1).open(b"place", &sealed).unwrap().expose(), b"plain");
        assert!(matches!(one.open(b"elsewhere", &sealed), Err(VaultFault::Sealed)));
        assert!(matches!(other.open(b"place", &sealed), Err(VaultFault::Sealed)));
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(matches!(one.open(b"place", &bad), Err(VaultFault::Sealed)), "byte {at}");
            assert!(matches!(one.open(b"place", &sealed[..at]), Err(VaultFault::Sealed)));
        }
        assert_ne!(sealed, one.seal(b"place", b"plain").unwrap());
    }

    #[test]
    fn the_salt_changes_before_nonces_could_repeat() {
        let sealer = sealer(3);
        let first = sealer.seal(b"", b"x").unwrap();
        sealer.current.lock().left = 0;
        let second = sealer.seal(b"", b"x").unwrap();
        assert_ne!(first[1..=SALT_LEN], second[1..=SALT_LEN]);
        assert_eq!(sealer.open(b"", &first).unwrap().expose(), b"x");
        assert_eq!(sealer.current.lock().left, MESSAGES - 1);
    }

    #[test]
    fn derived_keys_differ_by_purpose_and_nothing_is_printed() {
        let sealer = sealer(4);
        let (a, b) = (sealer.derive(b"a").unwrap(), sealer.derive(b"b").unwrap());
        assert_ne!(a.expose(), b.expose());
        assert_eq!(a.expose(), sealer.derive(b"a").unwrap().expose());
        assert_eq!(format!("{sealer:?}"), "Sealer(…)");
    }
}
