//! `writ call`: what agents did, and why it was permitted or refused.
//!
//! Never here: a second opinion; explanations come from `authority`. To add a verb: a variant of [`Verb`].

use serde_json::Value;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Recent calls, newest first
    List {
        /// Only of this client
        #[arg(long)]
        client: Option<String>,
        /// Only of this agent
        #[arg(long)]
        agent: Option<String>,
        /// Only: allowed, blocked, errored
        #[arg(long)]
        effect: Option<String>,
        /// At most so many
        #[arg(long, default_value = "50")]
        limit: u32,
    },
    /// One call, as it was recorded
    Show {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (cal_…)
        call: String,
    },
    /// Decide it again from what was recorded
    Explain {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (cal_…)
        call: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    match verb {
        Verb::List { client, agent, effect, limit } => {
            let path = super::query(
                "/api/v1/calls",
                &[
                    ("client", client),
                    ("agent", agent),
                    ("effect", effect),
                    ("limit", Some(limit.to_string())),
                ],
            );
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("AT", "/at"),
                    ("CLIENT", "/client/slug"),
                    ("AGENT", "/agent_name"),
                    ("SERVER", "/server"),
                    ("CALL", "/name"),
                    ("EFFECT", "/effect"),
                    ("WHY", "/detail"),
                    ("ID", "/call"),
                ];
                out::table(super::rows(answer, "calls"), &columns, "no calls");
            });
        }
        Verb::Show { client, call } => {
            let path = format!("/api/v1/clients/{}/calls/{}", segment(&client), segment(&call));
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let fields = [
                    ("call", "/call"),
                    ("at", "/at"),
                    ("agent", "/agent_name"),
                    ("server", "/server"),
                    ("method", "/method"),
                    ("name", "/name"),
                    ("effect", "/effect"),
                    ("code", "/code"),
                    ("why", "/detail"),
                    ("grant", "/grant_said/words"),
                    ("given by", "/grant_said/given_by/name"),
                    ("ledger", "/tree_size"),
                    ("sealed in line", "/seal/line"),
                ];
                out::fields(answer, &fields);
            });
        }
        Verb::Explain { client, call } => {
            let path =
                format!("/api/v1/clients/{}/calls/{}/explain", segment(&client), segment(&call));
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, explained);
        }
    }
    Ok(())
}

/// An explanation in words.
pub fn explained(answer: &Value) {
    let fields = [
        ("agent", "/agent_name"),
        ("call", "/name"),
        ("server", "/server"),
        ("effect", "/effect"),
        ("code", "/code"),
        ("why", "/words"),
        ("cure", "/cure"),
        ("grant", "/grant_said/words"),
        ("given by", "/grant_said/given_by/name"),
        ("as of", "/at"),
        ("ledger line", "/tree_size"),
        ("same as recorded", "/same"),
        ("differs in", "/differs"),
    ];
    out::fields(answer, &fields);
}
