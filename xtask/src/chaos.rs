//! `cargo xtask chaos`: the processes of an installation killed at random and cut off from each other, under calls and
//! commands; afterwards the ledgers and the lake are compared with what callers were told. `cargo xtask soak`: hours of load.
//!
//! Never here: a simulated crash, or a switch that makes a process wait for the test. Real processes, real engines.
//! To add a way to break something: a `rounds::Victim`, or a cut in `partition`.

use anyhow::Result;

use crate::{args::Args, root::target, tally::Tally};

#[cfg(feature = "bench")]
mod callers;
#[cfg(feature = "bench")]
mod look;
#[cfg(feature = "bench")]
mod partition;
#[cfg(feature = "bench")]
mod rounds;
#[cfg(feature = "bench")]
mod site;
#[cfg(feature = "bench")]
mod soak;
#[cfg(feature = "bench")]
mod writers;

#[cfg(feature = "bench")]
pub(crate) use soak::run as soak;

/// Rounds of each kind of victim that the issue asks for.
#[cfg(feature = "bench")]
const ROUNDS: u64 = 200;

/// Kills, then cuts; `chaos crash` and `chaos partition` do one of them. False if a promise was broken.
///
/// # Errors
/// If the processes cannot be had.
#[cfg(feature = "bench")]
pub(crate) fn run(args: &Args) -> Result<bool> {
    let rounds = args.number("--rounds")?.unwrap_or(ROUNDS);
    let crashes = match args.noun() {
        Some("partition") => true,
        Some("crash") | None => rounds::run(args, rounds)?,
        Some(other) => anyhow::bail!("say chaos crash or chaos partition, not {other}"),
    };
    let cuts = args.noun() == Some("crash") || partition::run(args)?;
    Ok(crashes && cuts)
}

/// Starts itself again, with what breaks things compiled in.
///
/// # Errors
/// If that cannot be built or started.
#[cfg(not(feature = "bench"))]
pub(crate) fn run(args: &Args) -> Result<bool> {
    let words: Vec<&str> = args.words().iter().map(String::as_str).collect();
    let optimised = ["--release", "--locked", "-p", "xtask", "--features", "bench", "--"];
    crate::shell::ended_well(crate::shell::cargo(
        &[&["run", "--quiet"], &optimised[..], &words].concat(),
    ))
}

/// The same for the soak.
///
/// # Errors
/// If that cannot be built or started.
#[cfg(not(feature = "bench"))]
pub(crate) fn soak(args: &Args) -> Result<bool> {
    run(args)
}

/// As a step of the whole suite: a few rounds of each kind, and every cut once, over the build that the unit tests use.
///
/// # Errors
/// If it cannot be built or started.
pub(crate) fn check() -> Result<Tally> {
    crate::setup::postgres()?;
    crate::setup::nats()?;
    crate::shell::programs()?;
    let words = ["chaos", "--rounds", "2", "--debug"];
    crate::shell::counted(crate::shell::command(target().join("debug/xtask"), &words))
}
