//! `GET /api/v1/clients/{c}/receipts`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs, web::Asked};
use crate::{Desk, DeskError, ReceiptQuery, door::Acting, view::ReceiptPage};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/receipts",
    summary: "Signed acts of a client's ledger, newest first (`before`, `limit`).",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"size":42,"rows":[{"line":7,"at":"2026-11-03T14:03:00.000000Z","signing":"sig_01j9z3k4m5n6p7q8r9s0t1v2w3","person":"Dana Cole","passkey":"psk_01j9z3k4m5n6p7q8r9s0t1v2w3","title":"Let invoice-bot act"}],"next":null}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(query): Asked<ReceiptQuery>,
) -> Result<Json<ReceiptPage>, DeskError> {
    Ok(Json(desk.receipts(&who, &c, query).await?))
}
