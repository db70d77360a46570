//! A person who lost their passkeys gets a new one, once two others of their party have heard its fingerprint from them.
//!
//! SECURITY: nobody recovers themself, one person alone recovers nobody, and no party recovers the other's people.
//! Never here: the link and its code; only the code's digest.

use writ_model::{Cx, Digest, PersonId, RecoveryId, Role, Side, Span};

use super::{
    check::{self, SAYS_YES, SENTENCE},
    keys,
};
use crate::{
    fact::{Fact, RecoveryAsked},
    passkey::{Admitted, Passkey},
    refusal::{self, Refusal},
    state::{Recovery, State},
};

/// How long a recovery's link may be followed.
pub const OFFER: Span = Span::days(1);
/// How long after that it may be confirmed.
pub const CONFIRM: Span = Span::days(7);
/// How many others have to confirm.
pub const CONFIRMERS: usize = 2;
/// LIMIT: recoveries of one tenant, the done ones included.
const ALL: usize = 10_000;

fn bad(field: &str, what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::RECOVERY, field, what, cure)
}

/// The actor may help this person recover: of the same party, says yes there, and is not them.
fn helps(state: &State, cx: &Cx, person: PersonId) -> Result<PersonId, Refusal> {
    let lost = check::seat(state, person, "person")?;
    keys::home(state, lost.side)?;
    let (actor, _) = check::speaks_for(state, cx, lost.side, SAYS_YES)?;
    if actor == person {
        let what = format!("{} cannot recover themself", lost.name.written());
        let cure = "Two others of the same party do it.";
        return Err(bad("person", what, cure));
    }
    Ok(actor)
}

pub(super) fn ask(state: &State, cx: &Cx, new: RecoveryAsked) -> Result<Vec<Fact>, Refusal> {
    helps(state, cx, new.person)?;
    check::text("reason", &new.reason, SENTENCE)?;
    check::until(cx, "expires", new.expires, OFFER)?;
    check::bound("recoveries", state.recoveries.len() + 1, ALL)?;
    let open = |one: &Recovery| {
        let over = match one.offered {
            None => one.says.expires <= cx.now(),
            Some(_) => one.says.expires + CONFIRM <= cx.now(),
        };
        one.says.person == new.person && one.open() && !over
    };
    if state.recoveries.values().any(|one| open(one)) {
        let what = format!("a recovery of {} is under way", state.person_name(new.person));
        return Err(bad("person", what, "Confirm or refuse that one first."));
    }
    let known = state.recoveries.contains_key(&new.recovery)
        || state.recoveries.values().any(|one| one.says.code == new.code);
    if known {
        let what = "this recovery's id or code was used before".to_owned();
        return Err(bad("recovery", what, "Begin a new one."));
    }
    Ok(vec![Fact::RecoveryAsked(new)])
}

fn still_open(state: &State, one: &Recovery) -> Result<(), Refusal> {
    let name = state.person_name(one.says.person);
    if let Some(at) = one.done_at {
        let what = format!("the recovery of {name} was done at {at}");
        return Err(bad("recovery", what, "Nothing is left to do."));
    }
    if let Some(at) = one.refused_at {
        let what = format!("the recovery of {name} was refused at {at}");
        return Err(bad("recovery", what, "Begin a new one."));
    }
    Ok(())
}

pub(super) fn offer(
    state: &State,
    cx: &Cx,
    code: Digest,
    key: Passkey,
) -> Result<Vec<Fact>, Refusal> {
    let person = check::through(cx, "recover")?;
    let cure = "Ask your party for a new link.";
    let Some(known) = state.recoveries.values().find(|one| one.says.code == code) else {
        return Err(bad("code", "this link is not known here".to_owned(), cure));
    };
    if known.says.person != person {
        return Err(Refusal::internal("actor", "the recovery is another person's"));
    }
    check::seat(state, person, "actor")?;
    still_open(state, known)?;
    if known.says.expires <= cx.now() {
        let what = format!("this link expired at {}", known.says.expires);
        return Err(bad("code", what, cure));
    }
    if known.offered.is_some() {
        return Err(bad("code", "this link was used already".to_owned(), cure));
    }
    keys::sound(state, &key, person)?;
    keys::allowed(state, &key)?;
    Ok(vec![Fact::RecoveryKeyOffered { recovery: known.says.recovery, key: Box::new(key) }])
}

fn known(state: &State, id: RecoveryId) -> Result<&Recovery, Refusal> {
    let found = state.recoveries.get(&id).map(AsRef::as_ref);
    found.ok_or_else(|| Refusal::unknown("recovery", &id.to_string()))
}

pub(super) fn confirm(
    state: &State,
    cx: &Cx,
    recovery: RecoveryId,
    fingerprint: &str,
) -> Result<Vec<Fact>, Refusal> {
    let one = known(state, recovery)?;
    let person = one.says.person;
    let actor = helps(state, cx, person)?;
    still_open(state, one)?;
    let Some((key, _)) = &one.offered else {
        let what = format!("{} has not made a new passkey yet", state.person_name(person));
        return Err(bad("recovery", what, "Wait until they followed the link."));
    };
    if one.says.expires + CONFIRM <= cx.now() {
        let what = format!("the recovery was open until {}", one.says.expires + CONFIRM);
        return Err(bad("recovery", what, "Begin a new one."));
    }
    if one.confirmed.contains(&actor) {
        let what = format!("{} has confirmed already", state.person_name(actor));
        return Err(bad("actor", what, "Somebody else has to confirm too."));
    }
    keys::same_fingerprint(key, fingerprint)?;
    let mut facts = vec![Fact::RecoveryConfirmed { recovery, person: actor }];
    let side = state.people.get(&person).map_or(Side::Client, |known| known.side);
    if 1 + one.confirmed.iter().filter(|id| counts(state, **id, side)).count() < CONFIRMERS {
        return Ok(facts);
    }
    keys::sound(state, key, person)?;
    keys::allowed(state, key)?;
    let new = Box::new(Passkey::clone(key));
    facts.push(Fact::PasskeyAdded { key: new, admitted: Admitted::Recovery { recovery } });
    facts.extend(state.live_keys(person).map(|(passkey, _)| {
        let reason = "replaced by a recovery".to_owned();
        Fact::PasskeyRevoked { passkey, reason }
    }));
    Ok(facts)
}

/// A confirmation counts while whoever gave it could still give it.
fn counts(state: &State, confirmer: PersonId, side: Side) -> bool {
    state.people.get(&confirmer).is_some_and(|person| {
        person.active()
            && person.side == side
            && SAYS_YES.iter().any(|role: &Role| person.has(*role))
    })
}

pub(super) fn refuse(
    state: &State,
    cx: &Cx,
    recovery: RecoveryId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::text("reason", &reason, SENTENCE)?;
    let one = known(state, recovery)?;
    let person = one.says.person;
    if cx.actor().person() == Some(person) {
        check::seat(state, person, "actor")?;
    } else {
        helps(state, cx, person)?;
    }
    still_open(state, one)?;
    Ok(vec![Fact::RecoveryRefused { recovery, reason }])
}
