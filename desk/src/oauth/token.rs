//! `POST /oauth/token`: which grant, and its answer.
//!
//! Never here: what a grant asks (its own file), or an answer that somebody may keep for others.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{
    code, credentials, exchange,
    form::{Form, Sent},
    refresh,
    refused::{DPOP_NONCE, Refused, no_store},
};
use crate::Desk;

/// Issues an access token.
pub(crate) async fn issue(State(desk): State<Desk>, headers: HeaderMap, sent: Sent) -> Response {
    match Box::pin(answered(&desk, &headers, sent)).await {
        Ok(answer) => {
            desk.count_token(true);
            let body = Value::Object(answer).to_string();
            with_nonce(&desk, (StatusCode::OK, no_store(), body).into_response())
        }
        Err(refused) => {
            desk.count_token(false);
            tracing::info!(error = refused.error, why = %refused.why, "token refused");
            refused.into_response()
        }
    }
}

async fn answered(
    desk: &Desk,
    headers: &HeaderMap,
    sent: Sent,
) -> Result<Map<String, Value>, Refused> {
    let form = Form::read(sent)?;
    match form.need("grant_type")? {
        "client_credentials" => credentials::answer(desk, headers, &form).await,
        "authorization_code" => code::answer(desk, headers, &form).await,
        "refresh_token" => refresh::answer(desk, headers, &form).await,
        exchange::GRANT => exchange::answer(desk, headers, &form).await,
        _ => {
            let why = format!("what is given here is {}", super::metadata::GRANTS.join(", "));
            Err(Refused::new("unsupported_grant_type", why))
        }
    }
}

/// With the nonce of the client's next proof (RFC 9449 section 8.2).
pub(super) fn with_nonce(desk: &Desk, mut response: Response) -> Response {
    if let Ok(nonce) = HeaderValue::from_str(&desk.inner.nonces.current(desk.now())) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
    response
}
