//! `/api/v1/provider/people/{p}/offboard`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::{
    Endpoint, Guard, Needs,
    web::{Body, Reason},
};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/provider/people/{p}/offboard",
    summary: "Ends a person's work for the provider: refused everywhere at once, then unseated client by client.",
    guard: Guard::Changes,
    needs: Needs::owns().of_provider().signed(),
    body: Some(r#"{"reason":"Left the company"}"#),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Tom Reyes does not work for the provider any more: Left the company."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(p): Path<String>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.offboard(&who, &p, body.reason).await?))
}
