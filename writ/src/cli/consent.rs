//! `writ consent`: programs that people let in.
//!
//! Never here: a token; ending one, which is ending its running copy (`writ agent end-instance`).
//! To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::Value;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out::line};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Which programs people let in, and may still renew their tokens
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let Verb::List { client } = verb;
    let answer = api.get(&format!("/api/v1/clients/{}/consents", segment(&client))).await?;
    ctx.out.answer(&answer, |answer| {
        let rows = answer.get("rows").and_then(Value::as_array);
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        if rows.is_empty() {
            line("nobody let a program in");
        }
        rows.iter().for_each(said);
        if let Some(more) = answer.get("more").and_then(Value::as_u64).filter(|more| *more > 0) {
            line(&format!("and {more} older ones"));
        }
    });
    Ok(())
}

/// A program, in two lines.
fn said(row: &Value) {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let by = row.get("person").and_then(|by| by.get("name")).and_then(Value::as_str);
    let scopes = row.get("scopes").and_then(Value::as_array).map(Vec::as_slice);
    let scopes: Vec<&str> = scopes.unwrap_or_default().iter().filter_map(Value::as_str).collect();
    line(&format!(
        "{}  {}  as {}, let in by {} at {}",
        text("instance"),
        text("name"),
        text("agent_name"),
        by.unwrap_or_default(),
        text("since"),
    ));
    line(&format!(
        "  {} [{}], used {}, until {}",
        text("resource"),
        scopes.join(" "),
        text("used"),
        text("until")
    ));
}
