//! `writ session`: who is signed in at the console.
//!
//! Never here: a cookie. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Your open sessions, or those of a client's people
    List {
        /// The client
        #[arg(long)]
        client: Option<String>,
    },
    /// End a session
    End {
        /// Which (ses_…)
        session: String,
        /// The client, if it is not your own session
        #[arg(long)]
        client: Option<String>,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    // Sessions live in the server's memory: a store that stands still has none.
    let api = ctx.running().await?;
    let base = |client: Option<String>| match client {
        Some(client) => format!("/api/v1/clients/{}/sessions", segment(&client)),
        None => "/api/v1/me/sessions".to_owned(),
    };
    match verb {
        Verb::List { client } => {
            let answer = api.get(&base(client)).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("SESSION", "/session"),
                    ("PERSON", "/person"),
                    ("BY", "/signed_in_by"),
                    ("BROWSER", "/agent"),
                    ("SINCE", "/opened_at"),
                    ("USED", "/used_at"),
                ];
                out::table(super::rows(answer, "sessions"), &columns, "nobody is signed in");
            });
        }
        Verb::End { session, client } => {
            let path = format!("{}/{}/end", base(client), segment(&session));
            let answer = api.post(&path, &json!({})).await?;
            ctx.out.answer(&answer, |_| out::line("The session has ended."));
        }
    }
    Ok(())
}
