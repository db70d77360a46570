//! What running Writ writes down: newer formats, gateways that were halted, a ledger that came out of a backup.
//!
//! Never here: how a gateway is halted (it hears it from the roster, or at its machine), or how a backup is opened.

use writ_model::{Actor, Cx, GatewayId, Role, Side};

use super::check::{self, SENTENCE};
use crate::{
    fact::{Fact, GatewayHalted, GatewayResumed, LedgerRestored, NEWEST},
    refusal::{self, Refusal},
    state::State,
};

/// Those who run the gateways.
const RUNS: &[Role] = &[Role::Owner, Role::Engineer];

/// One step at a time, and none back. Who asks has asked every process that follows the ledger.
pub(super) fn raise(state: &State, cx: &Cx, format: u32) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    if format == state.format {
        return Ok(Vec::new());
    }
    if format != state.format + 1 || format > NEWEST {
        let what = format!("format {format} does not follow {}", state.format);
        let cure = format!("This build reads up to format {NEWEST}; raise one by one.");
        return Err(Refusal::new(refusal::FORMAT, "format", what, &cure));
    }
    Ok(vec![Fact::FormatRaised { format }])
}

/// A person of the provider who runs its gateways.
pub(super) fn runs(state: &State, cx: &Cx) -> Result<(), Refusal> {
    provider(state)?;
    check::person(cx)?;
    check::acts(state, cx, RUNS)
}

fn provider(state: &State) -> Result<(), Refusal> {
    check::ledger_of(state, Side::Provider, "gateways are run by the provider")
}

fn gateway_refused(what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::GATEWAY, "gateway", what, cure)
}

fn not_halted(state: &State, gateway: GatewayId) -> Result<(), Refusal> {
    match state.halted.get(&gateway) {
        None => Ok(()),
        Some(halt) => {
            let what = format!("{gateway} is halted since {}", halt.says.at);
            Err(gateway_refused(what, "Nothing is left to do; let it serve again when it may."))
        }
    }
}

pub(super) fn halt(
    state: &State,
    cx: &Cx,
    gateway: GatewayId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    runs(state, cx)?;
    check::text("reason", &reason, SENTENCE)?;
    not_halted(state, gateway)?;
    let halted = GatewayHalted { gateway, boot: None, at: cx.now(), by: None, reason };
    Ok(vec![Fact::GatewayHalted(Box::new(halted))])
}

pub(super) fn serve(state: &State, cx: &Cx, gateway: GatewayId) -> Result<Vec<Fact>, Refusal> {
    runs(state, cx)?;
    if !state.halted.contains_key(&gateway) {
        let what = format!("{gateway} is not halted here");
        return Err(gateway_refused(what, "Nothing is left to do."));
    }
    let resumed = GatewayResumed { gateway, at: cx.now(), by: None };
    Ok(vec![Fact::GatewayResumed(Box::new(resumed))])
}

/// A halt at the machine, told again and again until it is written down: the second time changes nothing.
pub(super) fn note_halt(
    state: &State,
    cx: &Cx,
    halted: GatewayHalted,
) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    provider(state)?;
    check::text("reason", &halted.reason, SENTENCE)?;
    at_machine(cx, halted.by.as_deref(), halted.at)?;
    if state.halted.contains_key(&halted.gateway) {
        return Ok(Vec::new());
    }
    Ok(vec![Fact::GatewayHalted(Box::new(halted))])
}

/// Only what was halted at the machine is let serve again there.
pub(super) fn note_served(
    state: &State,
    cx: &Cx,
    resumed: GatewayResumed,
) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    provider(state)?;
    at_machine(cx, resumed.by.as_deref(), resumed.at)?;
    match state.halted.get(&resumed.gateway) {
        None => Ok(Vec::new()),
        Some(halt) if halt.says.by.is_none() => {
            let what = format!("{} was halted here, by a person", resumed.gateway);
            Err(gateway_refused(what, "Let it serve again here, by signature."))
        }
        Some(_) => Ok(vec![Fact::GatewayResumed(Box::new(resumed))]),
    }
}

fn at_machine(cx: &Cx, by: Option<&str>, at: writ_model::Timestamp) -> Result<(), Refusal> {
    let Some(by) = by else {
        return Err(Refusal::internal("by", "who did it at the machine is not said"));
    };
    check::text("by", by, SENTENCE)?;
    if at > cx.now() {
        return Err(Refusal::internal("at", "it lies in the future"));
    }
    Ok(())
}

/// A backup must not raise the dead: see [`Fact::LedgerRestored`].
pub(super) fn restore(
    state: &State,
    cx: &Cx,
    restored: LedgerRestored,
) -> Result<Vec<Fact>, Refusal> {
    if !matches!(cx.actor(), Actor::System { .. }) {
        return Err(Refusal::internal("actor", "only a restore writes this"));
    }
    let refuse = |what: String| {
        let cure = "Restore into an empty store with `writ restore`.";
        Err(Refusal::new(refusal::RESTORED, "size", what, cure))
    };
    if restored.size > state.size {
        return refuse(format!(
            "{} lines came out of the backup, and here are {}",
            restored.size, state.size
        ));
    }
    let seen = restored.witnessed.map_or(0, |seen| seen.size);
    if restored.gap != seen.saturating_sub(restored.size) {
        return refuse(format!("{} lines are not what is missing of {seen}", restored.gap));
    }
    if restored.backup_at > cx.now() {
        return refuse(format!("a backup of {} lies in the future", restored.backup_at));
    }
    Ok(vec![Fact::LedgerRestored(Box::new(restored))])
}
