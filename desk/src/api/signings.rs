//! `/api/v1/signings`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::Value;
use writ_model::Span;

use super::{
    Endpoint, Guard, Needs,
    web::{Asked, Body},
};
use crate::{Desk, DeskError, door::Acting, view::SigningView};

const VIEW: &str = r#"{"signing":"sig_01j9z3k4m5n6p7q8r9s0t1v2w3","code":"K7QF-93TD","url":"http://localhost:7420/sign/K7QF-93TD","title":"Activate invoice-bot","text":["You let invoice-bot of Harbor Books act."],"digest":"6f1b7a0f6a3a2f0f9d0b8c6f5c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b","person":{},"client":{},"made":"2026-11-03T14:03:00.000000Z","expires":"2026-11-03T14:08:00.000000Z","state":"waiting","options":{},"outcome":null,"next":"/clients/harbor-books"}"#;

pub(super) const TABLE: [Endpoint; 3] = [
    Endpoint {
        method: "GET",
        path: "/signings/{s}",
        summary: "What one is asked to sign, by its id or short code; `wait` seconds for it to be signed.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: VIEW,
        route: || get(show),
    },
    Endpoint {
        method: "POST",
        path: "/signings/{s}",
        summary: "Signs it with a passkey; it is done, and answers what the act itself answers.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: Some(
            r#"{"id":"AQ","rawId":"AQ","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AQ","signature":"AQ"}}"#,
        ),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot was activated."],"id":null}"#,
        route: || post(sign),
    },
    Endpoint {
        method: "POST",
        path: "/signings/{s}/refuse",
        summary: "Refuses to sign it.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: None,
        answer: VIEW,
        route: || post(refuse),
    },
];

/// How long to wait for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    /// Seconds, 30 at most.
    #[serde(default)]
    wait: Option<u16>,
}

async fn show(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(s): Path<String>,
    Asked(wait): Asked<Wait>,
) -> Result<Json<SigningView>, DeskError> {
    let wait = wait.wait.map(|seconds| Span::seconds(i64::from(seconds)));
    Ok(Json(desk.signing_after(&who, &s, wait).await?))
}

async fn sign(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(s): Path<String>,
    Body(response): Body<Value>,
) -> Result<Json<Value>, DeskError> {
    Ok(Json(desk.sign(&who, &s, response).await?))
}

async fn refuse(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(s): Path<String>,
) -> Result<Json<SigningView>, DeskError> {
    Ok(Json(desk.refuse_signing(&who, &s)?))
}
