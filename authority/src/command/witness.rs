//! Who watches a ledger, who may have it exported for a while, and which logins sign whom in.
//! Never here: what a witness says (`evidence`), or an identity provider's tokens (`identity`).

use writ_model::{Cx, Role, Side, Span, Timestamp, WitnessId};

use super::check::{self, NAME, SAYS_YES, SENTENCE};
use crate::{
    fact::{Fact, WitnessNamed},
    refusal::{self, Refusal, cut},
    state::State,
};

/// How long an export may stay allowed.
pub const EXPORT: Span = Span::hours(1);
/// LIMIT: witnesses of one side that are asked at once.
const WITNESSES: usize = 8;
/// LIMIT: witnesses of one tenant, the removed included.
const ALL: usize = 1_000;
/// LIMIT: a verifier key's text.
const VKEY: usize = 256;
/// LIMIT: logins of one person.
const LOGINS: usize = 8;
/// LIMIT: an issuer or a subject (OpenID Connect Core, section 2: `sub` has at most 255 characters).
const LOGIN: usize = 255;

pub(super) fn name(state: &State, cx: &Cx, new: WitnessNamed) -> Result<Vec<Fact>, Refusal> {
    check::speaks_for(state, cx, new.side, SAYS_YES)?;
    check::text("name", &new.name, NAME)?;
    let refuse = |field: &str, what: String, cure: &str| {
        Err(Refusal::new(refusal::WITNESS, field, what, cure))
    };
    let parts = new.key.splitn(3, '+').filter(|part| !part.is_empty()).count();
    if parts != 3 || new.key.len() > VKEY || new.key.contains(|c: char| !c.is_ascii_graphic()) {
        let what = format!("key `{}` is no verifier key", cut(&new.key));
        return refuse("key", what, "Copy the line that `writ witness init` printed.");
    }
    check::bound("witnesses", state.witnesses.len() + 1, ALL)?;
    check::bound("witnesses of one side", state.watching(new.side).count() + 1, WITNESSES)?;
    let living = |one: &&WitnessNamed| one.key == new.key || one.name == new.name;
    let living = [Side::Provider, Side::Client]
        .into_iter()
        .flat_map(|side| state.watching(side))
        .map(|one| &one.says)
        .find(living);
    if let Some(other) = living {
        let what = format!("the witness `{}` has this name or key", cut(&other.name));
        return refuse("name", what, "Remove that one first, or use another name and key.");
    }
    if state.witnesses.contains_key(&new.witness) {
        return refuse("witness", "this id was used before".to_owned(), "Name it again.");
    }
    Ok(vec![Fact::WitnessNamed(new)])
}

pub(super) fn remove(
    state: &State,
    cx: &Cx,
    witness: WitnessId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::text("reason", &reason, SENTENCE)?;
    let Some(known) = state.witnesses.get(&witness) else {
        return Err(Refusal::unknown("witness", &witness.to_string()));
    };
    check::speaks_for(state, cx, known.says.side, SAYS_YES)?;
    if let Some(at) = known.removed_at {
        let what = format!("{} was removed at {at}", known.says.name);
        return Err(Refusal::new(refusal::WITNESS, "witness", what, "Nothing is left to do."));
    }
    Ok(vec![Fact::WitnessRemoved { witness, reason }])
}

/// Those who may have a ledger exported.
pub(super) const EXPORTS: &[Role] = &[Role::Owner, Role::Engineer, Role::Auditor];

pub(super) fn allow_export(state: &State, cx: &Cx, until: Timestamp) -> Result<Vec<Fact>, Refusal> {
    let person = check::person(cx)?;
    check::acts(state, cx, EXPORTS)?;
    check::until(cx, "until", until, EXPORT)?;
    Ok(vec![Fact::ExportAllowed { person, until }])
}

fn login_refused(what: &str, cure: &str) -> Refusal {
    Refusal::new(refusal::LOGIN, "subject", what.to_owned(), cure)
}

pub(super) fn link(
    state: &State,
    cx: &Cx,
    (issuer, subject): (String, String),
) -> Result<Vec<Fact>, Refusal> {
    check::ledger_of(state, Side::Provider, "logins are linked by the provider's people")?;
    let person = check::person(cx)?;
    check::seat(state, person, "actor")?;
    check::text("issuer", &issuer, LOGIN)?;
    check::text("subject", &subject, LOGIN)?;
    let mine = state.logins.values().filter(|whose| **whose == person).count();
    check::bound("logins", mine + 1, LOGINS)?;
    if state.logins.contains_key(&(issuer.clone(), subject.clone())) {
        let cure = "Unlink it where it is linked first.";
        return Err(login_refused("this login is linked already", cure));
    }
    Ok(vec![Fact::LoginLinked { person, issuer, subject }])
}

pub(super) fn unlink(
    state: &State,
    cx: &Cx,
    (issuer, subject): (String, String),
) -> Result<Vec<Fact>, Refusal> {
    check::ledger_of(state, Side::Provider, "logins are linked by the provider's people")?;
    let person = check::person(cx)?;
    check::seat(state, person, "actor")?;
    if state.logins.get(&(issuer.clone(), subject.clone())) != Some(&person) {
        return Err(login_refused("this login is not linked to you", "Nothing is left to do."));
    }
    Ok(vec![Fact::LoginUnlinked { person, issuer, subject }])
}
