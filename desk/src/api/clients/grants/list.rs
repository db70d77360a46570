//! `GET /api/v1/clients/{c}/grants`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::GrantView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/grants",
    summary: "The grants of a client beside their use, newest first, revoked ones included.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"[{"grant":"grt_01j9z3k4m5n6p7q8r9s0t1v2w3","subject":{"agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3"},"subject_name":"invoice-bot","server":"mail","surface":"tool","name":"send_message","words":"call tool send_message on mail","rules":[],"used":{"count":12}}]"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<GrantView>>, DeskError> {
    Ok(Json(desk.grants(&who, &c).await?))
}
