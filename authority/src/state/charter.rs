//! What a tenant's ledger adds up to about decision authority: the charter in force and those before it, what is taken
//! back, what waits, who is away, what is watched, what was rehearsed; and the questions asked of it.
//! Never here: how a line changes it (`fold/charter.rs`), who may do what (`command/`), quorums (`approval.rs`).

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use writ_charter::{Charter, Mode, Seat, Suspended, Template};
use writ_model::{
    AgentId, CharterId, Digest, DrillId, GatewayId, GroupId, HoldId, InstanceId, PersonId, Role,
    Side, Timestamp,
};

use super::State;
use crate::{
    agent::Agent,
    fact::{DrillResult, HeldAct, HeldCall, Subject},
};

/// One party's signature under a charter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// For which party.
    pub side: Side,
    /// Who.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
}

/// A charter that is proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// What it says.
    pub charter: Arc<Charter>,
    /// Of its canonical form.
    pub digest: Digest,
    /// When it was proposed.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// Who proposed it.
    pub by: Option<PersonId>,
    /// Who signed it so far.
    pub signed: Vec<Signature>,
}

/// A charter that is, or was, in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InForce {
    /// What it says.
    pub charter: Arc<Charter>,
    /// Of its canonical form.
    pub digest: Digest,
    /// Since when.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// Who proposed it.
    pub by: Option<PersonId>,
    /// Who signed it.
    pub signed: Vec<Signature>,
    /// Until when, if another one took its place.
    pub until: Option<Timestamp>,
}

/// A stop that one party set: a delegation taken back, or everything frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Which party.
    pub side: Side,
    /// The clause, of a delegation that is taken back; all if none.
    pub clause: Option<String>,
    /// Who.
    pub person: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Waits {
    /// A call of an agent.
    Call(Arc<HeldCall>),
    /// An act of a person.
    Act(Arc<HeldAct>),
}

/// One person's yes, with what they counted as when they said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Who.
    pub person: PersonId,
    /// In whose place, if not in their own.
    pub deputy_of: Option<PersonId>,
    /// Of which party.
    pub side: Side,
    /// In which roles, those of whom they stood in for included.
    pub roles: Vec<Role>,
    /// Counts for any seat of their party: an owner, after the hold was escalated.
    pub any: bool,
    /// When.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// What they said with it.
    pub words: Option<String>,
}

impl Given {
    /// A yes to a hold, with what its giver counts as on this state.
    pub(crate) fn of(
        state: &State,
        hold: &Hold,
        (person, deputy_of): (PersonId, Option<PersonId>),
        at: Timestamp,
    ) -> Option<Self> {
        let known = state.people.get(&person)?;
        let side = known.side;
        let absent = deputy_of.and_then(|id| state.people.get(&id)).filter(|one| one.side == side);
        let mut roles = known.roles.clone();
        roles.extend(absent.into_iter().flat_map(|one| one.roles.iter().copied()));
        roles.sort_unstable();
        roles.dedup();
        let escalated = hold.escalate_at().is_some_and(|from| from <= at);
        let any = escalated && roles.contains(&Role::Owner);
        Some(Self { person, deputy_of, side, roles, any, at, line: state.size, words: None })
    }
}

/// One person's no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Who.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// Why.
    pub words: String,
}

/// A hold that was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumed {
    /// When.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// By which gateway, if it was a call.
    pub gateway: Option<GatewayId>,
}

/// Something that waits for people, and its life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// What waits.
    pub waits: Waits,
    /// Since when.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// Who said yes.
    pub given: Vec<Given>,
    /// Who said no.
    pub refused: Option<Refused>,
    /// When it was used up.
    pub consumed: Option<Consumed>,
    /// When it was over because the ledger came out of a backup.
    pub void_at: Option<Timestamp>,
}

impl Hold {
    /// Its id.
    pub fn id(&self) -> HoldId {
        match &self.waits {
            Waits::Call(call) => call.hold,
            Waits::Act(act) => act.hold,
        }
    }

    /// The call, if it is one.
    pub fn call(&self) -> Option<&HeldCall> {
        match &self.waits {
            Waits::Call(call) => Some(call),
            Waits::Act(_) => None,
        }
    }

    /// The act, if it is one.
    pub fn act(&self) -> Option<&HeldAct> {
        match &self.waits {
            Waits::Call(_) => None,
            Waits::Act(act) => Some(act),
        }
    }

    /// Who wants it, if a person does.
    pub fn asker(&self) -> Option<PersonId> {
        self.act().map(|act| act.person)
    }

    /// Of what is approved: the call with its arguments, or the act.
    pub fn digest(&self) -> Digest {
        match &self.waits {
            Waits::Call(call) => call.digest,
            Waits::Act(act) => act.digest,
        }
    }

    /// Propose or approve.
    pub fn mode(&self) -> &Mode {
        match &self.waits {
            Waits::Call(call) => &call.mode,
            Waits::Act(act) => &act.mode,
        }
    }

    /// Who has to say yes, as the charter said when it was held; nobody can, of a proposal.
    pub fn quorum(&self) -> &[Seat] {
        match self.mode() {
            Mode::Approve { quorum } => quorum,
            Mode::Refuse | Mode::Propose | Mode::NotifyAndAct | Mode::Act => &[],
        }
    }

    /// Keys of the clauses that say so, strictest first.
    pub fn clauses(&self) -> &[String] {
        match &self.waits {
            Waits::Call(call) => &call.clauses,
            Waits::Act(act) => &act.clauses,
        }
    }

    /// Of which charter.
    pub fn charter(&self) -> CharterId {
        match &self.waits {
            Waits::Call(call) => call.charter,
            Waits::Act(act) => act.charter,
        }
    }

    /// Until when it may be approved and done.
    pub fn expires(&self) -> Timestamp {
        let says = match &self.waits {
            Waits::Call(call) => call.expires,
            Waits::Act(act) => act.expires,
        };
        self.void_at.map_or(says, |void| says.min(void))
    }

    /// From when owners count for any seat of their party.
    pub fn escalate_at(&self) -> Option<Timestamp> {
        match &self.waits {
            Waits::Call(call) => call.escalate_at,
            Waits::Act(act) => act.escalate_at,
        }
    }

    /// Neither refused nor used up, nor expired at this instant.
    pub fn open(&self, now: Timestamp) -> bool {
        self.refused.is_none() && self.consumed.is_none() && now < self.expires()
    }
}

/// Somebody is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Who counts in their place.
    pub deputy: PersonId,
    /// Until when.
    pub until: Timestamp,
    /// Since when.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
}

/// Something is watched instead of blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observing {
    /// Until when.
    pub until: Timestamp,
    /// Since when.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
    /// Who said so.
    pub by: Option<PersonId>,
    /// Why.
    pub reason: String,
}

/// A drill and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// Of which agent.
    pub agent: AgentId,
    /// Its shadow.
    pub shadow: AgentId,
    /// The shadow's name.
    pub name: String,
    /// Since when.
    pub begun_at: Timestamp,
    /// Who began it.
    pub begun_by: Option<PersonId>,
    /// The ledger line.
    pub line: u64,
    /// What it measured, when and on which line that was written.
    pub result: Option<(Arc<DrillResult>, Timestamp, u64)>,
}

/// A template of the provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What it says.
    pub template: Arc<Template>,
    /// Since when.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
}

impl State {
    /// The charter in force or one before it, by its version.
    pub fn charter_in(&self, version: u32) -> Option<&Arc<InForce>> {
        self.charter.iter().chain(&self.past).find(|one| one.charter.version == version)
    }

    /// The charter in force or one before it, by its id.
    pub fn charter_by_id(&self, id: CharterId) -> Option<&Arc<InForce>> {
        self.charter.iter().chain(&self.past).find(|one| one.charter.charter == id)
    }

    /// What the parties took back, as a charter judges it.
    pub fn suspended(&self) -> Suspended {
        let mut out = Suspended::default();
        for stop in self.suspensions.values() {
            match &stop.clause {
                Some(clause) => drop(out.clauses.insert(clause.clone())),
                None => out.all = true,
            }
        }
        out
    }

    /// Whether everything here is frozen, by whomever.
    pub fn frozen(&self) -> Option<&Stop> {
        self.freezes.values().next().map(AsRef::as_ref)
    }

    /// Who has to sign a charter here.
    pub fn signatories(&self) -> &'static [Side] {
        match self.own_side() {
            Some(Side::Provider) => &[Side::Provider],
            Some(Side::Client) | None => &[Side::Provider, Side::Client],
        }
    }

    /// The newest hold of exactly this call by exactly this running copy, open or not.
    pub fn held_call(&self, agent: AgentId, instance: InstanceId, digest: Digest) -> Option<&Hold> {
        let id = self.held.get(&(agent, instance, digest))?;
        self.holds.get(id).map(AsRef::as_ref)
    }

    /// What makes an agent watched instead of blocked at an instant, if anything does: the narrowest.
    pub fn observed(&self, agent: &Agent, now: Timestamp) -> Option<&Observing> {
        let own = std::iter::once(Some(Subject::Agent(agent.described.agent)));
        let chain = self.group_chain(agent.group());
        let groups = chain.iter().map(|(id, _)| Some(Subject::Group(*id)));
        own.chain(groups)
            .chain(std::iter::once(None))
            .filter_map(|subject| self.observing.get(&subject))
            .find(|one| now < one.until)
            .map(AsRef::as_ref)
    }

    /// The groups an agent is in, nearest first, as a charter's scope reads them.
    pub fn groups_of(&self, agent: &Agent) -> Vec<GroupId> {
        self.group_chain(agent.group()).into_iter().map(|(id, _)| id).collect()
    }

    /// Whom a person stands in for at an instant.
    pub fn stands_in_for(&self, deputy: PersonId, now: Timestamp) -> BTreeSet<PersonId> {
        self.away
            .iter()
            .filter(|(_, away)| away.deputy == deputy && now < away.until)
            .map(|(person, _)| *person)
            .collect()
    }

    /// The drill whose shadow this agent is.
    pub fn drill_of(&self, shadow: AgentId) -> Option<(DrillId, &Drill)> {
        let of = |(_, drill): &(&DrillId, &Arc<Drill>)| drill.shadow == shadow;
        self.drills.iter().find(of).map(|(id, drill)| (*id, drill.as_ref()))
    }
}
