//! `/api/v1/clients/{c}/key-policy`, `/api/v1/clients/{c}/export/allow`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs, web::Body};
use writ_authority::KeyPolicy;

use crate::{
    Desk, DeskError,
    door::Acting,
    view::{Acted, KeyPolicyView},
};

pub(in crate::api) const TABLE: [Endpoint; 3] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/key-policy",
        summary: "Which passkeys the people of a client's own side may have.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"policy":"any","says":"any passkey"}"#,
        route: || get(show),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/key-policy",
        summary: "Says which passkeys they may have from now on.",
        guard: Guard::Changes,
        needs: Needs::owns().signed(),
        body: Some(r#""device_bound""#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["From now on only passkeys that never leave one device are taken."],"id":null}"#,
        route: || post(set),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/export/allow",
        summary: "Lets oneself export the ledger for the next hour.",
        guard: Guard::Changes,
        needs: Needs::exports().signed(),
        body: None,
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Noor Haddad may export until 2026-11-03T15:03:00Z."],"id":null}"#,
        route: || post(allow),
    },
];

async fn show(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<KeyPolicyView>, DeskError> {
    Ok(Json(desk.key_policy(&who, &c).await?))
}

async fn set(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(policy): Body<KeyPolicy>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.set_key_policy(&who, &c, policy).await?))
}

async fn allow(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.allow_export(&who, &c).await?))
}
