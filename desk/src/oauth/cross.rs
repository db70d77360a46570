//! Which endpoints a page of another site may read (Fetch standard, CORS protocol), so that MCP clients in browsers can find
//! this server, register where they may, and get tokens: metadata, keys, registration, the token endpoint. None of them looks
//! at a cookie: whoever asks there proves a key.
//!
//! SECURITY: `*` and never `Access-Control-Allow-Credentials`, so that no browser sends a session along or shows what one
//! would have got. Never here: an endpoint that a person's session opens.
//! To open one more: its route in `oauth::router` inside [`open`], a row in `desk/tests/desk/cross.rs`.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::MethodRouter,
};

use crate::Desk;

/// Headers that clients send: what they send, their proof (RFC 9449), and the revision that MCP clients say with everything.
const SENT: HeaderValue = HeaderValue::from_static("content-type, dpop, mcp-protocol-version");
/// Headers that they have to read: the nonce of the next proof.
const READ: HeaderValue = HeaderValue::from_static("dpop-nonce");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// LIMIT: seconds for which a browser need not ask again: an hour, so that a change is seen the same day.
const KEPT: HeaderValue = HeaderValue::from_static("3600");
const ANYBODY: HeaderValue = HeaderValue::from_static("*");

/// Opens an endpoint to pages of other sites.
pub(super) fn open(route: MethodRouter<Desk>) -> MethodRouter<Desk> {
    route.layer(axum::middleware::from_fn(answer))
}

async fn answer(request: Request, next: Next) -> Response {
    // A question of the browser's own: it carries nothing and changes nothing.
    if request.method() == Method::OPTIONS {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, SENT);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, KEPT);
        lets(headers);
        return response;
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READ);
    lets(response.headers_mut());
    response
}

fn lets(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
}
