//! `/api/v1/clients/{c}/invitations`

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
    Desk, DeskError, NewInvitation,
    door::Acting,
    view::{Acted, InvitationRow, Invited},
};

pub(in crate::api) const TABLE: [Endpoint; 3] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/invitations",
        summary: "The invitations of a client, newest first.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"[{"invitation":"inv_01j9z3k4m5n6p7q8r9s0t1v2w3","person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Dana Cole","side":"client","roles":["owner"],"invited_by":{},"at":"2026-11-03T14:03:00.000000Z","expires":"2026-11-09T14:03:00.000000Z","state":"open","fingerprint":null,"key":null,"first":true}]"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/invitations",
        summary: "Invites a person: the link for them is in the answer of the signing, once.",
        guard: Guard::Changes,
        needs: Needs::says_yes().signed(),
        body: Some(r#"{"name":"Dana Cole","side":"client","roles":["owner"]}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["Dana Cole was invited."],"id":"inv_01j9z3k4m5n6p7q8r9s0t1v2w3","invitation":"inv_01j9z3k4m5n6p7q8r9s0t1v2w3","person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","link":"http://localhost:7420/join/7K2M-0000-0000-0000-0000-0000-0000","expires":"2026-11-09T14:03:00.000000Z"}"#,
        route: || post(make),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/invitations/{v}/withdraw",
        summary: "Takes an invitation back.",
        guard: Guard::Changes,
        needs: Needs::says_yes(),
        body: Some(r#"{"reason":"Sent to the wrong person"}"#),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The invitation of Dana Cole was withdrawn."],"id":null}"#,
        route: || post(withdraw),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<InvitationRow>>, DeskError> {
    Ok(Json(desk.invitations(&who, &c).await?))
}

async fn make(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<NewInvitation>,
) -> Result<Json<Invited>, DeskError> {
    Ok(Json(desk.invite(&who, &c, body).await?))
}

async fn withdraw(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, v)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.withdraw_invitation(&who, &c, &v, body.reason).await?))
}
