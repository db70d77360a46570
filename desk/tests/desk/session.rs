//! The console's door: single-use links, sessions, forged requests.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header},
};
use serde_json::json;
use writ_desk::{SESSION_IDLE, Session};
use writ_model::Span;

use crate::world::{Answer, World};

async fn follow(world: &World, link: &str) -> Answer {
    let path = link.strip_prefix("http://127.0.0.1:7420").unwrap();
    let request = Request::get(path).header(header::HOST, "127.0.0.1:7420");
    world.send(request.body(Body::empty()).unwrap()).await
}

/// Headers of a browser that is signed in.
fn browser(answer: &Answer) -> HeaderMap {
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, cookie.split(';').next().unwrap().parse().unwrap());
    headers.insert(header::HOST, "127.0.0.1:7420".parse().unwrap());
    headers
}

async fn session(world: &World, headers: &HeaderMap) -> Option<Session> {
    world.desk.session(headers).await.unwrap()
}

#[tokio::test]
async fn a_link_signs_in_once_and_the_session_ends() {
    let world = World::founded().await;
    let link = world.desk.new_sign_in_link(None).expose().clone();
    let first = follow(&world, &link).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    assert_eq!(first.headers["location"], "/");
    let cookie = first.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    let again = follow(&world, &link).await;
    assert_eq!(again.headers["location"], "/sign-in?refused=link");
    assert!(again.headers.get("set-cookie").is_none());

    let headers = browser(&first);
    let found = session(&world, &headers).await.unwrap();
    assert_eq!(world.desk.me(&found.who).await.unwrap().name, "Mira Okafor");
    world.clock.advance(Span::minutes(29));
    assert!(session(&world, &headers).await.is_some(), "used in time");
    world.clock.advance(SESSION_IDLE);
    assert!(session(&world, &headers).await.is_none(), "idle");

    let late = world.desk.new_sign_in_link(None).expose().clone();
    world.clock.advance(Span::minutes(15));
    assert_eq!(follow(&world, &late).await.headers["location"], "/sign-in?refused=link");
    world.check().await;
}

#[tokio::test]
async fn a_session_does_not_outlive_half_a_day_its_seat_or_its_end() {
    let world = World::founded().await;
    world.people().await;
    let signed = |person: Option<String>| {
        let link = world.desk.new_sign_in_link(person.map(|id| id.parse().unwrap()));
        let (world, link) = (&world, link.expose().clone());
        async move { browser(&follow(world, &link).await) }
    };
    let headers = signed(None).await;
    for _ in 0..35 {
        world.clock.advance(Span::minutes(20));
        assert!(session(&world, &headers).await.is_some());
    }
    world.clock.advance(Span::minutes(20));
    assert!(session(&world, &headers).await.is_none(), "twelve hours");

    let ines = world.person("Ines Park").await;
    let headers = signed(Some(ines.clone())).await;
    assert!(session(&world, &headers).await.is_some());
    world.done(&format!("/clients/harbor-books/people/{ines}/leave"), json!({})).await;
    assert!(session(&world, &headers).await.is_none(), "the seat is gone");
    let link = world.desk.new_sign_in_link(Some(ines.parse().unwrap())).expose().clone();
    assert_eq!(follow(&world, &link).await.headers["location"], "/sign-in?refused=seat");

    let headers = signed(None).await;
    let open = session(&world, &headers).await.unwrap();
    world.desk.sign_out(&open);
    assert!(session(&world, &headers).await.is_none(), "signed out");
    let csrf = open.csrf.expose();
    assert!(world.desk.check_form(&headers, &open, csrf).is_err(), "ended meanwhile");
    world.check().await;
}

#[tokio::test]
async fn a_changing_request_must_come_from_our_own_page() {
    let world = World::founded().await;
    let link = world.desk.new_sign_in_link(None).expose().clone();
    let headers = browser(&follow(&world, &link).await);
    let open = session(&world, &headers).await.unwrap();
    let csrf = open.csrf.expose().clone();
    let ask = |origin: Option<&str>, csrf: Option<&str>| {
        let body = json!({"name": "Juniper Dental", "slug": "juniper"}).to_string();
        let mut request = Request::post("/api/v1/clients").body(Body::from(body)).unwrap();
        *request.headers_mut() = headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        }
        if let Some(csrf) = csrf {
            request.headers_mut().insert("writ-csrf", csrf.parse().unwrap());
        }
        request
    };
    let ours = Some("http://127.0.0.1:7420");
    for (origin, csrf) in [
        (ours, None),
        (ours, Some("wrong")),
        (Some("http://evil.example"), Some(csrf.as_str())),
        (Some("null"), Some(csrf.as_str())),
        (Some("http://127.0.0.1:9999"), Some(csrf.as_str())),
    ] {
        let answer = world.send(ask(origin, csrf)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (403, Some("DESK-0005"))
        );
        assert!(
            world.desk.check_form(ask(origin, None).headers(), &open, csrf.unwrap_or("")).is_err()
        );
    }
    let done = world.send(ask(ours, Some(&csrf))).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    let first = world.get("/clients/juniper/ledger/1").await;
    assert_eq!(
        (first["by"].as_str(), first["via"].as_str()),
        (Some("Mira Okafor"), Some("console"))
    );
    let mut read = Request::get("/api/v1/me").body(Body::empty()).unwrap();
    *read.headers_mut() = headers.clone();
    assert_eq!(world.send(read).await.json()["name"], "Mira Okafor");
    world.check().await;
}

#[tokio::test]
async fn guessing_is_bounded() {
    let world = World::founded().await;
    let good = world.desk.new_sign_in_link(None).expose().clone();
    for _ in 0..60 {
        let guess = "http://127.0.0.1:7420/sign-in/0000-0000";
        assert_eq!(follow(&world, guess).await.headers["location"], "/sign-in?refused=link");
    }
    assert_eq!(follow(&world, &good).await.headers["location"], "/sign-in?refused=busy");
    world.clock.advance(Span::minutes(1));
    assert_eq!(follow(&world, &good).await.headers["location"], "/");
}

#[tokio::test]
async fn a_new_link_is_given_to_the_command_line_and_to_no_page() {
    let world = World::active().await;
    let ask = |change: &[(&str, &str)]| {
        let mut asked = world.request(Method::POST, "/sign-in-link", Some(&json!({})));
        for (name, value) in change {
            let name: HeaderName = name.parse().unwrap();
            if value.is_empty() {
                asked.headers_mut().remove(name);
            } else {
                asked.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        world.send(asked)
    };
    let link = |answer: &Answer| answer.json()["sign_in"].as_str().unwrap().to_owned();
    let given = ask(&[]).await;
    assert_eq!(given.headers["cache-control"], "no-store");
    let signed = follow(&world, &link(&given)).await;
    assert_eq!(signed.headers["location"], "/");
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();

    let dana = world.person("Dana Cole").await;
    let hers = follow(&world, &link(&ask(&[("writ-person", &dana)]).await)).await;
    let found = session(&world, &browser(&hers)).await.unwrap();
    assert_eq!(world.desk.me(&found.who).await.unwrap().name, "Dana Cole");

    let csrf = session(&world, &browser(&signed)).await.unwrap().csrf.expose().clone();
    let ours = "http://127.0.0.1:7420";
    for (change, status, code) in [
        (vec![("origin", ours)], 403, "DESK-0005"),
        (vec![("host", "evil.example")], 403, "DESK-0006"),
        (vec![("authorization", "")], 401, "DESK-0001"),
        (vec![("authorization", ""), ("cookie", cookie), ("writ-csrf", &csrf)], 401, "DESK-0001"),
        (vec![("writ-person", "prs_01j9z3k4m5n6p7q8r9s0t1v2w3")], 404, "DESK-0004"),
    ] {
        let refused = ask(&change).await;
        let problem = refused.json();
        assert_eq!((refused.status.as_u16(), problem["code"].as_str()), (status, Some(code)));
    }
    world.check().await;
}
