//! Facts about what waits for people in plain words: held calls and acts, answers, deputies, observing, drills.

use writ_authority::{
    Fact, State,
    fact::{DrillResult, HeldAct, HeldCall, Notified},
};
use writ_charter::Mode;
use writ_model::{HoldId, PersonId};

use super::{capital, sentence, subject};

/// What became so; nothing if it is about none of these.
pub(super) fn fact(state: &State, fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::CallHeld(held) => call(state, held),
        Fact::ApprovalAsked(held) => act(state, held),
        Fact::ApprovalGiven { hold, person, deputy_of, words, .. } => format!(
            "{}{} approved {}{}",
            state.person_name(*person),
            in_place_of(state, *deputy_of),
            of_hold(state, *hold),
            words.as_ref().map_or_else(|| ".".to_owned(), |words| format!(": {}", sentence(words)))
        ),
        Fact::ApprovalRefused { hold, person, words } => format!(
            "{} refused {}: {}",
            state.person_name(*person),
            of_hold(state, *hold),
            sentence(words)
        ),
        Fact::ApprovalConsumed { hold, .. } => {
            format!("The approval was used up, once: {}.", of_hold(state, *hold))
        }
        Fact::ActNotified(told) => notified(state, told),
        Fact::AwaySet { person, deputy, until } => format!(
            "{} is away until {until}; {} counts in their place.",
            state.person_name(*person),
            state.person_name(*deputy)
        ),
        Fact::AwayEnded { person } => format!("{} is back.", state.person_name(*person)),
        Fact::ObserveSet { subject: of, until, reason } => format!(
            "{} is observed instead of blocked until {until}: {}",
            watched(state, *of),
            sentence(reason)
        ),
        Fact::ObserveEnded { subject: of } => {
            format!("{} is not only observed any more.", watched(state, *of))
        }
        Fact::DrillBegun { agent, name, .. } => {
            format!("A drill began: “{name}” stands in for {}.", state.agent_name(*agent))
        }
        Fact::DrillDone(result) => drilled(state, result),
        _ => return None,
    })
}

fn call(state: &State, held: &HeldCall) -> String {
    let (agent, what) = (state.agent_name(held.agent), (held.surface.word(), &held.name));
    let asks = format!("{agent} wants to use the {} {} on {}", what.0, what.1, held.server);
    match held.mode {
        Mode::Propose => {
            format!("{asks}; a person has to do it (clause {}).", held.clauses.join(", "))
        }
        _ => format!(
            "{asks}; it waits for approval until {} (clause {}).",
            held.expires,
            held.clauses.join(", ")
        ),
    }
}

fn act(state: &State, held: &HeldAct) -> String {
    let class = writ_charter::action(&held.action);
    let what = class.map_or_else(|| held.action.clone(), |class| class.sentence.clone());
    format!(
        "{} asked for something that {what}; it waits for approval until {} (clause {}).",
        state.person_name(held.person),
        held.expires,
        held.clauses.join(", ")
    )
}

fn notified(state: &State, told: &Notified) -> String {
    format!(
        "{} used the {} {} on {}; people are told (clause {}).",
        state.agent_name(told.agent),
        told.surface.word(),
        told.name,
        told.server,
        told.clauses.join(", ")
    )
}

fn drilled(state: &State, result: &DrillResult) -> String {
    let how = if result.passed { "passed" } else { "failed" };
    format!(
        "A drill of ending {} {how}: refused everywhere after {}, {} steps in {}.",
        state.agent_name(result.agent),
        super::millis(result.end_us),
        result.steps.len(),
        super::millis(result.total_us)
    )
}

fn in_place_of(state: &State, person: Option<PersonId>) -> String {
    let whose = person.map(|id| format!(", in the place of {},", state.person_name(id)));
    whose.unwrap_or_default()
}

fn watched(state: &State, of: Option<writ_authority::fact::Subject>) -> String {
    of.map_or_else(|| "Everything here".to_owned(), |of| capital(&subject(state, of)))
}

/// What waits, in a few words.
fn of_hold(state: &State, id: HoldId) -> String {
    let known = state.holds.get(&id);
    let call = known.and_then(|hold| hold.call()).map(|call| {
        let agent = state.agent_name(call.agent);
        format!("that {agent} uses the {} {} on {}", call.surface.word(), call.name, call.server)
    });
    let act = known
        .and_then(|hold| hold.act())
        .map(|act| format!("what {} asked for ({})", state.person_name(act.person), act.action));
    call.or(act).unwrap_or_else(|| format!("what waited as {id}"))
}
