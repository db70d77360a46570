//! Decisions about authority that wait: a charter to sign or to look at again, approvals, what is stopped, what is only
//! watched and for how long, a drill that is due.
//! Never here: who counts for an approval (`approval.rs`).

use writ_charter::{Mode, Seat};
use writ_model::{HoldId, Side, Span, Timestamp};

use super::{Ask, Waiting};
use crate::{
    approval::satisfied,
    fact::Subject,
    state::{Hold, InForce, State, Stop, Waits},
};

/// How long before a charter ends, or is to be looked at again, that is asked.
const AHEAD: Span = Span::days(14);
/// How long before watching ends that is asked.
const ENDING: Span = Span::days(3);

pub(super) fn waiting(state: &State, now: Timestamp) -> Vec<Waiting> {
    let mut out: Vec<Waiting> = charter(state, now);
    out.extend(state.holds.iter().filter_map(|(id, hold)| asked(state, (*id, hold), now)));
    let frozen = state.freezes.values().map(|stop| stopped(state, stop, Ask::Frozen));
    let taken = state.suspensions.values().map(|stop| stopped(state, stop, Ask::Suspended));
    out.extend(frozen.chain(taken));
    out.extend(observed(state, now));
    out.extend(drill(state, now));
    out
}

fn item(state: &State, ask: Ask, since: Timestamp, what: String) -> Waiting {
    Waiting {
        ask,
        agent: None,
        hold: None,
        name: state.party_name().to_owned(),
        since,
        deadline: None,
        what,
        why: Vec::new(),
        otherwise: String::new(),
        cure: Vec::new(),
    }
}

fn charter(state: &State, now: Timestamp) -> Vec<Waiting> {
    let mut out = Vec::new();
    if let Some(draft) = &state.draft {
        let missing: Vec<String> = state
            .signatories()
            .iter()
            .filter(|side| !draft.signed.iter().any(|one| one.side == **side))
            .map(|side| format!("an owner of the {side} has not signed it"))
            .collect();
        let version = draft.charter.version;
        let what = format!("version {version} of the charter waits to be signed");
        out.push(Waiting {
            why: missing,
            otherwise: match &state.charter {
                Some(one) => format!("Version {} stays in force.", one.charter.version),
                None => "Nothing is delegated; every call is refused.".to_owned(),
            },
            cure: vec!["Read it, then sign it, or withdraw it.".to_owned()],
            ..item(state, Ask::CharterToSign, draft.at, what)
        });
    }
    match &state.charter {
        Some(one) => out.extend(reviews(state, one, now)),
        None if state.draft.is_none() => out.extend(nothing(state)),
        None => {}
    }
    out
}

/// A provider's own space needs a charter only once it has agents.
fn nothing(state: &State) -> Option<Waiting> {
    if state.own_side() != Some(Side::Client) && state.agents.is_empty() {
        return None;
    }
    let seated = state.people.values().map(|person| person.seated_at).min()?;
    let since = state.past.last().and_then(|one| one.until).unwrap_or(seated);
    let what = format!("no charter is in force at {}", state.party_name());
    Some(Waiting {
        why: vec!["nobody has said in writing what may be done here".to_owned()],
        otherwise: "Nothing is delegated; every call is refused.".to_owned(),
        cure: vec!["Propose a charter from a template and have both parties sign it.".to_owned()],
        ..item(state, Ask::NoCharter, since, what)
    })
}

fn reviews(state: &State, one: &InForce, now: Timestamp) -> Vec<Waiting> {
    let soon = |at: &Timestamp| *at <= now + AHEAD;
    let mut out = Vec::new();
    let version = one.charter.version;
    let cure = || vec!["Look at it together, then sign the next version.".to_owned()];
    if let Some(until) = one.charter.until.filter(soon) {
        let what = format!("version {version} of the charter ends at {until}");
        out.push(Waiting {
            deadline: Some(until),
            why: vec!["it was agreed until then".to_owned()],
            otherwise: "From then on every call is refused.".to_owned(),
            cure: cure(),
            ..item(state, Ask::ReviewDue, one.at, what)
        });
    }
    let whole = one.charter.review_by.map(|at| (at, format!("version {version} of the charter")));
    let clauses = one.charter.clauses.iter();
    let each = clauses.filter_map(|clause| {
        Some((clause.review_by?, format!("clause `{}` of the charter", clause.key)))
    });
    for (at, name) in whole.into_iter().chain(each).filter(|(at, _)| soon(at)) {
        out.push(Waiting {
            deadline: Some(at),
            why: vec![format!("it was agreed to do so by {at}")],
            otherwise: "It goes on as it is.".to_owned(),
            cure: cure(),
            ..item(state, Ask::ReviewDue, one.at, format!("{name} is to be looked at again"))
        });
    }
    out
}

fn asked(state: &State, (id, hold): (HoldId, &Hold), now: Timestamp) -> Option<Waiting> {
    if !hold.open(now) || state.charter.as_ref()?.charter.charter != hold.charter() {
        return None;
    }
    let (agent, name, what) = match &hold.waits {
        Waits::Call(call) => {
            let name = state.agent_name(call.agent);
            let what = format!("{name} asks to use {} on {}", call.name, call.server);
            (Some(call.agent), name, what)
        }
        Waits::Act(act) => {
            let name = state.person_name(act.person);
            (None, name.clone(), format!("{name} asks for {}", act.action))
        }
    };
    let why = vec![format!("{} of the charter says so", keys(hold.clauses()))];
    let made = |ask, otherwise: &str, cure: Vec<String>| Waiting {
        agent,
        hold: Some(id),
        name: name.clone(),
        deadline: Some(hold.expires()),
        why: why.clone(),
        otherwise: otherwise.to_owned(),
        cure,
        ..item(state, ask, hold.at, what.clone())
    };
    match hold.mode() {
        Mode::Propose => {
            let cure = vec!["Do it yourself if it is right, or refuse it.".to_owned()];
            Some(made(Ask::Proposal, "It is not done.", cure))
        }
        Mode::Approve { quorum } if !satisfied(&hold.given, quorum) => {
            let left: Vec<String> = hold.seats_left().into_iter().map(seat).collect();
            let cure = vec![format!("It takes {} to approve it.", left.join(" and "))];
            Some(made(Ask::Approval, "It is refused when its time is over.", cure))
        }
        Mode::Approve { .. } | Mode::Refuse | Mode::NotifyAndAct | Mode::Act => None,
    }
}

fn keys(clauses: &[String]) -> String {
    let keys: Vec<String> = clauses.iter().map(|key| format!("`{key}`")).collect();
    let word = if keys.len() == 1 { "clause" } else { "clauses" };
    format!("{word} {}", keys.join(", "))
}

/// `1 owner of the client`.
fn seat(seat: Seat) -> String {
    let many = if seat.n == 1 { "" } else { "s" };
    format!("{} {}{many} of the {}", seat.n, seat.role, seat.party)
}

fn stopped(state: &State, stop: &Stop, ask: Ask) -> Waiting {
    let side = stop.side;
    let what = match (&stop.clause, ask) {
        (_, Ask::Frozen) => format!("everything of {} is frozen", state.party_name()),
        (Some(key), _) => format!("the {side} took back clause `{key}`"),
        (None, _) => format!("the {side} took back everything it delegated"),
    };
    Waiting {
        why: vec![format!(
            "{}: {}",
            stop.person.map_or_else(|| format!("the {side}"), |id| state.person_name(id),),
            stop.reason
        )],
        otherwise: "It stays so; what it covers is refused.".to_owned(),
        cure: vec![format!("An owner or approver of the {side} lets it go on.")],
        ..item(state, ask, stop.at, what)
    }
}

fn observed(state: &State, now: Timestamp) -> impl Iterator<Item = Waiting> {
    let ending = move |until: Timestamp| now < until && until <= now + ENDING;
    state.observing.iter().filter(move |(_, one)| ending(one.until)).map(|(subject, one)| {
        let (agent, name) = match subject {
            Some(Subject::Agent(id)) => (Some(*id), state.agent_name(*id)),
            Some(Subject::Group(id)) => {
                let group = state.groups.get(id);
                (None, group.map_or_else(|| id.to_string(), |group| group.name.clone()))
            }
            None => (None, format!("everything of {}", state.party_name())),
        };
        let what = format!("{name} is only watched until {}", one.until);
        Waiting {
            agent,
            name: name.clone(),
            deadline: Some(one.until),
            why: vec![one.reason.clone()],
            otherwise: "Then what the charter or the grants do not cover is refused.".to_owned(),
            cure: vec!["Look at what would have been refused, then grant or leave it.".to_owned()],
            ..item(state, Ask::ObserveEnding, one.at, what)
        }
    })
}

fn drill(state: &State, now: Timestamp) -> Option<Waiting> {
    let results = state.drills.values().filter_map(|drill| drill.result.as_ref());
    let (last, at, _) = results.max_by_key(|(result, ..)| result.done)?;
    if now < last.next_due {
        return None;
    }
    let what = "the next drill of ending an agent is due".to_owned();
    Some(Waiting {
        agent: Some(last.agent),
        name: state.agent_name(last.agent),
        deadline: Some(last.next_due),
        why: vec![format!("the last one was at {}", last.done)],
        otherwise: "Nobody knows whether stopping still works.".to_owned(),
        cure: vec!["Run `writ drill rogue-agent`.".to_owned()],
        ..item(state, Ask::DrillDue, *at, what)
    })
}
