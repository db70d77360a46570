//! `/api/v1/clients/{c}/observe`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{
    Endpoint, Guard, Needs,
    web::{Asked, Body},
};
use crate::{
    Desk, DeskError, ObserveBody, ObserveQuery, ObservedSubject, ProposeBody,
    door::Acting,
    view::{Acted, ObserveView},
};

pub(in crate::api) const TABLE: [Endpoint; 4] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/observe",
        summary: "What would have been refused while it was only watched, grouped, most frequent first.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"at":"2026-11-03T14:03:00.000000Z","observing":[],"from":"2026-10-27T14:03:00.000000Z","to":"2026-11-03T14:03:00.000000Z","refused":14,"rows":[],"cut":false}"#,
        route: || get(report),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/observe",
        summary: "Watches an agent, a group or the whole client without blocking, until a day; never past a refusing clause.",
        guard: Guard::Changes,
        needs: Needs::says_yes().signed(),
        body: Some(
            r#"{"agent":"invoice-bot","until":"2026-11-10T08:00:00.000000Z","reason":"Its first week"}"#,
        ),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot is only watched until 2026-11-10T08:00:00Z."],"id":null}"#,
        route: || post(set),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/observe/end",
        summary: "Ends watching: from now on what would be refused is refused.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(r#"{"agent":"invoice-bot"}"#),
        answer: r#"{"line":8,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot is not only watched any more."],"id":null}"#,
        route: || post(end),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/observe/propose",
        summary: "Turns one row of the report into the smallest grant that would allow it.",
        guard: Guard::Changes,
        needs: Needs::says_yes().signed(),
        body: Some(
            r#"{"agent":"invoice-bot","code":"DENY-0011","server":"mail","surface":"tool","name":"read_message"}"#,
        ),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot may call tool read_message on mail."],"id":"grt_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
        route: || post(propose),
    },
];

async fn report(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(query): Asked<ObserveQuery>,
) -> Result<Json<ObserveView>, DeskError> {
    Ok(Json(desk.observed(&who, &c, query).await?))
}

async fn set(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<ObserveBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.set_observe(&who, &c, body).await?))
}

async fn end(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<ObservedSubject>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.end_observe(&who, &c, body).await?))
}

async fn propose(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<ProposeBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.propose_observed(&who, &c, body).await?))
}
