//! `writ client`: the organisations served.
//!
//! Never here: an agent. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{fault::Fault, out};

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
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    match verb {
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
