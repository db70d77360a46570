//! Accounts at protected servers, as they stand.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, PersonId, Timestamp};

use crate::{
    agent::Life,
    fact::{Holder, UpstreamConnected},
    state::State,
};

/// A connected account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// What was said.
    pub says: UpstreamConnected,
    /// Who consented.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// Its ledger line.
    pub line: u64,
}

impl State {
    pub(crate) fn connect(
        &mut self,
        line: u64,
        at: Timestamp,
        by: Option<PersonId>,
        says: UpstreamConnected,
    ) {
        let key = (says.server.clone(), says.holder);
        self.upstreams.insert(key, Arc::new(Connected { says, by, at, line }));
    }

    /// The account that agents may use for this holder at this server now. One of an agent that was ended, of a person
    /// without a seat, from before a backup or from another provider is none.
    pub fn upstream(&self, server: &str, holder: Holder) -> Option<&Arc<Connected>> {
        let known = self.upstreams.get(&(server.to_owned(), holder))?;
        self.stands(known).then_some(known)
    }

    /// Every account that stands, with its server and holder.
    pub fn upstreams_standing(&self) -> impl Iterator<Item = &Arc<Connected>> {
        self.upstreams.values().filter(|known| self.stands(known))
    }

    fn stands(&self, known: &Connected) -> bool {
        let moved = self.moved.as_ref().is_some_and(|(line, _)| known.line < *line);
        let same = match known.says.holder {
            Holder::Agent(id) => self.owned_since_before(id, known),
            Holder::Client | Holder::Person(_) => true,
        };
        !moved && same && known.at >= self.tokens_from && self.may_hold(known.says.holder)
    }

    /// Whether an account may serve an agent.
    ///
    /// SECURITY: whoever describes an agent names its owner. A person lends an account to the agents that were theirs when
    /// they connected it; for one that came later, or had another owner then, they connect it again.
    pub fn lends(&self, known: &Connected, agent: AgentId) -> bool {
        match known.says.holder {
            Holder::Client => true,
            Holder::Agent(id) => id == agent,
            Holder::Person(id) => {
                let owner = self.agents.get(&agent).and_then(|agent| agent.owner());
                owner == Some(id) && self.owned_since_before(agent, known)
            }
        }
    }

    fn owned_since_before(&self, agent: AgentId, known: &Connected) -> bool {
        self.agents.get(&agent).is_some_and(|agent| agent.owned_since() < known.line)
    }

    /// Whether an account may be used for it at all.
    pub fn may_hold(&self, holder: Holder) -> bool {
        match holder {
            Holder::Client => true,
            Holder::Agent(id) => {
                let ended = |life: &Life| matches!(life, Life::Terminated { .. });
                self.agents.get(&id).is_some_and(|agent| !ended(&agent.life))
            }
            Holder::Person(id) => self.people.get(&id).is_some_and(|person| person.active()),
        }
    }
}
