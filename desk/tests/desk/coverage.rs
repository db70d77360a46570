//! Every endpoint of the table, asked by everybody who must be refused.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};
use writ_desk::{Endpoint, Guard, table};

use crate::world::{Answer, World};

/// Changing endpoints that an auditor may use. An entry needs a reason: sealing precedes an export, which auditors make.
const AUDITOR_MAY: [&str; 1] = ["/clients/{c}/ledger/seal"];

/// A path with the placeholders of a world filled in.
fn filled(endpoint: &Endpoint, of: &Value) -> String {
    let mut path = endpoint.path.to_owned();
    for name in ["c", "a", "g", "i", "p", "n", "id", "*path"] {
        let value = match (name, endpoint.path.contains("/grants/")) {
            ("g", true) => of["grant"].as_str().unwrap(),
            _ => of[name].as_str().unwrap(),
        };
        path = path.replace(&format!("{{{name}}}"), value);
    }
    assert!(!path.contains('{'), "{path} has a placeholder this test does not know");
    path
}

/// A world in which every placeholder stands for something that is there.
async fn populated(world: &World) -> Value {
    let copy = world.enroll("invoice-bot").await;
    let group = world.done("/clients/harbor-books/groups", json!({"name": "office"})).await;
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "send_message", "reason": "It answers suppliers"});
    let grant = world.done("/clients/harbor-books/grants", grant).await;
    json!({
        "c": "harbor-books", "a": "invoice-bot", "g": group["id"], "grant": grant["id"],
        "i": copy.id, "p": world.person("Ines Park").await, "n": "0",
        "id": "cal_01j9z3k4m5n6p7q8r9s0t1v2w3", "*path": "checkpoint",
    })
}

fn request(endpoint: &Endpoint, path: &str) -> Request<Body> {
    let method: Method = endpoint.method.parse().unwrap();
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::HOST, "127.0.0.1:7420")
        .header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(endpoint.body.unwrap_or("{}"))).unwrap()
}

fn refused(answer: &Answer, status: u16, code: &str, what: &str) {
    let problem = answer.json();
    assert_eq!(
        (answer.status.as_u16(), problem["code"].as_str()),
        (status, Some(code)),
        "{what}: {problem}"
    );
    for field in ["title", "detail", "cure", "request_id"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{what}: {field}");
    }
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn nothing_is_answered_without_a_good_credential() {
    let world = World::active().await;
    let of = populated(&world).await;
    let before = world.get("/status").await["lines"].clone();
    for endpoint in table() {
        let path = filled(&endpoint, &of);
        let what = format!("{} {path}", endpoint.method);
        let none = world.send(request(&endpoint, &path)).await;
        refused(&none, 401, "DESK-0001", &what);
        for wrong in
            ["Bearer wrong", "Basic d3JvbmcK", "Bearer ", &format!("Bearer {}x", world.token)]
        {
            let mut asked = request(&endpoint, &path);
            asked.headers_mut().insert(header::AUTHORIZATION, wrong.parse().unwrap());
            refused(&world.send(asked).await, 401, "DESK-0001", &what);
        }
        let mut asked = request(&endpoint, &path);
        let cookie = format!("{}=guessed", writ_desk::COOKIE);
        asked.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        refused(&world.send(asked).await, 401, "DESK-0001", &what);
        let mut asked = request(&endpoint, &path);
        asked.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
        let token = format!("Bearer {}", world.token);
        asked.headers_mut().insert(header::AUTHORIZATION, token.parse().unwrap());
        refused(&world.send(asked).await, 403, "DESK-0006", &what);
    }
    assert_eq!(world.get("/status").await["lines"], before, "nothing was written");
    world.check().await;
}

#[tokio::test]
async fn an_auditor_changes_nothing_and_a_stranger_sees_nothing() {
    let world = World::active().await;
    let of = populated(&world).await;
    let auditor = world.person("Noor Haddad").await;
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    let body = json!({"name": "Eve Lind", "side": "client", "roles": ["owner"]});
    let stranger = world.done("/clients/juniper/people", body).await["id"].clone();
    let before = world.get("/status").await["lines"].clone();
    for endpoint in table() {
        let path = filled(&endpoint, &of);
        let what = format!("{} {path}", endpoint.method);
        let ask = |person: &str| {
            let mut asked = request(&endpoint, &path);
            let token = format!("Bearer {}", world.token);
            asked.headers_mut().insert(header::AUTHORIZATION, token.parse().unwrap());
            asked.headers_mut().insert("writ-person", person.parse().unwrap());
            asked
        };
        if endpoint.guard == Guard::Changes && !AUDITOR_MAY.contains(&endpoint.path) {
            let answer = world.send(ask(&auditor)).await;
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            // Adding a client is asked of the provider, where this auditor has no seat at all.
            let wanted = if endpoint.path == "/clients" { "AUTH-0002" } else { "AUTH-0003" };
            assert_eq!((answer.status.as_u16(), code.as_str()), (403, wanted), "{what}");
        }
        if endpoint.path.starts_with("/clients/{c}") {
            let answer = world.send(ask(stranger.as_str().unwrap())).await;
            refused(&answer, 404, "DESK-0004", &what);
        }
    }
    assert_eq!(world.get("/status").await["lines"], before, "nothing was written");
    world.check().await;
}

#[tokio::test]
async fn every_sample_body_is_read_and_every_sample_answer_has_fields_that_exist() {
    let world = World::active().await;
    let of = populated(&world).await;
    for endpoint in table() {
        // One call's endpoints are shown in `calls.rs`; founding again is refused; the live stream does not end.
        let apart = endpoint.path.contains("{id}") || endpoint.path.ends_with("/live");
        if apart || endpoint.guard == Guard::Changes && endpoint.body.is_none() {
            continue;
        }
        let path = filled(&endpoint, &of);
        let mut asked = request(&endpoint, &path);
        let token = format!("Bearer {}", world.token);
        asked.headers_mut().insert(header::AUTHORIZATION, token.parse().unwrap());
        let answer = world.send(asked).await;
        let what =
            format!("{} {path}: {}", endpoint.method, String::from_utf8_lossy(&answer.bytes));
        let unread = answer.status == 400 && answer.json()["field"] == "body";
        assert!(!unread, "the sample body is not read: {what}");
        if answer.status == 200 && !path.ends_with("checkpoint") {
            let sample: Value = serde_json::from_str(endpoint.answer).unwrap();
            let (sample, real) = (first(&sample), answer.json());
            let real = first(&real);
            for name in sample.as_object().unwrap().keys() {
                let optional = ["cure", "same"].contains(&name.as_str());
                let empty = real.is_null();
                assert!(empty || optional || real.get(name).is_some(), "{name} is not in {what}");
            }
        }
    }
    world.check().await;
}

fn first(value: &Value) -> Value {
    value.as_array().map_or_else(|| value.clone(), |all| all.first().cloned().unwrap_or_default())
}

#[tokio::test]
async fn bad_requests_are_problems_too() {
    let world = World::founded().await;
    let token = format!("Bearer {}", world.token);
    let ask = |method: &str, path: &str, body: &str, kind: &str| {
        Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, "localhost:7420")
            .header(header::AUTHORIZATION, &token)
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let json = "application/json";
    let large = format!(r#"{{"name":"{}","slug":"x"}}"#, "x".repeat(2 << 20));
    for (method, path, body, kind, status, code) in [
        ("GET", "/nothing", "", json, 404, "DESK-0004"),
        ("DELETE", "/clients", "", json, 400, "DESK-0003"),
        ("POST", "/clients", "{", json, 400, "DESK-0003"),
        ("POST", "/clients", r#"{"name":"a","slug":"bb","slug":"cc"}"#, json, 400, "DESK-0003"),
        ("POST", "/clients", r#"{"name":"a","slug":"bb","more":1}"#, json, 400, "DESK-0003"),
        ("POST", "/clients", r#"{"name":"a","slug":"bb"}"#, "text/plain", 400, "DESK-0003"),
        ("POST", "/clients", &large, json, 400, "DESK-0003"),
        ("POST", "/clients", r#"{"name":"a","slug":"B B"}"#, json, 422, "AUTH-0005"),
        ("POST", "/clients", r#"{"name":"a\u202eb","slug":"bb"}"#, json, 422, "AUTH-0005"),
        ("POST", "/clients", r#"{"name":"a","slug":"harbor-books"}"#, json, 409, "AUTH-0006"),
        ("GET", "/calls?limit=x", "", json, 400, "DESK-0003"),
        ("GET", "/calls?agent=x", "", json, 400, "DESK-0003"),
        ("GET", "/clients/harbor-books/ledger/9999", "", json, 404, "DESK-0004"),
        ("GET", "/clients/harbor-books/ledger/-1", "", json, 404, "DESK-0004"),
        ("GET", "/clients/harbor-books/ledger/export/../x", "", json, 404, "DESK-0004"),
        ("GET", "/clients/harbor-books/calls/cal_x", "", json, 404, "DESK-0004"),
        (
            "POST",
            "/provider/found",
            r#"{"name":"B","person":{"name":"M"},"slug":"bb"}"#,
            json,
            409,
            "AUTH-0001",
        ),
    ] {
        let answer = world.send(ask(method, path, body, kind)).await;
        refused(&answer, status, code, &format!("{method} {path}"));
    }
    world.check().await;
}
