//! `writ group`: agents that share accountability and grants.
//!
//! Never here: an agent's own answers (`agent.rs`). To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// All groups of a client
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Make a group
    Add {
        /// The client
        #[arg(long)]
        client: String,
        /// Its name
        #[arg(long)]
        name: String,
        /// The group it inherits from (grp_… or name)
        #[arg(long)]
        parent: Option<String>,
    },
    /// Say who answers for the agents of a group
    Account {
        /// The client
        #[arg(long)]
        client: String,
        /// The group (grp_… or name)
        group: String,
        /// Who answers
        #[command(flatten)]
        answers: super::agent::Answers,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    match verb {
        Verb::List { client } => {
            let answer = api.get(&format!("/api/v1/clients/{}/groups", segment(&client))).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("GROUP", "/group"),
                    ("NAME", "/name"),
                    ("PARENT", "/parent/name"),
                    ("AGENTS", "/agents"),
                    ("MISSING", "/missing"),
                ];
                out::table(super::rows(answer, "groups"), &columns, "no groups");
            });
        }
        Verb::Add { client, name, parent } => {
            let path = format!("/api/v1/clients/{}/groups", segment(&client));
            let answer =
                api.post(&path, &super::given(json!({"name": name, "parent": parent}))).await?;
            ctx.out.answer(&answer, super::acted);
        }
        Verb::Account { client, group, answers } => {
            let path = format!(
                "/api/v1/clients/{}/groups/{}/accountability",
                segment(&client),
                segment(&group)
            );
            let answer = api.post(&path, &answers.body()).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}
