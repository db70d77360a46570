//! `writ explain`: why an agent could do what it did at a moment, who had said so, under which clause, and what it had
//! done before.
//!
//! Never here: a second opinion; explanations come from `authority`. To ask about a call that was not made: `writ agent
//! explain`. To narrow the question: an option of [`Args`].

use std::path::PathBuf;

use super::{access::Ctx, call};
use crate::{api::segment, fault::Fault};

/// Which call.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The client
    #[arg(long)]
    client: String,
    /// The agent (name or agt_…): its last call at or before the moment
    #[arg(long, required_unless_present = "call")]
    agent: Option<String>,
    /// This call (cal_…)
    #[arg(long, conflicts_with_all = ["agent", "at", "server", "name", "pdf"])]
    call: Option<String>,
    /// The moment (RFC 3339, UTC) [default: now]
    #[arg(long)]
    at: Option<String>,
    /// Only calls on this server
    #[arg(long)]
    server: Option<String>,
    /// Only calls of this tool, resource or prompt
    #[arg(long)]
    name: Option<String>,
    /// As a document, into a new file
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
}

/// Explains.
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let client = segment(&args.client);
    let path = match (&args.call, &args.agent) {
        (Some(call), _) => format!("/api/v1/clients/{client}/calls/{}/explain", segment(call)),
        (None, agent) => {
            let agent = segment(agent.as_deref().unwrap_or_default());
            let format = args.pdf.as_ref().map(|_file| "pdf".to_owned());
            super::query(
                &format!("/api/v1/clients/{client}/agents/{agent}/explain"),
                &[
                    ("at", args.at),
                    ("server", args.server),
                    ("name", args.name),
                    ("format", format),
                ],
            )
        }
    };
    if let Some(file) = &args.pdf {
        return super::save(ctx, &api, &path, file).await;
    }
    let answer = api.get(&path).await?;
    ctx.out.answer(&answer, call::explained);
    Ok(())
}
