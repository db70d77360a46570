//! `/api/v1/clients/{c}/recoveries`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{
    Endpoint, Guard, Needs,
    web::{Body, Reason},
};
use serde::Deserialize;

use crate::{
    Desk, DeskError,
    door::Acting,
    view::{Acted, RecoveryAsked, RecoveryRow},
};

pub(in crate::api) const TABLE: [Endpoint; 4] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/recoveries",
        summary: "Recoveries of lost passkeys, newest first.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"[{"recovery":"rec_01j9z3k4m5n6p7q8r9s0t1v2w3","person":{},"asked_by":{},"reason":"Lost the phone","at":"2026-11-03T14:03:00.000000Z","expires":"2026-11-04T13:03:00.000000Z","state":"asked","fingerprint":null,"confirmed_by":[]}]"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/people/{p}/recover",
        summary: "Begins a recovery of lost passkeys: the link for the person is in the answer of the signing, once.",
        guard: Guard::Changes,
        needs: Needs::says_yes().signed(),
        body: Some(r#"{"reason":"Lost the phone"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["A recovery was begun."],"id":"rec_01j9z3k4m5n6p7q8r9s0t1v2w3","recovery":"rec_01j9z3k4m5n6p7q8r9s0t1v2w3","person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","link":"http://localhost:7420/recover/7K2M-0000-0000-0000-0000-0000-0000","expires":"2026-11-04T13:03:00.000000Z"}"#,
        route: || post(ask),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/recoveries/{r}/confirm",
        summary: "Confirms by its fingerprint that a new passkey is whose it says; the second confirmation lets it in.",
        guard: Guard::Changes,
        needs: Needs::says_yes().signed(),
        body: Some(r#"{"fingerprint":"k7qf-93td-0000-0000-0000-0000-0000-0000"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Ines Park confirmed the new passkey of Dana Cole."],"id":null}"#,
        route: || post(confirm),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/recoveries/{r}/refuse",
        summary: "Calls a recovery off.",
        guard: Guard::Changes,
        needs: Needs::says_yes(),
        body: Some(r#"{"reason":"She did not ask for it"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["A recovery was refused."],"id":null}"#,
        route: || post(refuse),
    },
];

/// A fingerprint as it was read out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fingerprint {
    /// Eight groups of four.
    fingerprint: String,
}

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<RecoveryRow>>, DeskError> {
    Ok(Json(desk.recoveries(&who, &c).await?))
}

async fn ask(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, p)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<RecoveryAsked>, DeskError> {
    Ok(Json(desk.ask_recovery(&who, &c, &p, body.reason).await?))
}

async fn confirm(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, r)): Path<(String, String)>,
    Body(body): Body<Fingerprint>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.confirm_recovery(&who, &c, &r, body.fingerprint).await?))
}

async fn refuse(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, r)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.refuse_recovery(&who, &c, &r, body.reason).await?))
}
