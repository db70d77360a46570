//! `/api/v1/clients/{c}/away`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{
    AwayBody, Desk, DeskError,
    door::Acting,
    view::{Acted, AwayView},
};

pub(in crate::api) const TABLE: [Endpoint; 3] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/away",
        summary: "Who is away, and who answers for them.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"[{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"person":{},"deputy":{},"until":"2026-11-17T08:00:00.000000Z","you":true}]"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/away",
        summary: "Lets somebody of one's own party answer approvals in one's place for a while.",
        guard: Guard::Changes,
        needs: Needs::seat().signed(),
        body: Some(r#"{"deputy":"Ines Park","until":"2026-11-17T08:00:00.000000Z"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Dana Cole is away; Ines Park answers for them."],"id":null}"#,
        route: || post(set),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/away/end",
        summary: "One is back.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"line":8,"at":"2026-11-03T14:03:00.000000Z","says":["Dana Cole is back."],"id":null}"#,
        route: || post(end),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<AwayView>>, DeskError> {
    Ok(Json(desk.away(&who, &c).await?))
}

async fn set(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<AwayBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.set_away(&who, &c, body).await?))
}

async fn end(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.end_away(&who, &c).await?))
}
