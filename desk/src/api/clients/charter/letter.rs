//! `GET /api/v1/clients/{c}/charter/letter`, `GET /api/v1/clients/{c}/charter.pdf`

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::super::super::{Asked, Endpoint, Guard, Needs};
use crate::{Desk, DeskError, door::Acting, view::LetterView};

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/charter/letter",
        summary: "The charter as a letter to the client's owner: what is allowed, asked for, never done, and how to stop it alone.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{},"version":{},"letter":{},"clauses":[]}"#,
        route: || get(letter),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/charter.pdf",
        summary: "The charter as an appendix to the contract (PDF): the letter, every clause in full, who signed what digest.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: "{}",
        route: || get(pdf),
    },
];

/// Which version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    /// By number, or `draft`; what is in force, else the draft, if left out.
    #[serde(default)]
    version: Option<String>,
}

async fn letter(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(of): Asked<Of>,
) -> Result<Json<LetterView>, DeskError> {
    Ok(Json(desk.charter_letter(&who, &c, of.version.as_deref()).await?))
}

async fn pdf(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Asked(of): Asked<Of>,
) -> Result<Response, DeskError> {
    let bytes = desk.charter_paper(&who, &c, of.version.as_deref()).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], bytes).into_response())
}
