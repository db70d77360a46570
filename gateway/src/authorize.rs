//! Station 2: whether the caller may. `authority` decides; here its question is put and its limits are reserved.
//!
//! Never here: a rule, or a permit of our own making.

mod words;

use writ_authority::{
    Ask, Decision, Denied, Moment, Permitted, State, What,
    decide::{OnHold, Traced, call_digest},
    fact::Notified,
    grant::{Limit, Surface},
};
use writ_charter::{Bound, Limit as ClauseLimit};
use writ_model::{GrantId, TenantId, json::Node};
use writ_store::{MeterKey, MeterRefusal, Place, Reservation};

use crate::{
    behalf,
    core::Core,
    flight::Flight,
    flow,
    identify::Identified,
    limits::{self, Metered, place_key},
    mcp::method::Wish,
    record::Decided,
    refusal::{self, Refusal},
    standing,
};

use words::moved;
pub(crate) use words::{denial_words, hold_words, permit_words};

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

/// Decides what a message asks for, and says what was found of where its values came from. It waits only where a share of
/// a limit has to be drawn first, or a context to be had.
pub(crate) async fn authorize(
    core: &Core,
    who: &Identified,
    server: &str,
    wish: &Wish<'_>,
) -> (Verdict, Option<Traced>) {
    let (surface, name, arguments, counts) = match wish {
        Wish::Use { surface, name, arguments, counts } => (*surface, *name, *arguments, *counts),
        Wish::Listen { resources } => return (listen(core, who, server, *resources), None),
        Wish::List | Wish::Talk { .. } => return (talk(core, who, server), None),
    };
    let thing = (surface, name, arguments);
    let decision = call(core, who, server, (thing, None));
    if matches!(decision, Decision::Deny(_)) {
        return (free(decision, Vec::new()), None);
    }
    match flow::judged(core, who, server, thing).await {
        Ok(None) => (counted(core, who, server, (thing, counts), (decision, None)).await, None),
        Ok(Some(found)) => {
            let decision = call(core, who, server, (thing, Some(&found)));
            let verdict =
                counted(core, who, server, (thing, counts), (decision, Some(&found))).await;
            (verdict, Some(found))
        }
        Err(refusal) => (stopped(decision, refusal), None),
    }
}

/// A thing with the arguments of its use.
type Thing<'a> = (Surface, &'a str, Option<&'a Node<'a>>);

/// What a decision comes to, once the call's share of its limits is taken.
async fn counted(
    core: &Core,
    who: &Identified,
    server: &str,
    (thing, counts): (Thing<'_>, bool),
    (decision, found): (Decision, Option<&Traced>),
) -> Verdict {
    let (surface, name, arguments) = thing;
    let what = What::Call { surface, name, arguments };
    if let Some(stopped) = for_others(core, who, (server, what), (&decision, found)) {
        return stopped;
    }
    if !counts {
        return if waits(&decision) { cannot_wait(decision) } else { free(decision, Vec::new()) };
    }
    if let Decision::Permit(permitted) = &decision
        && let Err(refusal) = standing::lets(core, permitted)
    {
        // Nothing is counted for what could not go out.
        let words = Decided { permitted: false, ..permit_words(permitted) };
        return Verdict::CannotWait(Box::new(words), refusal);
    }
    let told = told(who, &decision, server, (surface, name), arguments);
    let again = || call(core, who, server, (thing, found));
    reserved(core, who, decision, told.into_iter().collect(), &again).await
}

/// Decides whether somebody may talk to a server at all. Nothing is counted for that. Whoever acts for others is not asked
/// about them: it may talk there with a token of its own, and talk does nothing for anybody.
pub(crate) fn talk(core: &Core, who: &Identified, server: &str) -> Verdict {
    free(decide(core, who, server, What::Session), Vec::new())
}

/// What stops a call that those may not make for whom it is made; see [`behalf`].
fn for_others(
    core: &Core,
    who: &Identified,
    asked: (&str, What<'_>),
    (decision, found): (&Decision, Option<&Traced>),
) -> Option<Verdict> {
    if who.caller.behalf.is_empty() {
        return None;
    }
    let words = match decision {
        Decision::Permit(permitted) => {
            Decided { permitted: false, hold: None, ..permit_words(permitted) }
        }
        Decision::Hold(held) => hold_words(held),
        Decision::Deny(_) => return None,
    };
    let refusal = behalf::lets(core, who, asked, (decision, found)).err()?;
    Some(Verdict::CannotWait(Box::new(words), refusal))
}

/// A stream of changes: each resource it names must be readable, without anybody's approval.
fn listen(core: &Core, who: &Identified, server: &str, resources: Option<&Node<'_>>) -> Verdict {
    let named = resources.map(|node| node.as_array().unwrap_or_default()).unwrap_or_default();
    let mut all = Vec::new();
    for uri in named {
        // What is not text names nothing that could be granted.
        let uri = uri.as_str().unwrap_or_default();
        let decision = call(core, who, server, ((Surface::Resource, uri, None), None));
        let what = What::Call { surface: Surface::Resource, name: uri, arguments: None };
        if let Some(stopped) = for_others(core, who, (server, what), (&decision, None)) {
            return stopped;
        }
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
    ((surface, name, arguments), found): (Thing<'_>, Option<&Traced>),
) -> Decision {
    let asked = ask(who, server, What::Call { surface, name, arguments });
    decide_on(core, who, &who.view.state, (&asked, found))
}

fn decide(core: &Core, who: &Identified, server: &str, what: What<'_>) -> Decision {
    decide_on(core, who, &who.view.state, (&ask(who, server, what), None))
}

/// Decides on a state that may be newer than the one the caller came in on.
pub(crate) fn decide_on(
    core: &Core,
    who: &Identified,
    state: &State,
    (ask, found): (&Ask<'_>, Option<&Traced>),
) -> Decision {
    let counters = Metered { meter: core.meter.as_ref(), tenant: state.tenant };
    let moment = Moment { at: who.now, counters: &counters };
    core.engine.decide_traced(state, ask, &moment, found.map(Traced::flow))
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
    stopped(decision, refusal::CANNOT_WAIT)
}

/// What was decided, and does not go on for a reason of the gateway's own.
fn stopped(decision: Decision, refusal: Refusal) -> Verdict {
    match decision {
        Decision::Hold(held) => Verdict::CannotWait(Box::new(hold_words(&held)), refusal),
        Decision::Permit(permitted) => {
            let words = Decided { permitted: false, hold: None, ..permit_words(&permitted) };
            Verdict::CannotWait(Box::new(words), refusal)
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
async fn reserved(
    core: &Core,
    who: &Identified,
    decision: Decision,
    told: Vec<Notified>,
    again: &(dyn Fn() -> Decision + Sync),
) -> Verdict {
    let permitted = match decision {
        Decision::Permit(permitted) => permitted,
        other @ (Decision::Deny(_) | Decision::Hold(_)) => return free(other, told),
    };
    if permitted.rehearsal() {
        return free(Decision::Permit(permitted), told);
    }
    match taken(core, who, &permitted).await {
        Ok(flight) => Verdict::Permit(Box::new(Pass { permitted, flight, told })),
        Err(denied) => match again() {
            // Counters may have moved on once more; what was not given is not given.
            Decision::Permit(_) => Verdict::Deny(denied),
            other @ (Decision::Deny(_) | Decision::Hold(_)) => free(other, told),
        },
    }
}

/// What the meter is asked for a permitted call.
struct Share<'a> {
    /// Bounds of what runs at once, and a place under each.
    running: Vec<(&'a Bound, Place)>,
    /// Limits of the grant, and then of clauses, in the order of what is wanted.
    limits: Vec<(GrantId, Limit)>,
    bounds: Vec<&'a Bound>,
    wanted: Vec<Reservation>,
}

impl<'a> Share<'a> {
    fn of(tenant: TenantId, permitted: &'a Permitted) -> Self {
        // Counted all the same: what is observed must be as near as can be to what is enforced later.
        let observed = permitted.observed().is_some();
        let grant = permitted.reason().grant;
        let own = |grant| permitted.limits().iter().map(move |limit| (grant, *limit));
        let limits: Vec<(GrantId, Limit)> = grant.into_iter().flat_map(own).collect();
        let moved = moved(permitted);
        let mut wanted: Vec<Reservation> = limits
            .iter()
            .map(|(grant, limit)| limits::reservation(tenant, *grant, *limit))
            .collect();
        let (mut running, mut bounds) = (Vec::new(), Vec::new());
        for bound in permitted.bounds() {
            if let ClauseLimit::Concurrent { most } = &bound.limit {
                let most = if observed { u64::MAX } else { u64::from(*most) };
                running.push((bound, Place { key: place_key(tenant, &bound.clause), most }));
            } else if let Some(want) = limits::clause_reservation(tenant, bound, moved) {
                bounds.push(bound);
                wanted.push(want);
            }
        }
        if observed {
            for want in &mut wanted {
                want.limit = u64::MAX;
            }
        }
        Self { running, limits, bounds, wanted }
    }

    /// Why the entry of an index of the places stops the call.
    fn crowded(&self, state: &State, permitted: &Permitted, why: MeterRefusal) -> Box<Denied> {
        let MeterRefusal::Occupied { index, .. } = why else {
            return unmetered(state, permitted, why);
        };
        match self.running.get(index) {
            Some((bound, _)) => Box::new(Denied::clause_limit_reached(state, permitted, bound)),
            None => unmetered(state, permitted, why),
        }
    }

    /// Why the entry of an index of what is wanted stops the call.
    fn exceeded(&self, state: &State, permitted: &Permitted, why: MeterRefusal) -> Box<Denied> {
        let MeterRefusal::Exceeded { index, .. } = why else {
            return unmetered(state, permitted, why);
        };
        let bound = index.checked_sub(self.limits.len()).and_then(|at| self.bounds.get(at));
        match (self.limits.get(index), bound) {
            (Some((grant, limit)), _) => Box::new(Denied::limit_reached(state, *grant, *limit)),
            (None, Some(bound)) => Box::new(Denied::clause_limit_reached(state, permitted, bound)),
            (None, None) => unmetered(state, permitted, why),
        }
    }
}

/// The call's share, or why there is none.
async fn taken(
    core: &Core,
    who: &Identified,
    permitted: &Permitted,
) -> Result<Flight, Box<Denied>> {
    let (state, now) = (&who.view.state, who.now);
    let at = (state.tenant, now);
    if !core.meter.reachable() && standing::acts(permitted) {
        return Err(unmetered(state, permitted, MeterRefusal::Unreachable));
    }
    let share = Share::of(state.tenant, permitted);
    let places: Vec<Place> = share.running.iter().map(|(_, place)| *place).collect();
    let occupied = match core.meter.occupy(state.tenant, now, &places) {
        Err(MeterRefusal::Short { .. }) => {
            core.meter.draw_and_occupy(state.tenant, now, &places).await
        }
        other => other,
    };
    occupied.map_err(|why| share.crowded(state, permitted, why))?;
    let mut keys: Vec<MeterKey> = places.iter().map(|place| place.key).collect();
    // Two bounds of one clause are one place.
    keys.sort_unstable();
    keys.dedup();
    let flight = Flight::under(&core.meter, at, keys);
    let reserved = match core.meter.reserve(state.tenant, now, &share.wanted) {
        Err(MeterRefusal::Short { .. }) => {
            core.meter.draw_and_reserve(state.tenant, now, &share.wanted).await
        }
        other => other,
    };
    reserved.map_err(|why| share.exceeded(state, permitted, why))?;
    Ok(flight.charged(&core.meter, at, share.wanted))
}

/// A call that the meter cannot promise anything.
fn unmetered(state: &State, permitted: &Permitted, why: MeterRefusal) -> Box<Denied> {
    let reason = permitted.reason();
    tracing::warn!(tenant = %state.tenant, code = why.code().0, error = %why, "a call cannot be metered");
    let words = match why {
        MeterRefusal::Unreachable => {
            "what counts limits cannot be reached, so nothing that acts or is limited goes out"
        }
        _ => "what counts limits cannot count this call",
    };
    Box::new(Denied {
        code: why.code(),
        grant: reason.grant,
        given_by: reason.given_by,
        words: words.to_owned(),
        cure: "Try again shortly; if it stays so, the operator must look at the meter.".to_owned(),
        reads: permitted.reads().to_vec(),
        clauses: permitted.clauses().to_vec(),
        charter: permitted.charter(),
        clause_reads: permitted.clause_reads().to_vec(),
        tree_size: permitted.tree_size(),
    })
}
