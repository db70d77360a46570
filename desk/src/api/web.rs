//! What every endpoint shares: bodies and queries read strictly, errors as problems (RFC 9457) with the request's id,
//! and the doors beside the API: enrollment, passkeys, health.
//!
//! Never here: a use-case.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Query, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use writ_model::{
    Actor, RequestId, TenantId,
    json::{self, Limits},
};

use super::MAX_BODY;
use crate::{Desk, DeskError, EnrollBody, Enrolled, Format, Who, view::ExplainView};

/// LIMIT: bytes of an enrollment: a code, a key and a proof.
const MAX_ENROLLMENT: usize = 16 << 10;

/// A body that is strict JSON (no duplicate keys, nothing after it) and exactly of this form.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Desk> for Body<T> {
    type Rejection = DeskError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, DeskError> {
        let bad = |what: String| DeskError::bad("body", what, "Send JSON as the OpenAPI says.");
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(bad("the body is not application/json".to_owned()));
        }
        let bytes = Bytes::from_request(request, desk)
            .await
            .map_err(|_too_large| bad(format!("the body is larger than {MAX_BODY} bytes")))?;
        json::parse(&bytes, &Limits { bytes: MAX_BODY, ..Limits::REQUEST })
            .map_err(|why| bad(why.to_string()))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|why| bad(why.to_string()))
    }
}

/// A query string of exactly this form.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Desk> for Asked<T> {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, DeskError> {
        let read = Query::<T>::from_request_parts(parts, desk).await;
        read.map(|Query(read)| Self(read))
            .map_err(|why| DeskError::bad("query", why.body_text(), "See the OpenAPI."))
    }
}

/// An explanation in the form that was asked for.
pub(crate) async fn explained(
    (desk, who): (&Desk, &Who),
    view: ExplainView,
    format: Option<Format>,
) -> Result<Response, DeskError> {
    match format.unwrap_or_default() {
        Format::Json => Ok(Json(view).into_response()),
        Format::Pdf => {
            let bytes = desk.explanation_paper(who, &view).await?;
            Ok(([(header::CONTENT_TYPE, "application/pdf")], bytes).into_response())
        }
    }
}

/// Why somebody does something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// One sentence.
    pub(crate) reason: String,
}

/// An error on its way out: [`dress`] writes it once the request's id is known.
#[derive(Debug, Clone)]
struct Raised(DeskError);

impl IntoResponse for DeskError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(Raised(self));
        response
    }
}

/// A path as logs have it. SECURITY: the code of an invitation, a recovery or a first link is in its address, and opens.
fn told(path: &str) -> String {
    for door in ["/join/", "/recover/", "/sign-in/"] {
        if let Some(rest) = path.strip_prefix(door) {
            let after = rest.split_once('/').map(|(_, after)| format!("/{after}"));
            return format!("{door}{{code}}{}", after.unwrap_or_default());
        }
    }
    path.to_owned()
}

/// Gives a request its id, its errors their form, and its answer the headers that keep it out of caches.
pub(crate) async fn dress(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let none = TenantId::from_bytes([0; 16]);
    let id = RequestId::new(&desk.cx(none, Actor::system("desk"))).to_string();
    let (method, path) = (request.method().clone(), told(request.uri().path()));
    let mut response = match drained(request).await {
        Ok(request) => next.run(request).await,
        Err(fault) => fault.into_response(),
    };
    if let Some(Raised(fault)) = response.extensions_mut().remove::<Raised>() {
        match &fault {
            DeskError::Fault { code, what } => {
                tracing::error!(request = %id, %method, %path, %code, what, "request failed");
            }
            other => {
                tracing::info!(request = %id, %method, %path, code = %other.code(), "refused");
            }
        }
        let status = response.status();
        response = (status, Json(fault.problem(id.clone()))).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("writ-request"), id);
    }
    response
}

/// The request with its whole body at hand. A body that nobody reads would close the connection under the next request.
async fn drained(request: Request) -> Result<Request, DeskError> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_too_large| {
        let what = format!("the body is larger than {MAX_BODY} bytes");
        DeskError::bad("body", what, "Send JSON as the OpenAPI says.")
    })?;
    Ok(Request::from_parts(parts, bytes.into()))
}

/// There is no such endpoint.
pub(crate) async fn no_such_endpoint(uri: Uri) -> DeskError {
    DeskError::not_visible("endpoint", uri.path())
}

/// The endpoint does not take this method.
pub(crate) async fn no_such_method(request: Request) -> DeskError {
    let what = format!("{} is not taken here", request.method());
    DeskError::bad("method", what, "See the OpenAPI at /api/v1/openapi.json.")
}

/// What stands beside the API.
pub(crate) fn doors(desk: &Desk) -> Router<Desk> {
    Router::new()
        .route("/enroll", post(enroll).layer(DefaultBodyLimit::max(MAX_ENROLLMENT)))
        .merge(crate::doors::router())
        .layer(middleware::from_fn_with_state(desk.clone(), dress))
        .route("/health", get(health))
}

async fn enroll(
    State(desk): State<Desk>,
    Body(body): Body<EnrollBody>,
) -> Result<Json<Enrolled>, DeskError> {
    Ok(Json(desk.enroll(body).await?))
}

/// Whether the process serves; it asks nothing of the store.
async fn health() -> &'static str {
    "ok\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_gets_into_a_log() {
        for (path, wanted) in [
            ("/join/K7QF-93TD", "/join/{code}"),
            ("/join/K7QF-93TD/options", "/join/{code}/options"),
            ("/recover/K7QF-93TD/options", "/recover/{code}/options"),
            ("/sign-in/K7QF-93TD", "/sign-in/{code}"),
            ("/api/v1/me", "/api/v1/me"),
            ("/passkey/sign-in/options", "/passkey/sign-in/options"),
        ] {
            assert_eq!(told(path), wanted);
        }
    }
}
