//! Lines about decision authority that no receipt made so: which of them may stand.
//!
//! Each is decided again by its command, as whoever it says wrote it: a stop by somebody seated who may stop, a held call
//! that could be asked for, a use of approvals that are all there.
//! To add a kind: its command in [`command`].

use writ_charter::Charter;

use super::{Fault, again, kind, needs, rule};
use crate::{
    command::{Command, let_by},
    fact::{Entry, Fact},
    refusal,
    state::State,
};

pub(super) fn may_stand(state: &State, entry: &Entry) -> Result<(), Fault> {
    match &entry.fact {
        Fact::ApprovalAsked(_) => asked(state, entry),
        Fact::CharterProposed { charter } => proposed(state, entry, charter),
        // Those of an act are made so by its last approval.
        Fact::ApprovalConsumed { gateway: None, .. } => needs(entry),
        fact => match command(fact) {
            Some(command) => again(state, entry, command),
            None => Err((refusal::UNKNOWN, format!("{} of something unknown", kind(fact)))),
        },
    }
}

fn command(fact: &Fact) -> Option<Command> {
    Some(match fact.clone() {
        Fact::CharterWithdrawn { charter, reason } => Command::WithdrawCharter { charter, reason },
        Fact::DelegationSuspended { clause, reason, .. } => {
            Command::SuspendDelegation { clause, reason }
        }
        Fact::ClientFrozen { reason, .. } => Command::Freeze { reason },
        Fact::CallHeld(call) => Command::HoldCall(call),
        Fact::ApprovalRefused { hold, words, .. } => Command::RefuseApproval { hold, words },
        Fact::ApprovalConsumed { hold, gateway: Some(gateway) } => {
            Command::ConsumeApproval { hold, gateway }
        }
        Fact::ActNotified(notified) => Command::NotifyAct(notified),
        Fact::AwayEnded { .. } => Command::EndAway {},
        Fact::ObserveEnded { subject } => Command::EndObserve { subject },
        Fact::DrillBegun { drill, agent, shadow, .. } => {
            Command::BeginDrill { drill, agent, shadow }
        }
        Fact::DrillDone(result) => Command::FinishDrill(result),
        Fact::TemplateSet { template } => Command::SetTemplate { template },
        _ => return None,
    })
}

/// What a draft says enforces it explains it and decides nothing; a later build may work out more.
fn proposed(state: &State, entry: &Entry, charter: &Charter) -> Result<(), Fault> {
    let bare = |charter: &Charter| {
        let mut out = charter.clone();
        out.clauses.iter_mut().for_each(|clause| clause.enforced_by = Vec::new());
        out
    };
    let command = Command::ProposeCharter { charter: Box::new(charter.clone()) };
    match super::decide(state, entry, command) {
        Ok(facts) => match facts.as_slice() {
            [Fact::CharterProposed { charter: due }] if bare(due) == bare(charter) => Ok(()),
            _ => Err((refusal::RECEIPT_REFUSED, "this draft is not what was proposed".to_owned())),
        },
        Err(refused) => Err((rule(&refused), format!("it was not allowed: {}", refused.what))),
    }
}

/// What waits without a receipt is an act that takes none; deciding it again asks for the same, under an id of its own.
fn asked(state: &State, entry: &Entry) -> Result<(), Fault> {
    let Fact::ApprovalAsked(held) = &entry.fact else {
        return needs(entry);
    };
    let refuse = |what: String| Err((refusal::RECEIPT_REFUSED, what));
    if state.holds.contains_key(&held.hold) {
        return refuse("this hold is there already".to_owned());
    }
    match super::decide(state, entry, held.act.as_ref().clone()) {
        Ok(facts) => match facts.as_slice() {
            [Fact::ApprovalAsked(due)] => {
                let mut due = due.clone();
                due.hold = held.hold;
                if due == *held {
                    return Ok(());
                }
                refuse("this is not what the charter asks for".to_owned())
            }
            _ => refuse("this waits for nobody".to_owned()),
        },
        Err(refused) if refused.code == refusal::NEEDS_SIGNATURE => needs(entry),
        Err(refused) => Err((rule(&refused), format!("it was not allowed: {}", refused.what))),
    }
}

/// A copy of an agent may be bound without a signature, but not past a charter, whoever the line says wrote it.
pub(super) fn offered(state: &State, entry: &Entry) -> Result<(), Fault> {
    let Fact::EnrollmentOffered { agent, code, expires, .. } = entry.fact else {
        return needs(entry);
    };
    let shadow = state.agents.get(&agent).is_some_and(|agent| agent.shadow_of.is_some());
    if shadow || (state.charter.is_none() && state.past.is_empty()) {
        return Ok(());
    }
    let command = Command::OfferEnrollment { agent, code, expires };
    let decided = match entry.actor.person() {
        Some(_) => super::decide(state, entry, command)
            .map(|facts| matches!(facts.as_slice(), [Fact::EnrollmentOffered { .. }])),
        None => let_by(state, &command, entry.at),
    };
    match decided {
        Ok(true) => Ok(()),
        Ok(false) => {
            let what = "a copy is bound before those who are asked approved it".to_owned();
            Err((refusal::QUORUM, what))
        }
        Err(refused) => Err((rule(&refused), format!("it was not allowed: {}", refused.what))),
    }
}
