//! `POST /api/v1/clients/{c}/freeze`, `…/thaw`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{
    Endpoint, Guard, Needs,
    web::{Body, Reason},
};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "POST",
        path: "/clients/{c}/freeze",
        summary: "Freezes everything of a client at once: every call is refused, every stream is cut. Either party alone.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(r#"{"reason":"We are being attacked"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The client froze everything: We are being attacked."],"id":null}"#,
        route: || post(freeze),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/thaw",
        summary: "Lifts the freeze of one's own party; the other's stays.",
        guard: Guard::Changes,
        needs: Needs::says_yes().signed(),
        body: None,
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The client lifted its freeze."],"id":null}"#,
        route: || post(thaw),
    },
];

async fn freeze(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.freeze(&who, &c, body.reason).await?))
}

async fn thaw(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.thaw(&who, &c).await?))
}
