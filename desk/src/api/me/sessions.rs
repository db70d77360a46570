//! `/api/v1/me/sessions`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};
use serde::Serialize;

use super::super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::SessionRow};

pub(in crate::api) const ROW: &str = r#"[{"session":"ses_01j9z3k4m5n6p7q8r9s0t1v2w3","person":{},"signed_in_by":"passkey","passkey":"psk_01j9z3k4m5n6p7q8r9s0t1v2w3","agent":"Mozilla/5.0","opened_at":"2026-11-03T14:03:00.000000Z","used_at":"2026-11-03T14:03:00.000000Z","expires":"2026-11-04T02:03:00.000000Z","current":true}]"#;
pub(in crate::api) const ENDED: &str = r#"{"session":"ses_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#;

/// A session that is over.
#[derive(Debug, Serialize)]
pub(in crate::api) struct Ended {
    /// Which.
    pub(in crate::api) session: String,
}

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "GET",
        path: "/me/sessions",
        summary: "One's own open sessions, newest first.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: ROW,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/me/sessions/{s}/end",
        summary: "Ends one of one's own sessions; `others` for all but the one that asks.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: None,
        answer: ENDED,
        route: || post(end),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Result<Json<Vec<SessionRow>>, DeskError> {
    Ok(Json(desk.sessions(&who).await?))
}

async fn end(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(s): Path<String>,
) -> Result<Json<Ended>, DeskError> {
    desk.end_session(&who, &s).await?;
    Ok(Json(Ended { session: s }))
}
