//! Whether the gateway may let anything through now, whatever the caller may: how long ago the ledger was heard, whether
//! records still arrive where they belong, and whether a person stopped it.
//!
//! Every request is asked about when its caller is known, what acts once more before it leaves; and who watches closes
//! streams and cuts calls at the moment the standing falls. A guard is taken before the first question, so that whatever
//! the watcher does not see under way asks after it.
//! Never here: who renews the lease (`store`), what a caller may do.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use writ_authority::{Permitted, State};
use writ_charter::Reversibility;
use writ_model::Span;
use writ_store::{Lease, Standing, lease::Why, lease::standing_of};

use crate::{
    core::Core,
    mcp::method::Wish,
    refusal::{self, Refusal},
    streams::{Because, Closing, Flows, Guard},
};

/// How often a fallen standing is looked at: a renewal may be of an instant that is over soon.
const FALLEN: Duration = Duration::from_millis(100);
/// The watcher never turns faster than this, whatever a clock says.
const LEAST: Duration = Duration::from_millis(1);

/// What may be let through at a monotonic instant: what the lease lets, and no more than the recorder does.
pub(crate) fn standing(core: &Core, now: u64) -> Standing {
    let lease = core.lease.standing(now);
    match core.recorder.behind() {
        None => lease,
        Some(behind) => lease.min(standing_of(behind, core.lease.terms())),
    }
}

/// Whether anything at all is let through.
pub(crate) fn admits(core: &Core, now: u64) -> Result<(), Refusal> {
    match core.lease.stopped() {
        Some(Why::Halt) => return Err(refusal::HALTED),
        Some(Why::Drain) | None => {}
    }
    match standing(core, now) {
        Standing::Nothing => Err(refusal::NO_LEASE),
        Standing::Reading | Standing::Full => Ok(()),
    }
}

/// Whether a message may begin something: not while the gateway drains. What belongs to something open is let through.
pub(crate) fn begins(core: &Core, wish: &Wish<'_>) -> Result<(), Refusal> {
    match (core.lease.stopped(), wish) {
        (None, _) | (Some(Why::Drain), Wish::Talk { recorded: false }) => Ok(()),
        (Some(Why::Drain), _) => Err(refusal::DRAINING),
        (Some(Why::Halt), _) => Err(refusal::HALTED),
    }
}

/// Whether a permitted call does more than read. What counts as nothing only talks: lists, handshakes, notifications.
pub(crate) fn acts(permitted: &Permitted) -> bool {
    permitted.actions().iter().any(|class| !writ_charter::reads(class))
}

/// What a permitted call does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Nothing: it reads or talks.
    Reads,
    /// Something that can be undone, at a cost perhaps.
    Acts,
    /// Something that cannot be undone, or of which nobody says that it can.
    ForGood,
}

/// What a permitted call does, as the catalogue and the client's charter have its classes.
pub(crate) fn deed(state: &State, permitted: &Permitted) -> Deed {
    if !acts(permitted) {
        return Deed::Reads;
    }
    let known = |class: &str| match &state.charter {
        Some(force) => force.charter.action(class),
        None => writ_charter::catalog::action(class),
    };
    let undone = |class: &String| {
        writ_charter::reads(class)
            || known(class).is_some_and(|one| one.reversibility != Reversibility::Irreversible)
    };
    if permitted.actions().iter().all(undone) { Deed::Acts } else { Deed::ForGood }
}

/// Whether a permitted call may go out now.
pub(crate) fn lets(core: &Core, permitted: &Permitted) -> Result<(), Refusal> {
    let now = core.clock.monotonic_micros();
    admits(core, now)?;
    if acts(permitted) && standing(core, now) != Standing::Full {
        return Err(refusal::READS_ONLY);
    }
    Ok(())
}

/// Makes a call a stream. `answers`: it is the answer of something that only reads, which the gateway still lets through
/// when streams that listen, and those of what acts, are closed.
pub(crate) fn streams(core: &Core, guard: &mut Guard, answers: Answers) -> Result<(), Refusal> {
    // INVARIANT: counted first, asked after: whoever closes streams in between has seen this one.
    let flows = if answers == Answers::Nothing { Flows::Listen } else { Flows::Answer };
    guard.streams(flows)?;
    let now = core.clock.monotonic_micros();
    admits(core, now)?;
    if flows == Flows::Listen && core.lease.stopped().is_some() {
        return Err(refusal::DRAINING);
    }
    match (answers, standing(core, now)) {
        (Answers::Read, _) | (_, Standing::Full) => Ok(()),
        (Answers::Act | Answers::Nothing, _) => Err(refusal::READS_ONLY),
    }
}

/// What a stream is the answer of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Of a call that only reads.
    Read,
    /// Of a call that acts.
    Act,
    /// Of none: it listens.
    Nothing,
}

/// Watches the standing until the gateway ends, and closes and cuts when it falls.
pub(crate) async fn watch(core: Arc<Core>) {
    let mut known = standing(&core, core.clock.monotonic_micros());
    loop {
        let now = core.clock.monotonic_micros();
        let standing = standing(&core, now);
        if standing != known {
            changed(&core, (known, standing), now);
            known = standing;
        }
        let wait = match standing {
            Standing::Full => left(&core, now).to_std().max(LEAST),
            Standing::Reading | Standing::Nothing => FALLEN,
        };
        if timeout(wait, core.halt.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// How long a full standing lasts at least: a renewal only moves its end away.
fn left(core: &Core, now: u64) -> Span {
    let acting = core.lease.terms().acting;
    let leased = if core.lease.is_always() { None } else { core.lease.age(now) };
    let oldest = leased.max(core.recorder.behind()).map_or(0, Span::as_micros);
    Span::micros(acting.as_micros().saturating_sub(oldest))
}

fn changed(core: &Core, (from, to): (Standing, Standing), now: u64) {
    let age_us = core.lease.age(now).map_or(0, Span::as_micros);
    let behind_us = core.recorder.behind().map_or(0, Span::as_micros);
    if to > from {
        tracing::info!(
            event = "gateway.lease_back",
            standing = to.word(),
            "the gateway may do more again"
        );
        return;
    }
    let (calls, streams) = match to {
        Standing::Nothing => {
            let cut = core.streams.cut_all(Because::NoLease);
            (cut.calls, cut.streams)
        }
        Standing::Reading | Standing::Full => (0, core.streams.close(Closing::Reading)),
    };
    tracing::warn!(
        event = "gateway.lease_lost",
        standing = to.word(),
        age_us,
        behind_us,
        calls,
        streams,
        "the gateway has lost touch with the ledger or with its recorder"
    );
}

/// How old a lease is, for metrics.
pub(crate) fn age_us(lease: &Lease, now: u64) -> Option<u64> {
    let age = if lease.is_always() { None } else { lease.age(now) };
    age.and_then(|age| u64::try_from(age.as_micros()).ok())
}
