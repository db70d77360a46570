//! `POST /api/v1/clients`

use axum::{Json, extract::State, routing::post};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, NewClient, door::Acting, view::ClientRow};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients",
    summary: "Adds a client: founds its ledger, seats you there, lists it.",
    guard: Guard::Changes,
    needs: Needs::works().of_provider(),
    body: Some(r#"{"name":"Harbor Books","slug":"harbor-books"}"#),
    answer: r#"{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books","agents":4,"active":3,"waiting":1,"people":5,"lines":42}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Body(body): Body<NewClient>,
) -> Result<Json<ClientRow>, DeskError> {
    Ok(Json(desk.add_client(&who, body).await?))
}
