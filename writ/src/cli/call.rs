//! `writ call`: what agents did, and why it was permitted or refused.
//!
//! Never here: a second opinion; explanations come from `authority`. To add a verb: a variant of [`Verb`].

use http_body_util::BodyExt as _;
use serde_json::Value;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, mcp::sse::Reader, net, out};

/// Which new calls.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// Only of this client
    #[arg(long)]
    client: Option<String>,
    /// Only of this agent
    #[arg(long)]
    agent: Option<String>,
    /// Only: allowed, blocked, errored
    #[arg(long)]
    effect: Option<String>,
    /// End after so many
    #[arg(long)]
    limit: Option<u32>,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Recent calls, newest first
    List {
        /// Only of this client
        #[arg(long)]
        client: Option<String>,
        /// Only of this agent
        #[arg(long)]
        agent: Option<String>,
        /// Only: allowed, blocked, errored
        #[arg(long)]
        effect: Option<String>,
        /// At most so many
        #[arg(long, default_value = "50")]
        limit: u32,
    },
    /// New calls, as they are recorded (with --json one document a line)
    Watch(Watch),
    /// One call, as it was recorded
    Show {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (cal_…)
        call: String,
    },
    /// Decide it again from what was recorded
    Explain {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (cal_…)
        call: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let verb = match verb {
        Verb::Watch(watch) => return watch.run(ctx).await,
        other => other,
    };
    let api = ctx.api().await?;
    match verb {
        Verb::Watch(_) => {}
        Verb::List { client, agent, effect, limit } => {
            let path = super::query(
                "/api/v1/calls",
                &[
                    ("client", client),
                    ("agent", agent),
                    ("effect", effect),
                    ("limit", Some(limit.to_string())),
                ],
            );
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("AT", "/at"),
                    ("CLIENT", "/client/slug"),
                    ("AGENT", "/agent_name"),
                    ("SERVER", "/server"),
                    ("CALL", "/name"),
                    ("EFFECT", "/effect"),
                    ("WHY", "/detail"),
                    ("ID", "/call"),
                ];
                out::table(super::rows(answer, "calls"), &columns, "no calls");
            });
        }
        Verb::Show { client, call } => {
            let path = format!("/api/v1/clients/{}/calls/{}", segment(&client), segment(&call));
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let fields = [
                    ("call", "/call"),
                    ("at", "/at"),
                    ("agent", "/agent_name"),
                    ("server", "/server"),
                    ("method", "/method"),
                    ("name", "/name"),
                    ("effect", "/effect"),
                    ("code", "/code"),
                    ("why", "/detail"),
                    ("grant", "/grant_said/words"),
                    ("given by", "/grant_said/given_by/name"),
                    ("clauses", "/clauses"),
                    ("charter version", "/charter"),
                    ("only watched, else", "/observed"),
                    ("approval", "/hold"),
                    ("ledger", "/tree_size"),
                    ("sealed in line", "/seal/line"),
                ];
                out::fields(answer, &fields);
            });
        }
        Verb::Explain { client, call } => {
            let path =
                format!("/api/v1/clients/{}/calls/{}/explain", segment(&client), segment(&call));
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, explained);
        }
    }
    Ok(())
}

/// An explanation in words.
pub fn explained(answer: &Value) {
    let fields = [
        ("agent", "/agent_name"),
        ("call", "/name"),
        ("server", "/server"),
        ("effect", "/effect"),
        ("code", "/code"),
        ("why", "/words"),
        ("cure", "/cure"),
        ("grant", "/grant_said/words"),
        ("given by", "/grant_said/given_by/name"),
        ("clauses", "/clauses"),
        ("charter version", "/charter_version"),
        ("only watched, else", "/observed"),
        ("approval", "/approval_said/hold"),
        ("stopped then", "/stopped"),
        ("as of", "/at"),
        ("ledger line", "/tree_size"),
        ("same as recorded", "/same"),
        ("differs in", "/differs"),
        ("supposed", "/supposed"),
    ];
    out::fields(answer, &fields);
    for line in answer.get("story").and_then(Value::as_array).into_iter().flatten() {
        out::line(&out::clean(line.as_str().unwrap_or_default()));
    }
    if let Some(before) = answer.get("before").filter(|before| before.is_array()) {
        let columns = [
            ("BEFORE THAT", "/at"),
            ("SERVER", "/server"),
            ("CALL", "/name"),
            ("EFFECT", "/effect"),
            ("ID", "/call"),
        ];
        out::table(before, &columns, "it had done nothing before");
    }
}

impl Watch {
    /// Shows what matches until the server ends, the reader goes away, or there were enough.
    async fn run(&self, ctx: &Ctx) -> Result<(), Fault> {
        let broken = |why: String| {
            Fault::unreachable(format!("the live calls ended: {why}"))
                .cure("see whether the server runs: `writ status`")
        };
        let mut body = ctx.running().await?.stream("/api/v1/calls/live").await?;
        out::note("writ: watching; end with Ctrl-C");
        let (mut reader, mut shown) = (Reader::default(), 0);
        while self.limit.is_none_or(|limit| shown < limit) {
            if let Some(event) = reader.pop().map_err(|fault| broken(fault.to_string()))? {
                let row: Value = serde_json::from_str(&event.data).unwrap_or_default();
                if event.kind == "call" && self.wants(&row) {
                    shown += 1;
                    let text = if ctx.out.json { row.to_string() } else { one_line(&row) };
                    if !out::tail(&text) {
                        return Ok(());
                    }
                }
                continue;
            }
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        reader.push(&piece);
                    }
                }
                Some(Err(error)) => return Err(broken(net::chain(error.as_ref()))),
                None => return Err(broken("the server closed them".to_owned())),
            }
        }
        Ok(())
    }

    fn wants(&self, row: &Value) -> bool {
        let is = |wanted: &Option<String>, pointers: &[&str]| {
            wanted.as_deref().is_none_or(|wanted| {
                let mut found = pointers.iter().filter_map(|at| row.pointer(at)?.as_str());
                found.any(|found| found == wanted)
            })
        };
        is(&self.client, &["/client/slug", "/client/tenant"])
            && is(&self.agent, &["/agent_name", "/agent"])
            && is(&self.effect, &["/effect"])
    }
}

/// A call in one line.
fn one_line(row: &Value) -> String {
    let text = |at: &str| out::clean(row.pointer(at).and_then(Value::as_str).unwrap_or_default());
    let parts = ["/at", "/client/slug", "/agent_name", "/server", "/name", "/effect", "/detail"];
    parts.map(text).join("  ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_asked_for_is_shown_and_in_one_line() {
        let row = json!({"at": "2026-11-03T14:03:00Z", "client": {"slug": "harbor", "tenant": "tnt_1"},
            "agent": "agt_1", "agent_name": "bot", "server": "mail", "name": "send\u{1b}[2J",
            "effect": "blocked", "detail": "no grant"});
        let watch = |client: &str, agent: &str, effect: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Watch { client: some(client), agent: some(agent), effect: some(effect), limit: None }
        };
        for (client, agent, effect, wanted) in [
            ("", "", "", true),
            ("harbor", "bot", "blocked", true),
            ("tnt_1", "agt_1", "", true),
            ("other", "", "", false),
            ("", "mailer", "", false),
            ("", "", "allowed", false),
        ] {
            assert_eq!(watch(client, agent, effect).wants(&row), wanted);
        }
        let line = one_line(&row);
        assert_eq!(
            line,
            "2026-11-03T14:03:00Z  harbor  bot  mail  send\u{fffd}[2J  blocked  no grant"
        );
    }
}
