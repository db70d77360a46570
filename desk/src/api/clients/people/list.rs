//! `GET /api/v1/clients/{c}/people`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::PersonRow};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/people",
    summary: "The people of a client, those who left included.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"[{"person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Dana Cole","side":"client","roles":["owner"],"seated_at":"2026-11-03T14:03:00.000000Z","left_at":null}]"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<PersonRow>>, DeskError> {
    Ok(Json(desk.people(&who, &c).await?))
}
