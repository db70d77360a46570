//! `GET /api/v1/approvals`

use axum::{Json, extract::State, routing::get};

use super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::HoldPage};

pub(super) const SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/approvals",
    summary: "What waits for somebody's yes at all clients one is seated at, what expires first first.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"at":"2026-11-03T14:03:00.000000Z","rows":[],"total":0,"yours":0,"away":[]}"#,
    route: || get(show),
};

async fn show(State(desk): State<Desk>, Acting(who): Acting) -> Result<Json<HoldPage>, DeskError> {
    Ok(Json(desk.approvals(&who).await?))
}
