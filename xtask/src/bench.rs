//! `cargo xtask bench NAME`: starts itself again, optimised and with what measures compiled in.
//!
//! Never here: a figure. To add a bench: a file below `bench/`, its word in [`run`].

use anyhow::Result;

use crate::args::Args;

#[cfg(feature = "bench")]
pub(crate) mod charter;
#[cfg(feature = "bench")]
pub(crate) mod child;
#[cfg(feature = "bench")]
mod cores;
#[cfg(feature = "bench")]
pub(crate) mod cpu;
#[cfg(feature = "bench")]
mod decide;
#[cfg(feature = "bench")]
mod first_byte;
#[cfg(feature = "bench")]
mod flow;
#[cfg(feature = "bench")]
mod flow_score;
#[cfg(feature = "bench")]
mod flow_speed;
#[cfg(feature = "bench")]
pub(crate) mod gateway;
#[cfg(feature = "bench")]
mod idle;
#[cfg(feature = "bench")]
mod kill;
#[cfg(feature = "bench")]
mod ledger;
#[cfg(feature = "bench")]
pub(crate) mod load;
#[cfg(feature = "bench")]
mod neighbours;
#[cfg(feature = "bench")]
pub(crate) mod population;
#[cfg(feature = "bench")]
mod start;
#[cfg(feature = "bench")]
pub(crate) mod stats;

/// Runs the named bench; false if it missed its bar.
///
/// # Errors
/// If there is no such bench, or it cannot run.
#[cfg(feature = "bench")]
pub(crate) fn run(args: &Args) -> Result<bool> {
    match args.noun() {
        Some("decide") => decide::run(args),
        Some("first-byte") => first_byte::run(args),
        Some("flow") => flow::run(args),
        Some("gateway") => gateway::run(args),
        Some("idle") => idle::run(args),
        Some("kill") => kill::run(args),
        Some("ledger") => ledger::run(args),
        Some("neighbours") => neighbours::run(args),
        Some("start") => start::run(args),
        _ => anyhow::bail!(
            "say which: cargo xtask bench decide|first-byte|flow|gateway|idle|kill|ledger|neighbours|start --json"
        ),
    }
}

/// Builds the optimised self with the `bench` feature and hands everything on to it.
///
/// # Errors
/// If that cannot be started.
#[cfg(not(feature = "bench"))]
pub(crate) fn run(args: &Args) -> Result<bool> {
    crate::shell::again("bench", args.words())
}
