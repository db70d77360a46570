//! `writ notify`: messages about what waits for somebody: the key that signs webhooks, a test, what was sent.
//!
//! Never here: an address; those stand in the operator's file, and each person writes down their own. To add a verb: a
//! variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// The public key that checks the signature of a webhook's message
    Key,
    /// Send a test by every way that is set up for a client
    Test {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// What was sent about a client, and what still waits to be sent
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let at = |client: &str, rest: &str| {
        format!("/api/v1/clients/{}/notifications{rest}", segment(client))
    };
    let api = ctx.api().await?;
    match verb {
        Verb::Key => {
            let answer = api.get("/api/v1/notifications/key").await?;
            ctx.out.answer(&answer, |answer| out::fields(answer, &[("webhook key", "/key")]));
        }
        Verb::Test { client } => {
            let answer = api.post(&at(&client, "/test"), &json!({})).await?;
            ctx.out.answer(&answer, |answer| {
                out::fields(answer, &[("sent", "/sent"), ("by", "/ways")]);
            });
        }
        Verb::List { client } => {
            let answer = api.get(&at(&client, "")).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("AT", "/at"),
                    ("WAY", "/way"),
                    ("TO", "/to"),
                    ("ABOUT", "/about"),
                    ("STATE", "/state"),
                    ("TRIES", "/tries"),
                    ("WHY", "/why"),
                ];
                out::fields(answer, &[("ways", "/ways"), ("only the console", "/only_queue")]);
                out::table(super::rows(answer, "rows"), &columns, "nothing was sent yet");
            });
        }
    }
    Ok(())
}
