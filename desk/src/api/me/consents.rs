//! `/api/v1/me/consents`: what the page `/consent` shows and does, for who reads it elsewhere.

use axum::{Json, extract::State, routing::post};
use serde::{Deserialize, Serialize};

use super::{Endpoint, Guard, Needs};
use crate::{Back, ConsentView, Desk, DeskError, Looked, api::web::Body, door::Acting};

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "POST",
        path: "/me/consents/look",
        summary: "What a client asks for, and which agents one may let it be; or where its browser goes back to.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: Some(r#"{"request":"response_type=code&client_id=night-report"}"#),
        answer: r#"{"asks":{},"back":null}"#,
        route: || post(look),
    },
    Endpoint {
        method: "POST",
        path: "/me/consents",
        summary: "Lets a client be a running copy of an agent, or refuses it; answers where its browser goes.",
        guard: Guard::Changes,
        needs: Needs::seat(),
        body: Some(
            r#"{"request":"response_type=code&client_id=night-report","chosen":{"client":"harbor-books","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3"}}"#,
        ),
        answer: r#"{"to":"http://127.0.0.1:5111/callback?code=…","name":"Night report","why":null}"#,
        route: || post(answer),
    },
];

/// A client's authorization request: the query that it came with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    request: String,
}

/// What came of looking.
#[derive(Debug, Serialize)]
struct Shown {
    asks: Option<ConsentView>,
    back: Option<Back>,
}

/// An answer to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    request: String,
    /// None refuses.
    #[serde(default)]
    chosen: Option<Chosen>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    client: String,
    agent: String,
}

async fn look(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Body(asked): Body<Request>,
) -> Result<Json<Shown>, DeskError> {
    let shown = match Box::pin(desk.consent(&who, &asked.request)).await? {
        Looked::Asks(asks) => Shown { asks: Some(*asks), back: None },
        Looked::Back(back) => Shown { asks: None, back: Some(back) },
    };
    Ok(Json(shown))
}

async fn answer(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Body(said): Body<Said>,
) -> Result<Json<Back>, DeskError> {
    let back = match &said.chosen {
        Some(Chosen { client, agent }) => {
            Box::pin(desk.give_consent(&who, &said.request, (client, agent))).await?
        }
        None => Box::pin(desk.refuse_consent(&said.request)).await?,
    };
    Ok(Json(back))
}
