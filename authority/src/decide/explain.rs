//! Explanation: who authorised an agent, what access it had, why a call could or could not go, as of any state.
//! Never here: fetching that state or the recorded inputs (`desk`).

use serde::Serialize;
use writ_model::{GrantId, PersonId, Timestamp};

use super::{Ask, CounterRead, Counters, Decision, Engine, Moment};
use crate::{
    accountability::{Answers, Missing},
    agent::Life,
    grant::Period,
    state::State,
};

/// Why a call was or would be permitted or denied, with everything it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `permit` or `deny`.
    pub effect: &'static str,
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub words: String,
    /// What would cure a denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// The grant it stands on, or that came nearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Who gave that grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_by: Option<PersonId>,
    /// That person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_by_name: Option<String>,
    /// Who answered for the agent then.
    pub answers: Answers,
    /// What was missing then, in words.
    pub missing: Vec<String>,
    /// Where the agent was in its life.
    pub life: Option<Life>,
    /// Ledger lines the decision saw.
    pub tree_size: u64,
    /// The instant it was decided for.
    pub at: Timestamp,
    /// Counters that were read.
    pub reads: Vec<CounterRead>,
}

impl Explanation {
    /// Same effect, same grant, same code: what deciding again must reproduce. Prose may differ.
    pub fn agrees(&self, other: &Self) -> bool {
        (self.effect, &self.code, self.grant) == (other.effect, &other.code, other.grant)
    }
}

impl Engine {
    /// Decides and explains.
    pub fn explain(&self, state: &State, ask: &Ask<'_>, moment: &Moment<'_>) -> Explanation {
        let decision = self.decide(state, ask, moment);
        let agent = state.agents.get(&ask.agent);
        let answers = agent.map(|agent| state.answers(agent)).unwrap_or_default();
        let missing = agent.map(|_| state.missing(&answers)).unwrap_or_default();
        let (effect, words, cure, given_by, reads) = match &decision {
            Decision::Permit(p) => {
                ("permit", p.reason.words.clone(), None, p.reason.given_by, p.reads.clone())
            }
            Decision::Deny(d) => {
                ("deny", d.words.clone(), Some(d.cure.clone()), d.given_by, d.reads.clone())
            }
        };
        Explanation {
            effect,
            code: decision.code().to_string(),
            words,
            cure,
            grant: decision.grant(),
            given_by,
            given_by_name: given_by.map(|id| state.person_name(id)),
            missing: missing.iter().map(|one: &Missing| one.words(state)).collect(),
            answers,
            life: agent.map(|agent| agent.life.clone()),
            tree_size: state.size,
            at: moment.at,
            reads,
        }
    }
}

/// Counters as a record kept them: what was read then is read again.
#[derive(Debug, Clone, Default)]
pub struct Recorded(pub Vec<CounterRead>);

impl Counters for Recorded {
    fn used(&self, grant: GrantId, per: Period, _: Timestamp) -> Option<u64> {
        self.0.iter().find(|read| read.grant == grant && read.per == per).map(|read| read.used)
    }
}

/// Counters that stand at zero: for asking whether a call would be permitted at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unused;

impl Counters for Unused {
    fn used(&self, _: GrantId, _: Period, _: Timestamp) -> Option<u64> {
        Some(0)
    }
}
