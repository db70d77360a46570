//! `GET /api/v1/clients/{c}/agents/{a}`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::AgentView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/agents/{a}",
    summary: "One agent's badge: life, the three answers, instances, grants beside use, timeline.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"invoice-bot","kind":"ai_agent","purpose":"Matches invoices to orders","life":"active","missing":[],"instances":1,"grants":3,"answers":{},"timeline":[],"steps":["hold","terminate"],"tree_size":42}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
) -> Result<Json<AgentView>, DeskError> {
    Ok(Json(desk.agent(&who, &c, &a).await?))
}
