//! `writ console`: a new link that signs a person in at the console, once.
//!
//! Never here: a session. To say more: the fields below.

use serde_json::json;

use super::access::Ctx;
use crate::{fault::Fault, out};

/// No options of its own.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Asks for it.
pub async fn run(ctx: &Ctx, _args: &Args) -> Result<(), Fault> {
    let api = ctx.running().await?;
    let answer = api.post("/api/v1/sign-in-link", &json!({})).await?;
    ctx.out.answer(&answer, |answer| {
        out::fields(answer, &[("sign in (once, within 15 minutes)", "/sign_in")]);
    });
    Ok(())
}
