//! What a decision reads besides the state: how often grants and clauses were used. What cannot be read is nothing, and
//! nothing refuses.
//! Never here: the counting itself (the meter), or a default that would let an unread counter pass.

use serde::{Deserialize, Serialize};
use writ_charter::{Limit, Per};
use writ_model::{GrantId, Timestamp};

use crate::grant::Period;

/// Reads how often something was used around an instant; nothing means unreachable, which refuses.
pub trait Counters: std::fmt::Debug {
    /// Calls permitted under a grant so far in that period.
    fn used(&self, grant: GrantId, per: Period, at: Timestamp) -> Option<u64>;
    /// What a clause's limit counts, so far: calls in the running period, money in ten-thousandths of the limit's own
    /// currency in the running period, or calls that run now.
    fn clause_used(&self, clause: &str, limit: &Limit, at: Timestamp) -> Option<u64>;
}

/// One counter of a grant as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterRead {
    /// Of which grant.
    pub grant: GrantId,
    /// In which period.
    pub per: Period,
    /// How often.
    pub used: u64,
}

/// One counter of a clause as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseRead {
    /// Of which clause, by its key.
    pub clause: String,
    /// What is counted.
    pub counted: Counted,
    /// What it stood at: calls, or ten-thousandths of the currency.
    pub used: u64,
}

/// What a clause's limit counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Calls in a period.
    Calls(Per),
    /// Money of one currency in a period.
    Money(Per, String),
    /// Calls running now.
    Running,
}

impl Counted {
    /// What a limit counts.
    pub fn by(limit: &Limit) -> Self {
        match limit {
            Limit::Count { per, .. } => Self::Calls(*per),
            Limit::Money { most, per } => Self::Money(*per, most.currency.clone()),
            Limit::Concurrent { .. } => Self::Running,
        }
    }
}

/// Counters as a record kept them: what was read then is read again.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// Of grants.
    pub grants: Vec<CounterRead>,
    /// Of clauses.
    pub clauses: Vec<ClauseRead>,
}

impl Counters for Recorded {
    fn used(&self, grant: GrantId, per: Period, _: Timestamp) -> Option<u64> {
        self.grants.iter().find(|read| read.grant == grant && read.per == per).map(|read| read.used)
    }

    fn clause_used(&self, clause: &str, limit: &Limit, _: Timestamp) -> Option<u64> {
        let counted = Counted::by(limit);
        let same = |read: &&ClauseRead| read.clause == clause && read.counted == counted;
        self.clauses.iter().find(same).map(|read| read.used)
    }
}

/// Counters that stand at zero: for asking whether a call would be permitted at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unused;

impl Counters for Unused {
    fn used(&self, _: GrantId, _: Period, _: Timestamp) -> Option<u64> {
        Some(0)
    }

    fn clause_used(&self, _: &str, _: &Limit, _: Timestamp) -> Option<u64> {
        Some(0)
    }
}

/// Counters that read nothing: whatever is limited is refused.
#[derive(Debug, Clone, Copy)]
pub struct Blind;

impl Counters for Blind {
    fn used(&self, _: GrantId, _: Period, _: Timestamp) -> Option<u64> {
        None
    }

    fn clause_used(&self, _: &str, _: &Limit, _: Timestamp) -> Option<u64> {
        None
    }
}
