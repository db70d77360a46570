//! [`Known`]: what Cedar said of one compiled set, under what it was asked. A set is a constant and an evaluation has no other
//! input, so what was said once holds as long as the set does; most calls of an agent differ in nothing that a rule reads.
//!
//! SECURITY: a key is everything that the rules read, compared whole and never by a hash. Only whole numbers that rules do
//! no more with than compare them stand there as the place between what they are compared to: see [`Wanted`].
//! Never here: an answer that depends on anything else, or one to be kept longer than its set.

use std::collections::VecDeque;

use parking_lot::Mutex;

use super::{
    cedar::Wanted,
    context::{Fact, Facts},
};

/// LIMIT: answers that are kept of one set.
const ANSWERS: usize = 4;
/// LIMIT: bytes of text in the key of one that is kept. With [`ANSWERS`] and as many sets as an engine keeps, some 30 MiB.
const TEXT: usize = 256;

/// What Cedar said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// The grant at this position is the first that permits.
    Permits(usize),
    /// None does.
    Nothing,
}

/// What an answer depends on, of one attribute.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Absent,
    /// How many marks it is above, and how many it has reached.
    Place(usize, usize),
    Whole(Fact),
}

/// Answers, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<VecDeque<(Vec<Seen>, Said)>>);

impl Known {
    /// What was said of these facts; else `ask` says it. An ask that fails is not kept.
    pub(crate) fn or(
        &self,
        needs: &[Wanted],
        facts: Facts,
        ask: impl FnOnce(Facts) -> Option<Said>,
    ) -> Option<Said> {
        let same = |seen: &[Seen]| {
            let of = needs.iter().zip(&facts).zip(seen);
            seen.len() == facts.len()
                && of.into_iter().all(|((wanted, fact), seen)| is(wanted, fact.as_ref(), seen))
        };
        let said = self.0.lock().iter().find(|(seen, _)| same(seen)).map(|(_, said)| *said);
        if said.is_some() {
            return said;
        }
        let text: usize = facts.iter().flatten().map(size).sum();
        let seen = (text <= TEXT).then(|| {
            let of = needs.iter().zip(&facts);
            of.map(|(wanted, fact)| seen(wanted, fact.as_ref())).collect()
        });
        let said = ask(facts)?;
        if let Some(seen) = seen {
            let mut kept = self.0.lock();
            if kept.len() >= ANSWERS {
                kept.pop_front();
            }
            kept.push_back((seen, said));
        }
        Some(said)
    }
}

/// Where a number lies among those that rules compare it to, where they do nothing else with it.
fn place(wanted: &Wanted, fact: &Fact) -> Option<Seen> {
    let Fact::Long(number) = fact else { return None };
    let marks = &wanted.marks;
    let above = marks.partition_point(|mark| mark < number);
    let reached = marks.partition_point(|mark| mark <= number);
    (!marks.is_empty()).then_some(Seen::Place(above, reached))
}

fn seen(wanted: &Wanted, fact: Option<&Fact>) -> Seen {
    let Some(fact) = fact else { return Seen::Absent };
    place(wanted, fact).unwrap_or_else(|| Seen::Whole(fact.clone()))
}

/// Whether a fact is as it was seen.
fn is(wanted: &Wanted, fact: Option<&Fact>, seen: &Seen) -> bool {
    match (fact, seen) {
        (None, Seen::Absent) => true,
        (Some(fact), Seen::Whole(known)) => fact == known,
        (Some(fact), place_then @ Seen::Place(..)) => {
            place(wanted, fact).as_ref() == Some(place_then)
        }
        (None, _) | (Some(_), Seen::Absent) => false,
    }
}

fn size(fact: &Fact) -> usize {
    match fact {
        Fact::Flag(_) | Fact::Long(_) | Fact::Local(..) => 0,
        Fact::Text(text) => text.len(),
        Fact::Texts(list) => list.iter().map(|text| text.len() + size_of::<String>()).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::cedar::Need;

    fn wanted(need: Need, marks: &[i64]) -> Wanted {
        Wanted { key: need.key().0, need, marks: marks.to_vec() }
    }

    #[test]
    fn an_answer_is_given_again_for_what_no_rule_tells_apart() {
        let needs = [wanted(Need::At, &[10, 20]), wanted(Need::Text("/to".to_owned()), &[])];
        let known = Known::default();
        let mut asked = 0;
        let mut ask = |at: i64, to: Option<&str>| {
            let facts = vec![Some(Fact::Long(at)), to.map(|to| Fact::Text(to.to_owned()))];
            known.or(&needs, facts, |_facts| {
                asked += 1;
                Some(Said::Permits(asked))
            })
        };
        let (before, on, between, after) =
            (ask(9, Some("a")), ask(10, Some("a")), ask(11, Some("a")), ask(20, Some("a")));
        assert_eq!([before, on, between, after], [1, 2, 3, 4].map(|nth| Some(Said::Permits(nth))));
        assert_eq!((ask(19, Some("a")), ask(99, None)), (between, Some(Said::Permits(5))));
        assert_eq!(ask(9, Some("a")), Some(Said::Permits(6)), "the oldest of four went");
    }

    #[test]
    fn what_failed_and_what_is_long_is_not_kept() {
        let needs = [wanted(Need::Name, &[])];
        let known = Known::default();
        let facts = |text: &str| vec![Some(Fact::Text(text.to_owned()))];
        assert_eq!(known.or(&needs, facts("a"), |_facts| None), None);
        assert_eq!(known.or(&needs, facts("a"), |_facts| Some(Said::Nothing)), Some(Said::Nothing));
        assert_eq!(
            known.or(&needs, facts("a"), |_facts| Some(Said::Permits(1))),
            Some(Said::Nothing)
        );
        let long = "a".repeat(TEXT + 1);
        assert_eq!(
            known.or(&needs, facts(&long), |_facts| Some(Said::Permits(1))),
            Some(Said::Permits(1))
        );
        assert_eq!(
            known.or(&needs, facts(&long), |_facts| Some(Said::Permits(2))),
            Some(Said::Permits(2))
        );
    }
}
