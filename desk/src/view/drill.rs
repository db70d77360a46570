//! A rehearsed ending of an agent, step by step, and the file of one that is verified offline.
//!
//! Never here: a time that was not measured. To change the file: a new `v`; a verifier refuses versions it does not know.

use serde::{Deserialize, Serialize};
use writ_authority::fact::DrillResult;
use writ_model::{AgentId, DrillId, TenantId, Timestamp};

use super::{ClientRef, PersonRef, ProvenLine};

/// The version of drill files.
pub const DRILL_FILE: u32 = 1;

/// One step, timed with a clock that never steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillStep {
    /// Its key: `enroll`, `misbehave`, `notice`, `decide`, `revoke`, `refuse`, `cut`, `confirm`, `tell`.
    pub step: String,
    /// Its name in words.
    pub title: String,
    /// What happened, one sentence.
    pub words: String,
    /// When it began: microseconds since the drill began.
    pub at_us: u64,
    /// How long it took, microseconds.
    pub took_us: u64,
    /// Whether it came out as it must.
    pub ok: bool,
}

/// One drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillView {
    /// At which client.
    pub client: ClientRef,
    /// Which.
    pub drill: DrillId,
    /// Of which agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// Why that agent: it was named, or the rule that chose it.
    pub chosen: String,
    /// The shadow that was ended in its place.
    pub shadow: AgentId,
    /// Whether the agent itself was ended and not its shadow; an ordinary drill never does.
    pub live: bool,
    /// `running`, `passed`, `failed` or `broken_off`.
    pub state: &'static str,
    /// That in one sentence.
    pub says: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// Who began it.
    pub begun_by: PersonRef,
    /// When its result was written down.
    pub done_at: Option<Timestamp>,
    /// The steps in order; none while it runs.
    pub steps: Vec<DrillStep>,
    /// From the first refused call until it was seen, microseconds.
    pub notice_us: Option<u64>,
    /// From the decision to end it until it was refused everywhere, microseconds.
    pub end_us: Option<u64>,
    /// From beginning to end, microseconds.
    pub total_us: Option<u64>,
    /// The industry's mark for `end_us`: a minute, in microseconds.
    pub mark_us: u64,
    /// Our own: a second.
    pub ours_us: u64,
    /// Whether `end_us` is within the minute.
    pub within_mark: Option<bool>,
    /// Whether it is within the second.
    pub within_ours: Option<bool>,
    /// Gateways that had to refuse.
    pub gateways: Option<u32>,
    /// The ledger line with the result.
    pub line: Option<u64>,
}

/// The drills of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillPage {
    /// Whose.
    pub client: ClientRef,
    /// When it was true.
    pub at: Timestamp,
    /// The drills, newest first; at most a hundred.
    pub rows: Vec<DrillView>,
    /// When the next is due.
    pub next_due: Option<Timestamp>,
    /// Whether that has passed.
    pub overdue: bool,
    /// The agent that a drill would take if none is named, and why.
    pub would_take: Option<DrillPick>,
}

/// The agent that a drill takes if none is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillPick {
    /// Which.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// Why, one sentence.
    pub why: String,
}

/// A drill with everything that proves it: the line with its result, the line that began it, both in the signed log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillFile {
    /// [`DRILL_FILE`].
    pub v: u32,
    /// Whose ledger.
    pub tenant: TenantId,
    /// The ledger's origin line.
    pub origin: String,
    /// The result; the same stands in `line`.
    pub result: DrillResult,
    /// The line that holds it.
    pub line: ProvenLine,
    /// The line that began the drill.
    pub begun: ProvenLine,
    /// Line 0: whose ledger it is and which key signs its checkpoints.
    pub founding: ProvenLine,
    /// The last move to another provider, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<ProvenLine>,
    /// The lines that ended the shadow, and each gateway's word, oldest first.
    pub ended: Vec<ProvenLine>,
    /// The signed checkpoint of these paths, with its cosignatures.
    pub checkpoint: String,
    /// Its size.
    pub size: u64,
}
