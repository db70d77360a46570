//! `GET /api/v1/me`

use axum::{Json, extract::State, routing::get};

use super::{Endpoint, Guard};
use crate::{Desk, DeskError, door::Acting, view::PersonRef};

pub(super) const SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/me",
    summary: "The person the credential stands for.",
    guard: Guard::Reads,
    body: None,
    answer: r#"{"person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Mira Okafor","side":"provider","active":true}"#,
    route: || get(show),
};

async fn show(State(desk): State<Desk>, Acting(who): Acting) -> Result<Json<PersonRef>, DeskError> {
    Ok(Json(desk.me(&who).await?))
}
