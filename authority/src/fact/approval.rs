//! Payloads of the facts about what waits for people, and what people are told of.
//! Never here: who may say yes (`approval.rs`), or arguments: only their digest stands in a ledger.

use serde::{Deserialize, Serialize};
use writ_charter::{Mode, Money};
use writ_model::{AgentId, CharterId, Digest, HoldId, InstanceId, PersonId, Timestamp};

use crate::{command::Command, grant::Surface};

/// See [`crate::Fact::CallHeld`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldCall {
    /// Its id.
    pub hold: HoldId,
    /// Which agent asks.
    pub agent: AgentId,
    /// Which running copy of it.
    pub instance: InstanceId,
    /// On which server, by its name in the operator's file.
    pub server: String,
    /// Which kind of thing.
    pub surface: Surface,
    /// Its name.
    pub name: String,
    /// Of the call with its arguments, see [`crate::decide::call_digest`].
    pub digest: Digest,
    /// What it counts as.
    pub actions: Vec<String>,
    /// How much money it moves, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<Money>,
    /// Propose, or approve with its quorum.
    pub mode: Mode,
    /// Keys of the clauses that say so, strictest first.
    pub clauses: Vec<String>,
    /// Of which charter.
    pub charter: CharterId,
    /// Until when it may be approved and done.
    pub expires: Timestamp,
    /// From when owners count for any seat of their party.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub escalate_at: Option<Timestamp>,
}

/// See [`crate::Fact::ApprovalAsked`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldAct {
    /// Its id.
    pub hold: HoldId,
    /// Who wants it.
    pub person: PersonId,
    /// What, to the letter.
    pub act: Box<Command>,
    /// Of the canonical form of the act.
    pub digest: Digest,
    /// What it counts as.
    pub action: String,
    /// Approve, with its quorum.
    pub mode: Mode,
    /// Keys of the clauses that say so, strictest first.
    pub clauses: Vec<String>,
    /// Of which charter.
    pub charter: CharterId,
    /// Until when it may be approved.
    pub expires: Timestamp,
    /// From when owners count for any seat of their party.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub escalate_at: Option<Timestamp>,
}

/// See [`crate::Fact::ActNotified`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notified {
    /// Which agent.
    pub agent: AgentId,
    /// Which running copy of it.
    pub instance: InstanceId,
    /// On which server, by its name in the operator's file.
    pub server: String,
    /// Which kind of thing.
    pub surface: Surface,
    /// Its name.
    pub name: String,
    /// Of the call with its arguments.
    pub digest: Digest,
    /// What it counts as.
    pub actions: Vec<String>,
    /// Keys of the clauses that say so, strictest first.
    pub clauses: Vec<String>,
}
