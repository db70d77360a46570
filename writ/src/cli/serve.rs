//! `writ serve`: one process of several on one operator's file, with the roles that it is given.
//!
//! Never here: the wiring (`host/served.rs`). To add an option: [`Args`], checked before anything is opened.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use writ_model::Secret;

use super::access::Ctx;
use crate::{
    config::{self, Config},
    fault::Fault,
    host::{Served, System, served::Roles},
    out,
    system::{SystemClock, SystemEntropy},
};

/// What this process does, and where.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What it does; repeat it for more than one
    #[arg(long = "role", value_enum, required = true)]
    roles: Vec<RoleName>,
    /// The operator's file, the same for all processes [default: writ.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the desk listens, instead of what the file says
    #[arg(long, value_name = "ADDRESS")]
    desk: Option<SocketAddr>,
    /// Where the gateway listens, instead of what the file says
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<SocketAddr>,
    /// Where health and metrics are served, instead of what the file says
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
}

/// A role by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RoleName {
    /// Decides and forwards calls; as many as are needed
    Gateway,
    /// Seals, sweeps, tells people; one is active, others stand by
    Soc,
    /// API and console; one is active, others stand by
    Desk,
}

/// Does it.
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let folder = ctx.globals.folder();
    let file = args.config.unwrap_or_else(|| folder.join(config::FILE));
    let mut config = Config::read(&file)?;
    for (wanted, set) in [(args.desk, &mut config.desk), (args.gateway, &mut config.gateway)] {
        super::up::listen(wanted, set)?;
    }
    if args.metrics.is_some() {
        config.cluster.metrics = args.metrics;
    }
    let has = |role| args.roles.contains(&role);
    let roles = Roles {
        gateway: has(RoleName::Gateway),
        soc: has(RoleName::Soc),
        desk: has(RoleName::Desk),
    };
    let stop = CancellationToken::new();
    super::on_signal(&stop);
    let system = System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let started = tokio::select! {
        started = Served::start(&folder, &config, &system, roles) => started?,
        () = stop.cancelled() => return Ok(()),
    };
    announce(ctx, &started).await;
    let lost = tokio::select! {
        () = stop.cancelled() => None,
        lost = started.lost() => Some(lost),
    };
    ctx.out.say("Stopping. Calls under way may end first; a second interrupt stops at once.");
    let again = CancellationToken::new();
    super::on_signal(&again);
    tokio::select! {
        () = started.stop() => {}
        () = again.cancelled() => {
            tracing::warn!(event = "process.stopped_at_once", "stopped without waiting");
        }
    }
    lost.map_or(Ok(()), Err)
}

async fn announce(ctx: &Ctx, served: &Served) {
    let link = served.sign_in_link().await;
    let mut document = served.describe();
    if let Some(object) = document.as_object_mut() {
        object.insert("data".to_owned(), json!(ctx.globals.folder()));
        object.insert("sign_in".to_owned(), json!(link.as_ref().map(Secret::expose)));
    }
    ctx.out.answer(&document, |document: &Value| {
        let fields = [
            ("roles", "/roles"),
            ("stands by as", "/standby"),
            ("id", "/id"),
            ("gateway", "/gateway"),
            ("desk", "/desk"),
            ("console", "/console"),
            ("health and metrics", "/metrics"),
            ("data", "/data"),
            ("make the first passkey (once, within 15 minutes)", "/sign_in"),
        ];
        out::fields(document, &fields);
        out::line("Stop with Ctrl-C.");
    });
}
