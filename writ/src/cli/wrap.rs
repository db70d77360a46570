//! `writ wrap --server NAME -- COMMAND`.
//!
//! Never here: what is asked of the gateway (`agent/wrap/`). To add an option: [`Args`].

use tokio::io::BufReader;
use tokio_util::sync::CancellationToken;

use super::{access::Ctx, connect::Key};
use crate::{
    agent::wrap::{self, gate::Gate},
    carry::Carrier,
    fault::Fault,
    net::Http,
};

/// Which key, which name in grants, which command.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server's name in grants
    #[arg(long)]
    server: String,
    /// Key of the agent
    #[command(flatten)]
    key: Key,
    /// The server's command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Does it.
pub async fn run(_ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let holder = args.key.holder()?;
    let gateway = holder.file().instance.gateway.clone();
    let gate = Gate::new(Carrier::new(Http::new(), holder), &gateway, &args.server);
    let stop = CancellationToken::new();
    super::on_signal(&stop);
    let stdio = (BufReader::new(tokio::io::stdin()), tokio::io::stdout());
    wrap::run(gate, &args.command, stdio, stop).await
}
