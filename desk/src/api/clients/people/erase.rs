//! `POST /api/v1/clients/{c}/people/{p}/erase`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/people/{p}/erase",
    summary: "Erases the name of somebody who left, for good: its key is destroyed, every line stays.",
    guard: Guard::Changes,
    needs: Needs::owns().signed(),
    body: None,
    answer: r#"{"line":8,"at":"2026-11-03T14:03:00.000000Z","says":["The name of prs_01j9z3k4m5n6p7q8r9s0t1v2w3 was erased; what they did stays."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, p)): Path<(String, String)>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.erase_person(&who, &c, &p).await?))
}
