//! `cargo xtask bench neighbours`: what one client at a hundred times its load does to another's calls.
//!
//! Two clients at one gateway, over connections of their own. In turns the loud one calls as often as the quiet one, and a
//! hundred times as often; the quiet one's latencies of all turns of a kind are put together and compared. Gateway, server and
//! quiet client have a core of their own: clients do not run on their gateway's machine, and the loud one's own work is no part of it.
//! Never here: a comparison across runs; turns alternate in one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    child::pause,
    cores::Cores,
    gateway::{Agent, Proofs},
    population::Size,
    stats::{float, percentile, round},
};
use crate::{
    args::Args,
    budget::now,
    cluster::{
        Build, Shared,
        caller::{Door, Told},
        upstream::Upstream,
    },
    root::target,
    shell::say,
};

/// Calls a second of each client when both are quiet.
const RATE: u64 = 50;
/// How much louder the loud one gets.
const TIMES: u64 = 100;
/// Connections of the loud one.
const LANES: u64 = 32;
/// Turns of each kind, and how long one is.
const TURNS: usize = 6;
const TURN: Duration = Duration::from_secs(10);
/// At the beginning of a turn, before anything is measured.
const SETTLE: Duration = Duration::from_secs(1);
/// Bar of the issue.
const RATIO_MAX: f64 = 1.10;

/// What a loud client was told.
#[derive(Debug, Default, Clone, Copy)]
struct Loud {
    served: u64,
    shed: u64,
    other: u64,
}

/// Runs it; false if the bar is missed.
///
/// # Errors
/// If the processes cannot be had.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let turns = args.number("--turns")?.map_or(Ok(TURNS), usize::try_from)?;
    let folder = target().join("bench/neighbours");
    let (cores, build) = (Cores::part(), Build::of(args));
    cores.measures_me()?;
    let upstream = Upstream::start()?;
    cores.starts_others()?;
    let shared = Shared::start(&folder, upstream.address, (1, build))?;
    let desk = shared.member("desk", "desk")?;
    let world = shared.populate(2, Size { agents: 1, grants: 2 })?;
    desk.server.stop()?;
    let _desk = shared.member("desk", "desk")?;
    let gateway = shared.member("gateway-0", "gateway")?;
    cores.measures(gateway.server.pid())?;
    cores.measures_me()?;
    let enrolled = world.clerks.into_iter().map(|clerk| clerk.enrolled).collect();
    let mut agents = shared.tokens(enrolled)?.into_iter().map(Arc::new);
    let (quiet, loud) = (agents.next().context("nobody")?, agents.next().context("nobody")?);
    let url = shared.resource();
    let (mut calm, mut noisy) = (Vec::new(), Vec::new());
    let (mut wrong, mut told) = (0, Loud::default());
    for turn in 0..turns * 2 {
        let times = if turn % 2 == 0 { 1 } else { TIMES };
        let stop = Arc::new(AtomicBool::new(false));
        let lanes = if times == 1 { 1 } else { LANES };
        let every = Duration::from_micros(lanes * 1_000_000 / (RATE * times));
        let noise: Vec<_> = (0..lanes)
            .map(|_| {
                let (agent, stop) = (Arc::clone(&loud), Arc::clone(&stop));
                let door = Door::new(gateway.address, &url);
                thread::spawn(move || shout(door, &agent, (every, cores), &stop))
            })
            .collect();
        pause(SETTLE);
        let (micros, bad) = measure(Door::new(gateway.address, &url), &quiet)?;
        stop.store(true, Ordering::SeqCst);
        for lane in noise {
            let lane = lane.join().map_err(|_panic| anyhow::anyhow!("a lane fell over"))??;
            if times > 1 {
                told.served += lane.served;
                told.shed += lane.shed;
                told.other += lane.other;
            }
        }
        wrong += bad;
        if times == 1 { calm.extend(micros) } else { noisy.extend(micros) }
    }
    let (before, after) = (percentile(&mut calm, 0.99), percentile(&mut noisy, 0.99));
    let ratio = float(after) / float(before);
    let held = ratio <= RATIO_MAX && wrong == 0;
    let summary = json!({
        "build": build.folder(), "cores": cores.name(),
        "rate": RATE, "times": TIMES, "turns": turns, "calls_each": calm.len(),
        "p50_us_calm": percentile(&mut calm, 0.5), "p50_us_noisy": percentile(&mut noisy, 0.5),
        "p99_us_calm": before, "p99_us_noisy": after,
        "ratio_p50": round(float(percentile(&mut noisy, 0.5)) / float(percentile(&mut calm, 0.5)), 3),
        "ratio_p99": round(ratio, 3), "ratio_p99_max": RATIO_MAX,
        "quiet_refused": wrong,
        "loud_served": told.served, "loud_shed": told.shed, "loud_other": told.other,
        "held": held,
    });
    say(&summary.to_string())?;
    Ok(held)
}

/// The quiet client's turn: its latencies, and how many of its calls were not served.
fn measure(mut door: Door, agent: &Agent) -> Result<(Vec<u64>, u64)> {
    let (mut micros, mut wrong) = (Vec::new(), 0);
    let mut proofs = Proofs::new();
    // Learns the nonce, and opens the connection.
    door.call(agent, &mut proofs)?;
    let every = Duration::from_micros(1_000_000 / RATE);
    let (since, mut due) = (now(), now());
    while since.elapsed() < TURN {
        due += every;
        pause(due.saturating_duration_since(now()));
        let (begun, told) = door.call(agent, &mut proofs)?;
        micros.push(u64::try_from(begun.elapsed().as_micros())?);
        wrong += u64::from(told != Told::Served);
    }
    Ok((micros, wrong))
}

/// One connection of the loud client.
fn shout(
    mut door: Door,
    agent: &Agent,
    (every, cores): (Duration, Cores),
    stop: &AtomicBool,
) -> Result<Loud> {
    cores.loads_me()?;
    let mut proofs = Proofs::new();
    let mut loud = Loud::default();
    let mut due = now();
    while !stop.load(Ordering::SeqCst) {
        due += every;
        pause(due.saturating_duration_since(now()));
        match door.call(agent, &mut proofs)?.1 {
            Told::Served => loud.served += 1,
            Told::Refused(429) => loud.shed += 1,
            Told::Refused(_) | Told::Nothing => loud.other += 1,
        }
    }
    Ok(loud)
}
