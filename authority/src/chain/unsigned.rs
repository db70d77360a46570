//! Lines that no receipt made so: which of them may stand.
//!
//! A stop, a notice and what Writ keeps by itself need no signature. Whatever lets somebody act needs one, and whatever
//! is about the client's people, always. Facts of which the rule is a command are decided again by it.
//! To add a kind: its arm in [`may_stand`]; when in doubt, it needs a signature.

use writ_model::{Actor, AgentId, Code, PasskeyId, PersonId, Side};

use super::{Fault, decide};
use crate::{
    agent::Life,
    command::{self, Command},
    fact::{Entry, Fact},
    passkey::{Admitted, Passkey},
    refusal::{self, Refusal},
    state::State,
};

mod charter;
mod scale;

/// The kind of a fact as its line spells it.
pub(super) fn kind(fact: &Fact) -> String {
    let kind = |value: serde_json::Value| value.as_object()?.keys().next().cloned();
    serde_json::to_value(fact).ok().and_then(kind).unwrap_or_default()
}

/// Of the client's people, now or once, or invited to be.
pub(super) fn is_client(state: &State, person: PersonId) -> bool {
    let seated = state.people.get(&person).is_some_and(|known| known.side == Side::Client);
    let invited = state.invited.get(&person).and_then(|id| state.invitations.get(id));
    seated || invited.is_some_and(|one| one.says.side == Side::Client)
}

/// Whether a line that follows no receipt may stand here.
pub(super) fn may_stand(state: &State, entry: &Entry) -> Result<(), Fault> {
    match &entry.fact {
        Fact::PersonSeated(seated)
            if seated.side == Side::Client || is_client(state, seated.person) =>
        {
            client(entry, &format!("{} is made a person", seated.name.written()))
        }
        Fact::PersonLeft { person } if is_client(state, *person) => {
            client(entry, &format!("{} is made to leave", state.person_name(*person)))
        }
        Fact::PersonLeft { person } if entry.actor.person() == Some(*person) => Ok(()),
        Fact::AgentTerminated { agent, .. } => ended(state, entry, *agent),
        Fact::PersonSeated(_) | Fact::PersonLeft { .. } | Fact::LedgerMoved(_) => {
            by_writ(state, entry)
        }
        Fact::AccountabilitySet { subject, .. } if !command::acts_already(state, *subject) => {
            Ok(())
        }
        Fact::AccountabilitySet { .. }
        | Fact::AgentChartered { .. }
        | Fact::AgentActivated { .. }
        | Fact::AgentReleased { .. }
        | Fact::GrantGiven { .. } => before_keys(state, entry),
        Fact::PasskeyAdded { key, admitted } => added(state, entry, key, *admitted),
        Fact::PasskeyRevoked { passkey, reason } => revoked(state, entry, *passkey, reason),
        Fact::PersonInvited(new) if new.side == Side::Client => {
            client(entry, &format!("{} is invited", new.name.written()))
        }
        Fact::WitnessNamed(new) if new.side == Side::Client => {
            client(entry, &format!("the witness {} is named", new.name))
        }
        Fact::KeyPolicySet { .. } if state.own_side() == Some(Side::Client) => {
            client(entry, "the passkeys that are taken change")
        }
        Fact::RecoveryAsked(new) if is_client(state, new.person) => {
            client(entry, &format!("{} is to be recovered", state.person_name(new.person)))
        }
        Fact::CallBackRecorded { .. }
        | Fact::PersonInvited(_)
        | Fact::RecoveryAsked(_)
        | Fact::RecoveryConfirmed { .. }
        | Fact::PersonOffboarded { .. }
        | Fact::WitnessNamed(_)
        | Fact::WitnessRemoved { .. }
        | Fact::ExportAllowed { .. }
        | Fact::KeyPolicySet { .. }
        | Fact::LoginLinked { .. }
        | Fact::CharterSigned { .. }
        | Fact::CharterInForce { .. }
        | Fact::DelegationResumed { .. }
        | Fact::ClientThawed { .. }
        | Fact::ApprovalGiven { .. }
        | Fact::AwaySet { .. }
        | Fact::ObserveSet { .. }
        | Fact::ActSigned(_) => needs(entry),
        Fact::CharterProposed { .. }
        | Fact::CharterWithdrawn { .. }
        | Fact::DelegationSuspended { .. }
        | Fact::ClientFrozen { .. }
        | Fact::CallHeld(_)
        | Fact::ApprovalAsked(_)
        | Fact::ApprovalRefused { .. }
        | Fact::ApprovalConsumed { .. }
        | Fact::ActNotified(_)
        | Fact::AwayEnded { .. }
        | Fact::ObserveEnded { .. }
        | Fact::DrillBegun { .. }
        | Fact::DrillDone(_)
        | Fact::TemplateSet { .. } => charter::may_stand(state, entry),
        other => needs_none(state, entry, other),
    }
}

/// Lines that take no signature, each by its own rule.
fn needs_none(state: &State, entry: &Entry, fact: &Fact) -> Result<(), Fault> {
    match fact {
        Fact::PersonJoined { .. }
        | Fact::InvitationWithdrawn { .. }
        | Fact::RecoveryKeyOffered { .. }
        | Fact::RecoveryRefused { .. }
        | Fact::LoginUnlinked { .. } => ruled(state, entry),
        Fact::GroupCreated { .. }
        | Fact::AgentObserved(_)
        | Fact::AgentProposed(_)
        | Fact::AgentHeld { .. }
        | Fact::AgentQuarantined { .. }
        | Fact::InstanceEnrolled { .. } => whole(entry, only_new(state, entry)),
        Fact::EnrollmentOffered { .. } => {
            whole(entry, only_new(state, entry)).and_then(|()| charter::offered(state, entry))
        }
        Fact::LedgerFounded(_)
        | Fact::ClientAdded(_)
        | Fact::TerminationConfirmed(_)
        | Fact::InstanceEnded { .. }
        | Fact::GrantRevoked { .. }
        | Fact::ActivitySealed(_) => Ok(()),
        Fact::FormatRaised { .. }
        | Fact::AgentsTerminated(_)
        | Fact::AgentDelegated { .. }
        | Fact::TerminationReached(_)
        | Fact::GatewayHalted(_)
        | Fact::GatewayResumed(_)
        | Fact::LedgerRestored(_)
        | Fact::DefinitionsSeen(_)
        | Fact::DefinitionRefused(_)
        | Fact::UpstreamConnected(_)
        | Fact::UpstreamDisconnected { .. } => scale::may_stand(state, entry),
        Fact::PersonErased { person } if is_client(state, *person) => {
            client(entry, &format!("{} is erased", state.person_name(*person)))
        }
        // Those of `may_stand`: whatever is left over there needs a signature.
        _ => needs(entry),
    }
}

/// By whom a line says it was written, in words.
fn author(entry: &Entry) -> String {
    match &entry.actor {
        Actor::Person { id, .. } => id.to_string(),
        Actor::Agent { id } => id.to_string(),
        Actor::System { .. } => "Writ itself".to_owned(),
    }
}

fn client(entry: &Entry, what: &str) -> Result<(), Fault> {
    let by = author(entry);
    Err((refusal::CLIENT_PEOPLE, format!("{what} by {by}, without a signature of the client")))
}

fn needs(entry: &Entry) -> Result<(), Fault> {
    let what = format!("{} by {} without a signature", kind(&entry.fact), author(entry));
    Err((refusal::UNSIGNED, what))
}

fn lives(state: &State, agent: AgentId) -> bool {
    state.agents.get(&agent).is_some_and(|agent| agent.lives())
}

/// An agent is ended by signature; a shadow by whoever rehearses with it.
fn ended(state: &State, entry: &Entry, agent: AgentId) -> Result<(), Fault> {
    whole(entry, lives(state, agent))?;
    let shadow = state.agents.get(&agent).is_some_and(|agent| agent.shadow_of.is_some());
    if shadow { Ok(()) } else { by_writ(state, entry) }
}

/// Whether a line about agents adds or stops something. The fold writes over what has the same id: a group put under
/// another one would pass its grants on, an ended agent put on hold could be released, an ended key would live again.
fn only_new(state: &State, entry: &Entry) -> bool {
    match &entry.fact {
        Fact::GroupCreated { group, parent, .. } => {
            let under = parent.is_none_or(|parent| state.groups.contains_key(&parent));
            under && !state.groups.contains_key(group)
        }
        Fact::AgentObserved(new) => !state.agents.contains_key(&new.agent),
        Fact::AgentProposed(new) => {
            state.agents.get(&new.agent).is_none_or(|agent| agent.life == Life::Observed)
        }
        Fact::AgentHeld { agent, .. } => {
            state.agents.get(agent).is_some_and(|agent| agent.life == Life::Active)
        }
        Fact::AgentQuarantined { agent, .. } => lives(state, *agent),
        Fact::EnrollmentOffered { enrollment, agent, code, .. } => {
            let known = state.offers.contains_key(enrollment) || state.codes.contains_key(code);
            lives(state, *agent) && !known
        }
        Fact::InstanceEnrolled { enrollment, agent, instance, jkt, .. } => {
            let offered = state.offers.get(enrollment).is_some_and(|offer| {
                offer.agent == *agent && offer.used_by.is_none() && entry.at < offer.expires
            });
            let known = state.instances.contains_key(instance) || state.keys.contains_key(jkt);
            lives(state, *agent) && offered && !known
        }
        _ => true,
    }
}

fn whole(entry: &Entry, good: bool) -> Result<(), Fault> {
    if good {
        return Ok(());
    }
    let what = format!("this {} writes over what is there already", kind(&entry.fact));
    Err((refusal::RECEIPT_REFUSED, what))
}

/// What nobody could sign for yet.
fn before_keys(state: &State, entry: &Entry) -> Result<(), Fault> {
    if state.passkeys.is_empty() { Ok(()) } else { needs(entry) }
}

/// What Writ does by itself.
fn by_writ(state: &State, entry: &Entry) -> Result<(), Fault> {
    match entry.actor {
        Actor::System { .. } => Ok(()),
        Actor::Person { .. } | Actor::Agent { .. } => before_keys(state, entry),
    }
}

fn added(state: &State, entry: &Entry, key: &Passkey, admitted: Admitted) -> Result<(), Fault> {
    let boxed = || Box::new(key.clone());
    if state.own_side() == Some(Side::Client)
        && state.people.get(&key.person).is_none_or(|known| known.side == Side::Client)
    {
        return client(entry, &format!("a passkey of {} is added", state.person_name(key.person)));
    }
    match admitted {
        Admitted::Mirrored => {
            let (add, revoke) = (vec![key.clone()], Vec::new());
            again(state, entry, Command::MirrorPasskeys { add, revoke })
        }
        Admitted::Bootstrap => again(state, entry, Command::BootstrapPasskey { key: boxed() }),
        Admitted::Own | Admitted::Admission | Admitted::Recovery { .. } => needs(entry),
    }
}

/// A key that may have been copied is stopped by Writ; those of the provider's people follow the provider's ledger.
fn revoked(state: &State, entry: &Entry, passkey: PasskeyId, reason: &str) -> Result<(), Fault> {
    let whose = state.passkeys.get(&passkey).map(|key| key.says.person);
    match (&entry.actor, whose) {
        (Actor::System { .. }, Some(person)) if !is_client(state, person) => Ok(()),
        (Actor::System { .. }, _) => {
            let reason = reason.to_owned();
            again(state, entry, Command::RevokePasskey { passkey, reason })
        }
        (Actor::Person { .. } | Actor::Agent { .. }, _) => needs(entry),
    }
}

/// Facts that one unsigned command makes: decided again from what the ledger knows.
fn ruled(state: &State, entry: &Entry) -> Result<(), Fault> {
    let command = match &entry.fact {
        Fact::PersonJoined { invitation, key } => state.invitations.get(invitation).map(|one| {
            let code = one.says.code;
            Command::Join { code, key: key.clone() }
        }),
        Fact::RecoveryKeyOffered { recovery, key } => state.recoveries.get(recovery).map(|one| {
            let code = one.says.code;
            Command::OfferRecoveryKey { code, key: key.clone() }
        }),
        Fact::InvitationWithdrawn { invitation, reason } => {
            Some(Command::WithdrawInvitation { invitation: *invitation, reason: reason.clone() })
        }
        Fact::RecoveryRefused { recovery, reason } => {
            Some(Command::RefuseRecovery { recovery: *recovery, reason: reason.clone() })
        }
        Fact::LoginUnlinked { issuer, subject, .. } => {
            Some(Command::UnlinkLogin { issuer: issuer.clone(), subject: subject.clone() })
        }
        _ => None,
    };
    match command {
        Some(command) => again(state, entry, command),
        None => Err((refusal::UNKNOWN, format!("{} of something unknown", kind(&entry.fact)))),
    }
}

/// The rule that a refused line breaks.
fn rule(refused: &Refusal) -> Code {
    if refusal::of_charter(refused.code) { refused.code } else { refusal::RECEIPT_REFUSED }
}

/// The command's decision is this very fact.
fn again(state: &State, entry: &Entry, command: Command) -> Result<(), Fault> {
    match decide(state, entry, command) {
        Ok(facts) if facts.as_slice() == std::slice::from_ref(&entry.fact) => Ok(()),
        Ok(_) => {
            let what = format!("this {} is not what the rule gives", kind(&entry.fact));
            Err((refusal::RECEIPT_REFUSED, what))
        }
        Err(refused) => {
            let what = format!("{} was not allowed: {}", kind(&entry.fact), refused.what);
            Err((rule(&refused), what))
        }
    }
}
