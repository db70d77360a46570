//! The scene of a client that is only watched for a day: nothing is blocked, and the report says what enforcement then
//! refuses, call by call. And the clause that nobody stands above.
//!
//! Never here: a refusal that was foretold and not tried. To try one more thing: an entry in [`BEYOND`].

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use tokio::time::{Duration, interval};
use writ_model::Span;

use super::{
    actor::{Actor, held},
    agreement::NEVER_WATCHED,
    stage::text,
    story::{Story, client, spoiled},
    world,
};
use crate::{api::ApiClient, fault::Fault, mcp::McpFault};

/// Who is watched.
const WATCHED: &str = "cole-bakery";
/// How long.
const WATCH: Span = Span::days(1);

/// What an agent also tries: agent, server, tool, arguments. None of it is within its grants or below the sum that is
/// asked for.
type Try = (&'static str, &'static str, &'static str, fn() -> Value);

/// What the bakery's agents try beyond their work.
const BEYOND: [Try; 4] = [
    ("orders", "files", "list_files", || json!({})),
    (
        "orders",
        "mail",
        "send_message",
        || json!({"to": "sales@elsewhere.example", "subject": "offer", "body": "Do you buy flour?"}),
    ),
    ("payables", "payments", "pay", || {
        json!({
            "payee_iban": "ES9121000418450200051332", "amount": 287.0, "currency": "EUR",
            "reference": "CB-310",
        })
    }),
    ("stock", "files", "write_file", || json!({"path": "stock/flour.csv", "content": "none\n"})),
];

/// Calls of one agent on one thing with one code.
type Counted = BTreeMap<(String, String, String, String), u64>;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Calls that were blocked while it was only watched: none is right.
    pub blocked: u64,
    /// Calls that the report says would have been refused.
    pub would_refuse: u64,
    /// The report is what enforcement then refused.
    pub same: bool,
    /// Where a clause refuses it, the provider's owner could not do it.
    pub refuse_binds: bool,
}

impl Story<'_> {
    /// Plays a day at the bakery twice: watched, and enforced.
    ///
    /// # Errors
    /// If the desk refuses, or an agent cannot do its own work.
    pub(super) async fn watching(&self, actors: &[Arc<Actor>]) -> Result<Watched, Fault> {
        let owner = self.stage.api_as_owner_of(WATCHED).await?;
        let base = format!("/api/v1/clients/{WATCHED}/observe");
        let until = self.system.clock.now() + WATCH;
        let body = json!({"until": until, "reason": "A first day with agents"});
        owner.post(&base, &body).await?;
        let watched = day(actors).await?;
        let blocked = watched.values().sum();
        let report = report(&owner, &base).await?;
        owner.post(&format!("{base}/end"), &json!({})).await?;
        let refused = day(actors).await?;
        let (would_refuse, same) = (report.values().sum(), report == refused);
        self.tell(&format!(
            "\nThe bakery is only watched for a day: {blocked} calls blocked, {would_refuse} that would have been."
        ));
        self.tell(&format!(
            "Enforced again, the same day comes out {} as the report said.",
            if same { "exactly" } else { "otherwise than" }
        ));
        if !same {
            tracing::warn!(?report, ?refused, "the report is not what was refused");
        }
        let refuse_binds = self.refuse_binds().await?;
        Ok(Watched { blocked, would_refuse, same, refuse_binds })
    }

    /// The provider's owner, who has every role there is, against a clause that refuses.
    async fn refuse_binds(&self) -> Result<bool, Fault> {
        let path = format!("/api/v1/clients/{NEVER_WATCHED}/observe");
        let until = self.system.clock.now() + WATCH;
        let body = json!({"until": until, "reason": "Let me see"});
        match self.stage.api()?.post(&path, &body).await {
            Ok(_) => Ok(false),
            Err(fault) => {
                self.tell(&format!(
                    "At the dentist's a clause refuses that to everybody. {} tries it there:",
                    world::OWNER
                ));
                self.quote(&fault.to_string());
                Ok(fault.code.as_deref() == Some("AUTH-0037"))
            }
        }
    }
}

/// A day of the bakery's agents, with what they try beyond it; what was refused or had to wait.
async fn day(actors: &[Arc<Actor>]) -> Result<Counted, Fault> {
    let (mut refused, seed) = (Counted::new(), client(WATCHED)?);
    for actor in actors.iter().filter(|actor| actor.seed.client == WATCHED) {
        for act in actor.seed.desk.day() {
            actor.act(act, seed).await.map_err(|why| spoiled(actor, &why))?;
        }
        for (_, server, tool, arguments) in
            BEYOND.iter().filter(|(agent, ..)| *agent == actor.seed.name)
        {
            let code = match actor.tool(server, tool, arguments()).await {
                Ok(told) => held(&told).map(|_hold| "HOLD-0001".to_owned()),
                Err(McpFault::Refused { data, .. }) => Some(text(&data, "code")),
                Err(why) => return Err(spoiled(actor, &why)),
            };
            if let Some(code) = code {
                let server = world::server_name(WATCHED, server);
                let key = (actor.seed.name.to_owned(), server, (*tool).to_owned(), code);
                *refused.entry(key).or_default() += 1;
            }
        }
    }
    Ok(refused)
}

/// What the desk says would have been refused. Records are written behind the calls: a moment may pass.
async fn report(owner: &ApiClient, path: &str) -> Result<Counted, Fault> {
    let wanted = u64::try_from(BEYOND.len()).unwrap_or(u64::MAX);
    let (mut ticks, mut found) = (interval(Duration::from_millis(20)), Counted::new());
    for _ in 0..100 {
        ticks.tick().await;
        let answer = owner.get(path).await?;
        found.clear();
        for row in answer.get("rows").and_then(Value::as_array).into_iter().flatten() {
            let count = row.get("count").and_then(Value::as_u64).unwrap_or_default();
            let part = |name| text(row, name);
            let key = (part("agent_name"), part("server"), part("name"), part("code"));
            *found.entry(key).or_default() += count;
        }
        if found.values().sum::<u64>() >= wanted {
            break;
        }
    }
    Ok(found)
}
