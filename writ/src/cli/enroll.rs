//! `writ enroll CODE`.
//!
//! Never here: the key (`agent/keyfile.rs` keeps it). To send one more thing: `agent/enroll.rs`.

use std::path::PathBuf;

use serde_json::json;

use super::access::{self, Ctx};
use crate::{
    agent::enroll::{self, Ask},
    fault::Fault,
    net::Http,
    out, system,
};

/// Where the desk listens if nothing says otherwise.
const DESK: &str = "http://127.0.0.1:7420";

/// The code, and where the key goes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The one-time code
    code: String,
    /// The desk's address [default: that of the server on the data folder, else http://127.0.0.1:7420]
    #[arg(long)]
    desk: Option<String>,
    /// Folder for the key [default: $WRIT_AGENT_DIR, else ~/.config/writ/agents]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Name of the key file [default: the agent's name]
    #[arg(long)]
    name: Option<String>,
    /// What this instance calls itself
    #[arg(long, default_value = "command line")]
    label: String,
}

/// Does it.
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let desk = match args.desk {
        Some(desk) => desk,
        None => access::server_file(&ctx.globals.folder())?
            .map_or_else(|| DESK.to_owned(), |server| server.desk),
    };
    let ask = Ask { desk, code: args.code, label: args.label, name: args.name };
    let dir = args.dir.unwrap_or_else(system::agent_dir);
    let (file, path) = enroll::enroll_into(&Http::new(), &ask, &dir).await?;
    let instance = &file.instance;
    let answer = json!({
        "agent": instance.agent, "agent_name": instance.agent_name,
        "client_id": instance.client_id, "tenant": instance.tenant,
        "gateway": instance.gateway, "key_file": path, "jkt": file.key.thumbprint().to_string(),
    });
    ctx.out.answer(&answer, |answer| {
        out::fields(
            answer,
            &[
                ("agent", "/agent_name"),
                ("instance", "/client_id"),
                ("key file", "/key_file"),
                ("key", "/jkt"),
                ("gateway", "/gateway"),
            ],
        );
    });
    Ok(())
}
