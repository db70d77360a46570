//! `writ provider`: found the provider on an empty store; show it.
//!
//! Never here: a second provider. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Found the provider, with its first owner
    Found {
        /// The provider's name
        #[arg(long)]
        name: String,
        /// The first owner's name
        #[arg(long)]
        person: String,
    },
    /// The provider and its people
    Show,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let (answer, founded) = match verb {
        Verb::Found { name, person } => {
            let body = json!({"name": name, "person": {"name": person}});
            (ctx.api_or_new().await?.post("/api/v1/provider/found", &body).await?, true)
        }
        Verb::Show => (ctx.api().await?.get("/api/v1/provider").await?, false),
    };
    ctx.out.answer(&answer, |answer| {
        out::fields(
            answer,
            &[
                ("provider", "/name"),
                ("tenant", "/tenant"),
                ("you", "/you/name"),
                ("lines", "/lines"),
            ],
        );
        if let Some(people) = answer.get("people") {
            out::line("");
            out::table(people, &super::person::COLUMNS, "no people");
        }
        if founded {
            out::line("");
            out::line(
                "Next: with the server running (`writ up`), `writ console` prints a link, once.",
            );
            out::line(
                "Open it in a browser and make your passkey. What is sensitive is signed with it.",
            );
        }
    });
    Ok(())
}
