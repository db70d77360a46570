//! One agent, as its badge says.

use serde::Serialize;
use writ_authority::agent::{AgentKind, Autonomy};
use writ_model::{AgentId, InstanceId, Timestamp};

use super::{ClientRef, GrantView, GroupRef, LineView, PersonRef, Receipt};

/// An agent in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentRow {
    /// Of which client.
    pub client: ClientRef,
    /// Which.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// What kind of identity.
    pub kind: AgentKind,
    /// What it is for.
    pub purpose: String,
    /// Where it is in its life: `observed`, `proposed`, `chartered`, `active`, `held`, `quarantined`, `terminated`.
    pub life: &'static str,
    /// Since when.
    pub life_since: Timestamp,
    /// Why, if it is held, quarantined or ended.
    pub life_reason: Option<String>,
    /// Whose it is in daily work.
    pub owner: Option<PersonRef>,
    /// Its group.
    pub group: Option<GroupRef>,
    /// What is missing of its three answers, one sentence each.
    pub missing: Vec<String>,
    /// Running copies that are not ended.
    pub instances: usize,
    /// Grants that reach it, its groups' included.
    pub grants: usize,
}

/// One answer and where it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerView {
    /// Who.
    pub person: PersonRef,
    /// `agent`, or the name of the group it is inherited from.
    pub from: String,
    /// Whether it is inherited.
    pub inherited: bool,
}

/// The three answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AnswersView {
    /// Who authorised it.
    pub authorizer: Option<AnswerView>,
    /// Who audits it.
    pub auditor: Option<AnswerView>,
    /// Who can end it.
    pub terminators: Vec<AnswerView>,
}

/// A missing answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingView {
    /// What is missing, one sentence.
    pub what: String,
    /// What would cure it.
    pub cure: String,
}

/// A running copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceView {
    /// Its OAuth client id.
    pub instance: InstanceId,
    /// What it calls itself.
    pub label: String,
    /// Thumbprint of its key.
    pub jkt: String,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
}

/// What somebody with the right role could do now; a page makes a button of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Take an observed agent into the register.
    Propose,
    /// Say who answers.
    SetAccountability,
    /// Switch it on.
    Activate,
    /// Make it wait.
    Hold,
    /// Let it go on.
    Release,
    /// Stop it on suspicion.
    Quarantine,
    /// End it for good.
    Terminate,
    /// Offer a code for a running copy.
    OfferEnrollment,
    /// Give a grant.
    GiveGrant,
    /// Have it act for another agent, for its life.
    Delegate,
}

/// An agent that another one acts for, or that acts for another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActsForRow {
    /// Which.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// Where it is in its life, as in lists.
    pub life: &'static str,
}

/// What a page says next to a step that is not open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskHint {
    /// The step.
    pub step: NextStep,
    /// Why it is not open, one sentence.
    pub why: String,
}

/// An agent and everything its ledger says of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentView {
    /// As in lists.
    #[serde(flatten)]
    pub row: AgentRow,
    /// How far it acts alone.
    pub autonomy: Autonomy,
    /// Its models.
    pub models: Vec<String>,
    /// The data it touches.
    pub data_classes: Vec<String>,
    /// When an observed one must be governed.
    pub deadline: Option<Timestamp>,
    /// The agents that it acts for, the nearest first: it may act only while each of them may, and ends with them.
    pub acts_for: Vec<ActsForRow>,
    /// The living agents that act for it, or for one that does; at most [`crate::Desk::ROWS`].
    pub sub_agents: Vec<ActsForRow>,
    /// Who answers for it.
    pub answers: AnswersView,
    /// What is missing of that.
    pub missing: Vec<MissingView>,
    /// When it stops by itself because an answer is missing, if it will.
    pub stops_at: Option<Timestamp>,
    /// Its running copies, the ended included.
    pub instances: Vec<InstanceView>,
    /// Grants that reach it, with their use; revoked ones are in the timeline.
    pub grants: Vec<GrantView>,
    /// What happened to it, newest first; at most [`crate::Desk::TIMELINE`].
    pub timeline: Vec<LineView>,
    /// Its end, if it is ended.
    pub receipt: Option<Receipt>,
    /// What could be done with it now.
    pub steps: Vec<NextStep>,
    /// What could not, and why.
    pub hints: Vec<AskHint>,
    /// Ledger lines that this was read from.
    pub tree_size: u64,
}
