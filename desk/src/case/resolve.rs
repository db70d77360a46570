//! Names as people write them (an id or a name) to ids, within one tenant. People are found by `Desk::person`: their names are
//! sealed.

use writ_authority::{Agent, State};
use writ_model::GroupId;

use crate::DeskError;

/// An agent by its id, by the name of a living one, or by the name of the one that was ended last.
pub(crate) fn agent<'s>(state: &'s State, name: &str) -> Result<&'s Agent, DeskError> {
    let living = name.parse().ok().or_else(|| state.names.get(name).copied());
    living
        .and_then(|id| state.agents.get(&id))
        .or_else(|| state.agents.values().rev().find(|agent| agent.name() == name))
        .map(AsRef::as_ref)
        .ok_or_else(|| DeskError::not_visible("agent", name))
}

/// A group by its id or name.
pub(crate) fn group(state: &State, name: &str) -> Result<GroupId, DeskError> {
    let id = name.parse::<GroupId>().ok();
    let known = state.groups.iter().find(|(key, one)| Some(**key) == id || one.name == name);
    known.map(|(id, _)| *id).ok_or_else(|| DeskError::not_visible("group", name))
}
