//! Becoming a person of a party: invited, joined with a passkey, admitted by signature.
//!
//! SECURITY: in a client's ledger the provider may invite and admit exactly one person, the first; that person's key is
//! the root of the client's trust. From then on only the client's owners do.
//! Never here: people of the provider at a client (`people.rs` seats them).

use writ_model::{Cx, Digest, InvitationId, PersonId, Role, Side, Span, Timestamp};

use super::{
    check::{self, SAYS_YES, SENTENCE},
    keys, people,
};
use crate::{
    fact::{Fact, PersonInvited},
    passkey::{Admitted, Passkey},
    refusal::{self, Refusal, cut},
    state::{Invitation, State},
};

/// How long an invitation may wait: a week, so that a link that leaks does not matter for long.
pub const INVITED: Span = Span::days(7);
/// LIMIT: invitations that wait at once.
const OPEN: usize = 100;
/// LIMIT: invitations of one tenant, the used ones included.
const ALL: usize = 50_000;

fn bad(field: &str, what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::INVITATION, field, what, cure)
}

/// Whether the actor may bring people of this side in here, now. True if it is the client's first person.
fn may_bring(state: &State, cx: &Cx, side: Side) -> Result<bool, Refusal> {
    match (state.own_side(), side) {
        (Some(Side::Provider), Side::Provider) => {
            check::speaks_for(state, cx, Side::Provider, SAYS_YES)?;
            Ok(false)
        }
        (Some(Side::Client), Side::Client) if state.client_ever => {
            check::speaks_for(state, cx, Side::Client, &[Role::Owner])?;
            Ok(false)
        }
        (Some(Side::Client), Side::Client) => {
            check::speaks_for(state, cx, Side::Provider, SAYS_YES)?;
            Ok(true)
        }
        (_, Side::Provider) => {
            let what = "the provider's people are seated at a client, not invited".to_owned();
            Err(bad("side", what, "Invite them into the provider's own space, then seat them."))
        }
        (_, Side::Client) => {
            let what = "a client's people belong in the client's space".to_owned();
            Err(bad("side", what, "Invite them there."))
        }
    }
}

/// The same with these roles: nobody makes somebody an owner who is none, but for the client's first person.
fn may_bring_as(state: &State, cx: &Cx, (side, roles): (Side, &[Role])) -> Result<bool, Refusal> {
    let first = may_bring(state, cx, side)?;
    if !first && roles.contains(&Role::Owner) {
        check::speaks_for(state, cx, side, &[Role::Owner])?;
    }
    Ok(first)
}

pub(super) fn invite(state: &State, cx: &Cx, new: PersonInvited) -> Result<Vec<Fact>, Refusal> {
    let first = may_bring_as(state, cx, (new.side, &new.roles))?;
    // The same checks of name and roles as when they are seated.
    people::seated(cx, new.person, new.name.clone(), (new.side, new.roles.clone()))?;
    check::until(cx, "expires", new.expires, INVITED)?;
    check::bound("invitations", state.invitations.len() + 1, ALL)?;
    let open: Vec<_> =
        state.invitations.values().filter(|one| waits(state, one, cx.now())).collect();
    check::bound("open invitations", open.len() + 1, OPEN)?;
    if first && !new.roles.contains(&Role::Owner) {
        let what = format!(
            "the client's first person, `{}`, would not be an owner",
            cut(&new.name.written())
        );
        return Err(bad("roles", what, "Invite them as owner."));
    }
    if let Some(other) = open.iter().find(|one| first && one.says.side == Side::Client) {
        let what = format!(
            "{} is invited as the client's first person already",
            other.says.name.written()
        );
        return Err(bad("person", what, "Withdraw that invitation first."));
    }
    let known = state.people.contains_key(&new.person)
        || state.invited.contains_key(&new.person)
        || state.invitations.contains_key(&new.invitation)
        || state.invitations.values().any(|one| one.says.code == new.code);
    if known {
        let what = "this invitation's id, person or code was used before".to_owned();
        return Err(bad("invitation", what, "Make a new one."));
    }
    let mut roles = new.roles;
    roles.sort_unstable();
    roles.dedup();
    Ok(vec![Fact::PersonInvited(PersonInvited { roles, ..new })])
}

/// Whether somebody may still join by it or waits to be admitted.
fn waits(state: &State, one: &Invitation, now: Timestamp) -> bool {
    one.open() && (now < one.says.expires || state.joined.contains_key(&one.says.invitation))
}

pub(super) fn withdraw(
    state: &State,
    cx: &Cx,
    invitation: InvitationId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::text("reason", &reason, SENTENCE)?;
    let Some(known) = state.invitations.get(&invitation) else {
        return Err(Refusal::unknown("invitation", &invitation.to_string()));
    };
    // Whoever could bring the person in may take it back, and so may the party that invited.
    let inviter = known.by.and_then(|by| state.people.get(&by)).map(|person| person.side);
    if may_bring(state, cx, known.says.side).is_err() {
        let side = inviter.unwrap_or(known.says.side);
        check::speaks_for(state, cx, side, SAYS_YES)?;
    }
    still_open(known)?;
    Ok(vec![Fact::InvitationWithdrawn { invitation, reason }])
}

fn still_open(one: &Invitation) -> Result<(), Refusal> {
    let name = one.says.name.written();
    if let Some(at) = one.admitted_at {
        let what = format!("{name} was admitted at {at}");
        return Err(bad("invitation", what, "Nothing is left to do."));
    }
    if let Some(at) = one.withdrawn_at {
        let what = format!("the invitation of {name} was withdrawn at {at}");
        return Err(bad("invitation", what, "Invite them again."));
    }
    Ok(())
}

pub(super) fn join(
    state: &State,
    cx: &Cx,
    code: Digest,
    key: Passkey,
) -> Result<Vec<Fact>, Refusal> {
    let person = check::through(cx, "join")?;
    let cure = "Ask whoever invited you for a new invitation.";
    let Some(known) = state.invitations.values().find(|one| one.says.code == code) else {
        return Err(bad("code", "this invitation is not known here".to_owned(), cure));
    };
    if known.says.person != person {
        return Err(Refusal::internal("actor", "the invitation is another person's"));
    }
    still_open(known)?;
    if known.says.expires <= cx.now() {
        let what = format!("this invitation expired at {}", known.says.expires);
        return Err(bad("code", what, cure));
    }
    if state.joined.contains_key(&known.says.invitation) {
        return Err(bad("code", "this invitation was used already".to_owned(), cure));
    }
    keys::sound(state, &key, person)?;
    keys::allowed(state, &key)?;
    Ok(vec![Fact::PersonJoined { invitation: known.says.invitation, key: Box::new(key) }])
}

pub(super) fn admit(
    state: &State,
    cx: &Cx,
    person: PersonId,
    (fingerprint, called): (String, Option<String>),
) -> Result<Vec<Fact>, Refusal> {
    let known = state.invited.get(&person).and_then(|id| state.invitations.get(id));
    let Some(known) = known else {
        return Err(Refusal::unknown("person", &person.to_string()));
    };
    let first = may_bring_as(state, cx, (known.says.side, &known.says.roles))?;
    still_open(known)?;
    let Some(joined) = state.joined.get(&known.says.invitation) else {
        let what = format!("{} has not followed the invitation yet", known.says.name.written());
        return Err(bad("person", what, "Wait until they have made a passkey."));
    };
    keys::same_fingerprint(&joined.key, &fingerprint)?;
    // Else whoever got there first would share the new person's authority.
    let before = state.people.contains_key(&person)
        || state.passkeys.values().any(|key| key.says.person == person);
    if before {
        let what = format!("{person} is a person or has a passkey here already");
        return Err(bad("person", what, "Invite them again under a new id."));
    }
    check::bound("people", state.people.len() + 1, people::PEOPLE)?;
    keys::sound(state, &joined.key, person)?;
    keys::allowed(state, &joined.key)?;
    let mut facts = Vec::new();
    if let Some(called) = called {
        check::text("called", &called, SENTENCE)?;
        facts.push(Fact::CallBackRecorded { person, fingerprint, called });
    } else if first {
        let what = format!(
            "no call-back is recorded for the client's first person, {}",
            known.says.name.written()
        );
        let cure = "Call them on a number you knew before, hear the fingerprint, and say whom you called where.";
        return Err(bad("called", what, cure));
    }
    let PersonInvited { name, side, roles, .. } = known.says.clone();
    facts.push(people::seated(cx, person, name, (side, roles))?);
    let key = Box::new(Passkey::clone(&joined.key));
    facts.push(Fact::PasskeyAdded { key, admitted: Admitted::Admission });
    Ok(facts)
}
