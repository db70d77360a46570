//! How endings change the state: many agents at once, who acts for whom, which gateways an ending reached.
//! Never here: whether a fact was allowed.

use std::sync::Arc;

use writ_model::{AgentId, PersonId, Timestamp};

use crate::{
    agent::Life,
    fact::{AgentsTerminated, TerminationReached},
    state::{Ending, Reached, State},
};

impl State {
    /// One agent is ended: an act of its own.
    pub(super) fn end(
        &mut self,
        (line, at, by): (u64, Timestamp, Option<PersonId>),
        id: AgentId,
        reason: &str,
    ) {
        let (what, agent) = (None, Some(id));
        let made = Ending { at, last: line, what, agent, agents: 1, by, reason: reason.to_owned() };
        self.endings.insert(line, Arc::new(made));
        self.end_in(line, (line, at), id, reason);
    }

    /// A line of an act that ends many; what acted for an agent ends in the act that ended that one.
    pub(super) fn end_many(
        &mut self,
        (line, at, by): (u64, Timestamp, Option<PersonId>),
        ended: &AgentsTerminated,
    ) {
        let goes_on = ended.part > 0;
        let before = self.endings.get_max().map(|(first, _)| *first);
        let count = u64::try_from(ended.agents.len()).unwrap_or(u64::MAX);
        let act =
            match before.and_then(|first| self.endings.get_mut(&first).map(|one| (first, one))) {
                Some((first, ending)) if goes_on && ending.last + 1 == line => {
                    let ending = Arc::make_mut(ending);
                    ending.last = line;
                    ending.agents = ending.agents.saturating_add(count);
                    first
                }
                Some(_) | None => {
                    let (what, reason) = (Some(ended.what.clone()), ended.reason.clone());
                    let (agent, agents) = (None, count);
                    let made = Ending { at, last: line, what, agent, agents, by, reason };
                    self.endings.insert(line, Arc::new(made));
                    line
                }
            };
        for agent in &ended.agents {
            self.end_in(act, (line, at), *agent, &ended.reason);
        }
    }

    fn end_in(&mut self, act: u64, (line, at): (u64, Timestamp), id: AgentId, reason: &str) {
        self.live(line, at, id, Life::Terminated { reason: reason.to_owned() });
        if let Some(ended) = self.agents.get(&id) {
            self.names.remove(ended.name());
            self.ended_in.insert(id, act);
        }
    }

    /// What is written twice would otherwise count twice; the first line holds.
    pub(super) fn delegate(&mut self, line: u64, agent: AgentId, by: AgentId) {
        if self.acting_for.contains_key(&agent) || self.acts_for(by).contains(&agent) {
            return;
        }
        self.acting_for.insert(agent, by);
        Arc::make_mut(self.sub_agents.entry(by).or_default()).push(agent);
        for id in [agent, by] {
            if let Some(known) = self.agents.get_mut(&id) {
                Arc::make_mut(known).touched = line;
            }
        }
    }

    pub(super) fn reach(&mut self, line: u64, reached: TerminationReached) {
        for target in reached.targets {
            let key = (reached.line, target.gateway, target.boot);
            self.reached.insert(key, Arc::new(Reached { target, line }));
        }
    }
}
