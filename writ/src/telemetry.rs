//! The log: one line an event on stderr, never on stdout.
//!
//! Never here: a secret, or an event of the hot path below `warn`. To change what is logged: `WRIT_LOG`.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::system;

/// What is logged if `WRIT_LOG` does not say.
const DEFAULT: &str = "warn";

/// Starts logging for this process.
pub fn start() {
    let filter = system::log_filter().unwrap_or_else(|| DEFAULT.to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_invalid| EnvFilter::new(DEFAULT));
    let colour = std::io::stderr().is_terminal() && !system::no_color();
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .try_init();
    if let Err(error) = started {
        // A second start in one process keeps the first one's log.
        tracing::debug!(%error, "log already started");
    }
}
