//! `/api/v1/clients/{c}/people/{p}/admit`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{AdmitBody, Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/people/{p}/admit",
    summary: "Admits somebody who joined, by the fingerprint that they read out.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: Some(
        r#"{"fingerprint":"k7qf-93td-0000-0000-0000-0000-0000-0000","called":"Dana Cole on +1 555 0100, from the contract"}"#,
    ),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Dana Cole took a seat for the client as owner."],"id":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, p)): Path<(String, String)>,
    Body(body): Body<AdmitBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.admit(&who, &c, &p, body).await?))
}
