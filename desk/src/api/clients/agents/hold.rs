//! `POST /api/v1/clients/{c}/agents/{a}/hold`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{
    Endpoint, Guard, Needs,
    web::{Body, Reason},
};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/agents/{a}/hold",
    summary: "Makes an active agent wait.",
    guard: Guard::Changes,
    needs: Needs::works(),
    body: Some(r#"{"reason":"It sent customer records to a stranger"}"#),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot was put on hold: month end."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.hold(&who, &c, &a, body.reason).await?))
}
