//! The command line of a binary that is `writ scan` alone: built without the feature `server`, for a client's machine of any
//! system. Its options and answers are those of the whole binary's `writ scan`, but for `--propose`, which speaks to a desk.
//!
//! Never here: a command of its own. To add one that needs no server either: its variant in [`Command`], its arm in [`alone`].

use clap::{Parser, Subcommand};

use crate::{
    fault::{Exit, Fault},
    out::Out,
};

pub mod scan;

/// What commands get: here, how to answer.
pub mod access {
    use crate::out::Out;

    /// What every command gets.
    #[derive(Debug, Clone)]
    pub struct Ctx {
        /// How to answer.
        pub out: Out,
    }
}

/// What AI runs on a machine, without running any of it. The scan of Writ, alone.
#[derive(Debug, Parser)]
#[command(name = "writ", version, after_help = Exit::MEANINGS, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Globals {
    /// One JSON document instead of words
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What AI runs here: clients, servers, skills, models, keys; nothing is run or sent
    Scan(Box<scan::Args>),
}

/// Does what the command line says.
///
/// # Errors
/// [`Fault`] with the exit code.
pub fn alone(cli: Cli) -> Result<(), Fault> {
    let Command::Scan(args) = cli.command;
    scan::alone(&access::Ctx { out: Out { json: cli.globals.json } }, &args)
}
