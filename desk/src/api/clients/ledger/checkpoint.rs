//! `GET /api/v1/clients/{c}/ledger/checkpoint`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::CheckpointView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/ledger/checkpoint",
    summary: "The ledger's signed checkpoint (C2SP tlog-checkpoint).",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"origin":"writ-ledger/tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","size":42,"root":"6f1b7a0f6a3a2f0f9d0b8c6f5c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b","note":"…","verifier_key":"…"}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<CheckpointView>, DeskError> {
    Ok(Json(desk.checkpoint(&who, &c).await?))
}
