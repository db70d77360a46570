//! What it does to decisions when a clause comes to cover more or less, given the other clauses.

use super::{Direction, Path};
use crate::{Clause, Mode, catalog, family};

/// How what a clause covers changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It covers more.
    Wider,
    /// It covers less.
    Narrower,
    /// It covers other things.
    Moved,
}

impl Reach {
    /// Of a list in which none is any.
    pub(super) fn of_list<T: PartialEq>(old: &[T], new: &[T]) -> Self {
        let within = |inner: &[T], outer: &[T]| {
            outer.is_empty() || (!inner.is_empty() && inner.iter().all(|one| outer.contains(one)))
        };
        match (within(old, new), within(new, old)) {
            (true, _) => Self::Wider,
            (false, true) => Self::Narrower,
            (false, false) => Self::Moved,
        }
    }

    /// Of a threshold: at least so much, or any.
    pub(super) fn of_least<T: PartialOrd>(old: Option<&T>, new: Option<&T>) -> Self {
        match (old, new) {
            (_, None) => Self::Wider,
            (Some(old), Some(new)) if new < old => Self::Wider,
            (_, Some(_)) => Self::Narrower,
        }
    }

    /// The other way round.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Wider => Self::Narrower,
            Self::Narrower => Self::Wider,
            Self::Moved => Self::Moved,
        }
    }
}

/// How much of a clause's classes the other clauses cover.
#[derive(Debug, PartialEq, Eq)]
enum Others {
    /// None of them, under any condition.
    Nothing,
    /// All of them, unconditionally.
    All,
    /// Anything between.
    Some,
}

impl Path<'_> {
    /// What a change of reach does to decisions, beside the clauses that stand now (the clause itself not among them).
    pub(super) fn effect(&self, clause: &Clause, reach: Reach) -> Direction {
        let (up, down) = match clause.mode {
            // It can only take away.
            Mode::Refuse => (Direction::Tighter, Direction::Looser),
            // It can only give, and where all is covered it gives nothing.
            Mode::Act if clause.limits.is_empty() => match self.others(clause) {
                Others::All => (Direction::Same, Direction::Same),
                Others::Nothing | Others::Some => (Direction::Looser, Direction::Tighter),
            },
            // It gives where nothing was covered, and takes away where something was.
            Mode::Act | Mode::NotifyAndAct | Mode::Approve { .. } | Mode::Propose => {
                match self.others(clause) {
                    Others::Nothing => (Direction::Looser, Direction::Tighter),
                    Others::All => (Direction::Tighter, Direction::Looser),
                    Others::Some => (Direction::Mixed, Direction::Mixed),
                }
            }
        };
        match reach {
            Reach::Wider => up,
            Reach::Narrower => down,
            Reach::Moved => up.and(down),
        }
    }

    fn others(&self, clause: &Clause) -> Others {
        let known = catalog().iter().map(|one| one.class.as_str());
        let all: Vec<&str> =
            known.chain(self.own.iter().copied()).filter(|class| clause.names(class)).collect();
        let covers = |class: &str, sure: bool| {
            self.now.iter().any(|one| one.names(class) && (!sure || one.is_unconditional()))
        };
        let overlaps = |pattern: &String| {
            self.now
                .iter()
                .flat_map(|one| &one.actions)
                .any(|other| family(pattern, other) || family(other, pattern) || pattern == other)
        };
        if all.is_empty() || clause.actions.iter().any(|one| one == "*") {
            // Classes that are not known here may be meant too.
            let all = self
                .now
                .iter()
                .any(|one| one.is_unconditional() && one.actions.iter().any(|p| p == "*"));
            return match (all, self.now.is_empty()) {
                (true, _) => Others::All,
                (false, true) => Others::Nothing,
                (false, false) => Others::Some,
            };
        }
        if all.iter().all(|class| covers(class, true)) {
            Others::All
        } else if all.iter().any(|class| covers(class, false))
            || clause.actions.iter().any(overlaps)
        {
            Others::Some
        } else {
            Others::Nothing
        }
    }
}
