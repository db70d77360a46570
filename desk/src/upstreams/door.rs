//! The doors: `GET /upstream/connect/{code}`, `GET /upstream/callback`, `GET /upstream/client.json`.
//!
//! Never here: a rule of the flow, HTML. The last page of a consent is two lines of text.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use writ_model::Secret;
use writ_reach::oauth::{Answered, Method, document};

use super::pending::LIFE;
use crate::{Desk, DeskError, door::Acting, error, session};

/// LIMIT: bytes of the answer's query: a code of 4 KiB and the rest.
const MAX_QUERY: usize = 8 << 10;
/// LIMIT: bytes of a link's code; ours have 43.
const MAX_CODE: usize = 64;
const COOKIE: &str = "writ_upstream";

/// The doors of protected servers.
pub(crate) fn doors() -> Router<Desk> {
    Router::new()
        .route("/upstream/connect/{code}", get(connect))
        .route("/upstream/callback", get(callback))
        .route("/upstream/callback/{way}", get(callback))
        .route("/upstream/client.json", get(client))
}

/// Opens a link. SECURITY: only for the person who asked for it, signed in here, and not from another site's page.
async fn connect(
    State(desk): State<Desk>,
    acting: Result<Acting, DeskError>,
    headers: HeaderMap,
    Path(code): Path<String>,
) -> Response {
    let own = code.len() <= MAX_CODE && code.bytes().all(|byte| byte.is_ascii_graphic());
    let acting = match acting {
        Ok(Acting(who)) if own => who,
        Err(DeskError::Unauthenticated { .. }) if own => {
            let query = writ_reach::encode(&[("next", &format!("/upstream/connect/{code}"))]);
            return (quiet(), Redirect::to(&format!("/sign-in?{query}"))).into_response();
        }
        Ok(_) => return refuse(&unknown()),
        Err(fault) => return refuse(&fault),
    };
    if elsewhere(&headers) {
        return refuse(&DeskError::Forbidden {
            code: error::FORGED,
            what: "another site's page led here".to_owned(),
            cure: "Open the link yourself, from where it was given to you.".to_owned(),
        });
    }
    let Some((ticket, expires)) = desk.inner.upstreams.pending.open(&code, &acting, desk.now())
    else {
        return refuse(&unknown());
    };
    match Box::pin(desk.begin_consent(ticket.clone())).await {
        Ok(away) => {
            let cookie = cookie(&desk, away.cookie.expose(), LIFE.to_std().as_secs());
            match HeaderValue::from_str(&cookie) {
                Ok(cookie) => {
                    let set = [(header::SET_COOKIE, cookie)];
                    (quiet(), set, Redirect::to(&away.to)).into_response()
                }
                Err(_) => refuse(&unknown()),
            }
        }
        Err(fault) => {
            desk.inner.upstreams.pending.put_back(&code, (ticket, expires), desk.now());
            refuse(&fault)
        }
    }
}

async fn callback(State(desk): State<Desk>, headers: HeaderMap, uri: Uri) -> Response {
    if !desk.host_is_ours(&headers, &uri) {
        return (StatusCode::FORBIDDEN, "this server answers only under its own name")
            .into_response();
    }
    let Some((state, answered)) = read(&uri) else { return refuse(&unknown()) };
    let came = Box::pin(desk.end_consent((&state, ours(&headers), uri.path()), answered)).await;
    let over = HeaderValue::from_str(&cookie(&desk, "", 0));
    let mut response = match came {
        Ok(done) => {
            let words = format!(
                "The account at {} is connected ({}).\nYou may close this page.\n",
                done.server, done.issuer
            );
            (quiet(), words).into_response()
        }
        Err(fault) => refuse(&fault),
    };
    if let Ok(over) = over {
        response.headers_mut().append(header::SET_COOKIE, over);
    }
    response
}

/// What we are, for authorization servers (Client ID Metadata Document). It stands here whether or not one asks.
async fn client(State(desk): State<Desk>) -> Response {
    let id = format!("{}/upstream/client.json", desk.origin());
    let base = desk.upstream_redirect();
    let mut redirects = vec![base.clone()];
    redirects.extend(desk.inner.upstreams.pending.redirects(desk.now()));
    redirects.dedup();
    let redirects: Vec<&str> = redirects.iter().map(String::as_str).collect();
    let document = document(Some(&id), &redirects, Method::Nothing);
    // Not for long: an issuer that does not say its name is given an address of its own when somebody goes there.
    let cache = [(header::CACHE_CONTROL, HeaderValue::from_static("max-age=60"))];
    (cache, Json(document)).into_response()
}

fn unknown() -> DeskError {
    DeskError::Forbidden {
        code: error::UPSTREAM,
        what: "this link is not yours, was opened before, or is too old".to_owned(),
        cure: "Ask for a new one with `writ upstream connect`.".to_owned(),
    }
}

fn refuse(fault: &DeskError) -> Response {
    let problem = fault.problem(String::new());
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::FORBIDDEN);
    let words = format!("{}: {}\n{}\n", problem.code, problem.detail, problem.cure);
    (status, quiet(), words).into_response()
}

fn quiet() -> [(HeaderName, HeaderValue); 4] {
    [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ),
    ]
}

/// Whether another site's page sent the browser here.
fn elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// SECURITY: `Lax`, because the authorization server's redirect comes from another site and must bring it along; it signs
/// nobody in, it only says which browser began.
fn cookie(desk: &Desk, value: &str, seconds: u64) -> String {
    let secure = if desk.origin().starts_with("https://") { "; Secure" } else { "" };
    format!("{COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/upstream; Max-Age={seconds}{secure}")
}

/// The cookie of the consent under way; nothing if there is none, or more than one.
fn ours(headers: &HeaderMap) -> Option<&str> {
    session::cookie(headers, COOKIE)
}

/// The answer's parameters. Twice the same is an attack or a defect (RFC 6749 section 3.1).
fn read(uri: &Uri) -> Option<(String, Answered)> {
    if uri.query().is_some_and(|query| query.len() > MAX_QUERY) {
        return None;
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let (mut state, mut answered) = (None, Answered::default());
    for (name, value) in pairs {
        let twice = match name.as_str() {
            "state" => state.replace(value).is_some(),
            "code" => answered.code.replace(Secret::new(value)).is_some(),
            "iss" => answered.iss.replace(value).is_some(),
            "error" => answered.error.replace(value).is_some(),
            _ => false,
        };
        if twice {
            return None;
        }
    }
    Some((state?, answered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_or_without_a_state_is_refused() {
        let read = |query: &str| read(&format!("/upstream/callback?{query}").parse().unwrap());
        let (state, good) =
            read("code=a%20b&state=c&iss=https%3A%2F%2Fid.example&x=1&x=2").unwrap();
        assert_eq!((state.as_str(), good.code.unwrap().expose().as_str()), ("c", "a b"));
        assert_eq!(good.iss.as_deref(), Some("https://id.example"));
        for query in
            ["state=a&state=b", "state=s&code=a&code=a", "state=s&iss=a&iss=b", "code=a", ""]
        {
            assert!(read(query).is_none(), "{query}");
        }
        assert!(read(&format!("state=s&code={}", "x".repeat(MAX_QUERY))).is_none());
    }

    #[test]
    fn two_cookies_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(ours(&headers), None);
        headers.insert(header::COOKIE, "writ_session=x; writ_upstream=abc".parse().unwrap());
        assert_eq!(ours(&headers), Some("abc"));
        headers.append(header::COOKIE, "writ_upstream=def".parse().unwrap());
        assert_eq!(ours(&headers), None);
    }
}
