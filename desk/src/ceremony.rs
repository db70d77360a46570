//! WebAuthn ceremonies under way: each challenge we gave, what for, until when. A challenge is taken once.
//!
//! Never here: a key, or a challenge that was somebody else's idea.
//! To add a ceremony: a variant of [`For`].

use std::collections::BTreeMap;

use parking_lot::Mutex;
use writ_model::{Digest, Entropy, PersonId, Span, TenantId, Timestamp};

/// How long a person may take to find their key.
const LIFE: Span = Span::minutes(5);
/// LIMIT: ceremonies under way: anybody can begin one, so the oldest makes room.
const CEREMONIES: usize = 4_096;

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Signing in, whoever it is.
    SignIn,
    /// A further key of a person signed in.
    Own(PersonId),
    /// The very first key.
    Welcome(PersonId),
    /// The first key of somebody invited.
    Join(TenantId, Digest),
    /// The new key of somebody who lost theirs.
    Recover(TenantId, Digest),
}

#[derive(Debug)]
struct Begun {
    what: For,
    expires: Timestamp,
}

/// Every ceremony under way, by its challenge.
#[derive(Debug, Default)]
pub(crate) struct Ceremonies(Mutex<BTreeMap<[u8; 32], Begun>>);

impl Ceremonies {
    /// A new challenge.
    pub(crate) fn begin(&self, what: For, entropy: &dyn Entropy, now: Timestamp) -> [u8; 32] {
        let mut challenge = [0; 32];
        entropy.fill(&mut challenge);
        let mut table = self.0.lock();
        if table.len() >= CEREMONIES {
            table.retain(|_, one| now < one.expires);
        }
        if table.len() >= CEREMONIES {
            // Anybody can begin signing in: that takes no room from those who are known by a session or a code.
            let first = |one: &Begun| (one.what != For::SignIn, one.expires);
            let oldest = table.iter().min_by_key(|(_, one)| first(one)).map(|(key, _)| *key);
            oldest.and_then(|key| table.remove(&key));
        }
        table.insert(challenge, Begun { what, expires: now + LIFE });
        challenge
    }

    /// Takes a challenge, if it is one of ours that lives and is for this. Whatever it was for, it is used up.
    pub(crate) fn take(&self, challenge: &[u8], what: For, now: Timestamp) -> Option<[u8; 32]> {
        let challenge: [u8; 32] = challenge.try_into().ok()?;
        let begun = self.0.lock().remove(&challenge)?;
        (begun.what == what && now < begun.expires).then_some(challenge)
    }
}

#[cfg(test)]
mod tests {
    use writ_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_challenge_is_taken_once_in_time_and_for_what_it_was_given() {
        let (table, entropy) = (Ceremonies::default(), SeededEntropy::new(1));
        let now = Timestamp::from_micros(0);
        let given = table.begin(For::SignIn, &entropy, now);
        assert_eq!(table.take(&given, For::SignIn, now), Some(given));
        assert_eq!(table.take(&given, For::SignIn, now), None, "replayed");
        let given = table.begin(For::SignIn, &entropy, now);
        let person = PersonId::from_bytes([1; 16]);
        assert_eq!(table.take(&given, For::Own(person), now), None, "another ceremony");
        assert_eq!(table.take(&given, For::SignIn, now), None, "and used up");
        let given = table.begin(For::SignIn, &entropy, now);
        assert_eq!(table.take(&given, For::SignIn, now + LIFE), None, "late");
        assert_eq!(table.take(b"short", For::SignIn, now), None);
    }

    #[test]
    fn the_oldest_makes_room() {
        let (table, entropy) = (Ceremonies::default(), SeededEntropy::new(2));
        let at = |second| Timestamp::from_micros(second);
        let own = For::Own(PersonId::from_bytes([1; 16]));
        let mine = table.begin(own, &entropy, at(0));
        let first = table.begin(For::SignIn, &entropy, at(0));
        for second in 0..CEREMONIES {
            table.begin(For::SignIn, &entropy, at(i64::try_from(second).unwrap() + 1));
        }
        assert_eq!(table.0.lock().len(), CEREMONIES);
        assert_eq!(table.take(&first, For::SignIn, at(9)), None);
        assert_eq!(table.take(&mine, own, at(9)), Some(mine), "strangers take no room from it");
    }
}
