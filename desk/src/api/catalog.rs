//! `GET /api/v1/catalog`

use axum::{Json, routing::get};

use super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::CatalogView};

pub(super) const SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/catalog",
    summary: "The decisions that can be delegated: what each does, whether it can be undone, whom it reaches, its harm.",
    guard: Guard::Reads,
    needs: Needs::nothing(),
    body: None,
    answer: r#"{"version":1,"actions":[{"class":"payment.release","sentence":"releases a payment","reversibility":"irreversible","blast":"outside","harm":"Money is gone.","stop":false,"own":false}]}"#,
    route: || get(show),
};

async fn show(Acting(_who): Acting) -> Result<Json<CatalogView>, DeskError> {
    Ok(Json(Desk::catalog()))
}
