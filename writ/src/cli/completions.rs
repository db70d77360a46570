//! `writ completions SHELL`: completion for a shell, from the command tree itself.
//!
//! Never here: a list of commands kept by hand. To support a shell: `clap_complete` does.

use clap::CommandFactory as _;

use super::Cli;
use crate::out;

/// Which shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: clap_complete::Shell,
}

/// Prints it.
pub fn run(args: &Args) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "writ", &mut script);
    out::line(&String::from_utf8_lossy(&script));
}
