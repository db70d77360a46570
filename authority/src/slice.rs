//! One agent's slice of the authority: its grants, compiled on first use, bounded, and thrown away as soon as a line
//! touches it.
//!
//! Cedar evaluates a set in time linear in its policies, so a slice never evaluates more than the grants that cover the
//! very thing asked for. Two asks covered by the same grants share one compiled set, so that names an attacker invents
//! cost no compilation.
//! Never here: the decision's order of questions (`decide.rs`).

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;
use writ_model::{AgentId, GrantId, Timestamp};

use crate::{
    agent::Agent,
    grant::{Grant, Surface},
    state::State,
};

pub(crate) mod cedar;
pub(crate) mod context;

use cedar::Compiled;

/// LIMIT: compiled sets kept per agent; an agent that uses more distinct combinations recompiles (well under 2 ms each).
const SETS: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// One agent's grants and what they compile to.
pub struct Slice {
    /// The state's version it was made from; see [`State::version_of`].
    pub(crate) version: u64,
    pub(crate) agent: AgentId,
    /// Since when the answers have been incomplete.
    pub(crate) incomplete_since: Option<Timestamp>,
    pub(crate) grants: Vec<(GrantId, Arc<Grant>)>,
    sets: Mutex<LruCache<Vec<u16>, Arc<Compiled>>>,
}

impl std::fmt::Debug for Slice {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Slice")
            .field("agent", &self.agent)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Slice {
    /// The slice of an agent as a state says.
    pub(crate) fn of(state: &State, agent: &Agent) -> Self {
        let grants = state.grants_of(agent);
        Self {
            version: state.version_of(agent),
            agent: agent.described.agent,
            incomplete_since: state.incomplete_since(agent),
            grants: grants
                .into_iter()
                .take(usize::from(u16::MAX))
                .map(|(id, given)| (id, Arc::clone(&given.says)))
                .collect(),
            sets: Mutex::new(LruCache::new(SETS)),
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

    /// The compiled set of these grants.
    pub(crate) fn compiled(&self, positions: &[u16]) -> Result<Arc<Compiled>, cedar::NotCompiled> {
        if let Some(known) = self.sets.lock().get(positions) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(Compiled::new(self.agent, &self.at(positions))?);
        self.sets.lock().put(positions.to_vec(), Arc::clone(&compiled));
        Ok(compiled)
    }
}
