//! Whether a call that a gateway writes down could be held: what a ledger says waits, waits as the charter says.
//!
//! SECURITY: who has the disk writes such lines; a verifier asks the same question of them.
//! Never here: who approves it.

use std::collections::BTreeSet;

use writ_charter::{Amount, Charter, Deed, Judgment, Mode, Seat, UNTRUSTED};
use writ_model::{Span, Timestamp};

use super::{check, frozen, in_force, refused};
use crate::{
    agent::Life,
    fact::HeldCall,
    refusal::{self, Refusal},
    state::State,
};

/// A call that a gateway writes down could be held: by the charter in force, of an agent that asks, no looser than the
/// charter says.
///
/// # Errors
/// If it could not.
pub(in crate::command) fn could_be_held(
    state: &State,
    call: &HeldCall,
    now: Timestamp,
) -> Result<(), Refusal> {
    if let Some(stop) = state.frozen() {
        return Err(frozen(stop));
    }
    let charter = in_force(state)?;
    let refuse =
        |what: String| Err(Refusal::new(refusal::HOLD, "hold", what, "Decide the call again."));
    if charter.charter.charter != call.charter {
        return refuse("it stands on a charter that is not in force".to_owned());
    }
    if !matches!(call.mode, Mode::Propose | Mode::Approve { .. }) {
        return refuse(format!("a call in mode {} waits for nobody", call.mode.word()));
    }
    let agent = check::living(state, call.agent)?;
    let instance = state.instances.get(&call.instance);
    let live = instance.is_some_and(|one| one.agent == call.agent && one.ended_at.is_none());
    if agent.life != Life::Active || agent.shadow_of.is_some() || !live {
        return refuse(format!("{} may ask for nothing now", agent.name()));
    }
    let classes = charter.charter.classify(&call.server, call.surface.word(), &call.name);
    // Where its values came from is known to the gateway alone: it may say so, and only be stricter for it.
    let mut actions = classes.actions;
    if call.actions.iter().any(|class| class == UNTRUSTED) && !actions.contains(&UNTRUSTED) {
        actions.push(UNTRUSTED);
    }
    if !same(&actions, &call.actions) {
        return refuse("it does not count as what it says".to_owned());
    }
    let groups = state.groups_of(agent);
    let amount = call
        .amount
        .as_ref()
        .and_then(|money| Some(Amount { value: money.value()?, currency: money.currency.clone() }));
    let deed = Deed {
        actions,
        agent: Some(call.agent),
        groups: &groups,
        server: Some(&call.server),
        tags: classes.tags.as_deref(),
        data: classes.data.as_deref(),
        severity: None,
        confidence: None,
        amount,
        at: now,
    };
    let judgment = charter.charter.judge(&state.suspended(), &deed);
    as_long(&charter.charter, &judgment, call, now)?;
    match (&judgment.mode, &call.mode) {
        (Mode::Refuse, _) => Err(refused(&judgment)),
        (Mode::Approve { quorum: asked }, Mode::Approve { quorum }) => {
            let enough = |seat: &Seat| {
                quorum
                    .iter()
                    .any(|one| (one.party, one.role) == (seat.party, seat.role) && one.n >= seat.n)
            };
            if asked.iter().all(enough) {
                return Ok(());
            }
            refuse("the charter asks more people than it says".to_owned())
        }
        (Mode::Propose, Mode::Approve { .. }) => {
            refuse("the charter lets it be proposed only".to_owned())
        }
        // Stricter than the charter is now: it was asked a moment before.
        _ => Ok(()),
    }
}

/// How long a gateway may take from deciding a call to writing down that it waits.
const LATE: Span = Span::minutes(1);

/// It stands on the clauses that say so, and waits no longer, nor lets owners in sooner, than they say.
fn as_long(
    charter: &Charter,
    judgment: &Judgment,
    call: &HeldCall,
    now: Timestamp,
) -> Result<(), Refusal> {
    let refuse = |what: &str| {
        Err(Refusal::new(refusal::HOLD, "hold", what.into(), "Decide the call again."))
    };
    if call.clauses.iter().any(|key| charter.clause(key).is_none()) {
        return refuse("it names a clause that is not there");
    }
    if !matches!(judgment.mode, Mode::Propose | Mode::Approve { .. }) {
        return Ok(());
    }
    if judgment.clauses.iter().any(|key| !call.clauses.contains(key)) {
        return refuse("it leaves out a clause that it stands on");
    }
    let waits = judgment.waits;
    let sooner = |at: Timestamp| waits.escalates().is_none_or(|after| at + LATE < now + after);
    if call.expires > now + waits.expires() || call.escalate_at.is_some_and(sooner) {
        return refuse("it waits longer, or lets owners in sooner, than the charter says");
    }
    Ok(())
}

fn same(one: &[&str], two: &[String]) -> bool {
    let one: BTreeSet<&str> = one.iter().copied().collect();
    one == two.iter().map(String::as_str).collect()
}
