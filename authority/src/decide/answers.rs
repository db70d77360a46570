//! What becomes of something that a server's answer carries: what the charter says of its class, or, where no clause names the
//! class, what is done anyway.
//!
//! Such a class counts for no call: the call is over when its answer is read. So the modes mean: act and notify and act, it
//! stays; propose and approve, it is masked, because nobody can be asked while an answer waits; refuse, the answer is.
//! Never here: how anything is found in an answer (`writ_sift`).

use writ_charter::{ANSWERS, Deed, Judgment, Mode};
use writ_model::{AgentId, Timestamp};

use super::Rules;
use crate::state::State;

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The agent reads it.
    Stays,
    /// Words stand in its place.
    Masked,
    /// The agent does not get the answer.
    Refused,
}

impl State {
    /// Whether a clause of the charter in force speaks of what servers answer at all.
    pub fn speaks_of_answers(&self) -> bool {
        let named = |pattern: &String| pattern.starts_with(ANSWERS);
        Rules::in_force(self).is_some_and(|rules| {
            rules.charter.clauses.iter().any(|one| one.actions.iter().any(named))
        })
    }

    /// What becomes of things of a class in what a server answers an agent; `unsaid` where no clause that is about them names
    /// the class. For an agent that is only observed nothing is changed, and what is refused stays refused.
    pub fn answered(
        &self,
        (agent, server): (AgentId, &str),
        (class, unsaid): (&str, Answered),
        at: Timestamp,
    ) -> Answered {
        let Some(agent) = self.agents.get(&agent).map(|agent| self.original(agent)) else {
            return Answered::Refused;
        };
        let said = self.says_of(agent, server, class, at).map(|said| match said.mode {
            Mode::Act | Mode::NotifyAndAct => Answered::Stays,
            Mode::Propose | Mode::Approve { .. } => Answered::Masked,
            Mode::Refuse => Answered::Refused,
        });
        match said.unwrap_or(unsaid) {
            Answered::Masked if self.observed(agent, at).is_some() => Answered::Stays,
            said => said,
        }
    }

    /// The clauses that have a say about a class, for whoever checks that they are enforced.
    pub(crate) fn says_of_answers(
        &self,
        (agent, server): (AgentId, &str),
        class: &str,
        at: Timestamp,
    ) -> Vec<String> {
        let agent = self.agents.get(&agent).map(|agent| self.original(agent));
        let said = agent.and_then(|agent| self.says_of(agent, server, class, at));
        said.map_or_else(Vec::new, |said| said.clauses)
    }

    /// What the clauses about a class say, if one names it.
    fn says_of(
        &self,
        agent: &crate::Agent,
        server: &str,
        class: &str,
        at: Timestamp,
    ) -> Option<Judgment> {
        let rules = Rules::in_force(self)?;
        let groups = self.groups_of(agent);
        let mut deed = Deed::new(vec![class], at);
        (deed.agent, deed.groups, deed.server) =
            (Some(agent.described.agent), &groups, Some(server));
        rules.charter.speaks(class, &deed)?;
        Some(rules.charter.judge(&self.suspended(), &deed))
    }
}
