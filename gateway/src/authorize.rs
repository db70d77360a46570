//! Station 2: whether the caller may. `authority` decides; here its question is put and its limits are reserved.
//!
//! Never here: a rule, or a permit of our own making.

use writ_authority::{
    Ask, Decision, Denied, Moment, Permitted, State, What,
    decide::{OnHold, call_digest},
    fact::Notified,
    grant::Surface,
};
use writ_charter::{Bound, Limit as ClauseLimit};
use writ_lake::ClauseUse;
use writ_model::json::Node;
use writ_store::Reservation;

use crate::{
    core::Core,
    flight::Flight,
    identify::Identified,
    limits::{self, Metered},
    mcp::method::Wish,
    record::Decided,
    refusal::{self, Refusal},
};

/// What became of the question.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It may go on, once what [`crate::release`] has to write is written.
    Permit(Box<Pass>),
    /// It may not.
    Deny(Box<Denied>),
    /// It waits for people, or a person does it instead.
    Hold(Box<OnHold>),
    /// It would wait for people, and a request of its kind cannot.
    CannotWait(Box<Decided>, Refusal),
}

/// A permit and what goes with it.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) permitted: Permitted,
    /// Its places among what runs now.
    pub(crate) flight: Flight,
    /// What people have to be told before it goes out.
    pub(crate) told: Vec<Notified>,
}

/// Decides what a message asks for.
pub(crate) fn authorize(core: &Core, who: &Identified, server: &str, wish: &Wish<'_>) -> Verdict {
    match wish {
        Wish::Use { surface, name, arguments, counts } => {
            let decision = call(core, who, server, (*surface, name), *arguments);
            if !*counts && waits(&decision) {
                return cannot_wait(decision);
            }
            let told = told(who, &decision, server, (*surface, name), *arguments);
            if !*counts {
                return free(decision, Vec::new());
            }
            let again = || call(core, who, server, (*surface, name), *arguments);
            reserved(core, who, decision, told.into_iter().collect(), &again)
        }
        Wish::Listen { resources } => listen(core, who, server, *resources),
        Wish::List | Wish::Talk { .. } => {
            free(decide(core, who, server, What::Session), Vec::new())
        }
    }
}

/// A stream of changes: each resource it names must be readable, without anybody's approval.
fn listen(core: &Core, who: &Identified, server: &str, resources: Option<&Node<'_>>) -> Verdict {
    let named = resources.map(|node| node.as_array().unwrap_or_default()).unwrap_or_default();
    let mut all = Vec::new();
    for uri in named {
        // What is not text names nothing that could be granted.
        let uri = uri.as_str().unwrap_or_default();
        let decision = call(core, who, server, (Surface::Resource, uri), None);
        if waits(&decision) {
            return cannot_wait(decision);
        }
        if !decision.permits() {
            return free(decision, Vec::new());
        }
        all.extend(told(who, &decision, server, (Surface::Resource, uri), None));
    }
    free(decide(core, who, server, What::Session), all)
}

fn call(
    core: &Core,
    who: &Identified,
    server: &str,
    (surface, name): (Surface, &str),
    arguments: Option<&Node<'_>>,
) -> Decision {
    decide(core, who, server, What::Call { surface, name, arguments })
}

fn decide(core: &Core, who: &Identified, server: &str, what: What<'_>) -> Decision {
    decide_on(core, who, &who.view.state, &ask(who, server, what))
}

/// Decides on a state that may be newer than the one the caller came in on.
pub(crate) fn decide_on(core: &Core, who: &Identified, state: &State, ask: &Ask<'_>) -> Decision {
    let counters =
        Metered { meter: core.meter.as_ref(), flights: &core.flights, tenant: state.tenant };
    core.engine.decide(state, ask, &Moment { at: who.now, counters: &counters })
}

pub(crate) fn ask<'a>(who: &Identified, server: &'a str, what: What<'a>) -> Ask<'a> {
    Ask {
        agent: who.caller.agent.described.agent,
        instance: who.caller.instance,
        epoch: who.caller.epoch,
        server,
        what,
    }
}

/// Whether it depends on people: it waits for them, or stands on an approval that would have to be used up.
fn waits(decision: &Decision) -> bool {
    match decision {
        Decision::Permit(permitted) => permitted.approval().is_some(),
        Decision::Hold(_) => true,
        Decision::Deny(_) => false,
    }
}

fn cannot_wait(decision: Decision) -> Verdict {
    match decision {
        Decision::Hold(held) => {
            Verdict::CannotWait(Box::new(hold_words(&held)), refusal::CANNOT_WAIT)
        }
        Decision::Permit(permitted) => {
            let words = Decided { permitted: false, hold: None, ..permit_words(&permitted) };
            Verdict::CannotWait(Box::new(words), refusal::CANNOT_WAIT)
        }
        Decision::Deny(denied) => Verdict::Deny(Box::new(denied)),
    }
}

fn free(decision: Decision, told: Vec<Notified>) -> Verdict {
    match decision {
        Decision::Permit(permitted) => {
            Verdict::Permit(Box::new(Pass { permitted, flight: Flight::default(), told }))
        }
        Decision::Deny(denied) => Verdict::Deny(Box::new(denied)),
        Decision::Hold(held) => Verdict::Hold(held),
    }
}

/// What people are told of a call that a clause lets go only with a word to them.
fn told(
    who: &Identified,
    decision: &Decision,
    server: &str,
    (surface, name): (Surface, &str),
    arguments: Option<&Node<'_>>,
) -> Option<Notified> {
    let Decision::Permit(permitted) = decision else { return None };
    if !permitted.notify() || permitted.rehearsal() {
        return None;
    }
    Some(Notified {
        agent: who.caller.agent.described.agent,
        instance: who.caller.instance,
        server: server.to_owned(),
        surface,
        name: name.to_owned(),
        digest: call_digest(server, surface, name, arguments),
        actions: permitted.actions().to_vec(),
        clauses: permitted.clauses().to_vec(),
    })
}

/// Takes the call's share of the limits of its grant and its clauses, all or nothing. What is not given although the
/// decision read that there was some left, because another call took it in between, is decided again.
fn reserved(
    core: &Core,
    who: &Identified,
    decision: Decision,
    told: Vec<Notified>,
    again: &dyn Fn() -> Decision,
) -> Verdict {
    let permitted = match decision {
        Decision::Permit(permitted) => permitted,
        other @ (Decision::Deny(_) | Decision::Hold(_)) => return free(other, told),
    };
    if permitted.rehearsal() {
        return free(Decision::Permit(permitted), told);
    }
    match taken(core, who, &permitted) {
        Ok(flight) => Verdict::Permit(Box::new(Pass { permitted, flight, told })),
        Err(denied) => match again() {
            // Counters may have moved on once more; what was not given is not given.
            Decision::Permit(_) => Verdict::Deny(denied),
            other @ (Decision::Deny(_) | Decision::Hold(_)) => free(other, told),
        },
    }
}

/// The call's share, or why there is none.
fn taken(core: &Core, who: &Identified, permitted: &Permitted) -> Result<Flight, Box<Denied>> {
    let state = &who.view.state;
    let flight = depart(core, state, permitted)?;
    let grant = permitted.reason().grant;
    let limits: Vec<_> = grant
        .into_iter()
        .flat_map(|grant| permitted.limits().iter().map(move |limit| (grant, *limit)))
        .collect();
    let moved = moved(permitted);
    let under = |bound: &Bound| limits::clause_reservation(state.tenant, bound, moved);
    let bounds: Vec<_> =
        permitted.bounds().iter().filter_map(|bound| Some((bound, under(bound)?))).collect();
    let mut wanted: Vec<Reservation> = limits
        .iter()
        .map(|(grant, limit)| limits::reservation(state.tenant, *grant, *limit))
        .chain(bounds.iter().map(|(_, want)| *want))
        .collect();
    if permitted.observed().is_some() {
        // Counted all the same: what is observed must be as near as can be to what is enforced later.
        for want in &mut wanted {
            want.limit = u64::MAX;
        }
    }
    let Err(refused) = core.meter.reserve(state.tenant, who.now, &wanted) else {
        return Ok(flight);
    };
    let index = match refused {
        writ_store::MeterRefusal::Exceeded { index, .. } => index,
        writ_store::MeterRefusal::Full { .. } | writ_store::MeterRefusal::NoWindow { .. } => {
            tracing::error!(error = %refused, "the meter cannot count");
            0
        }
    };
    let bound = bounds.get(index.saturating_sub(limits.len())).map(|(bound, _)| *bound);
    match (limits.get(index), bound) {
        (Some((grant, limit)), _) => Err(Box::new(Denied::limit_reached(state, *grant, *limit))),
        (None, Some(bound)) => Err(Box::new(Denied::clause_limit_reached(state, permitted, bound))),
        (None, None) => Ok(flight),
    }
}

/// Ten-thousandths that a call moves. What is not known or negative counts as nothing: where a limit asks for it, the
/// engine has refused.
fn moved(permitted: &Permitted) -> u64 {
    permitted.amount().and_then(|amount| u64::try_from(amount.value).ok()).unwrap_or(0)
}

/// Takes the call's places among what runs now.
fn depart(core: &Core, state: &State, permitted: &Permitted) -> Result<Flight, Box<Denied>> {
    let observed = permitted.observed().is_some();
    let running: Vec<_> = permitted
        .bounds()
        .iter()
        .filter_map(|bound| match &bound.limit {
            ClauseLimit::Concurrent { most } => {
                let most = if observed { u64::MAX } else { u64::from(*most) };
                Some((bound, (&*bound.clause, most)))
            }
            ClauseLimit::Count { .. } | ClauseLimit::Money { .. } => None,
        })
        .collect();
    let places: Vec<_> = running.iter().map(|(_, place)| *place).collect();
    core.flights.depart(state.tenant, &places).or_else(|index| match running.get(index) {
        Some((bound, _)) => Err(Box::new(Denied::clause_limit_reached(state, permitted, bound))),
        None => Ok(Flight::default()),
    })
}

/// What a record says of a permit.
pub(crate) fn permit_words(permitted: &Permitted) -> Decided {
    let reason = permitted.reason();
    Decided {
        code: reason.code,
        words: reason.words.clone(),
        grant: reason.grant,
        given_by: reason.given_by,
        tree_size: permitted.tree_size(),
        reads: json(permitted.reads()),
        clauses: permitted.clauses().to_vec(),
        charter: permitted.charter().map(|(_, version)| version),
        clause_reads: json(permitted.clause_reads()),
        charged: charged(permitted),
        observed: permitted.observed(),
        hold: permitted.approval(),
        permitted: true,
    }
}

/// What a permitted call counts under clauses, for counting it again after a restart. A rehearsal counts nothing.
fn charged(permitted: &Permitted) -> Vec<ClauseUse> {
    if permitted.rehearsal() {
        return Vec::new();
    }
    let moved = moved(permitted);
    let uses = permitted.bounds().iter().filter_map(|bound| {
        let clause = bound.clause.clone();
        match &bound.limit {
            ClauseLimit::Count { .. } => {
                Some(ClauseUse { clause, currency: String::new(), money: 0 })
            }
            ClauseLimit::Money { most, .. } => {
                Some(ClauseUse { clause, currency: most.currency.clone(), money: moved })
            }
            ClauseLimit::Concurrent { .. } => None,
        }
    });
    let mut all: Vec<ClauseUse> = Vec::new();
    for one in uses {
        // An hour's and a day's limit of one clause count the same call.
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// What a record says of a denial.
pub(crate) fn denial_words(denied: &Denied) -> Decided {
    Decided {
        code: denied.code,
        words: denied.words.clone(),
        grant: denied.grant,
        given_by: denied.given_by,
        tree_size: denied.tree_size,
        reads: json(&denied.reads),
        clauses: denied.clauses.clone(),
        charter: denied.charter.map(|(_, version)| version),
        clause_reads: json(&denied.clause_reads),
        charged: Vec::new(),
        observed: None,
        hold: None,
        permitted: false,
    }
}

/// What a record says of a call that waits.
pub(crate) fn hold_words(held: &OnHold) -> Decided {
    Decided {
        code: held.code,
        words: held.words.clone(),
        grant: held.grant,
        given_by: held.given_by,
        tree_size: held.tree_size,
        reads: json(&held.reads),
        clauses: held.clauses().to_vec(),
        charter: Some(held.charter.1),
        clause_reads: json(&held.clause_reads),
        charged: Vec::new(),
        observed: None,
        hold: held.existing,
        permitted: false,
    }
}

fn json<T: serde::Serialize>(reads: &[T]) -> String {
    if reads.is_empty() {
        return String::new();
    }
    serde_json::to_string(reads).unwrap_or_default()
}
