//! Calls with a token that was exchanged for acting for somebody (RFC 8693): whether its chain still holds, and whether
//! everybody in it may do themselves what is asked, so that nobody does by another what they may not do.
//!
//! SECURITY: a token says who acted when it was issued; the ledger says at each call whether they may still. What one of
//! them may do only with somebody's approval, with a word to people, or so often, is not handed on: it would be nobody's.
//! Never here: what the caller itself may do (`authorize`).

use std::sync::Arc;

use writ_authority::{Agent, Ask, Decision, Permitted, State, What, decide::Traced, state::Link};
use writ_identity::Claims;
use writ_model::{AgentId, InstanceId};

use crate::{
    authorize::decide_on,
    core::Core,
    identify::Identified,
    refusal::{self, Refusal, challenged},
};

/// Whom a caller acts for.
#[derive(Debug, Clone)]
pub(crate) struct Above {
    pub(crate) agent: Arc<Agent>,
    link: Link,
}

impl Above {
    /// Which running copy of which agent.
    pub(crate) fn copy(&self) -> (AgentId, InstanceId) {
        (self.link.0, self.link.1)
    }
}

/// Whom the holder of a token acts for, nearest first; nobody for a token of its own.
///
/// # Errors
/// [`refusal::CHAIN`] if the ledger does not say any more that they act one for the other, or one of them was stopped.
pub(crate) fn above(state: &State, claims: &Claims) -> Result<Vec<Above>, Refusal> {
    if claims.behalf.is_none() {
        return Ok(Vec::new());
    }
    let chain: Vec<Link> =
        claims.chain().iter().map(|link| (link.agent, link.instance, link.epoch)).collect();
    let broken = || challenged(refusal::CHAIN, "invalid_token");
    state.holds_chain(&chain).map_err(|why| {
        tracing::info!(tenant = %state.tenant, token = %claims.jti, ?why, "a token's chain does not hold");
        broken()
    })?;
    let known = |link: &Link| {
        let agent = state.agents.get(&link.0)?;
        Some(Above { agent: Arc::clone(agent), link: *link })
    };
    chain.iter().skip(1).map(|link| known(link).ok_or_else(broken)).collect()
}

/// Refuses what one of those may not do that the caller acts for. `own` is what was decided for the caller itself, and what
/// was found of where the call's values came from counts for each of them as well.
pub(crate) fn lets(
    core: &Core,
    who: &Identified,
    (server, what): (&str, What<'_>),
    (own, found): (&Decision, Option<&Traced>),
) -> Result<(), Refusal> {
    let state = &who.view.state;
    let permit = match own {
        Decision::Permit(permitted) => Some(permitted),
        Decision::Hold(_) | Decision::Deny(_) => None,
    };
    for one in &who.caller.behalf {
        let (agent, instance, epoch) = one.link;
        let ask = Ask { agent, instance, epoch, server, what };
        let decided = |found| decide_on(core, who, state, (&ask, found));
        goes(one, &decided(None), &|permitted| goes_on(permitted, permit), false)?;
        if found.is_some() {
            let decision = decided(found);
            // What is asked, told or counted for the caller by the very clauses is not asked twice.
            let same = decision.clauses().iter().all(|clause| own.clauses().contains(clause));
            goes(one, &decision, &|permitted| same || goes_on(permitted, permit), same)?;
        }
    }
    Ok(())
}

/// Whether what was decided for somebody above lets the caller go on.
fn goes(
    one: &Above,
    decision: &Decision,
    goes_on: &dyn Fn(&Permitted) -> bool,
    may_wait: bool,
) -> Result<(), Refusal> {
    let name = one.agent.name();
    match decision {
        Decision::Permit(permitted) if goes_on(permitted) => Ok(()),
        Decision::Hold(_) if may_wait => Ok(()),
        Decision::Permit(_) | Decision::Hold(_) => {
            let words = format!(
                "{name}, for whom this is done, may do it only so often or with people told or asked"
            );
            Err(refusal::NOT_FOR_OTHERS.saying(words))
        }
        Decision::Deny(denied) => {
            let words = format!(
                "{name}, for whom this is done, may not do it ({}): {}",
                denied.code, denied.words
            );
            Err(refusal::NOT_FOR_OTHERS.saying(words).curing(denied.cure.clone()))
        }
    }
}

/// Whether a permit depends on nothing that would have to be counted, told or used up for somebody who does not call.
/// Bounds of a clause that the caller's own call counts under are counted by that.
fn goes_on(permitted: &Permitted, own: Option<&Permitted>) -> bool {
    let counted = |clause: &String| {
        own.is_none_or(|own| own.bounds().iter().any(|bound| bound.clause == *clause))
    };
    permitted.limits().is_empty()
        && permitted.bounds().iter().all(|bound| counted(&bound.clause))
        && permitted.approval().is_none()
        && !permitted.notify()
        && !permitted.rehearsal()
}
