//! An agent's life: activate, hold, release, quarantine, terminate; and the receipt of an end.

use tokio::{sync::broadcast::error::RecvError, time};
use writ_authority::{Command, Fact, Life, State, fact::TerminationConfirmed};
use writ_model::{AgentId, GatewayId, Span, TenantId};

use super::{after::acted, resolve};
use crate::{
    Desk, DeskError, Who,
    signing::After,
    view::{Acted, Receipt, ReceiptTarget},
};

/// How long ending an agent waits for the gateways before it answers with what is there.
const CONFIRM_WAIT: Span = Span::seconds(2);

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

    /// Ends an agent for good and waits, at most two seconds, until every gateway has confirmed. What is not confirmed
    /// by then is named; [`Desk::receipt`] says later.
    ///
    /// # Errors
    /// If it is ended already, or the actor is neither one of its terminators nor an owner.
    pub async fn terminate(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        reason: String,
    ) -> Result<Receipt, DeskError> {
        let view = self.seat(who, client).await?;
        let (tenant, id) = (view.tenant, resolve::agent(&view.state, agent)?.described.agent);
        let command = Command::Terminate { agent: id, reason };
        self.done_then(tenant, who, command, After::Nothing).await?;
        self.ended(tenant, id).await
    }

    /// Waits, at most two seconds, until every gateway has confirmed an end, and gives its receipt.
    pub(crate) async fn ended(&self, tenant: TenantId, id: AgentId) -> Result<Receipt, DeskError> {
        // Subscribed before the state is read, so that no confirmation is missed.
        let mut changes = self.tenants().changes();
        let mut view = self.tenants().view(tenant).await?;
        let gateways = self.gateway_ids();
        let confirmed = async {
            while !all_confirmed(&view.state, id, &gateways) {
                match changes.recv().await {
                    Ok(change) if change.tenant != tenant => continue,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                }
                let Ok(next) = self.tenants().view(tenant).await else { break };
                view = next;
            }
        };
        if time::timeout(CONFIRM_WAIT.to_std(), confirmed).await.is_err() {
            tracing::warn!(agent = %id, "not every gateway confirmed the end within two seconds");
        }
        let receipt = self.receipt_of(tenant, id).await?;
        receipt.ok_or_else(|| DeskError::not_visible("agent", &id.to_string()))
    }

    /// The receipt of an ended agent, with what is confirmed by now.
    ///
    /// # Errors
    /// If the agent is not ended.
    pub async fn receipt(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
    ) -> Result<Receipt, DeskError> {
        let view = self.seat(who, client).await?;
        let id = resolve::agent(&view.state, agent)?.described.agent;
        let receipt = self.receipt_of(view.tenant, id).await?;
        receipt.ok_or_else(|| DeskError::not_visible("receipt of", agent))
    }

    /// The receipt of an agent, if it is ended.
    pub(crate) async fn receipt_of(
        &self,
        tenant: TenantId,
        id: AgentId,
    ) -> Result<Option<Receipt>, DeskError> {
        let view = self.tenants().view(tenant).await?;
        let state = &view.state;
        let Some(agent) = state.agents.get(&id) else { return Ok(None) };
        let Life::Terminated { reason } = &agent.life else { return Ok(None) };
        let lines = self.lines_about(&view, id).await?;
        let of_kind = |wanted: &'static str| lines.iter().filter(move |line| line.kind == wanted);
        let ended = of_kind("agent_terminated").next_back().map_or(agent.touched, |line| line.line);
        let targets: Vec<ReceiptTarget> = state
            .confirmed
            .iter()
            .filter(|((one, _), _)| *one == id)
            .map(|((_, gateway), word)| {
                let said = of_kind("termination_confirmed").find(|line| {
                    let gateway = gateway.to_string();
                    line.entry.pointer("/fact/termination_confirmed/gateway")
                        == Some(&serde_json::Value::String(gateway))
                });
                target(word, said.map(|line| line.line))
            })
            .collect();
        let waiting_for: Vec<GatewayId> = self
            .gateway_ids()
            .into_iter()
            .filter(|gateway| !state.confirmed.contains_key(&(id, *gateway)))
            .collect();
        Ok(Some(Receipt {
            agent: id,
            agent_name: agent.name().to_owned(),
            ended_at: agent.life_since,
            reason: reason.clone(),
            line: ended,
            complete: waiting_for.is_empty(),
            targets,
            waiting_for,
        }))
    }

    fn gateway_ids(&self) -> Vec<GatewayId> {
        self.inner.fleet.read().gateways().into_iter().map(|one| one.gateway).collect()
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

fn all_confirmed(state: &State, agent: AgentId, gateways: &[GatewayId]) -> bool {
    gateways.iter().all(|gateway| state.confirmed.contains_key(&(agent, *gateway)))
}

fn target(word: &TerminationConfirmed, line: Option<u64>) -> ReceiptTarget {
    ReceiptTarget {
        gateway: word.gateway,
        boot: word.boot,
        tokens_refused_us: word.tokens_refused_us,
        last_cut_us: word.last_cut_us,
        streams: word.streams,
        calls: word.calls,
        children: word.children,
        line,
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
