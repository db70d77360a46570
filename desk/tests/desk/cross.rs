//! What a page of another site may read: metadata, keys, registration and the token endpoint, and nothing else.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use writ_desk::{doors, table};

use crate::{
    consent::program::world as consenting,
    world::{Answer, World},
};

const PAGE: &str = "https://inspector.example";
const OPEN: [(&str, &str); 5] = [
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/oauth/jwks"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/register"),
];

async fn asked(world: &World, method: &str, path: &str, preflight: bool) -> Answer {
    let mut request = Request::builder()
        .uri(path)
        .method(if preflight { "OPTIONS" } else { method })
        .header(header::HOST, "127.0.0.1:7420")
        .header(header::ORIGIN, PAGE)
        .header(header::COOKIE, "writ_session=x");
    if preflight {
        request = request
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, method)
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,dpop");
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

/// What a browser reads of an answer before it shows it to a page of another site.
fn crossing(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn a_client_in_a_browser_finds_this_server_and_gets_tokens_without_a_session() {
    let (world, _) = consenting().await;
    for (method, path) in OPEN {
        let first = asked(&world, method, path, true).await;
        assert_eq!((first.status, first.bytes.len()), (StatusCode::NO_CONTENT, 0), "{path}");
        assert_eq!(first.headers["access-control-allow-origin"], "*", "{path}");
        let sent = first.headers["access-control-allow-headers"].to_str().unwrap();
        assert!(sent.contains("dpop") && sent.contains("content-type"), "{sent}");
        assert!(!sent.contains("authorization") && !sent.contains('*'), "{sent}");
        let methods = first.headers["access-control-allow-methods"].to_str().unwrap();
        assert!(methods.contains(method), "{path}: {methods}");
        let then = asked(&world, method, path, false).await;
        assert_eq!(then.headers["access-control-allow-origin"], "*", "{path}: refusals too");
        assert_eq!(then.headers["access-control-expose-headers"], "dpop-nonce", "{path}");
        for answer in [first, then] {
            assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{path}");
        }
    }
}

#[tokio::test]
async fn nothing_else_is_shown_to_pages_of_other_sites() {
    let (world, _) = consenting().await;
    let mut paths: Vec<(String, String)> = table()
        .into_iter()
        .map(|one| (one.method.to_owned(), format!("/api/v1{}", one.path)))
        .collect();
    paths.extend(doors().into_iter().map(|one| (one.method.to_owned(), one.path.to_owned())));
    let others = [
        ("GET", "/oauth/authorize"),
        ("POST", "/oauth/introspect"),
        ("POST", "/oauth/revoke"),
        ("POST", "/enroll"),
        ("GET", "/upstream/client.json"),
        ("GET", "/upstream/callback"),
        ("GET", "/healthz"),
        ("GET", "/"),
    ];
    paths.extend(others.map(|(method, path)| (method.to_owned(), path.to_owned())));
    assert!(paths.len() > 100, "{}", paths.len());
    for (method, path) in paths {
        let path = path.replace(['{', '}', '*'], "");
        for preflight in [true, false] {
            let answer = asked(&world, &method, &path, preflight).await;
            assert_eq!(crossing(&answer), Vec::<&str>::new(), "{method} {path}");
        }
    }
}
