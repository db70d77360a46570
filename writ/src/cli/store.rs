//! `writ store`: the database that several processes share.
//!
//! Never here: SQL. To add a verb: its arm in [`run`].

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::access::Ctx;
use crate::{
    config::{self, Config},
    fault::Fault,
    host::shared,
    out,
};

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make its tables, or bring them to this release: as their owner, while the processes run
    Migrate(Migrate),
}

/// As whom.
#[derive(Debug, clap::Args)]
pub struct Migrate {
    /// The database as the owner of its tables, postgresql://OWNER@HOST/DATABASE
    #[arg(long, value_name = "ADDRESS")]
    owner: String,
    /// The file with the owner's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The operator's file, which names the role that the processes use [default: writ.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let Verb::Migrate(args) = verb;
    let folder = ctx.globals.folder();
    let config = Config::read(&args.config.unwrap_or_else(|| folder.join(config::FILE)))?;
    let version =
        shared::migrate(&folder, &config, &args.owner, args.password_file.as_deref()).await?;
    let document = json!({"schema": version});
    ctx.out.answer(&document, |document| out::fields(document, &[("schema", "/schema")]));
    Ok(())
}
