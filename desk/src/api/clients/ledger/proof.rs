//! `GET /api/v1/clients/{c}/ledger/{n}/proof`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use super::number;
use crate::{Desk, DeskError, door::Acting, view::ProofView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/ledger/{n}/proof",
    summary: "That a line is in the ledger: audit path and signed checkpoint.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"line":7,"size":42,"leaf_hash":"6f1b7a0f6a3a2f0f9d0b8c6f5c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b","path":["6f1b7a0f6a3a2f0f9d0b8c6f5c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b"],"root":"6f1b7a0f6a3a2f0f9d0b8c6f5c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b","checkpoint":"…","bytes":"{}"}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, n)): Path<(String, String)>,
) -> Result<Json<ProofView>, DeskError> {
    Ok(Json(desk.ledger_proof(&who, &c, number(&n)?).await?))
}
