//! `writ flow`: what tools are taken for, which templates there are, and where what an agent has read came from and went.
//!
//! Never here: a guess of our own. A guess is corrected by naming the tool in the charter (`writ charter draft --counts`).

use serde_json::{Value, json};
use writ_flow::Template;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// What the tools of a client's servers are taken for, the least certain first
    Tools {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// The public servers whose tools are known by a template: `template = "PACKAGE"` in the operator's file chooses one
    Templates,
    /// The data map of an agent: where what it has read came from, and where it acted
    Map {
        /// The client
        #[arg(long)]
        client: String,
        /// The agent
        agent: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::Tools { client } => {
            let path = format!("/api/v1/clients/{}/flow", segment(&client));
            let answer = ctx.api().await?.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("SERVER", "/server"),
                    ("KIND", "/thing"),
                    ("NAME", "/name"),
                    ("ACTS", "/acts"),
                    ("GIVES", "/reads"),
                    ("SURE", "/confidence"),
                    ("SIGNED", "/signed"),
                    ("TEMPLATE", "/template"),
                ];
                out::table(super::rows(answer, "rows"), &columns, "no list was seen here yet");
                out::fields(answer, &[("values are followed", "/followed")]);
            });
        }
        Verb::Templates => ctx.out.answer(&templates(), |answer| {
            let columns = [("PACKAGE", "/package"), ("TOOLS", "/tools"), ("SOURCE", "/source")];
            out::table(super::rows(answer, "rows"), &columns, "none");
        }),
        Verb::Map { client, agent } => {
            let (client, agent) = (segment(&client), segment(&agent));
            let path = format!("/api/v1/clients/{client}/agents/{agent}/flow");
            let answer = ctx.api().await?.get(&path).await?;
            ctx.out.answer(&answer, map);
        }
    }
    Ok(())
}

/// Every template that this build knows.
fn templates() -> Value {
    let rows = Template::all().map(|one| {
        json!({"package": one.package(), "tools": one.tools().count(), "source": one.source()})
    });
    json!({"rows": rows.collect::<Vec<_>>()})
}

fn map(answer: &Value) {
    out::fields(answer, &[("agent", "/agent_name"), ("values are followed", "/followed")]);
    out::line("");
    let columns =
        [("READ FROM", "/server"), ("BY", "/name"), ("ORIGIN", "/origin"), ("TIMES", "/times")];
    out::table(super::rows(answer, "from"), &columns, "nothing it read is kept");
    out::line("");
    let columns = [
        ("ACTED ON", "/server"),
        ("BY", "/name"),
        ("WENT", "/went"),
        ("HELD BY ORIGIN", "/held"),
        ("REFUSED", "/refused"),
    ];
    out::table(super::rows(answer, "to"), &columns, "it acted nowhere lately");
}
