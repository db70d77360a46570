//! Observing: an agent, a group or a whole client is watched until a signed date instead of blocked.
//!
//! SECURITY: [`lifts`] is the whole list of what an observation passes. What stops (life, credential, freeze, suspension,
//! a clause that refuses, a person's no, a charter that is not there, a fault) is never in it.
//! To add a code to it: a very good reason, and its row in the test below.

use writ_model::{Code, Timestamp};

use super::{Case, Decision, Denied, OBSERVED, Permitted, denied, hold};
use crate::state::State;

/// Whether an observation passes a refusal or hold of this code.
pub(super) fn lifts(code: Code) -> bool {
    const LIFTED: [Code; 13] = [
        denied::NO_SERVER,
        denied::NO_GRANT,
        denied::CONDITION,
        denied::WINDOW,
        denied::LIMIT,
        denied::VALIDITY,
        denied::UNCOVERED,
        denied::PROPOSED,
        denied::CLAUSE_LIMIT,
        denied::AMOUNT,
        denied::UNTRUSTED_VALUE,
        hold::WAITS,
        hold::ORIGIN,
    ];
    LIFTED.contains(&code)
}

/// Whether this agent is only observed now, and an observation passes a refusal or hold of this code.
pub(super) fn passes(case: &Case<'_>, code: Code) -> bool {
    lifts(code) && now(case)
}

/// Whether this agent is only observed now: itself, a group of it, or the whole client.
pub(super) fn now(case: &Case<'_>) -> bool {
    let state = case.state;
    !state.observing.is_empty()
        && state.observed(state.original(case.agent), case.moment.at).is_some()
}

impl Permitted {
    /// What becomes of a permit when a limit was reached between the decision and the reservation: the denial, unless the
    /// agent is only observed; then it goes on as one that would have been refused.
    /// SECURITY: it takes a permit to have one, and a code that [`lifts`] names.
    #[must_use]
    pub fn overtaken(self, state: &State, denied: Denied, at: Timestamp) -> Decision {
        let basis = self.basis();
        let observed = state
            .agents
            .get(&basis.agent)
            .is_some_and(|agent| state.observed(state.original(agent), at).is_some());
        if !observed || !lifts(denied.code) {
            return Decision::Deny(denied.instead_of(&self));
        }
        let mut basis = basis.clone();
        if !basis.rehearsal {
            basis.reason.code = OBSERVED;
        }
        basis.reason.words = would_be(denied.code, &denied.words);
        basis.observed = Some(denied.code);
        (basis.limits, basis.bounds) = (Vec::new(), Vec::new());
        Decision::Permit(Self::new(basis))
    }
}

/// What is said of an observed call.
pub(super) fn would_be(code: Code, words: &str) -> String {
    format!("only observed; enforced, it would be answered {code}: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_never_passes_a_stop() {
        for stop in [
            denied::UNKNOWN_AGENT,
            denied::NOT_ACTIVE,
            denied::HELD,
            denied::QUARANTINED,
            denied::TERMINATED,
            denied::INSTANCE,
            denied::EPOCH,
            denied::ANSWERS,
            denied::NO_CHARTER,
            denied::FROZEN,
            denied::SUSPENDED,
            denied::REFUSED,
            denied::SAID_NO,
            denied::FAULT,
        ] {
            assert!(!lifts(stop), "{stop}");
        }
        for passed in [denied::NO_GRANT, denied::UNCOVERED, denied::PROPOSED, hold::WAITS] {
            assert!(lifts(passed), "{passed}");
        }
    }
}
