//! One agent's slice of the authority: its grants, compiled on first use (by the engine, bounded over all agents), and
//! thrown away as soon as a line touches it.
//!
//! Cedar evaluates a set in time linear in its policies, so a slice never evaluates more than the grants that cover the
//! very thing asked for. Two asks covered by the same grants share one compiled set, so that names an attacker invents
//! cost no compilation.
//! Never here: the decision's order of questions (`decide.rs`).

use std::sync::Arc;

use writ_model::{AgentId, GrantId, GroupId, Timestamp};

use crate::{
    agent::Agent,
    grant::{Grant, Surface},
    state::State,
};

pub(crate) mod cedar;
pub(crate) mod context;
pub(crate) mod known;
pub(crate) mod ruling;

/// One agent's grants, and since when it is not fully answered for.
#[derive(Debug)]
pub struct Slice {
    /// The state's version it was made from; see [`Slice::version`].
    pub(crate) version: u64,
    pub(crate) agent: AgentId,
    /// The agent that clauses and observations are about: itself, or the one whose shadow it is.
    pub(crate) judged_as: AgentId,
    /// That agent's groups, nearest first.
    pub(crate) groups: Vec<GroupId>,
    /// It only rehearses.
    pub(crate) shadow: bool,
    /// Since when the answers have been incomplete.
    pub(crate) incomplete_since: Option<Timestamp>,
    pub(crate) grants: Vec<(GrantId, Arc<Grant>)>,
}

impl Slice {
    /// The slice of an agent as a state says.
    pub(crate) fn of(state: &State, agent: &Agent) -> Self {
        let grants = state.grants_of(agent);
        let original = state.original(agent);
        Self {
            version: Self::version(state, agent),
            agent: agent.described.agent,
            judged_as: original.described.agent,
            groups: state.groups_of(original),
            shadow: agent.shadow_of.is_some(),
            incomplete_since: state.incomplete_since(agent),
            grants: grants
                .into_iter()
                .take(usize::from(u16::MAX))
                .map(|(id, given)| (id, Arc::clone(&given.says)))
                .collect(),
        }
    }

    /// The newest line on which anything stands that a slice holds: for a shadow, its original's lines too.
    pub(crate) fn version(state: &State, agent: &Agent) -> u64 {
        let own = state.version_of(agent);
        match agent.shadow_of {
            Some(_) => own.max(state.version_of(state.original(agent))),
            None => own,
        }
    }

    /// Positions of the grants that cover a thing by name, own grants first.
    pub(crate) fn covering(&self, server: &str, surface: Surface, name: &str) -> Vec<u16> {
        self.grants
            .iter()
            .enumerate()
            .filter(|(_, (_, grant))| grant.covers(server, surface, name))
            .filter_map(|(at, _)| u16::try_from(at).ok())
            .collect()
    }

    /// The grants at these positions.
    pub(crate) fn at(&self, positions: &[u16]) -> Vec<(GrantId, Arc<Grant>)> {
        positions.iter().filter_map(|at| self.grants.get(usize::from(*at)).cloned()).collect()
    }
}
