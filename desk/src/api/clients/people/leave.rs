//! `POST /api/v1/clients/{c}/people/{p}/leave`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/people/{p}/leave",
    summary: "Ends a person's seat.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: None,
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Dana Cole left."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, p)): Path<(String, String)>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.person_leaves(&who, &c, &p).await?))
}
