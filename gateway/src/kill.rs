//! Ending: follows the ledger, and when agents or an instance may act no more, cuts what is under way, ends processes,
//! forgets sessions, and says with measured times when nothing was left.
//!
//! New calls are refused by the state itself, which is published before this hears of it; here is what was older. However
//! many agents one act ends, they are cut in one pass, and one confirmation says so.
//! Never here: who may end whom, how a confirmation reaches the ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{MissedTickBehavior, interval, timeout},
};
use writ_authority::{
    Entry, Fact, Life, State,
    fact::{Confirmation, How, Measured, Target, TerminationConfirmed, TerminationReached},
    state::Stop,
};
use writ_model::{AgentId, InstanceId, TenantId, Timestamp};
use writ_store::{Change, View, lease::LETTING_GO};

use crate::{core::Core, streams::Cut};

/// LIMIT: tries to have an ending confirmed, a minute together: who collects receipts knows by then, from the beats of this
/// gateway or from their absence.
const TRIES: u32 = 7;
/// The pause after the first failed try; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How often tenants with something open are looked for among the followed. A follower forgets who was not asked for the
/// longest time, and an open stream asks for nothing.
const KEEP: Duration = Duration::from_secs(1);

/// An ending that was read from the ledger.
#[derive(Debug, Clone)]
struct Ending {
    tenant: TenantId,
    of: Of,
    /// When its fact was written.
    at: Timestamp,
    due: Due,
}

/// What is ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    /// These agents, with all their running copies.
    Agents(BTreeSet<AgentId>),
    /// One running copy of an agent.
    Copy(AgentId, InstanceId),
    /// Everything of the client.
    Client,
}

/// Which confirmation is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// None: nothing has ended for good.
    Nothing,
    /// That this agent was ended.
    One(AgentId),
    /// That everything was ended that the act of this line ended.
    Act(u64),
}

/// Follows every tenant's steps until the gateway halts.
pub(crate) async fn follow(core: Arc<Core>, mut changes: broadcast::Receiver<Change<State>>) {
    let mut keep = interval(KEEP);
    keep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let change = tokio::select! {
            () = core.halt.cancelled() => return,
            change = changes.recv() => change,
            _ = keep.tick() => {
                keep_followed(&core);
                continue;
            }
        };
        match change {
            Ok(change) => step(&core, &change),
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "the gateway fell behind the ledger; looking at everything");
                let all = core.tenants.in_memory().into_iter().chain(core.fair.busy());
                for tenant in all.collect::<BTreeSet<_>>() {
                    let view = core.tenants.cached(tenant);
                    let state = view.as_ref().map(|view| &view.state);
                    core.upstreams().for_each(|upstream| upstream.tidy(tenant, state));
                }
                look_again(&core, None);
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Asks for every tenant with something open, so that it is followed; one that was forgotten is read again and looked at.
fn keep_followed(core: &Arc<Core>) {
    for tenant in core.fair.busy() {
        if core.tenants.cached(tenant).is_some() {
            continue;
        }
        let read = Arc::clone(core);
        core.tasks.spawn(async move {
            if let Err(fault) = read.tenants.view(tenant).await {
                tracing::error!(%tenant, error = %fault, "a register cannot be read; cutting everything");
            }
            // Without a view everything of it is cut.
            look_again(&read, Some(tenant));
        });
    }
}

fn step(core: &Arc<Core>, change: &Change<State>) {
    let state = change.view.as_ref().map(|view| &view.state);
    core.upstreams().for_each(|upstream| upstream.tidy(change.tenant, state));
    let Some(view) = &change.view else {
        tracing::error!(tenant = %change.tenant, "a register cannot be read; cutting everything");
        core.streams.cut_tenant(change.tenant);
        return;
    };
    if change.lines.is_empty() {
        look_again(core, Some(change.tenant));
        return;
    }
    for ending in endings(change, &view.state) {
        end(core, view, ending);
    }
}

/// What a step of a ledger ends. The lines of one act are one ending.
fn endings(change: &Change<State>, state: &State) -> Vec<Ending> {
    let mut all: Vec<Ending> = Vec::new();
    for (index, line) in (change.from..).zip(change.lines.iter()) {
        let Ok(entry) = Entry::from_line(line) else { continue };
        let (of, due) = match entry.fact {
            // Who acts for it is ended by lines of their own.
            Fact::AgentTerminated { agent, .. } => (agents([agent]), Due::One(agent)),
            Fact::AgentsTerminated(ended) => {
                let act = ended.agents.first().and_then(|agent| state.ended_in.get(agent));
                (agents(ended.agents), Due::Act(act.copied().unwrap_or(index)))
            }
            // While it may not act, nor may who acts for it.
            Fact::AgentQuarantined { agent, .. } | Fact::AgentHeld { agent, .. } => {
                (agents(state.below(agent).into_iter().chain([agent])), Due::Nothing)
            }
            // One fact stops everything of the client, whoever of its agents it is: frozen, all of it taken back, or out of
            // a backup.
            Fact::ClientFrozen { .. }
            | Fact::DelegationSuspended { clause: None, .. }
            | Fact::LedgerRestored(_) => (Of::Client, Due::Nothing),
            Fact::InstanceEnded { instance, .. } => match state.instances.get(&instance) {
                Some(known) => {
                    // A copy below may be under way with a token that it exchanged for one of this copy's.
                    let (tenant, at, below) = (change.tenant, entry.at, state.below(known.agent));
                    if !below.is_empty() {
                        all.push(Ending { tenant, of: agents(below), at, due: Due::Nothing });
                    }
                    (Of::Copy(known.agent, instance), Due::Nothing)
                }
                None => continue,
            },
            _ => continue,
        };
        match (all.last_mut(), of) {
            (Some(Ending { of: Of::Agents(known), due: before, .. }), Of::Agents(more))
                if *before == due && matches!(due, Due::Act(_)) =>
            {
                known.extend(more);
            }
            (_, of) => all.push(Ending { tenant: change.tenant, of, at: entry.at, due }),
        }
    }
    all
}

fn agents(agents: impl IntoIterator<Item = AgentId>) -> Of {
    Of::Agents(agents.into_iter().collect())
}

/// What stops everything of a client, if anything does.
fn stopped(state: &State) -> Option<&Stop> {
    let taken = || state.suspensions.values().find(|stop| stop.clause.is_none());
    state.frozen().or_else(|| taken().map(AsRef::as_ref))
}

/// Cuts whatever is under way and no longer stands.
fn look_again(core: &Arc<Core>, only: Option<TenantId>) {
    let mut busy: BTreeMap<TenantId, Vec<(AgentId, InstanceId)>> = BTreeMap::new();
    for (tenant, agent, instance) in core.streams.busy() {
        if only.is_none_or(|only| only == tenant) {
            busy.entry(tenant).or_default().push((agent, instance));
        }
    }
    for (tenant, keys) in busy {
        // Nobody follows it at this moment: what is open cannot hear of its ending.
        let Some(view) = core.tenants.cached(tenant) else {
            core.streams.cut_tenant(tenant);
            continue;
        };
        for ending in fallen(&view.state, &keys) {
            end(core, &view, ending);
        }
    }
}

/// Which of these do not stand any more, and what is to be said of it.
fn fallen(state: &State, keys: &[(AgentId, InstanceId)]) -> Vec<Ending> {
    let tenant = state.tenant;
    if let Some(stop) = stopped(state) {
        return vec![Ending { tenant, of: Of::Client, at: stop.at, due: Due::Nothing }];
    }
    let mut all: BTreeMap<AgentId, Ending> = BTreeMap::new();
    let mut copies = Vec::new();
    for (agent, instance) in keys {
        let known = state.agents.get(agent);
        let above = state.stopped_above(*agent);
        let active = above.is_none() && known.is_some_and(|known| known.life == Life::Active);
        let live = state.instances.get(instance).is_some_and(|one| one.ended_at.is_none());
        let at = above.or(known.map(AsRef::as_ref)).map(|known| known.life_since);
        let at = at.unwrap_or_default();
        if !active {
            let ended = known.is_some_and(|known| !known.lives());
            let due = match state.ended_in.get(agent) {
                _ if !ended => Due::Nothing,
                Some(act) => Due::Act(*act),
                None => Due::One(*agent),
            };
            all.insert(*agent, Ending { tenant, of: agents([*agent]), at, due });
        } else if !live {
            copies.push(Ending { tenant, of: Of::Copy(*agent, *instance), at, due: Due::Nothing });
        }
    }
    all.into_values().chain(copies).collect()
}

/// Cuts at once; the waiting and the receipt go on beside the following.
fn end(core: &Arc<Core>, view: &Arc<View<State>>, ending: Ending) {
    let refused = since(core, ending.at);
    let cut = match &ending.of {
        Of::Agents(agents) => core.streams.cut_agents(ending.tenant, agents),
        Of::Copy(agent, instance) => core.streams.cut_instance((ending.tenant, *agent, *instance)),
        Of::Client => core.streams.cut_tenant(ending.tenant),
    };
    let instances = instances(&view.state, &ending.of);
    let task = finish(Arc::clone(core), ending, (cut, instances), refused);
    core.tasks.spawn(task);
}

/// The running copies of what is ended.
fn instances(state: &State, of: &Of) -> BTreeSet<InstanceId> {
    let ended = |agent: &AgentId| match of {
        Of::Agents(agents) => agents.contains(agent),
        Of::Copy(..) => false,
        Of::Client => true,
    };
    match of {
        Of::Copy(_, instance) => BTreeSet::from([*instance]),
        Of::Agents(_) | Of::Client => {
            let all = state.instances.iter();
            all.filter(|(_, one)| ended(&one.agent)).map(|(id, _)| *id).collect()
        }
    }
}

/// Ends processes, waits until everything cut has let go, and confirms.
async fn finish(
    core: Arc<Core>,
    ending: Ending,
    (cut, instances): (Cut, BTreeSet<InstanceId>),
    tokens_refused_us: u64,
) {
    let mut children = 0;
    let calls = cut.calls + core.pending.evict(&instances);
    core.sessions.evict(&instances);
    core.many.evict(&instances);
    for upstream in core.upstreams() {
        children += upstream.end(&instances).await;
    }
    if !cut.gone(LETTING_GO.to_std()).await {
        tracing::error!(tenant = %ending.tenant, "something cut does not let go");
    }
    let measured = Measured {
        tokens_refused_us,
        last_cut_us: since(&core, ending.at).max(tokens_refused_us),
        streams: cut.streams,
        calls,
        children,
    };
    tracing::info!(event = "gateway.cut", tenant = %ending.tenant, of = %ending.of, streams = measured.streams,
        calls, children, last_cut_us = measured.last_cut_us, "what may act no more was cut");
    let Some(said) = confirmation(&core, &ending, measured) else { return };
    confirm(&core, &ending, said).await;
}

/// Has it confirmed, and tries again: what was measured is known here only.
async fn confirm(core: &Core, ending: &Ending, said: Confirmation) {
    let mut pause = FIRST_PAUSE;
    for left in (0..TRIES).rev() {
        let Err(why) = core.confirm.confirm(ending.tenant, said.clone()).await else { return };
        tracing::error!(event = "gateway.unconfirmed", tenant = %ending.tenant, of = %ending.of, why, left,
            "an ending could not be confirmed");
        if left == 0 {
            return;
        }
        if timeout(pause, core.halt.cancelled()).await.is_ok() {
            return;
        }
        pause *= 2;
    }
}

fn confirmation(core: &Core, ending: &Ending, measured: Measured) -> Option<Confirmation> {
    let (gateway, boot) = (core.id, core.boot);
    match ending.due {
        Due::Nothing => None,
        Due::One(agent) => Some(Confirmation::One(TerminationConfirmed {
            agent,
            gateway,
            boot,
            tokens_refused_us: measured.tokens_refused_us,
            last_cut_us: measured.last_cut_us,
            streams: measured.streams,
            calls: measured.calls,
            children: measured.children,
        })),
        Due::Act(line) => {
            let (how, at) = (How::Confirmed, core.clock.now());
            let target = Target { gateway, boot, how, at, measured: Some(measured) };
            Some(Confirmation::Many(TerminationReached { line, targets: vec![target] }))
        }
    }
}

impl std::fmt::Display for Of {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agents(agents) => match (agents.first(), agents.len()) {
                (Some(agent), 1) => write!(out, "{agent}"),
                (_, count) => write!(out, "{count} agents"),
            },
            Self::Copy(agent, instance) => write!(out, "{instance} of {agent}"),
            Self::Client => out.write_str("everything of the client"),
        }
    }
}

fn since(core: &Core, at: Timestamp) -> u64 {
    u64::try_from((core.clock.now() - at).as_micros()).unwrap_or(0)
}
