//! `writ catalog`: what the servers of a client list, what changed or is flagged, and what a person says of it.
//!
//! Never here: a difference or a flag of our own. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// What the servers list, what waits for a person first
    List {
        /// The client
        #[arg(long)]
        client: String,
        /// Only this server's
        #[arg(long)]
        server: Option<String>,
        /// Only what waits
        #[arg(long)]
        held: bool,
    },
    /// One thing: its definition, what changed, what is flagged
    Show {
        /// The client
        #[arg(long)]
        client: String,
        /// Its id, as `list` prints it
        tool: String,
    },
    /// Let a definition be used: the one that waits, or one that was refused
    Approve {
        /// The client
        #[arg(long)]
        client: String,
        /// Its id
        tool: String,
        /// Digest of the definition that was read, as `show` prints it
        #[arg(long)]
        digest: String,
    },
    /// Refuse a definition: the one that waits, or the one that is used
    Refuse {
        /// The client
        #[arg(long)]
        client: String,
        /// Its id
        tool: String,
        /// Digest of the definition that was read [default: of the one that waits now, or is used]
        #[arg(long)]
        digest: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let at = |client: &str| format!("/api/v1/clients/{}/tools", segment(client));
    let of = |client: &str, tool: &str| format!("{}/{}", at(client), segment(tool));
    match verb {
        Verb::List { client, server, held } => {
            let held = held.then(|| "true".to_owned());
            let path = super::query(&at(&client), &[("server", server), ("held", held)]);
            let answer = ctx.api().await?.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("ID", "/id"),
                    ("SERVER", "/server"),
                    ("KIND", "/thing"),
                    ("NAME", "/name"),
                    ("STATE", "/state"),
                    ("WHY", "/why"),
                    ("SINCE", "/at"),
                ];
                out::table(super::rows(answer, "rows"), &columns, "no list was seen here yet");
                out::fields(answer, &[("waiting for a person", "/held")]);
            });
        }
        Verb::Show { client, tool } => {
            let answer = ctx.api().await?.get(&of(&client, &tool)).await?;
            ctx.out.answer(&answer, shown);
        }
        Verb::Approve { client, tool, digest } => {
            let path = format!("{}/approve", of(&client, &tool));
            let answer = ctx.api().await?.post(&path, &json!({"digest": digest})).await?;
            ctx.out.answer(&answer, super::acted);
        }
        Verb::Refuse { client, tool, digest, reason } => {
            let known = ["/row/waits", "/row/pinned"];
            let digest = read(ctx, &of(&client, &tool), digest, &known).await?;
            let path = format!("{}/refuse", of(&client, &tool));
            let body = json!({"digest": digest, "reason": reason});
            let answer = ctx.api().await?.post(&path, &body).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}

/// The digest that is decided on: the given one, or the first of these that the thing has now.
async fn read(
    ctx: &Ctx,
    path: &str,
    given: Option<String>,
    known: &[&str],
) -> Result<String, Fault> {
    if let Some(given) = given {
        return Ok(given);
    }
    let answer = ctx.api().await?.get(path).await?;
    let found = known.iter().find_map(|at| answer.pointer(at).and_then(Value::as_str));
    found.map(str::to_owned).ok_or_else(|| {
        Fault::usage("nothing of it waits for a person")
            .cure("name the definition with --digest; `writ catalog show` prints what there is")
    })
}

fn shown(answer: &Value) {
    let fields = [
        ("server", "/row/server"),
        ("kind", "/row/thing"),
        ("name", "/row/name"),
        ("state", "/row/state"),
        ("why", "/row/why"),
        ("since", "/row/at"),
        ("ledger line", "/row/line"),
        ("pinned", "/row/pinned"),
        ("said by", "/row/by/name"),
        ("waits", "/row/waits"),
    ];
    out::fields(answer, &fields);
    let changes =
        [("CHANGED", "/field"), ("HOW", "/words"), ("BEFORE", "/removed"), ("NOW", "/added")];
    out::table(super::rows(answer, "changes"), &changes, "nothing to compare with");
    let findings = [
        ("FLAG", "/rule"),
        ("SURE", "/sure"),
        ("IN", "/field"),
        ("SEEN", "/seen"),
        ("WHY", "/why"),
    ];
    out::table(super::rows(answer, "findings"), &findings, "nothing is flagged");
}
