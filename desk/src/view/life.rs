//! What acting on an agent gives back: a line in the ledger, a code, a receipt.

use serde::Serialize;
use writ_model::{AgentId, BootId, GatewayId, Timestamp};

/// Something was done and stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// The first line that says so.
    pub line: u64,
    /// When.
    pub at: Timestamp,
    /// What became so, one sentence each.
    pub says: Vec<String>,
    /// The id of what was made, if something was.
    pub id: Option<String>,
}

/// A code that binds one running copy to an agent. Shown once.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct EnrollmentOffer {
    /// The code: whoever has it becomes the agent, once.
    pub code: String,
    /// Until when.
    pub expires: Timestamp,
    /// For which agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// What to type on the agent's machine.
    pub command: String,
}

impl std::fmt::Debug for EnrollmentOffer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EnrollmentOffer({}, …)", self.agent)
    }
}

/// One gateway's word that an ended agent can do nothing through it any more. Microseconds since the line was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptTarget {
    /// Which gateway.
    pub gateway: GatewayId,
    /// In which run.
    pub boot: BootId,
    /// Until its tokens were refused there.
    pub tokens_refused_us: u64,
    /// Until its last stream was cut and its last child ended.
    pub last_cut_us: u64,
    /// Streams cut.
    pub streams: u64,
    /// Calls in flight that were dropped.
    pub calls: u64,
    /// Stdio children ended.
    pub children: u64,
    /// The ledger line that says so, if it is known.
    pub line: Option<u64>,
}

/// The proof that an agent is ended, target by target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Which agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// When it was ended.
    pub ended_at: Timestamp,
    /// Why.
    pub reason: String,
    /// The ledger line that ended it.
    pub line: u64,
    /// Who confirmed, with measured times.
    pub targets: Vec<ReceiptTarget>,
    /// Who did not yet.
    pub waiting_for: Vec<GatewayId>,
    /// Every gateway confirmed.
    pub complete: bool,
}
