//! Charters: proposed by either party, signed by an owner of each, in force when everybody signed; and the stops that
//! either party sets alone and lifts alone: a delegation taken back, everything frozen. Templates of the provider.
//!
//! Never here: what a clause means (`writ_charter`), approvals (`approve.rs`), what is governed (`governed.rs`).

use std::collections::BTreeSet;

use writ_charter::{Charter, Scope, Template};
use writ_model::{CharterId, Cx, PersonId, Role, Side, canonical};

use super::check::{self, NAME, SAYS_YES, SENTENCE, WORKS};
use crate::{
    fact::Fact,
    refusal::{self, Refusal, cut},
    signed::charter_names,
    state::{Person, State},
    trace,
};

/// LIMIT: a charter with the names that are signed with it, in bytes: what is left of a ledger line is for the signature.
const SIGNED: usize = 54_000;
/// LIMIT: templates of one provider.
const TEMPLATES: usize = 64;

fn bad(field: &str, what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::CHARTER, field, what, cure)
}

/// The acting person, seated, in one of these roles.
fn acting<'s>(
    state: &'s State,
    cx: &Cx,
    roles: &[Role],
) -> Result<(PersonId, &'s Person), Refusal> {
    let id = check::person(cx)?;
    let seated = check::seat(state, id, "actor")?;
    check::acts(state, cx, roles)?;
    Ok((id, seated))
}

/// What a draft says enforces its clauses is worked out here, whatever it says itself.
pub(super) fn propose(state: &State, cx: &Cx, charter: &Charter) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    fits(state, cx, charter)?;
    let charter = trace::named(charter, &trace::points_of(charter));
    fits(state, cx, &charter)?;
    Ok(vec![Fact::CharterProposed { charter: Box::new(charter) }])
}

/// Well formed, of this client, the next version, about agents and groups that are there, and short enough to be signed.
fn fits(state: &State, cx: &Cx, charter: &Charter) -> Result<(), Refusal> {
    if let Err(found) = charter.check() {
        let more = found.len().saturating_sub(1);
        let Some(first) = found.into_iter().next() else {
            return Err(Refusal::internal("charter", "it is not well formed"));
        };
        let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        let what = format!("`{}` {}{more}", cut(&first.value), first.rule);
        return Err(bad(&first.field, what, &first.cure));
    }
    if charter.client != state.tenant {
        let what = format!("it is the charter of {}", charter.client);
        return Err(bad("client", what, "Propose it in its own client's space."));
    }
    let own = match state.own_side() {
        Some(Side::Provider) => &charter.parties.provider,
        Some(Side::Client) | None => &charter.parties.client,
    };
    if own != state.party_name() {
        let what = format!("it names `{}`, and this is {}", cut(own), state.party_name());
        return Err(bad("parties", what, "Use the party's name as it is here."));
    }
    let before = state.charter.iter().chain(&state.past);
    let next = before.clone().map(|one| one.charter.version).max().unwrap_or(0).saturating_add(1);
    if charter.version != next {
        let what = format!("the next version is {next}, not {}", charter.version);
        return Err(bad("version", what, "Begin from the charter that is in force now."));
    }
    if before.clone().any(|one| one.charter.charter == charter.charter) {
        let what = format!("{} is another version", charter.charter);
        return Err(bad("charter", what, "Give every version an id of its own."));
    }
    if charter.until.is_some_and(|until| until <= cx.now()) {
        return Err(bad("until", "it is over already".to_owned(), "Choose a later end."));
    }
    known(state, charter)?;
    let names: usize =
        charter_names(state, charter).iter().map(|(id, name)| id.len() + name.len() + 6).sum();
    let whole = canonical::to_vec(charter).map_or(usize::MAX, |bytes| bytes.len());
    if whole.saturating_add(names) > SIGNED {
        let what = format!("with its names it has more than {SIGNED} bytes");
        return Err(bad("clauses", what, "Name groups instead of agents, or merge clauses."));
    }
    Ok(())
}

/// Every agent and group that a scope names is there.
fn known(state: &State, charter: &Charter) -> Result<(), Refusal> {
    for scope in scopes(charter) {
        if let Some(id) = scope.agents.iter().find(|id| !state.agents.contains_key(*id)) {
            return Err(Refusal::unknown("agent", &id.to_string()));
        }
        if let Some(id) = scope.groups.iter().find(|id| !state.groups.contains_key(*id)) {
            return Err(Refusal::unknown("group", &id.to_string()));
        }
    }
    Ok(())
}

/// Every scope in a charter, those of exceptions included.
pub(crate) fn scopes(charter: &Charter) -> impl Iterator<Item = &Scope> {
    charter.clauses.iter().flat_map(|clause| {
        std::iter::once(&clause.scope).chain(clause.unless.iter().map(|unless| &unless.scope))
    })
}

pub(super) fn withdraw(
    state: &State,
    cx: &Cx,
    charter: CharterId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    match &state.draft {
        Some(draft) if draft.charter.charter == charter => {
            Ok(vec![Fact::CharterWithdrawn { charter, reason }])
        }
        Some(_) | None => Err(Refusal::unknown("draft", &charter.to_string())),
    }
}

pub(super) fn sign(state: &State, cx: &Cx, charter: &Charter) -> Result<Vec<Fact>, Refusal> {
    let (person, seated) = acting(state, cx, &[Role::Owner])?;
    let cure = "Read the draft as it is now, then sign that.";
    let Some(draft) = &state.draft else {
        return Err(bad("charter", "no charter is proposed".to_owned(), "Propose one first."));
    };
    if *draft.charter != *charter {
        return Err(bad("charter", "it is not the draft, letter for letter".to_owned(), cure));
    }
    let side = seated.side;
    if !state.signatories().contains(&side) {
        let what = format!("the {side} does not sign here");
        return Err(Refusal::new(
            refusal::PARTY,
            "actor",
            what,
            "Ask the party whose space it is.",
        ));
    }
    if draft.signed.iter().any(|one| one.side == side) {
        let what = format!("the {side} signed it already");
        return Err(bad("charter", what, "The other party has to sign now."));
    }
    fits(state, cx, charter)?;
    let (charter, digest) = (charter.charter, draft.digest);
    let mut facts = vec![Fact::CharterSigned { charter, digest, person, side }];
    let signed: BTreeSet<Side> = draft.signed.iter().map(|one| one.side).chain([side]).collect();
    if state.signatories().iter().all(|side| signed.contains(side)) {
        facts.push(Fact::CharterInForce { charter, digest });
    }
    Ok(facts)
}

pub(super) fn suspend(
    state: &State,
    cx: &Cx,
    clause: Option<String>,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    let (_, seated) = acting(state, cx, WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    if let Some(key) = &clause {
        let here = state.charter.iter().flat_map(|one| &one.charter.clauses);
        if !here.into_iter().any(|one| one.key == *key) {
            return Err(Refusal::unknown("clause", key));
        }
    }
    let side = seated.side;
    if state.suspensions.contains_key(&(side, clause.clone())) {
        let what = format!("the {side} took this back already");
        let cure = "Nothing is left to do.";
        return Err(Refusal::new(refusal::SUSPENDED, "clause", what, cure));
    }
    Ok(vec![Fact::DelegationSuspended { clause, side, reason }])
}

pub(super) fn resume(state: &State, cx: &Cx, clause: Option<String>) -> Result<Vec<Fact>, Refusal> {
    let (_, seated) = acting(state, cx, SAYS_YES)?;
    let side = seated.side;
    if !state.suspensions.contains_key(&(side, clause.clone())) {
        let what = format!("the {side} did not take this back");
        let cure = "Who took it back delegates it again: ask the other party.";
        return Err(Refusal::new(refusal::SUSPENDED, "clause", what, cure));
    }
    Ok(vec![Fact::DelegationResumed { clause, side }])
}

pub(super) fn freeze(state: &State, cx: &Cx, reason: String) -> Result<Vec<Fact>, Refusal> {
    let (_, seated) = acting(state, cx, WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    let side = seated.side;
    if state.freezes.contains_key(&side) {
        let what = format!("the {side} froze everything already");
        return Err(Refusal::new(refusal::FROZEN, "client", what, "Nothing is left to do."));
    }
    Ok(vec![Fact::ClientFrozen { side, reason }])
}

pub(super) fn thaw(state: &State, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    let (_, seated) = acting(state, cx, SAYS_YES)?;
    let side = seated.side;
    if !state.freezes.contains_key(&side) {
        let what = format!("the {side} froze nothing");
        let cure = "Who froze lets go on: ask the other party.";
        return Err(Refusal::new(refusal::FROZEN, "client", what, cure));
    }
    Ok(vec![Fact::ClientThawed { side }])
}

pub(super) fn template(state: &State, cx: &Cx, template: Template) -> Result<Vec<Fact>, Refusal> {
    check::ledger_of(state, Side::Provider, "templates are kept by the provider")?;
    check::acts(state, cx, SAYS_YES)?;
    let bad = |field: &str, what: String, cure: &str| {
        Err(Refusal::new(refusal::TEMPLATE, field, what, cure))
    };
    check::text("name", &template.name, NAME)?;
    let known = state.templates.contains_key(&template.name);
    check::bound("templates", state.templates.len() + usize::from(!known), TEMPLATES)?;
    if writ_charter::template::builtin().iter().any(|one| one.name == template.name) {
        let what = format!("`{}` comes with Writ", cut(&template.name));
        return bad("name", what, "Choose another name, and build on that one.");
    }
    if let Err(found) = template.check() {
        let Some(first) = found.into_iter().next() else {
            return Err(Refusal::internal("template", "it is not well formed"));
        };
        let what = format!("`{}` {}", cut(&first.value), first.rule);
        return bad(&first.field, what, &first.cure);
    }
    let bytes = canonical::to_vec(&template).map_or(usize::MAX, |bytes| bytes.len());
    check::bound("bytes", bytes, Charter::MOST_BYTES)?;
    let kept = state.templates.values().map(|kept| kept.template.as_ref());
    let others = kept.filter(|one| one.name != template.name);
    let all: Vec<&Template> = others.chain([&template]).collect();
    if let Err(fault) = writ_charter::template::chain(&template.name, &all) {
        return bad("parent", fault.to_string(), "Choose another parent.");
    }
    Ok(vec![Fact::TemplateSet { template: Box::new(template) }])
}
