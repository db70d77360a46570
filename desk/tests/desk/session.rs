//! The console's door: the first link, sessions, forged requests.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header},
};
use serde_json::json;
use writ_desk::{DeskError, SESSION_IDLE, Session, SignedBy};
use writ_model::Span;

use crate::world::{Answer, Browser, ORIGIN, World};

fn code(link: &str) -> String {
    link.strip_prefix(&format!("{ORIGIN}/sign-in/")).unwrap().to_owned()
}

async fn link(world: &World) -> String {
    code(world.desk.new_sign_in_link().await.unwrap().expose())
}

async fn session(world: &World, browser: &Browser) -> Option<Session> {
    world.desk.session(&browser.headers_bare()).await.unwrap()
}

fn word(refused: Result<writ_desk::SignedIn, DeskError>) -> &'static str {
    refused.unwrap_err().code().0
}

#[tokio::test]
async fn a_link_opens_only_the_door_to_the_first_passkey() {
    let world = World::bare().await;
    let first = link(&world).await;
    // A preview of the link, by whoever, uses nothing up: following it takes a button.
    let look = Request::get(format!("/sign-in/{first}")).header(header::HOST, "localhost:7420");
    let looked = world.send(look.body(Body::empty()).unwrap()).await;
    assert_eq!(looked.status, StatusCode::NOT_FOUND, "the page is the console's");
    let opened = world.desk.follow(&first, "test").await.unwrap();
    assert_eq!(opened.session.how, SignedBy::Link);
    let set = opened.set_cookie.expose();
    assert!(set.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{set}");
    assert_eq!(word(world.desk.follow(&first, "test").await), "DESK-0007", "once");
    let browser = Browser {
        cookie: set.strip_prefix("writ_session=").unwrap().split(';').next().unwrap().to_owned(),
        csrf: opened.session.csrf.expose().clone(),
    };
    for path in ["/me", "/clients", "/queue", "/status"] {
        let refused = world.ask_as(&browser, Method::GET, path, None).await;
        assert_eq!(refused.json()["code"], "DESK-0015", "{path}");
    }
    let late = link(&world).await;
    world.clock.advance(Span::minutes(15));
    assert_eq!(word(world.desk.follow(&late, "test").await), "DESK-0007", "late");
    let spare = link(&world).await;
    world.welcome("Mira Okafor").await;
    assert!(session(&world, &browser).await.is_none(), "what the link opened has ended");
    let asked = world.door_as(&browser, "/welcome/options", json!({})).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert_eq!(word(world.desk.follow(&spare, "test").await), "DESK-0007", "links are gone");
    assert_eq!(world.desk.new_sign_in_link().await.unwrap_err().code().0, "DESK-0016");
    let me = world.sign_in("Mira Okafor").await;
    let me = world.ask_as(&me, Method::GET, "/me", None).await.json();
    assert_eq!(
        (me["name"].as_str(), me["signed_in_by"].as_str()),
        (Some("Mira Okafor"), Some("passkey"))
    );
    assert_eq!(me["passkeys"][0]["admitted"], "bootstrap");
    world.check().await;
}

#[tokio::test]
async fn a_session_does_not_outlive_half_a_day_its_seat_its_key_or_its_end() {
    let world = World::founded().await;
    world.people().await;
    let mira = world.sign_in("Mira Okafor").await;
    for _ in 0..35 {
        world.clock.advance(Span::minutes(20));
        assert!(session(&world, &mira).await.is_some());
    }
    world.clock.advance(Span::minutes(20));
    assert!(session(&world, &mira).await.is_none(), "twelve hours");

    let mira = world.sign_in("Mira Okafor").await;
    world.clock.advance(SESSION_IDLE);
    assert!(session(&world, &mira).await.is_none(), "idle");

    let ines = world.sign_in("Ines Park").await;
    assert!(session(&world, &ines).await.is_some());
    let id = world.person("Ines Park").await;
    let leave = format!("/clients/harbor-books/people/{id}/leave");
    world.done_as("Dana Cole", &leave, json!({})).await;
    assert!(session(&world, &ines).await.is_none(), "the seat is gone");
    let options = world.door("/passkey/sign-in/options", json!({})).await.json();
    let response = world.assertion("Ines Park", &options["options"]);
    let refused = world.door("/passkey/sign-in", json!({"response": response})).await;
    assert_eq!(refused.json()["code"], "DESK-0012", "and so is the key's use");

    let mira = world.sign_in("Mira Okafor").await;
    let open = session(&world, &mira).await.unwrap();
    world.desk.sign_out(&open);
    assert!(session(&world, &mira).await.is_none(), "signed out");
    let csrf = open.csrf.expose();
    assert!(world.desk.check_form(&mira.headers(), &open, csrf).is_err(), "ended meanwhile");
    world.check().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_person_and_by_an_owner_of_their_side() {
    let world = World::founded().await;
    world.people().await;
    let (one, two) = (world.sign_in("Ines Park").await, world.sign_in("Ines Park").await);
    let rows = world.ask_as(&one, Method::GET, "/me/sessions", None).await.json();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    let other = rows.as_array().unwrap().iter().find(|row| row["current"] == false).unwrap();
    for hidden in [&one.cookie, &one.csrf, &two.cookie, &two.csrf] {
        assert!(!rows.to_string().contains(hidden.as_str()), "no secret in a list");
    }
    let end = format!("/me/sessions/{}/end", other["session"].as_str().unwrap());
    let noor = world.sign_in("Noor Haddad").await;
    let refused = world.ask_as(&noor, Method::POST, &end, Some(&json!({}))).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "somebody else's looks like none");
    assert_eq!(world.ask_as(&one, Method::POST, &end, Some(&json!({}))).await.status, 200);
    assert!(session(&world, &two).await.is_none() && session(&world, &one).await.is_some());
    let (three, four) = (world.sign_in("Ines Park").await, world.sign_in("Ines Park").await);
    let others = "/me/sessions/others/end";
    assert_eq!(world.ask_as(&one, Method::POST, others, Some(&json!({}))).await.status, 200);
    assert!(session(&world, &three).await.is_none() && session(&world, &four).await.is_none());
    assert!(session(&world, &one).await.is_some() && session(&world, &noor).await.is_some());

    let at = "/clients/harbor-books/sessions";
    let refused = world.ask_as(&noor, Method::GET, at, None).await;
    assert_eq!(refused.json()["code"], "AUTH-0003", "not an owner");
    let dana = world.sign_in("Dana Cole").await;
    let rows = world.ask_as(&dana, Method::GET, at, None).await.json();
    let ines = rows.as_array().unwrap().iter().find(|row| row["person"]["name"] == "Ines Park");
    let end = format!("{at}/{}/end", ines.unwrap()["session"].as_str().unwrap());
    let mira = world.sign_in("Mira Okafor").await;
    let refused = world.ask_as(&mira, Method::POST, &end, Some(&json!({}))).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "the other party's");
    assert_eq!(world.ask_as(&dana, Method::POST, &end, Some(&json!({}))).await.status, 200);
    assert!(session(&world, &one).await.is_none());
}

#[tokio::test]
async fn a_changing_request_must_come_from_our_own_page() {
    let world = World::founded().await;
    let mira = world.sign_in("Mira Okafor").await;
    let open = session(&world, &mira).await.unwrap();
    let csrf = open.csrf.expose().clone();
    let ask = |host: &str, origin: Option<&str>, csrf: Option<&str>| {
        let body = json!({"name": "Juniper Dental", "slug": "juniper"}).to_string();
        let mut request = Request::post("/api/v1/clients").body(Body::from(body)).unwrap();
        let headers = request.headers_mut();
        *headers = mira.headers_bare();
        headers.insert(header::HOST, host.parse().unwrap());
        headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        if let Some(csrf) = csrf {
            headers.insert("writ-csrf", csrf.parse().unwrap());
        }
        request
    };
    let (host, ours, good) = ("localhost:7420", Some(ORIGIN), Some(csrf.as_str()));
    for (host, origin, csrf) in [
        (host, ours, None),
        (host, ours, Some("wrong")),
        (host, Some("http://evil.example"), good),
        (host, Some("null"), good),
        (host, Some("http://localhost:9999"), good),
        (host, Some("https://localhost:7420"), good),
        ("127.0.0.1:7420", Some("http://127.0.0.1:9999"), good),
    ] {
        let asked = ask(host, origin, csrf);
        let checked = world.desk.check_form(asked.headers(), &open, csrf.unwrap_or(""));
        assert!(checked.is_err(), "{origin:?} {csrf:?}");
        let answer = world.send(asked).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (403, Some("DESK-0005"))
        );
    }
    let elsewhere = world.send(ask("evil.example", ours, good)).await;
    assert_eq!(elsewhere.json()["code"], "DESK-0006");
    let loopback = ask("127.0.0.1:7420", Some("http://127.0.0.1:7420"), good);
    assert!(world.desk.origin_is_ours(loopback.headers()), "its own loopback name");
    let done = world.send(ask(host, ours, good)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    let first = world.get("/clients/juniper/ledger/1").await;
    assert_eq!(
        (first["by"].as_str(), first["via"].as_str()),
        (Some("Mira Okafor"), Some("console"))
    );
    world.check().await;
}

#[tokio::test]
async fn guessing_is_bounded() {
    let world = World::bare().await;
    let good = link(&world).await;
    for _ in 0..60 {
        assert_eq!(word(world.desk.follow("0000-0000", "test").await), "DESK-0007");
    }
    assert_eq!(word(world.desk.follow(&good, "test").await), "DESK-0008");
    world.clock.advance(Span::minutes(1));
    assert!(world.desk.follow(&good, "test").await.is_ok());
}

#[tokio::test]
async fn a_link_is_given_to_the_command_line_and_to_no_page() {
    let world = World::bare().await;
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
    let link = |answer: &Answer| code(answer.json()["sign_in"].as_str().unwrap());
    let given = ask(&[]).await;
    assert_eq!(given.headers["cache-control"], "no-store");
    assert!(world.desk.follow(&link(&given), "test").await.is_ok());
    for (change, status, code) in [
        (vec![("origin", ORIGIN)], 403, "DESK-0005"),
        (vec![("host", "evil.example")], 403, "DESK-0006"),
        (vec![("authorization", "")], 401, "DESK-0001"),
    ] {
        let refused = ask(&change).await;
        let problem = refused.json();
        assert_eq!((refused.status.as_u16(), problem["code"].as_str()), (status, Some(code)));
    }
    world.welcome("Mira Okafor").await;
    let refused = ask(&[]).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (403, &json!("DESK-0016")));
    world.check().await;
}

#[tokio::test]
async fn the_command_line_acts_only_as_the_providers_people() {
    let world = World::founded().await;
    world.people().await;
    let as_person = |person: &str| {
        let mut asked = world.request(Method::GET, "/me", None);
        asked.headers_mut().insert("writ-person", person.parse().unwrap());
        world.send(asked)
    };
    let people = |name: &str| world.people.lock()[name].id.clone();
    assert_eq!(as_person(&people("Tom Reyes")).await.json()["name"], "Tom Reyes");
    for name in ["Dana Cole", "Ines Park", "Noor Haddad"] {
        let refused = as_person(&people(name)).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (404, &json!("DESK-0004")));
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, "writ_session=guessed".parse().unwrap());
    assert!(world.desk.session(&headers).await.unwrap().is_none());
}
