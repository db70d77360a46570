//! One hold in plain words: where it stands, who asks, what exactly, who must say yes, how to check that it is real. Pure.
//!
//! Never here: who counts (`authority`), or an argument that is not quoted (`asked.rs`).

use writ_authority::{
    State, approval,
    state::{Hold, Waits},
};
use writ_charter::{Mode, Seat};
use writ_model::{
    PersonId, Timestamp,
    json::{self, Limits, Node},
    text::{quote, shown},
};

use super::{asked, show};
use crate::{
    Desk,
    notify::words::moment,
    view::{AnswerRow, AskedView, AskerView, HoldKind, HoldState, Opened, SeatRow},
};

/// LIMIT: people named for one seat.
const COULD: usize = 8;

/// What was kept of a call, opened.
pub(super) struct Kept {
    pub(super) opened: Opened,
    pub(super) params: Vec<u8>,
    /// Why it waits, where that is about values that others wrote.
    pub(super) origins: Vec<String>,
}

impl Kept {
    /// What there is to say of one that was not opened.
    pub(super) const fn nothing(opened: Opened) -> Self {
        Self { opened, params: Vec::new(), origins: Vec::new() }
    }
}

/// Nothing can come of it any more.
pub(super) const fn over(state: HoldState) -> bool {
    matches!(state, HoldState::Done | HoldState::Refused | HoldState::Expired)
}

pub(super) fn kind(hold: &Hold) -> HoldKind {
    match hold.waits {
        Waits::Call(_) => HoldKind::Call,
        Waits::Act(_) => HoldKind::Act,
    }
}

/// Whether the charter it stands on is still in force.
fn current(state: &State, hold: &Hold) -> bool {
    state.charter.as_ref().is_some_and(|one| one.charter.charter == hold.charter())
}

/// Where a hold stands at an instant.
pub(crate) fn stands(state: &State, hold: &Hold, now: Timestamp) -> HoldState {
    if hold.consumed.is_some() {
        HoldState::Done
    } else if hold.refused.is_some() {
        HoldState::Refused
    } else if now >= hold.expires() || !current(state, hold) {
        HoldState::Expired
    } else if *hold.mode() == Mode::Propose {
        HoldState::Proposed
    } else if approval::satisfied(&hold.given, hold.quorum()) {
        HoldState::Approved
    } else {
        HoldState::Waiting
    }
}

pub(super) fn asker(state: &State, hold: &Hold) -> AskerView {
    match &hold.waits {
        Waits::Call(call) => {
            let agent = state.agents.get(&call.agent);
            let owner = agent.and_then(|agent| agent.owner());
            let authorizer = agent.and_then(|agent| state.answers(agent).authorizer);
            let says = match (owner, authorizer) {
                (Some(id), _) => {
                    format!("It is looked after by {}.", quote(&state.person_name(id)))
                }
                (None, Some((id, _))) => {
                    format!("{} answers for it.", quote(&state.person_name(id)))
                }
                (None, None) => "Nobody looks after it.".to_owned(),
            };
            AskerView {
                name: state.agent_name(call.agent),
                kind: "agent",
                purpose: agent.map(|agent| agent.described.purpose.clone()),
                agent: Some(call.agent),
                instance: Some(call.instance),
                person: owner.or(authorizer.map(|(id, _)| id)).map(|id| show::person(state, id)),
                says,
            }
        }
        Waits::Act(act) => {
            let person = show::person(state, act.person);
            let known = state.people.get(&act.person);
            let says = known.map_or_else(
                || "They have no seat here any more.".to_owned(),
                |one| {
                    if one.active() {
                        format!("They are {}.", of_party(state, one.side, &one.roles))
                    } else {
                        "They have no seat here any more.".to_owned()
                    }
                },
            );
            AskerView {
                name: person.name.clone(),
                kind: "person",
                purpose: None,
                agent: None,
                instance: None,
                person: Some(person),
                says,
            }
        }
    }
}

fn of_party(state: &State, side: writ_model::Side, roles: &[writ_model::Role]) -> String {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    format!("{} of {}", roles.join(" and "), party(state, side))
}

/// A party's name, as the charter has it.
pub(crate) fn party(state: &State, side: writ_model::Side) -> String {
    let said = state.charter.as_ref().map(|one| &one.charter.parties);
    match (side, said) {
        (writ_model::Side::Client, Some(parties)) => parties.client.clone(),
        (writ_model::Side::Provider, Some(parties)) => parties.provider.clone(),
        (side, None) if state.own_side() == Some(side) => state.party_name().to_owned(),
        (side, None) => format!("the {side}"),
    }
}

pub(super) fn what(state: &State, hold: &Hold, kept: &Kept) -> AskedView {
    let charter = state.charter_by_id(hold.charter()).map(|one| one.charter.as_ref());
    match &hold.waits {
        Waits::Call(call) => {
            let actions = asked::actions(charter, &call.actions);
            let node = json::parse(&kept.params, &Limits::REQUEST).ok();
            let arguments = node.as_ref().and_then(|node| node.get("arguments"));
            let whole = node.as_ref().filter(|all| more_than(all));
            let destination = arguments.and_then(asked::destination);
            let (rows, more) =
                arguments.map(|node| asked::rows(node, Desk::ARGUMENTS)).unwrap_or_default();
            let sentence = asked::Spoken {
                agent: &state.agent_name(call.agent),
                actions: &actions,
                amount: call.amount.as_ref(),
                destination: destination.as_ref(),
                server: &call.server,
                surface: call.surface,
                name: &call.name,
            }
            .sentence();
            AskedView {
                sentence,
                actions,
                amount: call.amount.clone(),
                destination,
                server: Some(call.server.clone()),
                surface: Some(call.surface.word().to_owned()),
                name: Some(call.name.clone()),
                text: writ_authority::signed::hold_says(state, hold),
                opened: kept.opened,
                arguments: rows,
                more,
                origins: kept.origins.iter().map(|said| shown(said)).collect(),
                exact: whole.or(arguments).and_then(|node| exact(node, &kept.params)),
                digest: call.digest,
            }
        }
        Waits::Act(act) => {
            let actions = asked::actions(charter, std::slice::from_ref(&act.action));
            let does = actions.first().map_or("acts", |one| one.sentence.as_str());
            let person = quote(&state.person_name(act.person));
            AskedView {
                sentence: format!("With a yes, {person} {does}."),
                amount: None,
                destination: None,
                server: None,
                surface: None,
                name: None,
                text: writ_authority::signed::hold_says(state, hold),
                opened: Opened::Nothing,
                arguments: Vec::new(),
                more: 0,
                origins: Vec::new(),
                exact: None,
                digest: act.digest,
                actions,
            }
        }
    }
}

/// Whether something besides the arguments goes out with a call: then all of it is shown.
fn more_than(params: &Node<'_>) -> bool {
    let usual = |name: &str| matches!(name, "name" | "uri" | "arguments" | "_meta");
    params.as_object().is_some_and(|all| all.iter().any(|(name, _)| !usual(name)))
}

/// The whole of what was sent, hidden letters written out.
/// SECURITY: never fewer digits than were sent: what canonical JSON cannot hold is shown as it came.
fn exact(arguments: &Node<'_>, sent: &[u8]) -> Option<String> {
    let whole = json::beyond(arguments).is_empty();
    let canonical = json::canonical(arguments).ok().filter(|_| whole);
    let bytes = canonical.unwrap_or_else(|| arguments.bytes_in(sent).to_vec());
    String::from_utf8(bytes).ok().map(|text| shown(&text))
}

pub(super) fn quorum(state: &State, hold: &Hold, now: Timestamp) -> Vec<SeatRow> {
    let left = hold.seats_left();
    let same = |one: &Seat, two: &Seat| (one.party, one.role) == (two.party, two.role);
    let row = |seat: &Seat| {
        let open = left.iter().find(|one| same(one, seat)).map_or(0, |one| one.n);
        // Who would take this very seat, as the choke point itself says.
        let could = state.people.keys().copied().filter(|id| {
            let counts = state.may_approve(hold, *id, now);
            counts.is_ok_and(|counts| same(&counts.seat, seat))
        });
        SeatRow {
            party: seat.party.to_string(),
            role: seat.role.to_string(),
            n: seat.n,
            given: seat.n.saturating_sub(open),
            words: seat_words(state, *seat),
            could: could.take(COULD).map(|id| show::person(state, id)).collect(),
        }
    };
    hold.quorum().iter().map(row).collect()
}

fn seat_words(state: &State, seat: Seat) -> String {
    let party = party(state, seat.party);
    match seat.n {
        1 => format!("one {} of {party}", seat.role),
        n => format!("{n} people who are {} of {party}", seat.role),
    }
}

/// Who must still say yes, in words.
pub(super) fn waits_for(state: &State, hold: &Hold) -> Vec<String> {
    hold.seats_left().into_iter().map(|seat| seat_words(state, seat)).collect()
}

fn waiting_seats(quorum: &[SeatRow]) -> Vec<String> {
    quorum.iter().filter(|seat| seat.given < seat.n).map(|seat| seat.words.clone()).collect()
}

pub(super) fn state_words(
    state: &State,
    hold: &Hold,
    stands: HoldState,
    quorum: &[SeatRow],
) -> String {
    match stands {
        HoldState::Waiting => format!("It waits for {}.", waiting_seats(quorum).join(" and ")),
        HoldState::Proposed => {
            "A person does this: the charter lets the agent propose it, not do it.".to_owned()
        }
        HoldState::Approved => {
            "Everybody who must has said yes. It is done, once, when the agent asks again."
                .to_owned()
        }
        HoldState::Done => match &hold.consumed {
            Some(done) => format!("It was done on {}, once.", moment(done.at)),
            None => "It was done.".to_owned(),
        },
        HoldState::Refused => match &hold.refused {
            Some(no) => {
                format!("{} said no: {}.", quote(&state.person_name(no.person)), quote(&no.words))
            }
            None => "Somebody said no.".to_owned(),
        },
        HoldState::Expired if !current(state, hold) => {
            "The charter that asked for it is not in force any more.".to_owned()
        }
        HoldState::Expired => {
            format!("Nobody answered in time: it was over on {}.", moment(hold.expires()))
        }
    }
}

pub(super) fn otherwise(hold: &Hold, stands: HoldState) -> String {
    let at = moment(hold.expires());
    match (stands, &hold.waits) {
        (HoldState::Waiting, Waits::Call(_)) => {
            format!(
                "If nobody answers by {at}, it is refused: nothing is done, and the agent is told so."
            )
        }
        (HoldState::Waiting, Waits::Act(_)) => {
            format!("If nobody answers by {at}, it is not done, and has to be asked for again.")
        }
        (HoldState::Proposed, _) => "If nobody does it, it is not done.".to_owned(),
        (HoldState::Approved, _) => {
            format!("If the agent does not ask again by {at}, it is not done.")
        }
        (HoldState::Done | HoldState::Refused | HoldState::Expired, _) => "It is over.".to_owned(),
    }
}

/// Who answered, oldest first.
pub(crate) fn answers(state: &State, hold: &Hold) -> Vec<AnswerRow> {
    let yes = hold.given.iter().map(|given| AnswerRow {
        person: show::person(state, given.person),
        deputy_of: given.deputy_of.map(|id| show::person(state, id)),
        answer: "yes",
        words: given.words.clone(),
        at: given.at,
    });
    let no = hold.refused.iter().map(|no| AnswerRow {
        person: show::person(state, no.person),
        deputy_of: None,
        answer: "no",
        words: Some(no.words.clone()),
        at: no.at,
    });
    yes.chain(no).collect()
}

/// Another way to check that it is real, for this reader. Never a number or a link of what was sent.
pub(crate) fn check_by(
    state: &State,
    hold: &Hold,
    (reader, origin): (PersonId, &str),
) -> Vec<String> {
    let mut out = Vec::new();
    match &hold.waits {
        Waits::Call(call) => {
            let agent = state.agents.get(&call.agent);
            let owner = agent.and_then(|agent| agent.owner());
            let answers = agent.map(|agent| state.answers(agent)).unwrap_or_default();
            let whom = owner.or_else(|| answers.authorizer.map(|(id, _)| id));
            let agent = quote(&state.agent_name(call.agent));
            out.push(match whom {
                Some(own) if own == reader => format!(
                    "You answer for {agent} yourself. If you did not expect this, say no, and find out who set it to work."
                ),
                Some(id) => format!(
                    "Call {} on the number you know, and ask whether {agent} should do this now.",
                    quote(&state.person_name(id))
                ),
                None => format!(
                    "Call whoever looks after {agent} on the number you know, and ask whether it should do this now."
                ),
            });
            if call.amount.is_some() {
                out.push(
                    "If money goes somewhere: call the receiver on a number from the contract or an \
                     earlier invoice, and have the account read out."
                        .to_owned(),
                );
            }
        }
        Waits::Act(act) => {
            let whom = quote(&state.person_name(act.person));
            out.push(format!(
                "Call {whom} on the number you know, and ask whether they asked for exactly this."
            ));
        }
    }
    out.push("Never use a number or a link that stands in what was sent.".to_owned());
    out.push(format!(
        "You reach this page without any link: open {origin} yourself and choose Approvals."
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_text_hides_no_digit_and_no_letter() {
        let read = |text: &str| {
            let node = json::parse(text.as_bytes(), &Limits::REQUEST).unwrap();
            exact(&node, text.as_bytes()).unwrap()
        };
        assert_eq!(read(r#"{"b": 1.0, "a": "x"}"#), r#"{"a":"x","b":1}"#);
        assert_eq!(read(r#"{"to":9007199254740993}"#), r#"{"to":9007199254740993}"#);
        assert_eq!(read("{\"to\":\"a\u{202e}b\"}"), "{\"to\":\"a\\u{202e}b\"}");
    }
}
