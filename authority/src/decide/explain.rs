//! Explanation: who authorised an agent, what access it had, why a call could or could not go, as of any state.
//! Never here: fetching that state or the recorded inputs (`desk`).

use serde::Serialize;
use writ_model::{AgentId, GrantId, PersonId, Timestamp};

use super::{Ask, CounterRead, Counters, Decision, Denied, Engine, Moment, What, denied};
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
    /// What was taken for granted that is not so, for a call that nobody made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supposed: Option<String>,
}

/// A call that nobody made, by an agent whose credential is taken for good.
#[derive(Debug, Clone, Copy)]
pub struct Supposed<'a> {
    /// The agent.
    pub agent: AgentId,
    /// The server, by its name in the operator's file.
    pub server: &'a str,
    /// What would be asked.
    pub what: What<'a>,
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
        explained(state, ask.agent, &self.decide(state, ask, moment), moment.at)
    }

    /// Explains a call that nobody made: by a copy of the agent that is enrolled and holds a fresh token. If none is
    /// enrolled, the answer says that this was supposed.
    /// SECURITY: the decision stays inside, so that no [`super::Permitted`] comes of a supposition.
    pub fn suppose(&self, state: &State, call: &Supposed<'_>, moment: &Moment<'_>) -> Explanation {
        let Some(agent) = state.agents.get(&call.agent) else {
            let decision = Decision::Deny(Denied::unknown_agent(call.agent));
            return explained(state, call.agent, &decision, moment.at);
        };
        let decision = match denied::life(state, agent) {
            Err(denied) => Decision::Deny(*denied),
            Ok(()) => self.on_grants((state, agent), (call.server, call.what), moment),
        };
        let mut out = explained(state, call.agent, &decision, moment.at);
        let enrolled = state.instances_of(call.agent).any(|(_, one)| one.ended_at.is_none());
        if agent.life == Life::Active && !enrolled {
            out.supposed = Some(format!(
                "no instance of {} is enrolled: until one is, a real call is refused ({})",
                agent.name(),
                denied::INSTANCE
            ));
        }
        out
    }
}

fn explained(state: &State, id: AgentId, decision: &Decision, at: Timestamp) -> Explanation {
    let agent = state.agents.get(&id);
    let answers = agent.map(|agent| state.answers(agent)).unwrap_or_default();
    let missing = agent.map(|_| state.missing(&answers)).unwrap_or_default();
    let (effect, words, cure, given_by, reads) = match decision {
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
        at,
        reads,
        supposed: None,
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
