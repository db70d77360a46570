//! What has to be durable before a permitted call goes out: that people are told of it, that an approval is used up.
//!
//! SECURITY: nothing goes out if it could not be written. A crash after the writing and before the forwarding loses the
//! call and never doubles it. Of two calls under one approval the ledger lets one through.
//! Never here: whether an approval counts (`authority`).

use writ_authority::{Command, State};
use writ_model::HoldId;
use writ_store::HeldRequest;

use crate::{
    authorize::Pass,
    core::Core,
    hold,
    identify::Identified,
    mcp::{elicit, header::Revision},
    refusal::{self, Refusal},
    resume, standing,
    travel::{Going, Letter},
};

/// Writes what has to be written. An error means that nothing may go out.
pub(crate) async fn release(core: &Core, who: &Identified, pass: &Pass) -> Result<(), Refusal> {
    written(core, who, pass).await?;
    // The lease may have run out while the call waited for its record, or for people to be told.
    standing::lets(core, &pass.permitted)
}

async fn written(core: &Core, who: &Identified, pass: &Pass) -> Result<(), Refusal> {
    let tenant = who.view.state.tenant;
    for told in &pass.told {
        let command = Command::NotifyAct(Box::new(told.clone()));
        core.scribe.write(tenant, command).await.map_err(|why| {
            tracing::error!(agent = %told.agent, why, "people could not be told of a call");
            refusal::NOT_TOLD
        })?;
    }
    let Some(hold) = pass.permitted.approval() else { return Ok(()) };
    let command = Command::ConsumeApproval { hold, gateway: core.id };
    core.scribe.write(tenant, command).await.map_err(|why| {
        tracing::warn!(%hold, why, "an approval was not used up; nothing is forwarded");
        refusal::NOT_CONSUMED
    })?;
    if let Err(fault) = core.held.forget((tenant, hold)).await {
        // It expires by itself, and nothing executes it again.
        tracing::warn!(%hold, error = %fault, "a held request was not forgotten");
    }
    Ok(())
}

/// The request that was approved, where the call stands on an approval: that is what goes out, byte for byte. Nothing if
/// the message is its own (it was held in another generation of the protocol, or is not there any more: the digest has
/// bound its arguments all the same).
pub(crate) async fn held(
    going: &Going<'_>,
    letter: &Letter<'_>,
    pass: &Pass,
) -> Result<Option<HeldRequest>, Refusal> {
    let approval = pass.permitted.approval();
    if letter.expects.is_some() && letter.expects != approval {
        // What it came back for is not what lets it through now.
        return Err(refusal::HOLD_FREE);
    }
    let Some(hold) = approval else { return Ok(None) };
    if hold::subscribes(letter) {
        return Err(refusal::CANNOT_WAIT);
    }
    let method = letter.message.method().unwrap_or_default();
    let carried = elicit::carried(letter.message).is_some();
    let found = match resume::open(going.core, going.who, hold).await {
        Ok(found) => found,
        Err(refusal) if carried => return Err(refusal),
        Err(_) => None,
    };
    let modern = going.revision == Revision::Modern;
    match found {
        // A resource that people let be read is not thereby watched.
        Some(held) if held.method != method => Err(refusal::HOLD_OTHER),
        Some(held) if resume::is_modern(&held) == modern => Ok(Some(held)),
        // Its own message goes out, so that it may say nothing that was not read.
        Some(_) | None if !carried && hold::says_only(letter, &hold::BOUND) => Ok(None),
        None if !carried => Err(refusal::HOLD_OTHER),
        Some(_) => Err(refusal::HOLD_OTHER),
        None => Err(refusal::HOLD_OVER),
    }
}

/// How many holds of one running copy wait.
pub(crate) fn waiting(state: &State, who: &Identified) -> usize {
    let (agent, instance) = (who.caller.agent.described.agent, who.caller.instance);
    let own = |hold: &HoldId| state.holds.get(hold).is_some_and(|one| one.open(who.now));
    state
        .held
        .iter()
        .filter(|((of, copy, _), hold)| *of == agent && *copy == instance && own(hold))
        .count()
}
