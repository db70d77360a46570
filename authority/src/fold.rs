//! How a line changes the state. A fact that this build knows never fails to fold; one that it does not know refuses
//! the tenant.
//! Never here: whether a fact was allowed (`command/`): what is written, is.

use std::sync::Arc;

use writ_model::{
    AgentId, EnrollmentId, Fold, GrantId, GroupId, InstanceId, PersonId, TenantId, Timestamp,
    fold::BadLine,
};

use crate::{
    accountability::Accountability,
    agent::{Agent, Life},
    fact::{
        ActivitySealed, AgentDescribed, ClientAdded, Entry, Fact, Subject, TerminationConfirmed,
    },
    grant::Grant,
    state::{Given, Group, Instance, Offer, Sealed, State},
};

mod catalog;
mod charter;
mod ending;
mod keeping;
mod people;

/// What `apply` takes.
macro_rules! of_apply {
    () => {
        Fact::LedgerFounded(_)
            | Fact::ClientAdded(_)
            | Fact::PersonSeated(_)
            | Fact::PersonLeft { .. }
            | Fact::GroupCreated { .. }
            | Fact::AgentObserved(_)
            | Fact::AgentProposed(_)
            | Fact::AccountabilitySet { .. }
            | Fact::AgentChartered { .. }
            | Fact::AgentActivated { .. }
            | Fact::AgentReleased { .. }
            | Fact::AgentHeld { .. }
            | Fact::AgentQuarantined { .. }
            | Fact::AgentTerminated { .. }
            | Fact::TerminationConfirmed(_)
            | Fact::EnrollmentOffered { .. }
            | Fact::InstanceEnrolled { .. }
            | Fact::InstanceEnded { .. }
            | Fact::GrantGiven { .. }
            | Fact::GrantRevoked { .. }
            | Fact::ActivitySealed(_)
    };
}

impl Fold for State {
    const VERSION: u32 = 6;

    fn empty(tenant: TenantId) -> Self {
        Self::empty(tenant)
    }

    fn fold(&mut self, index: u64, line: &[u8]) -> Result<(), BadLine> {
        let bad = |why: String| BadLine { index, why };
        let entry = Entry::from_line(line).map_err(bad)?;
        let format = entry.fact.format();
        if entry.v != format {
            return Err(bad(format!("format {} is not {format}, that of its kind", entry.v)));
        }
        if index != self.size {
            return Err(bad(format!("expected line {}", self.size)));
        }
        self.take(index, entry);
        Ok(())
    }

    /// Seals of records and what gateways report of endings: proofs of what was, by which no decision changes. They are most
    /// of what is written while an agent is ended, and each told at once would wake every process of the fleet.
    fn can_wait(line: &[u8]) -> bool {
        Entry::from_line(line).is_ok_and(|entry| {
            matches!(
                entry.fact,
                Fact::ActivitySealed(_)
                    | Fact::TerminationConfirmed(_)
                    | Fact::TerminationReached(_)
            )
        })
    }

    fn save(&self) -> Result<Vec<u8>, BadLine> {
        serde_json::to_vec(self)
            .map_err(|error| BadLine { index: self.size, why: error.to_string() })
    }

    fn load(bytes: &[u8]) -> Result<Self, BadLine> {
        serde_json::from_slice(bytes).map_err(|error| BadLine { index: 0, why: error.to_string() })
    }
}

impl State {
    /// Takes one entry.
    fn take(&mut self, line: u64, entry: Entry) {
        self.size = line + 1;
        self.last_at = entry.at;
        let by = entry.actor.person();
        self.remember(entry.at, by, &entry.fact);
        self.apply(line, entry.at, by, entry.fact);
    }

    fn apply(&mut self, line: u64, at: Timestamp, by: Option<PersonId>, fact: Fact) {
        match fact {
            Fact::LedgerFounded(founded) => self.founded = Some(Arc::new(founded)),
            Fact::ClientAdded(client) => self.list(client),
            Fact::PersonSeated(seated) => self.seat(line, at, seated),
            Fact::PersonLeft { person } => self.unseat(line, at, person),
            Fact::GroupCreated { group, name, parent } => self.group(line, group, name, parent),
            Fact::AgentObserved(described) => self.describe(line, at, described, Life::Observed),
            Fact::AgentProposed(described) => self.describe(line, at, described, Life::Proposed),
            Fact::AccountabilitySet { subject, authorizer, auditor, terminators } => {
                let set = Accountability { authorizer, auditor, terminators, set_at: Some(at) };
                self.answer(line, subject, set);
            }
            Fact::AgentChartered { agent, .. } => self.live(line, at, agent, Life::Chartered),
            Fact::AgentActivated { agent } | Fact::AgentReleased { agent } => {
                self.live(line, at, agent, Life::Active);
            }
            Fact::AgentHeld { agent, reason } => self.live(line, at, agent, Life::Held { reason }),
            Fact::AgentQuarantined { agent, reason } => {
                self.live(line, at, agent, Life::Quarantined { reason });
            }
            Fact::AgentTerminated { agent, reason } => self.end((line, at, by), agent, &reason),
            Fact::TerminationConfirmed(confirmed) => self.confirm(confirmed),
            Fact::EnrollmentOffered { enrollment, agent, code, expires } => {
                self.offer(enrollment, Offer { agent, code, expires, used_by: None });
            }
            Fact::InstanceEnrolled { enrollment, agent, instance, label, jkt, jwk } => {
                let key = Instance { agent, label, jkt, jwk, enrolled_at: at, ended_at: None };
                self.enroll(line, enrollment, instance, key);
            }
            Fact::InstanceEnded { instance, .. } => self.end_instance(line, at, instance),
            Fact::GrantGiven { grant, says } => self.give(line, at, grant, *says),
            Fact::GrantRevoked { grant, .. } => self.revoke(line, at, grant),
            Fact::ActivitySealed(seal) => self.seal(line, seal),
            other => self.apply_more(line, at, by, other),
        }
    }

    fn apply_more(&mut self, line: u64, at: Timestamp, by: Option<PersonId>, fact: Fact) {
        match fact {
            other @ (Fact::ActSigned(_)
            | Fact::PersonInvited(_)
            | Fact::InvitationWithdrawn { .. }
            | Fact::PersonJoined { .. }
            | Fact::CallBackRecorded { .. }
            | Fact::PasskeyAdded { .. }
            | Fact::PasskeyRevoked { .. }
            | Fact::RecoveryAsked(_)
            | Fact::RecoveryKeyOffered { .. }
            | Fact::RecoveryConfirmed { .. }
            | Fact::RecoveryRefused { .. }
            | Fact::PersonOffboarded { .. }
            | Fact::PersonErased { .. }
            | Fact::WitnessNamed(_)
            | Fact::WitnessRemoved { .. }
            | Fact::ExportAllowed { .. }
            | Fact::KeyPolicySet { .. }
            | Fact::LedgerMoved(_)
            | Fact::LoginLinked { .. }
            | Fact::LoginUnlinked { .. }) => self.meet(line, at, by, other),
            other @ (Fact::CharterProposed { .. }
            | Fact::CharterWithdrawn { .. }
            | Fact::CharterSigned { .. }
            | Fact::CharterInForce { .. }
            | Fact::DelegationSuspended { .. }
            | Fact::DelegationResumed { .. }
            | Fact::ClientFrozen { .. }
            | Fact::ClientThawed { .. }
            | Fact::CallHeld(_)
            | Fact::ApprovalAsked(_)
            | Fact::ApprovalGiven { .. }
            | Fact::ApprovalRefused { .. }
            | Fact::ApprovalConsumed { .. }
            | Fact::ActNotified(_)
            | Fact::AwaySet { .. }
            | Fact::AwayEnded { .. }
            | Fact::ObserveSet { .. }
            | Fact::ObserveEnded { .. }
            | Fact::DrillBegun { .. }
            | Fact::DrillDone(_)
            | Fact::TemplateSet { .. }) => self.agree(line, at, by, other),
            Fact::FormatRaised { format } => self.format = self.format.max(format),
            Fact::AgentsTerminated(ended) => self.end_many((line, at, by), &ended),
            Fact::AgentDelegated { agent, by } => self.delegate(line, agent, by),
            Fact::TerminationReached(reached) => self.reach(line, *reached),
            Fact::GatewayHalted(halted) => self.halt(line, by, *halted),
            Fact::GatewayResumed(resumed) => drop(self.halted.remove(&resumed.gateway)),
            Fact::LedgerRestored(restored) => self.restore(line, at, *restored),
            Fact::DefinitionsSeen(seen) => self.definitions_seen(line, at, *seen),
            Fact::DefinitionApproved(approved) => {
                self.definition_approved((line, at, by), *approved);
            }
            Fact::DefinitionRefused(refused) => self.definition_refused(*refused),
            Fact::UpstreamConnected(says) => self.connect(line, at, by, *says),
            Fact::UpstreamDisconnected { server, holder, .. } => {
                self.upstreams.remove(&(server, holder));
            }
            of_apply!() => {}
        }
    }

    fn list(&mut self, client: ClientAdded) {
        self.clients.insert(client.client, Arc::new(client));
    }

    fn group(&mut self, line: u64, id: GroupId, name: String, parent: Option<GroupId>) {
        let accountability = Accountability::default();
        let made = Group { name, parent, accountability, touched: line };
        self.groups.insert(id, Arc::new(made));
    }

    fn confirm(&mut self, confirmed: TerminationConfirmed) {
        let key = (confirmed.agent, confirmed.gateway);
        self.confirmed.insert(key, Arc::new(confirmed));
    }

    fn offer(&mut self, id: EnrollmentId, offer: Offer) {
        self.codes.insert(offer.code, id);
        self.offers.insert(id, Arc::new(offer));
    }

    fn seal(&mut self, line: u64, seal: ActivitySealed) {
        let key = (seal.gateway, seal.boot);
        self.seals.insert(key, Arc::new(Sealed { seal, line }));
    }

    fn enroll(&mut self, line: u64, offer: EnrollmentId, id: InstanceId, made: Instance) {
        if let Some(offer) = self.offers.get_mut(&offer) {
            Arc::make_mut(offer).used_by = Some(id);
        }
        let agent = made.agent;
        self.keys.insert(made.jkt.clone(), id);
        self.instances.insert(id, Arc::new(made));
        Arc::make_mut(self.instanced.entry(agent).or_default()).push(id);
        self.touch(line, Subject::Agent(agent));
    }

    fn end_instance(&mut self, line: u64, at: Timestamp, id: InstanceId) {
        if let Some(known) = self.instances.get_mut(&id) {
            let known = Arc::make_mut(known);
            known.ended_at = Some(at);
            let agent = known.agent;
            self.touch(line, Subject::Agent(agent));
        }
    }

    fn describe(&mut self, line: u64, at: Timestamp, described: AgentDescribed, life: Life) {
        let id = described.agent;
        let before = self.agents.get(&id).map(Arc::clone);
        if let Some(before) = &before {
            self.names.remove(before.name());
        }
        self.names.insert(described.name.clone(), id);
        let first_line = before.as_ref().map_or(line, |agent| agent.first_line);
        let accountability = before.as_ref().map(|a| a.accountability.clone()).unwrap_or_default();
        let epoch = before.as_ref().map_or(0, |agent| agent.epoch);
        let owner_line = before.as_ref().and_then(|before| {
            let same = before.described.owner == described.owner;
            if same { before.owner_line } else { Some(line) }
        });
        let agent = Agent {
            described,
            life,
            life_since: at,
            accountability,
            epoch,
            touched: line,
            first_line,
            owner_line,
            shadow_of: before.and_then(|agent| agent.shadow_of),
        };
        self.agents.insert(id, Arc::new(agent));
    }

    fn answer(&mut self, line: u64, subject: Subject, set: Accountability) {
        match subject {
            Subject::Agent(id) => {
                if let Some(agent) = self.agents.get_mut(&id) {
                    Arc::make_mut(agent).accountability = set;
                }
            }
            Subject::Group(id) => {
                if let Some(group) = self.groups.get_mut(&id) {
                    Arc::make_mut(group).accountability = set;
                }
            }
        }
        self.touch(line, subject);
    }

    fn live(&mut self, line: u64, at: Timestamp, id: AgentId, life: Life) {
        if let Some(agent) = self.agents.get_mut(&id) {
            let agent = Arc::make_mut(agent);
            // Tokens given before a stop must die with it, also after a restart.
            if !matches!(life, Life::Active | Life::Chartered) {
                agent.epoch += 1;
            }
            agent.life = life;
            agent.life_since = at;
            agent.touched = line;
        }
    }

    fn give(&mut self, line: u64, at: Timestamp, id: GrantId, says: Grant) {
        let subject = says.subject;
        let given = Given { says: Arc::new(says), at, revoked_at: None, line };
        self.grants.insert(id, Arc::new(given));
        let list = self.granted.entry(subject).or_default();
        Arc::make_mut(list).push(id);
        self.touch(line, subject);
    }

    fn revoke(&mut self, line: u64, at: Timestamp, id: GrantId) {
        let Some(given) = self.grants.get_mut(&id) else {
            return;
        };
        let given = Arc::make_mut(given);
        given.revoked_at = Some(at);
        let subject = given.says.subject;
        if let Some(list) = self.granted.get_mut(&subject) {
            Arc::make_mut(list).retain(|known| *known != id);
        }
        self.touch(line, subject);
    }

    fn touch(&mut self, line: u64, subject: Subject) {
        match subject {
            Subject::Agent(id) => {
                if let Some(agent) = self.agents.get_mut(&id) {
                    Arc::make_mut(agent).touched = line;
                }
            }
            Subject::Group(id) => {
                if let Some(group) = self.groups.get_mut(&id) {
                    Arc::make_mut(group).touched = line;
                }
            }
        }
    }
}
