//! The doors: `GET /oidc/sign-in`, `GET /oidc/callback`, `GET /oidc/jwks`.
//!
//! Never here: a rule of the flow, HTML. The answer to the callback is a page of its own that goes on by a `Refresh` header:
//! the browser came from another site, so that a redirect would leave the new `SameSite=Strict` cookie behind.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use writ_identity::JwkSet;
use writ_model::Secret;

use super::{
    callback::{Answered, Came},
    pending::Purpose,
    refused::{Refused, Why},
    start,
};
use crate::{Desk, session};

/// LIMIT: bytes of the answer's query: a code of 4 KiB and the rest.
const MAX_QUERY: usize = 8 << 10;
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// The doors of sign-in elsewhere.
pub(crate) fn doors() -> Router<Desk> {
    Router::new()
        .route("/oidc/sign-in", get(sign_in))
        .route("/oidc/callback", get(callback))
        .route("/oidc/jwks", get(jwks))
}

#[derive(Debug, Deserialize)]
struct Next {
    #[serde(default)]
    next: Option<String>,
}

async fn sign_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    Query(Next { next }): Query<Next>,
) -> Response {
    if !desk.host_is_ours(&headers, &uri) {
        return wrong_host();
    }
    let next = start::local(next.as_deref().unwrap_or("/"));
    // The answer comes to the origin, so the cookie must be the origin's.
    if !at_origin(&desk, &headers) {
        let query = writ_reach::encode(&[("next", &next)]);
        let there = format!("{}/oidc/sign-in?{query}", desk.inner.parts.origin);
        return (quiet(), Redirect::to(&there)).into_response();
    }
    if elsewhere(&headers) {
        let query = writ_reach::encode(&[("next", &next)]);
        return (quiet(), Redirect::to(&format!("/sign-in?{query}"))).into_response();
    }
    let replaces = desk.session(&headers).await.ok().flatten().map(|session| session.id);
    let away = match desk.oidc() {
        Ok(party) => party.begin(&desk, Purpose::SignIn { next, replaces }).await,
        Err(refused) => Err(refused),
    };
    match away {
        Ok(away) => match HeaderValue::from_str(away.set_cookie.expose()) {
            Ok(cookie) => {
                (quiet(), [(header::SET_COOKIE, cookie)], Redirect::to(&away.to)).into_response()
            }
            Err(_) => refuse(&desk, &Why::Unreachable.into()),
        },
        Err(refused) => refuse(&desk, &refused),
    }
}

async fn callback(State(desk): State<Desk>, headers: HeaderMap, uri: Uri) -> Response {
    if !desk.host_is_ours(&headers, &uri) {
        return wrong_host();
    }
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let came = match (desk.oidc(), read(&uri)) {
        (Ok(party), Ok(answered)) => {
            let from = (cookie(&headers), agent.unwrap_or_default());
            Box::pin(party.answered(&desk, answered, from)).await
        }
        (Err(refused), _) | (_, Err(refused)) => Err(refused),
    };
    match came {
        Ok(Came::In { set_cookie, next }) => go_on(&desk, Some(&set_cookie), &next),
        Ok(Came::ToSign(url)) => go_on(&desk, None, &url),
        Err(refused) => refuse(&desk, &refused),
    }
}

/// The public half of the key that we sign in with ourselves.
async fn jwks(State(desk): State<Desk>) -> Response {
    let set = match desk.oidc_key().await {
        Ok(key) => JwkSet::of(&[key.jwk()]).map(|set| set.to_json()).map_err(|_large| ()),
        Err(_) => Err(()),
    };
    match set {
        Ok(set) => Json(set).into_response(),
        Err(()) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn wrong_host() -> Response {
    (StatusCode::FORBIDDEN, "this server answers only under its own name").into_response()
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

fn at_origin(desk: &Desk, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = &desk.inner.parts.origin;
    let own = origin.split_once("://").map(|(_, host)| host);
    host.is_none_or(|host| own.is_some_and(|own| own.eq_ignore_ascii_case(host)))
}

/// Whether another site's page sent the browser here. SECURITY: whoever is signed in at the identity provider would get a
/// session without having asked for one; they get the page with the button.
fn elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// The parameters of the answer. Twice the same is an attack or a defect (RFC 6749 section 3.1).
fn read(uri: &Uri) -> Result<Answered, Refused> {
    let bad = |log: &str| Refused::new(Why::State, log);
    let query = uri.query().unwrap_or_default();
    if query.len() > MAX_QUERY {
        return Err(bad("the answer is too long"));
    }
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(pairs) = pairs.map_err(|_bad| bad("the answer cannot be read"))?;
    let mut answered = Answered::default();
    for (name, value) in pairs {
        let twice = match name.as_str() {
            "code" => answered.code.replace(Secret::new(value)).is_some(),
            "state" => answered.state.replace(value).is_some(),
            "iss" => answered.iss.replace(value).is_some(),
            "error" => answered.error.replace(value).is_some(),
            _ => false,
        };
        if twice {
            return Err(bad("the answer says something twice"));
        }
    }
    Ok(answered)
}

/// The cookie of the sign-in under way; nothing if there is none, or more than one.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    session::cookie(headers, start::COOKIE)
}

fn go_on(desk: &Desk, session: Option<&Secret<String>>, to: &str) -> Response {
    let own = to.strip_prefix(desk.inner.parts.origin.as_str()).unwrap_or(to);
    let next = start::local(own);
    let Ok(refresh) = HeaderValue::from_str(&format!("0; url={next}")) else {
        return refuse(desk, &Why::Unreachable.into());
    };
    let body = format!("Go on to {next}\n");
    let mut response = (quiet(), [(REFRESH, refresh)], body).into_response();
    let over = start::cookie(desk, "", 0);
    for cookie in session.map(|cookie| cookie.expose().clone()).into_iter().chain([over]) {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Back to the sign-in page, which has the words for the code.
fn refuse(desk: &Desk, refused: &Refused) -> Response {
    tracing::warn!(code = %refused.why.code(), why = refused.log, "sign-in elsewhere refused");
    let to = format!("/sign-in?refused={}", refused.why.code());
    let over = start::cookie(desk, "", 0);
    let mut response = (quiet(), Redirect::to(&to)).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&over) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_refused() {
        let read = |query: &str| read(&format!("/oidc/callback?{query}").parse().unwrap());
        let good = read("code=a%20b&state=c&iss=https%3A%2F%2Fid.example&session_state=x&x=1&x=2");
        let good = good.unwrap();
        assert_eq!(good.code.unwrap().expose(), "a b");
        assert_eq!(good.iss.as_deref(), Some("https://id.example"));
        for query in ["state=a&state=b", "code=a&code=a", "iss=a&iss=b", "error=a&error=b"] {
            assert!(read(query).is_err(), "{query}");
        }
        assert!(read(&format!("code={}", "x".repeat(MAX_QUERY))).is_err());
    }

    #[test]
    fn two_cookies_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie(&headers), None);
        headers.insert(header::COOKIE, "writ_session=x; writ_oidc=abc".parse().unwrap());
        assert_eq!(cookie(&headers), Some("abc"));
        headers.append(header::COOKIE, "writ_oidc=def".parse().unwrap());
        assert_eq!(cookie(&headers), None);
    }
}
