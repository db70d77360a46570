//! Differences: their words, and the proof that a direction never lies.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};
use writ_charter::{
    Charter, Clause, Direction, Limit, Mode, Per, Role, Side, Suspended, Waits, diff, diff::overall,
};

use crate::{
    kit,
    random::{self, charter_of, clauses, done, mode, scope, unless, when},
};

#[derive(Debug, Clone)]
enum Edit {
    Remove(usize),
    Add(Clause),
    Replace(usize, Clause),
    Mode(usize, Mode),
    Actions(usize, Vec<String>),
    Scope(usize, writ_charter::Scope),
    When(usize, writ_charter::When),
    Unless(usize, Vec<writ_charter::Unless>),
    Limits(usize, Clause),
    Dates(usize, Clause),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = || 0..4_usize;
    prop_oneof![
        at().prop_map(Edit::Remove),
        random::clause().prop_map(Edit::Add),
        (at(), random::clause()).prop_map(|(at, clause)| Edit::Replace(at, clause)),
        (at(), mode()).prop_map(|(at, mode)| Edit::Mode(at, mode)),
        (at(), random::clause()).prop_map(|(at, clause)| Edit::Actions(at, clause.actions)),
        (at(), scope()).prop_map(|(at, scope)| Edit::Scope(at, scope)),
        (at(), when()).prop_map(|(at, when)| Edit::When(at, when)),
        (at(), vec(unless(), 0..2)).prop_map(|(at, unless)| Edit::Unless(at, unless)),
        (at(), random::clause()).prop_map(|(at, clause)| Edit::Limits(at, clause)),
        (at(), random::clause()).prop_map(|(at, clause)| Edit::Dates(at, clause)),
    ]
}

fn set(list: &mut [Clause], at: usize, change: &dyn Fn(&mut Clause)) {
    if let Some(clause) = list.get_mut(at) {
        change(clause);
    }
}

fn edited(mut list: Vec<Clause>, edits: Vec<Edit>) -> Vec<Clause> {
    for (n, edit) in edits.into_iter().enumerate() {
        match edit {
            Edit::Remove(at) => drop((at < list.len()).then(|| list.remove(at))),
            Edit::Add(clause) => list.push(Clause { key: format!("new-{n}"), ..clause }),
            Edit::Replace(at, new) => {
                set(&mut list, at, &|old| *old = Clause { key: old.key.clone(), ..new.clone() });
            }
            Edit::Mode(at, mode) => set(&mut list, at, &|old| old.mode = mode.clone()),
            Edit::Actions(at, actions) => {
                set(&mut list, at, &|old| old.actions.clone_from(&actions));
            }
            Edit::Scope(at, scope) => set(&mut list, at, &|old| old.scope = scope.clone()),
            Edit::When(at, when) => set(&mut list, at, &|old| old.when = when.clone()),
            Edit::Unless(at, unless) => set(&mut list, at, &|old| old.unless.clone_from(&unless)),
            Edit::Limits(at, new) => set(&mut list, at, &|old| old.limits.clone_from(&new.limits)),
            Edit::Dates(at, new) => {
                set(&mut list, at, &|old| (old.from, old.until) = (new.from, new.until));
            }
        }
    }
    list
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// SECURITY: a signer who reads "tighter" must not have loosened anything.
    #[test]
    fn a_direction_never_lies(
        before in clauses(4), edits in vec(edit(), 0..4), done in vec(done(), 24),
    ) {
        let (old, new) = (charter_of(before.clone()), charter_of(edited(before, edits)));
        let changes = diff(Some(&old), &new);
        prop_assert_eq!(changes.is_empty(), old.clauses == new.clauses);
        let free = Suspended { all: false, clauses: BTreeSet::new() };
        for done in done {
            let (was, is) = (old.judge(&free, &done.deed()), new.judge(&free, &done.deed()));
            let (tighter, looser) = (is.mode.at_least(&was.mode), was.mode.at_least(&is.mode));
            let holds = match overall(&changes) {
                Direction::Tighter => tighter,
                Direction::Looser => looser,
                Direction::Same => tighter && looser,
                Direction::Mixed => true,
            };
            prop_assert!(holds, "{changes:#?}\n{done:?}\n{was:?}\n{is:?}");
        }
    }
}

fn ask() -> Mode {
    Mode::approve(Side::Client, Role::Approver, 1)
}

fn base() -> Charter {
    kit::charter(vec![
        Clause::new("reading", "Reading", &["mail.read"], Mode::Act),
        Clause::new("mail-out", "Mail to others", &["mail.send"], ask()),
        Clause::new("never", "Never", &["payment.release"], Mode::Refuse),
    ])
}

fn one(change: impl FnOnce(&mut Charter)) -> (String, Direction) {
    let (old, mut new) = (base(), base());
    change(&mut new);
    let changes = diff(Some(&old), &new);
    assert_eq!(changes.len(), 1, "{changes:#?}");
    (changes[0].words.clone(), changes[0].direction)
}

type Turn = fn(&mut Charter);

fn clause(key: &str, actions: &[&str], mode: Mode) -> Clause {
    Clause::new(key, "A title", actions, mode)
}

/// A change, the way it goes, and what its words contain.
const ROWS: &[(Turn, Direction, &str)] = &[
    (
        |c| c.clauses[1].mode = Mode::Act,
        Direction::Looser,
        "“Mail to others”: what it covers was done once one approver of the client said yes; now it is done at once.",
    ),
    (|c| c.clauses[1].mode = Mode::Refuse, Direction::Tighter, "now it is refused"),
    (
        |c| c.clauses[1].mode = Mode::approve(Side::Provider, Role::Approver, 1),
        Direction::Mixed,
        "one approver of the provider",
    ),
    (
        |c| c.clauses[1].mode = Mode::approve(Side::Client, Role::Approver, 2),
        Direction::Tighter,
        "two approvers of the client",
    ),
    (
        |c| drop(c.clauses.remove(2)),
        Direction::Looser,
        "“Never” is left out. It said: release a payment: refused.",
    ),
    (|c| drop(c.clauses.remove(0)), Direction::Tighter, "“Reading” is left out"),
    (
        |c| c.clauses.push(clause("more", &["ticket.write"], Mode::Act)),
        Direction::Looser,
        "“A title” is new. It says: write in a ticket: done at once.",
    ),
    (|c| c.clauses.push(clause("more", &["mail.send"], ask())), Direction::Tighter, "is new"),
    (|c| c.clauses.push(clause("more", &["mail.send"], Mode::Act)), Direction::Same, "is new"),
    (
        |c| c.clauses.push(clause("more", &["mail.*"], ask())),
        Direction::Mixed,
        "do anything with mail",
    ),
    (
        |c| c.clauses[0].limits.push(Limit::Count { most: 5, per: Per::Hour }),
        Direction::Tighter,
        "new limit: at most five times an hour",
    ),
    (
        |c| c.clauses[1].waits = Waits { expires_minutes: 60, escalate_minutes: Some(20) },
        Direction::Looser,
        "after 20 minutes any owner of a party may answer for it",
    ),
    (
        |c| c.clauses[0].scope.servers = vec!["office".into()],
        Direction::Tighter,
        "the servers: it held for any; now for “office”",
    ),
    (|c| c.clauses[2].scope.servers = vec!["bank".into()], Direction::Looser, "now for “bank”"),
    (
        |c| c.clauses[0].actions.push("mail.delete".into()),
        Direction::Looser,
        "now also covers mail.delete",
    ),
    (
        |c| c.clauses[0].title = "To read".into(),
        Direction::Same,
        "its title: was “Reading”; now “To read”",
    ),
    (|c| c.clauses.reverse(), Direction::Same, "Only the order of the clauses changes."),
    (
        |c| c.until = Some(kit::by_night()),
        Direction::Tighter,
        "It ended: not said; now 2026-11-02T21:00:00Z.",
    ),
    (
        |c| c.calendar.to_minute = 1_200,
        Direction::Same,
        "now Monday to Friday, 08:00 to 20:00 (Europe/Berlin)",
    ),
    (
        |c| c.counts_as = kit::full().counts_as.split_off(1),
        Direction::Mixed,
        "the tool “reprice” on any server counts as x.shop.reprice",
    ),
];

#[test]
fn changes_are_told_in_words_with_their_direction() {
    for (change, direction, words) in ROWS {
        let (said, goes) = one(change);
        assert!(said.contains(words), "{said}");
        assert_eq!(goes, *direction, "{said}");
    }
}

#[test]
fn from_nothing_every_clause_is_new() {
    let changes = diff(None, &base());
    assert_eq!(changes.len(), 3);
    assert!(changes.iter().all(|one| one.words.contains(" is new. ")));
    assert_eq!(diff(Some(&base()), &base()), Vec::new());
}

/// What is loosened in one place is not hidden by what is added in another.
#[test]
fn an_act_that_takes_the_place_of_an_approval_is_not_called_the_same() {
    let mut new = base();
    new.clauses[1] = Clause::new("mail-free", "Mail", &["mail.send"], Mode::Act);
    let changes = diff(Some(&base()), &new);
    assert_eq!(overall(&changes), Direction::Mixed, "{changes:#?}");
}
