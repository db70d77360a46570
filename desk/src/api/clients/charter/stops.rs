//! `POST /api/v1/clients/{c}/charter/suspend`, `…/resume`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};
use serde::Deserialize;

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "POST",
        path: "/clients/{c}/charter/suspend",
        summary: "Suspends one clause, or all of the charter, at once: either party alone. What it matches is refused from now on.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(r#"{"clause":"mail","reason":"Odd mails since noon"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The client suspended the clause “mail”: Odd mails since noon."],"id":null}"#,
        route: || post(suspend),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/charter/resume",
        summary: "Resumes what one's own party has suspended.",
        guard: Guard::Changes,
        needs: Needs::says_yes().signed(),
        body: Some(r#"{"clause":"mail"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The client resumed the clause “mail”."],"id":null}"#,
        route: || post(resume),
    },
];

/// What to suspend.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suspend {
    /// A clause by its key; all of the charter, if left out.
    #[serde(default)]
    clause: Option<String>,
    /// One sentence.
    reason: String,
}

/// What to resume.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resume {
    /// A clause by its key; the suspension of all, if left out.
    #[serde(default)]
    clause: Option<String>,
}

async fn suspend(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<Suspend>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.suspend_delegation(&who, &c, body.clause, body.reason).await?))
}

async fn resume(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<Resume>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.resume_delegation(&who, &c, body.clause).await?))
}
