//! `/api/v1/me` and what is below it.

use axum::{Json, extract::State, routing::get};

use super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::Me};

mod consents;
mod contact;
mod passkeys;
mod sessions;

pub(super) use passkeys::ROW as PASSKEY_ROW;
pub(super) use sessions::{ENDED as SESSION_ENDED, Ended, ROW as SESSION_ROW};

const SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/me",
    summary: "The person the credential stands for, with their passkeys.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Mira Okafor","side":"provider","active":true,"home":{},"passkeys":[],"signed_in_by":"passkey","needs_second":true,"logins":[]}"#,
    route: || get(show),
};

pub(super) fn table() -> Vec<Endpoint> {
    let mut all = vec![SHOW];
    all.extend(consents::TABLE);
    all.extend(contact::TABLE);
    all.extend(passkeys::TABLE);
    all.extend(sessions::TABLE);
    all
}

async fn show(State(desk): State<Desk>, Acting(who): Acting) -> Result<Json<Me>, DeskError> {
    Ok(Json(desk.me(&who).await?))
}
