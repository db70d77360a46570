//! `GET /api/v1/clients/{c}/charter`, `GET /api/v1/clients/{c}/charter/versions/{v}`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{
    Desk, DeskError,
    door::Acting,
    view::{CharterView, VersionView},
};

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/charter",
        summary: "What a client's charter says: in force, as a draft, its versions, who has signed and who is missing, what is stopped.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{},"in_force":{},"draft":null,"versions":[],"suspended":[],"frozen":[],"templates":[],"notes":[]}"#,
        route: || get(show),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/charter/versions/{v}",
        summary: "One version of a charter, whole: by its number, or the draft.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{},"name":"2","version":2,"charter":"cht_01j9z3k4m5n6p7q8r9s0t1v2w3","digest":"sha256:00","state":"in_force","since":"2026-11-03T14:03:00.000000Z","until":null,"line":12,"clauses":[],"counts_as":[],"signed":[],"missing":[],"document":{}}"#,
        route: || get(version),
    },
];

async fn show(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<CharterView>, DeskError> {
    Ok(Json(desk.charter(&who, &c).await?))
}

async fn version(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, v)): Path<(String, String)>,
) -> Result<Json<VersionView>, DeskError> {
    Ok(Json(desk.charter_version(&who, &c, &v).await?))
}
