//! `GET /oauth/authorize`: sends the browser on to the console's page of consent, with what the client asked. It looks at
//! nothing and keeps nothing: whoever is not signed in costs no lookup, no fetch and no memory.
//!
//! Never here: an answer to a client. The answer is a page that goes on by a `Refresh` header: the browser came from another
//! site, so that a redirect would leave the person's `SameSite=Strict` session behind.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::request::MAX_REQUEST;
use crate::Desk;

const REFRESH: HeaderName = HeaderName::from_static("refresh");

pub(super) async fn begin(State(desk): State<Desk>, headers: HeaderMap, uri: Uri) -> Response {
    if !desk.host_is_ours(&headers, &uri) {
        let text = "this server answers only under its own name\n";
        return (StatusCode::FORBIDDEN, quiet(), text).into_response();
    }
    let query = uri.query().unwrap_or_default();
    let to = format!("{}/consent?{query}", desk.origin());
    let fits = query.len() <= MAX_REQUEST && !query.contains(['"', '\'', '<', '>', '\\']);
    let refresh = HeaderValue::from_str(&format!("0; url={to}")).ok().filter(|_| fits);
    let Some(refresh) = refresh else {
        let text = "this request is too long, or has letters that no request has\n";
        return (StatusCode::BAD_REQUEST, quiet(), text).into_response();
    };
    let body = format!("Go on to {}/consent to answer this request.\n", desk.origin());
    (quiet(), [(REFRESH, refresh)], body).into_response()
}

fn quiet() -> [(HeaderName, HeaderValue); 6] {
    [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ),
    ]
}
