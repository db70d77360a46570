//! `GET /api/v1/agents`

use axum::{Json, extract::State, routing::get};

use super::super::super::{Endpoint, Guard, Needs, web::Asked};
use crate::{AgentFilter, Desk, DeskError, door::Acting, view::AgentRow};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/agents",
    summary: "Agents over all clients you are seated at: `client`, `life`, `q`.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"[{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"invoice-bot","kind":"ai_agent","purpose":"Matches invoices to orders","life":"active","missing":[],"instances":1,"grants":3}]"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Asked(query): Asked<AgentFilter>,
) -> Result<Json<Vec<AgentRow>>, DeskError> {
    Ok(Json(desk.agents(&who, &query).await?))
}
