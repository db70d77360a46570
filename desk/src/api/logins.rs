//! `POST /api/v1/me/logins/start`, `POST /api/v1/me/logins/unlink`

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{Endpoint, Guard, Needs, web::Body};
use crate::{
    Desk, DeskError,
    door::Acting,
    error,
    oidc::{LoginBody, LoginStarted},
    view::Acted,
};

pub(super) const TABLE: [Endpoint; 2] = [
    Endpoint {
        method: "POST",
        path: "/me/logins/start",
        summary: "Begins linking a login at the provider's identity provider to the person of this session: open the \
                  answer's address in the same browser, then sign the link with a passkey.",
        guard: Guard::Changes,
        needs: Needs::seat().of_provider(),
        body: None,
        answer: r#"{"redirect":"https://id.example/authorize?client_id=writ"}"#,
        route: || post(start),
    },
    Endpoint {
        method: "POST",
        path: "/me/logins/unlink",
        summary: "Undoes a link of one's own, and ends the sessions that were opened by it.",
        guard: Guard::Changes,
        needs: Needs::seat().of_provider(),
        body: Some(r#"{"issuer":"https://id.example","subject":"a7c3"}"#),
        answer: r#"{"line":12,"at":"2026-11-22T01:40:00.000000Z","says":["Mira Okafor's login at https://id.example signs nobody in any more"],"id":null}"#,
        route: || post(unlink),
    },
];

async fn start(State(desk): State<Desk>, Acting(who): Acting) -> Result<Response, DeskError> {
    let away = desk.start_login(&who).await?;
    let cookie = HeaderValue::from_str(away.set_cookie.expose())
        .map_err(|_bad| DeskError::fault(error::FAULT, "the cookie is no header value"))?;
    Ok(([(header::SET_COOKIE, cookie)], Json(LoginStarted { redirect: away.to })).into_response())
}

async fn unlink(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Body(body): Body<LoginBody>,
) -> Result<Json<Acted>, DeskError> {
    Ok(Json(desk.unlink_login(&who, body).await?))
}
