//! Authorization codes (RFC 6749 section 4.1.2): good once, for a minute, and remembered for a while after, so that a second use
//! can end what the first one gave. And consents that wait for a colleague's yes.
//!
//! Never here: a code (its digest is), or a code that is stored: a restart forgets them, and they are asked for again.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use writ_identity::same_secret;
use writ_model::{
    AgentId, Digest, HoldId, InstanceId, PersonId, Span, TenantId, Timestamp, TokenId,
};

use super::request::Request;

/// How long a code is good: RFC 6749 allows ten minutes, a browser needs seconds.
pub(super) const CODE_LIFE: Span = Span::seconds(60);
/// How long a used one is remembered.
const REMEMBERED: Span = Span::minutes(10);
/// LIMIT: codes remembered: consents of ten minutes, each of which a person gave. The oldest makes room.
const CODES: usize = 1_024;
/// LIMIT: consents that wait for a yes; the one that ends first makes room.
const WAITING: usize = 256;

/// What a code is for.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) request: Request,
    pub(super) person: PersonId,
    pub(super) tenant: TenantId,
    pub(super) agent: AgentId,
    /// The offer of the ledger that it uses up.
    pub(super) offer: Digest,
    pub(super) expires: Timestamp,
}

/// What a code gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) tenant: TenantId,
    pub(super) instance: InstanceId,
    pub(super) family: TokenId,
    pub(super) until: Timestamp,
}

#[derive(Debug)]
enum Code {
    Good(Box<Given>),
    Spent {
        /// The challenge that it was asked for with.
        challenge: String,
        used: Option<Used>,
        /// Somebody showed it again.
        again: bool,
    },
}

/// What came of a code that somebody showed.
#[derive(Debug)]
pub(super) enum Taken {
    /// It was good and is not any more.
    Good(Box<Given>),
    /// It was used before, and who shows it has its verifier; with what it gave, if it gave anything.
    Again(Option<Used>),
    /// It is none, or was one too long ago, or was used and somebody shows it who has seen no more than it.
    Unknown,
}

/// Codes by their digest.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<BTreeMap<Digest, (Timestamp, Code)>>);

impl Codes {
    pub(super) fn put(&self, code: &str, given: Given, now: Timestamp) {
        let mut codes = self.0.lock();
        codes.retain(|_, (made, _)| now < *made + REMEMBERED);
        if codes.len() >= CODES {
            let oldest = codes.iter().min_by_key(|(_, (made, _))| *made).map(|(code, _)| *code);
            oldest.and_then(|oldest| codes.remove(&oldest));
        }
        codes.insert(digest(code), (now, Code::Good(Box::new(given))));
    }

    /// Takes a code with the challenge of the verifier that was shown: whatever comes of it, it is not good again.
    pub(super) fn take(&self, (code, shown): (&str, &str), now: Timestamp) -> Taken {
        let mut codes = self.0.lock();
        let Some((made, kept)) = codes.get_mut(&digest(code)) else { return Taken::Unknown };
        if now >= *made + REMEMBERED {
            return Taken::Unknown;
        }
        match kept {
            Code::Good(given) => {
                let challenge = given.request.challenge.clone();
                let spent = Code::Spent { challenge, used: None, again: false };
                match std::mem::replace(kept, spent) {
                    Code::Good(given) if now < given.expires => Taken::Good(given),
                    Code::Good(_) | Code::Spent { .. } => Taken::Unknown,
                }
            }
            Code::Spent { challenge, used, again } => {
                if !same_secret(shown.as_bytes(), challenge.as_bytes()) {
                    return Taken::Unknown;
                }
                *again = true;
                Taken::Again(*used)
            }
        }
    }

    /// Remembers what a code gave. False if somebody showed it again meanwhile: then what it gave must be taken back.
    pub(super) fn gave(&self, code: &str, gave: Used) -> bool {
        let mut codes = self.0.lock();
        match codes.get_mut(&digest(code)) {
            Some((_, Code::Spent { used, again, .. })) => {
                *used = Some(gave);
                !*again
            }
            Some((_, Code::Good(_))) | None => false,
        }
    }
}

fn digest(code: &str) -> Digest {
    Digest::of_parts(&[b"writ authorization code v1\0", code.as_bytes()])
}

/// By whom, for which agent, for what: the digest of a request.
pub(super) type Whose = (PersonId, AgentId, Digest);

/// An offer that waits for somebody's yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) offer: Digest,
    /// Where it waits.
    pub(super) hold: HoldId,
    pub(super) until: Timestamp,
}

/// Offers that wait for somebody's yes.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<BTreeMap<Whose, Waits>>);

impl Waiting {
    pub(super) fn keep(&self, whose: Whose, waits: Waits, now: Timestamp) {
        let mut kept = self.0.lock();
        kept.retain(|_, one| now < one.until);
        if kept.len() >= WAITING {
            let first = kept.iter().min_by_key(|(_, one)| one.until).map(|(who, _)| *who);
            first.and_then(|first| kept.remove(&first));
        }
        kept.insert(whose, waits);
    }

    pub(super) fn of(&self, whose: &Whose, now: Timestamp) -> Option<Waits> {
        self.0.lock().get(whose).filter(|one| now < one.until).copied()
    }

    pub(super) fn forget(&self, whose: &Whose) {
        self.0.lock().remove(whose);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::oauth::{
        client::{By, Client},
        document::{Document, Keys},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn given() -> Given {
        let redirects = vec!["http://127.0.0.1/cb".to_owned()];
        let says = Arc::new(Document { name: None, redirects, keys: Keys::None });
        let client = Client { id: "probe".to_owned(), by: By::Listed, says };
        let request = Request {
            client,
            redirect: "http://127.0.0.1:1/cb".to_owned(),
            state: None,
            challenge: "x".repeat(43),
            resource: "http://127.0.0.1:7421/mcp".to_owned(),
            scope: "mcp".to_owned(),
            jkt: None,
        };
        Given {
            request,
            person: PersonId::from_bytes([1; 16]),
            tenant: TenantId::from_bytes([2; 16]),
            agent: AgentId::from_bytes([3; 16]),
            offer: Digest::of(b"offer"),
            expires: at(60),
        }
    }

    fn used() -> Used {
        Used {
            tenant: TenantId::from_bytes([2; 16]),
            instance: InstanceId::from_bytes([4; 16]),
            family: TokenId::from_bytes([5; 16]),
            until: at(1_000),
        }
    }

    #[test]
    fn a_code_is_good_once_for_a_minute_and_then_names_what_it_gave() {
        let (codes, right) = (Codes::default(), "x".repeat(43));
        codes.put("a", given(), at(0));
        assert!(matches!(codes.take(("b", &right), at(1)), Taken::Unknown));
        assert!(matches!(codes.take(("a", &right), at(59)), Taken::Good(_)));
        assert!(codes.gave("a", used()));
        let seen = codes.take(("a", "y"), at(2));
        assert!(matches!(seen, Taken::Unknown), "it was seen, and its verifier was not");
        assert!(
            matches!(codes.take(("a", &right), at(599)), Taken::Again(Some(gave)) if gave == used())
        );
        assert!(matches!(codes.take(("a", &right), at(600)), Taken::Unknown), "forgotten");
        codes.put("late", given(), at(0));
        assert!(matches!(codes.take(("late", &right), at(60)), Taken::Unknown));
        assert!(
            matches!(codes.take(("late", &right), at(60)), Taken::Again(None)),
            "and is not good again"
        );
    }

    #[test]
    fn a_code_that_is_shown_twice_at_once_gives_nothing_that_stays() {
        let (codes, right) = (Codes::default(), "x".repeat(43));
        codes.put("a", given(), at(0));
        assert!(matches!(codes.take(("a", &right), at(1)), Taken::Good(_)));
        assert!(
            matches!(codes.take(("a", &right), at(1)), Taken::Again(None)),
            "before the first is done"
        );
        assert!(!codes.gave("a", used()), "what the first got is taken back");
        codes.put("b", given(), at(0));
        assert!(matches!(codes.take(("b", &right), at(1)), Taken::Good(_)));
        assert!(matches!(codes.take(("b", "y"), at(1)), Taken::Unknown));
        assert!(codes.gave("b", used()), "a passer-by ends nothing");
        assert!(matches!(codes.take(("a", &right), at(2)), Taken::Again(Some(_))));
    }

    #[test]
    fn the_tables_are_bounded() {
        let (codes, right) = (Codes::default(), "x".repeat(43));
        for number in 0..=CODES {
            codes.put(&number.to_string(), given(), at(i64::from(number > 0)));
        }
        assert_eq!(codes.0.lock().len(), CODES);
        assert!(matches!(codes.take(("0", &right), at(2)), Taken::Unknown), "the oldest made room");
        let waiting = Waiting::default();
        let whose = |number: usize| {
            (given().person, given().agent, Digest::of(number.to_string().as_bytes()))
        };
        for number in 0..=WAITING {
            let until = at(100 + i64::try_from(number).unwrap());
            let waits = Waits { offer: Digest::of(b"x"), hold: HoldId::from_bytes([6; 16]), until };
            waiting.keep(whose(number), waits, at(0));
        }
        assert_eq!(waiting.0.lock().len(), WAITING);
        let one = whose(1);
        assert!(waiting.of(&one, at(0)).is_some() && waiting.of(&one, at(101)).is_none());
    }
}
