//! The judgment: which clauses apply to a deed, and what they say together. The strictest wins; what no clause covers is
//! refused; no administrator stands above it.
//!
//! Matching has three answers: yes, no, and unknown where a condition is about something that is not known of the deed.
//! SECURITY: an unknown match never gives permission, but its mode, its limits and its suspension count.
//! This is on the road of every call: a clause of other actions costs one comparison, nothing is copied but the answer.
//! Never here: who is asked and how (`authority`), counters, a clock.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, GroupId, Timestamp};

use crate::{Amount, Charter, Clause, Limit, Mode, Seat, Severity, Waits};

mod fits;
mod say;

use fits::{Fits, View};

/// What the parties have taken back for now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    /// Everything.
    pub all: bool,
    /// These clauses, by key: what they cover is refused. A key that no clause has suspends nothing.
    pub clauses: BTreeSet<String>,
}

/// What is about to be done, as far as it is known.
#[derive(Debug, Clone)]
pub struct Deed<'a> {
    /// Every action class it counts as; without one it is refused.
    pub actions: Vec<&'a str>,
    /// The agent concerned; nothing if none is.
    pub agent: Option<AgentId>,
    /// The groups of that agent.
    pub groups: &'a [GroupId],
    /// The server; nothing if it happens on none.
    pub server: Option<&'a str>,
    /// The tags of what it acts on; nothing if unknown.
    pub tags: Option<&'a [String]>,
    /// The classes of the data it touches; nothing if unknown.
    pub data: Option<&'a [String]>,
    /// How bad what it answers is; nothing if unknown.
    pub severity: Option<Severity>,
    /// How sure, in percent; nothing if unknown.
    pub confidence: Option<u8>,
    /// How much money; nothing if unknown.
    pub amount: Option<Amount>,
    /// When.
    pub at: Timestamp,
}

impl<'a> Deed<'a> {
    /// LIMIT: most classes of one deed; more than the catalogue and a charter's own together.
    pub const MOST_CLASSES: usize = 128;

    /// A deed of these classes of which nothing else is known: no agent, no server.
    pub fn new(actions: Vec<&'a str>, at: Timestamp) -> Self {
        Self {
            actions,
            agent: None,
            groups: &[],
            server: None,
            tags: None,
            data: None,
            severity: None,
            confidence: None,
            amount: None,
            at,
        }
    }
}

/// A limit that holds for a deed, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The clause, by key.
    pub clause: String,
    /// Its limit.
    pub limit: Limit,
}

/// What a judgment stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The strictest clause that applies, by key.
    Clause(String),
    /// No clause covers this class, so it is refused.
    Uncovered {
        /// The class; empty if the deed has none.
        action: String,
    },
    /// A delegation is suspended, so what it covers is refused.
    Suspended {
        /// Which clause, by key; all if none is named.
        clause: Option<String>,
    },
    /// The charter is not valid yet.
    NotYet,
    /// The charter is no longer valid.
    Over,
}

/// What the charter says about a deed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgment {
    /// The strictest mode; quorums are merged: per party and role the larger number.
    pub mode: Mode,
    /// Every clause that had a say, by key: strictest first, then in the charter's order.
    pub clauses: Vec<String>,
    /// Every limit of theirs; all hold.
    pub bounds: Vec<Bound>,
    /// The shortest waiting of the clauses that ask people.
    pub waits: Waits,
    /// What it stands on.
    pub why: Why,
    /// The same in one sentence.
    pub words: String,
}

/// A clause that has a say.
struct Said<'a> {
    clause: &'a Clause,
    sure: bool,
    suspended: bool,
}

impl Said<'_> {
    fn strictness(&self) -> u8 {
        if self.suspended { Mode::Refuse.strictness() } else { self.clause.mode.strictness() }
    }

    /// Strictest first; among these the ones that refuse by themselves, then the sure ones.
    fn rank(&self) -> (u8, bool, bool) {
        (u8::MAX - self.strictness(), self.suspended, !self.sure)
    }
}

impl Charter {
    /// Judges a deed.
    pub fn judge(&self, suspended: &Suspended, deed: &Deed<'_>) -> Judgment {
        if self.from.is_some_and(|from| deed.at < from) {
            return self.refusal(Why::NotYet);
        }
        if self.until.is_some_and(|until| until <= deed.at) {
            return self.refusal(Why::Over);
        }
        let (mut said, uncovered) = self.said(suspended, deed);
        said.sort_by_key(Said::rank);
        let refuses = said.first().filter(|one| one.strictness() == Mode::Refuse.strictness());
        let why = match refuses {
            Some(one) if !one.suspended => Why::Clause(one.clause.key.clone()),
            _ if suspended.all => Why::Suspended { clause: None },
            Some(one) => Why::Suspended { clause: Some(one.clause.key.clone()) },
            None => match (uncovered, said.first()) {
                (None, Some(first)) => Why::Clause(first.clause.key.clone()),
                (class, _) => Why::Uncovered { action: class.unwrap_or_default().to_owned() },
            },
        };
        let mode = match &why {
            Why::Clause(_) => strictest(&said),
            Why::Uncovered { .. } | Why::Suspended { .. } | Why::NotYet | Why::Over => Mode::Refuse,
        };
        let least = mode.strictness();
        said.retain(|one| one.sure || one.matters(least));
        let bounds = if mode == Mode::Refuse { Vec::new() } else { bounds(&said) };
        let words = self.say(&why, &mode, said.first());
        let waits = waits(&said);
        let clauses = said.iter().map(|one| one.clause.key.clone()).collect();
        Judgment { mode, clauses, bounds, waits, why, words }
    }

    /// Whether a clause refuses a deed whatever is unknown of it: for lists, which leave out what can never be.
    pub fn refuses_for_sure(&self, deed: &Deed<'_>) -> bool {
        let view = View::new(self, deed);
        self.clauses
            .iter()
            .filter(|clause| clause.mode == Mode::Refuse)
            .any(|clause| deed.actions.iter().any(|class| view.fits(clause, class) == Fits::Yes))
    }

    /// The strictest mode of the clauses that speak by name of where values came from ([`UNTRUSTED`](crate::UNTRUSTED) or its
    /// family) and are about this agent and server; nothing where none does: then origins are not followed. A clause for everything does
    /// not switch them on. Without a server, any will do. Conditions are not looked at: outside them, the class is judged
    /// like every other that no clause covers.
    pub fn traces(&self, deed: &Deed<'_>) -> Option<&Mode> {
        self.speaks(crate::UNTRUSTED, deed)
    }

    /// The same for any class that only counts where a clause names it.
    pub fn speaks(&self, class: &str, deed: &Deed<'_>) -> Option<&Mode> {
        let about = |clause: &&Clause| {
            let scope = &clause.scope;
            let server = |name: &str| scope.servers.iter().any(|one| one == name);
            clause.speaks(class)
                && clause.holds_at(deed.at)
                && (scope.agents.is_empty()
                    || deed.agent.is_some_and(|id| scope.agents.contains(&id)))
                && (scope.groups.is_empty()
                    || scope.groups.iter().any(|id| deed.groups.contains(id)))
                && (scope.servers.is_empty() || deed.server.is_none_or(server))
        };
        let speaks = self.clauses.iter().filter(about);
        speaks.map(|clause| &clause.mode).max_by_key(|mode| mode.strictness())
    }

    /// The clauses that have a say, in the charter's order, and the first class that none surely covers.
    fn said<'a>(
        &'a self,
        suspended: &Suspended,
        deed: &Deed<'a>,
    ) -> (Vec<Said<'a>>, Option<&'a str>) {
        let view = View::new(self, deed);
        let mut covered: u128 = 0;
        let mut said = Vec::new();
        for clause in &self.clauses {
            let mut best = Fits::No;
            for (bit, class) in deed.actions.iter().take(Deed::MOST_CLASSES).enumerate() {
                let fits = view.fits(clause, class);
                if fits == Fits::Yes {
                    covered |= 1 << bit;
                }
                best = best.max(fits);
            }
            if best != Fits::No {
                let suspended = suspended.clauses.contains(&clause.key);
                said.push(Said { clause, sure: best == Fits::Yes, suspended });
            }
        }
        let bare =
            |(bit, _): &(usize, &&str)| *bit >= Deed::MOST_CLASSES || covered & (1 << bit) == 0;
        let uncovered = deed.actions.iter().enumerate().find(bare).map(|(_, class)| *class);
        (said, uncovered)
    }

    fn refusal(&self, why: Why) -> Judgment {
        let words = self.say(&why, &Mode::Refuse, None);
        let (clauses, bounds) = (Vec::new(), Vec::new());
        Judgment { mode: Mode::Refuse, clauses, bounds, waits: Waits::default(), why, words }
    }
}

impl Said<'_> {
    /// Whether it made a difference though it is not sure to apply.
    fn matters(&self, least: u8) -> bool {
        let strictness = self.strictness();
        (strictness > 0 && strictness >= least) || !self.clause.limits.is_empty()
    }
}

/// The strictest mode of clauses in order of rank, quorums merged.
fn strictest(said: &[Said<'_>]) -> Mode {
    match said.first().map(|one| &one.clause.mode) {
        Some(Mode::Approve { .. }) => Mode::Approve { quorum: merged(said) },
        Some(mode) => mode.clone(),
        None => Mode::Refuse,
    }
}

/// Every seat of every clause that asks for approval; per party and role the larger number.
fn merged(said: &[Said<'_>]) -> Vec<Seat> {
    let mut quorum: Vec<Seat> = Vec::new();
    for seat in said.iter().flat_map(|one| one.clause.mode.quorum()) {
        match quorum.iter_mut().find(|known| (known.party, known.role) == (seat.party, seat.role)) {
            Some(known) => known.n = known.n.max(seat.n),
            None => quorum.push(*seat),
        }
    }
    quorum.sort_unstable();
    quorum
}

fn bounds(said: &[Said<'_>]) -> Vec<Bound> {
    said.iter()
        .flat_map(|one| {
            let bound =
                |limit: &Limit| Bound { clause: one.clause.key.clone(), limit: limit.clone() };
            one.clause.limits.iter().map(bound)
        })
        .collect()
}

/// The shortest of the clauses that ask people; what would escalate after it lapses does not.
fn waits(said: &[Said<'_>]) -> Waits {
    let asks = said.iter().map(|one| one.clause);
    let asks =
        || asks.clone().filter(|one| matches!(one.mode, Mode::Approve { .. } | Mode::Propose));
    let Some(expires_minutes) = asks().map(|clause| clause.waits.expires_minutes).min() else {
        return Waits::default();
    };
    let escalates = asks().filter_map(|clause| clause.waits.escalate_minutes).min();
    Waits { expires_minutes, escalate_minutes: escalates.filter(|at| *at < expires_minutes) }
}
