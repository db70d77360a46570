//! Who may act for whom with a token that was exchanged: each of a chain of running copies, at the instant that it is asked.
//! Never here: what they may do (`decide.rs`), a token.

use writ_model::{AgentId, InstanceId};

use super::State;
use crate::agent::Life;

/// One of a chain: an agent, its running copy, and the agent's epoch in the token.
pub type Link = (AgentId, InstanceId, u64);

/// Why a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainBroken {
    /// The agent is not active, or was stopped since the token was issued.
    Stopped(AgentId),
    /// Its running copy was ended, or is another agent's.
    Copy(AgentId),
    /// The first does not act for the second.
    Unrelated(AgentId, AgentId),
}

impl State {
    /// Whether a chain holds now: whoever calls first, the agent that all act for last. Each is active and was not stopped
    /// since, each copy runs, and each acts for the next, directly or through others of whom none is stopped.
    ///
    /// # Errors
    /// The first thing that is wrong, nearest to the caller.
    pub fn holds_chain(&self, chain: &[Link]) -> Result<(), ChainBroken> {
        for (agent, instance, epoch) in chain {
            let known = self.agents.get(agent);
            let good = known.is_some_and(|one| one.life == Life::Active && one.epoch == *epoch);
            if !good || self.stopped_above(*agent).is_some() {
                return Err(ChainBroken::Stopped(*agent));
            }
            let copy = self.instances.get(instance);
            if copy.is_none_or(|one| one.agent != *agent || one.ended_at.is_some()) {
                return Err(ChainBroken::Copy(*agent));
            }
        }
        for ((one, ..), (other, ..)) in chain.iter().zip(chain.iter().skip(1)) {
            if !self.acts_for(*one).contains(other) {
                return Err(ChainBroken::Unrelated(*one, *other));
            }
        }
        Ok(())
    }
}
