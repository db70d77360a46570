//! `POST /api/v1/sign-in-link`

use axum::{Json, extract::State, routing::post};
use serde::Serialize;

use super::{Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::CommandLine};

pub(super) const MAKE: Endpoint = Endpoint {
    method: "POST",
    path: "/sign-in-link",
    summary: "Makes the link for the provider's very first passkey. It is shown once.",
    guard: Guard::CommandLine,
    needs: Needs::nothing(),
    body: None,
    answer: r#"{"sign_in":"http://127.0.0.1:7420/sign-in/7K2M-0000-0000-0000-0000-0000-0000"}"#,
    route: || post(make),
};

#[derive(Serialize)]
struct NewLink {
    sign_in: String,
}

/// SECURITY: the answer is a credential; it is in no log and, like every answer here, in no cache.
async fn make(State(desk): State<Desk>, _line: CommandLine) -> Result<Json<NewLink>, DeskError> {
    let link = desk.new_sign_in_link().await?;
    Ok(Json(NewLink { sign_in: link.expose().clone() }))
}
