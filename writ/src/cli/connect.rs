//! `writ connect URL`.
//!
//! Never here: how messages are carried (`agent/connect/`). To add a way in: an option, and its branch in [`run`].

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use http::Uri;
use tokio::io::BufReader;
use tokio_util::sync::CancellationToken;

use super::access::Ctx;
use crate::{
    agent::{
        Holder, KeyFile,
        connect::{listen::Listening, stdio},
        holder,
    },
    carry::Carrier,
    fault::Fault,
    net::Http,
    out,
    system::{self, SystemClock, SystemEntropy},
};

/// Which key, and how clients come in.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The gateway's address of a server, http://127.0.0.1:7421/mcp/SERVER
    url: Uri,
    /// Key of the agent
    #[command(flatten)]
    key: Key,
    /// Listen here for plain MCP over HTTP instead of stdio, for example 127.0.0.1:9000
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Which key to use.
#[derive(Debug, Clone, clap::Args)]
pub struct Key {
    /// Name of the enrolled agent [default: the only one]
    #[arg(long)]
    agent: Option<String>,
    /// Folder with the keys [default: $WRIT_AGENT_DIR, else ~/.config/writ/agents]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Key {
    /// The key at work.
    pub fn holder(&self) -> Result<Arc<Holder>, Fault> {
        let dir = self.dir.clone().unwrap_or_else(system::agent_dir);
        let file = KeyFile::find(&dir, self.agent.as_deref())?;
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Ok(Arc::new(Holder::new(file, Http::new(), clock, entropy)))
    }
}

/// Does it.
pub async fn run(_ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let holder = args.key.holder()?;
    holder::resource_of(&args.url, &holder.file().instance.gateway)?;
    let carrier = Carrier::new(Http::new(), holder);
    let stop = CancellationToken::new();
    super::on_signal(&stop);
    if let Some(address) = args.listen {
        let listening = Listening::open(address).await?;
        out::note(&format!("listening on http://{}/mcp", listening.address()));
        return listening.serve(carrier, args.url, stop).await;
    }
    let input = BufReader::new(tokio::io::stdin());
    tokio::select! {
        result = stdio::run(carrier, args.url, input, tokio::io::stdout()) => result,
        () = stop.cancelled() => Ok(()),
    }
}
