//! `GET /api/v1/clients/{c}/calls/{id}`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::CallView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/calls/{id}",
    summary: "One call: its decision, its OCSF record, where it is sealed.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"call":"cal_01j9z3k4m5n6p7q8r9s0t1v2w3","place":912,"at":"2026-11-03T14:03:00.000000Z","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","agent_name":"invoice-bot","server":"mail","method":"tools/call","surface":"tool","name":"send_message","effect":"blocked","code":"DENY-0012","detail":"argument `/to` must be addresses of harborbooks.example","latency_us":180,"tree_size":31,"engine":"writ-1/cedar-4.14","ocsf":{},"seal":null}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, id)): Path<(String, String)>,
) -> Result<Json<CallView>, DeskError> {
    Ok(Json(desk.call(&who, &c, &id).await?))
}
