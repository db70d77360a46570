//! Who can cure what stands in the way, by name: who signs a charter, lifts a stop, approves, or does it themselves.
//! Never here: whether they may when they try (`command/`).

use writ_charter::Seat;
use writ_model::{Role, Side, Timestamp};

use crate::{
    refusal::cut,
    state::{Person, State},
};

/// LIMIT: names in one sentence.
const NAMES: usize = 3;

/// People of a party in one of these roles who can sign, by name: `Dana Cole or Ana Ruiz (owner of the client)`.
fn named(state: &State, side: Side, roles: &[Role]) -> String {
    let able = |person: &&Person| {
        person.active()
            && person.side == side
            && person.keys > 0
            && roles.iter().any(|role| person.has(*role))
    };
    let people = state.people.values().map(AsRef::as_ref);
    let names: Vec<String> =
        people.filter(able).take(NAMES).map(|one| cut(&one.name.written())).collect();
    let roles: Vec<String> = roles.iter().map(Role::to_string).collect();
    let seat = format!("{} of the {side}", roles.join(" or "));
    if names.is_empty() { format!("an {seat}") } else { format!("{} ({seat})", names.join(" or ")) }
}

/// Who has to sign a charter here: an owner of each party.
pub(super) fn signers(state: &State) -> String {
    let sides = state.signatories().iter();
    let each: Vec<String> = sides.map(|side| named(state, *side, &[Role::Owner])).collect();
    each.join(" and ")
}

/// What it takes for a charter to be in force here.
pub(super) fn charter_cure(state: &State) -> String {
    let Some(draft) = &state.draft else {
        return match state.signatories() {
            [one] => format!("Ask {} to sign a charter.", named(state, *one, &[Role::Owner])),
            _ => format!("Ask both parties to sign a charter: {}.", signers(state)),
        };
    };
    let signed = |side: &&Side| !draft.signed.iter().any(|one| one.side == **side);
    let missing = state.signatories().iter().filter(signed);
    let each: Vec<String> = missing.map(|side| named(state, *side, &[Role::Owner])).collect();
    let version = draft.charter.version;
    format!("Version {version} of the charter is proposed; it waits for {}.", each.join(" and "))
}

/// Who of a party can lift what that party stopped.
pub(super) fn lifters(state: &State, sides: &[Side]) -> String {
    let roles = [Role::Owner, Role::Approver];
    let each: Vec<String> = sides.iter().map(|side| named(state, *side, &roles)).collect();
    each.join(" and ")
}

/// Who has to approve, seat by seat.
pub(super) fn approvers(state: &State, quorum: &[Seat], until: Timestamp) -> String {
    let seat = |seat: &Seat| {
        let people = named(state, seat.party, &[seat.role]);
        match seat.n {
            1 => people,
            n => format!("{n} of {people}"),
        }
    };
    let each: Vec<String> = quorum.iter().map(seat).collect();
    format!(
        "It waits until {until} for {} to approve exactly this in the desk.",
        each.join(" and ")
    )
}

/// Who does what an agent may only propose: people of the party whose ledger this is.
pub(super) fn doers(state: &State) -> String {
    let side = state.own_side().unwrap_or(Side::Client);
    let people = named(state, side, &[Role::Engineer, Role::Approver, Role::Owner]);
    format!("It is kept as a proposal: {people} can look at it in the desk and do it, or not.")
}
