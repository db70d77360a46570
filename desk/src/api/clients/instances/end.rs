//! `POST /api/v1/clients/{c}/instances/{i}/end`

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
    path: "/clients/{c}/instances/{i}/end",
    summary: "Ends one running copy; the agent's others live.",
    guard: Guard::Changes,
    needs: Needs::works(),
    body: Some(r#"{"reason":"It sent customer records to a stranger"}"#),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Running copy laptop of invoice-bot was ended: lost."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, i)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.end_instance(&who, &c, &i, body.reason).await?))
}
