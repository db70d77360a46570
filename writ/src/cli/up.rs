//! `writ up`: starts desk and gateway on the data folder and stays until told to stop.
//!
//! Never here: the wiring (`host.rs`). To add an option: [`Args`], checked before anything is opened.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use writ_model::Secret;

use super::access::Ctx;
use crate::{
    config::{self, Config},
    fault::Fault,
    host::{Host, Store, System},
    out,
    system::{SystemClock, SystemEntropy},
};

/// Where to listen, and which operator's file to read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The operator's file [default: writ.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the desk listens, instead of what the file says
    #[arg(long, value_name = "ADDRESS")]
    desk: Option<SocketAddr>,
    /// Where the gateway listens, instead of what the file says
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<SocketAddr>,
}

/// Does it.
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let folder = ctx.globals.folder();
    let file = args.config.unwrap_or_else(|| folder.join(config::FILE));
    let mut config = Config::read(&file)?;
    for (wanted, set) in [(args.desk, &mut config.desk), (args.gateway, &mut config.gateway)] {
        listen(wanted, set)?;
    }
    if config.cluster.store.is_some() || config.cluster.bus.is_some() {
        return Err(Fault::usage(
            "the operator's file is of several processes: it has [store] or [bus]",
        )
        .cure("start them with `writ serve --role …`, or take the sections out"));
    }
    let stop = CancellationToken::new();
    super::on_signal(&stop);
    let system = System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let host = Host::start(Store::open(&folder)?, &config, &system).await?;
    announce(ctx, &host).await;
    stop.cancelled().await;
    ctx.out.say("Stopping. Records are sealed first; a second interrupt stops at once.");
    let again = CancellationToken::new();
    super::on_signal(&again);
    tokio::select! {
        () = host.stop() => {}
        () = again.cancelled() => tracing::warn!("stopped without sealing"),
    }
    Ok(())
}

/// Listens where the command line wants it, if it wants anything.
pub(super) fn listen(wanted: Option<SocketAddr>, set: &mut SocketAddr) -> Result<(), Fault> {
    let Some(address) = wanted else { return Ok(()) };
    if !address.ip().is_loopback() {
        return Err(Fault::usage(format!("{address} is not loopback"))
            .cure("TLS ends before it, on the same machine: use 127.0.0.1:PORT"));
    }
    *set = address;
    Ok(())
}

async fn announce(ctx: &Ctx, host: &Host) {
    let link = host.sign_in_link().await;
    let (desk, gateway) = (host.desk().issuer(), host.gateway().base());
    let document = json!({
        "desk": desk, "gateway": gateway, "console": host.desk().origin(),
        "sign_in": link.as_ref().map(Secret::expose), "pid": std::process::id(),
        "data": ctx.globals.folder(),
    });
    ctx.out.answer(&document, |document| {
        let fields = [
            ("desk", "/desk"),
            ("gateway", "/gateway"),
            ("console", "/console"),
            ("data", "/data"),
            ("make the first passkey (once, within 15 minutes)", "/sign_in"),
        ];
        out::fields(document, &fields);
        out::line("Stop with Ctrl-C.");
    });
}
