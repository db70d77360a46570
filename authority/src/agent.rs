//! Agents and their life: observed → proposed → chartered → active → held / quarantined → terminated.
//! Never here: who answers for them (`accountability.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, GroupId, PersonId, Timestamp};

use crate::{accountability::Accountability, fact::AgentDescribed};

/// What kind of non-human identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// Acts by a language model.
    AiAgent,
    /// A service account.
    ServiceAccount,
    /// A program with an API key.
    ApiClient,
    /// A workload.
    Workload,
    /// A script or bot without a model.
    Bot,
}

/// How far it acts without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Autonomy {
    /// Suggests; a person acts.
    Suggests,
    /// Acts, a person watches.
    #[default]
    Supervised,
    /// Acts alone.
    Autonomous,
}

/// Where an agent is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Runs, ungoverned; nothing through Writ until proposed and activated.
    Observed,
    /// In the register, not yet answered for.
    Proposed,
    /// Answered for, not yet switched on.
    Chartered,
    /// May act inside its grants.
    Active,
    /// Waits: an answer is missing or a person said so.
    Held {
        /// Why.
        reason: String,
    },
    /// Stopped on suspicion.
    Quarantined {
        /// Why.
        reason: String,
    },
    /// Ended for good.
    Terminated {
        /// Why.
        reason: String,
    },
}

impl Life {
    /// One word, as it is written in lists and addresses.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Proposed => "proposed",
            Self::Chartered => "chartered",
            Self::Active => "active",
            Self::Held { .. } => "held",
            Self::Quarantined { .. } => "quarantined",
            Self::Terminated { .. } => "terminated",
        }
    }
}

/// An agent as its ledger says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// What was said of it last.
    pub described: AgentDescribed,
    /// Where it is in its life.
    pub life: Life,
    /// Since when.
    pub life_since: Timestamp,
    /// Who answers for it, as set on the agent itself.
    pub accountability: Accountability,
    /// Raised whenever tokens given before must die (quarantine, termination); a token carries it.
    pub epoch: u64,
    /// Ledger line that last touched this agent, its grants or its instances.
    pub touched: u64,
    /// Ledger line that brought it here.
    pub first_line: u64,
    /// Ledger line since which it is its owner's; none if it has been from its first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner_line: Option<u64>,
    /// Whose shadow it is, made to rehearse an ending: decided like that agent, and never let through.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shadow_of: Option<AgentId>,
}

impl Agent {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.described.name
    }

    /// Its group.
    pub fn group(&self) -> Option<GroupId> {
        self.described.group
    }

    /// Whose it is in daily work.
    pub fn owner(&self) -> Option<PersonId> {
        self.described.owner
    }

    /// Ledger line since which it is its owner's: what somebody lent to their agents was not lent to one that came later.
    pub fn owned_since(&self) -> u64 {
        self.owner_line.unwrap_or(self.first_line)
    }

    /// Not yet ended.
    pub fn lives(&self) -> bool {
        !matches!(self.life, Life::Terminated { .. })
    }
}
