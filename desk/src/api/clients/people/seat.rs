//! `POST /api/v1/clients/{c}/people`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, NewPerson, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/people",
    summary: "Seats a person of the provider at a client.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: Some(r#"{"person":"Tom Reyes","roles":["engineer"]}"#),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Tom Reyes took a seat for the provider as engineer."],"id":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<NewPerson>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.seat_person(&who, &c, body).await?))
}
