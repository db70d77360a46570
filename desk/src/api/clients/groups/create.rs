//! `POST /api/v1/clients/{c}/groups`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, NewGroup, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/groups",
    summary: "Makes a group.",
    guard: Guard::Changes,
    needs: Needs::works(),
    body: Some(r#"{"name":"back office"}"#),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Group back office was made."],"id":"grp_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<NewGroup>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.create_group(&who, &c, body).await?))
}
