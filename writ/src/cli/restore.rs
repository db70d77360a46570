//! `writ restore`: a backup into an empty store.
//!
//! Never here: what is restored and what is not (`crate::backup`).

use std::{path::PathBuf, sync::Arc};

use serde_json::Value;

use super::access::Ctx;
use crate::{
    backup::{
        Folder, Target,
        restore::{plan, restore},
        witnessed,
    },
    fault::Fault,
    host::System,
    out,
    system::{SystemClock, SystemEntropy},
};

/// LIMIT: witnesses that are asked: one for each client, and a few more.
const WITNESSES: usize = 20_000;

/// From where, and whom to ask about it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup's folder
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The backup's key: the file that `backup init` wrote, or its words in a file of mode 600
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A witness to ask what it saw last: its folder, a file with its checkpoint, or its address; may be given several times
    #[arg(long = "witness", value_name = "URL|FOLDER")]
    witnesses: Vec<String>,
    /// This generation instead of the newest
    #[arg(long, value_name = "NUMBER")]
    generation: Option<u64>,
    /// The operator's file: with a database in it, that is restored into [default: writ.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Does it.
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    if args.witnesses.len() > WITNESSES {
        return Err(Fault::usage(format!("more than {WITNESSES} witnesses")));
    }
    let folder = Folder::open(&args.from, &super::backup::open_key(ctx, Some(&args.key))?)?;
    let mut words = Vec::new();
    for witness in &args.witnesses {
        words.extend(witnessed::ask(witness).await?);
    }
    if words.is_empty() {
        ctx.out.say("No --witness: nobody says how much is missing from this backup.");
    }
    let plan = plan(&folder, args.generation, &words)?;
    let data = ctx.globals.folder();
    let target = Target::open(&data, args.config.as_deref(), &plan.checked.kek).await?;
    let system = System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let restored = restore(&folder, plan, target, &system).await?;
    ctx.out.answer(&restored.answer(), |answer| {
        let fields = [
            ("restored: generation", "/generation"),
            ("of", "/at"),
            ("lines", "/lines"),
            ("records", "/records"),
        ];
        out::fields(answer, &fields);
        let columns = [
            ("CLIENT", "/client"),
            ("LINES", "/lines"),
            ("WITNESS SAW", "/seen"),
            ("LOST", "/gap"),
            ("AGENTS ON HOLD", "/held"),
            ("VOID", "/void"),
        ];
        out::table(super::rows(answer, "ledgers"), &columns, "no ledger was in it");
        for says in answer.get("says").and_then(Value::as_array).into_iter().flatten() {
            out::line(&out::clean(says.as_str().unwrap_or_default()));
        }
    });
    Ok(())
}
