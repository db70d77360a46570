//! Every endpoint of the table, asked by everybody who must be refused: without a session, from the wrong party, from
//! another seat, in too small a role, without a signature.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};
use writ_authority::fact::WhyHeld;
use writ_desk::{Endpoint, Guard, doors, table};
use writ_model::{Role, Side};

use crate::{
    observe::watched,
    world::{Answer, ORIGIN, World, payments, signing_of},
};

/// A path with the placeholders of a world filled in.
fn filled(endpoint: &Endpoint, of: &Value) -> String {
    let mut path = endpoint.path.to_owned();
    let special = &of["paths"][endpoint.path];
    for name in [
        "c", "a", "g", "i", "p", "n", "id", "*path", "k", "s", "v", "r", "w", "t", "h", "d",
        "code", "gw", "tool", "up",
    ] {
        let value = match (name, special.get(name)) {
            (_, Some(value)) => value,
            ("g", None) if endpoint.path.contains("/grants/") => &of["grant"],
            ("s", None) if endpoint.path.contains("/sessions/") => &of["session"],
            _ => &of[name],
        };
        let value = value.as_str().unwrap().replace(' ', "%20");
        path = path.replace(&format!("{{{name}}}"), &value);
    }
    assert!(!path.contains('{'), "{path} has a placeholder this test does not know");
    path
}

/// A world in which every placeholder stands for something that is there, and every act that takes a signature would be
/// taken with one: `paths` says with what, `bodies` with which body, `by` by whom, where it is not Dana.
async fn populated(world: &World) -> Value {
    let at = "/clients/harbor-books";
    let copy = world.enroll("invoice-bot").await;
    let group = world.done(&format!("{at}/groups"), json!({"name": "office"})).await;
    let mail = json!({"subject": {"agent": "invoice-bot"}, "server": "mail",
        "surface": "tool", "name": "send_message", "reason": "It answers suppliers"});
    let grant = world.done(&format!("{at}/grants"), mail).await;
    let answers = agents(world).await;
    world.member("Dana Cole", "harbor-books", "Omar Diaz", "approver").await;
    world.staff("Sam Lee", "approver").await;
    let invite = json!({"name": "Una Berg", "side": "client", "roles": ["approver"]});
    let una = world.done_as("Dana Cole", &format!("{at}/invitations"), invite).await;
    let joined = world.join(&una, "Una Berg").await;
    let invite = json!({"name": "Lea Moor", "side": "client", "roles": ["approver"]});
    let gone = world.done_as("Dana Cole", &format!("{at}/invitations"), invite).await;
    let withdraw = format!("{at}/invitations/{}/withdraw", gone["invitation"].as_str().unwrap());
    world.done_as("Dana Cole", &withdraw, json!({"reason": "She stays where she is"})).await;
    let (recovery, fingerprint) = recovering(world).await;
    let keys = world.get(&format!("{at}/passkeys")).await;
    let key_of = |name: &str| {
        let id = world.people.lock()[name].id.clone();
        let found = keys.as_array().unwrap().iter().find(|key| key["person"] == id.as_str());
        found.unwrap()["passkey"].clone()
    };
    let end = format!("{at}/agents/invoice-bot/terminate");
    let asked = world.post_bare(&end, json!({"reason": "Over"})).await;
    let signing = signing_of(&asked).unwrap()["signing"].clone();
    let witness = json!({"name": "Dana's witness", "key": witness_key(), "side": "client"});
    let witness = world.done_as("Dana Cole", &format!("{at}/witnesses"), witness).await;
    let (hold, digest, to_sign) = chartered(world).await;
    let (tool, waits) = listed(world).await;
    // A gateway that is halted, so that serving again takes a signature.
    crate::world::crowd::Crowd::of(world, &[1]);
    let gateway = crate::world::crowd::gateway(1);
    world.done(&format!("/gateways/{gateway}/halt"), json!({"reason": "Odd"})).await;
    json!({
        "t": "cautious", "h": hold, "d": "drl_01j9z3k4m5n6p7q8r9s0t1v2w3",
        "c": "harbor-books", "a": "invoice-bot", "g": group["id"], "grant": grant["id"],
        "i": copy.id, "p": world.person("Ines Park").await, "n": "0",
        "id": "cal_01j9z3k4m5n6p7q8r9s0t1v2w3", "*path": "checkpoint", "k": key_of("Ines Park"),
        "s": signing, "session": "ses_01j9z3k4m5n6p7q8r9s0t1v2w3", "v": una["invitation"],
        "r": recovery, "w": witness["id"], "code": "0000-0000-0000-0000-0000-0000-0000",
        "gw": gateway, "tool": tool, "up": "mail",
        "paths": {
            "/clients/{c}/agents/{a}/activate": {"a": "new-bot"},
            "/clients/{c}/agents/{a}/release": {"a": "held-bot"},
            "/clients/{c}/people/{p}/admit": {"p": una["person"]},
            "/clients/{c}/people/{p}/erase": {"p": gone["person"]},
            "/me/passkeys/{k}/revoke": {"k": key_of("Omar Diaz")},
            "/provider/people/{p}/offboard": {"p": "Tom Reyes"},
            "/clients/{c}/charter/versions/{v}": {"v": "draft"},
            "/clients/{c}/thaw": {"c": "still-water"},
        },
        "bodies": {
            "/clients/{c}/charter/sign": to_sign,
            "/clients/{c}/tools/{tool}/approve": {"digest": waits},
            "/clients/{c}/approvals/{h}/approve": {"digest": digest, "words": "Checked"},
            "/clients/{c}/charter/resume": {"clause": "spare"},
            "/clients/{c}/agents/{a}/accountability": answers,
            "/clients/{c}/groups/{g}/accountability": answers,
            "/clients/{c}/grants": {"subject": {"agent": "invoice-bot"}, "server": "mail",
                "surface": "tool", "name": "read_message", "reason": "It reads them too"},
            "/clients/{c}/people": {"person": "Sam Lee", "roles": ["approver"]},
            "/clients/{c}/people/{p}/admit": {"fingerprint": joined["fingerprint"]},
            "/clients/{c}/recoveries/{r}/confirm": {"fingerprint": fingerprint},
            "/clients/{c}/witnesses": {"name": "A second one", "key": other_key(), "side": "client"},
        },
        "by": {"/me/passkeys/{k}/revoke": "Omar Diaz", "/provider/people/{p}/offboard": "Mira Okafor",
            "/clients/{c}/thaw": "Mira Okafor", "/gateways/{gw}/serve": "Mira Okafor"},
    })
}

/// A tool that waits for a person: its id, and the digest of its definition. And a server that takes accounts.
async fn listed(world: &World) -> (Value, String) {
    crate::upstreams::protected(world);
    let waits = crate::tools::seen(world, &json!({"name": "new"}), Some(WhyHeld::New)).await;
    let list = world.get("/clients/harbor-books/tools").await;
    (list["rows"][0]["id"].clone(), waits)
}

/// A recovery that waits for a confirmation, and the fingerprint of its new key.
async fn recovering(world: &World) -> (Value, Value) {
    let path = "/clients/harbor-books/people/Omar%20Diaz/recover";
    let lost = world.done_as("Dana Cole", path, json!({"reason": "Lost the phone"})).await;
    let code = lost["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    let options = world.door(&format!("{code}/options"), json!({})).await.json();
    let response = world.new_key().register(&options["options"], ORIGIN).unwrap();
    let offered = world.door(&code, json!({"label": "new", "response": response})).await.json();
    (lost["recovery"].clone(), offered["fingerprint"].clone())
}

/// An agent that is held, one that is new, one that acts in a group: and who answers for them.
async fn agents(world: &World) -> Value {
    let at = "/clients/harbor-books";
    world.agent("held-bot").await;
    world.done(&format!("{at}/agents/held-bot/hold"), json!({"reason": "Month end"})).await;
    let new_bot = json!({"name": "new-bot", "kind": "ai_agent", "purpose": "Sorts mail"});
    world.done(&format!("{at}/agents"), new_bot).await;
    let answers = json!({"authorizer": "Dana Cole", "auditor": "Noor Haddad",
        "terminators": ["Dana Cole", "Mira Okafor"]});
    world.done(&format!("{at}/agents/new-bot/accountability"), answers.clone()).await;
    let body = json!({"name": "office-bot", "kind": "ai_agent", "purpose": "Orders paper", "group": "office"});
    world.done(&format!("{at}/agents"), body).await;
    world.done(&format!("{at}/agents/office-bot/accountability"), answers.clone()).await;
    world.done(&format!("{at}/agents/office-bot/activate"), json!({})).await;
    answers
}

/// A charter with a clause that is suspended, a payment that waits, a draft to sign, and a client that is frozen: the
/// hold, its digest, and what a signature under the draft names.
async fn chartered(world: &World) -> (Value, Value, Value) {
    let mut clauses = payments(&json!([{"party": "client", "role": "owner", "n": 1}]));
    clauses.as_array_mut().unwrap().push(
        json!({"key": "spare", "title": "Backups", "actions": ["backup.restore"], "mode": "act"}),
    );
    let paying = world.paying_under(clauses.clone()).await;
    let hold = world.held(&paying, &json!({"amount": "1200"})).await;
    let digest = world.hold_as("Dana Cole", hold).await["asked"]["digest"].clone();
    let seen = ("read_message", "DENY-0011");
    watched(world, &paying, 0, seen, json!({"id": "1"})).await;
    let odd = json!({"clause": "spare", "reason": "Odd"});
    world.done_as("Dana Cole", "/clients/harbor-books/charter/suspend", odd).await;
    world.draft("harbor-books", json!({"clauses": clauses})).await;
    let to_sign = world.to_sign("harbor-books").await;
    // Where everything is frozen nothing else could be asked for: a client of its own.
    world.done("/clients", json!({"name": "Still Water", "slug": "still-water"})).await;
    world.done("/clients/still-water/freeze", json!({"reason": "Odd"})).await;
    (json!(hold), digest, to_sign)
}

/// Verifier keys (C2SP signed-note, Ed25519) of two witnesses that nobody runs.
fn witness_key() -> String {
    key_text("witness.example/one", [1; 32])
}

fn other_key() -> String {
    key_text("witness.example/two", [2; 32])
}

fn key_text(name: &str, seed: [u8; 32]) -> String {
    let key = writ_identity::SigningKey::from_seed(seed).unwrap();
    let public = key.public_bytes().to_vec();
    writ_evidence::VerifierKey { name: name.to_owned(), algorithm: 4, key: public }.to_text()
}

fn request(endpoint: &Endpoint, path: &str, body: Option<&Value>) -> Request<Body> {
    let method: Method = endpoint.method.parse().unwrap();
    let base = if endpoint.guard == Guard::Door { "" } else { "/api/v1" };
    let request = Request::builder()
        .method(method)
        .uri(format!("{base}{path}"))
        .header(header::HOST, "localhost:7420")
        .header(header::CONTENT_TYPE, "application/json");
    let sample = endpoint.body.unwrap_or("{}").to_owned();
    request.body(Body::from(body.map_or(sample, ToString::to_string))).unwrap()
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

/// Lines over all ledgers.
async fn lines(world: &World) -> Value {
    world.get("/status").await["lines"].clone()
}

#[tokio::test]
async fn nothing_is_answered_without_a_good_credential() {
    let world = World::active().await;
    let of = Box::pin(populated(&world)).await;
    let before = lines(&world).await;
    for endpoint in table() {
        let path = filled(&endpoint, &of);
        let what = format!("{} {path}", endpoint.method);
        let ask = || request(&endpoint, &path, None);
        refused(&world.send(ask()).await, 401, "DESK-0001", &what);
        for wrong in
            ["Bearer wrong", "Basic d3JvbmcK", "Bearer ", &format!("Bearer {}x", world.token)]
        {
            let mut asked = ask();
            asked.headers_mut().insert(header::AUTHORIZATION, wrong.parse().unwrap());
            refused(&world.send(asked).await, 401, "DESK-0001", &what);
        }
        let mut asked = ask();
        let cookie = format!("{}=guessed", writ_desk::COOKIE);
        asked.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        refused(&world.send(asked).await, 401, "DESK-0001", &what);
        let mut asked = ask();
        asked.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
        let token = format!("Bearer {}", world.token);
        asked.headers_mut().insert(header::AUTHORIZATION, token.parse().unwrap());
        refused(&world.send(asked).await, 403, "DESK-0006", &what);
    }
    for door in doors() {
        let path = filled(&door, &of);
        let answer = world.send(request(&door, &path, None)).await;
        // The one door that answers everybody gives a challenge and no more.
        let open = door.path == "/passkey/sign-in/options";
        assert_eq!(answer.status == 200, open, "{path}: {}", answer.json());
        assert!(answer.headers.get("set-cookie").is_none(), "{path}");
    }
    assert_eq!(lines(&world).await, before, "nothing was written");
    world.check().await;
}

#[tokio::test]
async fn who_is_not_seated_there_sees_and_changes_nothing() {
    let world = World::active().await;
    let of = Box::pin(populated(&world)).await;
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    world.first("juniper", "Eve Lind").await;
    let before = lines(&world).await;
    // The other client's owner, and somebody of the provider who is not seated at this client.
    for name in ["Eve Lind", "Sam Lee"] {
        let browser = world.sign_in(name).await;
        for endpoint in table().iter().filter(|one| one.path.starts_with("/clients/{c}")) {
            let (path, method) = (filled(endpoint, &of), endpoint.method.parse().unwrap());
            let body: Value = serde_json::from_str(endpoint.body.unwrap_or("{}")).unwrap();
            let answer = world.ask_as(&browser, method, &path, Some(&body)).await;
            refused(&answer, 404, "DESK-0004", &format!("{name}: {} {path}", endpoint.method));
        }
    }
    // Nor does anybody sign what another was asked.
    let browser = world.sign_in("Eve Lind").await;
    for endpoint in table().iter().filter(|one| one.path.starts_with("/signings/{s}")) {
        let (path, method) = (filled(endpoint, &of), endpoint.method.parse().unwrap());
        let body: Value = serde_json::from_str(endpoint.body.unwrap_or("{}")).unwrap();
        let answer = world.ask_as(&browser, method, &path, Some(&body)).await;
        refused(&answer, 404, "DESK-0004", &path);
    }
    assert_eq!(lines(&world).await, before, "nothing was written");
    world.check().await;
}

#[tokio::test]
async fn the_wrong_party_and_too_small_a_role_change_nothing() {
    let world = World::active().await;
    let of = Box::pin(populated(&world)).await;
    let before = lines(&world).await;
    let noor = world.sign_in("Noor Haddad").await;
    let dana = world.sign_in("Dana Cole").await;
    for endpoint in table() {
        let (path, needs) = (filled(&endpoint, &of), endpoint.needs);
        let what = format!("{} {path}", endpoint.method);
        let method: Method = endpoint.method.parse().unwrap();
        let body: Value = match of["bodies"].get(endpoint.path) {
            Some(body) => body.clone(),
            None => serde_json::from_str(endpoint.body.unwrap_or("{}")).unwrap(),
        };
        if needs.sides == [Side::Provider] && !needs.roles.is_empty() {
            let answer = world.ask_as(&dana, method.clone(), &path, Some(&body)).await;
            assert!([403, 404].contains(&answer.status.as_u16()), "{what}: {}", answer.json());
            assert!(signing_of(&answer).is_none(), "{what}: the client's owner is asked to sign");
        }
        if !needs.roles.is_empty() && !needs.roles.contains(&Role::Auditor) {
            let answer = world.ask_as(&noor, method, &path, Some(&body)).await;
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            // What is asked of the provider's space refuses who has no seat there at all.
            let elsewhere = needs.sides == [Side::Provider] || path.contains("still-water");
            let wanted: &[&str] =
                if elsewhere { &["AUTH-0002", "DESK-0004"] } else { &["AUTH-0003"] };
            assert!(wanted.contains(&code.as_str()), "{what}: {}", answer.json());
        }
    }
    // The provider's owner, seated at the client with every role, in what is the client's own.
    let mira = world.sign_in("Mira Okafor").await;
    for own in [
        "/clients/{c}/invitations",
        "/clients/{c}/people/{p}/admit",
        "/clients/{c}/people/{p}/recover",
        "/clients/{c}/people/{p}/leave",
        "/clients/{c}/people/{p}/erase",
        "/clients/{c}/recoveries/{r}/confirm",
        "/clients/{c}/recoveries/{r}/refuse",
        "/clients/{c}/passkeys/{k}/revoke",
        "/clients/{c}/key-policy",
        "/clients/{c}/witnesses",
        "/clients/{c}/witnesses/{w}/remove",
    ] {
        let endpoint = table().into_iter().find(|one| one.path == own && one.method == "POST");
        let endpoint = endpoint.unwrap();
        let path = filled(&endpoint, &of);
        let body: Value = match of["bodies"].get(own) {
            Some(body) => body.clone(),
            None => serde_json::from_str(endpoint.body.unwrap_or("{}")).unwrap(),
        };
        let answer = world.ask_as(&mira, Method::POST, &path, Some(&body)).await;
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        assert!(code.starts_with("AUTH-"), "{own}: {}", answer.json());
        assert!(signing_of(&answer).is_none(), "{own}: the provider is asked to sign");
    }
    assert_eq!(lines(&world).await, before, "nothing was written");
    world.check().await;
}

/// Rows that take a signature and are not asked for one here, each with its reason. The list may only shrink.
const APART: [(&str, &str); 1] =
    [("/me/passkeys", "its body is a key made for this very session: people.rs makes one")];

#[tokio::test]
async fn what_takes_a_signature_is_not_done_without_one_and_the_rest_asks_for_none() {
    let world = World::active().await;
    let of = Box::pin(populated(&world)).await;
    let before = lines(&world).await;
    let mut browsers = BTreeMap::new();
    for name in ["Dana Cole", "Mira Okafor", "Omar Diaz"] {
        browsers.insert(name, world.sign_in(name).await);
    }
    let mut tried = 0;
    for endpoint in table().iter().filter(|one| one.needs.signature) {
        if APART.iter().any(|(path, _)| *path == endpoint.path) {
            continue;
        }
        let path = filled(endpoint, &of);
        let body: Value = match of["bodies"].get(endpoint.path) {
            Some(body) => body.clone(),
            None => serde_json::from_str(endpoint.body.unwrap_or("{}")).unwrap(),
        };
        let by = of["by"].get(endpoint.path).and_then(Value::as_str).unwrap_or("Dana Cole");
        let answer = world.ask_as(&browsers[by], Method::POST, &path, Some(&body)).await;
        refused(&answer, 403, "DESK-0011", &path);
        let signing = signing_of(&answer).unwrap();
        assert!(!signing["text"].as_array().unwrap().is_empty(), "{path}");
        assert_eq!(signing["person"]["name"], by, "{path}");
        tried += 1;
    }
    assert_eq!(lines(&world).await, before, "nothing was written");
    assert_eq!(tried + APART.len(), table().iter().filter(|one| one.needs.signature).count());
    for endpoint in
        table().iter().filter(|one| !one.needs.signature && one.guard != Guard::Credential)
    {
        if endpoint.path.ends_with("/live") || endpoint.guard == Guard::CommandLine {
            continue;
        }
        let (path, method) = (filled(endpoint, &of), endpoint.method.parse().unwrap());
        let body: Value = serde_json::from_str(endpoint.body.unwrap_or("{}")).unwrap();
        let answer = world.ask_as(&browsers["Dana Cole"], method, &path, Some(&body)).await;
        let asks = answer.status == 403 && signing_of(&answer).is_some();
        assert!(!asks, "{path} asks for a signature that its row does not state");
    }
    world.check().await;
}

#[tokio::test]
async fn every_sample_body_is_read_and_every_sample_answer_has_fields_that_exist() {
    let world = World::active().await;
    let of = Box::pin(populated(&world)).await;
    for endpoint in table().into_iter().chain(doors()) {
        // One call's endpoints are shown in `calls.rs`; founding again is refused; the live stream does not end.
        let apart = endpoint.path.contains("{id}") || endpoint.path.ends_with("/live");
        if apart || endpoint.guard == Guard::Changes && endpoint.body.is_none() {
            continue;
        }
        let path = filled(&endpoint, &of);
        let mut asked = request(&endpoint, &path, None);
        if endpoint.guard != Guard::Door {
            let token = format!("Bearer {}", world.token);
            asked.headers_mut().insert(header::AUTHORIZATION, token.parse().unwrap());
        }
        let answer = world.send(asked).await;
        let what =
            format!("{} {path}: {}", endpoint.method, String::from_utf8_lossy(&answer.bytes));
        let unread = answer.status == 400 && answer.json()["field"] == "body";
        assert!(!unread, "the sample body is not read: {what}");
        let paper = answer.headers["content-type"] == "application/pdf";
        if answer.status == 200 && !path.ends_with("checkpoint") && !paper {
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
    world.people().await;
    world.done("/clients/harbor-books/export/allow", json!({})).await;
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
