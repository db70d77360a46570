//! `GET /api/v1/clients/{c}/ledger/{n}`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use super::number;
use crate::{Desk, DeskError, door::Acting, view::LineDetail};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/ledger/{n}",
    summary: "One line with its bytes and leaf hash.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","by":"Dana Cole","via":"console","kind":"agent_terminated","says":"invoice-bot was ended for good: it sent data out.","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","entry":{},"bytes":"{}","leaf_hash":"6f1b7a0f6a3a2f0f9d0b8c6f5c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b","size":42}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, n)): Path<(String, String)>,
) -> Result<Json<LineDetail>, DeskError> {
    Ok(Json(desk.ledger_line(&who, &c, number(&n)?).await?))
}
