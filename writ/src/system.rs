//! The system's clock, its entropy and its environment: the one place where the binary touches what libraries get as
//! arguments.
//!
//! Never here: a decision on any of these values. To add a variable: a function below, named after it, and its line in
//! the `writ --help` text.

use std::{
    path::PathBuf,
    sync::LazyLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use writ_model::{Clock, Entropy, Timestamp};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static START: LazyLock<Instant> = LazyLock::new(instant);

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
fn instant() -> Instant {
    Instant::now()
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
        u64::try_from(instant().saturating_duration_since(*START).as_micros()).unwrap_or(u64::MAX)
    }
}

/// The system's source of randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

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

fn home() -> PathBuf {
    variable("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from)
}
