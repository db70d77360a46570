//! Doors: who gets in, what every answer carries, what is refused without a token.

use axum::http::{StatusCode, header};
use writ_console::{
    head::{CSP, PERMISSIONS},
    route::{self, Methods},
};
use writ_model::Span;

use crate::world::{HOST, World};

/// An address with something in every place.
fn filled(pattern: &str) -> String {
    let part = |part: &str| match part {
        "{client}" => "harbor-books".to_owned(),
        "{line}" => "0".to_owned(),
        other if other.starts_with('{') => "nothing-like-this".to_owned(),
        other => other.to_owned(),
    };
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn open(name: &str) -> bool {
    matches!(name, "sign_in" | "asset" | "first" | "join" | "recover")
}

#[tokio::test]
async fn every_route_answers_and_carries_the_headers() {
    let world = World::founded().await;
    for row in route::TABLE.iter().filter(|row| !matches!(row.name, "calls_events")) {
        let path = filled(row.pattern);
        let page = match row.methods {
            Methods::Post => world.post(&path, &[]).await,
            Methods::Get | Methods::Both => world.get(&path).await,
        };
        assert_eq!(page.headers[header::CONTENT_SECURITY_POLICY], CSP, "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(page.headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(page.headers["cross-origin-opener-policy"], "same-origin", "{path}");
        assert_eq!(page.headers["permissions-policy"], PERMISSIONS, "{path}");
        assert_ne!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(page.status.as_u16() < 500, "{path}: {}", page.html);
        let leads = row.name == "welcome" && page.location() == "/me";
        assert!(leads || page.status != StatusCode::SEE_OTHER, "{path}");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
    let lost = world.get("/nowhere/at/all").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert!(lost.html.contains("/nowhere/at/all") && lost.html.contains("DESK-0004"));
}

#[tokio::test]
async fn without_a_session_one_is_asked_to_sign_in() {
    let world = World::founded().await;
    for row in route::TABLE.iter().filter(|row| !open(row.name)) {
        let path = filled(row.pattern);
        if row.methods != Methods::Post {
            let page = world.get_as(&path, "writ_session=nothing", HOST).await;
            assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
            let next = route::local(&path).filter(|path| path != "/").unwrap_or_default();
            assert_eq!(page.location(), route::query("/sign-in", &[("next", &next)]), "{path}");
        }
    }
    let page = world.get_as("/sign-in?refused=link", "", HOST).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("unknown, used or expired"));
    world.clock.advance(Span::hours(1));
    assert_eq!(world.get("/").await.location(), "/sign-in", "an idle session ends");
}

#[tokio::test]
async fn a_change_without_the_token_is_refused() {
    let world = World::founded().await;
    // The first link's button is pressed before there is a session; where it comes from is checked instead.
    let changes = |row: &&route::Row| row.methods != Methods::Get && row.name != "first";
    for row in route::TABLE.iter().filter(changes) {
        let path = filled(row.pattern);
        for token in [&[][..], &[("csrf", "guessed")]] {
            let page = world.post(&path, token).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
            assert!(page.html.contains("DESK-0005"), "{path}: {}", page.html);
        }
    }
    assert_eq!(world.get("/").await.status, StatusCode::OK, "nobody was signed out");
}

#[tokio::test]
async fn another_name_is_not_answered() {
    let world = World::founded().await;
    let page = world.get_as("/", "", "evil.example").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn assets_are_kept_and_others_are_not_there() {
    let world = World::founded().await;
    for asset in writ_console::asset::ALL {
        let page = world.get_as(&asset.href(), "", HOST).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert!(page.headers[header::CONTENT_TYPE].to_str().unwrap().len() > 5);
        assert_eq!(page.html, asset.body());
    }
    let page = world.get("/asset/console.css").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let world = World::founded().await;
    let csrf = world.get("/").await.csrf();
    let page = world.post("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!(page.location(), "/sign-in?left=yes");
    assert!(page.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(world.get("/").await.location(), "/sign-in");
}
