//! `writ console`: where the console is; until anybody has a passkey, the link that makes the first one.
//!
//! Never here: a session, or a second way in. To say more: the fields below.

use serde_json::json;

use super::access::Ctx;
use crate::{fault::Fault, out};

/// No options of its own.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// The code of the refusal that says: somebody has a passkey, links are over.
const NO_LINKS: &str = "DESK-0016";

/// Asks for it.
pub async fn run(ctx: &Ctx, _args: &Args) -> Result<(), Fault> {
    let api = ctx.running().await?;
    let answer = match api.post("/api/v1/sign-in-link", &json!({})).await {
        Ok(answer) => answer,
        Err(fault) if fault.code.as_deref() == Some(NO_LINKS) => {
            let status = api.get("/api/v1/status").await?;
            json!({"console": status.get("console")})
        }
        Err(fault) => return Err(fault),
    };
    ctx.out.answer(&answer, |answer| {
        let fields = [
            ("make your first passkey (once, within 15 minutes)", "/sign_in"),
            ("console", "/console"),
        ];
        out::fields(answer, &fields);
    });
    Ok(())
}
