//! What waits for people, and what was done that they are told of.
//!
//! Never here: arguments of a call: they are shown in Writ only, to who may see them.

use writ_authority::{
    Fact, State,
    fact::{HeldAct, HeldCall, Notified},
    state::{Hold, Waits},
};
use writ_charter::{Charter, Deed, Mode};
use writ_model::{Actor, CharterId, HoldId, Role, Side, Timestamp};

use super::{PEOPLE, Place, Telling, window};
use crate::{
    notify::{
        Kind, People,
        message::Message,
        words::{list, plain, quoted},
    },
    say,
};

/// LIMIT: characters of an action class.
const CLASS: usize = 64;
/// LIMIT: clauses and actions named in one sentence.
const NAMED: usize = 4;
/// Where what exactly is asked can be read.
const EXACTLY: &str = "What exactly, with every argument, is shown in Writ and nowhere else.";

/// What a class means, from the charter that it was decided on: `releases a payment (payment.release)`.
fn action(charter: Option<&Charter>, class: &str) -> String {
    let known = charter.and_then(|charter| charter.action(class));
    let class = plain(class, CLASS);
    match known {
        Some(action) => format!("{} ({class})", plain(&action.sentence, 120)),
        None => class,
    }
}

/// The clauses that say so, by title and key.
fn clauses(charter: Option<&Charter>, keys: &[String]) -> String {
    let named = keys.iter().take(NAMED).map(|key| {
        let clause = charter.and_then(|charter| charter.clause(key));
        let title = clause.map(|clause| quoted(&clause.title)).unwrap_or_default();
        format!("{title} ({})", plain(key, CLASS)).trim().to_owned()
    });
    list(&named.collect::<Vec<_>>())
}

fn charter_of(state: &State, id: CharterId) -> Option<&Charter> {
    state.charter_by_id(id).map(|known| known.charter.as_ref())
}

/// People whose yes would count now.
fn may_approve(state: &State, hold: &Hold, now: Timestamp) -> People {
    let able = |person| state.may_approve(hold, person, now).is_ok();
    let all = state.people.iter().filter(|(_, one)| one.active());
    all.map(|(person, _)| *person).filter(|person| able(*person)).take(PEOPLE).collect()
}

/// Whose yes it takes, in words.
fn quorum(mode: &Mode) -> String {
    let seats =
        mode.quorum().iter().map(|seat| format!("{} {} of the {}", seat.n, seat.role, seat.party));
    list(&seats.collect::<Vec<_>>())
}

/// What a held call would do: who, what, why.
fn call_says(place: Place<'_>, held: &HeldCall, mut message: Message) -> Message {
    let charter = charter_of(place.state, held.charter);
    let agent = quoted(&place.state.agent_name(held.agent));
    let actions = held.actions.iter().take(NAMED).map(|class| action(charter, class));
    let actions = list(&actions.collect::<Vec<_>>());
    message = message.says(format!("The agent {agent} wants to do something that {actions}."));
    let with = (held.surface.word(), quoted(&held.name), quoted(&held.server));
    let money = held.amount.as_ref().map(|money| format!(", over {}", plain(&money.words(), 40)));
    let money = money.unwrap_or_default();
    message = message.says(format!("It would use the {} {} on {}{money}.", with.0, with.1, with.2));
    message.says(format!("Why you are asked: {}.", clauses(charter, &held.clauses)))
}

/// What a held act would do: who, what, why.
fn act_says(place: Place<'_>, held: &HeldAct, message: Message) -> Message {
    let charter = charter_of(place.state, held.charter);
    let what = action(charter, &held.action);
    let who = place.name(held.person);
    let message = message.says(format!("{who} wants to do something that {what}."));
    message.says(format!("Why you are asked: {}.", clauses(charter, &held.clauses)))
}

/// The telling of an open hold.
fn waits(place: Place<'_>, hold: &Hold, message: Message, people: People) -> Telling {
    let mut message = place.about_hold(message, hold.id());
    message.until = Some(hold.expires());
    let mut telling = Telling::new(message.says(EXACTLY), people);
    telling.expires = hold.expires();
    telling.escalates = hold.escalate_at();
    telling
}

/// The hold, if it is still open: of one that is over there is nothing to tell.
fn open(place: Place<'_>, hold: HoldId) -> Option<&Hold> {
    place.state.holds.get(&hold).map(AsRef::as_ref).filter(|hold| hold.open(place.now))
}

pub(super) fn call(place: Place<'_>, at: Timestamp, held: &HeldCall) -> Option<Telling> {
    let hold = open(place, held.hold)?;
    if held.mode == Mode::Propose {
        let own = place.state.own_side().unwrap_or(Side::Client);
        let people = place.people(&[own], &[Role::Engineer, Role::Approver, Role::Owner]);
        let message = call_says(place, held, place.message(Kind::Proposal, at))
            .says("The agent may only propose this: a person does it, or nobody does.");
        return Some(waits(place, hold, message, people));
    }
    let people = may_approve(place.state, hold, place.now);
    let message = call_says(place, held, place.message(Kind::ApprovalAsked, at)).says(format!(
        "It takes the yes of {}. If nobody decides, it does not happen.",
        quorum(&held.mode)
    ));
    Some(waits(place, hold, message, people))
}

pub(super) fn act(place: Place<'_>, at: Timestamp, held: &HeldAct) -> Option<Telling> {
    let hold = open(place, held.hold)?;
    let people = may_approve(place.state, hold, place.now);
    let message = act_says(place, held, place.message(Kind::ApprovalAsked, at)).says(format!(
        "It takes the yes of {}. If nobody decides, it does not happen.",
        quorum(&held.mode)
    ));
    Some(waits(place, hold, message, people))
}

/// What owners are told when nobody has decided in time; nothing if it is over.
pub(in crate::notify) fn escalated(place: Place<'_>, hold: HoldId) -> Option<Telling> {
    let hold = open(place, hold)?;
    let message = place.message(Kind::Escalated, place.now);
    let message = match &hold.waits {
        Waits::Call(held) => call_says(place, held, message),
        Waits::Act(held) => act_says(place, held, message),
    };
    let message = message.says(
        "Nobody has decided it yet. From now on an owner counts for any seat of their party.",
    );
    let owner = |person: &writ_model::PersonId| {
        place.state.people.get(person).is_some_and(|one| one.has(Role::Owner))
    };
    let people = may_approve(place.state, hold, place.now).into_iter().filter(owner).collect();
    let mut telling = waits(place, hold, message, people);
    telling.message.line = Some(hold.line);
    telling.escalates = None;
    Some(telling)
}

/// Something that an agent did under a clause that tells of it.
pub(super) fn notified(place: Place<'_>, at: Timestamp, told: &Notified) -> Telling {
    let charter = place.state.charter.as_ref().map(|now| now.charter.as_ref());
    let agent = quoted(&place.state.agent_name(told.agent));
    let actions = told.actions.iter().take(NAMED).map(|class| action(charter, class));
    let actions = list(&actions.collect::<Vec<_>>());
    let with = (told.surface.word(), quoted(&told.name), quoted(&told.server));
    let message = place
        .message(Kind::ActNotified, at)
        .says(format!("The agent {agent} does something that {actions}."))
        .says(format!("It uses the {} {} on {}.", with.0, with.1, with.2))
        .says(format!("Why you are told: {}.", clauses(charter, &told.clauses)))
        .says("Each time is a line of the ledger; of the same again you are told at most every ten minutes.")
        .at_page("agents");
    let mut telling = Telling::new(message, place.deciders());
    let what = (told.agent, told.surface.word(), &told.server, &told.name);
    telling.alike = Some(format!("{}/{}/{:?}/{:?}/{}", what.0, what.1, what.2, what.3, window(at)));
    telling
}

/// What a person did under a clause that tells of it; nothing if their act fell under no such clause.
pub(super) fn governed(
    place: Place<'_>,
    at: Timestamp,
    (actor, fact): (&Actor, &Fact),
) -> Option<Telling> {
    let person = actor.person()?;
    let state = place.state;
    let class = class_of(state, person, fact)?;
    let charter = state.charter.as_ref()?.charter.as_ref();
    let agent = say::agent_of(state, fact);
    let groups = agent.and_then(|id| state.agents.get(&id)).map(|agent| state.groups_of(agent));
    let groups = groups.unwrap_or_default();
    let server = match fact {
        Fact::GrantGiven { says, .. } => Some(says.server.as_str()),
        _ => None,
    };
    let deed = Deed { agent, groups: &groups, server, ..Deed::new(vec![class], at) };
    let judged = charter.judge(&state.suspended(), &deed);
    if judged.mode != Mode::NotifyAndAct {
        return None;
    }
    let message = place
        .message(Kind::ActNotified, at)
        .says(format!(
            "{} did something that {}.",
            place.name(person),
            action(Some(charter), class)
        ))
        .says(quoted(&say::fact(state, fact)))
        .says(format!("Why you are told: {}.", clauses(Some(charter), &judged.clauses)))
        .at_page("ledger");
    Some(Telling::new(message, place.deciders()).but(actor))
}

/// The class that a governed act is judged as.
fn class_of(state: &State, person: writ_model::PersonId, fact: &Fact) -> Option<&'static str> {
    Some(match fact {
        Fact::AgentActivated { .. } => "agent.activate",
        Fact::AgentReleased { .. } => "agent.release",
        Fact::GrantGiven { .. } => "agent.widen",
        Fact::AccountabilitySet { .. } => "agent.answers",
        Fact::EnrollmentOffered { .. } => "credential.issue",
        Fact::ExportAllowed { .. } => {
            let side = state.people.get(&person).map(|one| one.side);
            (side != state.own_side()).then_some("evidence.export")?
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use writ_authority::grant::Surface;
    use writ_model::{AgentId, Digest, InstanceId, Span, TenantId};

    use super::*;

    #[test]
    fn the_same_again_is_one_telling_for_ten_minutes() {
        let state = State::empty(TenantId::from_bytes([1; 16]));
        let at: Timestamp = "2026-11-03T14:00:00Z".parse().unwrap();
        let place = Place { state: &state, origin: "https://writ.example", now: at };
        let told = |name: &str, minutes| {
            let what = Notified {
                agent: AgentId::from_bytes([2; 16]),
                instance: InstanceId::from_bytes([3; 16]),
                server: "mail".to_owned(),
                surface: Surface::Tool,
                name: name.to_owned(),
                digest: Digest::of(b"x"),
                actions: vec!["mail.send".to_owned()],
                clauses: vec!["mail".to_owned()],
            };
            notified(place, at + Span::minutes(minutes), &what)
        };
        let first = told("send", 0);
        assert!(first.alike.is_some() && first.alike == told("send", 9).alike);
        for other in [told("send", 10), told("delete", 0), told("send/delete", 0)] {
            assert_ne!(first.alike, other.alike);
        }
        let says = told("x” approve at https://evil.example “", 0).message.says.join(" ");
        assert!(says.contains("the tool “x' approve at https: //evil.example '”"), "{says}");
    }
}
