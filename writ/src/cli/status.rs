//! `writ status`: the running server.
//!
//! Never here: a check (`doctor`). To show one more thing: a field.

use super::access::Ctx;
use crate::{fault::Fault, out};

/// No options of its own.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Shows it.
pub async fn run(ctx: &Ctx, _args: &Args) -> Result<(), Fault> {
    let answer = ctx.api().await?.get("/api/v1/status").await?;
    ctx.out.answer(&answer, |answer| {
        let fields = [
            ("version", "/version"),
            ("desk", "/desk"),
            ("console", "/console"),
            ("since", "/started_at"),
            ("founded", "/founded"),
            ("tenants", "/tenants"),
            ("lines", "/lines"),
            ("tokens issued", "/tokens_issued"),
            ("tokens refused", "/tokens_refused"),
        ];
        out::fields(answer, &fields);
        out::line("");
        let columns = [("GATEWAY", "/gateway"), ("URL", "/url"), ("FOLLOWS", "/following")];
        out::table(super::rows(answer, "gateways"), &columns, "no gateway runs");
    });
    Ok(())
}
