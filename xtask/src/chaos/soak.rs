//! `cargo xtask soak --minutes N`: steady load at a share of what one gateway does here when it is saturated, and whether
//! anything grows: memory of each process, what waits in queues, how far behind the ledger and the lakes are.
//!
//! Never here: a figure of the machine that it was tried on; what saturates is measured first.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    callers::{Callers, Ways},
    rounds::compare,
    site::{Measure, Site},
};
use crate::{
    args::Args,
    bench::{
        child::pause,
        cpu,
        stats::{float, round},
    },
    budget::now,
    root::target,
    shell::say,
};

/// One gateway, one bus.
const SITE: Measure = Measure { nodes: 1, gateways: 1, clients: 8 };
/// Callers at once: enough to keep a gateway busy on two cores.
const CALLERS: usize = 8;
/// Minutes, if nothing says otherwise.
const MINUTES: u64 = 30;
/// For how long it is saturated first, and how long it rests then.
const SATURATED: Duration = Duration::from_secs(15);
const REST: Duration = Duration::from_secs(5);
/// The load, as a share of that.
const SHARE: f64 = 0.6;
/// Between two samples.
const EVERY: Duration = Duration::from_secs(5);
/// What the peaks of a flat line may rise by, in megabytes a minute, in the last third of the time; and in less than
/// [`LONG`], in which caches still fill.
const RISE_MAX: f64 = 0.5;
const RISE_MAX_SHORT: f64 = 8.0;
const LONG: u64 = 10;
/// LIMIT: seconds that a process may be behind the ledger, or a gateway behind the bus.
const LAG_MAX: f64 = 1.0;

/// Megabytes of each process by minutes, and the largest of what waits.
#[derive(Debug, Default)]
struct Seen {
    memory: BTreeMap<String, Vec<(f64, f64)>>,
    most: BTreeMap<&'static str, f64>,
}

/// What waits or is late, and in which role.
const WAITS: [(&str, &str); 7] = [
    ("gateway", "writ_ledger_lag_seconds"),
    ("soc", "writ_ledger_lag_seconds"),
    ("desk", "writ_ledger_lag_seconds"),
    ("gateway", "writ_bus_behind_seconds"),
    ("gateway", "writ_spool_bytes"),
    ("gateway", "writ_records_queued"),
    ("soc", "writ_seals_waiting"),
];

/// Runs it; false if something grew, lagged or was dropped.
///
/// # Errors
/// If the processes cannot be had.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let minutes = args.number("--minutes")?.unwrap_or(MINUTES);
    let mut site = Site::start(args, &target().join("chaos/soak"), SITE)?;
    let (ways, gateways) = (Ways::of(&site.shared), site.gateways());
    let lanes = site.agents(CALLERS)?;
    let warm = Callers::start(lanes, (&ways, &gateways, "warm"), Duration::ZERO);
    pause(SATURATED);
    let saturated = float(warm.served()) / SATURATED.as_secs_f64();
    let first = warm.end()?;
    anyhow::ensure!(saturated > 0.0, "nothing was served");
    pause(REST);
    let rate = saturated * SHARE;
    say(&format!("# saturated at {saturated:.0} calls/s; {minutes} minutes at {rate:.0}"))?;
    let every = Duration::from_secs_f64(float(CALLERS as u64) / rate);
    let lanes = site.agents(CALLERS)?;
    let callers = Callers::start(lanes, (&ways, &gateways, "steady"), every);
    let (seen, behind) = watch(&mut site, &callers, minutes)?;
    let mut answers = callers.end()?;
    let (refused, unanswered) = (answers.refused, answers.nothing);
    let calls = answers.served.len();
    answers.served.extend(first.served);
    let found = compare(&mut site, &answers, &BTreeSet::new())?;
    let rise_max = if minutes >= LONG { RISE_MAX } else { RISE_MAX_SHORT };
    let rises: BTreeMap<&str, f64> =
        seen.memory.iter().map(|(name, line)| (name.as_str(), round(rise(line), 3))).collect();
    let memory: BTreeMap<&str, Vec<f64>> =
        seen.memory.iter().map(|(name, line)| (name.as_str(), by_minute(line))).collect();
    let lag = seen.most.iter().filter(|(name, _)| name.ends_with("_seconds"));
    let lag = lag.map(|(_, most)| *most).fold(0.0, f64::max);
    let lost = found.summary.get("lost").and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
    let drops = refused + unanswered + lost;
    let flat = rises.values().all(|rise| *rise <= rise_max);
    let held = flat && lag <= LAG_MAX && drops == 0 && found.held && site.left == 0;
    let all = json!({
        "soak_minutes": minutes, "saturated_per_second": round(saturated, 0),
        "wanted_per_second": round(rate, 0),
        "calls_per_second": round(float(calls as u64) / float(minutes * 60), 0), "calls": calls,
        "peaks_rise_mb_per_minute": rises, "peaks_rise_mb_per_minute_max": rise_max,
        "memory_mb_by_minute": memory,
        "lag_seconds_max": round(lag, 3), "lag_seconds_bar": LAG_MAX,
        "records_behind_max": behind, "most": seen.most,
        "refused": refused, "unanswered": unanswered, "lost": lost, "drops": drops,
        "found": found.summary, "held": held,
    });
    let ok = if held { "ok" } else { "not ok" };
    say(&format!("{ok} - soak: {minutes} minutes: memory flat, no lag, no drop"))?;
    say(&all.to_string())?;
    Ok(held)
}

/// Samples until the time is over; also how many served calls the soc's lake did not have yet, at most.
fn watch(site: &mut Site, callers: &Callers, minutes: u64) -> Result<(Seen, u64)> {
    let (mut seen, mut behind) = (Seen::default(), 0);
    let arrived = |site: &Site| -> Option<f64> {
        site.of("soc").next()?.measured("writ_lake_arrived_total{what=\"new\"}")
    };
    // Refused calls have records too; there should be none.
    let before = arrived(site).context("the soc says nothing of its lake")?;
    let since = now();
    while since.elapsed() < Duration::from_secs(minutes * 60) {
        pause(EVERY);
        site.tend()?;
        let served = callers.served();
        for one in &site.all {
            let Some(pid) = one.pid() else { continue };
            let megabytes = float(cpu::resident(pid)?) / f64::from(1 << 20);
            let at = since.elapsed().as_secs_f64() / 60.0;
            seen.memory.entry(one.name().to_owned()).or_default().push((at, megabytes));
            for (_, name) in WAITS.iter().filter(|(role, _)| *role == one.role) {
                // A process that does not answer in time is behind.
                let value = one.measured(name).unwrap_or(f64::MAX);
                let most = seen.most.entry(name).or_default();
                *most = most.max(value);
            }
        }
        let there = arrived(site).unwrap_or(0.0) - before;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let there = there.max(0.0) as u64;
        behind = behind.max(served.saturating_sub(there));
    }
    Ok((seen, behind))
}

/// By how much the peaks of a line rise per minute: the highest of its last third against the highest before. An allocator
/// gives pages back late and a queue of marks is swept now and then, so a healthy line goes up and down, and a slope depends
/// on where in such a wave it begins; what is never given back raises the peaks.
fn rise(line: &[(f64, f64)]) -> f64 {
    let (before, last) = line.split_at(line.len() - line.len() / 3);
    let peak = |part: &[(f64, f64)]| part.iter().map(|(_, mb)| *mb).fold(f64::MIN, f64::max);
    match (last.first(), last.last()) {
        (Some((begun, _)), Some((ended, _))) if ended > begun => {
            (peak(last) - peak(before)) / (ended - begun)
        }
        _ => 0.0,
    }
}

/// The highest of each minute.
fn by_minute(line: &[(f64, f64)]) -> Vec<f64> {
    let mut peaks: BTreeMap<u64, f64> = BTreeMap::new();
    for (at, mb) in line {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes")]
        let peak = peaks.entry(*at as u64).or_insert(*mb);
        *peak = peak.max(*mb);
    }
    peaks.into_values().map(|mb| round(mb, 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mb: impl Fn(u32) -> f64) -> Vec<(f64, f64)> {
        (0..300).map(|at| (f64::from(at) / 10.0, mb(at))).collect()
    }

    #[test]
    fn what_is_never_given_back_is_seen_under_waves() {
        let wave = |at: u32| f64::from(at % 70) / 3.0;
        assert!(rise(&line(wave)) <= 0.0);
        let leak = line(|at| wave(at) + f64::from(at) / 10.0);
        assert!(rise(&leak) > RISE_MAX, "{}", rise(&leak));
        let slow = line(|at| f64::from(at) * 0.6 / 10.0);
        assert!((rise(&slow) - 0.6).abs() < 0.05, "{}", rise(&slow));
        assert!(rise(&[(0.0, 1.0)]).abs() < 1e-9);
    }

    #[test]
    fn a_minute_has_one_peak() {
        assert_eq!(by_minute(&[(0.1, 5.0), (0.9, 7.04), (1.0, 6.0)]), [7.0, 6.0]);
    }
}
