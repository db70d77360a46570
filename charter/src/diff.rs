//! What changes between two charters, in words, and which way each change goes.
//!
//! The way is proven, not guessed: the old charter is turned into the new one change by change, and each change is
//! compared with what stands at that moment. Where it can go both ways, it says mixed. Never tighter where it may loosen.
//! Never here: a judgment of whether a change is good. To add a field: its comparison in `diff/parts.rs` or `frame.rs`.

use serde::{Deserialize, Serialize};

use writ_model::text::quote;

use crate::{
    Charter, Clause,
    words::{self},
};

mod frame;
mod parts;
mod reach;

use parts::Part;
use reach::Reach;

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Less is allowed, or more is asked; nothing more is allowed.
    Tighter,
    /// More is allowed, or less is asked; nothing more is refused.
    Looser,
    /// Nothing is decided otherwise.
    Same,
    /// Some may be tighter and some looser.
    Mixed,
}

impl Direction {
    /// Its word, as in the JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tighter => "tighter",
            Self::Looser => "looser",
            Self::Same => "same",
            Self::Mixed => "mixed",
        }
    }

    /// Of two changes together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Same, other) => other,
            (one, Self::Same) => one,
            (one, other) if one == other => one,
            _ => Self::Mixed,
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The clause, by key; empty for what frames the clauses.
    pub key: String,
    /// What changes, one sentence.
    pub words: String,
    /// Which way.
    pub direction: Direction,
}

/// Which way all changes go together.
pub fn overall(changes: &[Change]) -> Direction {
    changes.iter().fold(Direction::Same, |all, one| all.and(one.direction))
}

/// What changes from one charter to another; from none, every clause is new. Ids and version numbers of the charters
/// themselves are no change.
pub fn diff(old: Option<&Charter>, new: &Charter) -> Vec<Change> {
    let mut own: Vec<&str> = new.actions.iter().map(|one| one.class.as_str()).collect();
    own.extend(old.iter().flat_map(|old| &old.actions).map(|one| one.class.as_str()));
    let mut path = Path { now: Vec::new(), new, own, changes: Vec::new() };
    if let Some(old) = old {
        path.now.clone_from(&old.clauses);
        path.frame(old);
        path.removed(old);
        path.changed();
    }
    path.added();
    path.order();
    path.changes
}

/// The way from the old charter to the new one.
struct Path<'a> {
    /// The clauses as they stand at this moment.
    now: Vec<Clause>,
    new: &'a Charter,
    /// Classes known to one of them besides the catalogue's.
    own: Vec<&'a str>,
    changes: Vec<Change>,
}

impl Path<'_> {
    fn add(&mut self, key: &str, words: String, direction: Direction) {
        self.changes.push(Change { key: key.to_owned(), words, direction });
    }

    fn removed(&mut self, old: &Charter) {
        let gone = |clause: &&Clause| self.new.clause(&clause.key).is_none();
        for clause in old.clauses.iter().filter(gone).collect::<Vec<_>>() {
            self.now.retain(|one| one.key != clause.key);
            let direction = self.effect(clause, Reach::Narrower);
            let brief = words::brief(clause, old);
            let words = format!("{} is left out. It said: {brief}.", quote(&clause.title));
            self.add(&clause.key, words, direction);
        }
    }

    fn added(&mut self) {
        for clause in &self.new.clauses {
            if self.now.iter().all(|one| one.key != clause.key) {
                let direction = self.effect(clause, Reach::Wider);
                let brief = words::brief(clause, self.new);
                let words = format!("{} is new. It says: {brief}.", quote(&clause.title));
                self.add(&clause.key, words, direction);
                self.now.push(clause.clone());
            }
        }
    }

    fn changed(&mut self) {
        for clause in &self.new.clauses {
            let Some(at) = self.now.iter().position(|one| one.key == clause.key) else { continue };
            let old = self.now.remove(at);
            for (words, part) in parts::parts(&old, clause) {
                // The limits change last, so the old ones still stand.
                let limits = old.limits.clone();
                let direction = match part {
                    Part::Goes(direction) => direction,
                    Part::Reaches(reach) => {
                        self.effect(&Clause { limits, ..clause.clone() }, reach)
                    }
                    Part::Actions(reach, actions) => {
                        self.effect(&Clause { actions, limits, ..clause.clone() }, reach)
                    }
                };
                self.add(&clause.key, format!("{}: {words}.", quote(&clause.title)), direction);
            }
            self.now.insert(at, clause.clone());
        }
    }

    fn order(&mut self) {
        let keys = |list: &[Clause]| list.iter().map(|one| one.key.clone()).collect::<Vec<_>>();
        if keys(&self.now) != keys(&self.new.clauses) && self.changes.is_empty() {
            self.add("", "Only the order of the clauses changes.".to_owned(), Direction::Same);
        }
    }
}
