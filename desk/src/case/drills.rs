//! Drills: the list, one, running one, and the file that is verified offline.
//!
//! Never here: the steps (`drilling.rs`). What an agent's grants reach is read from the charter; whether somebody may is
//! `authority`'s answer.

use std::{collections::BTreeSet, sync::Arc};

use serde::Deserialize;
use writ_authority::{
    Agent, Command, Entry, Fact, Life, State, command,
    fact::DrillResult,
    queue::{Ask, Waiting},
    state::Drill,
};
use writ_charter::{Blast, Charter, Reversibility};
use writ_model::{AgentId, DrillId, Span, TenantId, Timestamp};
use writ_store::View;

use super::{
    drilling::{Plan, Watch},
    resolve, show,
};
use crate::{
    Desk, DeskError, Rehearse, Who, error, keys,
    signing::After,
    view::{DRILL_FILE, DrillFile, DrillPage, DrillPick, DrillStep, DrillView},
};

/// How often an ending is rehearsed: once a quarter, so that whoever has to do it has seen it.
pub(crate) const DRILL_EVERY: Span = Span::days(90);
/// The industry's mark: a minute.
const MARK_US: u64 = 60_000_000;
/// Our own: a second.
const OURS_US: u64 = 1_000_000;
/// A drill without a result after this was broken off by a restart.
pub(super) const OVER: Span = Span::minutes(5);
/// LIMIT: drills in one list.
const ROWS: usize = 100;

/// Which agent's end to rehearse.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillBody {
    /// By id or name; the one whose grants reach farthest if it is left out.
    #[serde(default)]
    pub agent: Option<String>,
    /// End the real agent too, afterwards, by the ordinary signed act. Without it, the real agent is never touched.
    #[serde(default)]
    pub live: bool,
}

/// The agent a drill is about.
#[derive(Debug, Clone)]
pub(super) struct Picked {
    pub(super) agent: AgentId,
    pub(super) name: String,
    /// A server it has a live grant on.
    pub(super) server: String,
    pub(super) why: String,
}

/// Takes a client's turn back when a drill is over.
struct Turn {
    desk: Desk,
    tenant: TenantId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.desk.inner.drilling.lock().remove(&self.tenant);
    }
}

fn refused(what: impl Into<String>, cure: &str) -> DeskError {
    DeskError::Forbidden { code: error::DRILL, what: what.into(), cure: cure.to_owned() }
}

impl Desk {
    /// Hands in what plays the agent in a drill, once the gateways run.
    pub fn set_rehearse(&self, rehearse: Arc<dyn Rehearse>) {
        *self.inner.rehearse.write() = Some(rehearse);
    }

    /// The drills of a client, newest first.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn drills(&self, who: &Who, client: &str) -> Result<DrillPage, DeskError> {
        let view = self.seat(who, client).await?;
        let (state, at) = (&view.state, self.now());
        let rows: Vec<DrillView> = state
            .drills
            .iter()
            .rev()
            .take(ROWS)
            .map(|(id, drill)| shown(state, *id, drill, at))
            .collect();
        let next_due = due(state);
        let picked = riskiest(state, at, &self.wrapped());
        Ok(DrillPage {
            client: show::client(state),
            at,
            rows,
            next_due,
            overdue: next_due.is_some_and(|due| due <= at),
            would_take: picked.map(|one| DrillPick {
                agent: one.agent,
                name: one.name,
                why: one.why,
            }),
        })
    }

    /// One drill.
    ///
    /// # Errors
    /// If it is not visible.
    pub async fn drill(
        &self,
        who: &Who,
        client: &str,
        drill: &str,
    ) -> Result<DrillView, DeskError> {
        let view = self.seat(who, client).await?;
        let (id, known) = found(&view.state, drill)?;
        Ok(shown(&view.state, id, known, self.now()))
    }

    /// Rehearses the end of an agent on a shadow of it. With `live`, the real agent is then to be ended by the ordinary
    /// signed act: the error asks for that signature.
    ///
    /// # Errors
    /// If no gateway runs, nothing can play the agent, one runs already, or the actor may not.
    pub async fn run_drill(
        &self,
        who: &Who,
        client: &str,
        body: DrillBody,
    ) -> Result<DrillView, DeskError> {
        let view = self.seat(who, client).await?;
        let mut watch = Watch::start(Arc::clone(&self.inner.parts.clock));
        let picked = self.picked(&view.state, body.agent.as_deref())?;
        let also =
            if body.live { " The real one is to be ended too, by its own signed act." } else { "" };
        watch.chosen(&format!("{}{also}", picked.why));
        let real =
            Command::Terminate { agent: picked.agent, reason: "Ended by a live drill".to_owned() };
        let cx = self.cx(view.tenant, who.actor());
        let (drill, agent, shadow) = (DrillId::new(&cx), picked.agent, AgentId::new(&cx));
        let begin = Command::BeginDrill { drill, agent, shadow };
        // Whoever may not is told before anything is played.
        let left = crate::oidc::as_left(&view.state, who);
        command::rehearse(&left, &begin, &cx)?;
        if body.live {
            command::rehearse(&left, &real, &cx)?;
        }
        let rehearse = self.inner.rehearse.read().clone();
        let rehearse = rehearse.ok_or_else(|| {
            refused("nothing here can play an agent", "Start Writ with its gateway: `writ serve`.")
        })?;
        let fleet = self.inner.fleet.read().gateways();
        if fleet.is_empty() {
            return Err(refused("no gateway runs", "Start Writ with its gateway: `writ serve`."));
        }
        let turn = self.turn(view.tenant)?;
        let plan = Plan {
            tenant: view.tenant,
            drill,
            shadow,
            picked,
            by: who.person,
            gateways: fleet.into_iter().map(|one| (one.gateway, one.url)).collect(),
        };
        self.act_as(view.tenant, who, begin).await?;
        let desk = self.clone();
        // Done to its end, also when whoever asked has gone away: a shadow must not stay.
        let task = tokio::spawn(async move {
            let _turn = turn;
            Box::pin(desk.drill_through(&plan, rehearse.as_ref(), watch)).await
        });
        task.await.map_err(|died| DeskError::fault(error::FAULT, died.to_string()))??;
        if body.live {
            self.done_then(view.tenant, who, real, After::Nothing).await?;
        }
        self.drill(who, client, &drill.to_string()).await
    }

    /// One drill as a file.
    ///
    /// # Errors
    /// If it is not visible, or has no result yet.
    pub async fn drill_file(
        &self,
        who: &Who,
        client: &str,
        drill: &str,
    ) -> Result<DrillFile, DeskError> {
        let seat = self.seat(who, client).await?;
        let view = self.settled(seat.tenant).await?;
        let (id, known) = found(&view.state, drill)?;
        let none = || DeskError::not_visible("result of drill", drill);
        let (result, line) = match &known.result {
            Some((says, _, line)) => (DrillResult::clone(says), *line),
            None => return Err(none()),
        };
        let moved = match &view.state.moved {
            Some((line, _)) => Some(self.proven(&view, *line).await?),
            None => None,
        };
        let mut ended = Vec::new();
        for index in known.line + 1..line {
            if self.ends(&view, index, result.shadow).await? {
                ended.push(self.proven(&view, index).await?);
            }
        }
        tracing::debug!(drill = %id, lines = ended.len(), "drill file");
        Ok(DrillFile {
            v: DRILL_FILE,
            tenant: view.tenant,
            origin: keys::origin(view.tenant),
            result,
            line: self.proven(&view, line).await?,
            begun: self.proven(&view, known.line).await?,
            founding: self.proven(&view, 0).await?,
            moved,
            ended,
            checkpoint: self.note(&view).await?,
            size: view.size,
        })
    }

    /// Whether a line ends the shadow or confirms its end.
    async fn ends(
        &self,
        view: &View<State>,
        index: u64,
        shadow: AgentId,
    ) -> Result<bool, DeskError> {
        let line = self.ledger().read(view.tenant, index, 1).await?;
        let entry = line.first().and_then(|line| Entry::from_line(line).ok());
        Ok(match entry.map(|entry| entry.fact) {
            Some(Fact::AgentTerminated { agent, .. }) => agent == shadow,
            Some(Fact::TerminationConfirmed(word)) => word.agent == shadow,
            _ => false,
        })
    }

    fn turn(&self, tenant: TenantId) -> Result<Turn, DeskError> {
        if !self.inner.drilling.lock().insert(tenant) {
            return Err(refused("a drill runs here already", "Wait until it is over."));
        }
        Ok(Turn { desk: self.clone(), tenant })
    }

    /// Servers that stand behind no gateway: what runs under `writ wrap` is decided here and cut there.
    fn wrapped(&self) -> BTreeSet<String> {
        let all = self.inner.fleet.read().gateways().into_iter().flat_map(|one| one.servers);
        all.filter(|one| one.kind == "wrapped").map(|one| one.name).collect()
    }

    /// Whom it is about, with a server that stands behind a gateway.
    fn picked(&self, state: &State, named: Option<&str>) -> Result<Picked, DeskError> {
        let (at, wrapped) = (self.now(), self.wrapped());
        let Some(name) = named else {
            return riskiest(state, at, &wrapped).ok_or_else(|| {
                let cure = "Activate an agent and give it a grant, or name one.";
                refused("no active agent here has a grant on a server behind a gateway", cure)
            });
        };
        let agent = resolve::agent(state, name)?;
        if agent.life != Life::Active || agent.shadow_of.is_some() {
            let what = format!("{} is not active", agent.name());
            return Err(refused(what, "Name an agent that is active now."));
        }
        let server = live_grants(state, agent, at)
            .map(|grant| grant.server.clone())
            .find(|server| !wrapped.contains(server));
        let server = server.ok_or_else(|| {
            let what = format!("{} has no grant on a server behind a gateway", agent.name());
            refused(what, "Name an agent that may do something there: its end would show nothing.")
        })?;
        let (id, name) = (agent.described.agent, agent.name().to_owned());
        Ok(Picked { agent: id, name, server, why: "It was named.".to_owned() })
    }
}

fn live_grants<'s>(
    state: &'s State,
    agent: &'s Agent,
    at: Timestamp,
) -> impl Iterator<Item = &'s writ_authority::Grant> {
    let all = state.grants_of(agent).into_iter().map(|(_, given)| given);
    all.filter(|given| given.revoked_at.is_none())
        .map(|given| given.says.as_ref())
        .filter(move |grant| grant.holds_at(at))
}

/// How far an agent's grants reach: how bad, how wide, how many.
type Reach = (Reversibility, Blast, usize);

/// The active agent whose grants reach farthest: first by whether what it may do can be undone, then by whom it reaches,
/// then by how many grants it has; of equals the oldest. Only one that can be met at a gateway.
fn riskiest(state: &State, at: Timestamp, wrapped: &BTreeSet<String>) -> Option<Picked> {
    let charter = state.charter.as_ref().map(|one| Arc::clone(&one.charter));
    let able = state.agents.values().filter(|one| one.life == Life::Active);
    let mut best: Option<(Reach, &Agent, String)> = None;
    for agent in able.filter(|one| one.shadow_of.is_none()) {
        let mut reach: Reach = (Reversibility::Reversible, Blast::OneRecord, 0);
        let mut met = None;
        for grant in live_grants(state, agent, at) {
            let (back, blast) = worst(charter.as_deref(), grant);
            reach = (reach.0.max(back), reach.1.max(blast), reach.2 + 1);
            if met.is_none() && !wrapped.contains(&grant.server) {
                met = Some(grant.server.clone());
            }
        }
        let Some(server) = met else { continue };
        if best.as_ref().is_none_or(|(known, ..)| reach > *known) {
            best = Some((reach, agent, server));
        }
    }
    let ((back, blast, grants), agent, server) = best?;
    let why = format!(
        "Of the active agents its grants reach farthest: what it may do is {}, reaches {}, by {grants} grants.",
        super::asked::reversibility(back),
        super::asked::blast(blast)
    );
    Some(Picked { agent: agent.described.agent, name: agent.name().to_owned(), server, why })
}

/// When the next drill is due: when the last result says; where none was, a quarter after the charter came into force.
fn due(state: &State) -> Option<Timestamp> {
    let said = state.drills.values().filter_map(|one| one.result.as_ref());
    let last = said.max_by_key(|(.., line)| *line).map(|(says, ..)| says.next_due);
    let first = state.past.first().or(state.charter.as_ref()).map(|one| one.at + DRILL_EVERY);
    last.or(first)
}

/// What waits where agents act and nobody has ever rehearsed ending one. Once one was, `authority` says when the next is
/// due.
pub(super) fn never_run(state: &State, now: Timestamp) -> Option<Waiting> {
    let since = due(state).filter(|due| *due <= now)?;
    let ever = state.drills.values().any(|one| one.result.is_some());
    let picked = riskiest(state, now, &BTreeSet::new()).filter(|_| !ever)?;
    Some(Waiting {
        ask: Ask::DrillDue,
        agent: Some(picked.agent),
        name: picked.name,
        since,
        deadline: Some(since),
        what: "the first drill of ending an agent is due".to_owned(),
        why: vec!["agents act here, and ending one was never rehearsed".to_owned()],
        otherwise: "Nobody knows whether stopping works.".to_owned(),
        cure: vec!["Run `writ drill rogue-agent`.".to_owned()],
        hold: None,
    })
}

/// The worst that a grant allows, as the charter classifies it.
fn worst(charter: Option<&Charter>, grant: &writ_authority::Grant) -> (Reversibility, Blast) {
    let name = grant.name.trim_end_matches('*');
    let classes = charter.map(|charter| {
        let found = charter.classify(&grant.server, grant.surface.word(), name);
        found.actions.iter().map(|class| (*class).to_owned()).collect::<Vec<_>>()
    });
    let known = classes.unwrap_or_default().into_iter().filter_map(|class| {
        super::asked::action(charter, &class).map(|one| (one.reversibility, one.blast))
    });
    known.fold((Reversibility::Reversible, Blast::OneRecord), |all, one| {
        (all.0.max(one.0), all.1.max(one.1))
    })
}

fn found<'s>(state: &'s State, name: &str) -> Result<(DrillId, &'s Drill), DeskError> {
    let id: Option<DrillId> = name.parse().ok();
    let known = id.and_then(|id| state.drills.get(&id).map(|known| (id, known.as_ref())));
    known.ok_or_else(|| DeskError::not_visible("drill", name))
}

fn title(step: &str) -> &'static str {
    match step {
        "choose" => "Chosen",
        "enroll" => "Let in",
        "misbehave" => "Misbehaved",
        "notice" => "Noticed",
        "decide" => "Decided under the charter",
        "revoke" => "Ended",
        "refuse" => "Refused everywhere",
        "cut" => "Streams cut",
        "confirm" => "Confirmed",
        "tell" => "Told the outside",
        _ => "Broken off",
    }
}

fn shown(state: &State, id: DrillId, drill: &Drill, now: Timestamp) -> DrillView {
    let result = drill.result.as_ref();
    let says = result.map(|(says, ..)| says.as_ref());
    let step = |one: &writ_authority::fact::DrillStep| DrillStep {
        step: one.step.clone(),
        title: title(&one.step).to_owned(),
        words: one.words.clone(),
        at_us: one.at_us,
        took_us: one.took_us,
        ok: one.ok,
    };
    let steps: Vec<DrillStep> =
        says.map(|says| says.steps.iter().map(step).collect()).unwrap_or_default();
    let chosen = steps.iter().find(|one| one.step == "choose").map(|one| one.words.clone());
    let ended = says.filter(|_| steps.iter().any(|one| one.step == "confirm"));
    let end_us = ended.map(|says| says.end_us);
    let state_word = match says {
        Some(says) if says.passed => "passed",
        Some(_) => "failed",
        None if drill.begun_at + OVER <= now => "broken_off",
        None => "running",
    };
    let sentence = match (says, end_us) {
        (Some(says), Some(end)) if says.passed => {
            format!("It was refused everywhere {} seconds after the decision.", seconds(end))
        }
        (Some(_), _) => match steps.iter().find(|one| !one.ok) {
            Some(step) => format!("It failed: {}", step.words),
            None => "It failed.".to_owned(),
        },
        (None, _) if state_word == "running" => "It runs.".to_owned(),
        (None, _) => "It was broken off, and there is no result.".to_owned(),
    };
    DrillView {
        client: show::client(state),
        drill: id,
        agent: drill.agent,
        agent_name: state.agent_name(drill.agent),
        chosen: chosen.unwrap_or_default(),
        shadow: drill.shadow,
        live: says.is_some_and(|says| says.live),
        state: state_word,
        says: sentence,
        begun_at: drill.begun_at,
        begun_by: show::by(state, drill.begun_by),
        done_at: says.map(|says| says.done),
        steps,
        notice_us: says.map(|says| says.notice_us),
        end_us,
        total_us: says.map(|says| says.total_us),
        mark_us: MARK_US,
        ours_us: OURS_US,
        within_mark: end_us.map(|us| us <= MARK_US),
        within_ours: end_us.map(|us| us <= OURS_US),
        gateways: says.map(|says| says.gateways),
        line: result.map(|(.., line)| *line),
    }
}

/// Microseconds as seconds with three places.
pub(super) fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us % 1_000_000 / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_seconds() {
        assert_eq!(seconds(41_499), "0.041");
        assert_eq!(seconds(60_000_000), "60.000");
    }
}
