//! [`Narrowed`]: the roles that a person's own identity provider leaves them. A session has the seat's roles that are among
//! these, in every client's space; what no such role suffices for is refused before anything is decided.
//!
//! Never here: a role that the seat does not have. SECURITY: the question is put to `authority` itself, on a copy of the
//! state in which the seat has only these roles, so that no second table of who may do what can disagree with it.

use std::{borrow::Cow, sync::Arc};

use writ_authority::{Command, Refusal, State, command};
use writ_model::{Cx, PersonId, Role};

use crate::Who;

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Narrowed(u8);

/// Every role, for going through a set.
const ROLES: [Role; 4] = [Role::Engineer, Role::Approver, Role::Owner, Role::Auditor];

const fn bit(role: Role) -> u8 {
    match role {
        Role::Engineer => 1,
        Role::Approver => 2,
        Role::Owner => 4,
        Role::Auditor => 8,
    }
}

impl Narrowed {
    /// The set of these.
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |all, role| all | bit(*role)))
    }

    /// Whether a role is in it.
    pub const fn has(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    /// Whether none is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What of a seat's roles is left, in the seat's order.
    pub fn of_seat(self, roles: &[Role]) -> Vec<Role> {
        roles.iter().copied().filter(|role| self.has(*role)).collect()
    }

    /// The state in which this person's seat has only these roles; without any left they are not there.
    fn cut(self, state: &State, person: PersonId) -> State {
        let mut copy = state.clone();
        if let Some(seat) = copy.people.get(&person) {
            let mut seat = seat.as_ref().clone();
            seat.roles = self.of_seat(&seat.roles);
            if seat.roles.is_empty() {
                seat.left_at = seat.left_at.or(Some(copy.last_at));
            }
            copy.people.insert(person, Arc::new(seat));
        }
        copy
    }
}

impl std::fmt::Debug for Narrowed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(ROLES.into_iter().filter(|role| self.has(*role))).finish()
    }
}

/// Whether something of their live seat is left to them in this space.
pub(crate) fn seated(state: &State, who: &Who) -> bool {
    let Some(seat) = state.people.get(&who.person).filter(|seat| seat.active()) else {
        return false;
    };
    who.narrowed.is_none_or(|narrowed| seat.roles.iter().any(|role| narrowed.has(*role)))
}

/// The state as somebody's remaining roles make it, for asking `authority` a question that is no command.
pub(crate) fn as_left<'s>(state: &'s State, who: &Who) -> Cow<'s, State> {
    match who.narrowed {
        None => Cow::Borrowed(state),
        Some(narrowed) => Cow::Owned(narrowed.cut(state, who.person)),
    }
}

/// Whether what is left of their roles suffices for a command. For somebody whose whole seat counts it asks nothing: the
/// command is decided in its turn anyway.
///
/// # Errors
/// The refusal that somebody with only these roles gets.
pub(crate) fn may(state: &State, who: &Who, command: &Command, cx: &Cx) -> Result<(), Refusal> {
    let Some(narrowed) = who.narrowed else { return Ok(()) };
    command::rehearse(&narrowed.cut(state, who.person), command, cx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = Narrowed::of(&[Role::Owner, Role::Auditor, Role::Owner]);
        assert!(set.has(Role::Owner) && set.has(Role::Auditor));
        assert!(!set.has(Role::Engineer) && !set.has(Role::Approver));
        assert_eq!(set.of_seat(&[Role::Approver, Role::Auditor]), [Role::Auditor]);
        assert_eq!(format!("{set:?}"), "{Owner, Auditor}");
        assert!(Narrowed::of(&[]).is_empty() && !set.is_empty());
    }
}
