//! Endings: one agent or many in one act, and the receipt of each, target by target: *confirmed at*, *lease expired at*, or
//! still waiting.
//!
//! Never here: who may end what (`authority`), or how a gateway ends it.

use serde::Deserialize;
use tokio::{sync::broadcast::error::RecvError, time};
use writ_authority::{
    Command, Life, State,
    command::{self, Whom},
    fact::{Ended, How, Measured, TerminationConfirmed},
    state::{Ending, Reached},
};
use writ_model::{AgentId, BootId, GatewayId, Span, TenantId, Timestamp};
use writ_store::View;

use super::{resolve, show};
use crate::{
    Desk, DeskError, Who,
    signing::After,
    view::{EndingRow, EndingView, Reach, Receipt, ReceiptTarget, WouldEnd},
};

/// How long ending an agent waits for the gateways before it answers with what is there.
const CONFIRM_WAIT: Span = Span::seconds(2);
/// LIMIT: acts in one list.
const LIST: usize = 200;

/// Which agents to end: exactly one of the four.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WhomBody {
    /// Every agent of the client.
    pub all: bool,
    /// Every agent of this group and of the groups below it, by id or name.
    pub group: Option<String>,
    /// Every agent with a model of this vendor: a word, or words in a row, of the model's name.
    pub vendor: Option<String>,
    /// These, by id or name.
    pub agents: Vec<String>,
}

/// Many agents to end in one act.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminationsBody {
    /// Which.
    pub whom: WhomBody,
    /// Why.
    pub reason: String,
}

/// An agent or an act, and whom of the gateways it has to reach.
pub(super) struct Due {
    /// The act's first line.
    line: u64,
    /// The agent, if a gateway's word about it is enough.
    agent: Option<AgentId>,
    targets: Vec<(GatewayId, BootId)>,
}

impl Due {
    /// A whole act, and whom it has to reach.
    pub(super) fn of(line: u64, ending: &Ending, targets: Vec<(GatewayId, BootId)>) -> Self {
        Self { line, agent: alone(line, ending), targets }
    }

    /// Whether it is written that a gateway was reached. One process at a time runs in a gateway's folder, so what a later
    /// run confirms holds for the earlier one too.
    pub(super) fn reached(&self, state: &State, (gateway, boot): (GatewayId, BootId)) -> bool {
        let one = self.agent.is_some_and(|agent| state.confirmed.contains_key(&(agent, gateway)));
        let exact = state.reached.contains_key(&(self.line, gateway, boot));
        one || exact || {
            let runs = (self.line, gateway, BootId::from_bytes([0; 16]))
                ..=(self.line, gateway, BootId::from_bytes([255; 16]));
            let mut runs = state.reached.range(runs);
            runs.any(|(_, run)| run.target.how == How::Confirmed)
        }
    }

    fn done(&self, state: &State) -> bool {
        self.targets.iter().all(|target| self.reached(state, *target))
    }
}

impl Desk {
    /// Ends an agent for good, with whatever acts for it, and waits, at most two seconds, until it reached every gateway.
    /// What it did not reach by then is named; [`Desk::receipt`] says later.
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

    /// Ends many agents for good in one act, and waits as [`Desk::terminate`] does.
    ///
    /// # Errors
    /// If nothing living is named, or the actor is neither an owner nor one of the terminators of each.
    pub async fn terminate_many(
        &self,
        who: &Who,
        client: &str,
        body: TerminationsBody,
    ) -> Result<EndingView, DeskError> {
        let view = self.seat(who, client).await?;
        let whom = whom(&view.state, &body.whom)?;
        let command = Command::TerminateMany { whom, reason: body.reason };
        let wrote = self.done_then(view.tenant, who, command, After::Nothing).await?;
        self.ended_in(view.tenant, wrote.first).await
    }

    /// Which agents such an act would end now.
    ///
    /// # Errors
    /// If nothing living is named.
    pub async fn would_end(
        &self,
        who: &Who,
        client: &str,
        body: &WhomBody,
    ) -> Result<WouldEnd, DeskError> {
        let view = self.seat(who, client).await?;
        let ids = command::would_end(&view.state, &whom(&view.state, body)?)?;
        let names = ids.iter().take(Self::WOULD_END).map(|id| view.state.agent_name(*id));
        Ok(WouldEnd { agents: ids.len(), names: names.collect() })
    }

    /// Acts that ended agents, newest first.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn endings(&self, who: &Who, client: &str) -> Result<Vec<EndingRow>, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let newest = state.endings.iter().rev().take(LIST);
        Ok(newest
            .map(|(line, ending)| EndingRow {
                line: *line,
                at: ending.at,
                by: show::by(state, ending.by).name,
                what: what(state, ending),
                agents: ending.agents,
                reason: ending.reason.clone(),
            })
            .collect())
    }

    /// One of them by its first line, target by target.
    ///
    /// # Errors
    /// If that line ended nothing.
    pub async fn ending(
        &self,
        who: &Who,
        client: &str,
        line: u64,
    ) -> Result<EndingView, DeskError> {
        let view = self.seat(who, client).await?;
        self.ending_of(&view, line).await
    }

    /// Waits, at most two seconds, until an end reached every gateway, and gives its receipt.
    pub(crate) async fn ended(&self, tenant: TenantId, id: AgentId) -> Result<Receipt, DeskError> {
        let view = self.tenants().view(tenant).await?;
        if let Some((line, ending)) = view.state.ending_of(id) {
            self.wait_for(tenant, self.due(line, Some(id), ending.at).await).await;
        }
        let receipt = self.receipt_of(tenant, id).await?;
        receipt.ok_or_else(|| DeskError::not_visible("agent", &id.to_string()))
    }

    /// The same for everything that an act ended.
    pub(crate) async fn ended_in(
        &self,
        tenant: TenantId,
        line: u64,
    ) -> Result<EndingView, DeskError> {
        let view = self.tenants().view(tenant).await?;
        // A signed act begins with its signature.
        let first = view.state.endings.range(line..).next().map(|(first, one)| (*first, one.at));
        let (first, at) =
            first.ok_or_else(|| DeskError::not_visible("ending", &line.to_string()))?;
        let due = self.due(first, None, at).await;
        self.wait_for(tenant, due).await;
        let view = self.tenants().view(tenant).await?;
        self.ending_of(&view, first).await
    }

    async fn wait_for(&self, tenant: TenantId, due: Due) {
        // Subscribed before the state is read, so that nothing is missed.
        let mut changes = self.tenants().changes();
        let all = async {
            while let Ok(view) = self.tenants().view(tenant).await {
                if due.done(&view.state) {
                    break;
                }
                match changes.recv().await {
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                }
            }
        };
        if time::timeout(CONFIRM_WAIT.to_std(), all).await.is_err() {
            tracing::warn!(%tenant, line = due.line, "an end did not reach every gateway in two seconds");
        }
    }

    /// The gateways that an end has to reach. If the roster does not answer, those it was last seen to have: an end is not
    /// kept waiting by it.
    async fn due(&self, line: u64, agent: Option<AgentId>, at: Timestamp) -> Due {
        let asked = self.now();
        let targets = match self.members().await {
            Ok(members) => {
                let ended = members.instant(at, asked);
                members
                    .all
                    .iter()
                    .filter(|member| member.is_target(ended, ended))
                    .map(|member| (member.gateway, member.boot))
                    .collect()
            }
            Err(fault) => {
                tracing::warn!(error = %fault, "the roster does not answer");
                self.fleet().gateways().into_iter().map(|one| (one.gateway, one.boot)).collect()
            }
        };
        Due { line, agent, targets }
    }

    /// The receipt of an ended agent, as it stands now.
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
        let Some((line, ending)) = state.ending_of(id) else { return Ok(None) };
        let due = self.due(line, Some(id), ending.at).await;
        let lines = self.lines_about(&view, id).await?;
        let said: Vec<_> = lines.iter().filter(|one| one.kind == "termination_confirmed").collect();
        let of = (id, GatewayId::from_bytes([0; 16]))..=(id, GatewayId::from_bytes([255; 16]));
        let confirmed = state.confirmed.range(of).map(|((_, gateway), word)| {
            let wanted = serde_json::Value::String(gateway.to_string());
            let line = said.iter().find(|line| {
                line.entry.pointer("/fact/termination_confirmed/gateway") == Some(&wanted)
            });
            confirmed(word, ending.at, line.map(|line| line.line))
        });
        let (targets, waiting_for) = targets(state, &due, confirmed.collect());
        Ok(Some(Receipt {
            agent: id,
            agent_name: agent.name().to_owned(),
            ended_at: agent.life_since,
            reason: reason.clone(),
            line,
            complete: waiting_for.is_empty(),
            targets,
            waiting_for,
        }))
    }

    async fn ending_of(&self, view: &View<State>, line: u64) -> Result<EndingView, DeskError> {
        let state = &view.state;
        let ending = state
            .endings
            .get(&line)
            .ok_or_else(|| DeskError::not_visible("ending", &line.to_string()))?;
        let alone = alone(line, ending);
        let due = self.due(line, alone, ending.at).await;
        let one = |agent| {
            let of =
                (agent, GatewayId::from_bytes([0; 16]))..=(agent, GatewayId::from_bytes([255; 16]));
            state.confirmed.range(of).map(|(_, word)| confirmed(word, ending.at, None))
        };
        let (targets, waiting_for) =
            targets(state, &due, alone.into_iter().flat_map(one).collect());
        Ok(EndingView {
            client: show::client(state),
            line,
            last: ending.last,
            at: ending.at,
            by: show::by(state, ending.by).name,
            what: what(state, ending),
            agents: ending.agents,
            reason: ending.reason.clone(),
            complete: waiting_for.is_empty(),
            targets,
            waiting_for,
        })
    }
}

/// The one agent that an act ended, if it was one alone.
fn alone(line: u64, ending: &Ending) -> Option<AgentId> {
    ending.agent.filter(|_| ending.last == line)
}

/// Which agents a body names.
fn whom(state: &State, body: &WhomBody) -> Result<Whom, DeskError> {
    let named = [body.all, body.group.is_some(), body.vendor.is_some(), !body.agents.is_empty()];
    if named.into_iter().filter(|named| *named).count() != 1 {
        let what = "it is not said which agents are meant, or in more than one way";
        let cure = "Send one of `all`, `group`, `vendor` and `agents`.";
        return Err(DeskError::bad("whom", what, cure));
    }
    if let Some(group) = &body.group {
        return Ok(Whom::Group(resolve::group(state, group)?));
    }
    if let Some(vendor) = &body.vendor {
        return Ok(Whom::Vendor(vendor.clone()));
    }
    if body.all {
        return Ok(Whom::All);
    }
    if body.agents.len() > command::NAMED {
        let what =
            format!("{} agents are named; at most {} may be", body.agents.len(), command::NAMED);
        return Err(DeskError::bad("whom", what, "Name a group or a vendor instead."));
    }
    let ids = body.agents.iter().map(|name| Ok(resolve::agent(state, name)?.described.agent));
    Ok(Whom::Agents(ids.collect::<Result<_, DeskError>>()?))
}

/// What an act ended, in words.
fn what(state: &State, ending: &Ending) -> String {
    match &ending.what {
        None => {
            let name = ending.agent.map(|id| state.agent_name(id)).unwrap_or_default();
            if ending.agents > 1 { format!("{name} and what acts for it") } else { name }
        }
        Some(Ended::All) => "every agent".to_owned(),
        Some(Ended::Group(id)) => match state.groups.get(id) {
            Some(group) => format!("the group {}", group.name),
            None => id.to_string(),
        },
        Some(Ended::Vendor(word)) => format!("every agent with a model of “{word}”"),
        Some(Ended::Agents) => "agents named one by one".to_owned(),
        Some(Ended::Below(id)) => format!("what acts for {}", state.agent_name(*id)),
    }
}

fn confirmed(word: &TerminationConfirmed, ended: Timestamp, line: Option<u64>) -> ReceiptTarget {
    let measured = Measured {
        tokens_refused_us: word.tokens_refused_us,
        last_cut_us: word.last_cut_us,
        streams: word.streams,
        calls: word.calls,
        children: word.children,
    };
    let took = i64::try_from(word.tokens_refused_us.max(word.last_cut_us)).unwrap_or(i64::MAX);
    ReceiptTarget {
        gateway: word.gateway,
        boot: word.boot,
        how: Reach::Confirmed,
        at: Some(ended + Span::micros(took)),
        measured: Some(measured),
        line,
    }
}

fn reached(one: &Reached) -> ReceiptTarget {
    let target = &one.target;
    ReceiptTarget {
        gateway: target.gateway,
        boot: target.boot,
        how: match target.how {
            How::Confirmed => Reach::Confirmed,
            How::LeaseExpired => Reach::LeaseExpired,
        },
        at: Some(target.at),
        measured: target.measured,
        line: Some(one.line),
    }
}

/// Every gateway with how it stands, and those that are waited for.
fn targets(
    state: &State,
    due: &Due,
    confirmed: Vec<ReceiptTarget>,
) -> (Vec<ReceiptTarget>, Vec<GatewayId>) {
    let least = (due.line, GatewayId::from_bytes([0; 16]), BootId::from_bytes([0; 16]));
    let said = state.reached.range(least..).take_while(|((line, ..), _)| *line == due.line);
    let mut all = confirmed;
    for (_, one) in said {
        let known = |other: &ReceiptTarget| {
            (other.gateway, other.boot) == (one.target.gateway, one.target.boot)
        };
        if !all.iter().any(known) {
            all.push(reached(one));
        }
    }
    let waiting = due.targets.iter().filter(|target| !due.reached(state, **target));
    let waiting: Vec<(GatewayId, BootId)> = waiting.copied().collect();
    all.extend(waiting.iter().map(|(gateway, boot)| ReceiptTarget {
        gateway: *gateway,
        boot: *boot,
        how: Reach::Waiting,
        at: None,
        measured: None,
        line: None,
    }));
    all.sort_by_key(|target| (target.gateway, target.boot));
    (all, waiting.into_iter().map(|(gateway, _)| gateway).collect())
}
