//! `GET /api/v1/clients/{c}/ledger/export/{path…}`

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{AsWritten, Desk, DeskError, door::Acting};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/ledger/export/{*path}",
    summary: "One file of the ledger's export (C2SP tlog-tiles, ledger.json, names.json, activity/<line>.ndjson).",
    guard: Guard::Reads,
    needs: Needs::exports(),
    body: None,
    answer: "{}",
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, path)): Path<(String, String)>,
) -> Result<Response, DeskError> {
    let file = desk.export_file(&who, &c, &path).await?;
    Ok((AsWritten, [(header::CONTENT_TYPE, file.media_type)], file.bytes).into_response())
}
