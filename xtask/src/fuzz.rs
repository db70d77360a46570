//! `cargo xtask fuzz [NAME] [--list] [--minutes N] [--seed N]`: readers of outside bytes are tried with changed real inputs,
//! on stable Rust. Each reader is hunted in a process of its own, so that one that overflows its stack or stands still is a
//! finding, too.
//!
//! What was found is kept in `target/fuzz/NAME`, as small as it could be made. Copied to `xtask/fuzz/NAME`, it is tried first
//! in every run and by the tests: a regression test.
//! Never here: a reader, or what it has to hold to. To add one: a row in a list of targets below `fuzz/`.

use anyhow::Result;

use crate::args::Args;

#[cfg(feature = "fuzz")]
mod dice;
#[cfg(feature = "fuzz")]
mod found;
#[cfg(feature = "fuzz")]
mod gate;
#[cfg(feature = "fuzz")]
mod hunt;
#[cfg(feature = "fuzz")]
mod kept;
#[cfg(feature = "fuzz")]
mod models;
#[cfg(feature = "fuzz")]
mod mutate;
#[cfg(feature = "fuzz")]
mod process;
#[cfg(feature = "fuzz")]
mod read;
#[cfg(feature = "fuzz")]
mod signed;
#[cfg(feature = "fuzz")]
mod tree;
#[cfg(feature = "fuzz")]
mod wire;

/// Hunts in the named reader, or in all of them; false if something was found.
///
/// # Errors
/// If there is no such reader, or a process cannot be started.
#[cfg(feature = "fuzz")]
pub(crate) fn run(args: &Args) -> Result<bool> {
    process::run(args)
}

/// Builds the optimised self with the readers in it and hands everything on to it.
///
/// # Errors
/// If that cannot be started.
#[cfg(not(feature = "fuzz"))]
pub(crate) fn run(args: &Args) -> Result<bool> {
    crate::shell::again("fuzz", args.words())
}

/// The names of all readers.
#[cfg(all(test, feature = "fuzz"))]
pub(crate) fn names() -> Vec<&'static str> {
    process::names()
}
