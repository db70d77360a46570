//! `writ receipt`: what people signed: listed, fetched as a file, verified offline.
//!
//! Never here: a check (`crate::book::receipt`). To add a verb: a variant of [`Verb`], its arm in [`run`].

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::Value;
use writ_desk::NameKeys;

use super::access::Ctx;
use crate::{
    api::segment,
    book::{
        receipt::{self, Against, MAX_FILE},
        verify::Insist,
    },
    fault::Fault,
    out,
};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// What was signed at a client, newest first
    List {
        /// The client
        #[arg(long)]
        client: String,
        /// Only lines before this one
        #[arg(long)]
        before: Option<u64>,
    },
    /// One receipt as a file that proves itself
    Get {
        /// The client
        #[arg(long)]
        client: String,
        /// The ledger line that holds it
        line: u64,
        /// A new file [default: print it]
        file: Option<PathBuf>,
    },
    /// Verify a receipt, offline: prints the exact words that were signed
    Verify(VerifyArgs),
}

/// What to verify, and what is known from elsewhere.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The receipt file
    file: PathBuf,
    /// An export of the ledger: the whole history is then checked too
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
    /// Keys of the names in it (`names.json` of a client's folder): the words then have names
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// The ledger's verifier key to insist on
    #[arg(long)]
    key: Option<String>,
    /// Demand that this witness has cosigned (its verifier key); may be given more than once
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
    /// Fingerprint of the client's first key, from the paper contract; both, OLD,NEW, after a move
    #[arg(long, value_name = "FINGERPRINT")]
    root: Option<String>,
    /// The digest that the signer kept, or that a second device showed
    #[arg(long)]
    digest: Option<String>,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let at = |client: &str| format!("/api/v1/clients/{}/receipts", segment(client));
    match verb {
        Verb::List { client, before } => {
            let before = before.map(|line| line.to_string());
            let path = super::query(&at(&client), &[("before", before)]);
            let answer = ctx.api().await?.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("LINE", "/line"),
                    ("AT", "/at"),
                    ("SIGNED BY", "/person"),
                    ("WHAT", "/title"),
                ];
                out::table(super::rows(answer, "rows"), &columns, "nothing was signed here yet");
            });
        }
        Verb::Get { client, line, file } => {
            let answer = ctx.api().await?.get(&format!("{}/{line}", at(&client))).await?;
            match file {
                Some(file) => {
                    write_new(&file, answer.to_string().as_bytes())?;
                    ctx.out.say(&format!("receipt of line {line} in {}", file.display()));
                    if ctx.out.json {
                        out::document(&serde_json::json!({"line": line, "file": file}));
                    }
                }
                None => out::document(&answer),
            }
        }
        Verb::Verify(args) => {
            let bytes = read(&args.file)?;
            let insist = Insist {
                key: args.key.as_deref(),
                witnesses: &args.witness,
                root: args.root.as_deref(),
            };
            let (digest, ledger) = (args.digest.as_deref(), args.ledger.as_deref());
            let names = args.names.as_deref().map(names).transpose()?;
            let names = names.as_ref();
            let answer = receipt::verify(&bytes, &Against { insist, digest, ledger, names })?;
            ctx.out.answer(&answer, verified);
        }
    }
    Ok(())
}

fn names(path: &Path) -> Result<NameKeys, Fault> {
    NameKeys::read(&read(path)?).map_err(|why| Fault::usage(why.detail()).cure(why.cure()))
}

fn verified(answer: &Value) {
    let lines = |name: &str| answer.get(name).and_then(Value::as_array).into_iter().flatten();
    for sentence in lines("text") {
        out::line(&out::clean(sentence.as_str().unwrap_or_default()));
    }
    out::line("");
    let fields = [
        ("verified", "/verified"),
        ("signed", "/signed_at"),
        ("by passkey", "/passkey/label"),
        ("fingerprint", "/passkey/fingerprint"),
        ("admitted in line", "/passkey/line"),
        ("at", "/origin"),
        ("digest", "/digest"),
        ("ledger line", "/line"),
        ("of ledger", "/tenant"),
        ("cosigned by", "/witnesses"),
        ("whole ledger verified", "/ledger_verified"),
    ];
    out::fields(answer, &fields);
    for what in lines("later") {
        out::line(what.as_str().unwrap_or_default());
    }
    if lines("not_checked").next().is_some() {
        out::line("");
        out::line("Not checked:");
        for what in lines("not_checked") {
            out::line(&format!("- {}", what.as_str().unwrap_or_default()));
        }
    }
}

/// A file of this kind, whole.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let file = File::open(path).map_err(|error| Fault::file(path, "open", &error))?;
    let (mut bytes, limit) = (Vec::new(), u64::try_from(MAX_FILE).unwrap_or(u64::MAX));
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::file(path, "read", &error))?;
    if bytes.len() > MAX_FILE {
        return Err(Fault::usage(format!("`{}` is too large for a receipt", path.display())));
    }
    Ok(bytes)
}

/// Writes a file that was not there.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let fault = |error: std::io::Error| Fault::file(path, "create", &error);
    let mut file = File::create_new(path).map_err(fault)?;
    std::io::Write::write_all(&mut file, bytes).map_err(fault)?;
    file.sync_all().map_err(fault)
}
