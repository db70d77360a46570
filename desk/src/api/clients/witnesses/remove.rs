//! `POST /api/v1/clients/{c}/witnesses/{w}/remove`

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
    path: "/clients/{c}/witnesses/{w}/remove",
    summary: "Removes a witness, by its id or name.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: Some(r#"{"reason":"The machine was replaced."}"#),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["“office machine” no longer watches this ledger."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, w)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.remove_witness(&who, &c, &w, &body.reason).await?))
}
