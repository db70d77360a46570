//! `/api/v1/me/contact`

use axum::{
    Json,
    extract::State,
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{ContactBody, Desk, DeskError, door::Acting, view::ContactView};

const CONTACT: &str = r#"{"mail":"mira@example.com","sends":true}"#;

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "GET",
        path: "/me/contact",
        summary: "Where one's own messages go.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: CONTACT,
        route: || get(show),
    },
    Endpoint {
        method: "POST",
        path: "/me/contact",
        summary: "Keeps one's own mail address; without one it is erased. The old one is told.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: Some(r#"{"mail":"mira@example.com"}"#),
        answer: CONTACT,
        route: || post(set),
    },
];

async fn show(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Result<Json<ContactView>, DeskError> {
    Ok(Json(desk.contact(&who).await?))
}

async fn set(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Body(body): Body<ContactBody>,
) -> Result<Json<ContactView>, DeskError> {
    Ok(Json(desk.set_contact(&who, body).await?))
}
