//! `writ observe`: an agent, a group or a whole client is watched and not blocked until a signed date; what would have
//! been refused becomes a report, and a row of the report a grant.
//!
//! Never here: what is refused all the same (`authority`). To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// Whom, at a client: one agent, one group, or everything.
#[derive(Debug, Clone, clap::Args)]
pub struct Whom {
    /// The client
    #[arg(long)]
    client: String,
    /// This agent (name or agt_…)
    #[arg(long, conflicts_with = "group")]
    agent: Option<String>,
    /// Every agent of this group (name or grp_…) [default: everything of the client]
    #[arg(long)]
    group: Option<String>,
}

/// One row of a report.
#[derive(Debug, clap::Args)]
pub struct Row {
    /// The client
    #[arg(long)]
    client: String,
    /// Whose row (name or agt_…)
    #[arg(long)]
    agent: String,
    /// With which code it would have been refused
    #[arg(long)]
    code: String,
    /// On which server
    #[arg(long)]
    server: String,
    /// tool, resource or prompt
    #[arg(long, default_value = "tool")]
    surface: String,
    /// The thing's name
    #[arg(long)]
    name: String,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Watch and do not block, until a date; never past a clause that refuses
    Start {
        /// Whom
        #[command(flatten)]
        whom: Whom,
        /// Until when (RFC 3339, UTC), 90 days at most
        #[arg(long)]
        until: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Enforce again
    End(Whom),
    /// What would have been refused, most frequent first
    Report {
        /// The client
        #[arg(long)]
        client: String,
        /// Not before (RFC 3339, UTC)
        #[arg(long)]
        from: Option<String>,
        /// Not after (RFC 3339, UTC)
        #[arg(long)]
        to: Option<String>,
    },
    /// Turn a row of the report into the smallest grant that would allow it
    Propose(Row),
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let at =
        |client: &str, rest: &str| format!("/api/v1/clients/{}/observe{rest}", segment(client));
    let (path, body) = match verb {
        Verb::Report { client, from, to } => {
            let path = super::query(&at(&client, ""), &[("from", from), ("to", to)]);
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, report);
            return Ok(());
        }
        Verb::Start { whom, until, reason } => {
            let body = json!({
                "agent": whom.agent, "group": whom.group, "until": until, "reason": reason,
            });
            (at(&whom.client, ""), body)
        }
        Verb::End(whom) => {
            (at(&whom.client, "/end"), json!({"agent": whom.agent, "group": whom.group}))
        }
        Verb::Propose(row) => {
            let body = json!({
                "agent": row.agent, "code": row.code, "server": row.server,
                "surface": row.surface, "name": row.name,
            });
            (at(&row.client, "/propose"), body)
        }
    };
    let answer = api.post(&path, &super::given(body)).await?;
    ctx.out.answer(&answer, super::acted);
    Ok(())
}

fn report(answer: &Value) {
    let part = |name: &str| answer.get(name).unwrap_or(&Value::Null);
    let columns = [
        ("WATCHED", "/name"),
        ("KIND", "/kind"),
        ("UNTIL", "/until"),
        ("SIGNED BY", "/by"),
        ("NOW", "/holds"),
    ];
    out::table(part("observing"), &columns, "nothing is only watched");
    let fields = [
        ("from", "/from"),
        ("to", "/to"),
        ("would have been refused", "/refused"),
        ("not all of them fit", "/cut"),
    ];
    out::fields(answer, &fields);
    let columns = [
        ("CALLS", "/count"),
        ("CODE", "/code"),
        ("AGENT", "/agent_name"),
        ("SERVER", "/server"),
        ("CALL", "/name"),
        ("A GRANT WOULD BE", "/proposal"),
        ("NONE WOULD", "/why_not"),
    ];
    out::table(part("rows"), &columns, "nothing would have been refused");
}
