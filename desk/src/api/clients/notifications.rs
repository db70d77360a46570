//! `/api/v1/clients/{c}/notifications`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs};
use crate::{
    Desk, DeskError,
    door::Acting,
    view::{NotificationPage, TestView},
};

pub(in crate::api) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/notifications",
        summary: "What was told, to whom, by which way, and what came of it, newest first.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"ways":[{"way":"mail","open":true,"why":null},{"way":"webhook soar","open":false,"why":"it answered 410 (gone)"}],"only_queue":false,"rows":[{"at":"2026-11-03T14:03:00.000000Z","way":"mail","to":"Dana Cole","about":"a decision waits","kind":"approval_asked","state":"delivered","tries":0,"why":null,"next":null,"line":31,"id":"msg_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}],"dropped":0}"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/notifications/test",
        summary: "Sends a test message by every way of this client, and to one's own address.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: None,
        answer: r#"{"sent":3,"ways":[{"way":"mail","open":true,"why":null}]}"#,
        route: || post(test),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<NotificationPage>, DeskError> {
    Ok(Json(desk.notifications(&who, &c).await?))
}

async fn test(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<TestView>, DeskError> {
    Ok(Json(desk.test_notifications(&who, &c).await?))
}
