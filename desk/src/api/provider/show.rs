//! `GET /api/v1/provider`

use axum::{Json, extract::State, routing::get};

use super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::ProviderView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/provider",
    summary: "The provider, its people, and who asks.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Northwind IT","slug":"northwind-it","people":[],"clients":3,"lines":9,"you":{}}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Result<Json<ProviderView>, DeskError> {
    Ok(Json(desk.provider(&who).await?))
}
