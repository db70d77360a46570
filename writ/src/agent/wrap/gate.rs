//! Asking the gateway: `decide` before a request, `outcome` after it, `filter` for lists, `life` all the while.
//!
//! Never here: an answer of our own where the gateway gave none: no answer is a no.
//! To ask one more thing: a method of [`Gate`] and the path it posts to.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    carry::{Carrier, Parcel},
    fault::Fault,
    mcp::sse::Events,
    net,
};

/// How long the gateway's word may be missing before nothing that the server says is passed on.
const STALE: Duration = Duration::from_secs(5);
/// Pause before its word is asked for again.
const PAUSE: Duration = Duration::from_millis(250);
/// LIMIT: time for one decision; a decision takes microseconds, so this long means no gateway.
const DECIDE: Duration = Duration::from_secs(5);

/// The gateway, asked about one server.
#[derive(Debug, Clone)]
pub struct Gate {
    carrier: Carrier,
    base: String,
}

/// The gateway's word on a request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Word {
    /// May it go to the server.
    pub permit: bool,
    /// The record it is written under.
    #[serde(default)]
    pub call_id: Option<String>,
    /// Whether the result must be filtered before the client sees it.
    #[serde(default)]
    pub filter: bool,
    /// The JSON-RPC error to answer with, if not permitted.
    #[serde(default)]
    pub error: Value,
}

/// What became of a permitted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The record.
    pub call_id: String,
    /// The server answered with a result.
    pub ok: bool,
    /// Bytes of its answer.
    pub bytes: usize,
    /// Microseconds from decision to answer.
    pub duration_us: u64,
}

/// Whether the gateway's word is to be had; lost for [`STALE`], it counts as a no.
#[derive(Debug, Clone)]
pub struct Life(Arc<watch::Sender<bool>>);

impl Default for Life {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }
}

impl Life {
    /// It is to be had.
    pub fn heard(&self) {
        self.0.send_replace(true);
    }

    /// It is not.
    pub fn lost(&self) {
        self.0.send_replace(false);
    }

    /// Returns once it has been missing for [`STALE`] on end.
    pub async fn stale(&self) {
        loop {
            self.until(false).await;
            if tokio::time::timeout(STALE, self.until(true)).await.is_err() {
                return;
            }
        }
    }

    /// Returns once it is to be had (or is not).
    pub async fn until(&self, wanted: bool) {
        let mut word = self.0.subscribe();
        // The sender lives as long as `self`: waiting cannot fail before it ends.
        let _heard = word.wait_for(|heard| *heard == wanted).await;
    }
}

impl Gate {
    /// For a server's name at a gateway.
    pub fn new(carrier: Carrier, gateway: &str, server: &str) -> Self {
        let server = crate::api::segment(server);
        Self { carrier, base: format!("{}/pep/{server}", gateway.trim_end_matches('/')) }
    }

    /// May this request go to the server?
    ///
    /// # Errors
    /// If the gateway cannot be asked: then it may not.
    pub async fn decide(&self, request: Bytes) -> Result<Word, Fault> {
        let answer = tokio::time::timeout(DECIDE, self.post("decide", request)).await;
        let body = answer.map_err(|_elapsed| unasked("it does not answer"))??;
        serde_json::from_slice(&body).map_err(|error| unasked(&error.to_string()))
    }

    /// What became of a permitted request. Told as well as can be: the record stays open if it is lost.
    pub async fn outcome(&self, outcome: &Outcome) {
        let body = json!({
            "call_id": outcome.call_id, "ok": outcome.ok,
            "bytes": outcome.bytes, "duration_us": outcome.duration_us,
        });
        if let Err(fault) = self.post("outcome", Bytes::from(body.to_string())).await {
            tracing::warn!(%fault, call = outcome.call_id, "outcome not told");
        }
    }

    /// A list with only what the agent may call.
    ///
    /// # Errors
    /// If the gateway cannot be asked: then the list may not be shown.
    pub async fn filter(&self, method: &str, result: &Value) -> Result<Value, Fault> {
        let body = json!({"method": method, "result": result});
        let answer = self.post("filter", Bytes::from(body.to_string())).await?;
        let mut answer: Value =
            serde_json::from_slice(&answer).map_err(|error| unasked(&error.to_string()))?;
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(unasked("its answer has no result")),
        }
    }

    /// Follows the gateway's word on this agent until it says that the agent is ended; gives the reason.
    ///
    /// # Errors
    /// If the stream cannot be had or ends.
    pub async fn follow(&self, life: &Life) -> Result<String, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        let parcel =
            Parcel { method: Method::GET, uri: self.uri("life")?, headers, body: Bytes::new() };
        let response = self.carrier.send(&parcel).await?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            let body = net::whole(response.into_body(), net::SMALL).await.unwrap_or_default();
            return Err(crate::api::problem(status, &body));
        }
        life.heard();
        let mut events = Events::new(response.into_body());
        loop {
            let event = events.next().await.map_err(|why| unasked(&why.to_string()))?;
            let event = event.ok_or_else(|| unasked("it closed the stream"))?;
            if event.kind == "ended" {
                return Ok(reason(&event.data));
            }
        }
    }

    /// Waits before the next attempt.
    pub async fn pause(&self) {
        let _elapsed = tokio::time::timeout(PAUSE, std::future::pending::<()>()).await;
    }

    async fn post(&self, what: &str, body: Bytes) -> Result<Bytes, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let parcel = Parcel { method: Method::POST, uri: self.uri(what)?, headers, body };
        let response = self.carrier.send(&parcel).await?;
        let status = response.status();
        let body = net::whole(response.into_body(), net::ANSWER)
            .await
            .map_err(|why| unasked(&why.to_string()))?;
        if !status.is_success() {
            return Err(crate::api::problem(status, &body));
        }
        Ok(body)
    }

    fn uri(&self, what: &str) -> Result<Uri, Fault> {
        format!("{}/{what}", self.base)
            .parse()
            .map_err(|_invalid| Fault::usage(format!("`{}` is not an address", self.base)))
    }
}

fn unasked(why: &str) -> Fault {
    Fault::unreachable(format!("the gateway cannot be asked: {why}"))
        .cure("start it with `writ up`; until it answers, every request is refused")
}

fn reason(data: &str) -> String {
    let value: Value = serde_json::from_str(data).unwrap_or_default();
    let reason = value.get("reason").and_then(Value::as_str).unwrap_or(data);
    if reason.is_empty() { "no reason was given".to_owned() } else { reason.to_owned() }
}
