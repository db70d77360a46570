//! `POST /api/v1/clients/{c}/grants`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, NewGrant, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/grants",
    summary: "Gives a grant to an agent or a group.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: Some(
        r#"{"subject":{"agent":"invoice-bot"},"server":"mail","surface":"tool","name":"send_message","rules":[{"path":"/to","must":{"domains":["harborbooks.example"]}}],"limits":[{"count":50,"per":"day"}],"reason":"It answers suppliers"}"#,
    ),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot may call tool send_message on mail."],"id":"grt_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<NewGrant>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.give_grant(&who, &c, body).await?))
}
