//! `writ template`: what a charter can begin with: the templates that come with Writ, and the provider's own.
//!
//! Never here: a clause; those are in the file that is given. To add a verb: a variant of [`Verb`], its arm in [`run`].

use std::path::PathBuf;

use serde_json::Value;

use super::{access::Ctx, charter::draft};
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Every template
    List,
    /// One, with all it inherits
    Show {
        /// Its name
        name: String,
    },
    /// Write one of the provider's own, on top of another
    Set {
        /// Its name
        name: String,
        /// On top of this one
        #[arg(long)]
        parent: Option<String>,
        /// JSON or TOML: clauses, removes, counts_as
        #[arg(long)]
        file: PathBuf,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    const BASE: &str = "/api/v1/provider/templates";
    let api = ctx.api().await?;
    match verb {
        Verb::List => {
            let answer = api.get(BASE).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("TEMPLATE", "/name"),
                    ("COMES WITH WRIT", "/built_in"),
                    ("ON TOP OF", "/chain"),
                    ("CLAUSES", "/clauses"),
                    ("OWN", "/own"),
                ];
                out::table(super::rows(answer, "templates"), &columns, "no templates");
            });
        }
        Verb::Show { name } => {
            let answer = api.get(&format!("{BASE}/{}", segment(&name))).await?;
            ctx.out.answer(&answer, |answer| {
                out::fields(answer, &[("template", "/name"), ("on top of", "/chain")]);
                let columns = [
                    ("CLAUSE", "/key"),
                    ("TITLE", "/title"),
                    ("MODE", "/mode"),
                    ("FROM", "/from"),
                    ("REPLACES", "/overrides"),
                ];
                out::table(super::rows(answer, "inherited"), &columns, "no clauses");
            });
        }
        Verb::Set { name, parent, file } => {
            let mut body = draft::read(&file)?;
            body.insert("name".to_owned(), name.into());
            if let Some(parent) = parent {
                body.insert("parent".to_owned(), parent.into());
            }
            let answer = api.post(BASE, &Value::Object(body)).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}
