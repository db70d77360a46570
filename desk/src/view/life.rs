//! What acting on an agent gives back: a line in the ledger, a code, a receipt.

use serde::Serialize;
use writ_authority::fact::Measured;
use writ_model::{AgentId, BootId, GatewayId, Timestamp};

use super::ClientRef;

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

/// How an ending stands at one gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The gateway said so itself, and measured it.
    Confirmed,
    /// The gateway is not heard any more, and everything it could have let through is over.
    LeaseExpired,
    /// Not yet.
    Waiting,
}

impl Reach {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::LeaseExpired => "lease expired",
            Self::Waiting => "waiting",
        }
    }
}

/// One gateway's part of an ending. Times that were measured are microseconds since the line was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptTarget {
    /// Which gateway.
    pub gateway: GatewayId,
    /// In which run.
    pub boot: BootId,
    /// How it stands.
    pub how: Reach,
    /// Since when nothing can be done through it, if that is so.
    pub at: Option<Timestamp>,
    /// What it measured, if it said so itself.
    #[serde(flatten)]
    pub measured: Option<Measured>,
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
    /// The first ledger line of the act that ended it.
    pub line: u64,
    /// Every gateway, in the order of their ids.
    pub targets: Vec<ReceiptTarget>,
    /// Those of them that it did not reach yet.
    pub waiting_for: Vec<GatewayId>,
    /// It reached every gateway.
    pub complete: bool,
}

impl Receipt {
    /// How many gateways it reached.
    pub fn reached(&self) -> usize {
        self.targets.iter().filter(|target| target.how != Reach::Waiting).count()
    }
}

/// One act that ended agents for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndingView {
    /// Whose agents.
    pub client: ClientRef,
    /// Its first ledger line, by which it is known.
    pub line: u64,
    /// Its last ledger line.
    pub last: u64,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// What was ended, in words.
    pub what: String,
    /// How many agents, sub-agents included.
    pub agents: u64,
    /// Why.
    pub reason: String,
    /// Every gateway, in the order of their ids.
    pub targets: Vec<ReceiptTarget>,
    /// Those of them that it did not reach yet.
    pub waiting_for: Vec<GatewayId>,
    /// It reached every gateway.
    pub complete: bool,
}

/// One of these acts in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndingRow {
    /// Its first ledger line, by which it is known.
    pub line: u64,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// What was ended, in words.
    pub what: String,
    /// How many agents, sub-agents included.
    pub agents: u64,
    /// Why.
    pub reason: String,
}

/// Which agents an act would end now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WouldEnd {
    /// How many, sub-agents included.
    pub agents: usize,
    /// The names of the first of them; at most [`crate::Desk::WOULD_END`].
    pub names: Vec<String>,
}
