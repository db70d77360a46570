//! What Writ does by itself, idempotently: hold agents that are no longer answered for, and seal ranges of records.

use writ_model::Cx;

use super::check;
use crate::{
    agent::Life,
    decide::GRACE,
    fact::{ActivitySealed, Fact},
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: agents put on hold in one sweep; the next sweep takes the rest.
const BATCH: usize = 200;

pub(super) fn sweep(state: &State, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    let due = state.agents.values().filter(|agent| agent.life == Life::Active).filter(|agent| {
        state.incomplete_since(agent).is_some_and(|since| since + GRACE <= cx.now())
    });
    Ok(due
        .take(BATCH)
        .map(|agent| {
            let missing = state.missing(&state.answers(agent));
            let words: Vec<String> = missing.iter().map(|one| one.words(state)).collect();
            let reason = format!("no longer answered for: {}", words.join("; "));
            Fact::AgentHeld { agent: agent.described.agent, reason }
        })
        .collect())
}

/// A range must begin after the last sealed one of the same boot, and count what it says.
pub(super) fn seal(state: &State, cx: &Cx, seal: ActivitySealed) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    let last = state.seals.get(&(seal.gateway, seal.boot)).map(|sealed| &sealed.seal);
    if last.is_some_and(|last| *last == seal) {
        return Ok(Vec::new());
    }
    let follows = last.is_none_or(|last| last.last < seal.first);
    if !follows || seal.last < seal.first || seal.count == 0 {
        let what = format!("records {} to {} do not follow the last seal", seal.first, seal.last);
        return Err(Refusal::new(refusal::SEAL, "first", what, "Seal what is not yet sealed."));
    }
    Ok(vec![Fact::ActivitySealed(seal)])
}
