//! Checks that commands share: seats and roles, texts, lives. Each names the field, the value, the rule and the cure.

use writ_model::{Actor, AgentId, Code, Cx, PersonId, PersonName, Role, Side, Span, Timestamp};

use super::Command;
use crate::{
    agent::Agent,
    fact::Fact,
    refusal::{self, Refusal, cut},
    state::{Person, State},
};

/// LIMIT: one line of a ledger: the tlog-tiles entry bundle allows 65,535 bytes; the rest is room for later fields.
const LINE: usize = 60_000;
/// LIMIT: names, so that they fit a row on a phone.
pub(super) const NAME: usize = writ_model::name::LONGEST;
/// LIMIT: sentences, so that a reason stays a reason.
pub(super) const SENTENCE: usize = 500;

pub(super) fn founded(state: &State, command: &Command) -> Result<(), Refusal> {
    match (state.founded.is_some(), matches!(command, Command::Found { .. })) {
        (true, true) => Err(Refusal::new(
            refusal::FOUNDED,
            "ledger",
            format!("the ledger of {} is already founded", state.party_name()),
            "Use it as it is.",
        )),
        (false, false) => Err(Refusal::new(
            refusal::FOUNDED,
            "ledger",
            "this ledger has no first line yet".to_owned(),
            "Found the provider, or add the client, first.",
        )),
        (true, false) | (false, true) => Ok(()),
    }
}

pub(super) fn line_fits(line: &[u8]) -> Result<(), Refusal> {
    if line.len() <= LINE {
        return Ok(());
    }
    let what = format!("the line would have {} bytes; at most {LINE} fit", line.len());
    Err(Refusal::new(refusal::BOUND, "line", what, "Shorten lists or texts, or split it in two."))
}

/// A process that follows this ledger and cannot read a line refuses the client: first all of them have to read it. What
/// raises the format is written in the one before.
pub(crate) fn format_may_be_written(state: &State, fact: &Fact) -> Result<(), Refusal> {
    let needs = match fact {
        Fact::FormatRaised { format } => format.saturating_sub(1),
        other => other.format(),
    };
    if needs <= state.format {
        return Ok(());
    }
    let what = format!("this takes format {needs} of the ledger, and {} holds", state.format);
    let cure = "Bring every gateway, soc and desk to this release; older ones still run.";
    Err(Refusal::new(refusal::FORMAT, "format", what, cure))
}

/// The acting person, seated here and in one of these roles. Writ itself passes.
pub(super) fn acts(state: &State, cx: &Cx, roles: &[Role]) -> Result<(), Refusal> {
    let person = match cx.actor() {
        Actor::System { .. } => return Ok(()),
        Actor::Agent { id } => {
            let what = format!("{id} is an agent; agents change no authority");
            return Err(Refusal::new(refusal::ROLE, "actor", what, "A person has to do this."));
        }
        Actor::Person { id, .. } => *id,
    };
    let seated = seat(state, person, "actor")?;
    if seated.roles.iter().any(|role| roles.contains(role)) {
        return Ok(());
    }
    let wanted: Vec<String> = roles.iter().map(Role::to_string).collect();
    let what =
        format!("{} may not do this here: it takes {}", seated.name.written(), wanted.join(" or "));
    let cure = "Ask somebody in that role, or have the role given.";
    Err(Refusal::new(refusal::ROLE, "actor", what, cure))
}

/// The acting person, seated here for this side in one of these roles; nobody else passes, Writ itself included.
pub(super) fn speaks_for<'s>(
    state: &'s State,
    cx: &Cx,
    side: Side,
    roles: &[Role],
) -> Result<(PersonId, &'s Person), Refusal> {
    let id = person(cx)?;
    let seated = seat(state, id, "actor")?;
    if seated.side != side {
        let what = format!(
            "{} is of the {}; this is for the {side} alone",
            seated.name.written(),
            seated.side
        );
        let cure = format!("Ask somebody of the {side}.");
        return Err(Refusal::new(refusal::PARTY, "actor", what, &cure));
    }
    acts(state, cx, roles)?;
    Ok((id, seated))
}

/// The acting person, seated or not.
pub(super) fn person(cx: &Cx) -> Result<PersonId, Refusal> {
    cx.actor().person().ok_or_else(|| {
        let what = "only a person may do this".to_owned();
        Refusal::new(refusal::ROLE, "actor", what, "Sign in as a person.")
    })
}

/// Only Writ itself.
pub(super) fn system(cx: &Cx) -> Result<(), Refusal> {
    match cx.actor() {
        Actor::System { .. } => Ok(()),
        Actor::Person { .. } | Actor::Agent { .. } => {
            Err(Refusal::internal("actor", "only Writ itself does this"))
        }
    }
}

/// The acting person came through this door.
pub(super) fn through(cx: &Cx, door: &str) -> Result<PersonId, Refusal> {
    match cx.actor() {
        Actor::Person { id, via } if via == door => Ok(*id),
        Actor::Person { .. } | Actor::Agent { .. } | Actor::System { .. } => {
            Err(Refusal::internal("actor", "this came through another door"))
        }
    }
}

/// In the ledger of this side.
pub(super) fn ledger_of(state: &State, side: Side, what: &str) -> Result<(), Refusal> {
    if state.own_side() == Some(side) {
        return Ok(());
    }
    let cure = format!("Do it in the space of the {side}.");
    Err(Refusal::new(refusal::FOUNDED, "ledger", what.to_owned(), &cure))
}

/// An instant after now and at most so far ahead.
pub(super) fn until(cx: &Cx, field: &str, at: Timestamp, most: Span) -> Result<(), Refusal> {
    let refuse = |what: String| {
        Err(Refusal::new(refusal::BOUND, field, what, "Choose an end within the limit."))
    };
    if at <= cx.now() {
        return refuse(format!("{field} {at} is not in the future"));
    }
    if at > cx.now() + most {
        return refuse(format!("{field} {at} is later than {} may be", cx.now() + most));
    }
    Ok(())
}

/// Everybody who may change something: all but auditors.
pub(super) const WORKS: &[Role] = &[Role::Engineer, Role::Approver, Role::Owner];
/// Those who say yes.
pub(super) const SAYS_YES: &[Role] = &[Role::Approver, Role::Owner];

/// A person who is seated here now.
pub(super) fn seat<'s>(state: &'s State, id: PersonId, field: &str) -> Result<&'s Person, Refusal> {
    let refuse = |what: String| {
        let cure = "Seat the person at this client first.";
        Err(Refusal::new(refusal::NOT_SEATED, field, what, cure))
    };
    match state.people.get(&id) {
        None => refuse(format!("{id} has no seat here")),
        Some(person) => match person.left_at {
            Some(at) => refuse(format!("{} left on {at}", person.name.written())),
            None => Ok(person),
        },
    }
}

pub(super) fn agent(state: &State, id: AgentId) -> Result<&Agent, Refusal> {
    state
        .agents
        .get(&id)
        .map(AsRef::as_ref)
        .ok_or_else(|| Refusal::unknown("agent", &id.to_string()))
}

/// A living agent.
pub(super) fn living(state: &State, id: AgentId) -> Result<&Agent, Refusal> {
    let agent = agent(state, id)?;
    if agent.lives() {
        return Ok(agent);
    }
    Err(life(agent, "An ended agent does not come back; propose a new one."))
}

pub(super) fn life(agent: &Agent, cure: &str) -> Refusal {
    let what = format!("{} is {}", agent.name(), agent.life.word());
    Refusal::new(refusal::LIFE, "agent", what, cure)
}

/// A text that is not empty, not too long, and holds no control or bidirectional-override characters.
pub(super) fn text(field: &str, value: &str, most: usize) -> Result<(), Refusal> {
    let refuse = |rule: String| {
        let what = format!("{field} `{}` {rule}", cut(value));
        Err(Refusal::new(refusal::TEXT, field, what, "Write it as plain text and try again."))
    };
    let length = writ_model::name::letters(value);
    if value.trim().is_empty() {
        return refuse("is empty".to_owned());
    }
    if length > most {
        return refuse(format!("has {length} characters; at most {most} fit"));
    }
    if value.trim() != value {
        return refuse("begins or ends with a space".to_owned());
    }
    if value.chars().any(writ_model::text::hidden) {
        return refuse("has hidden characters".to_owned());
    }
    Ok(())
}

/// Whether a person may be called so: for whoever seals the name, before nobody can look at it any more.
///
/// # Errors
/// A [`Refusal`] if it is empty, too long, holds letters that hide, or looks like a sealed name.
pub fn name_fits(plain: &str) -> Result<(), Refusal> {
    if writ_model::name::holds(plain) {
        let what = "name looks like a sealed one".to_owned();
        let cure = "Write it as plain text and try again.";
        return Err(Refusal::new(refusal::TEXT, "name", what, cure));
    }
    text("name", plain, NAME)
}

/// A person's name: a plain text, or one sealed for this tenant and this person. Whoever sealed it looked at its letters.
pub(super) fn name(cx: &Cx, person: PersonId, name: &PersonName) -> Result<(), Refusal> {
    match name {
        PersonName::Plain(plain) => name_fits(plain),
        PersonName::Sealed(sealed) if sealed.tenant != cx.tenant() || sealed.person != person => {
            let what = "name is sealed for somebody else or for another ledger".to_owned();
            let cure = "Write it as plain text and try again.";
            Err(Refusal::new(refusal::TEXT, "name", what, cure))
        }
        PersonName::Sealed(_) => Ok(()),
    }
}

/// A short name for addresses.
pub(super) fn slug(value: &str) -> Result<(), Refusal> {
    let fits = (2..=40).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !value.starts_with('-')
        && !value.ends_with('-')
        && !value.starts_with("tnt-");
    if fits {
        return Ok(());
    }
    let what =
        format!("slug `{}` is not 2 to 40 lower-case letters, digits and hyphens", cut(value));
    Err(Refusal::new(refusal::TEXT, "slug", what, "For example `harbor-books`."))
}

/// At most so many.
pub(super) fn bound(field: &str, count: usize, most: usize) -> Result<(), Refusal> {
    if count <= most {
        return Ok(());
    }
    let what = format!("{count} {field}; at most {most} are allowed");
    Err(Refusal::new(refusal::BOUND, field, what, "Remove some, or split them over groups."))
}

pub(super) fn taken(field: &str, name: &str, code: Code) -> Refusal {
    let what = format!("{field} `{}` is taken here", cut(name));
    Refusal::new(code, field, what, "Choose another name, or use what exists.")
}
