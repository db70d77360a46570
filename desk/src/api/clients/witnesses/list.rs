//! `GET /api/v1/clients/{c}/witnesses`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::WitnessRow};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/witnesses",
    summary: "The witnesses of a client's ledger, and how far each has seen.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"[{"witness":"wit_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"office machine","side":"client","key":"harbor-books/office+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G","named_at":"2026-11-03T14:03:00.000000Z","seen_size":42,"seen_at":"2026-11-03T14:03:00.000000Z","behind":0,"disagrees":null}]"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<WitnessRow>>, DeskError> {
    Ok(Json(desk.witnesses(&who, &c).await?))
}
