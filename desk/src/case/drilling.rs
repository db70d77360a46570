//! One drill from beginning to end: a shadow is made, enters like any agent, does what is refused, is noticed, ended, and
//! watched until it can do nothing anywhere. Every step is timed with a clock that never steps.
//!
//! Never here: the real agent. What is played is `rehearse.rs`; what may be done is `authority`'s answer.
//! INVARIANT: a drill that began has a result, and its shadow is ended, whatever went wrong in between.

use std::sync::Arc;

use tokio::time;
use writ_authority::{
    Command, Life, State,
    fact::{DrillResult, DrillStep},
};
use writ_identity::OneTimeCode;
use writ_lake::Record;
use writ_model::{
    Actor, AgentId, CallId, Clock, DrillId, GatewayId, PersonId, Span, TenantId, Timestamp,
    ocsf::Disposition,
};
use writ_store::View;

use super::drills::{DRILL_EVERY, OVER, Picked};
use crate::{
    Desk, DeskError,
    rehearse::{AfterEnd, NotPlayed, Part, Rehearse, Rogue, Seen},
};

/// Who a drill's own acts are by.
pub(super) const PART: &str = "drill";
/// How long a refused call may take to be seen: past it nobody is watching.
const NOTICE: Span = Span::seconds(2);
/// How long everything may take to refuse: past it the drill has failed, by far.
const REFUSE: Span = Span::seconds(10);
/// How long the shadow's code may be used.
const CODE_LIFE: Span = Span::minutes(5);
/// LIMIT: how long the played agent may take to get in.
const ENTER: Span = Span::seconds(30);
/// LIMIT: letters of what a step says.
const WORDS: usize = 400;

/// What a drill is about.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) tenant: TenantId,
    pub(super) drill: DrillId,
    pub(super) picked: Picked,
    pub(super) shadow: AgentId,
    pub(super) by: PersonId,
    pub(super) gateways: Vec<(GatewayId, String)>,
}

/// The steps so far, and the clock they are timed with.
pub(super) struct Watch {
    clock: Arc<dyn Clock>,
    begun: Timestamp,
    zero: u64,
    steps: Vec<DrillStep>,
    notice_us: u64,
    end_us: u64,
}

impl Watch {
    pub(super) fn start(clock: Arc<dyn Clock>) -> Self {
        let (begun, zero) = (clock.now(), clock.monotonic_micros());
        Self { clock, begun, zero, steps: Vec::new(), notice_us: 0, end_us: 0 }
    }

    /// Microseconds since the drill began.
    fn at(&self) -> u64 {
        self.since(self.clock.monotonic_micros())
    }

    fn since(&self, instant: u64) -> u64 {
        instant.saturating_sub(self.zero)
    }

    /// A step that began then and is over now.
    fn step(&mut self, step: &str, at_us: u64, ok: bool, words: impl Into<String>) -> bool {
        let took_us = self.at().saturating_sub(at_us);
        self.timed(step, (at_us, took_us), ok, words);
        ok
    }

    /// Why this agent: the first step of every drill.
    pub(super) fn chosen(&mut self, why: &str) {
        self.step("choose", 0, true, why);
    }

    fn timed(&mut self, step: &str, times: (u64, u64), ok: bool, words: impl Into<String>) {
        // What a gateway answered is somebody else's text; the ledger takes only plain one.
        let plain = |letter: &char| !writ_model::text::hidden(*letter);
        let words: String = words.into().chars().filter(plain).collect();
        let words = writ_model::name::cut(&words, WORDS);
        let words = if words.trim().is_empty() { "Nothing was said.".to_owned() } else { words };
        let (at_us, took_us) = times;
        self.steps.push(DrillStep { step: step.to_owned(), at_us, took_us, ok, words });
    }
}

impl Desk {
    /// Runs a drill that has begun, to its result. The shadow is ended in any case.
    pub(super) async fn drill_through(
        &self,
        plan: &Plan,
        rehearse: &dyn Rehearse,
        mut watch: Watch,
    ) -> Result<(), DeskError> {
        if let Err(fault) = self.drill_steps(plan, rehearse, &mut watch).await {
            let at = watch.at();
            watch.step("broken_off", at, false, fault.to_string());
        }
        self.end_shadow(plan).await?;
        let at = watch.at();
        let (ok, words) = self.tell_of_drill(plan).await;
        watch.step("tell", at, ok, words);
        let ended = watch.steps.iter().any(|step| step.step == "confirm");
        let passed = ended && watch.steps.iter().all(|step| step.ok);
        let done = self.now();
        let result = DrillResult {
            drill: plan.drill,
            agent: plan.picked.agent,
            shadow: plan.shadow,
            // What was ended is the shadow; the real one's end, if there is one, has its own receipt.
            live: false,
            begun: watch.begun,
            done,
            notice_us: watch.notice_us,
            end_us: watch.end_us,
            total_us: watch.at(),
            passed,
            gateways: u32::try_from(plan.gateways.len()).unwrap_or(u32::MAX),
            next_due: done + DRILL_EVERY,
            steps: watch.steps,
        };
        let command = Command::FinishDrill(Box::new(result));
        self.act(plan.tenant, Actor::system(PART), command).await?;
        Ok(())
    }

    /// Ends what a restart left of drills: the shadow goes, and the drill has a result that says so.
    pub(super) async fn sweep_drills(&self, view: &View<State>) -> Result<(), DeskError> {
        let now = self.now();
        let left = view
            .state
            .drills
            .iter()
            .filter(|(_, drill)| drill.result.is_none() && drill.begun_at + OVER <= now);
        for (id, drill) in left {
            if self.inner.drilling.lock().contains(&view.tenant) {
                continue;
            }
            self.end_agent(view.tenant, drill.shadow, *id).await?;
            let words = "Writ was stopped while it ran.".to_owned();
            let step = "broken_off".to_owned();
            let result = DrillResult {
                drill: *id,
                agent: drill.agent,
                shadow: drill.shadow,
                live: false,
                begun: drill.begun_at,
                done: now,
                steps: vec![DrillStep { step, at_us: 0, took_us: 0, ok: false, words }],
                notice_us: 0,
                end_us: 0,
                total_us: 0,
                passed: false,
                gateways: 0,
                next_due: now,
            };
            let command = Command::FinishDrill(Box::new(result));
            self.act(view.tenant, Actor::system(PART), command).await?;
        }
        Ok(())
    }

    async fn drill_steps(
        &self,
        plan: &Plan,
        rehearse: &dyn Rehearse,
        watch: &mut Watch,
    ) -> Result<(), DeskError> {
        let mut records = self.inner.parts.lake.subscribe();
        let Some(mut rogue) = self.enter(plan, rehearse, watch).await? else { return Ok(()) };
        let at = watch.at();
        let refused = match rogue.misbehave().await {
            Ok(refused) => refused,
            Err(NotPlayed(why)) => {
                watch.step("misbehave", at, false, why);
                return Ok(());
            }
        };
        let words = format!("It asked for what no grant covers: {}.", refused.seen.words);
        watch.step("misbehave", at, refused.seen.refused, words);
        let seen = noticed(&mut records, plan.shadow, refused.call);
        let seen = time::timeout(NOTICE.to_std(), seen).await.ok().flatten();
        let words = match &seen {
            Some(record) => format!("The refusal was recorded and seen: {}.", record.code),
            None => "Nobody saw the refusal.".to_owned(),
        };
        watch.notice_us = watch.at().saturating_sub(at);
        watch.step("notice", at, seen.is_some(), words);
        let at = watch.at();
        let view = self.tenants().view(plan.tenant).await?;
        let may = who_may_end(&view.state, plan.picked.agent);
        watch.step("decide", at, may.0, may.1);
        self.revoke(plan, rogue.as_mut(), watch).await
    }

    /// The shadow enters like any agent: code, key, token, streams.
    async fn enter(
        &self,
        plan: &Plan,
        rehearse: &dyn Rehearse,
        watch: &mut Watch,
    ) -> Result<Option<Box<dyn Rogue>>, DeskError> {
        let at = watch.at();
        let code = OneTimeCode::generate(self.entropy().as_ref());
        let expires = self.now() + CODE_LIFE;
        let offer = Command::OfferEnrollment { agent: plan.shadow, code: code.digest(), expires };
        self.act(plan.tenant, Actor::system(PART), offer).await?;
        let part = Part {
            shadow: plan.shadow,
            code: code.text().clone(),
            desk: self.issuer().to_owned(),
            gateways: plan.gateways.clone(),
            server: plan.picked.server.clone(),
            clock: Arc::clone(&watch.clock),
        };
        let entered = time::timeout(ENTER.to_std(), rehearse.enter(part)).await;
        let late = || NotPlayed("it did not get in within thirty seconds".to_owned());
        match entered.unwrap_or_else(|_| Err(late())) {
            Ok(rogue) => {
                let words = format!(
                    "A shadow of it came in with a fresh key, {} open.",
                    counted(rogue.streams(), "stream")
                );
                watch.step("enroll", at, true, words);
                Ok(Some(rogue))
            }
            Err(NotPlayed(why)) => {
                watch.step("enroll", at, false, why);
                Ok(None)
            }
        }
    }

    /// Ends the shadow and watches until everything refuses it.
    async fn revoke(
        &self,
        plan: &Plan,
        rogue: &mut dyn Rogue,
        watch: &mut Watch,
    ) -> Result<(), DeskError> {
        let at = watch.at();
        self.end_shadow(plan).await?;
        watch.step("revoke", at, true, "The shadow was ended: one line in the ledger.");
        let wait = u64::try_from(REFUSE.as_micros()).unwrap_or(u64::MAX);
        let watching = time::timeout(REFUSE.to_std() * 2, rogue.watch_end(wait));
        let (after, receipt) = tokio::join!(watching, self.ended(plan.tenant, plan.shadow));
        let Ok(after) = after else {
            watch.step("refuse", at, false, "Whether it is refused could not be seen in time.");
            return Ok(());
        };
        let last = refused_everywhere(watch, at, &after);
        watch.end_us = last.saturating_sub(at);
        let receipt = receipt?;
        let words = if receipt.complete {
            format!("{} confirmed it in the ledger.", counted(receipt.reached(), "gateway"))
        } else {
            format!("{} did not confirm it in time.", counted(receipt.waiting_for.len(), "gateway"))
        };
        watch.step("confirm", at, receipt.complete, words);
        Ok(())
    }

    /// Puts a test message on every way out of this client, and says which; honest where there is none.
    async fn tell_of_drill(&self, plan: &Plan) -> (bool, String) {
        let nobody = || (true, "Nobody outside is configured to be told.".to_owned());
        let Some(notifier) = self.notifier() else { return nobody() };
        let Ok(view) = self.tenants().view(plan.tenant).await else { return nobody() };
        let slug = super::show::client(&view.state).slug;
        let mut ways: Vec<String> =
            notifier.ways_of(&slug).into_iter().map(|(_, way)| way.title()).collect();
        if notifier.has_mail() {
            ways.push("mail to who began the drill, if they have an address".to_owned());
        }
        if ways.is_empty() {
            return nobody();
        }
        match self.put_test(&view.state, plan.by).await {
            Ok(_) => (true, format!("A message is on its way: {}.", ways.join(", "))),
            Err(fault) => {
                tracing::error!(drill = %plan.drill, error = %fault, "a drill could not tell");
                (false, "The message could not be put on its way.".to_owned())
            }
        }
    }

    async fn end_shadow(&self, plan: &Plan) -> Result<(), DeskError> {
        self.end_agent(plan.tenant, plan.shadow, plan.drill).await
    }

    /// Ends a shadow, if it lives. SECURITY: a shadow alone; a real agent's end takes a signature.
    async fn end_agent(
        &self,
        tenant: TenantId,
        shadow: AgentId,
        drill: DrillId,
    ) -> Result<(), DeskError> {
        let view = self.tenants().view(tenant).await?;
        let known = view.state.agents.get(&shadow).filter(|one| one.shadow_of.is_some());
        if known.is_none_or(|shadow| matches!(shadow.life, Life::Terminated { .. })) {
            return Ok(());
        }
        let command = Command::Terminate { agent: shadow, reason: format!("drill {drill}") };
        self.act(tenant, Actor::system(PART), command).await?;
        Ok(())
    }
}

/// Writes down what refused when; the instant of the last.
fn refused_everywhere(watch: &mut Watch, at: u64, after: &AfterEnd) -> u64 {
    let mut last = at;
    let token = std::slice::from_ref(&after.token);
    for (step, all, what) in [
        ("refuse", token, "A new token"),
        ("refuse", &after.calls, "A call at every gateway"),
        ("cut", &after.streams, "Every stream"),
    ] {
        let seen: Vec<u64> = all.iter().map(|one| watch.since(one.at_us)).collect();
        let end = seen.into_iter().max().unwrap_or(at);
        let ok = !all.is_empty() && all.iter().all(|one| one.refused);
        last = last.max(end);
        let words = match all.iter().find(|one| !one.refused) {
            Some(not) => format!("{what}: not refused ({}).", not.words),
            None if all.is_empty() => format!("{what}: there was none to see."),
            None => format!("{what}: {}.", said(all)),
        };
        watch.timed(step, (at, end.saturating_sub(at)), ok, words);
    }
    last
}

fn said(all: &[Seen]) -> String {
    let first = all.first().map(|one| one.words.clone()).unwrap_or_default();
    match all.len() {
        0 | 1 => first,
        many => format!("{first} ({many} times)"),
    }
}

/// The record of the shadow's refused call, when it arrives.
async fn noticed(
    records: &mut tokio::sync::broadcast::Receiver<Arc<Record>>,
    shadow: AgentId,
    call: Option<CallId>,
) -> Option<Arc<Record>> {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match records.recv().await {
            Ok(record)
                if record.agent == shadow
                    && record.effect == Disposition::Blocked
                    && call.is_none_or(|call| call == record.call) =>
            {
                return Some(record);
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// Who may end the real agent alone, at this moment, and whether anybody may.
fn who_may_end(state: &State, agent: AgentId) -> (bool, String) {
    let Some(known) = state.agents.get(&agent) else { return (false, "It is not there.".into()) };
    let mut people: Vec<_> = state.answers(known).terminators.iter().map(|(id, _)| *id).collect();
    let owners = state.people.iter().filter(|(_, one)| one.has(writ_model::Role::Owner));
    people.extend(owners.map(|(id, _)| *id));
    people.retain(|id| state.live_keys(*id).next().is_some());
    people.retain(|id| state.people.get(id).is_some_and(|one| one.active()));
    people.sort_unstable();
    people.dedup();
    let names: Vec<String> = people.iter().map(|id| state.person_name(*id)).collect();
    if names.is_empty() {
        return (false, "Nobody who could end it has a passkey.".to_owned());
    }
    let stop = writ_charter::catalog().iter().find(|one| one.class == "agent.terminate");
    let alone = stop.is_some_and(|one| one.stop);
    let words = if alone {
        format!("Ending it is a stop, which no clause can forbid: {} may, alone.", row(&names))
    } else {
        "The catalogue does not list ending an agent as a stop.".to_owned()
    };
    (alone, words)
}

fn row(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count: u64 = count.try_into().unwrap_or(u64::MAX);
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
