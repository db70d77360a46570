//! `POST /api/v1/clients/{c}/agents`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, NewAgentBody, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/agents",
    summary: "Proposes an agent, or with `observed` writes down one that runs ungoverned.",
    guard: Guard::Changes,
    needs: Needs::works(),
    body: Some(
        r#"{"name":"invoice-bot","kind":"ai_agent","purpose":"Matches invoices to orders","models":["example-large"],"data_classes":["invoices"]}"#,
    ),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot was proposed: Matches invoices to orders."],"id":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<NewAgentBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.add_agent(&who, &c, body).await?))
}
