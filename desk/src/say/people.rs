//! Facts about people in plain words: signatures, invitations, passkeys, recoveries, witnesses.

use writ_authority::{Admitted, Fact, State, passkey::Passkey};
use writ_model::{PasskeyId, PersonId};

use super::{sentence, side};

/// What became so; nothing if it is not about people.
pub(super) fn fact(state: &State, fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::ActSigned(receipt) => {
            let who = state.person_name(receipt.request.person);
            format!("{who} signed with a passkey: {}", sentence(&receipt.request.title()))
        }
        Fact::PersonInvited(one) => {
            let roles: Vec<String> = one.roles.iter().map(ToString::to_string).collect();
            let (name, side) = (one.name.written(), side(one.side));
            format!("{name} was invited for the {side} as {}.", roles.join(" and "))
        }
        Fact::InvitationWithdrawn { invitation, reason } => {
            let known = state.invitations.get(invitation);
            let name = known.map_or_else(|| invitation.to_string(), |one| one.says.name.written());
            format!("The invitation of {name} was withdrawn: {}", sentence(reason))
        }
        Fact::PersonJoined { invitation, key } => {
            let known = state.invitations.get(invitation);
            let name = known.map_or_else(|| key.person.to_string(), |one| one.says.name.written());
            // Its fingerprint is to be heard from its person, not copied from here.
            format!("{name} made a passkey and waits to be admitted.")
        }
        Fact::CallBackRecorded { person, fingerprint, called } => {
            let name = state.person_name(*person);
            format!(
                "A call-back is recorded: {name} read out {fingerprint}. Called: {}",
                sentence(called)
            )
        }
        Fact::PasskeyAdded { key, admitted } => added(state, key, *admitted),
        Fact::PasskeyRevoked { passkey, reason } => {
            format!("{} was revoked: {}", of(state, *passkey), sentence(reason))
        }
        Fact::RecoveryAsked(one) => {
            let name = state.person_name(one.person);
            format!("A recovery of the passkeys of {name} was begun: {}", sentence(&one.reason))
        }
        Fact::RecoveryKeyOffered { key, .. } => {
            format!("{} made a new passkey for lost ones.", state.person_name(key.person))
        }
        Fact::RecoveryConfirmed { recovery, person } => {
            let known = state.recoveries.get(recovery);
            let whose = known
                .map_or_else(|| recovery.to_string(), |one| state.person_name(one.says.person));
            format!("{} confirmed the new passkey of {whose}.", state.person_name(*person))
        }
        Fact::RecoveryRefused { recovery, reason } => {
            let known = state.recoveries.get(recovery);
            let whose = known
                .map_or_else(|| recovery.to_string(), |one| state.person_name(one.says.person));
            format!("The recovery of {whose} was called off: {}", sentence(reason))
        }
        Fact::PersonOffboarded { person, reason } => {
            let name = state.person_name(*person);
            format!("{name} does not work for the provider any more: {}", sentence(reason))
        }
        Fact::PersonErased { person } => {
            format!("The name of {person} was erased; what they did stays.")
        }
        other => return access(state, other),
    })
}

fn access(state: &State, fact: &Fact) -> Option<String> {
    let name = |person: &PersonId| state.person_name(*person);
    Some(match fact {
        Fact::WitnessNamed(one) => {
            format!("{} watches this ledger for the {} from now on.", one.name, side(one.side))
        }
        Fact::WitnessRemoved { witness, reason } => {
            let known = state.witnesses.get(witness);
            let who = known.map_or_else(|| witness.to_string(), |one| one.says.name.clone());
            format!("{who} watches this ledger no more: {}", sentence(reason))
        }
        Fact::ExportAllowed { person, until } => {
            format!("{} may have this ledger exported until {until}.", name(person))
        }
        Fact::KeyPolicySet { policy } => {
            format!("From now on {} may be used here.", policy.words())
        }
        Fact::LedgerMoved(moved) => format!(
            "This ledger goes on at {}. Every active agent is on hold; the old provider's people left.",
            moved.name
        ),
        Fact::LoginLinked { person, issuer, subject } => {
            format!("{} may sign in as {subject} at {issuer}.", name(person))
        }
        Fact::LoginUnlinked { person, issuer, subject } => {
            format!("{} signs in as {subject} at {issuer} no more.", name(person))
        }
        _ => return None,
    })
}

fn added(state: &State, key: &Passkey, admitted: Admitted) -> String {
    let (name, label, print) = (state.person_name(key.person), &key.label, key.fingerprint());
    match admitted {
        Admitted::Bootstrap => format!("{name} made the very first passkey, {label} ({print})."),
        Admitted::Own => format!("{name} added the passkey {label} ({print})."),
        Admitted::Admission => format!("The passkey {label} of {name} was admitted ({print})."),
        Admitted::Recovery { .. } => {
            format!("The new passkey {label} of {name} was let in by two colleagues ({print}).")
        }
        Admitted::Mirrored => {
            format!("The passkey {label} of {name} was copied from the provider ({print}).")
        }
    }
}

fn of(state: &State, passkey: PasskeyId) -> String {
    state.passkeys.get(&passkey).map_or_else(
        || format!("Passkey {passkey}"),
        |key| format!("The passkey {} of {}", key.says.label, state.person_name(key.says.person)),
    )
}
