//! `/api/v1/clients/{c}/upstreams`

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{
    ConnectBody, Desk, DeskError, DisconnectBody,
    door::Acting,
    view::{Acted, ConnectView, UpstreamView},
};

pub(in crate::api) const TABLE: [Endpoint; 3] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/upstreams",
        summary: "Protected servers, and the accounts that are connected there.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"[{"server":"mail","address":"https://mail.example","grant":"code","account_of":"person","consent":true,"accounts":[]}]"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/upstreams/{up}/connect",
        summary: "Gives the link by which the same person connects an account in their browser.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(r#"{"agent":"invoice-bot"}"#),
        answer: r#"{"url":"https://writ.example/upstream/connect/AQ","expires":"2026-11-17T08:00:00.000000Z","server":"mail"}"#,
        route: || post(connect),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/upstreams/{up}/disconnect",
        summary: "Ends an account: no gateway uses it from then on.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(r#"{"agent":"invoice-bot","reason":"not needed any more"}"#),
        answer: r#"{"line":8,"at":"2026-11-03T14:03:00.000000Z","says":["The account at mail for invoice-bot may be used no more: Not needed any more."],"id":null}"#,
        route: || post(disconnect),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<Vec<UpstreamView>>, DeskError> {
    Ok(Json(desk.upstreams(&who, &c).await?))
}

async fn connect(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, up)): Path<(String, String)>,
    Body(body): Body<ConnectBody>,
) -> Result<Json<ConnectView>, DeskError> {
    Ok(Json(desk.connect_upstream(&who, (&c, &up), body).await?))
}

async fn disconnect(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, up)): Path<(String, String)>,
    Body(body): Body<DisconnectBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.disconnect_upstream(&who, (&c, &up), body).await?))
}
