//! A person's keys and logins changed: they are told, and the owners of their party, because it may not have been them.
//!
//! Never here: a link or a code of a recovery.

use writ_authority::{Admitted, Fact};
use writ_model::{Actor, PersonId, Role, Timestamp};

use super::{Place, Telling};
use crate::{
    notify::{
        Kind,
        words::{moment, quoted},
    },
    say,
};

/// What changed, and whose; nothing if it is a copy of what was told elsewhere.
pub(super) fn changed(
    place: Place<'_>,
    at: Timestamp,
    (actor, fact): (&Actor, &Fact),
) -> Option<Telling> {
    let person = whose(place, fact)?;
    let state = place.state;
    let side = state.people.get(&person).map(|one| one.side);
    // The keys of the other party's people are theirs: what is here is a copy, told of in their own ledger.
    if side.is_some() && side != state.own_side() {
        return None;
    }
    let message = place
        .message(Kind::CredentialChanged, at)
        .says(format!("This concerns {}: {}", place.name(person), quoted(&say::fact(state, fact))))
        .says(format!("{} did it, at {}.", place.actor(actor), moment(at)))
        .says("If that is not right, revoke the key in Writ at once, and call an owner of your party on a number that you know.")
        .at_page("people");
    let mut people = side.map(|side| place.people(&[side], &[Role::Owner])).unwrap_or_default();
    people.insert(person);
    Some(Telling::new(message, people))
}

fn whose(place: Place<'_>, fact: &Fact) -> Option<PersonId> {
    match fact {
        Fact::PasskeyAdded { admitted: Admitted::Mirrored, .. } => None,
        Fact::PasskeyAdded { key, .. } => Some(key.person),
        Fact::PasskeyRevoked { passkey, .. } => {
            place.state.passkeys.get(passkey).map(|known| known.says.person)
        }
        Fact::RecoveryAsked(asked) => Some(asked.person),
        Fact::LoginLinked { person, .. } | Fact::LoginUnlinked { person, .. } => Some(*person),
        _ => None,
    }
}
