//! `/api/v1/clients/{c}/approvals` and below

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};
use serde::Deserialize;

use super::super::{
    Endpoint, Guard, Needs,
    web::{Asked, Body},
};
use crate::{
    ApproveBody, Desk, DeskError, HoldQuery,
    door::Acting,
    view::{EnrollmentOffer, HoldPage, HoldView},
};

const HELD: &str = r#"{"hold":"hld_01j9z3k4m5n6p7q8r9s0t1v2w3","client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"kind":"call","state":"waiting","state_words":"It waits for one owner of Harbor Books.","asker":{"name":"invoice-bot","kind":"agent","purpose":"Matches invoices to orders"},"asked":{"sentence":"“invoice-bot” wants to do something that releases a payment: tool “release_payment” on pay.","opened":"whole","arguments":[{"at":"/amount","value":"1200"}],"digest":"0000000000000000000000000000000000000000000000000000000000000000"},"why":[],"otherwise":"At 2026-11-03T15:03:00Z it is refused.","since":"2026-11-03T14:03:00.000000Z","expires":"2026-11-03T15:03:00.000000Z","quorum":[],"answers":[],"check_by":[],"you":{"approve":true,"refuse":true,"answered":false},"line":7}"#;

pub(in crate::api) const TABLE: [Endpoint; 5] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/approvals",
        summary: "What waits, or waited, for somebody's yes at a client.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"at":"2026-11-03T14:03:00.000000Z","rows":[],"total":0,"yours":0,"away":[]}"#,
        route: || get(list),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/approvals/{h}",
        summary: "One of them, whole: who asks, what exactly, why, who must say yes, how to check that it is real.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: HELD,
        route: || get(show),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/approvals/{h}/approve",
        summary: "Says yes to exactly what the digest is of.",
        guard: Guard::Changes,
        needs: Needs::seat().signed(),
        body: Some(
            r#"{"digest":"0000000000000000000000000000000000000000000000000000000000000000","words":"Checked with the supplier by telephone"}"#,
        ),
        answer: HELD,
        route: || post(approve),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/approvals/{h}/refuse",
        summary: "Says no; one no is enough.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: Some(r#"{"words":"The account is not the supplier's"}"#),
        answer: HELD,
        route: || post(refuse),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/approvals/{h}/code",
        summary: "The enrollment code one asked for, once it is approved; shown once, to who asked.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"code":"7Q3K-9M2P-4T6V-8W1X","expires":"2026-11-03T15:03:00.000000Z","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","agent_name":"invoice-bot","command":"writ enroll 7Q3K-9M2P-4T6V-8W1X --desk http://127.0.0.1:7420"}"#,
        route: || post(code),
    },
];

/// A word with a refusal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    /// One sentence.
    words: String,
}

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(query): Asked<HoldQuery>,
) -> Result<Json<HoldPage>, DeskError> {
    Ok(Json(desk.approvals_at(&who, &c, query).await?))
}

async fn show(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, h)): Path<(String, String)>,
) -> Result<Json<HoldView>, DeskError> {
    Ok(Json(desk.approval(&who, &c, &h).await?))
}

async fn approve(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, h)): Path<(String, String)>,
    Body(body): Body<ApproveBody>,
) -> Result<Json<HoldView>, DeskError> {
    Ok(Json(desk.approve(&who, &c, &h, body).await?))
}

async fn refuse(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, h)): Path<(String, String)>,
    Body(body): Body<Words>,
) -> Result<Json<HoldView>, DeskError> {
    Ok(Json(desk.refuse_approval(&who, &c, &h, body.words).await?))
}

async fn code(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, h)): Path<(String, String)>,
) -> Result<Json<EnrollmentOffer>, DeskError> {
    Ok(Json(desk.approved_enrollment(&who, &c, &h).await?))
}
