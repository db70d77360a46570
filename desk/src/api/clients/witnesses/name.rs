//! `POST /api/v1/clients/{c}/witnesses`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, NewWitness, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/witnesses",
    summary: "Names a witness of a client's ledger, by the key that `writ witness init` prints.",
    guard: Guard::Changes,
    needs: Needs::says_yes().signed(),
    body: Some(
        r#"{"name":"office machine","key":"harbor-books/office+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G","side":"client"}"#,
    ),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["“office machine” watches this ledger for the client."],"id":"wit_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<NewWitness>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.name_witness(&who, &c, body).await?))
}
