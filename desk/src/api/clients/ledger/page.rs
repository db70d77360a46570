//! `GET /api/v1/clients/{c}/ledger`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};
use serde::Deserialize;

use super::super::super::{Endpoint, Guard, Needs, web::Asked};
use crate::{Desk, DeskError, door::Acting, view::LedgerPage};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/ledger",
    summary: "Lines of the ledger in plain words: `from`, `limit`; the last page if no start is given.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"size":42,"root":"6f1b7a0f6a3a2f0f9d0b8c6f5c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b","lines":[{"line":7,"at":"2026-11-03T14:03:00.000000Z","by":"Dana Cole","via":"console","kind":"agent_terminated","says":"invoice-bot was ended for good: it sent data out.","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","entry":{}}],"next":null}"#,
    route: || get(handle),
};

/// Which lines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// The first.
    #[serde(default)]
    from: Option<u64>,
    /// At most so many; 200 if it is left out.
    #[serde(default)]
    limit: Option<usize>,
}

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<LedgerPage>, DeskError> {
    Ok(Json(desk.ledger_page(&who, &c, query.from, query.limit).await?))
}
