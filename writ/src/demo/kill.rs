//! The end of an agent, measured from outside: while one stream is open and calls go out without a pause, a person ends
//! the agent; when does the last byte come, and when is the first call refused?
//!
//! Never here: what the server says of itself; that is in its receipt, and told beside. To measure one more effect: a
//! probe beside these two.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use writ_model::Clock;

use super::{actor::Actor, people::Hand};
use crate::{api::ApiClient, fault::Fault, mcp::client::Step};

/// LIMIT: calls of the probe; at some hundred a second this is far longer than any ending takes.
const PROBES: u32 = 20_000;

/// What was measured. Times are microseconds since the person's signature was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// When the last byte of the open stream came, or its end.
    pub stream_cut_us: u64,
    /// Notices the stream had brought before.
    pub notices: u64,
    /// When the last call was answered that was still permitted; none after the request was sent is zero.
    pub last_permitted_us: u64,
    /// When the first call was refused.
    pub first_refused_us: u64,
    /// What the refused call was told.
    pub told: String,
    /// Calls the probe made before.
    pub probes: u64,
    /// What the desk answered: the receipt.
    pub receipt: Value,
}

impl Measured {
    /// Milliseconds until the last byte: the slowest of the effects.
    pub fn kill_ms(&self) -> f64 {
        let last = self.stream_cut_us.max(self.first_refused_us).max(self.last_permitted_us);
        f64::from(u32::try_from(last).unwrap_or(u32::MAX)) / 1000.0
    }
}

struct Probed {
    last_permitted: u64,
    refused: Option<(u64, String)>,
    probes: u64,
}

/// Ends the agent as a person does and measures what it can still do.
///
/// # Errors
/// If the stream or the probe does not run, or the desk refuses.
pub async fn end(
    actor: Arc<Actor>,
    clock: Arc<dyn Clock>,
    (api, hand): (&ApiClient, &Hand),
    reason: &str,
) -> Result<Measured, Fault> {
    let odd = |what: &str| Fault::unreachable(format!("the demo cannot measure: {what}"));
    let opened = actor.stream("files", "watch", json!({"seconds": 60})).await;
    let mut stream = opened.map_err(|why| odd(&why.to_string()))?;
    match stream.next().await {
        Ok(Step::Notice(_)) => {}
        other => return Err(odd(&format!("the stream brought {other:?}"))),
    }
    let (probing, watching) = (Arc::clone(&clock), Arc::clone(&clock));
    let prober: JoinHandle<Probed> = tokio::spawn(probe(Arc::clone(&actor), probing));
    let watcher = tokio::spawn(async move {
        let mut notices = 1;
        while let Ok(Step::Notice(_)) = stream.next().await {
            notices += 1;
        }
        (watching.monotonic_micros(), notices)
    });
    // A few calls go through first, so that the probe is known to work.
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..3 {
        ticks.tick().await;
    }
    let (client, name) = (actor.seed.client, actor.seed.name);
    let path = format!("/api/v1/clients/{client}/agents/{name}/terminate");
    // The person is shown what they sign; the clock runs from their touch.
    let asked = api.prepare(&path, &json!({"reason": reason})).await?;
    let signing = asked.map_err(|_done| odd("ending needed no signature"))?;
    let assertion = hand.assert(&signing.options, signing.origin())?;
    let from = clock.monotonic_micros();
    let receipt = api.complete(&signing, &assertion).await?;
    let (cut, notices) = watcher.await.map_err(|error| odd(&error.to_string()))?;
    let probed = prober.await.map_err(|error| odd(&error.to_string()))?;
    let (refused, told) = probed.refused.ok_or_else(|| odd("no call was ever refused"))?;
    Ok(Measured {
        stream_cut_us: cut.saturating_sub(from),
        notices,
        last_permitted_us: probed.last_permitted.saturating_sub(from),
        first_refused_us: refused.saturating_sub(from),
        told,
        probes: probed.probes,
        receipt,
    })
}

async fn probe(actor: Arc<Actor>, clock: Arc<dyn Clock>) -> Probed {
    let mut probed = Probed { last_permitted: 0, refused: None, probes: 0 };
    for _ in 0..PROBES {
        let result = actor.tool("mail", "list_messages", json!({})).await;
        let at = clock.monotonic_micros();
        match result {
            Ok(_) => {
                probed.last_permitted = at;
                probed.probes += 1;
            }
            Err(why) => {
                // The first may have been under way; the next one says why nothing goes any more.
                let next = actor.tool("mail", "list_messages", json!({})).await;
                let told = next.map_or_else(|why| why.to_string(), |_| why.to_string());
                probed.refused = Some((at, told));
                return probed;
            }
        }
    }
    probed
}
