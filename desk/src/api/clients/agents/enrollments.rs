//! `POST /api/v1/clients/{c}/agents/{a}/enrollments`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::EnrollmentOffer};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/agents/{a}/enrollments",
    summary: "Makes a code that binds one running copy. It is shown once.",
    guard: Guard::Changes,
    needs: Needs::works(),
    body: None,
    answer: r#"{"code":"7K2M-0000-0000-0000-0000-0000-0000","expires":"2026-11-03T14:03:00.000000Z","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","agent_name":"invoice-bot","command":"writ enroll 7K2M-…"}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
) -> Result<Json<EnrollmentOffer>, DeskError> {
    Ok(Json(desk.offer_enrollment(&who, &c, &a).await?))
}
