//! `/api/v1/clients/{c}/agents/{a}/explain`

use axum::{
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};

use super::super::super::{
    Endpoint, Guard, Needs,
    web::{Asked, Body, explained},
};
use crate::{Desk, DeskError, ExplainBody, FormatQuery, MomentQuery, door::Acting};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/agents/{a}/explain",
    summary: "Why a call of this agent was, or would be, permitted or denied: by `call_id`, or `server`, `method`, `params` and `at`.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: Some(
        r#"{"server":"mail","method":"tools/call","params":{"name":"send_message","arguments":{"to":"stranger@elsewhere.example"}}}"#,
    ),
    answer: r#"{"effect":"deny","code":"DENY-0012","words":"argument `/to` must be addresses of harborbooks.example","cure":"Ask Dana Cole for a grant that allows it.","tree_size":31,"same":true,"differs":[],"clauses":["everything"],"clauses_said":[],"stopped":[],"before":[],"story":["It was authorised by “Dana Cole”."]}"#,
    route: || post(handle),
};

pub(in crate::api) const MOMENT: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/agents/{a}/explain",
    summary: "Why it could do what it did at a moment: its last call by `at` (now if left out), by `server` and `name` too; `format=pdf` gives a paper.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"effect":"permit","code":"PERM-0001","words":"Dana Cole granted: may call tool send_message on mail","tree_size":31,"same":true,"differs":[],"clauses":["everything"],"clauses_said":[],"stopped":[],"before":[],"story":["It was authorised by “Dana Cole”."]}"#,
    route: || get(moment),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
    Asked(query): Asked<FormatQuery>,
    Body(body): Body<ExplainBody>,
) -> Result<Response, DeskError> {
    let view = Box::pin(desk.explain(&who, &c, &a, body)).await?;
    explained((&desk, &who), view, query.format).await
}

async fn moment(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
    Asked(query): Asked<MomentQuery>,
) -> Result<Response, DeskError> {
    let format = query.format;
    let view = Box::pin(desk.explain_moment(&who, &c, &a, query)).await?;
    explained((&desk, &who), view, format).await
}
