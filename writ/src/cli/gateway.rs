//! `writ gateway`: the gateways, and stopping one: from its own machine without ledger and desk, from anywhere else by
//! its id.
//!
//! Never here: what stopping does. To add an order: a verb, its word in `host/control.rs`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::access::Ctx;
use crate::{api::segment, fault::Fault, host::control, out};

/// What to do with a gateway.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// All of them: what each does, how far it follows the ledger
    List,
    /// Cut everything and refuse everything, at once; it outlives a restart
    Halt(Order),
    /// Let calls under way end, begin no other
    Drain(Order),
    /// Go on
    Serve(Order),
}

/// Which gateway, and why.
#[derive(Debug, clap::Args)]
pub struct Order {
    /// Its id (gtw_…), told over the desk [default: the one of the data folder, told by its own socket]
    #[arg(value_name = "GATEWAY")]
    gateway: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List => list(ctx).await,
        Verb::Halt(order) => tell(ctx, "halt", order).await,
        Verb::Drain(order) => tell(ctx, "drain", order).await,
        Verb::Serve(order) => tell(ctx, "serve", order).await,
    }
}

async fn list(ctx: &Ctx) -> Result<(), Fault> {
    let answer = ctx.api().await?.get("/api/v1/gateways").await?;
    ctx.out.answer(&answer, |answer| {
        let columns = [
            ("GATEWAY", "/gateway"),
            ("ROLES", "/roles"),
            ("AT", "/url"),
            ("VERSION", "/version"),
            ("STANDING", "/standing"),
            ("WANTED", "/wanted"),
            ("SEEN", "/seen"),
        ];
        out::table(super::rows(answer, "gateways"), &columns, "no gateway has told of itself");
    });
    Ok(())
}

async fn tell(ctx: &Ctx, word: &str, order: Order) -> Result<(), Fault> {
    let Some(gateway) = order.gateway else {
        let answer = control::tell(&ctx.globals.folder(), word, &order.reason).await?;
        ctx.out.answer(&answer, |answer| {
            let fields = [
                ("gateway is", "/mode"),
                ("agents with something under way", "/busy"),
                ("wanted from afar", "/wanted"),
                ("halted since", "/since"),
                ("by", "/by"),
                ("reason", "/reason"),
            ];
            out::fields(answer, &fields);
        });
        return Ok(());
    };
    let path = format!("/api/v1/gateways/{}/{word}", segment(&gateway));
    let body: Value = json!({"reason": order.reason});
    let answer = ctx.api().await?.post(&path, &body).await?;
    ctx.out.answer(&answer, super::acted);
    Ok(())
}
