//! `GET /api/v1/notifications/key`

use axum::{Json, extract::State, routing::get};

use super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::WebhookKey};

pub(super) const KEY: Endpoint = Endpoint {
    method: "GET",
    path: "/notifications/key",
    summary: "The public key of signed webhooks, as Standard Webhooks prints it.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"key":"whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="}"#,
    route: || get(key),
};

async fn key(
    State(desk): State<Desk>,
    Acting(_who): Acting,
) -> Result<Json<WebhookKey>, DeskError> {
    Ok(Json(WebhookKey { key: desk.webhook_public_key().await? }))
}
