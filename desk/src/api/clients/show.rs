//! `GET /api/v1/clients/{c}`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::ClientRow};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}",
    summary: "One client.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books","agents":4,"active":3,"waiting":1,"people":5,"lines":42}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<ClientRow>, DeskError> {
    Ok(Json(desk.client(&who, &c).await?))
}
