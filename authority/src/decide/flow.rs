//! What speaks against a call by where its values came from, as an input of the decision: whether the charter follows
//! origins at all, and what becomes of a call then.
//!
//! The call counts as [`UNTRUSTED`] besides what it counts as anyway, and the clauses about that class say the rest: their
//! mode, their quorum, how long it waits. So people sign, suspend, observe and replay it like every other clause.
//! Never here: where a value came from (`writ_flow`); the value itself, which records must not carry in the clear.

use serde::{Deserialize, Serialize};
use writ_charter::{Deed, Mode, UNTRUSTED};
use writ_model::{AgentId, Timestamp};

use super::{Case, Rules};
use crate::{fact::HeldCall, slice::ruling::Ruling, state::State};

/// How much speaks against a call: what stands later is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowSays {
    /// People should look at it first.
    Hold,
    /// It should not go at all.
    Deny,
}

/// What was found of a call's values when it was decided: sealed beside its record, so that it can be decided again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// How much speaks against it.
    pub says: FlowSays,
    /// Why, without a value.
    pub words: String,
    /// Why, a sentence for each value, quoted.
    pub sentences: Vec<String>,
}

impl Traced {
    /// What stands for a finding that cannot be read any more: a hold, so that nothing is said to have been free to go.
    pub fn unreadable() -> Self {
        let words = "what was found of its values cannot be read any more".to_owned();
        Self { says: FlowSays::Hold, words, sentences: Vec::new() }
    }

    /// As an input of the decision.
    pub fn flow(&self) -> Flow<'_> {
        Flow { says: self.says, words: &self.words }
    }
}

/// What speaks against a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow<'a> {
    /// How much.
    pub says: FlowSays,
    /// Why, one sentence without the value, which only sealed inputs carry.
    pub words: &'a str,
}

impl State {
    /// How strictly the charter in force follows where an agent's values come from; nothing where it does not. With
    /// [`Mode::Act`] and [`Mode::NotifyAndAct`] it is only reported.
    pub fn traces(&self, agent: AgentId, at: Timestamp) -> Option<Mode> {
        let rules = Rules::in_force(self)?;
        if !rules.charter.clauses.iter().any(writ_charter::Clause::traces) {
            return None;
        }
        let agent = self.original(self.agents.get(&agent)?);
        let groups = self.groups_of(agent);
        let mut deed = Deed::new(vec![UNTRUSTED], at);
        (deed.agent, deed.groups) = (Some(agent.described.agent), &groups);
        rules.charter.traces(&deed).cloned()
    }
}

impl HeldCall {
    /// Whether people who are asked about it are told where its values came from.
    pub(crate) fn is_untrusted(&self) -> bool {
        self.actions.iter().any(|class| class == UNTRUSTED)
    }
}

/// What counts against this call: nothing where the charter does not follow origins for it.
pub(super) fn counts<'a>(case: &Case<'a>, ruling: &Ruling, deed: &Deed<'_>) -> Option<Flow<'a>> {
    case.flow.filter(|_| ruling.traces(deed))
}
