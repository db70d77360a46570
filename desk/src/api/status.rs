//! `GET /api/v1/status`

use axum::{Json, extract::State, routing::get};

use super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Caller, view::StatusView};

pub(super) const SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/status",
    summary: "The installation: versions, gateways with their counters, sizes.",
    guard: Guard::Credential,
    needs: Needs::nothing(),
    body: None,
    answer: r#"{"version":"0.1.0","engine":"writ-1/cedar-4.14","founded":true,"tenants":4,"gateways":[]}"#,
    route: || get(show),
};

async fn show(State(desk): State<Desk>, _caller: Caller) -> Result<Json<StatusView>, DeskError> {
    Ok(Json(desk.status().await?))
}
