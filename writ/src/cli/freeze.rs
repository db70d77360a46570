//! `writ freeze`, `writ thaw`: everything of a client stops at once; either party alone.
//!
//! Never here: a stop of one agent (`writ agent`). To stop in another way: a verb of its own.

use serde_json::json;

use super::access::Ctx;
use crate::{api::segment, fault::Fault};

/// What to freeze.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The client
    #[arg(long)]
    client: String,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Stops everything.
pub async fn run(ctx: &Ctx, args: &Args) -> Result<(), Fault> {
    let path = format!("/api/v1/clients/{}/freeze", segment(&args.client));
    let answer = ctx.api().await?.post(&path, &json!({"reason": args.reason})).await?;
    ctx.out.answer(&answer, super::acted);
    Ok(())
}

/// What to thaw.
#[derive(Debug, clap::Args)]
pub struct ThawArgs {
    /// The client
    #[arg(long)]
    client: String,
}

/// Lifts the freeze of one's own party.
pub async fn thaw(ctx: &Ctx, args: &ThawArgs) -> Result<(), Fault> {
    let path = format!("/api/v1/clients/{}/thaw", segment(&args.client));
    let answer = ctx.api().await?.post(&path, &json!({})).await?;
    ctx.out.answer(&answer, super::acted);
    Ok(())
}
