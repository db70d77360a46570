//! Founding, clients and seats.

use writ_model::{Actor, Cx, PersonId, Role, Side, TenantId};

use super::check::{self, NAME, SAYS_YES};
use crate::{
    fact::{ClientAdded, Fact, LedgerFounded, PersonSeated},
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: seats in one tenant.
const PEOPLE: usize = 10_000;

type First = (PersonId, String, Side, Vec<Role>);

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
    let mut facts = vec![Fact::LedgerFounded(founded)];
    for (person, name, side, roles) in people {
        facts.push(seated(person, name, side, roles)?);
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

pub(super) fn seat(
    state: &State,
    cx: &Cx,
    person: Option<PersonId>,
    (name, side, roles): (String, Side, Vec<Role>),
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, SAYS_YES)?;
    check::bound("people", state.people.len() + 1, PEOPLE)?;
    if let Some(known) = person.and_then(|id| state.people.get(&id))
        && known.active()
    {
        return Err(check::taken("person", &known.name, refusal::TAKEN));
    }
    let person = person.unwrap_or_else(|| PersonId::new(cx));
    Ok(vec![seated(person, name, side, roles)?])
}

fn seated(
    person: PersonId,
    name: String,
    side: Side,
    mut roles: Vec<Role>,
) -> Result<Fact, Refusal> {
    check::text("name", &name, NAME)?;
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        let what = format!("{name} would have no role");
        let cure = "Choose engineer, approver, owner or auditor.";
        return Err(Refusal::new(refusal::ROLE, "roles", what, cure));
    }
    Ok(Fact::PersonSeated(PersonSeated { person, name, side, roles }))
}

pub(super) fn leave(state: &State, cx: &Cx, person: PersonId) -> Result<Vec<Fact>, Refusal> {
    if cx.actor().person() != Some(person) {
        check::acts(state, cx, SAYS_YES)?;
    }
    let leaving = check::seat(state, person, "person")?;
    let last = |role: Role| {
        leaving.has(role)
            && !state.people.iter().any(|(id, other)| {
                *id != person && other.active() && other.has(role) && other.side == leaving.side
            })
    };
    if last(Role::Owner) {
        let what = format!("{} is the last owner of the {}", leaving.name, leaving.side);
        let cure = "Seat another owner of that side first.";
        return Err(Refusal::new(refusal::ANSWERS, "person", what, cure));
    }
    Ok(vec![Fact::PersonLeft { person }])
}
