//! `GET /api/v1/clients/{c}/receipts/{n}`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{AsWritten, Desk, DeskError, door::Acting, view::ReceiptFile};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/receipts/{n}",
    summary: "One receipt as a file for `writ receipt verify`, by the ledger line that holds it.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"v":1,"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","origin":"writ-ledger/tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","receipt":{},"line":{"index":7,"bytes":"{}","path":[]},"founding":{"index":0,"bytes":"{}","path":[]},"key_line":{"index":5,"bytes":"{}","path":[]},"history":[],"checkpoint":"…","size":42}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, n)): Path<(String, String)>,
) -> Result<(AsWritten, Json<ReceiptFile>), DeskError> {
    let line = n.parse().map_err(|_bad| DeskError::not_visible("receipt", &n))?;
    Ok((AsWritten, Json(desk.receipt_file(&who, &c, line).await?)))
}
