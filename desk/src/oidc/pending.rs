//! Sign-ins that wait for the identity provider's answer. Each is good once, for ten minutes, in the browser that began it.
//!
//! Never here: a state or a cookie (their digests are). SECURITY: without the cookie somebody could send their own answer to
//! another person's browser and have them work, unknowing, in a stranger's session (login CSRF).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use writ_model::{Digest, Entropy, PersonId, Secret, SessionId, Span, Timestamp};

use super::{
    random,
    refused::{Refused, Why},
};

/// How long somebody may take at the identity provider.
pub(super) const LIFE: Span = Span::minutes(10);
/// LIMIT: sign-ins under way, some 400 bytes each; anybody can begin one, so the oldest makes room.
const MOST: usize = 4_096;
/// LIMIT: bytes of a state or a cookie that is looked up; ours have 43.
const MAX_TEXT: usize = 64;

/// What the answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To sign in, and go on to this local path.
    SignIn {
        /// Where.
        next: String,
        /// The session that this browser has, which the new one replaces.
        replaces: Option<SessionId>,
    },
    /// To link the login to the person of this session.
    Link {
        /// Who began it.
        person: PersonId,
        /// In which session.
        session: SessionId,
    },
}

/// A sign-in under way.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) nonce: String,
    pub(super) verifier: Secret<String>,
    pub(super) purpose: Purpose,
    browser: Digest,
    expires: Timestamp,
}

/// What a new one gives to the browser.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) state: String,
    pub(super) nonce: String,
    /// `code_challenge` (RFC 7636 section 4.2, S256).
    pub(super) challenge: String,
    pub(super) cookie: Secret<String>,
}

#[derive(Debug, Default)]
pub(super) struct Table(Mutex<BTreeMap<Digest, Pending>>);

impl Table {
    pub(super) fn begin(&self, purpose: Purpose, entropy: &dyn Entropy, now: Timestamp) -> Begun {
        let (state, nonce) = (random(entropy), random(entropy));
        let (verifier, cookie) = (random(entropy), random(entropy));
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier.as_bytes()).as_bytes());
        let pending = Pending {
            nonce: nonce.clone(),
            verifier: Secret::new(verifier),
            purpose,
            browser: Digest::of(cookie.as_bytes()),
            expires: now + LIFE,
        };
        let mut table = self.0.lock();
        if table.len() >= MOST {
            table.retain(|_, pending| now < pending.expires);
        }
        if table.len() >= MOST {
            let oldest = table.iter().min_by_key(|(_, one)| one.expires).map(|(key, _)| *key);
            oldest.and_then(|key| table.remove(&key));
        }
        table.insert(Digest::of(state.as_bytes()), pending);
        Begun { state, nonce, challenge, cookie: Secret::new(cookie) }
    }

    /// Takes the sign-in of this state out, if this browser began it in time.
    pub(super) fn finish(
        &self,
        state: &str,
        cookie: Option<&str>,
        now: Timestamp,
    ) -> Result<Pending, Refused> {
        let refuse = |log: &str| Err(Refused::new(Why::State, log));
        if state.len() > MAX_TEXT || cookie.is_some_and(|cookie| cookie.len() > MAX_TEXT) {
            return refuse("state or cookie is too long");
        }
        let Some(pending) = self.0.lock().remove(&Digest::of(state.as_bytes())) else {
            return refuse("state is unknown or was used");
        };
        if now >= pending.expires {
            return refuse("state is too old");
        }
        match cookie {
            Some(cookie) if Digest::of(cookie.as_bytes()) == pending.browser => Ok(pending),
            Some(_) => refuse("another browser began this sign-in"),
            None => refuse("the browser did not send the cookie of its sign-in"),
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_testkit::SeededEntropy;

    use super::*;

    fn purpose() -> Purpose {
        Purpose::SignIn { next: "/".to_owned(), replaces: None }
    }

    #[test]
    fn it_is_good_once_in_time_and_in_its_browser() {
        let (table, entropy) = (Table::default(), SeededEntropy::new(1));
        let now = Timestamp::from_micros(0);
        let begin = || table.begin(purpose(), &entropy, now);
        let one = begin();
        let cookie = one.cookie.expose().as_str();
        assert_eq!(table.finish(&one.state, Some(cookie), now).unwrap().nonce, one.nonce);
        let again = table.finish(&one.state, Some(cookie), now).unwrap_err();
        assert_eq!(again.log, "state is unknown or was used");
        for (cookie, at, wanted) in [
            (Some(cookie.to_owned()), now, "another browser began this sign-in"),
            (None, now, "the browser did not send the cookie of its sign-in"),
            (Some("x".repeat(65)), now, "state or cookie is too long"),
            (None, now + LIFE, "state is too old"),
        ] {
            let two = begin();
            let got = table.finish(&two.state, cookie.as_deref(), at).unwrap_err();
            assert_eq!((got.why, got.log.as_str()), (Why::State, wanted));
        }
    }

    #[test]
    fn the_challenge_is_the_verifiers() {
        let table = Table::default();
        let begun = table.begin(purpose(), &SeededEntropy::new(2), Timestamp::from_micros(0));
        let pending = table
            .finish(&begun.state, Some(begun.cookie.expose()), Timestamp::from_micros(1))
            .unwrap();
        let verifier = pending.verifier.expose();
        assert_eq!(verifier.len(), 43, "RFC 7636 section 4.1");
        let digest = Digest::of(verifier.as_bytes());
        assert_eq!(begun.challenge, URL_SAFE_NO_PAD.encode(digest.as_bytes()));
    }

    #[test]
    fn the_oldest_makes_room() {
        let (table, entropy) = (Table::default(), SeededEntropy::new(3));
        let at = |second: i64| Timestamp::from_micros(second * 100_000);
        let first = table.begin(purpose(), &entropy, at(0));
        for second in 0..MOST {
            table.begin(purpose(), &entropy, at(1 + i64::try_from(second).unwrap()));
        }
        assert_eq!(table.0.lock().len(), MOST);
        assert!(table.finish(&first.state, Some(first.cookie.expose()), at(1)).is_err());
    }
}
