//! How often somebody may be wrong at a door: for each door in all, and for each code or key.
//!
//! Never here: a code (its digest is), or an answer: who is over a bound is told the same whatever they sent.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use writ_model::{Digest, Timestamp};

use crate::DeskError;

/// LIMIT: wrong answers in one minute for one code or one passkey: a person mistypes twice.
const EACH: u32 = 10;
/// LIMIT: codes counted; when there are more in one minute the door is closed for the rest of it.
const COUNTED: usize = 1_024;

/// A door that can be knocked at without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Knock {
    /// A sign-in link.
    Link,
    /// A passkey sign-in.
    Passkey,
    /// An invitation's code.
    Join,
    /// A recovery's code.
    Recover,
    /// A client that registers itself.
    Register,
}

impl Knock {
    /// LIMIT: wrong answers in one minute. A code has 140 bits and a signature more, so this keeps the log readable and
    /// the store quiet; a passkey's bound is higher, because anybody can be wrong there without knowing anything.
    const fn all(self) -> u32 {
        match self {
            Self::Passkey => 600,
            Self::Link | Self::Join | Self::Recover => 60,
            // Each is kept for a month.
            Self::Register => 30,
        }
    }
}

#[derive(Debug, Default)]
struct Table {
    minute: i64,
    doors: BTreeMap<Knock, u32>,
    each: BTreeMap<(Knock, Digest), u32>,
}

/// Wrong answers of the current minute.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<Table>);

impl Guesses {
    /// Refuses who is over a bound.
    pub(crate) fn allow(
        &self,
        knock: Knock,
        of: Option<Digest>,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        let mut table = self.0.lock();
        table.turn(now);
        let all = table.doors.get(&knock).copied().unwrap_or(0);
        let each = of.and_then(|of| table.each.get(&(knock, of))).copied().unwrap_or(0);
        if all >= knock.all() || each >= EACH || table.each.len() >= COUNTED {
            return Err(busy());
        }
        Ok(())
    }

    /// The same for a code or key that is known here: only what was wrong with itself counts, so that no stranger's guesses
    /// close the door to its owner.
    pub(crate) fn allow_known(
        &self,
        knock: Knock,
        of: Digest,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        let mut table = self.0.lock();
        table.turn(now);
        if table.each.get(&(knock, of)).is_some_and(|each| *each >= EACH) {
            return Err(busy());
        }
        Ok(())
    }

    /// Counts a wrong answer.
    pub(crate) fn wrong(&self, knock: Knock, of: Option<Digest>, now: Timestamp) {
        let mut table = self.0.lock();
        table.turn(now);
        *table.doors.entry(knock).or_default() += 1;
        if let Some(of) = of
            && (table.each.len() < COUNTED || table.each.contains_key(&(knock, of)))
        {
            *table.each.entry((knock, of)).or_default() += 1;
        }
    }
}

fn busy() -> DeskError {
    DeskError::Busy { what: "too many wrong answers in one minute".to_owned() }
}

impl Table {
    fn turn(&mut self, now: Timestamp) {
        let minute = now.seconds().div_euclid(60);
        if self.minute != minute {
            *self = Self { minute, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_closes_for_a_code_then_for_everybody_and_opens_with_the_next_minute() {
        let guesses = Guesses::default();
        let now = Timestamp::from_micros(0);
        let (one, two) = (Some(Digest::of(b"1")), Some(Digest::of(b"2")));
        for _ in 0..EACH {
            assert!(guesses.allow(Knock::Join, one, now).is_ok());
            guesses.wrong(Knock::Join, one, now);
        }
        assert!(guesses.allow(Knock::Join, one, now).is_err());
        assert!(
            guesses.allow(Knock::Join, two, now).is_ok()
                && guesses.allow(Knock::Link, one, now).is_ok()
        );
        for _ in 0..50 {
            guesses.wrong(Knock::Join, None, now);
        }
        assert!(guesses.allow(Knock::Join, two, now).is_err());
        let later = Timestamp::from_micros(60_000_000);
        assert!(guesses.allow(Knock::Join, one, later).is_ok());
    }
}
