//! `writ backup`: make one, write to it while the server runs, see whether it is whole.
//!
//! Never here: the format (`crate::backup`). To add a verb: a variant of [`Verb`], its arm in [`run`].

use std::path::{Path, PathBuf};

use serde_json::json;
use writ_model::Clock as _;

use super::access::Ctx;
use crate::{
    backup::{self, BackupKey, Folder, Manifest, Source, key},
    fault::Fault,
    out,
    system::{SystemClock, SystemEntropy},
};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Make a backup's folder and its key, and print the key once, for paper
    Init {
        /// A new folder: on another disk, or one that is copied elsewhere
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Where to keep the key [default: backup.key in the data folder]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Write what is new since the last run; the server may run or not
    Run {
        /// The folder that `init` made
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// The backup's key [default: backup.key in the data folder]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// The operator's file [default: writ.toml in the data folder]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Open every file, and recompute every ledger's root from its lines
    Check {
        /// The backup's folder
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The backup's key [default: backup.key in the data folder]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// This generation instead of the newest
        #[arg(long, value_name = "NUMBER")]
        generation: Option<u64>,
    },
    /// The generations of a backup, newest first
    List {
        /// The backup's folder
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The backup's key [default: backup.key in the data folder]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
}

/// The key of a backup: of this file, or of the data folder's.
pub(super) fn open_key(ctx: &Ctx, file: Option<&Path>) -> Result<BackupKey, Fault> {
    let default = || ctx.globals.folder().join(key::FILE);
    BackupKey::open(&file.map_or_else(default, Path::to_owned))
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::Init { to, key } => init(ctx, &to, key.as_deref()),
        Verb::Run { to, key, config } => {
            let data = ctx.globals.folder();
            let folder = Folder::open_to_write(&to, &open_key(ctx, key.as_deref())?)?;
            let source = Source::open(&data, config.as_deref()).await?;
            let done = backup::run(&source, &folder, &data, &SystemClock).await?;
            ctx.out.answer(&done.answer(&folder), |answer| {
                let fields = [
                    ("generation", "/generation"),
                    ("ledgers", "/ledgers"),
                    ("lines", "/lines"),
                    ("of them new", "/new_lines"),
                    ("records", "/records"),
                    ("of them new", "/new_records"),
                    ("bytes written", "/bytes"),
                    ("old files removed", "/removed"),
                ];
                out::fields(answer, &fields);
                if done.records_anew {
                    out::line("The activity store is another one than before: all its records were copied.");
                }
            });
            Ok(())
        }
        Verb::Check { from, key, generation } => {
            let folder = Folder::open(&from, &open_key(ctx, key.as_deref())?)?;
            let checked = backup::check(&folder, generation, &[])?;
            ctx.out.answer(&checked.answer(&folder), |answer| {
                let fields = [
                    ("whole: generation", "/generation"),
                    ("of", "/at"),
                    ("ledgers", "/ledgers"),
                    ("lines", "/lines"),
                    ("keys", "/keys"),
                    ("secrets", "/secrets"),
                    ("records", "/records"),
                    ("files", "/files"),
                ];
                out::fields(answer, &fields);
            });
            Ok(())
        }
        Verb::List { from, key } => list(ctx, &from, key.as_deref()),
    }
}

fn init(ctx: &Ctx, to: &Path, file: Option<&Path>) -> Result<(), Fault> {
    let data = ctx.globals.folder();
    let path = file.map_or_else(|| data.join(key::FILE), Path::to_owned);
    let key = BackupKey::new(&SystemEntropy);
    // The key first: a backup whose key was lost between two steps would be one that nobody opens.
    key.save(&path)?;
    let folder = Folder::init(to, &key, &SystemEntropy).inspect_err(|_fault| {
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(%error, "the key of no backup stays in {}", path.display());
        }
    })?;
    let words = key.words();
    let answer = json!({
        "backup": folder.id(), "to": to, "key_file": path, "key": words.expose(),
        "at": SystemClock.now(),
    });
    ctx.out.answer(&answer, |answer| {
        let fields = [("backup", "/backup"), ("folder", "/to"), ("key file", "/key_file")];
        out::fields(answer, &fields);
        out::line("");
        out::line("Write this key down and keep it away from this machine. It is not shown again, and without it");
        out::line("nothing in this backup can be read by anybody:");
        out::line("");
        out::line(words.expose());
        out::line("");
        out::line("Next: `writ backup run`, every hour or so; then `writ backup check`.");
    });
    Ok(())
}

fn list(ctx: &Ctx, from: &Path, file: Option<&Path>) -> Result<(), Fault> {
    let folder = Folder::open(from, &open_key(ctx, file)?)?;
    let mut rows = Vec::new();
    for generation in folder.generations()?.into_iter().rev() {
        let Manifest { at, writ, heads, objects, records, .. } =
            folder.generation(generation)?.manifest;
        rows.push(json!({
            "generation": generation, "at": at, "writ": writ, "ledgers": heads.len(),
            "lines": heads.iter().map(|head| head.size).sum::<u64>(), "files": objects.len(),
            "records": records.map(|records| records.count),
        }));
    }
    ctx.out.answer(&json!({"backup": folder.id(), "generations": rows}), |answer| {
        let columns = [
            ("GENERATION", "/generation"),
            ("AT", "/at"),
            ("LEDGERS", "/ledgers"),
            ("LINES", "/lines"),
            ("RECORDS", "/records"),
        ];
        out::table(super::rows(answer, "generations"), &columns, "no run has ended yet");
    });
    Ok(())
}
