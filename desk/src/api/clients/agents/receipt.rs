//! `GET /api/v1/clients/{c}/agents/{a}/receipt`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::Receipt};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/agents/{a}/receipt",
    summary: "The receipt of an ended agent, gateway by gateway: confirmed, lease expired, or waiting.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","agent_name":"invoice-bot","ended_at":"2026-11-03T14:03:00.000000Z","reason":"It sent customer records to a stranger","line":31,"targets":[{"gateway":"gwy_01j9z3k4m5n6p7q8r9s0t1v2w3","boot":"bot_01j9z3k4m5n6p7q8r9s0t1v2w3","how":"confirmed","at":"2026-11-03T14:03:00.002900Z","tokens_refused_us":410,"last_cut_us":2900,"streams":1,"calls":0,"children":0,"line":32}],"waiting_for":[],"complete":true}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
) -> Result<Json<Receipt>, DeskError> {
    Ok(Json(desk.receipt(&who, &c, &a).await?))
}
