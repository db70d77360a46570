//! What holds for every charter and every deed.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};
use writ_charter::{Charter, Clause, Deed, Judgment, Mode, Suspended, Why};

use crate::{
    kit,
    random::{Done, charter_of, clause, clauses, done, keyed, unless},
};

const FREE: Suspended = Suspended { all: false, clauses: BTreeSet::new() };

fn judge(clauses: &[Clause], done: &Done) -> Judgment {
    charter_of(clauses.to_vec()).judge(&FREE, &done.deed())
}

fn sorted<T: std::fmt::Debug>(list: &[T]) -> Vec<String> {
    let mut all: Vec<String> = list.iter().map(|one| format!("{one:?}")).collect();
    all.sort_unstable();
    all
}

/// Which way a reason goes, without saying which of several clauses it is.
fn kind(why: &Why) -> String {
    match why {
        Why::Clause(_) => "clause".to_owned(),
        Why::Suspended { clause } => format!("suspended {}", clause.is_some()),
        Why::Uncovered { action } => format!("uncovered {action}"),
        Why::NotYet => "not yet".to_owned(),
        Why::Over => "over".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn adding_a_clause_never_loosens_what_is_governed(
        before in clauses(6), more in clause(), done in done(),
    ) {
        let was = judge(&before, &done);
        let mut after = before;
        after.push(more);
        let is = judge(&keyed(after), &done);
        let uncovered = matches!(was.why, Why::Uncovered { .. });
        prop_assert!(uncovered || is.mode.at_least(&was.mode), "{was:?}\n{is:?}");
        prop_assert!(uncovered || was.bounds.iter().all(|b| is.mode == Mode::Refuse || is.bounds.contains(b)));
    }

    #[test]
    fn the_order_of_clauses_does_not_matter(
        list in clauses(7), done in done(), turn in 0_usize..7, mirror in any::<bool>(),
    ) {
        let mut other = list.clone();
        other.rotate_left(turn % list.len());
        if mirror {
            other.reverse();
        }
        let (one, two) = (judge(&list, &done), judge(&other, &done));
        prop_assert_eq!(&one.mode, &two.mode);
        prop_assert_eq!(one.waits, two.waits);
        prop_assert_eq!(kind(&one.why), kind(&two.why));
        prop_assert_eq!(sorted(&one.clauses), sorted(&two.clauses));
        prop_assert_eq!(sorted(&one.bounds), sorted(&two.bounds));
    }

    #[test]
    fn suspending_never_loosens(
        list in clauses(6), done in done(), first in any::<[bool; 6]>(), more in any::<[bool; 6]>(), all in any::<bool>(),
    ) {
        let some = |picked: &[bool; 6]| Suspended {
            all: false,
            clauses: list.iter().zip(picked).filter(|(_, p)| **p).map(|(c, _)| c.key.clone()).collect(),
        };
        let less = some(&first);
        let mut further = some(&more);
        further.clauses.extend(less.clauses.iter().cloned());
        further.all = all;
        let charter = charter_of(list.clone());
        let (was, is) = (charter.judge(&less, &done.deed()), charter.judge(&further, &done.deed()));
        prop_assert!(is.mode.at_least(&was.mode), "{was:?}\n{is:?}");
        prop_assert!(!all || is.mode == Mode::Refuse);
    }

    #[test]
    fn an_exception_only_narrows(one in clause(), less in unless(), done in done()) {
        let was = judge(&keyed(vec![one.clone()]), &done);
        let mut narrowed = one.clone();
        narrowed.unless.push(less);
        let is = judge(&keyed(vec![narrowed]), &done);
        prop_assert!(!was.clauses.is_empty() || is.clauses.is_empty());
        prop_assert!(one.mode == Mode::Refuse || is.mode.at_least(&was.mode));
    }

    #[test]
    fn knowing_less_never_allows_more(list in clauses(6), done in done(), forget in any::<[bool; 5]>()) {
        let was = judge(&list, &done);
        let mut less = done;
        let [tags, data, severity, confidence, amount] = forget;
        less.tags = less.tags.filter(|_| !tags);
        less.data = less.data.filter(|_| !data);
        less.severity = less.severity.filter(|_| !severity);
        less.confidence = less.confidence.filter(|_| !confidence);
        less.amount = less.amount.filter(|_| !amount);
        let is = judge(&list, &less);
        prop_assert!(is.mode.at_least(&was.mode), "{was:?}\n{is:?}");
    }

    #[test]
    fn merging_quorums_drops_no_seat_and_every_limit_holds(list in clauses(6), done in done()) {
        let said = judge(&list, &done);
        let named: Vec<&Clause> = list.iter().filter(|one| said.clauses.contains(&one.key)).collect();
        prop_assert_eq!(named.len(), said.clauses.len(), "every key is a clause, none twice");
        if let Mode::Approve { quorum } = &said.mode {
            for seat in named.iter().flat_map(|one| one.mode.quorum()) {
                prop_assert!(quorum.iter().any(|q| (q.party, q.role) == (seat.party, seat.role) && q.n >= seat.n));
            }
            for seat in quorum {
                prop_assert!(named.iter().any(|one| one.mode.quorum().contains(seat)), "no seat is invented");
            }
        }
        if said.mode != Mode::Refuse {
            for one in &named {
                let bound = |limit| said.bounds.iter().any(|b| b.clause == one.key && &b.limit == limit);
                prop_assert!(one.limits.iter().all(bound));
                prop_assert!(said.waits.expires_minutes <= one.waits.expires_minutes || one.mode.strictness() < 2);
            }
        }
    }

    #[test]
    fn every_class_must_be_covered(list in clauses(5), one in done(), two in done()) {
        let mut both = one.clone();
        both.actions.extend(two.actions.iter().filter(|class| !one.actions.contains(class)));
        let (alone, together) = (judge(&list, &one), judge(&list, &both));
        prop_assert!(together.mode.at_least(&alone.mode));
    }

    #[test]
    fn what_is_refused_for_sure_is_refused(list in clauses(6), done in done()) {
        let charter = charter_of(list);
        let deed = done.deed();
        if charter.refuses_for_sure(&deed) {
            let said = charter.judge(&FREE, &deed);
            prop_assert_eq!(said.mode, Mode::Refuse);
            prop_assert!(matches!(said.why, Why::Clause(_)));
        }
    }

    #[test]
    fn clauses_of_other_actions_say_nothing(list in clauses(6), done in done()) {
        let speaks = |one: &&Clause| done.actions.iter().any(|class| one.names(class));
        let few: Vec<Clause> = list.iter().filter(speaks).cloned().collect();
        prop_assert_eq!(judge(&few, &done), judge(&list, &done));
    }

    #[test]
    fn a_deed_without_classes_or_with_too_many_is_refused(n in 129_usize..200, done in done()) {
        let everything = vec![Clause::new("everything", "Everything", &["*"], Mode::Act)];
        for actions in [Vec::new(), vec!["mail.read"; n]] {
            let said = judge(&everything, &Done { actions, ..done.clone() });
            prop_assert_eq!(said.mode, Mode::Refuse);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_charter_outlives_its_bytes(list in clauses(8)) {
        let mut charter = kit::full();
        charter.actions.extend(charter_of(Vec::new()).actions);
        charter.clauses.extend(list);
        let bytes = charter.canonical();
        let read = Charter::parse(&bytes).unwrap();
        prop_assert_eq!(read.canonical(), bytes);
        prop_assert_eq!(read.digest(), charter.digest());
        prop_assert_eq!(&read, &charter);
        prop_assert_eq!(read.check(), Ok(()));
    }

    #[test]
    fn words_never_panic(list in vec(clause(), 0..5), bytes in any::<Vec<u8>>()) {
        let mut charter = charter_of(keyed(list));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        charter.calendar.zone.clone_from(&text);
        charter.calendar.days = bytes;
        charter.calendar.closed = vec![text];
        prop_assert!(charter.check().is_err());
        let letter = writ_charter::letter(&charter, &kit::names);
        prop_assert!(!letter.opening.is_empty());
        prop_assert!(!writ_charter::charter_text(&charter, &kit::names).is_empty());
        let said = charter.judge(&FREE, &Deed::new(vec!["mail.read"], kit::by_day()));
        prop_assert!(!said.words.is_empty());
    }
}
