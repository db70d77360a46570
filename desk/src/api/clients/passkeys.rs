//! `/api/v1/clients/{c}/passkeys`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{
    Endpoint, Guard, Needs,
    web::{Body, Reason},
};
use crate::{
    Desk, DeskError,
    api::me::PASSKEY_ROW,
    door::Acting,
    view::{Acted, PasskeyRow},
};

pub(in crate::api) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/passkeys",
        summary: "The passkeys in a ledger, newest first, revoked ones included.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: PASSKEY_ROW,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/passkeys/{k}/revoke",
        summary: "Revokes a passkey of somebody of one's own side.",
        guard: Guard::Changes,
        needs: Needs::owns().signed(),
        body: Some(r#"{"reason":"The phone was stolen"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The passkey phone of Ines Park was revoked."],"id":null}"#,
        route: || post(revoke),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<PasskeyRow>>, DeskError> {
    Ok(Json(desk.client_passkeys(&who, &c).await?))
}

async fn revoke(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, k)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.revoke_client_passkey(&who, &c, &k, body.reason).await?))
}
