//! [`Record`]: one decided call as it is kept: columns to find it by, the OCSF bytes that are sealed, and the sealed
//! inputs that let the decision be made again.
//!
//! Never here: an argument in the clear.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, GrantId, HoldId, InstanceId, TenantId, Timestamp,
    ocsf::Disposition,
};

/// One decided call.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The call.
    pub call: CallId,
    /// Whose.
    pub tenant: TenantId,
    /// Through which gateway.
    pub gateway: GatewayId,
    /// In which of its runs.
    pub boot: BootId,
    /// Position in this tenant's records of this run, from 0 without gaps.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who called.
    pub agent: AgentId,
    /// Which of its running copies.
    pub instance: InstanceId,
    /// On which server.
    pub server: String,
    /// The protocol's method.
    pub method: String,
    /// `tool`, `resource`, `prompt` or `server`.
    pub surface: String,
    /// Name of the tool, resource or prompt, cut.
    pub name: String,
    /// What became of it.
    pub effect: Disposition,
    /// The decision's stable code.
    pub code: String,
    /// The decision's reason, one sentence.
    pub detail: String,
    /// Under which grant, if permitted.
    pub grant: Option<GrantId>,
    /// Microseconds from decision to the last byte of the answer.
    pub latency_us: u64,
    /// OCSF JSON: the leaf of the sealed tree.
    pub ocsf: Bytes,
    /// What the decision stood on.
    pub inputs: Inputs,
}

/// What a decision stood on, so that it can be made again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inputs {
    /// Ledger lines that the decision saw.
    pub tree_size: u64,
    /// Epoch in the caller's token.
    pub epoch: u64,
    /// Version of the decision engine.
    pub engine: String,
    /// Counters read, as the gateway writes them (JSON); empty when none were.
    pub reads: String,
    /// Canonical arguments, sealed by the tenant's data key; empty when there were none.
    pub arguments: Bytes,
    /// Keys of the charter's clauses that applied, strictest first: a JSON list; empty when none did.
    pub clauses: String,
    /// Version of the charter in force; 0 when none was.
    pub charter: u32,
    /// Counters of clauses that were read, as the gateway writes them (JSON); empty when none were.
    pub clause_reads: String,
    /// What was counted under clauses when the call was permitted: a JSON list of [`ClauseUse`]; empty when nothing was.
    pub charged: String,
    /// The code that would have refused the call if it had not been observed only; empty otherwise.
    pub observed: String,
    /// The hold that the call waits for, or whose approval it used.
    pub hold: Option<HoldId>,
}

/// What one permitted call counted under one clause of the charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseUse {
    /// The clause's key.
    pub clause: String,
    /// ISO 4217; empty if only the call was counted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// Ten-thousandths of that currency.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub money: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_nothing(money: &u64) -> bool {
    *money == 0
}

/// The number under which a disposition is stored: OCSF's `disposition_id`.
pub(crate) const fn effect_number(effect: Disposition) -> i64 {
    match effect {
        Disposition::Allowed => 1,
        Disposition::Blocked => 2,
        Disposition::Errored => 11,
    }
}

pub(crate) const fn effect_of(number: i64) -> Option<Disposition> {
    match number {
        1 => Some(Disposition::Allowed),
        2 => Some(Disposition::Blocked),
        11 => Some(Disposition::Errored),
        _ => None,
    }
}
