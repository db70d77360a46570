//! `cargo xtask crash`: kill -9 at random points, then look whether every acknowledged line is there and the log verifies;
//! and a trace of system calls that shows the flush to disk before each acknowledgement.
//!
//! Never here: a simulated crash. The victim is `store/examples/append_forever.rs`, a process of its own on a real disk.

use anyhow::Result;

use crate::{args::Args, shell::cargo, tally::Tally};

#[cfg(feature = "bench")]
mod rounds;
#[cfg(feature = "bench")]
mod server;
#[cfg(feature = "bench")]
mod trace;

/// Rounds of killing that the issue asks for.
#[cfg(feature = "bench")]
const ROUNDS: u64 = 200;
/// Of each so many rounds one more kills the whole server, which takes longer to start.
#[cfg(feature = "bench")]
const SERVER_ROUNDS: u64 = 8;

/// As a task of its own.
///
/// # Errors
/// If the victim cannot be built or started.
#[cfg(feature = "bench")]
pub(crate) fn run(args: &Args) -> Result<bool> {
    let build = ["build", "--quiet", "--locked", "-p"];
    let victim = ["writ-store", "--example", "append_forever"];
    let built = crate::shell::well(cargo(&[&build[..], &victim].concat()))
        && crate::shell::well(cargo(&[&build[..], &["writ"]].concat()));
    anyhow::ensure!(built, "the victims do not build");
    let debug = crate::root::target().join("debug");
    let victim = debug.join("examples/append_forever");
    let folder = crate::root::target().join("crash");
    let rounds = args.number("--rounds")?.unwrap_or(ROUNDS);
    let mut tally = rounds::run(&victim, &folder.join("store"), rounds)?;
    tally.add(trace::run(&victim, &folder.join("store"))?);
    tally.add(server::run(&debug.join("writ"), &folder, rounds.div_ceil(SERVER_ROUNDS))?);
    Ok(tally.failed == 0)
}

/// Starts itself again with the store compiled in.
///
/// # Errors
/// If that cannot be started.
#[cfg(not(feature = "bench"))]
pub(crate) fn run(args: &Args) -> Result<bool> {
    let words: Vec<&str> = args.words().iter().map(String::as_str).collect();
    Ok(again(&words)?.failed == 0)
}

/// As a step of the whole suite: its counted tests.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn check() -> Result<Tally> {
    again(&["crash"])
}

fn again(words: &[&str]) -> Result<Tally> {
    let run = ["run", "--quiet", "--locked", "-p", "xtask", "--features", "bench", "--"];
    crate::shell::counted(cargo(&[&run[..], words].concat()))
}
