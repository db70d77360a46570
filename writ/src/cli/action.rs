//! `writ action`: the decisions that can be delegated.
//!
//! Never here: a class of action (`writ_charter` has the catalogue). To add a verb: a variant of [`Verb`].

use super::access::Ctx;
use crate::{fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Every class of decision: what it does, whether it can be undone, whom it reaches
    List,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List => {
            let answer = ctx.api().await?.get("/api/v1/catalog").await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("ACTION", "/class"),
                    ("AN AGENT …", "/sentence"),
                    ("CAN BE UNDONE", "/reversibility"),
                    ("REACHES", "/blast"),
                    ("STOPS", "/stop"),
                ];
                out::table(super::rows(answer, "actions"), &columns, "the catalogue is empty");
            });
        }
    }
    Ok(())
}
