//! Names as people write them (an id or a name) to ids, within one tenant.

use writ_authority::{Agent, State};
use writ_model::{GroupId, PersonId};

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

/// A person by their id, or by a name that only one seated person has.
pub(crate) fn person(state: &State, field: &str, name: &str) -> Result<PersonId, DeskError> {
    if let Ok(id) = name.parse::<PersonId>() {
        return Ok(id);
    }
    let mut found = state.people.iter().filter(|(_, one)| one.active() && one.name == name);
    match (found.next(), found.next()) {
        (Some((id, _)), None) => Ok(*id),
        (Some(_), Some(_)) => {
            let what =
                format!("two people are called `{}` here", writ_authority::refusal::cut(name));
            Err(DeskError::bad(field, what, "Use the person's id."))
        }
        (None, _) => Err(DeskError::not_visible("person", name)),
    }
}

/// A group by its id or name.
pub(crate) fn group(state: &State, name: &str) -> Result<GroupId, DeskError> {
    let id = name.parse::<GroupId>().ok();
    let known = state.groups.iter().find(|(key, one)| Some(**key) == id || one.name == name);
    known.map(|(id, _)| *id).ok_or_else(|| DeskError::not_visible("group", name))
}
