//! `/api/v1/clients/{c}/terminations`: acts that ended agents for good, many in one.

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{
    Desk, DeskError, TerminationsBody, WhomBody,
    door::Acting,
    view::{EndingRow, EndingView, WouldEnd},
};

pub(in crate::api) const TABLE: [Endpoint; 4] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/terminations",
        summary: "Acts that ended agents for good, newest first.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"[{"line":31,"at":"2026-11-03T14:03:00.000000Z","by":"Dana Cole","what":"every agent with a model of “example”","agents":4950,"reason":"The vendor was broken into"}]"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/terminations",
        summary: "Ends many agents for good in one act: `all`, those of a `group`, those with a model of a `vendor`, or `agents` by name; and what acts for them.",
        guard: Guard::Changes,
        needs: Needs::owns().signed(),
        body: Some(r#"{"whom":{"agents":["invoice-bot"]},"reason":"The vendor was broken into"}"#),
        answer: r#"{"line":31,"last":34,"at":"2026-11-03T14:03:00.000000Z","by":"Dana Cole","what":"every agent with a model of “example”","agents":4950,"reason":"The vendor was broken into","targets":[{"gateway":"gwy_01j9z3k4m5n6p7q8r9s0t1v2w3","boot":"bot_01j9z3k4m5n6p7q8r9s0t1v2w3","how":"confirmed","at":"2026-11-03T14:03:00.002900Z","tokens_refused_us":410,"last_cut_us":2900,"streams":1,"calls":0,"children":0,"line":35}],"waiting_for":[],"complete":true}"#,
        route: || post(end),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/terminations/preview",
        summary: "Which agents such an act would end now; nothing is changed.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: Some(r#"{"agents":["invoice-bot"]}"#),
        answer: r#"{"agents":4950,"names":["invoice-bot"]}"#,
        route: || post(preview),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/terminations/{n}",
        summary: "One of these acts by its first ledger line, gateway by gateway: confirmed, lease expired, or waiting.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"line":31,"last":34,"agents":4950,"targets":[{"gateway":"gwy_01j9z3k4m5n6p7q8r9s0t1v2w3","boot":"bot_01j9z3k4m5n6p7q8r9s0t1v2w3","how":"lease_expired","at":"2026-11-03T14:03:06.000000Z","line":36}],"waiting_for":[],"complete":true}"#,
        route: || get(show),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<EndingRow>>, DeskError> {
    Ok(Json(desk.endings(&who, &c).await?))
}

async fn end(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<TerminationsBody>,
) -> Result<Json<EndingView>, DeskError> {
    Ok(Json(desk.terminate_many(&who, &c, body).await?))
}

async fn preview(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<WhomBody>,
) -> Result<Json<WouldEnd>, DeskError> {
    Ok(Json(desk.would_end(&who, &c, &body).await?))
}

async fn show(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, n)): Path<(String, String)>,
) -> Result<Json<EndingView>, DeskError> {
    // A name that is no number is a line that ended nothing.
    let line = n.parse().map_err(|_bad| DeskError::not_visible("ending", &n))?;
    Ok(Json(desk.ending(&who, &c, line).await?))
}
