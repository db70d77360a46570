//! `GET /api/v1/queue`

use axum::{Json, extract::State, routing::get};

use super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::QueueView};

pub(super) const SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/queue",
    summary: "Decisions waiting over all clients, most pressing first.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"at":"2026-11-03T14:03:00.000000Z","items":[],"total":0,"clients":3}"#,
    route: || get(show),
};

async fn show(State(desk): State<Desk>, Acting(who): Acting) -> Result<Json<QueueView>, DeskError> {
    Ok(Json(desk.queue(&who).await?))
}
