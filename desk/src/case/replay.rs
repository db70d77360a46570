//! What a charter would have decided: the calls of the last days, each decided again on the state of then, under the
//! version that is tried.
//!
//! Never here: the decision (`authority`). What cannot be opened is skipped and said to be so; nothing is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokio::task;
use writ_authority::{
    Ask, State,
    decide::{CounterRead, explain::Explanation},
    replay::Replay,
};
use writ_charter::Charter;
use writ_lake::{CallFilter, Record, Stored};
use writ_model::{AgentId, Span, TenantId, Timestamp, ocsf::Disposition};
use writ_store::{View, ledger::MAX_READ_LINES};

use super::{
    charter::{Which, versions},
    show,
};
use crate::{
    Desk, DeskError, Who,
    view::{DecidedView, ReplayRow, ReplayView, SkippedRow},
};

/// How far a replay reaches back unless it is said.
const DAYS: u16 = 7;
/// LIMIT: how far it may reach back: what is older was decided about another business.
const MOST_DAYS: u16 = 90;
/// LIMIT: calls decided again, the newest of the days asked for: each opens its arguments and costs about 0.1 ms.
const MOST_CALLS: usize = 5_000;
/// LIMIT: calls counted beyond those, so that it can be said how many were not looked at.
const MOST_COUNTED: usize = 20_000;
/// LIMIT: calls that are shown; more than these nobody reads before signing.
const SHOWN: usize = 200;
/// LIMIT: replays at once; each holds its calls in memory.
pub(crate) const AT_ONCE: usize = 2;
/// How many calls are decided before others get their turn.
const TURN: usize = 64;

/// What to try.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayQuery {
    /// So many days; 7 if it is left out, 90 at most.
    #[serde(default)]
    pub days: Option<u16>,
    /// Which version, by number or `draft`; the draft, else what is in force, if it is left out.
    #[serde(default)]
    pub to: Option<String>,
}

/// The calls of a replay, oldest first, and how many there were beside them.
struct Calls {
    looked: Vec<Stored>,
    beyond: u64,
    more: bool,
}

/// What came out of it.
#[derive(Default)]
struct Outcome {
    same: u64,
    differs: Vec<ReplayRow>,
    skipped: BTreeMap<&'static str, u64>,
}

impl Desk {
    /// Decides the calls of the last days again under a version of the charter, and names those that would go another
    /// way.
    ///
    /// # Errors
    /// If there is no such version, too many replays run, or the asker is not seated there.
    pub async fn charter_replay(
        &self,
        who: &Who,
        client: &str,
        query: ReplayQuery,
    ) -> Result<ReplayView, DeskError> {
        let view = self.seat(who, client).await?;
        let which = query.to.as_deref().map(Which::parse).transpose()?.unwrap_or(Which::Newest);
        let found = versions::find(&view.state, &which)?;
        let _turn =
            self.inner.replays.try_acquire().map_err(|_full| DeskError::Busy {
                what: "as many replays run as may".to_owned(),
            })?;
        let days = query.days.unwrap_or(DAYS).clamp(1, MOST_DAYS);
        let until = self.now();
        let since = until - Span::days(i64::from(days));
        let calls = self.calls_since(view.tenant, since).await?;
        let looked = u64::try_from(calls.looked.len()).unwrap_or(u64::MAX);
        let mut out = self.replayed(&view, &found.charter, calls.looked).await?;
        if calls.beyond > 0 {
            out.skipped.insert(beyond(calls.more), calls.beyond);
        }
        out.differs.reverse();
        let others = u64::try_from(out.differs.len()).unwrap_or(u64::MAX);
        let skipped: u64 = out.skipped.values().sum();
        let looked = looked.saturating_sub(skipped.saturating_sub(calls.beyond));
        let says = says(looked, out.same, &out.differs);
        out.differs.truncate(SHOWN);
        Ok(ReplayView {
            client: show::client(&view.state),
            version: found.row(),
            since,
            until,
            looked,
            same: out.same,
            skipped: out
                .skipped
                .into_iter()
                .map(|(why, calls)| SkippedRow { why: why.to_owned(), calls })
                .collect(),
            differs: out.differs,
            others,
            says,
        })
    }

    async fn calls_since(&self, tenant: TenantId, since: Timestamp) -> Result<Calls, DeskError> {
        let filter = CallFilter {
            tenant: Some(tenant),
            since: Some(since),
            limit: usize::MAX,
            ..CallFilter::default()
        };
        let (mut looked, mut beyond, mut before) = (Vec::new(), 0_usize, None);
        let mut more = false;
        loop {
            let page = self.inner.parts.lake.page(CallFilter { before, ..filter }).await?;
            let room = MOST_CALLS.saturating_sub(looked.len());
            beyond += page.calls.len().saturating_sub(room);
            looked.extend(page.calls.into_iter().take(room));
            before = page.next;
            if before.is_none() {
                break;
            }
            if beyond >= MOST_COUNTED {
                more = true;
                break;
            }
        }
        // By what the decisions saw: the ledger is then gone through once.
        looked.sort_by_key(|one| (one.record.inputs.tree_size, one.record.at, one.place));
        Ok(Calls { looked, beyond: u64::try_from(beyond).unwrap_or(u64::MAX), more })
    }

    async fn replayed(
        &self,
        now: &View<State>,
        charter: &Charter,
        calls: Vec<Stored>,
    ) -> Result<Outcome, DeskError> {
        let mut out = Outcome::default();
        let mut then = View::<State>::empty(now.tenant);
        let engine = std::sync::Arc::clone(&self.inner.parts.engine);
        let mut replay = Replay::new(&engine, charter);
        for (at, stored) in calls.into_iter().enumerate() {
            let record = stored.record;
            self.walk(&mut then, record.inputs.tree_size.min(now.size)).await?;
            match self.again(&then.state, &mut replay, &record).await {
                Ok(again) => judged(now, &record, &again, &mut out),
                Err(why) => *out.skipped.entry(why).or_default() += 1,
            }
            if at % TURN == TURN - 1 {
                task::yield_now().await;
            }
        }
        Ok(out)
    }

    /// Takes a view on to so many lines.
    async fn walk(&self, view: &mut View<State>, size: u64) -> Result<(), DeskError> {
        while view.size < size {
            let wanted = usize::try_from(size - view.size).unwrap_or(usize::MAX);
            let tenant = view.tenant;
            let lines = self.ledger().read(tenant, view.size, wanted.min(MAX_READ_LINES)).await?;
            if lines.is_empty() {
                break;
            }
            view.extend(&lines).map_err(|bad| writ_store::FollowError::BadLine { tenant, bad })?;
        }
        Ok(())
    }

    /// One call decided again, or why it cannot be.
    async fn again(
        &self,
        then: &State,
        replay: &mut Replay<'_>,
        record: &Record,
    ) -> Result<Explanation, &'static str> {
        if shadow(then, record.agent) {
            return Err("rehearsals of drills");
        }
        let asked = self.sealed_ask(then.tenant, record).await;
        let asked = asked.map_err(|_sealed| "their arguments cannot be opened any more")?;
        let arguments = asked.parsed().map_err(|_bad| "their arguments cannot be read any more")?;
        let read: Vec<CounterRead> = serde_json::from_str(&record.inputs.reads).unwrap_or_default();
        let ask = Ask {
            agent: record.agent,
            instance: record.instance,
            epoch: record.inputs.epoch,
            server: &asked.server,
            what: asked.what(arguments.as_ref()),
        };
        Ok(replay.would(then, &ask, record.at, (&read, asked.flow())))
    }
}

/// Takes down one call that was decided again.
fn judged(now: &View<State>, record: &Record, again: &Explanation, out: &mut Outcome) {
    let (was, would) = (recorded(record), explained(again));
    if was.effect == would.effect {
        out.same += 1;
        return;
    }
    out.differs.push(ReplayRow {
        call: record.call,
        at: record.at,
        agent: record.agent,
        agent_name: now.state.agent_name(record.agent),
        server: record.server.clone(),
        surface: record.surface.clone(),
        name: record.name.clone(),
        was,
        would,
    });
}

/// The effect that a code stands for where it is enforced.
fn enforced(code: &str) -> &'static str {
    use writ_authority::decide::{ORIGIN, WAITS};
    if [WAITS.0, ORIGIN.0].contains(&code) { "hold" } else { "deny" }
}

/// What was decided: of a call that was only observed, what enforcing would have said.
fn recorded(record: &Record) -> DecidedView {
    let inputs = &record.inputs;
    let (effect, code) = match record.effect {
        _ if !inputs.observed.is_empty() => (enforced(&inputs.observed), &inputs.observed),
        Disposition::Allowed | Disposition::Errored => ("permit", &record.code),
        Disposition::Blocked => (enforced(&record.code), &record.code),
    };
    DecidedView {
        effect: effect.to_owned(),
        code: code.clone(),
        words: record.detail.clone(),
        clauses: serde_json::from_str(&inputs.clauses).unwrap_or_default(),
    }
}

/// What would be decided, likewise.
fn explained(again: &Explanation) -> DecidedView {
    let (effect, code) = match &again.observed {
        Some(code) => (enforced(code), code.clone()),
        None => (again.effect, again.code.clone()),
    };
    DecidedView {
        effect: effect.to_owned(),
        code,
        words: again.words.clone(),
        clauses: again.clauses.clone(),
    }
}

fn shadow(state: &State, agent: AgentId) -> bool {
    state.agents.get(&agent).is_some_and(|agent| agent.shadow_of.is_some())
}

const fn beyond(more: bool) -> &'static str {
    if more {
        "older than the newest calls that one replay looks at, and at least so many"
    } else {
        "older than the newest calls that one replay looks at"
    }
}

/// What came out, for whoever signs.
fn says(looked: u64, same: u64, differs: &[ReplayRow]) -> Vec<String> {
    let mut out = vec![format!("{same} of {looked} calls would go the way they went.")];
    let count = |was: &str, would: &str| {
        differs.iter().filter(|one| one.was.effect == was && one.would.effect == would).count()
    };
    for (was, would, words) in [
        ("permit", "deny", "went through and would be refused"),
        ("permit", "hold", "went through and would wait for approval"),
        ("hold", "deny", "waited for approval and would be refused"),
        ("hold", "permit", "waited for approval and would go through"),
        ("deny", "hold", "were refused and would wait for approval"),
        ("deny", "permit", "were refused and would go through"),
    ] {
        let calls = count(was, would);
        if calls > 0 {
            out.push(format!("{calls} {words}."));
        }
    }
    out
}
