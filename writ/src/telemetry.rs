//! The log: one line an event on stderr, never on stdout; with `WRIT_LOG_FORMAT=json` one JSON document a line. And traces,
//! where the operator's file names a collector. The names of events are fixed: `docs/operations.md` lists them.
//!
//! Never here: a secret, or an event of the hot path below `warn`. To change what is logged: `WRIT_LOG`.

use std::io::IsTerminal as _;

use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::system;

pub mod traces;

/// How much is logged if `WRIT_LOG` does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// What a person at a terminal should see.
    Warnings,
    /// What the operator of a server should be able to look up later.
    Events,
}

impl Talk {
    const fn filter(self) -> &'static str {
        match self {
            Self::Warnings => "warn",
            Self::Events => "info",
        }
    }
}

/// Starts logging for this process.
pub fn start(talk: Talk) {
    let filter = system::log_filter().unwrap_or_else(|| talk.filter().to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_bad| EnvFilter::new(talk.filter()));
    // Spans for traces are no lines, and where nobody traces they must cost nothing.
    let filter = match format!("{}=off", traces::TARGET).parse() {
        Ok(off) => filter.add_directive(off),
        Err(_never) => filter,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if system::log_as_json() {
        lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal() && !system::no_color()).boxed()
    };
    let started = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces::layer())
        .try_init();
    if let Err(error) = started {
        // A second start in one process keeps the first one's log.
        tracing::debug!(%error, "log already started");
    }
}
