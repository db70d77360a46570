//! `/api/v1/me/passkeys`

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
    Desk, DeskError, NewPasskey,
    door::Acting,
    view::{Acted, OptionsView, PasskeyRow},
};

pub(in crate::api) const ROW: &str = r#"[{"passkey":"psk_01j9z3k4m5n6p7q8r9s0t1v2w3","person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","label":"laptop","fingerprint":"k7qf-93td-0000-0000-0000-0000-0000-0000","alg":"ES256","aaguid":"00000000-0000-0000-0000-000000000000","synced":true,"backed_up":true,"attestation":"none","admitted":"own","says":"A synced passkey.","root":false,"at":"2026-11-03T14:03:00.000000Z","line":7,"revoked_at":null}]"#;

pub(super) const TABLE: [Endpoint; 4] = [
    Endpoint {
        method: "GET",
        path: "/me/passkeys",
        summary: "One's own passkeys, newest first, revoked ones included.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: ROW,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/me/passkeys",
        summary: "Adds a passkey that the browser has made; an older one of one's own signs it.",
        guard: Guard::Changes,
        needs: Needs::seat().signed(),
        body: Some(
            r#"{"label":"laptop","response":{"id":"AQ","rawId":"AQ","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}}"#,
        ),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Dana Cole added the passkey laptop."],"id":"psk_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
        route: || post(add),
    },
    Endpoint {
        method: "POST",
        path: "/me/passkeys/options",
        summary: "What a browser needs to make a further passkey.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"challenge":"AQ","options":{},"says":[]}"#,
        route: || post(options),
    },
    Endpoint {
        method: "POST",
        path: "/me/passkeys/{k}/revoke",
        summary: "Revokes one of one's own passkeys.",
        guard: Guard::Changes,
        needs: Needs::seat().signed(),
        body: Some(r#"{"reason":"The laptop was stolen"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The passkey laptop of Dana Cole was revoked."],"id":null}"#,
        route: || post(revoke),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Result<Json<Vec<PasskeyRow>>, DeskError> {
    Ok(Json(desk.passkeys(&who).await?))
}

async fn options(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Result<Json<OptionsView>, DeskError> {
    Ok(Json(desk.passkey_options(&who).await?))
}

async fn add(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Body(body): Body<NewPasskey>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.add_passkey(&who, body).await?))
}

async fn revoke(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(k): Path<String>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.revoke_passkey(&who, &k, body.reason).await?))
}
