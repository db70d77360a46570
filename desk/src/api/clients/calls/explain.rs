//! `GET /api/v1/clients/{c}/calls/{id}/explain`

use axum::{
    extract::{Path, State},
    response::Response,
    routing::get,
};

use super::super::super::{
    Endpoint, Guard, Needs,
    web::{Asked, explained},
};
use crate::{Desk, DeskError, FormatQuery, door::Acting};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/calls/{id}/explain",
    summary: "Decides a recorded call again from what its decision stood on, and says whether it comes out the same; `format=pdf` gives a paper.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"effect":"deny","code":"DENY-0012","words":"argument `/to` must be addresses of harborbooks.example","cure":"Ask Dana Cole for a grant that allows it.","tree_size":31,"same":true,"differs":[]}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, id)): Path<(String, String)>,
    Asked(query): Asked<FormatQuery>,
) -> Result<Response, DeskError> {
    let view = desk.explain_call(&who, &c, &id).await?;
    explained((&desk, &who), view, query.format).await
}
