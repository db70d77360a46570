//! `POST /api/v1/clients/{c}/agents/{a}/activate`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/agents/{a}/activate",
    summary: "Switches an agent on, if its three answers are complete.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: None,
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot was activated."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.activate(&who, &c, &a).await?))
}
