//! `cargo xtask bench decide`: how long one decision takes, warm and cold, with few and with many agents.
//!
//! The body is parsed before the clock starts; what is timed is `Engine::decide`, under a charter of twenty clauses.
//! Never here: IO.

use anyhow::Result;
use serde_json::{Value, json};
use writ_authority::{Ask, Engine, Moment, State, What, decide::explain::Unused, grant::Surface};
use writ_model::{
    Fold as _, Timestamp,
    json::{Limits, Node, parse},
};

use super::{
    cpu,
    gateway::now as wall_clock,
    population::{Maker, Member, Size, Tenant, shared_key},
    stats::{float, percentile, round},
};
use crate::{args::Args, budget::now, shell::say};

/// The size that the issue names.
const TENANTS: usize = 2000;
/// So many of them are active at once.
const ACTIVE: usize = 100;
const SIZE: Size = Size { agents: 20, grants: 20 };
/// Agents in turn: as many as 100 active tenants have, spread over all that are loaded. The bar on the 99th percentile is
/// held here, where slices do not fit the processor's caches.
const WORKING_SET: usize = 2000;
/// Agents in turn where populations are compared: the same few everywhere, so that what differs is how many others exist.
const SAME_SET: usize = 100;
/// Timed decisions at each population, in each of three repetitions; the middle repetition counts, because on a shared
/// machine one of them may be somebody else's.
const DECISIONS: usize = 70_000;
const REPETITIONS: usize = 3;
/// One in so many is a call that must be refused.
const DENIED_ONE_IN: usize = 10;
/// Bars of the issue.
const WARM_P99_NS: u64 = 25_000;
const COLD_P99_NS: u64 = 2_000_000;
const RESIDENT_BYTES: u64 = 250 << 20;
/// The slowest population may be so much slower than the fastest and still be flat on a shared machine.
const FLAT_RATIO: f64 = 1.5;

/// Folded tenants and their agents.
#[derive(Default)]
struct World {
    states: Vec<State>,
    members: Vec<(usize, Member)>,
}

impl World {
    fn fold(&mut self, tenant: &Tenant) -> Result<()> {
        let mut state = State::empty(tenant.id);
        for (index, line) in (0..).zip(&tenant.lines) {
            state.fold(index, line)?;
        }
        let at = self.states.len();
        self.members.extend(tenant.members.iter().map(|member| (at, *member)));
        self.states.push(state);
        Ok(())
    }

    /// Agents spread evenly over everything that is loaded.
    fn working_set(&self, size: usize) -> Vec<(&State, Member)> {
        let step = (self.members.len() / size).max(1);
        let picked = self.members.iter().step_by(step).take(size);
        picked.filter_map(|(at, member)| Some((self.states.get(*at)?, *member))).collect()
    }
}

/// The call that is permitted, and one whose argument is outside the grant's condition.
struct Calls<'a> {
    permitted: Node<'a>,
    denied: Node<'a>,
}

const PERMITTED: &[u8] = br#"{"to":"reader@harbor-books.example","subject":"Your order","body":"Your books left our shop this morning."}"#;
const DENIED: &[u8] = br#"{"to":"someone@stranger.example","subject":"Your order","body":"Your books left our shop this morning."}"#;

/// Runs it; false if a bar is missed or a decision is wrong.
///
/// # Errors
/// If the population cannot be made.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let tenants = usize::try_from(args.number("--tenants")?.unwrap_or(TENANTS as u64))?;
    let at = wall_clock()?;
    let mut maker = Maker::new(7, at);
    let (provider, jwk) = (maker.id(), shared_key()?);
    let calls = Calls {
        permitted: parse(PERMITTED, &Limits::REQUEST)?,
        denied: parse(DENIED, &Limits::REQUEST)?,
    };
    let before = cpu::resident(std::process::id())?;
    let mut world = World::default();
    let (mut rows, mut resident) = (Vec::new(), 0);
    let mut cold = Vec::new();
    for made in 1..=tenants {
        world.fold(&maker.client(provider, SIZE, &mut |_| Ok(jwk))?)?;
        if [5, 25, ACTIVE, 500, tenants].contains(&made) {
            let engine = Engine::default();
            let set = world.working_set(WORKING_SET);
            let first = time(&engine, &set, &calls, (set.len(), at));
            cold.extend(first.permits);
            let mut times: Vec<Times> =
                (0..REPETITIONS).map(|_| time(&engine, &set, &calls, (DECISIONS, at))).collect();
            times.sort_by_cached_key(Times::p99);
            if made == ACTIVE {
                resident = cpu::resident(std::process::id())?;
            }
            let same = world.working_set(SAME_SET);
            let mut same = time(&engine, &same, &calls, (DECISIONS, at)).permits;
            let (agents, same) = (made * SIZE.agents, percentile(&mut same, 0.5));
            let wrong = first.wrong + times.iter().map(|times| times.wrong).sum::<u64>();
            let Some(times) = times.into_iter().nth(REPETITIONS / 2) else { continue };
            rows.push(Row { agents, times, same, wrong });
        }
    }
    report(&mut rows, &mut cold, (before, resident))
}

/// One population.
struct Row {
    agents: usize,
    times: Times,
    /// Median nanoseconds of the same few agents.
    same: u64,
    /// Wrong decisions in all repetitions.
    wrong: u64,
}

/// Nanoseconds of each decision, and how many were wrong.
#[derive(Default)]
struct Times {
    permits: Vec<u64>,
    denials: Vec<u64>,
    wrong: u64,
}

impl Times {
    /// The 99th percentile of all, permits and denials.
    fn p99(&self) -> u64 {
        percentile(&mut [&self.permits[..], &self.denials[..]].concat(), 0.99)
    }
}

fn time(
    engine: &Engine,
    set: &[(&State, Member)],
    calls: &Calls<'_>,
    (count, at): (usize, Timestamp),
) -> Times {
    let mut times = Times::default();
    let moment = Moment { at, counters: &Unused };
    for (turn, (state, member)) in set.iter().cycle().take(count).enumerate() {
        let refuse = count > set.len() && turn % DENIED_ONE_IN == DENIED_ONE_IN - 1;
        let arguments = if refuse { &calls.denied } else { &calls.permitted };
        let what =
            What::Call { surface: Surface::Tool, name: "send_message", arguments: Some(arguments) };
        let (agent, instance) = (member.agent, member.instance);
        let ask = Ask { agent, instance, epoch: 0, server: "mail", what };
        // An agent's epoch rises with each stop; these were proposed and activated only.
        let ask = Ask { epoch: state.agents.get(&agent).map_or(0, |agent| agent.epoch), ..ask };
        let start = now();
        let decision = engine.decide(state, &ask, &moment);
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        times.wrong += u64::from(decision.permits() == refuse);
        if refuse { &mut times.denials } else { &mut times.permits }.push(nanos);
    }
    times
}

fn micros(nanos: u64) -> f64 {
    round(float(nanos) / 1000.0, 1)
}

fn report(rows: &mut [Row], cold: &mut [u64], (before, resident): (u64, u64)) -> Result<bool> {
    let mut populations: Vec<Value> = Vec::new();
    let (mut p99_max, mut p50s, mut wrong) = (0, Vec::new(), 0);
    for Row { agents, times, same, wrong: mistakes } in rows {
        let mut all = [&times.permits[..], &times.denials[..]].concat();
        let (p50, p99) = (percentile(&mut all, 0.5), percentile(&mut all, 0.99));
        p99_max = p99_max.max(p99);
        p50s.push(float(*same));
        wrong += *mistakes;
        populations.push(json!({
            "agents": agents,
            "decisions": all.len(),
            "p50_us": micros(p50),
            "p99_us": micros(p99),
            "p50_us_same_100_agents": micros(*same),
            "permit_p99_us": micros(percentile(&mut times.permits, 0.99)),
            "deny_p99_us": micros(percentile(&mut times.denials, 0.99)),
        }));
    }
    let slowest = p50s.iter().copied().fold(0.0, f64::max);
    let fastest = p50s.iter().copied().fold(f64::INFINITY, f64::min);
    let flat = slowest / fastest;
    let cold_p99 = percentile(cold, 0.99);
    let held = p99_max <= WARM_P99_NS
        && cold_p99 <= COLD_P99_NS
        && flat <= FLAT_RATIO
        && resident <= RESIDENT_BYTES
        && wrong == 0;
    let summary = json!({
        "p99_us": micros(p99_max),
        "p99_us_max": micros(WARM_P99_NS),
        "cold_p50_us": micros(percentile(cold, 0.5)),
        "cold_p99_us": micros(cold_p99),
        "cold_p99_us_max": micros(COLD_P99_NS),
        "flat_ratio_of_p50": round(flat, 2),
        "resident_mb_100_tenants": round(float(resident) / f64::from(1 << 20), 1),
        "resident_mb_at_start": round(float(before) / f64::from(1 << 20), 1),
        "wrong_decisions": wrong,
        "populations": populations,
        "held": held,
    });
    say(&summary.to_string())?;
    Ok(held)
}
