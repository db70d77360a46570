//! Facts in plain words: one sentence for each kind, names as they are known now. The console's timeline, the ledger's
//! pages and the command line all say the same.
//!
//! Never here: markup, or a fact that has no sentence (a new kind does not compile until it has one).

use writ_authority::{
    Command, Entry, Fact, Grant, State,
    fact::{AgentDescribed, Subject},
};
use writ_model::{Actor, AgentId, PersonId, Side, name::MARK};

use crate::view::LineView;

mod approvals;
mod charter;
mod listed;
mod people;
mod scale;

pub(crate) use scale::holder;

pub(crate) use charter::what as delegation;

/// A line in words.
pub(crate) fn line(state: &State, index: u64, bytes: &[u8]) -> Option<LineView> {
    let entry = Entry::from_line(bytes).ok()?;
    let via = match &entry.actor {
        Actor::Person { via, .. } => Some(via.clone()),
        Actor::Agent { .. } | Actor::System { .. } => None,
    };
    Some(LineView {
        line: index,
        at: entry.at,
        by: actor(state, &entry.actor),
        via,
        kind: kind(&entry.fact).to_owned(),
        says: fact(state, &entry.fact),
        agent: agent_of(state, &entry.fact),
        entry: serde_json::from_slice(bytes).unwrap_or_default(),
    })
}

/// Who wrote a fact.
pub(crate) fn actor(state: &State, actor: &Actor) -> String {
    match actor {
        Actor::Person { id, .. } => state.person_name(*id),
        Actor::Agent { id } => state.agent_name(*id),
        Actor::System { part } => format!("Writ ({part})"),
    }
}

/// The words that lines spell kinds with.
macro_rules! kinds {
    ($($variant:ident = $word:literal,)*) => {
        /// A fact's kind, as it is written in the line.
        pub(crate) const fn kind(fact: &Fact) -> &'static str {
            match fact {
                $(Fact::$variant { .. } => $word,)*
            }
        }
    };
}

kinds! {
    LedgerFounded = "ledger_founded",
    ClientAdded = "client_added",
    PersonSeated = "person_seated",
    PersonLeft = "person_left",
    GroupCreated = "group_created",
    AgentObserved = "agent_observed",
    AgentProposed = "agent_proposed",
    AccountabilitySet = "accountability_set",
    AgentChartered = "agent_chartered",
    AgentActivated = "agent_activated",
    AgentHeld = "agent_held",
    AgentReleased = "agent_released",
    AgentQuarantined = "agent_quarantined",
    AgentTerminated = "agent_terminated",
    TerminationConfirmed = "termination_confirmed",
    EnrollmentOffered = "enrollment_offered",
    InstanceEnrolled = "instance_enrolled",
    InstanceEnded = "instance_ended",
    GrantGiven = "grant_given",
    GrantRevoked = "grant_revoked",
    ActivitySealed = "activity_sealed",
    ActSigned = "act_signed",
    PersonInvited = "person_invited",
    InvitationWithdrawn = "invitation_withdrawn",
    PersonJoined = "person_joined",
    CallBackRecorded = "call_back_recorded",
    PasskeyAdded = "passkey_added",
    PasskeyRevoked = "passkey_revoked",
    RecoveryAsked = "recovery_asked",
    RecoveryKeyOffered = "recovery_key_offered",
    RecoveryConfirmed = "recovery_confirmed",
    RecoveryRefused = "recovery_refused",
    PersonOffboarded = "person_offboarded",
    PersonErased = "person_erased",
    WitnessNamed = "witness_named",
    WitnessRemoved = "witness_removed",
    ExportAllowed = "export_allowed",
    KeyPolicySet = "key_policy_set",
    LedgerMoved = "ledger_moved",
    LoginLinked = "login_linked",
    LoginUnlinked = "login_unlinked",
    CharterProposed = "charter_proposed",
    CharterWithdrawn = "charter_withdrawn",
    CharterSigned = "charter_signed",
    CharterInForce = "charter_in_force",
    DelegationSuspended = "delegation_suspended",
    DelegationResumed = "delegation_resumed",
    ClientFrozen = "client_frozen",
    ClientThawed = "client_thawed",
    CallHeld = "call_held",
    ApprovalAsked = "approval_asked",
    ApprovalGiven = "approval_given",
    ApprovalRefused = "approval_refused",
    ApprovalConsumed = "approval_consumed",
    ActNotified = "act_notified",
    AwaySet = "away_set",
    AwayEnded = "away_ended",
    ObserveSet = "observe_set",
    ObserveEnded = "observe_ended",
    DrillBegun = "drill_begun",
    DrillDone = "drill_done",
    TemplateSet = "template_set",
    FormatRaised = "format_raised",
    AgentsTerminated = "agents_terminated",
    AgentDelegated = "agent_delegated",
    TerminationReached = "termination_reached",
    GatewayHalted = "gateway_halted",
    GatewayResumed = "gateway_resumed",
    LedgerRestored = "ledger_restored",
    DefinitionsSeen = "definitions_seen",
    DefinitionApproved = "definition_approved",
    DefinitionRefused = "definition_refused",
    UpstreamConnected = "upstream_connected",
    UpstreamDisconnected = "upstream_disconnected",
}

/// What became so.
pub(crate) fn fact(state: &State, fact: &Fact) -> String {
    let agent = |id: &AgentId| state.agent_name(*id);
    match fact {
        Fact::LedgerFounded(founded) => format!("The ledger of {} begins.", founded.name),
        Fact::ClientAdded(client) => format!("{} became a client.", client.name),
        Fact::PersonSeated(seated) => {
            let roles: Vec<String> = seated.roles.iter().map(ToString::to_string).collect();
            let (name, side) = (seated.name.written(), side(seated.side));
            format!("{name} took a seat for the {side} as {}.", roles.join(" and "))
        }
        Fact::PersonLeft { person } => format!("{} left.", state.person_name(*person)),
        Fact::GroupCreated { name, parent, .. } => {
            match parent.and_then(|id| state.groups.get(&id)) {
                Some(parent) => format!("Group {name} was made inside {}.", parent.name),
                None => format!("Group {name} was made."),
            }
        }
        Fact::AgentObserved(described) => observed(described),
        Fact::AgentProposed(described) => {
            format!("{} was proposed: {}", described.name, sentence(&described.purpose))
        }
        Fact::AccountabilitySet { subject, authorizer, auditor, terminators } => {
            answers(state, *subject, (*authorizer, *auditor, terminators))
        }
        Fact::AgentChartered { agent: id, authorizer, auditor, terminators } => format!(
            "{} is answered for: authorised by {}, audited by {}, to be ended by {}.",
            agent(id),
            state.person_name(*authorizer),
            state.person_name(*auditor),
            names(state, terminators)
        ),
        Fact::AgentActivated { agent: id } => format!("{} was activated.", agent(id)),
        Fact::AgentHeld { agent: id, reason } => {
            format!("{} was put on hold: {}", agent(id), sentence(reason))
        }
        Fact::AgentReleased { agent: id } => format!("{} was released.", agent(id)),
        Fact::AgentQuarantined { agent: id, reason } => {
            format!("{} was quarantined: {}", agent(id), sentence(reason))
        }
        Fact::AgentTerminated { agent: id, reason } => {
            format!("{} was ended for good: {}", agent(id), sentence(reason))
        }
        Fact::TerminationConfirmed(confirmed) => format!(
            "A gateway confirms the end of {}: tokens refused after {}, last cut after {}.",
            agent(&confirmed.agent),
            millis(confirmed.tokens_refused_us),
            millis(confirmed.last_cut_us)
        ),
        other => grants_and_keys(state, other),
    }
}

fn grants_and_keys(state: &State, fact: &Fact) -> String {
    let agent = |id: &AgentId| state.agent_name(*id);
    match fact {
        Fact::EnrollmentOffered { agent: id, expires, .. } => {
            format!("A code was made that binds one running copy of {} until {expires}.", agent(id))
        }
        Fact::InstanceEnrolled { agent: id, label, .. } => {
            format!("A running copy of {} was enrolled: {label}.", agent(id))
        }
        Fact::InstanceEnded { instance, reason } => {
            let known = state.instances.get(instance);
            let label = known.map_or_else(|| instance.to_string(), |one| one.label.clone());
            let of = known.map(|one| format!(" of {}", agent(&one.agent))).unwrap_or_default();
            format!("Running copy {label}{of} was ended: {}", sentence(reason))
        }
        Fact::GrantGiven { says, .. } => given(state, says),
        Fact::GrantRevoked { grant, reason } => {
            let known = state.grants.get(grant);
            let what = known.map_or_else(
                || grant.to_string(),
                |given| {
                    format!("{} may {}", subject(state, given.says.subject), given.says.words())
                },
            );
            format!("A grant was taken back ({what}): {}", sentence(reason))
        }
        Fact::ActivitySealed(seal) => format!(
            "Records {} to {} of a gateway were sealed ({} calls).",
            seal.first, seal.last, seal.count
        ),
        // Every other kind is said by `fact`, or is about people, the charter, or what waits.
        other => people::fact(state, other)
            .or_else(|| charter::fact(state, other))
            .or_else(|| approvals::fact(state, other))
            .or_else(|| scale::fact(state, other))
            .unwrap_or_else(|| kind(other).replace('_', " ")),
    }
}

fn observed(described: &AgentDescribed) -> String {
    match described.deadline {
        Some(by) => {
            format!("{} was seen running ungoverned; to be governed by {by}.", described.name)
        }
        None => format!("{} was seen running ungoverned.", described.name),
    }
}

fn given(state: &State, says: &Grant) -> String {
    let mut out = format!("{} may {}", subject(state, says.subject), says.words());
    for rule in &says.rules {
        out.extend(["; ", &rule.path, " ", &rule.must.words()]);
    }
    for limit in &says.limits {
        out.extend(["; at most ", &limit.count.to_string(), " a ", limit.per.word()]);
    }
    if let Some(window) = &says.window {
        out.extend(["; ", &window.words()]);
    }
    format!("{out}. Why: {}", sentence(&says.reason))
}

fn answers(
    state: &State,
    of: Subject,
    (authorizer, auditor, terminators): (Option<PersonId>, Option<PersonId>, &[PersonId]),
) -> String {
    let mut parts = Vec::new();
    parts.extend(authorizer.map(|id| format!("{} authorises", state.person_name(id))));
    parts.extend(auditor.map(|id| format!("{} audits", state.person_name(id))));
    if !terminators.is_empty() {
        parts.push(format!("{} can end it", names(state, terminators)));
    }
    if parts.is_empty() {
        return format!("Nobody is named for {} itself any more; it inherits.", subject(state, of));
    }
    format!("For {}: {}.", subject(state, of), parts.join(", "))
}

/// An agent's or a group's name.
pub(crate) fn subject(state: &State, subject: Subject) -> String {
    match subject {
        Subject::Agent(id) => state.agent_name(id),
        Subject::Group(id) => state
            .groups
            .get(&id)
            .map_or_else(|| id.to_string(), |group| format!("group {}", group.name)),
    }
}

fn names(state: &State, people: &[PersonId]) -> String {
    let names: Vec<String> = people.iter().map(|id| state.person_name(*id)).collect();
    names.join(" or ")
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Provider => "provider",
        Side::Client => "client",
    }
}

/// Somebody's words, ended like a sentence.
fn sentence(words: &str) -> String {
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

/// The same words, beginning a sentence.
fn capital(words: &str) -> String {
    // A sealed name begins as it is written, or it is none.
    if words.starts_with(MARK) {
        return words.to_owned();
    }
    let mut letters = words.chars();
    let first = letters.next().map(|one| one.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// Microseconds as milliseconds with one decimal.
fn millis(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

/// The agent a fact is about, if it is about one.
pub(crate) fn agent_of(state: &State, fact: &Fact) -> Option<AgentId> {
    match about(state, fact)? {
        Subject::Agent(id) => Some(id),
        Subject::Group(_) => None,
    }
}

/// The agent or group that a signature is about.
fn signed_about(act: &Command) -> Option<Subject> {
    match act {
        Command::Activate { agent }
        | Command::Release { agent }
        | Command::Terminate { agent, .. }
        | Command::Delegate { agent, .. } => Some(Subject::Agent(*agent)),
        Command::GiveGrant(grant) => Some(grant.subject),
        Command::SetAccountability { subject, .. } => Some(*subject),
        _ => None,
    }
}

/// The agent or group a fact is about.
pub(crate) fn about(state: &State, fact: &Fact) -> Option<Subject> {
    match fact {
        Fact::AgentObserved(described) | Fact::AgentProposed(described) => {
            Some(Subject::Agent(described.agent))
        }
        Fact::AccountabilitySet { subject, .. } => Some(*subject),
        Fact::ObserveSet { subject, .. } | Fact::ObserveEnded { subject } => *subject,
        Fact::AgentChartered { agent, .. }
        | Fact::AgentActivated { agent }
        | Fact::AgentHeld { agent, .. }
        | Fact::AgentReleased { agent }
        | Fact::AgentQuarantined { agent, .. }
        | Fact::AgentTerminated { agent, .. }
        | Fact::EnrollmentOffered { agent, .. }
        | Fact::DrillBegun { agent, .. }
        | Fact::AgentDelegated { agent, .. }
        | Fact::InstanceEnrolled { agent, .. } => Some(Subject::Agent(*agent)),
        Fact::TerminationConfirmed(confirmed) => Some(Subject::Agent(confirmed.agent)),
        Fact::InstanceEnded { instance, .. } => {
            state.instances.get(instance).map(|one| Subject::Agent(one.agent))
        }
        Fact::GrantGiven { says, .. } => Some(says.subject),
        Fact::GrantRevoked { grant, .. } => state.grants.get(grant).map(|given| given.says.subject),
        Fact::GroupCreated { group, .. } => Some(Subject::Group(*group)),
        Fact::ActSigned(receipt) => signed_about(&receipt.request.act),
        Fact::CallHeld(held) => Some(Subject::Agent(held.agent)),
        Fact::ActNotified(told) => Some(Subject::Agent(told.agent)),
        Fact::DrillDone(result) => Some(Subject::Agent(result.agent)),
        Fact::ApprovalAsked(held) => signed_about(&held.act),
        // Ledgers, clients, people, witnesses, seals: about no agent.
        _ => None,
    }
}
