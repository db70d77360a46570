//! `POST /api/v1/clients/{c}/groups/{g}/accountability`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{AnswersBody, Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/groups/{g}/accountability",
    summary: "Says who answers for a group and everything in it that names nobody itself.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: Some(
        r#"{"authorizer":"Dana Cole","auditor":"Mira Okafor","terminators":["Dana Cole","Mira Okafor"]}"#,
    ),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["For group back office: Dana Cole authorises, Mira Okafor audits."],"id":null}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, g)): Path<(String, String)>,
    Body(body): Body<AnswersBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.set_group_accountability(&who, &c, &g, body).await?))
}
