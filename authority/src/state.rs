//! The state of one tenant: what its ledger's lines add up to. Persistent maps, so that a decision keeps the state it
//! began with while the next line is folded.
//! Never here: how a line changes it (`fold.rs`).

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use writ_model::{
    AgentId, BootId, Digest, DrillId, EnrollmentId, GatewayId, GrantId, GroupId, HoldId,
    InstanceId, InvitationId, PasskeyId, PersonId, PersonName, RecoveryId, Role, Side, SigningId,
    TenantId, Timestamp, WitnessId,
};

use crate::{
    accountability::Accountability,
    agent::Agent,
    fact::{
        ActivitySealed, ClientAdded, FIRST, Holder, LedgerFounded, LedgerMoved, LedgerRestored,
        Subject, TerminationConfirmed,
    },
    grant::Grant,
    passkey::{Key, KeyPolicy},
};

mod behalf;
mod catalog;
mod charter;
mod ending;
mod people;
mod upstream;

pub use behalf::{ChainBroken, Link};
pub use catalog::{Change, PINS, Pin, REFUSED, SETTLES, Shelf};
pub use charter::{
    Away, Consumed, Draft, Drill, Given as Approved, Hold, InForce, Kept, Observing, Refused,
    Signature, Stop, Waits,
};
pub use ending::{DELEGATION_DEPTH, Ending, Halted, Reached};
pub use people::{Invitation, Joined, Recovery, Used, Watcher};
pub use upstream::Connected;

/// LIMIT: depth of a group tree; more hides who answers.
pub const GROUP_DEPTH: usize = 8;

/// A person seated in this tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Their name; what stands for it, once it is erased.
    pub name: PersonName,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
    /// Since when.
    pub seated_at: Timestamp,
    /// When they left, if they did.
    pub left_at: Option<Timestamp>,
    /// How many live passkeys they have here.
    pub keys: u32,
    /// Since when they have none, if they have none.
    pub keyless_since: Option<Timestamp>,
}

impl Person {
    /// Still seated.
    pub fn active(&self) -> bool {
        self.left_at.is_none()
    }
    /// Side and roles in words: `owner and approver of the client`.
    pub fn words(side: Side, roles: &[Role]) -> String {
        let roles: Vec<String> = roles.iter().map(Role::to_string).collect();
        format!("{} of the {side}", roles.join(" and "))
    }
    /// Holds a role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// A group of agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What it inherits from.
    pub parent: Option<GroupId>,
    /// Who answers, as set on the group itself.
    pub accountability: Accountability,
    /// Ledger line that last touched it or its grants.
    pub touched: u64,
}

/// One running copy of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Of which agent.
    pub agent: AgentId,
    /// What it calls itself.
    pub label: String,
    /// Thumbprint of its key.
    pub jkt: String,
    /// Its public key, canonical JSON.
    pub jwk: String,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

/// An offer to enroll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// For which agent.
    pub agent: AgentId,
    /// Digest of the code.
    pub code: Digest,
    /// Until when.
    pub expires: Timestamp,
    /// Used up by.
    pub used_by: Option<InstanceId>,
}

/// A grant and its life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// What it says.
    pub says: Arc<Grant>,
    /// When it was given.
    pub at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The ledger line that gave it.
    pub line: u64,
}

/// The last seal of one gateway's boot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sealed {
    /// Its fact.
    pub seal: ActivitySealed,
    /// Its ledger line.
    pub line: u64,
}

/// What a tenant's ledger adds up to.
#[expect(clippy::rc_buffer, reason = "lists grow by copy-on-write; a boxed slice would copy twice")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Whose.
    pub tenant: TenantId,
    /// Line 0.
    pub founded: Option<Arc<LedgerFounded>>,
    /// Lines folded.
    pub size: u64,
    /// Instant of the last line.
    pub last_at: Timestamp,
    /// Clients, in the provider's ledger.
    #[serde(with = "crate::rows")]
    pub clients: OrdMap<TenantId, Arc<ClientAdded>>,
    /// People seated, those who left included.
    #[serde(with = "crate::rows")]
    pub people: OrdMap<PersonId, Arc<Person>>,
    /// Line that last changed who is seated: answers may have changed for every agent.
    pub people_touched: u64,
    /// Groups.
    #[serde(with = "crate::rows")]
    pub groups: OrdMap<GroupId, Arc<Group>>,
    /// Agents, the ended included.
    #[serde(with = "crate::rows")]
    pub agents: OrdMap<AgentId, Arc<Agent>>,
    /// Names of living agents.
    #[serde(with = "crate::rows")]
    pub names: OrdMap<String, AgentId>,
    /// Instances, the ended included.
    #[serde(with = "crate::rows")]
    pub instances: OrdMap<InstanceId, Arc<Instance>>,
    /// Instances of each agent, the ended included.
    #[serde(with = "crate::rows")]
    pub instanced: OrdMap<AgentId, Arc<Vec<InstanceId>>>,
    /// Instances by the thumbprint of their key.
    #[serde(with = "crate::rows")]
    pub keys: OrdMap<String, InstanceId>,
    /// Offers to enroll, the used and expired included.
    #[serde(with = "crate::rows")]
    pub offers: OrdMap<EnrollmentId, Arc<Offer>>,
    /// Offers by the digest of their code.
    #[serde(with = "crate::rows")]
    pub codes: OrdMap<Digest, EnrollmentId>,
    /// Grants, the revoked included.
    #[serde(with = "crate::rows")]
    pub grants: OrdMap<GrantId, Arc<Given>>,
    /// Grants by whom they are for, the revoked left out.
    #[serde(with = "crate::rows")]
    pub granted: OrdMap<Subject, Arc<Vec<GrantId>>>,
    /// Confirmations of ended agents.
    #[serde(with = "crate::rows")]
    pub confirmed: OrdMap<(AgentId, GatewayId), Arc<TerminationConfirmed>>,
    /// Last seal of each gateway's boot.
    #[serde(with = "crate::rows")]
    pub seals: OrdMap<(GatewayId, BootId), Arc<Sealed>>,
    /// Latest instant of any signed act.
    pub signed_at: Timestamp,
    /// Passkeys, the revoked included.
    #[serde(with = "crate::rows")]
    pub passkeys: OrdMap<PasskeyId, Arc<Key>>,
    /// Passkeys by credential id, the revoked included.
    #[serde(with = "crate::rows")]
    pub credentials: OrdMap<String, PasskeyId>,
    /// Invitations, the used and withdrawn included.
    #[serde(with = "crate::rows")]
    pub invitations: OrdMap<InvitationId, Arc<Invitation>>,
    /// The invitation of each person invited here.
    #[serde(with = "crate::rows")]
    pub invited: OrdMap<PersonId, InvitationId>,
    /// Who followed which invitation, the admitted included.
    #[serde(with = "crate::rows")]
    pub joined: OrdMap<InvitationId, Arc<Joined>>,
    /// Recoveries, the done and refused included.
    #[serde(with = "crate::rows")]
    pub recoveries: OrdMap<RecoveryId, Arc<Recovery>>,
    /// Witnesses, the removed included.
    #[serde(with = "crate::rows")]
    pub witnesses: OrdMap<WitnessId, Arc<Watcher>>,
    /// Until when each person may have the ledger exported.
    #[serde(with = "crate::rows")]
    pub exports: OrdMap<PersonId, Timestamp>,
    /// Who each login (issuer, subject) signs in.
    #[serde(with = "crate::rows")]
    pub logins: OrdMap<(String, String), PersonId>,
    /// Signatures used, until they could not be used again anyway.
    #[serde(with = "crate::rows")]
    pub signed: OrdMap<SigningId, Arc<Used>>,
    /// Which passkeys the people of the ledger's own party may use.
    pub policy: KeyPolicy,
    /// The first passkey of the client's first person: what its paper contract names.
    pub root: Option<PasskeyId>,
    /// Whether a client person was ever seated; anew after a move to where none of the client's keys can sign.
    pub client_ever: bool,
    /// The root before such a move.
    pub former_root: Option<PasskeyId>,
    /// The last move to another provider, and its line.
    pub moved: Option<(u64, Arc<LedgerMoved>)>,
    /// The charter in force.
    pub charter: Option<Arc<InForce>>,
    /// The charter that is proposed.
    pub draft: Option<Arc<Draft>>,
    /// Charters that were in force, oldest first; the last few hundred.
    pub past: Vec<Arc<InForce>>,
    /// What each party took back.
    #[serde(with = "crate::rows")]
    pub suspensions: OrdMap<(Side, Option<String>), Arc<Stop>>,
    /// Which party froze everything.
    #[serde(with = "crate::rows")]
    pub freezes: OrdMap<Side, Arc<Stop>>,
    /// What waits for people, and what did: the over ones for a while.
    #[serde(with = "crate::rows")]
    pub holds: OrdMap<HoldId, Arc<Hold>>,
    /// The newest hold of each call: agent, running copy, digest.
    #[serde(with = "crate::rows")]
    pub held: OrdMap<(AgentId, InstanceId, Digest), HoldId>,
    /// Who is away.
    #[serde(with = "crate::rows")]
    pub away: OrdMap<PersonId, Away>,
    /// What is watched instead of blocked; none is everything.
    #[serde(with = "crate::rows")]
    pub observing: OrdMap<Option<Subject>, Arc<Observing>>,
    /// Drills.
    #[serde(with = "crate::rows")]
    pub drills: OrdMap<DrillId, Arc<Drill>>,
    /// Templates of charters, in the provider's ledger.
    #[serde(with = "crate::rows")]
    pub templates: OrdMap<String, Arc<Kept>>,
    /// What people did in the last day that a charter governs: when, and as which class, by line. For limits.
    #[serde(with = "crate::rows")]
    pub acted: OrdMap<u64, (Timestamp, String)>,
    /// The newest format of which lines may stand here.
    pub format: u32,
    /// For which agent each sub-agent acts, the ended included.
    #[serde(with = "crate::rows")]
    pub acting_for: OrdMap<AgentId, AgentId>,
    /// The other way round.
    #[serde(with = "crate::rows")]
    pub sub_agents: OrdMap<AgentId, Arc<Vec<AgentId>>>,
    /// Acts that ended agents, by their first line.
    #[serde(with = "crate::rows")]
    pub endings: OrdMap<u64, Arc<Ending>>,
    /// The act that ended each ended agent, by its first line.
    #[serde(with = "crate::rows")]
    pub ended_in: OrdMap<AgentId, u64>,
    /// Runs of gateways that each of these acts reached, other than those that confirmed it agent by agent.
    #[serde(with = "crate::rows")]
    pub reached: OrdMap<(u64, GatewayId, BootId), Arc<Reached>>,
    /// Gateways that are halted, in the provider's ledger.
    #[serde(with = "crate::rows")]
    pub halted: OrdMap<GatewayId, Arc<Halted>>,
    /// The last time this ledger came out of a backup: its line, when, and what was said.
    pub restored: Option<(u64, Timestamp, Arc<LedgerRestored>)>,
    /// Tokens given before this instant count no more.
    pub tokens_from: Timestamp,
    /// People whose name was erased here, and when.
    #[serde(with = "crate::rows")]
    pub erased: OrdMap<PersonId, Timestamp>,
    /// What each server lists, and by which digests it may be used.
    #[serde(with = "crate::rows", default, skip_serializing_if = "OrdMap::is_empty")]
    pub catalog: OrdMap<String, Arc<Shelf>>,
    /// Accounts at protected servers that were connected and not ended; see [`State::upstream`].
    #[serde(with = "crate::rows", default, skip_serializing_if = "OrdMap::is_empty")]
    pub upstreams: OrdMap<(String, Holder), Arc<Connected>>,
}

impl State {
    /// Before the first line.
    pub fn empty(tenant: TenantId) -> Self {
        Self {
            tenant,
            founded: None,
            size: 0,
            last_at: Timestamp::default(),
            clients: OrdMap::new(),
            people: OrdMap::new(),
            people_touched: 0,
            groups: OrdMap::new(),
            agents: OrdMap::new(),
            names: OrdMap::new(),
            instances: OrdMap::new(),
            instanced: OrdMap::new(),
            keys: OrdMap::new(),
            offers: OrdMap::new(),
            codes: OrdMap::new(),
            grants: OrdMap::new(),
            granted: OrdMap::new(),
            confirmed: OrdMap::new(),
            seals: OrdMap::new(),
            signed_at: Timestamp::default(),
            passkeys: OrdMap::new(),
            credentials: OrdMap::new(),
            invitations: OrdMap::new(),
            invited: OrdMap::new(),
            joined: OrdMap::new(),
            recoveries: OrdMap::new(),
            witnesses: OrdMap::new(),
            exports: OrdMap::new(),
            logins: OrdMap::new(),
            signed: OrdMap::new(),
            policy: KeyPolicy::Any,
            root: None,
            client_ever: false,
            former_root: None,
            moved: None,
            charter: None,
            draft: None,
            past: Vec::new(),
            suspensions: OrdMap::new(),
            freezes: OrdMap::new(),
            holds: OrdMap::new(),
            held: OrdMap::new(),
            away: OrdMap::new(),
            observing: OrdMap::new(),
            drills: OrdMap::new(),
            templates: OrdMap::new(),
            acted: OrdMap::new(),
            format: FIRST,
            acting_for: OrdMap::new(),
            sub_agents: OrdMap::new(),
            endings: OrdMap::new(),
            ended_in: OrdMap::new(),
            reached: OrdMap::new(),
            halted: OrdMap::new(),
            restored: None,
            tokens_from: Timestamp::default(),
            erased: OrdMap::new(),
            catalog: OrdMap::new(),
            upstreams: OrdMap::new(),
        }
    }

    /// The party's name.
    pub fn party_name(&self) -> &str {
        self.founded.as_ref().map_or("(unfounded)", |founded| &founded.name)
    }

    /// A person's name as it is written, sealed or not, or their id where they are not known here. A text that it stands
    /// in is opened where it is shown.
    pub fn person_name(&self, id: PersonId) -> String {
        self.people.get(&id).map_or_else(|| id.to_string(), |person| person.name.written())
    }

    /// An agent's name, or its id where it is not known here.
    pub fn agent_name(&self, id: AgentId) -> String {
        self.agents.get(&id).map_or_else(|| id.to_string(), |agent| agent.name().to_owned())
    }

    /// The groups an agent is in, nearest first. Bounded by [`GROUP_DEPTH`].
    pub fn group_chain(&self, first: Option<GroupId>) -> Vec<(GroupId, &Group)> {
        let mut chain = Vec::new();
        let mut next = first;
        while let Some(id) = next {
            let Some(group) = self.groups.get(&id) else {
                break;
            };
            chain.push((id, group.as_ref()));
            if chain.len() >= GROUP_DEPTH {
                break;
            }
            next = group.parent;
        }
        chain
    }

    /// The agent itself, or the one whose shadow it is.
    pub fn original<'s>(&'s self, agent: &'s Agent) -> &'s Agent {
        agent.shadow_of.and_then(|id| self.agents.get(&id)).map_or(agent, AsRef::as_ref)
    }

    /// Grants that reach an agent, its own first, then its groups', nearest first. A shadow has those of its original.
    pub fn grants_of<'s>(&'s self, agent: &'s Agent) -> Vec<(GrantId, &'s Given)> {
        let agent = self.original(agent);
        let own = Subject::Agent(agent.described.agent);
        let chain = self.group_chain(agent.group());
        let subjects = std::iter::once(own).chain(chain.iter().map(|(id, _)| Subject::Group(*id)));
        let mut out = Vec::new();
        for subject in subjects {
            for id in self.granted.get(&subject).into_iter().flat_map(|list| list.iter()) {
                if let Some(given) = self.grants.get(id) {
                    out.push((*id, given.as_ref()));
                }
            }
        }
        out
    }

    /// Instances of an agent, the ended included.
    pub fn instances_of(&self, agent: AgentId) -> impl Iterator<Item = (InstanceId, &Instance)> {
        let ids = self.instanced.get(&agent).into_iter().flat_map(|list| list.iter());
        ids.filter_map(|id| self.instances.get(id).map(|one| (*id, one.as_ref())))
    }

    /// The newest line on which anything stands that a decision on this agent reads.
    pub fn version_of(&self, agent: &Agent) -> u64 {
        let groups = self.group_chain(agent.group()).iter().map(|(_, g)| g.touched).max();
        let original = self.original(agent).touched;
        agent.touched.max(original).max(groups.unwrap_or(0)).max(self.people_touched)
    }
}
