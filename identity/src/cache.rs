//! [`TokenCache`]: tokens verified before, by the digest of their text, so that a token's signature is checked once and
//! not once a call.
//!
//! Never here: a refusal (only good tokens are kept), or trust in a cached token's instant or audience: both are checked
//! on each use by [`Verified::admit`]. What has ended is ended by the ledger's fold, not by leaving the cache.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use writ_model::{Digest, Timestamp};

use crate::{
    PublicKeys, TokenFault, Verified,
    token::{Expect, verify_digested},
};

/// LIMIT: tokens kept unless told otherwise: some for each of 10,000 agents; about 1 KiB each, so 64 MiB at most.
pub const DEFAULT_TOKENS: usize = 1 << 16;
/// Tokens of one set: few enough to look at each, enough that sets seldom overflow.
const WAYS: usize = 8;

/// Bounded: sets of [`WAYS`] tokens, the least recently used of a full set gives way. Each set has its own lock, held for
/// the length of eight comparisons.
#[derive(Debug)]
pub struct TokenCache {
    sets: Vec<Mutex<Vec<Arc<Verified>>>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl TokenCache {
    /// An empty cache for about this many tokens, rounded up to a power of two. Memory grows with use.
    pub fn new(capacity: usize) -> Self {
        let count = capacity.div_ceil(WAYS).next_power_of_two();
        let sets = (0..count).map(|_| Mutex::new(Vec::new())).collect();
        Self { sets, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// The token, from the cache or verified now and kept. All callers of one cache must expect the same issuer and hold
    /// the same keys; [`TokenCache::clear`] it when the keys change.
    ///
    /// # Errors
    /// As [`crate::token::verify`].
    pub fn verify(
        &self,
        text: &str,
        keys: &PublicKeys,
        expect: &Expect<'_>,
    ) -> Result<Arc<Verified>, TokenFault> {
        let ath = Digest::of(text.as_bytes());
        if let Some(known) = self.get(&ath) {
            if expect.now >= known.expires() {
                return Err(TokenFault::Expired);
            }
            return Ok(known);
        }
        let verified = Arc::new(verify_digested(text, ath, keys, expect)?);
        self.insert(&verified, expect.now);
        Ok(verified)
    }

    /// The token whose text has this digest.
    pub fn get(&self, ath: &Digest) -> Option<Arc<Verified>> {
        let mut set = self.set(ath)?;
        let found = set.iter().position(|known| known.ath() == ath);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        let at = found?;
        // Most recently used first.
        if let Some(front) = set.get_mut(..=at) {
            front.rotate_right(1);
        }
        set.first().map(Arc::clone)
    }

    /// Keeps a verified token; expired ones of its set leave first, then the least recently used.
    pub fn insert(&self, token: &Arc<Verified>, now: Timestamp) {
        let Some(mut set) = self.set(token.ath()) else {
            return;
        };
        set.retain(|known| known.expires() > now && known.ath() != token.ath());
        set.truncate(WAYS - 1);
        set.insert(0, Arc::clone(token));
    }

    /// Forgets every token: the issuer's keys have changed.
    pub fn clear(&self) {
        for set in &self.sets {
            set.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// How often a token was found, and how often not.
    pub fn counts(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    fn set(&self, ath: &Digest) -> Option<MutexGuard<'_, Vec<Arc<Verified>>>> {
        let number = ath.0.first_chunk().copied().map_or(0, u64::from_be_bytes);
        let at = usize::try_from(number).unwrap_or(0) & (self.sets.len() - 1);
        Some(self.sets.get(at)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use writ_model::{Span, TokenId};

    use super::*;
    use crate::{
        Claims, token,
        token::tests::{AUD, ISS, claims, key, now},
    };

    fn text(number: u8) -> String {
        let jti = TokenId::from_parts(now(), [number; 10]);
        token::issue(&key(), &Claims { jti, ..claims() }).unwrap()
    }

    #[test]
    fn a_token_is_verified_once_and_expires_all_the_same() {
        let (cache, keys) = (TokenCache::new(64), PublicKeys::of_signing_key(&key()).unwrap());
        let expect = Expect { iss: ISS, now: now() };
        let first = cache.verify(&text(1), &keys, &expect).unwrap();
        // No key is needed the second time.
        let second = cache.verify(&text(1), &PublicKeys::default(), &expect).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(second.admit(AUD, now()).unwrap().sub, claims().sub);
        assert_eq!(cache.counts(), (1, 1));
        let late = Expect { iss: ISS, now: now() + Span::minutes(6) };
        assert_eq!(cache.verify(&text(1), &keys, &late).unwrap_err(), TokenFault::Expired);
        cache.clear();
        let missing = cache.verify(&text(1), &PublicKeys::default(), &expect);
        assert_eq!(missing.unwrap_err(), TokenFault::UnknownKey);
        assert!(cache.verify("x.y.z", &keys, &expect).is_err());
    }

    #[test]
    fn the_least_recently_used_of_a_full_set_gives_way() {
        let (cache, keys) = (TokenCache::new(1), PublicKeys::of_signing_key(&key()).unwrap());
        let expect = Expect { iss: ISS, now: now() };
        let texts: Vec<_> = (0..9).map(text).collect();
        for text in &texts[..8] {
            cache.verify(text, &keys, &expect).unwrap();
        }
        cache.verify(&texts[0], &keys, &expect).unwrap();
        cache.verify(&texts[8], &keys, &expect).unwrap();
        let held = |text: &String| cache.get(&Digest::of(text.as_bytes())).is_some();
        assert!(held(&texts[0]) && held(&texts[8]));
        assert!(!held(&texts[1]));
        assert_eq!(texts.iter().filter(|text| held(text)).count(), 8);
    }
}
