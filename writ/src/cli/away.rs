//! `writ away`: who answers for somebody while they are away.
//!
//! Never here: whether a deputy's yes counts (`authority`). To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{api::segment, fault::Fault};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Somebody of your own party answers for you until a moment
    Set {
        /// The client
        #[arg(long)]
        client: String,
        /// Who answers (name or prs_…)
        #[arg(long)]
        deputy: String,
        /// Until when (RFC 3339, UTC)
        #[arg(long)]
        until: String,
    },
    /// You are back
    End {
        /// The client
        #[arg(long)]
        client: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let (path, body) = match verb {
        Verb::Set { client, deputy, until } => {
            let body = json!({"deputy": deputy, "until": until});
            (format!("/api/v1/clients/{}/away", segment(&client)), body)
        }
        Verb::End { client } => {
            (format!("/api/v1/clients/{}/away/end", segment(&client)), json!({}))
        }
    };
    let answer = ctx.api().await?.post(&path, &body).await?;
    ctx.out.answer(&answer, super::acted);
    Ok(())
}
