//! Ending: follows the ledger, and when an agent or an instance may act no more, cuts what is under way, ends processes,
//! forgets sessions, and says with measured times when nothing was left.
//!
//! New calls are refused by the state itself, which is published before this hears of it; here is what was older.
//! Never here: who may end whom.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::sync::broadcast::{self, error::RecvError};
use writ_authority::{Command, Entry, Fact, Life, State, fact::TerminationConfirmed, state::Stop};
use writ_model::{AgentId, InstanceId, TenantId, Timestamp};
use writ_store::{Change, View};

use crate::core::Core;

/// LIMIT: how long what was cut may take to let go, before the receipt is written without it. It then says so by its time.
const LETTING_GO: Duration = Duration::from_secs(2);

/// An ending that was read from the ledger.
#[derive(Debug, Clone, Copy)]
struct Ending {
    tenant: TenantId,
    agent: AgentId,
    /// Only this copy.
    instance: Option<InstanceId>,
    /// When its fact was written.
    at: Timestamp,
    /// For good: a receipt is due.
    terminated: bool,
}

/// Follows every tenant's steps until the gateway halts.
pub(crate) async fn follow(core: Arc<Core>, mut changes: broadcast::Receiver<Change<State>>) {
    loop {
        let change = tokio::select! {
            () = core.halt.cancelled() => return,
            change = changes.recv() => change,
        };
        match change {
            Ok(change) => step(&core, &change),
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "the gateway fell behind the ledger; looking at everything");
                look_again(&core, None);
            }
            Err(RecvError::Closed) => return,
        }
    }
}

fn step(core: &Arc<Core>, change: &Change<State>) {
    let Some(view) = &change.view else {
        tracing::error!(tenant = %change.tenant, "a register cannot be read; cutting everything");
        core.streams.cut_tenant(change.tenant);
        return;
    };
    if change.lines.is_empty() {
        look_again(core, Some(change.tenant));
        return;
    }
    for line in change.lines.iter() {
        let Ok(entry) = Entry::from_line(line) else { continue };
        let of = |agent, instance, terminated| Ending {
            tenant: change.tenant,
            agent,
            instance,
            at: entry.at,
            terminated,
        };
        let ending = match entry.fact {
            Fact::AgentTerminated { agent, .. } => of(agent, None, true),
            Fact::AgentQuarantined { agent, .. } | Fact::AgentHeld { agent, .. } => {
                of(agent, None, false)
            }
            // One fact stops everything of the client, whoever of its agents it is: frozen, or all of it taken back.
            Fact::ClientFrozen { .. } | Fact::DelegationSuspended { clause: None, .. } => {
                freeze(core, view, entry.at);
                continue;
            }
            Fact::InstanceEnded { instance, .. } => match view.state.instances.get(&instance) {
                Some(known) => of(known.agent, Some(instance), false),
                None => continue,
            },
            _ => continue,
        };
        end(core, view, ending);
    }
}

/// Cuts everything of a client. What comes back is refused by the state; nothing is confirmed, because nothing has ended.
fn freeze(core: &Arc<Core>, view: &Arc<View<State>>, at: Timestamp) {
    let tenant = view.state.tenant;
    let cut = core.streams.cut_tenant(tenant);
    let instances: Vec<InstanceId> = view.state.instances.keys().copied().collect();
    let core = Arc::clone(core);
    core.tasks.clone().spawn(async move {
        let (mut calls, mut children) = (cut.calls, 0);
        for instance in instances {
            calls += core.pending.evict(instance);
            core.sessions.evict(instance);
            for upstream in core.upstreams() {
                children += upstream.end(instance).await;
            }
        }
        if !cut.gone(LETTING_GO).await {
            tracing::error!(%tenant, "something cut does not let go");
        }
        tracing::warn!(%tenant, streams = cut.streams, calls, children,
            last_cut_us = since(&core, at), "everything of a client was stopped");
    });
}

/// What stops everything of a client, if anything does.
fn stopped(state: &State) -> Option<&Stop> {
    let taken = || state.suspensions.values().find(|stop| stop.clause.is_none());
    state.frozen().or_else(|| taken().map(AsRef::as_ref))
}

/// Cuts whatever is under way and no longer stands.
fn look_again(core: &Arc<Core>, only: Option<TenantId>) {
    let mut frozen = BTreeSet::new();
    for (tenant, agent, instance) in core.streams.busy() {
        if only.is_some_and(|only| only != tenant) {
            continue;
        }
        let Some(view) = core.tenants.cached(tenant) else {
            core.streams.cut(tenant, agent, Some(instance));
            continue;
        };
        if let Some(stop) = stopped(&view.state) {
            if frozen.insert(tenant) {
                freeze(core, &view, stop.at);
            }
            continue;
        }
        let known = view.state.agents.get(&agent);
        let active = known.is_some_and(|agent| agent.life == Life::Active);
        let live = view.state.instances.get(&instance).is_some_and(|one| one.ended_at.is_none());
        if !(active && live) {
            let at = known.map_or(core.clock.now(), |agent| agent.life_since);
            let terminated = known.is_some_and(|agent| !agent.lives());
            let instance = if active { Some(instance) } else { None };
            end(core, &view, Ending { tenant, agent, instance, at, terminated });
        }
    }
}

/// Cancels at once; the waiting and the receipt go on beside the following.
fn end(core: &Arc<Core>, view: &Arc<View<State>>, ending: Ending) {
    let tokens_refused_us = since(core, ending.at);
    let cut = core.streams.cut(ending.tenant, ending.agent, ending.instance);
    let instances: Vec<InstanceId> = match ending.instance {
        Some(instance) => vec![instance],
        None => view
            .state
            .instances
            .iter()
            .filter(|(_, one)| one.agent == ending.agent)
            .map(|(id, _)| *id)
            .collect(),
    };
    let core = Arc::clone(core);
    core.tasks.clone().spawn(async move {
        let mut children = 0;
        let mut calls = cut.calls;
        for instance in instances {
            calls += core.pending.evict(instance);
            core.sessions.evict(instance);
            for upstream in core.upstreams() {
                children += upstream.end(instance).await;
            }
        }
        if !cut.gone(LETTING_GO).await {
            tracing::error!(agent = %ending.agent, "something cut does not let go");
        }
        let confirmed = TerminationConfirmed {
            agent: ending.agent,
            gateway: core.id,
            boot: core.boot,
            tokens_refused_us,
            last_cut_us: since(&core, ending.at).max(tokens_refused_us),
            streams: cut.streams,
            calls,
            children,
        };
        tracing::info!(agent = %ending.agent, tenant = %ending.tenant, streams = cut.streams, calls,
            children, last_cut_us = confirmed.last_cut_us, "an agent was cut");
        if ending.terminated {
            let command = Command::ConfirmTermination(confirmed);
            if let Err(why) = core.scribe.write(ending.tenant, command).await {
                tracing::error!(agent = %ending.agent, why, "an ending could not be confirmed");
            }
        }
    });
}

fn since(core: &Core, at: Timestamp) -> u64 {
    u64::try_from((core.clock.now() - at).as_micros()).unwrap_or(0)
}
