//! Payloads of the facts about endings: many agents in one act, and how the ending reached each gateway.
//! Never here: what they do to the state (`fold/ending.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, BootId, GatewayId, GroupId, Timestamp};

use super::TerminationConfirmed;

/// LIMIT: agents on one line: 33 bytes each, so that a line keeps under 60,000 bytes; an act takes as many lines as it
/// needs.
pub const ENDED_A_LINE: usize = 1_500;
/// LIMIT: gateways on one line, at most 270 bytes each; an ending takes as many lines as it needs.
pub const REACHED_A_LINE: usize = 200;

/// What was ended in one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every agent of the client.
    All,
    /// Every agent of a group and of the groups below it.
    Group(GroupId),
    /// Every agent with a model of this vendor: a word, or words in a row, of the model's name.
    Vendor(String),
    /// Agents that were named one by one.
    Agents,
    /// What acted for an agent that was ended.
    Below(AgentId),
}

/// See [`crate::Fact::AgentsTerminated`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentsTerminated {
    /// Which, in the order of their ids; at most [`ENDED_A_LINE`].
    pub agents: Vec<AgentId>,
    /// What was ended.
    pub what: Ended,
    /// Why, in words.
    pub reason: String,
    /// Which line of its act, counted from 0: what acted for an agent follows the line that ended that one. So an act is
    /// known by its first line, this one's index less this.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub part: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer hands a reference")]
fn is_zero(part: &u32) -> bool {
    *part == 0
}

/// How an ending reached a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The gateway said so itself.
    Confirmed,
    /// The gateway was not heard any more, and by then could let nothing through for certain.
    LeaseExpired,
}

/// What a gateway measured while it ended something. Times are microseconds since the ended fact was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Until the tokens of all of them were refused.
    pub tokens_refused_us: u64,
    /// Until the last stream was cut and the last child ended.
    pub last_cut_us: u64,
    /// Streams cut.
    pub streams: u64,
    /// Calls in flight that were dropped.
    pub calls: u64,
    /// Stdio children ended.
    pub children: u64,
}

/// One gateway that an ending reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Which.
    pub gateway: GatewayId,
    /// In which boot.
    pub boot: BootId,
    /// How.
    pub how: How,
    /// When: of a confirmation the instant of the line that ended plus what was measured, so that no clock but the
    /// ledger's counts; otherwise by the roster's clock.
    pub at: Timestamp,
    /// What it measured, if it said so itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub measured: Option<Measured>,
}

/// See [`crate::Fact::TerminationReached`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminationReached {
    /// The first line of the act that ended.
    pub line: u64,
    /// The gateways it reached, in the order of their ids; at most [`REACHED_A_LINE`].
    pub targets: Vec<Target>,
}

/// What a gateway says once an ending reached it, as it stands in a note until it is written into the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Confirmation {
    /// Of one ended agent.
    One(TerminationConfirmed),
    /// Of everything that one act ended.
    Many(TerminationReached),
}
