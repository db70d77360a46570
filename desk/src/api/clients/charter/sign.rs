//! `POST /api/v1/clients/{c}/charter/sign`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{CharterToSign, Desk, DeskError, door::Acting, view::Acted};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/charter/sign",
    summary: "Signs the draft for one's own party: the whole text is what the passkey signs. With both signatures it is in force.",
    guard: Guard::Changes,
    needs: Needs::owns().signed(),
    body: Some(
        r#"{"charter":"cht_01j9z3k4m5n6p7q8r9s0t1v2w3","digest":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
    ),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Dana Cole signed version 2 of the charter for the client."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<CharterToSign>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.sign_charter(&who, &c, body).await?))
}
