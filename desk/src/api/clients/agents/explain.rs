//! `POST /api/v1/clients/{c}/agents/{a}/explain`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, ExplainBody, door::Acting, view::ExplainView};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/agents/{a}/explain",
    summary: "Why a call of this agent was, or would be, permitted or denied: by `call_id`, or `server`, `method`, `params` and `at`.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: Some(
        r#"{"server":"mail","method":"tools/call","params":{"name":"send_message","arguments":{"to":"stranger@elsewhere.example"}}}"#,
    ),
    answer: r#"{"effect":"deny","code":"DENY-0012","words":"argument `/to` must be addresses of harborbooks.example","cure":"Ask Dana Cole for a grant that allows it.","tree_size":31,"same":true,"differs":[]}"#,
    route: || post(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
    Body(body): Body<ExplainBody>,
) -> Result<Json<ExplainView>, DeskError> {
    Ok(Json(desk.explain(&who, &c, &a, body).await?))
}
