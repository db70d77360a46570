//! `writ queue`: what waits for a person, over all clients.
//!
//! Never here: an answer to any of it. To show one more thing: a column.

use super::access::Ctx;
use crate::{fault::Fault, out};

/// No options of its own.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Shows it.
pub async fn run(ctx: &Ctx, _args: &Args) -> Result<(), Fault> {
    let answer = ctx.api().await?.get("/api/v1/queue").await?;
    ctx.out.answer(&answer, |answer| {
        let columns =
            [("CLIENT", "/client/name"), ("WHAT", "/title"), ("WHY", "/why"), ("CURE", "/cure")];
        out::table(super::rows(answer, "items"), &columns, "nothing waits for you");
    });
    Ok(())
}
