//! Station 2: whether the caller may. `authority` decides; here its question is put and its limits are reserved.
//!
//! Never here: a rule, or a permit of our own making.

use writ_authority::{Ask, Decision, Denied, Moment, Permitted, What, grant::Surface};
use writ_model::json::Node;
use writ_store::Reservation;

use crate::{
    core::Core,
    identify::Identified,
    limits::{self, Metered},
    mcp::method::Wish,
    record::Decided,
};

/// Decides what a message asks for.
pub(crate) fn authorize(core: &Core, who: &Identified, server: &str, wish: &Wish<'_>) -> Decision {
    match wish {
        Wish::Use { surface, name, arguments, counts } => {
            let decision = call(core, who, server, (*surface, name), *arguments);
            if *counts { reserved(core, who, decision) } else { decision }
        }
        Wish::Listen { resources } => listen(core, who, server, *resources),
        Wish::List | Wish::Talk { .. } => decide(core, who, server, What::Session),
    }
}

/// A stream of changes: each resource it names must be readable.
fn listen(core: &Core, who: &Identified, server: &str, resources: Option<&Node<'_>>) -> Decision {
    let named = resources.map(|node| node.as_array().unwrap_or_default()).unwrap_or_default();
    for uri in named {
        // What is not text names nothing that could be granted.
        let uri = uri.as_str().unwrap_or_default();
        let decision = call(core, who, server, (Surface::Resource, uri), None);
        if !decision.permits() {
            return decision;
        }
    }
    decide(core, who, server, What::Session)
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
    let tenant = who.view.state.tenant;
    let counters = Metered { meter: core.meter.as_ref(), tenant };
    core.engine.decide(
        &who.view.state,
        &ask(who, server, what),
        &Moment { at: who.now, counters: &counters },
    )
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

/// Takes the call's share of its grant's limits; what the meter does not give is denied.
fn reserved(core: &Core, who: &Identified, decision: Decision) -> Decision {
    let Decision::Permit(permitted) = &decision else { return decision };
    let limits = permitted.limits();
    let Some(grant) = permitted.reason().grant.filter(|_| !limits.is_empty()) else {
        return decision;
    };
    let state = &who.view.state;
    let wanted: Vec<Reservation> =
        limits.iter().map(|limit| limits::reservation(state.tenant, grant, *limit)).collect();
    let Err(refused) = core.meter.reserve(state.tenant, who.now, &wanted) else { return decision };
    let reached = match refused {
        writ_store::MeterRefusal::Exceeded { index, .. } => limits.get(index),
        writ_store::MeterRefusal::Full { .. } | writ_store::MeterRefusal::NoWindow { .. } => {
            tracing::error!(error = %refused, "the meter cannot count");
            limits.first()
        }
    };
    match reached {
        Some(limit) => Decision::Deny(Denied::limit_reached(state, grant, *limit)),
        None => decision,
    }
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
        reads: reads(permitted.reads()),
        permitted: true,
    }
}

/// What a record says of a denial.
pub(crate) fn denial_words(denied: &Denied) -> Decided {
    Decided {
        code: denied.code,
        words: denied.words.clone(),
        grant: denied.grant,
        given_by: denied.given_by,
        tree_size: denied.tree_size,
        reads: reads(&denied.reads),
        permitted: false,
    }
}

fn reads(reads: &[writ_authority::decide::CounterRead]) -> String {
    if reads.is_empty() {
        return String::new();
    }
    serde_json::to_string(reads).unwrap_or_default()
}
