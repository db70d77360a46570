//! `cargo xtask crash`: kill -9 at random points, then look whether every acknowledged line is there and the log verifies;
//! and a trace of system calls that shows the flush to disk before each acknowledgement.
//!
//! Never here: a simulated crash. The victim is `store/examples/append_forever.rs`, a process of its own on a real disk.

use anyhow::Result;

use crate::{
    args::Args,
    root::target,
    shell::{command, counted, programs},
    tally::Tally,
};

#[cfg(feature = "bench")]
pub(crate) mod passkey;
#[cfg(feature = "bench")]
mod rounds;
#[cfg(feature = "bench")]
mod server;
#[cfg(feature = "bench")]
mod trace;

#[cfg(feature = "bench")]
pub(crate) use passkey::sign;

/// Rounds of killing that the issue asks for.
#[cfg(feature = "bench")]
const ROUNDS: u64 = 200;
/// Of each so many rounds one more kills the whole server, which takes longer to start.
#[cfg(feature = "bench")]
const SERVER_ROUNDS: u64 = 8;

/// As a task of its own.
///
/// # Errors
/// If a victim cannot be started.
#[cfg(feature = "bench")]
pub(crate) fn run(args: &Args) -> Result<bool> {
    let debug = target().join("debug");
    let victim = debug.join("examples/append_forever");
    let folder = target().join("crash");
    let rounds = args.number("--rounds")?.unwrap_or(ROUNDS);
    let mut tally = rounds::run(&victim, &folder.join("store"), rounds)?;
    tally.add(trace::run(&victim, &folder.join("store"))?);
    tally.add(server::run(&debug.join("writ"), &folder, rounds.div_ceil(SERVER_ROUNDS))?);
    Ok(tally.failed == 0)
}

/// Starts itself again with the store compiled in.
///
/// # Errors
/// If that cannot be built or started.
#[cfg(not(feature = "bench"))]
pub(crate) fn run(args: &Args) -> Result<bool> {
    let words: Vec<&str> = args.words().iter().map(String::as_str).collect();
    Ok(again(&words)?.failed == 0)
}

/// As a step of the whole suite: its counted tests.
///
/// # Errors
/// If it cannot be built or started.
pub(crate) fn check() -> Result<Tally> {
    again(&["crash"])
}

/// Builds the victims and the optional half of this tool as the unit tests are built, the whole workspace with every
/// feature: a choice of packages would choose other features of their dependencies, and compile those once more.
fn again(words: &[&str]) -> Result<Tally> {
    programs()?;
    counted(command(target().join("debug/xtask"), words))
}
