//! One door beside the desk's own: the command line asks for a new sign-in link (`writ console`). Whoever holds the data
//! folder's token may have one; that is the same authority as reading the link off the server's terminal.
//!
//! Never here: a way in without the token. To add a door for the command line: a route in [`router`].

use std::{fmt, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use writ_desk::{Desk, host_is_ours};
use writ_identity::same_secret;
use writ_model::Secret;

/// Where the command line asks.
pub const SIGN_IN_LINK: &str = "/cli/sign-in-link";

#[derive(Clone)]
struct Door {
    desk: Desk,
    token: Arc<Secret<String>>,
}

impl fmt::Debug for Door {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Door")
    }
}

/// The door's router.
pub fn router(desk: Desk, token: Secret<String>) -> Router {
    let door = Door { desk, token: Arc::new(token) };
    Router::new().route(SIGN_IN_LINK, post(link)).with_state(door)
}

async fn link(State(door): State<Door>, headers: HeaderMap, uri: Uri) -> Response {
    let sent = headers.get(header::AUTHORIZATION).map(http::HeaderValue::as_bytes);
    let sent = sent.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    let ours = host_is_ours(&headers, &uri) && !headers.contains_key(header::ORIGIN);
    if !ours || !same_secret(sent, door.token.expose().as_bytes()) {
        let problem = json!({
            "title": "not signed in", "detail": "the token is not this installation's",
            "cure": "run as the user who started the server, with its data folder",
        });
        return (StatusCode::UNAUTHORIZED, Json(problem)).into_response();
    }
    let link = door.desk.new_sign_in_link(None);
    let quiet = [(header::CACHE_CONTROL, "no-store")];
    (quiet, Json(json!({"sign_in": link.expose()}))).into_response()
}
