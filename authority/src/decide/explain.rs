//! Explanation: who authorised an agent, what access it had, why a call could or could not go, as of any state.
//! Never here: fetching that state or the recorded inputs (`desk`).

use serde::Serialize;
use writ_model::{AgentId, CharterId, GrantId, HoldId, PersonId, Timestamp};

pub use super::counters::{Recorded, Unused};
use super::{
    Ask, Case, ClauseRead, CounterRead, Decision, Denied, Engine, Flow, Moment, Rules, What, denied,
};
use crate::{
    accountability::{Answers, Missing},
    agent::Life,
    state::State,
};

/// Why a call was or would be permitted or denied, with everything it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `permit`, `deny`, or `hold` where people are asked first.
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
    /// The clauses that apply, strictest first.
    pub clauses: Vec<String>,
    /// The charter it was judged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charter: Option<CharterId>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charter_version: Option<u32>,
    /// What it would have been answered if it were not only observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// The hold that people approved, or that waits for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<HoldId>,
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
    /// Counters of grants that were read.
    pub reads: Vec<CounterRead>,
    /// Counters of clauses that were read.
    pub clause_reads: Vec<ClauseRead>,
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
    /// Same effect, clauses, code and grant: what deciding again must reproduce. Prose may differ.
    pub fn agrees(&self, other: &Self) -> bool {
        (self.effect, &self.clauses, &self.code, self.grant)
            == (other.effect, &other.clauses, &other.code, other.grant)
    }
}

impl Engine {
    /// Decides and explains.
    pub fn explain(&self, state: &State, ask: &Ask<'_>, moment: &Moment<'_>) -> Explanation {
        self.explain_traced(state, ask, moment, None)
    }

    /// Decides and explains a call of which it was known where its values came from.
    pub fn explain_traced(
        &self,
        state: &State,
        ask: &Ask<'_>,
        moment: &Moment<'_>,
        flow: Option<Flow<'_>>,
    ) -> Explanation {
        let decision = self.decide_traced(state, ask, moment, flow);
        explained(state, ask.agent, &decision, moment.at)
    }

    /// Explains a call that nobody made: by a copy of the agent that is enrolled and holds a fresh token. If none is
    /// enrolled, the answer says that this was supposed.
    /// SECURITY: the decision stays inside, so that no [`super::Permitted`] comes of a supposition.
    pub fn suppose(&self, state: &State, call: &Supposed<'_>, moment: &Moment<'_>) -> Explanation {
        let Some(agent) = state.agents.get(&call.agent) else {
            let decision = Decision::Deny(Denied::unknown_agent(call.agent));
            return explained(state, call.agent, &decision, moment.at);
        };
        let decision = if let Err(denied) = denied::life(state, agent) {
            Decision::Deny(*denied)
        } else {
            let rules = Rules::in_force(state);
            let case = Case { state, agent, instance: None, rules, moment, flow: None };
            self.on_authority(&case, call.server, call.what)
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

/// What an explanation takes from a decision.
struct Said<'d> {
    effect: &'static str,
    words: &'d str,
    cure: Option<&'d str>,
    given_by: Option<PersonId>,
    charter: Option<(CharterId, u32)>,
    approval: Option<HoldId>,
    reads: &'d [CounterRead],
    clause_reads: &'d [ClauseRead],
}

fn said(decision: &Decision) -> Said<'_> {
    match decision {
        Decision::Permit(p) => Said {
            effect: "permit",
            words: &p.reason().words,
            cure: None,
            given_by: p.reason().given_by,
            charter: p.charter(),
            approval: p.approval(),
            reads: p.reads(),
            clause_reads: p.clause_reads(),
        },
        Decision::Deny(d) => Said {
            effect: "deny",
            words: &d.words,
            cure: Some(&d.cure),
            given_by: d.given_by,
            charter: d.charter,
            approval: None,
            reads: &d.reads,
            clause_reads: &d.clause_reads,
        },
        Decision::Hold(h) => Said {
            effect: if h.waits() { "hold" } else { "deny" },
            words: &h.words,
            cure: Some(&h.cure),
            given_by: h.given_by,
            charter: Some(h.charter),
            approval: h.existing,
            reads: &h.reads,
            clause_reads: &h.clause_reads,
        },
    }
}

pub(crate) fn explained(
    state: &State,
    id: AgentId,
    decision: &Decision,
    at: Timestamp,
) -> Explanation {
    let agent = state.agents.get(&id);
    let answers = agent.map(|agent| state.answers(agent)).unwrap_or_default();
    let missing = agent.map(|_| state.missing(&answers)).unwrap_or_default();
    let said = said(decision);
    let observed = match decision {
        Decision::Permit(permitted) => permitted.observed(),
        Decision::Deny(_) | Decision::Hold(_) => None,
    };
    Explanation {
        effect: said.effect,
        code: decision.code().to_string(),
        words: said.words.to_owned(),
        cure: said.cure.map(str::to_owned),
        grant: decision.grant(),
        given_by: said.given_by,
        given_by_name: said.given_by.map(|id| state.person_name(id)),
        clauses: decision.clauses().to_vec(),
        charter: said.charter.map(|(charter, _)| charter),
        charter_version: said.charter.map(|(_, version)| version),
        observed: observed.map(|code| code.to_string()),
        approval: said.approval,
        missing: missing.iter().map(|one: &Missing| one.words(state)).collect(),
        answers,
        life: agent.map(|agent| agent.life.clone()),
        tree_size: state.size,
        at,
        reads: said.reads.to_vec(),
        clause_reads: said.clause_reads.to_vec(),
        supposed: None,
    }
}
