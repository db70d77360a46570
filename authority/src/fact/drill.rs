//! Payload of a drill's result: what was rehearsed, step by step, in time.
//! Never here: how a drill is run (`desk`). Times of steps are microseconds since the drill began, by a clock that only
//! goes forward.

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, DrillId, Timestamp};

/// See [`crate::Fact::DrillDone`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillResult {
    /// Which drill.
    pub drill: DrillId,
    /// Of which agent.
    pub agent: AgentId,
    /// Its shadow.
    pub shadow: AgentId,
    /// The agent itself was ended, not its shadow.
    pub live: bool,
    /// When it began.
    pub begun: Timestamp,
    /// When it was over.
    pub done: Timestamp,
    /// What was done, in order.
    pub steps: Vec<DrillStep>,
    /// From the first refusal until it could be seen, in microseconds.
    pub notice_us: u64,
    /// From the decision until the last refusal everywhere, in microseconds.
    pub end_us: u64,
    /// From the beginning to the end, in microseconds.
    pub total_us: u64,
    /// Every step went as it should.
    pub passed: bool,
    /// Gateways that took part.
    pub gateways: u32,
    /// When the next one is due.
    pub next_due: Timestamp,
}

/// One step of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillStep {
    /// A short name of it.
    pub step: String,
    /// When it began, in microseconds since the drill began.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// It went as it should.
    pub ok: bool,
    /// What was seen, one sentence.
    pub words: String,
}
