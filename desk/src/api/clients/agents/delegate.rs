//! `POST /api/v1/clients/{c}/agents/{a}/delegate`

use axum::{
    Json,
    extract::{Path, State},
    routing::post,
};
use serde::Deserialize;

use super::super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{Desk, DeskError, door::Acting, view::Acted};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "POST",
    path: "/clients/{c}/agents/{a}/delegate",
    summary: "Says that an agent acts for another one, for its life: only while that one may act, and no longer than it lives. Of one that acts already it takes a signature.",
    guard: Guard::Changes,
    needs: Needs::works().signed(),
    body: Some(r#"{"by":"office-bot"}"#),
    answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["invoice-bot acts for office-bot."],"id":null}"#,
    route: || post(handle),
};

/// For which agent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DelegateBody {
    /// Its id or name.
    by: String,
}

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
    Body(body): Body<DelegateBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.delegate(&who, &c, &a, &body.by).await?))
}
