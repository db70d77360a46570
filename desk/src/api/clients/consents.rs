//! `/api/v1/clients/{c}/consents`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::ConsentsView};

pub(in crate::api) const LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/consents",
    summary: "Programs that people let in: as which agent, for which servers, since when. Ending the running copy ends one.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"rows":[],"more":0}"#,
    route: || get(list),
};

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<ConsentsView>, DeskError> {
    Ok(Json(desk.consents(&who, &c).await?))
}
