//! `POST /api/v1/provider/found`

use axum::{Json, extract::State, routing::post};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, FoundBody, door::Caller, view::ProviderView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/provider/found",
    summary: "Founds the provider and its first person. Only on an empty installation.",
    guard: Guard::Credential,
    needs: Needs::nothing(),
    body: Some(r#"{"name":"Northwind IT","person":{"name":"Mira Okafor"}}"#),
    answer: r#"{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Northwind IT","slug":"northwind-it","people":[],"clients":0,"lines":2,"you":{}}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    caller: Caller,
    Body(body): Body<FoundBody>,
) -> Result<Json<ProviderView>, DeskError> {
    Ok(Json(desk.found(caller.via, body).await?))
}
