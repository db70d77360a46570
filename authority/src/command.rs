//! Commands: what somebody wants to become so, and whether it may. Pure: state and command in, facts or a refusal out.
//!
//! To add one: a variant of [`Command`], its function in `command/`, its arm in [`decide`].
//! Never here: IO, or a fact written without a check.

use serde::{Deserialize, Serialize};
use writ_model::{
    AgentId, Cx, Digest, GrantId, GroupId, InstanceId, PersonId, Role, Side, TenantId, Timestamp,
};

use crate::{
    fact::{
        ActivitySealed, AgentDescribed, Entry, Fact, LedgerFounded, Subject, TerminationConfirmed,
    },
    grant::Grant,
    refusal::Refusal,
    state::State,
};

mod agents;
mod check;
mod enroll;
mod grants;
mod people;
mod sweep;

pub use agents::NewAgent;

/// What somebody wants to become so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begin a ledger: line 0, with its first people.
    Found {
        /// Whose.
        founded: LedgerFounded,
        /// Its first people: at least one.
        people: Vec<(PersonId, String, Side, Vec<Role>)>,
    },
    /// List a client in the provider's ledger, once its own ledger is founded.
    AddClient {
        /// Its space.
        client: TenantId,
        /// Its name.
        name: String,
        /// Its short name.
        slug: String,
    },
    /// Seat a person.
    SeatPerson {
        /// A person known from another client; new if none.
        person: Option<PersonId>,
        /// Their name.
        name: String,
        /// For which party.
        side: Side,
        /// In which roles.
        roles: Vec<Role>,
    },
    /// End a person's seat.
    PersonLeaves {
        /// Whose.
        person: PersonId,
    },
    /// Make a group.
    CreateGroup {
        /// Its name.
        name: String,
        /// What it inherits from.
        parent: Option<GroupId>,
    },
    /// Write down an identity that runs ungoverned.
    Observe(NewAgent),
    /// Propose an agent, or take an observed one of the same name into the register.
    Propose(NewAgent),
    /// Say who answers.
    SetAccountability {
        /// For what.
        subject: Subject,
        /// Who authorises.
        authorizer: Option<PersonId>,
        /// Who audits.
        auditor: Option<PersonId>,
        /// Who can end it.
        terminators: Vec<PersonId>,
    },
    /// Switch an agent on.
    Activate {
        /// Which.
        agent: AgentId,
    },
    /// Make an agent wait.
    Hold {
        /// Which.
        agent: AgentId,
        /// Why.
        reason: String,
    },
    /// Let a held or quarantined agent go on.
    Release {
        /// Which.
        agent: AgentId,
    },
    /// Stop an agent on suspicion.
    Quarantine {
        /// Which.
        agent: AgentId,
        /// Why.
        reason: String,
    },
    /// End an agent for good.
    Terminate {
        /// Which.
        agent: AgentId,
        /// Why.
        reason: String,
    },
    /// A gateway confirms an ended agent.
    ConfirmTermination(TerminationConfirmed),
    /// Offer to bind one instance.
    OfferEnrollment {
        /// Of which agent.
        agent: AgentId,
        /// Digest of the code.
        code: Digest,
        /// Until when.
        expires: Timestamp,
    },
    /// Bind an instance with a code.
    Enroll {
        /// Digest of the code.
        code: Digest,
        /// What the instance calls itself.
        label: String,
        /// Thumbprint of its key.
        jkt: String,
        /// The key, canonical JSON.
        jwk: String,
    },
    /// End one instance.
    EndInstance {
        /// Which.
        instance: InstanceId,
        /// Why.
        reason: String,
    },
    /// Give a grant; who gives it is the actor.
    GiveGrant(Box<Grant>),
    /// Take a grant back.
    RevokeGrant {
        /// Which.
        grant: GrantId,
        /// Why.
        reason: String,
    },
    /// Write down the root of a range of records.
    SealActivity(ActivitySealed),
    /// Put on hold what has lost its answers for longer than the grace period.
    Sweep,
}

/// Decides a command: the facts to append, or why not.
///
/// # Errors
/// A [`Refusal`] that names the rule and the cure.
pub fn decide(state: &State, command: Command, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    if state.tenant != cx.tenant() {
        return Err(Refusal::internal("tenant", "the command names another tenant"));
    }
    check::founded(state, &command)?;
    match command {
        Command::Found { founded, people } => people::found(cx, founded, people),
        Command::AddClient { client, name, slug } => {
            people::add_client(state, cx, client, name, slug)
        }
        Command::SeatPerson { person, name, side, roles } => {
            people::seat(state, cx, person, (name, side, roles))
        }
        Command::PersonLeaves { person } => people::leave(state, cx, person),
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
        Command::Terminate { agent, reason } => agents::terminate(state, cx, agent, reason),
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
            let line = Entry::new(cx, fact.clone()).to_line()?;
            check::line_fits(&line)?;
            Ok((fact, line))
        })
        .collect()
}

/// Whether whoever acts may have a ledger exported with everything that was recorded until now: who answers for it,
/// who looks after it, and who audits it.
///
/// # Errors
/// A [`Refusal`] if they are not seated or have none of these roles.
pub fn may_export(state: &State, cx: &Cx) -> Result<(), Refusal> {
    check::acts(state, cx, &[Role::Owner, Role::Engineer, Role::Auditor])
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
