//! Who acts for whom, what was ended in one act, which gateways are halted.
//! Never here: how a line changes it (`fold/ending.rs`, `fold/keeping.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, PersonId, Timestamp};

use super::State;
use crate::{
    agent::{Agent, Life},
    fact::{Ended, GatewayHalted, Target},
};

/// LIMIT: agents that act one for the other, in a row: more hides for whom something is done.
pub const DELEGATION_DEPTH: usize = 8;

/// One act that ended agents for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// Its last line; the first is what it is known by.
    pub last: u64,
    /// What was ended; one agent, and what acted for it, if none.
    pub what: Option<Ended>,
    /// That agent.
    pub agent: Option<AgentId>,
    /// How many agents, sub-agents included.
    pub agents: u64,
    /// Who did it; Writ itself if none.
    pub by: Option<PersonId>,
    /// Why.
    pub reason: String,
}

/// That an ending reached a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// What the line says.
    pub target: Target,
    /// The ledger line.
    pub line: u64,
}

/// A gateway that is halted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// What the line says.
    pub says: GatewayHalted,
    /// Who wrote it, if a person did.
    pub by: Option<PersonId>,
    /// The ledger line.
    pub line: u64,
}

impl State {
    /// The agents that an agent acts for, nearest first. Bounded by [`DELEGATION_DEPTH`].
    pub fn acts_for(&self, agent: AgentId) -> Vec<AgentId> {
        let next = |id: &AgentId| self.acting_for.get(id).copied();
        std::iter::successors(next(&agent), next).take(DELEGATION_DEPTH).collect()
    }

    /// The nearest of the agents that this one acts for that may not act now; the agent itself is not looked at.
    pub fn stopped_above(&self, agent: AgentId) -> Option<&Agent> {
        let above = self.acts_for(agent);
        let known = above.iter().filter_map(|id| self.agents.get(id));
        known.map(AsRef::as_ref).find(|agent| agent.life != Life::Active)
    }

    /// The living agents that act for this one, or for one that does, in the order of their ids.
    pub fn below(&self, agent: AgentId) -> Vec<AgentId> {
        let (mut found, mut next) = (Vec::new(), vec![agent]);
        while let Some(id) = next.pop() {
            for sub in self.sub_agents.get(&id).into_iter().flat_map(|list| list.iter()) {
                next.push(*sub);
                if self.agents.get(sub).is_some_and(|agent| agent.lives()) {
                    found.push(*sub);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// How many agents act one for the other below this one, in a row.
    pub(crate) fn delegation_depth(&self, agent: AgentId) -> usize {
        let mut level = vec![agent];
        let mut depth = 0;
        while depth < DELEGATION_DEPTH {
            let subs = |id: &AgentId| self.sub_agents.get(id).map(|list| list.as_ref().clone());
            level = level.iter().filter_map(subs).flatten().collect();
            if level.is_empty() {
                break;
            }
            depth += 1;
        }
        depth
    }

    /// The act that ended an agent, by its first line.
    pub fn ending_of(&self, agent: AgentId) -> Option<(u64, &Ending)> {
        let line = *self.ended_in.get(&agent)?;
        self.endings.get(&line).map(|ending| (line, ending.as_ref()))
    }
}
