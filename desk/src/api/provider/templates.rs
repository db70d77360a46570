//! `GET` and `POST /api/v1/provider/templates`, `GET /api/v1/provider/templates/{t}`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{
    Desk, DeskError, NewTemplate,
    door::Acting,
    view::{Acted, TemplateRow, TemplateView},
};

pub(in crate::api) const TABLE: [Endpoint; 3] = [
    Endpoint {
        method: "GET",
        path: "/provider/templates",
        summary: "What a charter can begin with: the templates that come with Writ, and the provider's own.",
        guard: Guard::Reads,
        needs: Needs::nothing(),
        body: None,
        answer: r#"[{"name":"balanced","built_in":true,"chain":[],"clauses":12,"own":12,"set_at":null}]"#,
        route: || get(list),
    },
    Endpoint {
        method: "GET",
        path: "/provider/templates/{t}",
        summary: "One template with all it inherits: where each clause comes from, and what it replaces.",
        guard: Guard::Reads,
        needs: Needs::nothing(),
        body: None,
        answer: r#"{"name":"balanced","built_in":true,"chain":[],"clauses":12,"own":12,"set_at":null,"inherited":[],"document":{}}"#,
        route: || get(show),
    },
    Endpoint {
        method: "POST",
        path: "/provider/templates",
        summary: "Writes a template of the provider's own, on top of another: clauses of the same key replace, `removes` leaves out.",
        guard: Guard::Changes,
        needs: Needs::works().of_provider(),
        body: Some(
            r#"{"name":"dental","parent":"cautious","clauses":[{"key":"images","title":"X-ray images","actions":["data.share"],"mode":"refuse"}],"removes":[]}"#,
        ),
        answer: r#"{"line":7,"at":"2026-11-03T14:03:00.000000Z","says":["The template “dental” was written."],"id":null}"#,
        route: || post(set),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(_who): Acting,
) -> Result<Json<Vec<TemplateRow>>, DeskError> {
    Ok(Json(desk.templates().await?))
}

async fn show(
    State(desk): State<Desk>,
    Acting(_who): Acting,
    Path(t): Path<String>,
) -> Result<Json<TemplateView>, DeskError> {
    Ok(Json(desk.template(&t).await?))
}

async fn set(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Body(body): Body<NewTemplate>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.set_template(&who, body).await?))
}
