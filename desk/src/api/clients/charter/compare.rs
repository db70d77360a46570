//! `GET /api/v1/clients/{c}/charter/diff`, `…/replay`, `…/check`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};
use serde::Deserialize;

use super::super::super::{Asked, Endpoint, Guard, Needs};
use crate::{
    Desk, DeskError, ReplayQuery,
    door::Acting,
    view::{DiffView, ReplayView, TraceView},
};

pub(super) const TABLE: [Endpoint; 3] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/charter/diff",
        summary: "What changes between two versions, in plain words: `from` and `to` by number, or `draft`.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{},"from":null,"to":{},"changes":[{"key":"mail","words":"Mail is asked for first.","direction":"tighter"}]}"#,
        route: || get(diff),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/charter/replay",
        summary: "Decides the calls of the last `days` again under the version `to`, and names those that would go another way.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{},"version":{},"since":"2026-10-27T14:03:00.000000Z","until":"2026-11-03T14:03:00.000000Z","looked":40,"same":38,"skipped":[],"differs":[],"others":2,"says":[]}"#,
        route: || get(replay),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/charter/check",
        summary: "Whether every clause is enforced, and everything that acts stands on a clause; `orphans` counts what does not.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{},"version":{},"clauses":9,"points":31,"orphans":0,"found":[],"rows":[]}"#,
        route: || get(check),
    },
];

/// Which two versions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Between {
    /// The older; what is in force, if left out.
    #[serde(default)]
    from: Option<String>,
    /// The newer; the draft, else what is in force.
    #[serde(default)]
    to: Option<String>,
}

async fn diff(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(between): Asked<Between>,
) -> Result<Json<DiffView>, DeskError> {
    let (from, to) = (between.from.as_deref(), between.to.as_deref());
    Ok(Json(desk.charter_diff(&who, &c, from, to).await?))
}

async fn replay(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(query): Asked<ReplayQuery>,
) -> Result<Json<ReplayView>, DeskError> {
    Ok(Json(desk.charter_replay(&who, &c, query).await?))
}

async fn check(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<TraceView>, DeskError> {
    Ok(Json(desk.charter_check(&who, &c).await?))
}
