//! `GET /api/v1/calls`

use axum::{Json, extract::State, routing::get};

use super::super::{Endpoint, Guard, Needs, web::Asked};
use crate::{CallQuery, Desk, DeskError, door::Acting, view::CallPage};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/calls",
    summary: "A page of calls, newest first: `client`, `agent`, `effect`, `before`, `limit`.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"calls":[{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"call":"cal_01j9z3k4m5n6p7q8r9s0t1v2w3","place":912,"at":"2026-11-03T14:03:00.000000Z","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","agent_name":"invoice-bot","server":"mail","method":"tools/call","surface":"tool","name":"send_message","effect":"blocked","code":"DENY-0012","detail":"argument `/to` must be addresses of harborbooks.example","latency_us":180}],"next":811}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Asked(query): Asked<CallQuery>,
) -> Result<Json<CallPage>, DeskError> {
    Ok(Json(desk.calls(&who, &query).await?))
}
