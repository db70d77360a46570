//! `GET /api/v1/clients/{c}/groups`

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::GroupRow};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/groups",
    summary: "The groups of a client and who answers for them.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"[{"group":"grp_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"back office","parent":null,"agents":3,"answers":{},"missing":[]}]"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<GroupRow>>, DeskError> {
    Ok(Json(desk.groups(&who, &c).await?))
}
