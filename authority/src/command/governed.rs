//! What people do that a charter governs, and what it says of it: the gate at the choke point.
//!
//! SECURITY: nobody stands above a charter, owners of the provider included. Stops (hold, quarantine, end, freeze, take
//! back, refuse, revoke) are never governed: either party alone, always. What Writ itself does is governed by nobody.
//! To govern another command: its arm in [`governed`] and, if a limit is to count it, in [`governed_fact`].

use writ_charter::{Clause, Deed, Judgment, Limit, Mode, Why, family};
use writ_model::{
    Actor, AgentId, Cx, Digest, GroupId, HoldId, PersonId, Span, Timestamp, canonical,
};

mod below;
mod held;

use super::{Command, check, signed::acts_already};
use crate::{
    fact::{Fact, HeldAct, Subject},
    refusal::{self, Refusal},
    state::{Hold, InForce, State, Stop},
};
use below::{below, stricter};
pub(super) use held::could_be_held;

/// Commands that no charter governs, spelled out so that a new one has to be thought about.
macro_rules! ungoverned {
    () => {
        Command::Found { .. }
            | Command::AddClient { .. }
            | Command::SeatPerson { .. }
            | Command::PersonLeaves { .. }
            | Command::CreateGroup { .. }
            | Command::Observe(_)
            | Command::Propose(_)
            | Command::Hold { .. }
            | Command::Quarantine { .. }
            | Command::Terminate { .. }
            | Command::ConfirmTermination(_)
            | Command::Enroll { .. }
            | Command::EndInstance { .. }
            | Command::RevokeGrant { .. }
            | Command::SealActivity(_)
            | Command::Sweep
            | Command::Signed { .. }
            | Command::InvitePerson { .. }
            | Command::WithdrawInvitation { .. }
            | Command::Join { .. }
            | Command::AdmitPerson { .. }
            | Command::AddPasskey { .. }
            | Command::BootstrapPasskey { .. }
            | Command::RevokePasskey { .. }
            | Command::AskRecovery { .. }
            | Command::OfferRecoveryKey { .. }
            | Command::ConfirmRecovery { .. }
            | Command::RefuseRecovery { .. }
            | Command::Offboard { .. }
            | Command::ErasePerson { .. }
            | Command::MirrorPasskeys { .. }
            | Command::NameWitness { .. }
            | Command::RemoveWitness { .. }
            | Command::SetKeyPolicy { .. }
            | Command::MoveLedger { .. }
            | Command::LinkLogin { .. }
            | Command::UnlinkLogin { .. }
            | Command::ProposeCharter { .. }
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
            | Command::EndObserve { .. }
            | Command::BeginDrill { .. }
            | Command::FinishDrill(_)
            | Command::SetTemplate { .. }
            | Command::RaiseFormat { .. }
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

/// The class of a command that a charter governs, by this actor, on this state.
pub fn governed(state: &State, command: &Command, actor: &Actor) -> Option<&'static str> {
    let Actor::Person { id, .. } = actor else {
        return None;
    };
    match command {
        Command::Activate { .. } => Some(ACTIVATE),
        Command::Release { .. } => Some(RELEASE),
        Command::GiveGrant(_) => Some(WIDEN),
        Command::SetAccountability { subject, .. } => {
            acts_already(state, *subject).then_some(ANSWERS)
        }
        Command::OfferEnrollment { agent, .. } => (!is_shadow(state, *agent)).then_some(ISSUE),
        Command::SetObserve { .. } => Some(OBSERVE),
        Command::AllowExport { .. } => {
            let side = state.people.get(id).map(|person| person.side);
            (side != state.own_side()).then_some(EXPORT)
        }
        ungoverned!() => None,
    }
}

/// An agent is let act.
pub const ACTIVATE: &str = "agent.activate";
/// A held or quarantined agent is let go on.
pub const RELEASE: &str = "agent.release";
/// An agent or group is given a grant.
pub const WIDEN: &str = "agent.widen";
/// Who answers for what acts already changes.
pub const ANSWERS: &str = "agent.answers";
/// A running copy of an agent may be bound.
pub const ISSUE: &str = "credential.issue";
/// Something is watched instead of blocked.
pub const OBSERVE: &str = "agent.observe";
/// Somebody of the other party may have the ledger exported.
pub const EXPORT: &str = "evidence.export";
/// Every class that [`governed`] names.
pub const CLASSES: [&str; 7] = [ACTIVATE, RELEASE, WIDEN, ANSWERS, ISSUE, OBSERVE, EXPORT];

fn is_shadow(state: &State, agent: AgentId) -> bool {
    state.agents.get(&agent).is_some_and(|agent| agent.shadow_of.is_some())
}

/// The class of what a fact says a person did, for the limits of clauses.
pub(crate) fn governed_fact(state: &State, fact: &Fact) -> Option<&'static str> {
    match fact {
        Fact::AgentActivated { .. } => Some(ACTIVATE),
        Fact::AgentReleased { .. } => Some(RELEASE),
        Fact::GrantGiven { .. } => Some(WIDEN),
        Fact::AccountabilitySet { subject, .. } => acts_already(state, *subject).then_some(ANSWERS),
        Fact::EnrollmentOffered { agent, .. } => (!is_shadow(state, *agent)).then_some(ISSUE),
        Fact::ObserveSet { .. } => Some(OBSERVE),
        Fact::ExportAllowed { person, .. } => {
            let side = state.people.get(person).map(|person| person.side);
            (side != state.own_side()).then_some(EXPORT)
        }
        _ => None,
    }
}

/// What a governed act is about.
pub(crate) struct About {
    agent: Option<AgentId>,
    groups: Vec<GroupId>,
    server: Option<String>,
    data: Option<Vec<String>>,
}

fn about(state: &State, command: &Command) -> About {
    let nothing = || About { agent: None, groups: Vec::new(), server: None, data: None };
    let of = |subject: Subject| match subject {
        Subject::Agent(id) => {
            let Some(agent) = state.agents.get(&id) else {
                return About { agent: Some(id), ..nothing() };
            };
            // What nobody said it touches is not known to be nothing.
            let data = &agent.described.data_classes;
            let data = (!data.is_empty()).then(|| data.clone());
            About { agent: Some(id), groups: state.groups_of(agent), server: None, data }
        }
        Subject::Group(id) => {
            let groups = state.group_chain(Some(id)).into_iter().map(|(id, _)| id).collect();
            About { groups, ..nothing() }
        }
    };
    match command {
        Command::Activate { agent }
        | Command::Release { agent }
        | Command::OfferEnrollment { agent, .. } => of(Subject::Agent(*agent)),
        Command::GiveGrant(grant) => {
            About { server: Some(grant.server.clone()), ..of(grant.subject) }
        }
        Command::SetAccountability { subject, .. }
        | Command::SetObserve { subject: Some(subject), .. } => of(*subject),
        _ => nothing(),
    }
}

/// What the charter says of an act, and of which charter that is. A judgment that refuses is a refusal here.
///
/// # Errors
/// If everything is frozen, no charter is in force, or the act is refused.
pub(crate) fn judged<'s>(
    state: &'s State,
    class: &str,
    command: &Command,
    now: Timestamp,
) -> Result<(&'s InForce, Judgment), Refusal> {
    if let Some(stop) = state.frozen() {
        return Err(frozen(stop));
    }
    let charter = in_force(state)?;
    let judgment = said(state, charter, (class, command), now);
    if matches!(judgment.mode, Mode::Refuse) {
        return Err(refused(&judgment));
    }
    within(state, charter, &judgment, now)?;
    Ok((charter, judgment))
}

/// What a charter says of an act. An act on a group, or on everything, is an act on each agent in it: where a clause
/// names agents or groups below, the strictest of what it says of each of them counts.
pub(crate) fn said(
    state: &State,
    charter: &InForce,
    (class, command): (&str, &Command),
    now: Timestamp,
) -> Judgment {
    let about = about(state, command);
    let suspended = state.suspended();
    let judge = |agent: Option<AgentId>, groups: &[GroupId]| {
        let deed = Deed {
            actions: vec![class],
            agent,
            groups,
            server: about.server.as_deref(),
            tags: None,
            data: about.data.as_deref(),
            severity: None,
            confidence: None,
            amount: None,
            at: now,
        };
        charter.charter.judge(&suspended, &deed)
    };
    let whole = judge(about.agent, &about.groups);
    below(state, &charter.charter, command)
        .into_iter()
        .map(|(agent, groups)| judge(agent, &groups))
        .fold(whole, stricter)
}

fn in_force(state: &State) -> Result<&InForce, Refusal> {
    state.charter.as_deref().ok_or_else(|| {
        let what = "no charter is in force here, so nothing is delegated".to_owned();
        let cure = "Have both parties sign a charter first.";
        Refusal::new(refusal::NO_CHARTER, "charter", what, cure)
    })
}

/// Everything is frozen.
pub(super) fn frozen(stop: &Stop) -> Refusal {
    let what = format!("everything here is frozen by the {}: {}", stop.side, stop.reason);
    let cure = format!("An owner or approver of the {} has to let it go on.", stop.side);
    Refusal::new(refusal::FROZEN, "charter", what, &cure)
}

fn refused(judgment: &Judgment) -> Refusal {
    let (code, cure) = match &judgment.why {
        Why::Clause(_) => (refusal::CLAUSE, "Both parties would have to sign another charter."),
        Why::Uncovered { .. } => {
            (refusal::UNCOVERED, "Both parties would have to sign a charter that covers it.")
        }
        Why::Suspended { .. } => (refusal::SUSPENDED, "Who took it back has to delegate it again."),
        Why::NotYet | Why::Over => (refusal::NO_CHARTER, "Have both parties sign another charter."),
    };
    Refusal::new(code, "charter", judgment.words.clone(), cure)
}

/// No limit of a clause is reached. Acts of people move no money and are over at once: of limits, counts bind them.
fn within(
    state: &State,
    charter: &InForce,
    judgment: &Judgment,
    now: Timestamp,
) -> Result<(), Refusal> {
    for bound in &judgment.bounds {
        let Limit::Count { most, per } = &bound.limit else {
            continue;
        };
        let clause = charter.charter.clauses.iter().find(|clause| clause.key == bound.clause);
        let used = clause.map_or(u64::MAX, |clause| used(state, clause, per.span(), now));
        if used >= *most {
            let what = format!(
                "clause `{}` lets this be done {most} times each {}, and it was",
                bound.clause,
                per.word()
            );
            return Err(Refusal::new(
                refusal::CLAUSE,
                "charter",
                what,
                "Wait, or change the clause.",
            ));
        }
    }
    Ok(())
}

/// LIMIT: governed acts of one class remembered in a day: far more than people sign.
pub(crate) const ACTED: usize = 4_096;

/// How often people did what a clause is about, whatever its scope: rather too many than too few. What is more than can
/// be remembered reaches every limit.
fn used(state: &State, clause: &Clause, span: Span, now: Timestamp) -> u64 {
    let counts = |(at, class): &&(Timestamp, String)| {
        *at + span > now && clause.actions.iter().any(|pattern| family(pattern, class))
    };
    let count = state.acted.values().filter(counts).count();
    if count >= ACTED { u64::MAX } else { u64::try_from(count).unwrap_or(u64::MAX) }
}

/// How strictly the gate looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// What somebody wants now.
    Now,
    /// What a ledger says was done: before its first charter it was done by the rules of then. Nothing came of it, since
    /// without a charter no call is let through.
    Then,
}

/// The gate: nothing if the act may be done at once, or what is to wait for people.
pub(super) fn gate(
    state: &State,
    cx: &Cx,
    command: &Command,
    era: Era,
) -> Result<Option<HeldAct>, Refusal> {
    let Some(class) = governed(state, command, cx.actor()) else {
        return Ok(None);
    };
    if era == Era::Then && state.charter.is_none() && state.past.is_empty() {
        return Ok(None);
    }
    let person = check::person(cx)?;
    let (charter, judgment) = judged(state, class, command, cx.now())?;
    match judgment.mode {
        Mode::Act | Mode::NotifyAndAct => Ok(None),
        Mode::Refuse => Err(refused(&judgment)),
        Mode::Propose => own_side(state, person, &judgment).map(|()| None),
        Mode::Approve { .. } => asked(state, cx, (class, command), (charter, judgment)).map(Some),
    }
}

/// How the charter answers a person's act at an instant: the mode it is done in.
///
/// # Errors
/// If it is refused, or nothing governs it.
pub fn says(
    state: &State,
    command: &Command,
    actor: &Actor,
    now: Timestamp,
) -> Result<Mode, Refusal> {
    let Some(class) = governed(state, command, actor) else {
        return Err(Refusal::internal("act", "no charter governs it"));
    };
    judged(state, class, command, now).map(|(_, judgment)| judgment.mode)
}

/// Whether the charter lets a copy of an agent be bound by whomever, at once.
///
/// # Errors
/// As [`judged`].
pub(crate) fn let_by(state: &State, command: &Command, now: Timestamp) -> Result<bool, Refusal> {
    let (_, judgment) = judged(state, ISSUE, command, now)?;
    Ok(matches!(judgment.mode, Mode::Act | Mode::NotifyAndAct))
}

/// What is only proposed is done by people of the ledger's own party.
fn own_side(state: &State, person: PersonId, judgment: &Judgment) -> Result<(), Refusal> {
    let seated = check::seat(state, person, "actor")?;
    if state.own_side() == Some(seated.side) {
        return Ok(());
    }
    let what = format!("{}: ask {} to do it", judgment.words, state.party_name());
    let cure = format!("Somebody of {} does it themselves.", state.party_name());
    Err(Refusal::new(refusal::PROPOSE, "charter", what, &cure))
}

/// The digest of an act: of its canonical form.
pub(crate) fn act_digest(act: &Command) -> Result<Digest, Refusal> {
    canonical::to_vec(act)
        .map(|bytes| Digest::of(&bytes))
        .map_err(|error| Refusal::internal("act", &error.to_string()))
}

/// LIMIT: open acts of one person: nobody takes up the room of all others, nor floods those who decide.
const ASKS: usize = 64;

fn asked(
    state: &State,
    cx: &Cx,
    (class, command): (&str, &Command),
    (charter, judgment): (&InForce, Judgment),
) -> Result<HeldAct, Refusal> {
    let person = check::person(cx)?;
    let (now, digest) = (cx.now(), act_digest(command)?);
    let same = state
        .holds
        .values()
        .any(|hold| hold.open(now) && hold.asker() == Some(person) && hold.digest() == digest);
    if same {
        let what = "this waits for approval already".to_owned();
        return Err(Refusal::new(refusal::TAKEN, "act", what, "Wait for those who are asked."));
    }
    super::approve::room(state, now)?;
    let theirs = |hold: &&std::sync::Arc<Hold>| hold.open(now) && hold.asker() == Some(person);
    let asks = state.holds.values().filter(theirs).count();
    check::bound("acts of yours that wait", asks + 1, ASKS)?;
    let ends = match command {
        Command::OfferEnrollment { expires, .. } => *expires,
        Command::AllowExport { until } | Command::SetObserve { until, .. } => *until,
        _ => now + Span::days(1),
    };
    let minutes = |count: u32| now + Span::minutes(i64::from(count));
    Ok(HeldAct {
        hold: HoldId::new(cx),
        person,
        act: Box::new(command.clone()),
        digest,
        action: class.to_owned(),
        mode: judgment.mode,
        clauses: judgment.clauses,
        charter: charter.charter.charter,
        expires: minutes(judgment.waits.expires_minutes).min(ends),
        escalate_at: judgment.waits.escalate_minutes.map(minutes),
    })
}
