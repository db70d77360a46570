//! The system's clock, its entropy and its environment: the one place where the binary touches what libraries get as
//! arguments.
//!
//! Never here: a decision on any of these values. To add a variable: a function below, named after it, and its line in
//! the `writ --help` text.

use std::{
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

#[cfg(feature = "server")]
use writ_model::Entropy;
use writ_model::{Clock, Timestamp};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static START: LazyLock<Duration> = LazyLock::new(running);

/// SECURITY: how long the machine runs, its sleep included. A lease is counted by this clock, and one that stood still while a
/// laptop or a paused machine slept would let it act on what it knew the day before.
#[cfg(target_os = "linux")]
fn running() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let nanos = u32::try_from(at.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(at.tv_sec).unwrap_or_default(), nanos)
}

/// Elsewhere the process's own count, which may stand still while the machine sleeps.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
fn running() -> Duration {
    static FIRST: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    std::time::Instant::now().saturating_duration_since(*FIRST)
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is handed"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic_micros(&self) -> u64 {
        // The first reading begins the count; read first, so that none is before it.
        let start = *START;
        u64::try_from(running().saturating_sub(start).as_micros()).unwrap_or(u64::MAX)
    }
}

/// The system's source of randomness.
#[cfg(feature = "server")]
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

#[cfg(feature = "server")]
impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) {
        if aws_lc_rs::rand::fill(out).is_err() {
            // A process without randomness would hand out guessable secrets: it stops at once instead.
            std::process::abort();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "configuration is read here and nowhere else")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The data folder: `WRIT_DATA_DIR`, or `~/.local/share/writ`.
pub fn data_dir() -> PathBuf {
    variable("WRIT_DATA_DIR").map_or_else(|| home().join(".local/share/writ"), PathBuf::from)
}

/// Where agents' keys are kept: `WRIT_AGENT_DIR`, or `~/.config/writ/agents`.
pub fn agent_dir() -> PathBuf {
    variable("WRIT_AGENT_DIR").map_or_else(|| home().join(".config/writ/agents"), PathBuf::from)
}

/// The program that signs instead of a browser: `WRIT_SIGNER`.
pub fn signer() -> Option<String> {
    variable("WRIT_SIGNER")
}

/// What to log: `WRIT_LOG`, in the words of `tracing_subscriber::EnvFilter`.
pub fn log_filter() -> Option<String> {
    variable("WRIT_LOG")
}

/// Whether each line of the log is a JSON document: `WRIT_LOG_FORMAT=json`.
pub fn log_as_json() -> bool {
    variable("WRIT_LOG_FORMAT").is_some_and(|format| format == "json")
}

/// Whether colour is unwanted (`NO_COLOR`).
pub fn no_color() -> bool {
    variable("NO_COLOR").is_some()
}

/// Where temporary folders go.
pub fn temp_dir() -> PathBuf {
    std::env::temp_dir()
}

/// The home folder of whoever runs this: `HOME`, on Windows `USERPROFILE`.
pub fn home() -> PathBuf {
    variable("HOME")
        .or_else(|| variable("USERPROFILE"))
        .map_or_else(|| PathBuf::from("."), PathBuf::from)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_counts_the_machines_sleep() {
        // The kernel's own words of how long it runs, asleep or awake, to a hundredth of a second.
        let told = || -> f64 {
            let text = std::fs::read_to_string("/proc/uptime").unwrap();
            text.split(' ').next().unwrap().parse().unwrap()
        };
        let (before, now, after) = (told(), running().as_secs_f64(), told());
        assert!(before - 0.02 <= now && now <= after + 0.02, "{before} {now} {after}");
        let first = SystemClock.monotonic_micros();
        assert!(SystemClock.monotonic_micros() >= first);
    }
}
