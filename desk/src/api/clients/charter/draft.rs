//! `POST /api/v1/clients/{c}/charter/draft`, `…/draft/withdraw`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};

use super::super::super::{
    Endpoint, Guard, Needs,
    web::{Body, Reason},
};
use crate::{Desk, DeskError, NewDraft, door::Acting, view::Acted};

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "POST",
        path: "/clients/{c}/charter/draft",
        summary: "Proposes a charter: a template with overrides, or a whole list of clauses. It takes the place of a draft that waits.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(
            r#"{"base":"balanced","clauses":[{"key":"our-mail","title":"Mail","actions":["mail.*"],"mode":"propose"}],"removes":[],"review_by":"2027-11-03T00:00:00.000000Z"}"#,
        ),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Version 2 of the charter was proposed."],"id":"cht_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
        route: || post(draft),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/charter/draft/withdraw",
        summary: "Takes the draft back.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(r#"{"reason":"The mail clause is wrong"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The draft was withdrawn."],"id":null}"#,
        route: || post(withdraw),
    },
];

async fn draft(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<NewDraft>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.draft_charter(&who, &c, body).await?))
}

async fn withdraw(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.withdraw_charter(&who, &c, body.reason).await?))
}
