//! `POST /api/v1/clients/{c}/ledger/seal`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::Sealed};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/ledger/seal",
    summary: "Seal what was recorded until now, so that an export holds it.",
    guard: Guard::Changes,
    needs: Needs::exports(),
    body: None,
    answer: r#"{"seals":1,"records":17,"failed":0}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Sealed>, DeskError> {
    Ok(Json(desk.seal_client(&who, &c).await?))
}
