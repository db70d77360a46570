//! `/api/v1/clients/{c}/sessions`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs};
use crate::{
    Desk, DeskError,
    api::me::{Ended, SESSION_ENDED, SESSION_ROW},
    door::Acting,
    view::SessionRow,
};

pub(in crate::api) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/sessions",
        summary: "Open sessions of the people of one's own side, for its owners.",
        guard: Guard::Reads,
        needs: Needs::owns(),
        body: None,
        answer: SESSION_ROW,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/sessions/{s}/end",
        summary: "Ends a session of somebody of one's own side, for its owners.",
        guard: Guard::Changes,
        needs: Needs::owns(),
        body: None,
        answer: SESSION_ENDED,
        route: || post(end),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<SessionRow>>, DeskError> {
    Ok(Json(desk.client_sessions(&who, &c).await?))
}

async fn end(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, s)): Path<(String, String)>,
) -> Result<Json<Ended>, DeskError> {
    desk.end_client_session(&who, &c, &s).await?;
    Ok(Json(Ended { session: s }))
}
