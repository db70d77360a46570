//! `writ client`: the organisations served; how one leaves, how one arrives.
//!
//! Never here: an agent. To add a verb: a variant of [`Verb`], its arm in [`run`].

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{fault::Fault, leave, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// All clients
    List,
    /// Take on a client; you are seated there
    Add {
        /// Its name
        #[arg(long)]
        name: String,
        /// Its short name, for addresses: lower-case letters, digits, hyphens
        #[arg(long)]
        slug: String,
    },
    /// Write everything that is a client's into a folder, in documented formats
    Export {
        /// The client
        client: String,
        /// A new folder
        dir: PathBuf,
    },
    /// Take a client over from another provider, from the folder it brings; with the server stopped
    Import {
        /// The folder that `client export` wrote
        dir: PathBuf,
        /// What to insist on
        #[command(flatten)]
        demands: Demands,
    },
}

/// What the book that a client brings must show.
#[derive(Debug, Clone, clap::Args)]
pub struct Demands {
    /// The fingerprint of the client's root of trust, from its paper contract; both, OLD,NEW, after a move
    #[arg(long, value_name = "FINGERPRINT")]
    pub root: Option<String>,
    /// A witness that must have cosigned it; may be given several times
    #[arg(long = "witness", value_name = "KEY")]
    pub witnesses: Vec<String>,
    /// The old provider's verifier key for this ledger [default: the one in line 0]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Its short name here [default: the one it has]
    #[arg(long)]
    pub slug: Option<String>,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    if let Verb::Import { dir, demands } = &verb {
        return import(ctx, dir, demands).await;
    }
    let api = ctx.api().await?;
    match verb {
        Verb::Import { .. } => {}
        Verb::Export { client, dir } => {
            let answer = leave::export::export(&api, &client, &dir).await?;
            ctx.out.answer(&answer, |answer| {
                let fields = [
                    ("exported and verified", "/client"),
                    ("lines", "/lines"),
                    ("receipts", "/receipts"),
                    ("records", "/records"),
                    ("root of trust", "/root_fingerprint"),
                    ("key", "/key"),
                    ("folder", "/folder"),
                ];
                out::fields(answer, &fields);
            });
        }
        Verb::List => {
            let answer = api.get("/api/v1/clients").await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("CLIENT", "/slug"),
                    ("NAME", "/name"),
                    ("AGENTS", "/agents"),
                    ("ACTIVE", "/active"),
                    ("WAITING", "/waiting"),
                    ("LINES", "/lines"),
                ];
                out::table(
                    super::rows(answer, "clients"),
                    &columns,
                    "no clients yet: `writ client add`",
                );
            });
        }
        Verb::Add { name, slug } => {
            let answer = api.post("/api/v1/clients", &json!({"name": name, "slug": slug})).await?;
            ctx.out.answer(&answer, |answer| {
                out::fields(
                    answer,
                    &[("client", "/name"), ("slug", "/slug"), ("tenant", "/tenant")],
                );
            });
        }
    }
    Ok(())
}

async fn import(ctx: &Ctx, dir: &Path, demands: &Demands) -> Result<(), Fault> {
    let answer = leave::import::import(&ctx.globals.folder(), dir, demands).await?;
    ctx.out.answer(&answer, |answer| {
        let fields = [
            ("taken over", "/client"),
            ("slug", "/slug"),
            ("lines", "/lines"),
            ("records", "/records"),
            ("root of trust", "/root_fingerprint"),
            ("agents on hold", "/held"),
            ("people of the old provider who left", "/left"),
        ];
        out::fields(answer, &fields);
        for says in answer.get("says").and_then(Value::as_array).into_iter().flatten() {
            out::line(&out::clean(says.as_str().unwrap_or_default()));
        }
    });
    Ok(())
}
