//! Decided calls and their explanation.

use serde::Serialize;
use writ_authority::decide::explain::Explanation;
use writ_model::{
    AgentId, BootId, CallId, CharterId, Digest, GatewayId, GrantId, HoldId, InstanceId, Timestamp,
    ocsf::Disposition,
};

use super::{
    AnswersView, ClientRef, PersonRef,
    charter::SignatureRow,
    hold::{AnswerRow, ClauseSaid, HoldState},
};

/// A call in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallRow {
    /// At which client.
    pub client: ClientRef,
    /// Which.
    pub call: CallId,
    /// Its place in order of arrival: `before` of the next page.
    pub place: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who called.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// Which of its running copies.
    pub instance: InstanceId,
    /// On which server.
    pub server: String,
    /// The protocol's method.
    pub method: String,
    /// `tool`, `resource`, `prompt` or `server`.
    pub surface: String,
    /// Name of the tool, resource or prompt: the caller's words, cut. Render it quoted.
    pub name: String,
    /// What became of it.
    pub effect: Disposition,
    /// The decision's stable code.
    pub code: String,
    /// The decision's reason, one sentence.
    pub detail: String,
    /// Under which grant, if it was permitted; the explanation names the one that came nearest.
    pub grant: Option<GrantId>,
    /// Keys of the charter's clauses that applied, strictest first.
    pub clauses: Vec<String>,
    /// Version of the charter that was in force, if one was.
    pub charter: Option<u32>,
    /// The code that would have refused it, if it was only watched.
    pub observed: Option<String>,
    /// The approval that it waits for or used.
    pub hold: Option<HoldId>,
    /// Microseconds from decision to the last byte of the answer.
    pub latency_us: u64,
}

/// A page of calls, newest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<CallRow>,
    /// `before` of the next page, if there may be one.
    pub next: Option<i64>,
}

/// Where a call's record is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealView {
    /// The ledger line with the root.
    pub line: u64,
    /// First and last sequence number of the range.
    pub range: (u64, u64),
    /// The root over the range's records.
    pub root: Digest,
    /// The record's index in the range.
    pub index: u64,
    /// The record's leaf hash.
    pub leaf: Digest,
    /// The audit path from the leaf to the root, lowest first.
    pub path: Vec<Digest>,
}

/// One call and what its decision stood on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallView {
    /// As in lists.
    #[serde(flatten)]
    pub row: CallRow,
    /// Which gateway.
    pub gateway: GatewayId,
    /// In which run.
    pub boot: BootId,
    /// Position in the tenant's records of that run.
    pub seq: u64,
    /// Ledger lines the decision saw.
    pub tree_size: u64,
    /// Version of the decision engine.
    pub engine: String,
    /// The grant it stands on, in words, if it was permitted.
    pub grant_said: Option<GrantSaid>,
    /// The OCSF record, for reading.
    pub ocsf: serde_json::Value,
    /// The OCSF record's bytes as they are sealed: the leaf of the seal's tree.
    pub record: String,
    /// Where it is sealed, if it is yet.
    pub seal: Option<SealView>,
}

/// A grant behind a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantSaid {
    /// Which.
    pub grant: GrantId,
    /// What it allows.
    pub words: String,
    /// Its conditions in words.
    pub rules: Vec<String>,
    /// Who gave it.
    pub given_by: PersonRef,
    /// When.
    pub given_at: Timestamp,
    /// Why.
    pub reason: String,
    /// The ledger line that gave it.
    pub line: u64,
}

/// A decision as the record kept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedDecision {
    /// Which call.
    pub call: CallId,
    /// `permit` or `deny`.
    pub effect: String,
    /// Stable code.
    pub code: String,
    /// The grant.
    pub grant: Option<GrantId>,
    /// The engine that decided.
    pub engine: String,
}

/// Why a call was or would be permitted or denied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainView {
    /// At which client.
    pub client: ClientRef,
    /// Which agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// On which server.
    pub server: String,
    /// The protocol's method.
    pub method: String,
    /// The thing asked for.
    pub name: String,
    /// The arguments that were decided on, if there were any and they can be opened.
    pub arguments: Option<serde_json::Value>,
    /// The decision, made again.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Who answered for the agent at that moment, by name.
    pub answered: AnswersView,
    /// The grant it stands on or that came nearest, in words.
    pub grant_said: Option<GrantSaid>,
    /// The decision as it was recorded, for a real call.
    pub recorded: Option<RecordedDecision>,
    /// Whether deciding again gave the same effect, grant and code, for a real call.
    pub same: Option<bool>,
    /// What differs, one sentence each.
    pub differs: Vec<String>,
    /// The charter that was in force then, and who had signed it.
    pub charter_said: Option<CharterSaid>,
    /// The clauses it stands on, in full, strictest first.
    pub clauses_said: Vec<ClauseSaid>,
    /// The approval it waited for or stands on, as it stands now.
    pub approval_said: Option<ApprovalSaid>,
    /// What either party had stopped then, one sentence each.
    pub stopped: Vec<String>,
    /// What the agent had done before, newest first; at most [`crate::Desk::BEFORE`].
    pub before: Vec<CallRow>,
    /// All of it as short sentences, in the order in which a person asks: what, who had said so, under which clause.
    pub story: Vec<String>,
}

/// The charter that decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CharterSaid {
    /// Which.
    pub charter: CharterId,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its canonical text: what both parties signed.
    pub digest: Digest,
    /// Since when it was in force.
    pub since: Timestamp,
    /// The ledger line that put it in force.
    pub line: u64,
    /// Who had signed it.
    pub signed: Vec<SignatureRow>,
}

/// An approval behind a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApprovalSaid {
    /// Which.
    pub hold: HoldId,
    /// Where it stands now.
    pub state: HoldState,
    /// When it was asked.
    pub since: Timestamp,
    /// Who answered.
    pub answers: Vec<AnswerRow>,
    /// When it was used up.
    pub used_at: Option<Timestamp>,
    /// The ledger line that asked.
    pub line: u64,
}
