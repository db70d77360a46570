//! Founding, clients and seats.

use writ_model::{Actor, Cx, PersonId, PersonName, Role, Side, TenantId};

use super::check::{self, NAME, SAYS_YES, SENTENCE};
use crate::{
    fact::{ClientAdded, Fact, LedgerFounded, PersonSeated},
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: seats in one tenant.
pub(super) const PEOPLE: usize = 10_000;

type First = (PersonId, PersonName, Side, Vec<Role>);

pub(super) fn found(
    cx: &Cx,
    founded: LedgerFounded,
    people: Vec<First>,
) -> Result<Vec<Fact>, Refusal> {
    if !matches!(cx.actor(), Actor::System { .. } | Actor::Person { .. }) {
        return Err(Refusal::internal("actor", "only a person or Writ itself founds a ledger"));
    }
    if founded.tenant != cx.tenant() {
        return Err(Refusal::internal("tenant", "the first line names another tenant"));
    }
    check::text("name", &founded.name, NAME)?;
    check::slug(&founded.slug)?;
    if people.is_empty() {
        let what = "a ledger needs at least one person".to_owned();
        return Err(Refusal::new(refusal::ANSWERS, "people", what, "Name its first person."));
    }
    let client = people.iter().any(|(_, _, side, _)| *side == Side::Client);
    if client && !matches!(cx.actor(), Actor::System { .. }) {
        return Err(invited_not_seated());
    }
    let mut facts = vec![Fact::LedgerFounded(founded)];
    for (person, name, side, roles) in people {
        facts.push(seated(cx, person, name, (side, roles))?);
    }
    Ok(facts)
}

pub(super) fn add_client(
    state: &State,
    cx: &Cx,
    client: TenantId,
    name: String,
    slug: String,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, check::WORKS)?;
    if state.founded.as_ref().is_none_or(|founded| founded.side != Side::Provider) {
        let what = "only a provider's ledger lists clients".to_owned();
        return Err(Refusal::new(refusal::FOUNDED, "ledger", what, "Use the provider's space."));
    }
    check::text("name", &name, NAME)?;
    check::slug(&slug)?;
    if state.clients.values().any(|known| known.slug == slug) {
        return Err(check::taken("slug", &slug, refusal::TAKEN));
    }
    Ok(vec![Fact::ClientAdded(ClientAdded { client, name, slug })])
}

fn invited_not_seated() -> Refusal {
    let what = "people of the client are invited and bring their own passkey".to_owned();
    Refusal::new(refusal::PARTY, "side", what, "Invite the person instead.")
}

pub(super) fn seat(
    state: &State,
    cx: &Cx,
    person: Option<PersonId>,
    (name, side, roles): (PersonName, Side, Vec<Role>),
) -> Result<Vec<Fact>, Refusal> {
    if !matches!(cx.actor(), Actor::System { .. }) {
        if side == Side::Client {
            return Err(invited_not_seated());
        }
        let what = "people of the provider are invited into its own space";
        check::ledger_of(state, Side::Client, what)?;
    }
    // Nobody makes somebody an owner who is none.
    let owner = roles.contains(&Role::Owner);
    check::acts(state, cx, if owner { &[Role::Owner] } else { SAYS_YES })?;
    check::bound("people", state.people.len() + 1, PEOPLE)?;
    if let Some(known) = person.and_then(|id| state.people.get(&id)) {
        if known.active() {
            return Err(check::taken("person", &known.name.written(), refusal::TAKEN));
        }
        if known.side != side {
            let what = format!("{} is known here as of the {}", known.name.written(), known.side);
            let cure = "Nobody changes sides; a new person gets a new id.";
            return Err(Refusal::new(refusal::PARTY, "person", what, cure));
        }
    }
    if person.is_some_and(|id| state.invited.contains_key(&id)) {
        let what = "this person was invited here".to_owned();
        return Err(Refusal::new(refusal::INVITATION, "person", what, "Have them admitted."));
    }
    let person = person.unwrap_or_else(|| PersonId::new(cx));
    not_erased(state, person)?;
    Ok(vec![seated(cx, person, name, (side, roles))?])
}

pub(super) fn seated(
    cx: &Cx,
    person: PersonId,
    name: PersonName,
    (side, mut roles): (Side, Vec<Role>),
) -> Result<Fact, Refusal> {
    check::name(cx, person, &name)?;
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        let what = format!("{} would have no role", name.written());
        let cure = "Choose engineer, approver, owner or auditor.";
        return Err(Refusal::new(refusal::ROLE, "roles", what, cure));
    }
    Ok(Fact::PersonSeated(PersonSeated { person, name, side, roles }))
}

/// A person leaves by their own wish, by their own party's, or, if of the provider, by the client's.
pub(super) fn leave(state: &State, cx: &Cx, person: PersonId) -> Result<Vec<Fact>, Refusal> {
    let leaving = check::seat(state, person, "person")?;
    if cx.actor().person() != Some(person) {
        match leaving.side {
            Side::Client => drop(check::speaks_for(state, cx, Side::Client, &[Role::Owner])?),
            Side::Provider if leaving.has(Role::Owner) => check::acts(state, cx, &[Role::Owner])?,
            Side::Provider => check::acts(state, cx, SAYS_YES)?,
        }
    }
    // Whom the provider has offboarded must go everywhere, whatever is left behind them.
    if !matches!(cx.actor(), Actor::System { .. }) {
        not_the_last_owner(state, person)?;
    }
    Ok(vec![Fact::PersonLeft { person }])
}

/// In the provider's own ledger: an owner ends somebody's work for it.
pub(super) fn offboard(
    state: &State,
    cx: &Cx,
    person: PersonId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::ledger_of(state, Side::Provider, "people are offboarded by their own provider")?;
    check::speaks_for(state, cx, Side::Provider, &[Role::Owner])?;
    check::text("reason", &reason, SENTENCE)?;
    check::seat(state, person, "person")?;
    not_the_last_owner(state, person)?;
    Ok(vec![Fact::PersonOffboarded { person, reason }])
}

/// An owner of the side that somebody was of has their name erased, once they can do nothing here any more.
pub(super) fn erase(state: &State, cx: &Cx, person: PersonId) -> Result<Vec<Fact>, Refusal> {
    let refuse =
        |what: String, cure: &str| Err(Refusal::new(refusal::ERASURE, "person", what, cure));
    let invitation = state.invited.get(&person).and_then(|id| state.invitations.get(id));
    let seat = state.people.get(&person);
    let Some(side) = seat.map(|one| one.side).or(invitation.map(|one| one.says.side)) else {
        return Err(Refusal::unknown("person", &person.to_string()));
    };
    check::speaks_for(state, cx, side, &[Role::Owner])?;
    not_erased(state, person)?;
    let name = state.person_name(person);
    if seat.is_some_and(|one| one.active()) {
        let what = format!("{name} has a seat here, and who acts here has a name");
        return refuse(what, "End their seat first.");
    }
    if invitation.is_some_and(|one| one.open()) {
        let what = "this person is invited here".to_owned();
        return refuse(what, "Take the invitation back first.");
    }
    Ok(vec![Fact::PersonErased { person }])
}

/// Whoever was erased does not come back under the same id: their old lines would have a name again.
pub(super) fn not_erased(state: &State, person: PersonId) -> Result<(), Refusal> {
    let Some(at) = state.erased.get(&person) else { return Ok(()) };
    let what = format!("{person} was erased here at {at}");
    let cure = "Have them come in anew, under another id.";
    Err(Refusal::new(refusal::ERASURE, "person", what, cure))
}

/// Another owner of the side stays; and one who can sign, if this one can.
fn not_the_last_owner(state: &State, id: PersonId) -> Result<(), Refusal> {
    let leaving = check::seat(state, id, "person")?;
    let stays = state.seated(leaving.side).any(|(other, person)| {
        other != id && person.has(Role::Owner) && (person.keys > 0 || leaving.keys == 0)
    });
    if stays || !leaving.has(Role::Owner) {
        return Ok(());
    }
    let able = if leaving.keys > 0 { " with a passkey" } else { "" };
    let what =
        format!("{} is the last owner{able} of the {}", leaving.name.written(), leaving.side);
    let cure = "Have another owner of that side first.";
    Err(Refusal::new(refusal::ANSWERS, "person", what, cure))
}
