//! What a witness asks and says over HTTP, beside the API: `/witness/{tenant}/…`.
//!
//! Never here: a door without [`Desk::watching`].

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use writ_authority::refusal::cut;
use writ_evidence::tiles;
use writ_model::{Digest, TenantId};
use writ_store::prove_consistency;

use super::board::Disagrees;
use crate::{
    Desk, DeskError,
    api::{Asked, Body, dress},
    error,
};

/// LIMIT: bytes of what a witness says: a signature line or a sentence.
const MAX_WORD: usize = 16 << 10;
/// LIMIT: seconds a witness may wait for a newer checkpoint in one request.
const MAX_WAIT: u64 = 25;
/// LIMIT: lines of one answer.
const MAX_ENTRIES: u64 = 1_024;

/// The doors.
pub(crate) fn witness_doors(desk: &Desk) -> Router<Desk> {
    Router::new()
        .route("/witness/{tenant}/checkpoint", get(checkpoint))
        .route("/witness/{tenant}/consistency", get(consistency))
        .route("/witness/{tenant}/entries", get(entries))
        .route("/witness/{tenant}/cosignature", post(cosignature))
        .route("/witness/{tenant}/disagreement", post(disagreement))
        .layer(DefaultBodyLimit::max(MAX_WORD))
        .layer(middleware::from_fn_with_state(desk.clone(), dress))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    /// The size seen last.
    #[serde(default)]
    since: u64,
    /// Seconds to wait for a larger one.
    #[serde(default)]
    wait: u64,
}

async fn checkpoint(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    Path(tenant): Path<String>,
    Asked(asked): Asked<Since>,
) -> Result<Response, DeskError> {
    let watching = desk.watching((&headers, &uri), &tenant).await?;
    let wait = Duration::from_secs(asked.wait.min(MAX_WAIT));
    let note = desk.note_after(watching.view.tenant, asked.since, wait).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    old: u64,
    new: u64,
}

#[derive(Debug, Serialize)]
struct Consistency {
    old: u64,
    new: u64,
    /// RFC 9162 section 2.1.4.
    proof: Vec<Digest>,
}

async fn consistency(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    Path(tenant): Path<String>,
    Asked(Sizes { old, new }): Asked<Sizes>,
) -> Result<Json<Consistency>, DeskError> {
    let watching = desk.watching((&headers, &uri), &tenant).await?;
    let proof = prove_consistency(desk.ledger().as_ref(), watching.view.tenant, old, new).await?;
    Ok(Json(Consistency { old, new, proof }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    from: u64,
    to: u64,
}

/// Lines `from` up to `to`, as many as fit one answer, each after its length in two bytes.
async fn entries(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    Path(tenant): Path<String>,
    Asked(Range { from, to }): Asked<Range>,
) -> Result<Response, DeskError> {
    let watching = desk.watching((&headers, &uri), &tenant).await?;
    let view = &watching.view;
    let count = to.min(view.size).saturating_sub(from).min(MAX_ENTRIES);
    let count = usize::try_from(count).unwrap_or(0);
    let mut out = Vec::new();
    if count > 0 {
        let lines = desk.ledger().read(view.tenant, from, count).await?;
        for (index, line) in (from..).zip(&lines) {
            tiles::push_entry(&mut out, index, line)
                .map_err(|fault| DeskError::fault(error::FAULT, fault.to_string()))?;
        }
    }
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], out).into_response())
}

#[derive(Debug, Serialize)]
struct Heard {
    kept: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CosignatureBody {
    /// Of which size.
    size: u64,
    /// The note's signature line.
    line: String,
}

async fn cosignature(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    Path(tenant): Path<String>,
    Body(body): Body<CosignatureBody>,
) -> Result<Json<Heard>, DeskError> {
    let watching = desk.watching((&headers, &uri), &tenant).await?;
    let by = (watching.witness, &watching.key);
    desk.keep_cosignature(&watching.view, by, (body.size, &body.line)).await?;
    Ok(Json(Heard { kept: true }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DisagreementBody {
    /// The rule.
    code: String,
    /// What is wrong.
    what: String,
}

async fn disagreement(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    Path(tenant): Path<String>,
    Body(body): Body<DisagreementBody>,
) -> Result<Json<Heard>, DeskError> {
    let watching = desk.watching((&headers, &uri), &tenant).await?;
    let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
    let word = Disagrees {
        code: cut(&plain(&body.code)),
        what: plain(&body.what).chars().take(500).collect(),
        at: desk.now(),
    };
    desk.keep_disagreement(watching.view.tenant, watching.witness, word).await?;
    Ok(Json(Heard { kept: true }))
}

impl Desk {
    /// The signed checkpoint once the ledger is longer than `since`, or as it is when the wait is over.
    async fn note_after(
        &self,
        tenant: TenantId,
        since: u64,
        wait: Duration,
    ) -> Result<String, DeskError> {
        let busy = |_full| DeskError::Busy { what: "too many witnesses wait".to_owned() };
        let _place = self.inner.witnessing.polls.try_acquire().map_err(busy)?;
        let mut changes = self.tenants().changes();
        let newer = async {
            loop {
                let view = self.tenants().view(tenant).await?;
                if view.size > since {
                    return Ok::<_, DeskError>(view);
                }
                loop {
                    match changes.recv().await {
                        Ok(change) if change.tenant != tenant => {}
                        Ok(_) | Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            }
        };
        let view = match tokio::time::timeout(wait, newer).await {
            Ok(newer) => newer?,
            Err(_elapsed) => self.tenants().view(tenant).await?,
        };
        self.note(&view).await
    }
}
