//! An agent's life: activate, hold, release, quarantine, act for another one. Its end is in `endings.rs`.

use writ_authority::{Command, Fact};
use writ_model::{AgentId, TenantId};

use super::{after::acted, resolve};
use crate::{Desk, DeskError, Who, signing::After, view::Acted};

impl Desk {
    /// Switches an agent on.
    ///
    /// # Errors
    /// If an answer is missing (the refusal says which), or the actor may not.
    pub async fn activate(&self, who: &Who, client: &str, agent: &str) -> Result<Acted, DeskError> {
        self.live(who, client, agent, |agent| Command::Activate { agent }).await
    }

    /// Makes an active agent wait.
    ///
    /// # Errors
    /// If it is not active, or the actor may not.
    pub async fn hold(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        self.live(who, client, agent, |agent| Command::Hold { agent, reason }).await
    }

    /// Lets a held or quarantined agent go on.
    ///
    /// # Errors
    /// If an answer is missing, or the actor may not.
    pub async fn release(&self, who: &Who, client: &str, agent: &str) -> Result<Acted, DeskError> {
        self.live(who, client, agent, |agent| Command::Release { agent }).await
    }

    /// Stops an agent on suspicion.
    ///
    /// # Errors
    /// If it is ended, or the actor may not.
    pub async fn quarantine(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        self.live(who, client, agent, |agent| Command::Quarantine { agent, reason }).await
    }

    /// Says that an agent acts for another one, for its life.
    ///
    /// # Errors
    /// If it would act for itself, acts for one already, or the actor may not; once it acts, it takes a signature.
    pub async fn delegate(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        by: &str,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let agent = resolve::agent(&view.state, agent)?.described.agent;
        let by = resolve::agent(&view.state, by)?.described.agent;
        self.done(view.tenant, who, Command::Delegate { agent, by }).await
    }

    async fn live(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        command: impl FnOnce(AgentId) -> Command,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let id = resolve::agent(&view.state, agent)?.described.agent;
        self.done(view.tenant, who, command(id)).await
    }

    /// Has a person's command done, and says what became so; if it needs their signature, that is the error.
    pub(crate) async fn done(
        &self,
        tenant: TenantId,
        who: &Who,
        command: Command,
    ) -> Result<Acted, DeskError> {
        let wrote = self.done_then(tenant, who, command, After::Nothing).await?;
        Ok(acted(&wrote))
    }
}

/// The id of what a fact made.
pub(super) fn made(fact: &Fact) -> Option<String> {
    match fact {
        Fact::PersonInvited(one) => Some(one.invitation.to_string()),
        Fact::RecoveryAsked(one) => Some(one.recovery.to_string()),
        Fact::PasskeyAdded { key, .. } => Some(key.passkey.to_string()),
        Fact::WitnessNamed(one) => Some(one.witness.to_string()),
        Fact::PersonSeated(seated) => Some(seated.person.to_string()),
        Fact::GroupCreated { group, .. } => Some(group.to_string()),
        Fact::AgentObserved(one) | Fact::AgentProposed(one) => Some(one.agent.to_string()),
        Fact::GrantGiven { grant, .. } => Some(grant.to_string()),
        Fact::CharterProposed { charter } => Some(charter.charter.to_string()),
        Fact::DrillBegun { drill, .. } => Some(drill.to_string()),
        Fact::InstanceEnrolled { instance, .. } => Some(instance.to_string()),
        _ => None,
    }
}
