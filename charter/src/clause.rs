//! A clause: which decisions, where, how (its mode), under which conditions, within which limits, until when.
//! Never here: what matches (`judge.rs`), what is well formed (`check/`), the words (`words.rs`).
//! To add a condition: a field here, its check, its part in `judge/fits.rs`, its words, its line in `diff.rs`.

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, GroupId, Role, Side, Span, Timestamp};

use crate::{Hours, Money, Reversibility, UNTRUSTED};

/// How bad it is, as what asks for the decision says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Hardly.
    Low,
    /// It matters.
    Medium,
    /// It hurts.
    High,
    /// It threatens the business.
    Critical,
}

impl Severity {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A fixed period, aligned to the epoch in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Sixty minutes.
    Hour,
    /// Twenty-four hours.
    Day,
}

impl Per {
    /// Its length.
    pub const fn span(self) -> Span {
        match self {
            Self::Hour => Span::hours(1),
            Self::Day => Span::days(1),
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// So many people of one party in one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Which party.
    pub party: Side,
    /// Which role.
    pub role: Role,
    /// How many different people.
    pub n: u8,
}

/// How what a clause covers is decided, mildest last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Never, by nobody.
    Refuse,
    /// Not by an agent: it is proposed, and a person does it.
    Propose,
    /// Once these people said yes, all of them different.
    Approve {
        /// Every seat must be filled.
        quorum: Vec<Seat>,
    },
    /// At once, and people are told.
    NotifyAndAct,
    /// At once.
    Act,
}

impl Mode {
    /// Its word, as people see it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Propose => "propose",
            Self::Approve { .. } => "approve",
            Self::NotifyAndAct => "notify-and-act",
            Self::Act => "act",
        }
    }

    /// How strict: 4 refuse, 3 propose, 2 approve, 1 notify-and-act, 0 act.
    pub const fn strictness(&self) -> u8 {
        match self {
            Self::Refuse => 4,
            Self::Propose => 3,
            Self::Approve { .. } => 2,
            Self::NotifyAndAct => 1,
            Self::Act => 0,
        }
    }

    /// Approval by one seat.
    pub fn approve(party: Side, role: Role, n: u8) -> Self {
        Self::Approve { quorum: vec![Seat { party, role, n }] }
    }

    /// The seats that must be filled; none unless it asks for approval.
    pub fn quorum(&self) -> &[Seat] {
        match self {
            Self::Approve { quorum } => quorum,
            Self::Refuse | Self::Propose | Self::NotifyAndAct | Self::Act => &[],
        }
    }

    /// Whether it asks for at least as much as another: a stricter mode, or the same one with every seat of the other.
    pub fn at_least(&self, other: &Self) -> bool {
        self.strictness() > other.strictness()
            || (self.strictness() == other.strictness()
                && other.quorum().iter().all(|seat| {
                    let same = |mine: &&Seat| mine.party == seat.party && mine.role == seat.role;
                    self.quorum().iter().filter(same).any(|mine| mine.n >= seat.n)
                }))
    }
}

/// Where a clause applies. An empty list is everything; lists are joined by AND, their entries by OR.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Agents of these groups.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub groups: Vec<GroupId>,
    /// These agents.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub agents: Vec<AgentId>,
    /// On these servers, by the name in the operator's file.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub servers: Vec<String>,
    /// On things with one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<String>,
    /// On data of one of these classes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub data: Vec<String>,
}

impl Scope {
    /// Whether it is everything.
    pub fn is_any(&self) -> bool {
        self.groups.is_empty()
            && self.agents.is_empty()
            && self.servers.is_empty()
            && self.tags.is_empty()
            && self.data.is_empty()
    }
}

/// Under which conditions a clause applies; all that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The severity is at least this.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub severity: Option<Severity>,
    /// Inside or outside the charter's calendar.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hours: Option<Hours>,
    /// The action is one of these kinds; empty is any.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reversibility: Vec<Reversibility>,
    /// The confidence is at least this many percent, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confidence: Option<u8>,
    /// The amount is more than this; an amount in another currency is not known to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount_over: Option<Money>,
}

impl When {
    /// Whether it is always.
    pub fn is_always(&self) -> bool {
        self.severity.is_none()
            && self.hours.is_none()
            && self.reversibility.is_empty()
            && self.confidence.is_none()
            && self.amount_over.is_none()
    }
}

/// An exception: the clause does not apply where all of this holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unless {
    /// Where.
    #[serde(skip_serializing_if = "Scope::is_any", default)]
    pub scope: Scope,
    /// Under which conditions.
    #[serde(skip_serializing_if = "When::is_always", default)]
    pub when: When,
}

/// At most so much of what the clause lets through; of several limits all hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// At most so many times in each period.
    Count {
        /// At most.
        most: u64,
        /// In each.
        per: Per,
    },
    /// At most so much money in each period; what is in another currency does not pass.
    Money {
        /// At most.
        most: Money,
        /// In each.
        per: Per,
    },
    /// At most so many at the same time.
    Concurrent {
        /// At most.
        most: u32,
    },
}

/// How long a question waits for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waits {
    /// Minutes until it lapses and nothing happens, 1 to 1440.
    pub expires_minutes: u32,
    /// Minutes until the owners of a party may answer for any seat of theirs; before it lapses.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub escalate_minutes: Option<u32>,
}

impl Waits {
    /// Whether it is what a clause has if it says nothing: an hour, no escalation.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Until it lapses.
    pub fn expires(&self) -> Span {
        Span::minutes(i64::from(self.expires_minutes))
    }

    /// Until owners may answer, if ever.
    pub fn escalates(&self) -> Option<Span> {
        self.escalate_minutes.map(|minutes| Span::minutes(i64::from(minutes)))
    }
}

impl Default for Waits {
    fn default() -> Self {
        Self { expires_minutes: 60, escalate_minutes: None }
    }
}

/// One sentence of the agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its name over all versions: 2 to 40 of `a-z`, `0-9` and `-`.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// The action classes it covers: names, families (`mail.*`), or `*`.
    pub actions: Vec<String>,
    /// Where.
    #[serde(skip_serializing_if = "Scope::is_any", default)]
    pub scope: Scope,
    /// How.
    pub mode: Mode,
    /// Under which conditions.
    #[serde(skip_serializing_if = "When::is_always", default)]
    pub when: When,
    /// Exceptions: it does not apply where one of them holds.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unless: Vec<Unless>,
    /// Within which limits.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub limits: Vec<Limit>,
    /// Not before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Timestamp>,
    /// Not from then on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
    /// When people look at it again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub review_by: Option<Timestamp>,
    /// What the provider answers for at most, if harm is done under it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub liability_cap: Option<Money>,
    /// Where the paper contract says the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contract_ref: Option<String>,
    /// The key of the clause of an earlier version whose place it takes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub supersedes: Option<String>,
    /// How long a question waits.
    #[serde(skip_serializing_if = "Waits::is_default", default)]
    pub waits: Waits,
    /// The enforcement points that stand on it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub enforced_by: Vec<String>,
}

impl Clause {
    /// A clause for these actions in this mode: everywhere, always, without limits.
    pub fn new(key: &str, title: &str, actions: &[&str], mode: Mode) -> Self {
        Self {
            key: key.to_owned(),
            title: title.to_owned(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            scope: Scope::default(),
            mode,
            when: When::default(),
            unless: Vec::new(),
            limits: Vec::new(),
            from: None,
            until: None,
            review_by: None,
            liability_cap: None,
            contract_ref: None,
            supersedes: None,
            waits: Waits::default(),
            enforced_by: Vec::new(),
        }
    }

    /// Whether one of its patterns names a class.
    pub fn names(&self, class: &str) -> bool {
        self.actions.iter().any(|pattern| crate::family(pattern, class))
    }

    /// Whether it speaks by name of where values came from: a pattern for everything does not.
    pub fn traces(&self) -> bool {
        self.speaks(UNTRUSTED)
    }

    /// Whether it names a class or its family: a pattern for everything does not.
    pub fn speaks(&self, class: &str) -> bool {
        self.actions.iter().any(|pattern| pattern != "*" && crate::family(pattern, class))
    }

    /// Whether it is valid at an instant; outside it, it says nothing at all.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    /// Whether it covers all that its actions name, everywhere and always.
    pub fn is_unconditional(&self) -> bool {
        self.scope.is_any()
            && self.when.is_always()
            && self.unless.is_empty()
            && self.from.is_none()
            && self.until.is_none()
    }
}
