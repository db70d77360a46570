//! `cargo xtask bench gateway`: CPU time of one authorised `tools/call`, side by side with Envoy in one run.
//!
//! Every contender gets the same calls of the same agents over eight connections and forwards to the same upstream.
//! Passes rotate, medians count. Never here: wall-clock time as the verdict.
//! To add a contender: a [`Contender`] with its address and its process.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use self::{
    agents::{LANES, Refuses, Shape, volley},
    rival::{Envoy, Envoys, Trust},
};
use super::{
    child::pause,
    cpu,
    load::{Pace, Told, fire},
    stats::{float, median, percentile, round},
};
use crate::{
    args::Args,
    root::target,
    setup,
    shell::{cargo, make_folder, say, well},
};

pub(crate) use agents::{Agent, Proofs, With, now};
pub(crate) use ours::{Enrolled, PATH, Writ, renew, tokens};

mod agents;
mod ours;
mod rival;
mod tokens;

/// LIMIT: what the issue asks for.
const AGENTS: u64 = 10_000;
/// Passes; each begins with another contender.
const PASSES: usize = 3;
/// Work that a server put off (records, statistics) must be in its bill: the reading waits this long.
const SETTLE: Duration = Duration::from_millis(1500);
/// Calls a second over all connections where the load is paced.
const RATE: u64 = 2000;
/// Calls of one pass, paced and saturated.
const PACED_CALLS: u64 = 10_000;
const SATURATED_CALLS: u64 = 20_000;
/// Bar of the issue.
const RATIO_MAX: f64 = 1.0;

/// One server under measurement.
struct Contender<'a> {
    name: &'static str,
    address: SocketAddr,
    pid: u32,
    refuses: Refuses,
    /// Asks for proofs over its own nonce.
    ours: Option<&'a Writ>,
}

/// What the passes of one contender showed at one pace.
#[derive(Default)]
struct Shown {
    cpu_us: Vec<f64>,
    by_thread: BTreeMap<String, u64>,
    rate: Vec<f64>,
    micros: Vec<u64>,
    requests: u64,
    wrong: u64,
    first_wrong: Option<String>,
}

impl Shown {
    fn take(&mut self, told: Told, cost: BTreeMap<String, u64>) {
        let nanos: u64 = cost.values().sum();
        self.cpu_us.push(float(nanos) / 1000.0 / float(told.requests));
        for (thread, nanos) in cost {
            *self.by_thread.entry(thread).or_default() += nanos;
        }
        self.rate.push(float(told.requests) / told.seconds);
        self.micros.extend(told.micros);
        self.requests += told.requests;
        self.wrong += told.wrong;
        self.first_wrong = self.first_wrong.take().or(told.first_wrong);
    }

    fn json(&mut self) -> Value {
        let requests = float(self.requests);
        let by_thread =
            self.by_thread.iter().map(|(name, nanos)| (name, float(*nanos) / 1000.0 / requests));
        let by_thread: BTreeMap<_, _> =
            by_thread.map(|(name, us)| (name, round(us, 1))).filter(|(_, us)| *us > 0.0).collect();
        json!({
            "cpu_us_by_thread": by_thread,
            "cpu_us_per_request": round(median(&self.cpu_us), 1),
            "cpu_us_of_each_pass": self.cpu_us.iter().map(|us| round(*us, 1)).collect::<Vec<_>>(),
            "requests": self.requests,
            "wrong_decisions": self.wrong,
            "requests_per_second": round(median(&self.rate), 0),
            "p50_us": percentile(&mut self.micros, 0.5),
            "p99_us": percentile(&mut self.micros, 0.99),
        })
    }
}

/// Runs it; false if the ratio is above one, a decision was wrong, a proof came twice, or a record is missing.
/// `--rivals-only` leaves Writ out.
///
/// # Errors
/// If a server cannot be had or a connection breaks.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let folder = target().join("bench/gateway");
    make_folder(&folder)?;
    let count = args.number("--agents")?.unwrap_or(AGENTS);
    let binary = setup::envoy()?;
    let envoys = Envoys { binary: &binary, folder: &folder };
    let backend = envoys.start("backend", None, None)?;
    if args.has("--rivals-only") {
        let (agents, trust) = tokens::own(count)?;
        let rivals = Rivals::start(&envoys, &backend, &trust)?;
        let mut field = Field::new(&agents, args)?;
        let mut phases = field.phases(&rivals.contenders(&backend))?;
        say(&serde_json::to_string(&summary(&mut phases))?)?;
        return Ok(true);
    }
    let built = ["build", "--quiet", "--release", "--locked", "-p", "writ"];
    let there = args.has("--as-built");
    anyhow::ensure!(there || well(cargo(&built)), "the release binary does not build");
    let writ = Writ::start(&folder, backend.address, usize::try_from(count)?)?;
    let rivals = Rivals::start(&envoys, &backend, &writ.trust)?;
    let mut contenders = rivals.contenders(&backend);
    contenders.push(Contender {
        name: "writ",
        address: writ.gateway,
        pid: writ.server.pid(),
        refuses: Refuses::ToolsAndArguments,
        ours: Some(&writ),
    });
    let mut field = Field::new(&writ.agents, args)?;
    let mut phases = field.phases(&contenders)?;
    let resident = cpu::resident(writ.server.pid())?;
    let (asked, unique) = (field.asked_of_writ, field.proofs.unique());
    let mut summary = summary(&mut phases);
    let records = writ.records()?;
    let ratio = |phase: &Phase| phase.cpu("writ") / phase.cpu("envoy_full");
    let paced = phases.first().map_or(f64::INFINITY, ratio);
    let saturated = phases.get(1).map_or(f64::INFINITY, ratio);
    let wrong: u64 = phases.iter().map(Phase::wrong).sum();
    let held = paced <= RATIO_MAX && unique && records == asked && wrong == 0;
    for (key, value) in [
        ("ratio_vs_envoy_full", json!(round(paced, 3))),
        ("ratio_vs_envoy_full_max", json!(RATIO_MAX)),
        ("ratio_vs_envoy_full_saturated", json!(round(saturated, 3))),
        ("proofs_unique", json!(unique)),
        ("requests", json!(asked)),
        ("records", json!(records)),
        ("wrong_decisions", json!(wrong)),
        ("writ_resident_mb", json!(round(float(resident) / f64::from(1 << 20), 1))),
        ("held", json!(held)),
    ] {
        summary.insert(key, value);
    }
    say(&serde_json::to_string(&summary)?)?;
    Ok(held)
}

/// The rival in both configurations.
struct Rivals {
    plain: Envoy,
    full: Envoy,
}

impl Rivals {
    fn start(envoys: &Envoys<'_>, backend: &Envoy, trust: &Trust) -> Result<Self> {
        let plain = envoys.start("plain", Some(backend.address), None)?;
        let full = envoys.start("full", Some(backend.address), Some(trust))?;
        Ok(Self { plain, full })
    }

    fn contenders<'a>(&self, backend: &Envoy) -> Vec<Contender<'a>> {
        let rows = [
            ("direct", backend, Refuses::Nothing),
            ("envoy_plain", &self.plain, Refuses::Nothing),
            ("envoy_full", &self.full, Refuses::Tools),
        ];
        let contender = |(name, envoy, refuses): (&'static str, &Envoy, Refuses)| {
            let (address, pid) = (envoy.address, envoy.server.pid());
            Contender { name, address, pid, refuses, ours: None }
        };
        rows.into_iter().map(contender).collect()
    }
}

/// One pace, and what it showed of each contender.
struct Phase {
    name: &'static str,
    shown: Vec<(&'static str, Shown)>,
}

impl Phase {
    fn cpu(&self, name: &str) -> f64 {
        let shown = self.shown.iter().find(|(of, _)| *of == name);
        shown.map_or(f64::NAN, |(_, shown)| median(&shown.cpu_us))
    }

    fn wrong(&self) -> u64 {
        self.shown.iter().map(|(_, shown)| shown.wrong).sum()
    }
}

fn summary(phases: &mut [Phase]) -> BTreeMap<&'static str, Value> {
    let mut summary = BTreeMap::new();
    summary.insert("passes", json!(PASSES));
    summary.insert("paced_at_requests_per_second", json!(RATE));
    for phase in phases {
        let shown = phase.shown.iter_mut().map(|(name, shown)| (*name, shown.json()));
        summary.insert(phase.name, json!(shown.collect::<BTreeMap<_, _>>()));
    }
    summary
}

/// What is the same for every contender.
struct Field<'a> {
    agents: &'a [Agent],
    paced: usize,
    saturated: usize,
    proofs: Proofs,
    asked_of_writ: u64,
}

impl<'a> Field<'a> {
    fn new(agents: &'a [Agent], args: &Args) -> Result<Self> {
        let calls = args.number("--calls")?;
        let paced = usize::try_from(calls.unwrap_or(PACED_CALLS))?;
        let saturated = usize::try_from(calls.unwrap_or(SATURATED_CALLS))?;
        Ok(Self { agents, paced, saturated, proofs: Proofs::new(), asked_of_writ: 0 })
    }

    /// Warms each contender up with one call per agent, then measures at both paces.
    fn phases(&mut self, contenders: &[Contender<'_>]) -> Result<Vec<Phase>> {
        for contender in contenders {
            self.shoot(contender, self.agents.len(), Pace::Saturated)?;
        }
        let every = Pace::Every(Duration::from_micros(LANES as u64 * 1_000_000 / RATE));
        Ok(vec![
            Phase { name: "paced", shown: self.passes(contenders, self.paced, every)? },
            Phase {
                name: "saturated",
                shown: self.passes(contenders, self.saturated, Pace::Saturated)?,
            },
        ])
    }

    fn passes(
        &mut self,
        contenders: &[Contender<'_>],
        calls: usize,
        pace: Pace,
    ) -> Result<Vec<(&'static str, Shown)>> {
        let mut shown: Vec<_> =
            contenders.iter().map(|contender| (contender.name, Shown::default())).collect();
        for pass in 0..PASSES {
            for turn in 0..contenders.len() {
                let at = (pass + turn) % contenders.len();
                if let (Some(contender), Some((_, shown))) = (contenders.get(at), shown.get_mut(at))
                {
                    let (told, cost) = self.shoot(contender, calls, pace)?;
                    if let Some(wrong) = &told.first_wrong {
                        say(&format!("{}: {wrong}", contender.name))?;
                    }
                    shown.take(told, cost);
                }
            }
        }
        Ok(shown)
    }

    /// One volley: what came back, and the nanoseconds that it cost the contender, by thread.
    fn shoot(
        &mut self,
        contender: &Contender<'_>,
        calls: usize,
        pace: Pace,
    ) -> Result<(Told, BTreeMap<String, u64>)> {
        let Contender { name, address, refuses, .. } = *contender;
        let nonce = contender.ours.map(|writ| writ.nonce(&mut self.proofs)).transpose()?;
        let shape = Shape { address, path: PATH, nonce: nonce.as_deref(), refuses };
        let lanes = volley(self.agents, calls, &shape, &mut self.proofs)?;
        let before = cpu::nanos_by_thread(contender.pid)?;
        let told = fire(address, &lanes, pace).with_context(|| format!("load on {name}"))?;
        pause(SETTLE);
        let mut cost = cpu::nanos_by_thread(contender.pid)?;
        for (thread, nanos) in &mut cost {
            *nanos = nanos.saturating_sub(before.get(thread).copied().unwrap_or(0));
        }
        if contender.ours.is_some() {
            self.asked_of_writ += told.requests;
        }
        Ok((told, cost))
    }
}
