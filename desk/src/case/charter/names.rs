//! Names for ids in a charter's words.

use writ_authority::State;
use writ_model::{AgentId, GroupId};

/// The name of an agent or a group, by its id.
pub(crate) fn named(state: &State, id: &str) -> Option<String> {
    let agent = id.parse::<AgentId>().ok().and_then(|id| state.agents.get(&id));
    let group = id.parse::<GroupId>().ok().and_then(|id| state.groups.get(&id));
    agent.map(|one| one.name().to_owned()).or_else(|| group.map(|one| one.name.clone()))
}
