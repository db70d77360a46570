//! Commands: what somebody wants to become so, and whether it may. Pure: state and command in, facts or a refusal out.
//!
//! To add one: a variant of [`Command`], its function in `command/`, its arm in `act` and in `needs_signature`.
//! Never here: IO, or a fact written without a check.

use writ_model::{AgentId, Cx};

use crate::{
    fact::{AgentDescribed, Entry, Fact, PersonInvited, RecoveryAsked, WitnessNamed},
    refusal::{self, Refusal},
    state::State,
};

/// Commands about many agents, gateways, formats, backups, and what servers list.
macro_rules! at_scale {
    () => {
        Command::RaiseFormat { .. }
            | Command::TerminateMany { .. }
            | Command::Delegate { .. }
            | Command::ReachTermination(_)
            | Command::HaltGateway { .. }
            | Command::ServeGateway { .. }
            | Command::NoteHalt(_)
            | Command::NoteServed(_)
            | Command::RestoreLedger(_)
            | Command::SeeDefinitions(_)
            | Command::ApproveDefinition(_)
            | Command::RefuseDefinition(_)
            | Command::ConnectUpstream(_)
            | Command::DisconnectUpstream { .. }
    };
}

mod agents;
mod approve;
mod catalog;
mod charter;
mod check;
mod drill;
mod ending;
mod enroll;
pub mod governed;
mod grants;
mod invite;
mod keeping;
pub(crate) mod keys;
mod moving;
mod observe;
mod people;
mod recovery;
mod signed;
mod sweep;
mod upstream;
mod wish;
mod witness;

pub use agents::NewAgent;
pub(crate) use charter::scopes;
pub(crate) use check::format_may_be_written;
pub use check::name_fits;
pub use ending::{NAMED, would_end};
pub use governed::governed;
pub(crate) use governed::{Era, governed_fact, let_by};
pub use invite::INVITED;
pub use observe::OBSERVE;
pub use recovery::{CONFIRM, CONFIRMERS, OFFER};
pub use signed::BEHIND;
pub(crate) use signed::acts_already;
pub use wish::{Command, Whom};
pub use witness::EXPORT;

/// Decides a command: the facts to append, or why not.
///
/// # Errors
/// A [`Refusal`] that names the rule and the cure.
pub fn decide(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    decide_in(state, command, cx, Era::Now)
}

/// Decides a command that a ledger says was decided.
///
/// # Errors
/// As [`decide`].
pub(crate) fn decide_again(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    decide_in(state, command, cx, Era::Then)
}

fn decide_in(state: &State, command: Command, cx: &Cx, era: Era) -> Result<Vec<Fact>, Refusal> {
    if state.tenant != cx.tenant() {
        return Err(Refusal::internal("tenant", "the command names another tenant"));
    }
    check::founded(state, &command)?;
    signed::demanded(state, &command, cx)?;
    match command {
        Command::Signed { receipt } => signed::signed(state, cx, *receipt, era),
        other => through_gate(state, other, cx, era),
    }
}

/// What an act makes so; what makes it wait instead, if the charter says that people are asked.
fn through_gate(state: &State, command: Command, cx: &Cx, era: Era) -> Result<Vec<Fact>, Refusal> {
    let held = governed::gate(state, cx, &command, era)?;
    let facts = act(state, command, cx)?;
    Ok(held.map_or(facts, |held| vec![Fact::ApprovalAsked(Box::new(held))]))
}

/// Decides an act as if the acting person had signed it: for asking for a signature only where one helps.
///
/// # Errors
/// As [`decide`].
pub fn rehearse(state: &State, command: &Command, cx: &Cx) -> Result<(), Refusal> {
    check::founded(state, command)?;
    through_gate(state, command.clone(), cx, Era::Now).map(drop)
}

fn act(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::Found { founded, people } => people::found(cx, founded, people),
        Command::AddClient { client, name, slug } => {
            people::add_client(state, cx, client, name, slug)
        }
        Command::CreateGroup { name, parent } => agents::create_group(state, cx, name, parent),
        Command::Observe(new) => agents::observe(state, cx, new),
        Command::Propose(new) => agents::propose(state, cx, new),
        Command::SetAccountability { subject, authorizer, auditor, terminators } => {
            agents::set_accountability(state, cx, subject, (authorizer, auditor, terminators))
        }
        Command::Activate { agent } => agents::activate(state, cx, agent),
        Command::Hold { agent, reason } => agents::hold(state, cx, agent, reason),
        Command::Release { agent } => agents::release(state, cx, agent),
        Command::Quarantine { agent, reason } => agents::quarantine(state, cx, agent, reason),
        Command::Terminate { agent, reason } => ending::terminate(state, cx, agent, &reason),
        Command::ConfirmTermination(confirmed) => agents::confirm(state, cx, confirmed),
        Command::OfferEnrollment { agent, code, expires } => {
            enroll::offer(state, cx, agent, (code, expires))
        }
        Command::Enroll { code, label, jkt, jwk } => {
            enroll::enroll(state, cx, code, (label, jkt, jwk))
        }
        Command::EndInstance { instance, reason } => enroll::end(state, cx, instance, reason),
        Command::GiveGrant(grant) => grants::give(state, cx, *grant),
        Command::RevokeGrant { grant, reason } => grants::revoke(state, cx, grant, reason),
        Command::SealActivity(seal) => sweep::seal(state, cx, seal),
        Command::Sweep => sweep::sweep(state, cx),
        other => act_more(state, other, cx),
    }
}

fn act_more(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    match command {
        other @ (Command::ProposeCharter { .. }
        | Command::WithdrawCharter { .. }
        | Command::SignCharter { .. }
        | Command::SuspendDelegation { .. }
        | Command::ResumeDelegation { .. }
        | Command::Freeze { .. }
        | Command::Thaw {}
        | Command::HoldCall(_)
        | Command::ConsumeApproval { .. }
        | Command::NotifyAct(_)
        | Command::Approve { .. }
        | Command::RefuseApproval { .. }
        | Command::SetAway { .. }
        | Command::EndAway {}
        | Command::SetObserve { .. }
        | Command::EndObserve { .. }
        | Command::BeginDrill { .. }
        | Command::FinishDrill(_)
        | Command::SetTemplate { .. }) => act_on_authority(state, other, cx),
        other @ (Command::Signed { .. }
        | Command::SeatPerson { .. }
        | Command::PersonLeaves { .. }
        | Command::Offboard { .. }
        | Command::ErasePerson { .. }
        | Command::InvitePerson { .. }
        | Command::WithdrawInvitation { .. }
        | Command::Join { .. }
        | Command::AdmitPerson { .. }
        | Command::AddPasskey { .. }
        | Command::BootstrapPasskey { .. }
        | Command::RevokePasskey { .. }
        | Command::MirrorPasskeys { .. }
        | Command::SetKeyPolicy { .. }
        | Command::MoveLedger { .. }
        | Command::AskRecovery { .. }
        | Command::OfferRecoveryKey { .. }
        | Command::ConfirmRecovery { .. }
        | Command::RefuseRecovery { .. }
        | Command::NameWitness { .. }
        | Command::RemoveWitness { .. }
        | Command::AllowExport { .. }
        | Command::LinkLogin { .. }
        | Command::UnlinkLogin { .. }) => act_on_people(state, other, cx),
        other @ at_scale!() => act_at_scale(state, other, cx),
        // Those of `act`.
        Command::Found { .. }
        | Command::AddClient { .. }
        | Command::CreateGroup { .. }
        | Command::Observe(_)
        | Command::Propose(_)
        | Command::SetAccountability { .. }
        | Command::Activate { .. }
        | Command::Hold { .. }
        | Command::Release { .. }
        | Command::Quarantine { .. }
        | Command::Terminate { .. }
        | Command::ConfirmTermination(_)
        | Command::OfferEnrollment { .. }
        | Command::Enroll { .. }
        | Command::EndInstance { .. }
        | Command::GiveGrant(_)
        | Command::RevokeGrant { .. }
        | Command::SealActivity(_)
        | Command::Sweep => Err(Refusal::internal("command", "it has no arm")),
    }
}

fn act_on_people(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::SeatPerson { person, name, side, roles } => {
            people::seat(state, cx, person, (name, side, roles))
        }
        Command::PersonLeaves { person } => people::leave(state, cx, person),
        Command::Offboard { person, reason } => people::offboard(state, cx, person, reason),
        Command::ErasePerson { person } => people::erase(state, cx, person),
        Command::InvitePerson { invitation, person, name, side, roles, code, expires } => {
            let new = PersonInvited { invitation, person, name, side, roles, code, expires };
            invite::invite(state, cx, new)
        }
        Command::WithdrawInvitation { invitation, reason } => {
            invite::withdraw(state, cx, invitation, reason)
        }
        Command::Join { code, key } => invite::join(state, cx, code, *key),
        Command::AdmitPerson { person, fingerprint, called } => {
            invite::admit(state, cx, person, (fingerprint, called))
        }
        Command::AddPasskey { key } => keys::add(state, cx, *key),
        Command::BootstrapPasskey { key } => keys::bootstrap(state, cx, *key),
        Command::RevokePasskey { passkey, reason } => keys::revoke(state, cx, passkey, reason),
        Command::MirrorPasskeys { add, revoke } => keys::mirror(state, cx, (add, revoke)),
        Command::SetKeyPolicy { policy } => keys::policy(state, cx, policy),
        Command::MoveLedger { moved, people } => moving::take_over(state, cx, moved, people),
        Command::AskRecovery { recovery, person, reason, code, expires } => {
            let new = RecoveryAsked { recovery, person, reason, code, expires };
            recovery::ask(state, cx, new)
        }
        Command::OfferRecoveryKey { code, key } => recovery::offer(state, cx, code, *key),
        Command::ConfirmRecovery { recovery, fingerprint } => {
            recovery::confirm(state, cx, recovery, &fingerprint)
        }
        Command::RefuseRecovery { recovery, reason } => {
            recovery::refuse(state, cx, recovery, reason)
        }
        Command::NameWitness { witness, name, key, side } => {
            witness::name(state, cx, WitnessNamed { witness, name, key, side })
        }
        Command::RemoveWitness { witness, reason } => witness::remove(state, cx, witness, reason),
        Command::AllowExport { until } => witness::allow_export(state, cx, until),
        Command::LinkLogin { issuer, subject } => witness::link(state, cx, (issuer, subject)),
        Command::UnlinkLogin { issuer, subject } => witness::unlink(state, cx, (issuer, subject)),
        _ => Err(Refusal::internal("command", "it has no arm")),
    }
}

fn act_on_authority(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::ProposeCharter { charter } => charter::propose(state, cx, &charter),
        Command::WithdrawCharter { charter, reason } => {
            charter::withdraw(state, cx, charter, reason)
        }
        Command::SignCharter { charter } => charter::sign(state, cx, &charter),
        Command::SuspendDelegation { clause, reason } => {
            charter::suspend(state, cx, clause, reason)
        }
        Command::ResumeDelegation { clause } => charter::resume(state, cx, clause),
        Command::Freeze { reason } => charter::freeze(state, cx, reason),
        Command::Thaw {} => charter::thaw(state, cx),
        Command::HoldCall(call) => approve::hold_call(state, cx, *call),
        Command::ConsumeApproval { hold, gateway } => approve::consume(state, cx, hold, gateway),
        Command::NotifyAct(notified) => approve::notify(state, cx, *notified),
        Command::Approve { hold, digest, words } => {
            approve::approve(state, cx, hold, (digest, words))
        }
        Command::RefuseApproval { hold, words } => approve::refuse(state, cx, hold, words),
        Command::SetAway { deputy, until } => approve::away(state, cx, deputy, until),
        Command::EndAway {} => approve::back(state, cx),
        Command::SetObserve { subject, until, reason } => {
            observe::set(state, cx, subject, (until, reason))
        }
        Command::EndObserve { subject } => observe::end(state, cx, subject),
        Command::BeginDrill { drill, agent, shadow } => {
            drill::begin(state, cx, drill, (agent, shadow))
        }
        Command::FinishDrill(result) => drill::finish(state, cx, *result),
        Command::SetTemplate { template } => charter::template(state, cx, *template),
        _ => Err(Refusal::internal("command", "it has no arm")),
    }
}

fn act_at_scale(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::RaiseFormat { format } => keeping::raise(state, cx, format),
        Command::TerminateMany { whom, reason } => {
            ending::terminate_many(state, cx, &whom, &reason)
        }
        Command::Delegate { agent, by } => ending::delegate(state, cx, agent, by),
        Command::ReachTermination(reached) => ending::reach(state, cx, *reached),
        Command::HaltGateway { gateway, reason } => keeping::halt(state, cx, gateway, reason),
        Command::ServeGateway { gateway } => keeping::serve(state, cx, gateway),
        Command::NoteHalt(halted) => keeping::note_halt(state, cx, *halted),
        Command::NoteServed(resumed) => keeping::note_served(state, cx, *resumed),
        Command::RestoreLedger(restored) => keeping::restore(state, cx, *restored),
        Command::SeeDefinitions(seen) => catalog::see(state, cx, *seen),
        Command::ApproveDefinition(approved) => catalog::approve(state, cx, *approved),
        Command::RefuseDefinition(refused) => catalog::refuse(state, cx, *refused),
        Command::ConnectUpstream(says) => upstream::connect(state, cx, *says),
        Command::DisconnectUpstream { server, holder, reason } => {
            upstream::disconnect(state, cx, (server, holder), reason)
        }
        _ => Err(Refusal::internal("command", "it has no arm")),
    }
}

/// Decides a command and gives the lines to append, in canonical bytes, with their facts.
///
/// # Errors
/// As [`decide`].
pub fn lines(state: &State, command: Command, cx: &Cx) -> Result<Vec<(Fact, Vec<u8>)>, Refusal> {
    let facts = decide(state, command, cx)?;
    facts
        .into_iter()
        .map(|fact| {
            format_may_be_written(state, &fact)?;
            let line = Entry::new(cx, fact.clone()).to_line()?;
            check::line_fits(&line)?;
            Ok((fact, line))
        })
        .collect()
}

/// Whether whoever acts may have a ledger exported with everything that was recorded until now: who answers for it,
/// who looks after it, and who audits it; and only while they allowed it by signature.
///
/// # Errors
/// A [`Refusal`] if they are not seated, have none of these roles, or have not signed for it.
pub fn may_export(state: &State, cx: &Cx) -> Result<(), Refusal> {
    check::acts(state, cx, witness::EXPORTS)?;
    match cx.actor().person() {
        Some(person) if state.export_until(person).is_none_or(|until| until <= cx.now()) => {
            let what = "no export is allowed to you at the moment".to_owned();
            let cure = "Allow it first, by signature; it holds for an hour.";
            Err(Refusal::new(refusal::EXPORT, "actor", what, cure))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether whoever acts may say what a gateway does: those of the provider who run them.
///
/// # Errors
/// A [`Refusal`] if this is not the provider's ledger, or they have none of these roles here.
pub fn may_run_gateways(state: &State, cx: &Cx) -> Result<(), Refusal> {
    keeping::runs(state, cx)
}

/// What an agent is described as in a fact, from what was asked.
pub(crate) fn described(agent: AgentId, new: NewAgent) -> AgentDescribed {
    AgentDescribed {
        agent,
        name: new.name,
        kind: new.kind,
        purpose: new.purpose,
        owner: new.owner,
        group: new.group,
        models: new.models,
        data_classes: new.data_classes,
        autonomy: new.autonomy,
        deadline: new.deadline,
    }
}
