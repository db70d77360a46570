//! Clients: by their document, by their keys, by registering; and what they may ask and give back.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use writ_desk::DeskError;
use writ_identity::{AgentKey, JwkSet, assertion, jws};
use writ_model::Span;
use writ_store::{Space, Vault as _};

use super::program::{
    DOCUMENT, Program, asks, bare, code, copy_of, ended, let_in, refused, text, who, world,
};
use crate::world::{DESK, World};

#[tokio::test]
async fn a_client_is_known_by_its_document_which_is_read_once_and_believed_for_a_while() {
    let (world, documents) = world().await;
    let program = Program::new(DOCUMENT);
    let shown = asks(&world, "Dana Cole", &program.query(&[])).await;
    assert_eq!(shown.name, "Example App");
    assert!(shown.known.contains("app.example"), "{}", shown.known);
    let tokens = let_in(&world, &program).await;
    let refresh = program.refresh(text(&tokens, "refresh_token"));
    let answer = program.send(&world, "/oauth/token", &refresh).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    assert_eq!(*documents.asked.lock(), [DOCUMENT], "read once");
    world.clock.advance(Span::minutes(6));
    documents.there.lock().clear();
    let dana = who(&world, "Dana Cole").await;
    let stale = world.desk.consent(&dana, &program.query(&[])).await;
    assert!(matches!(stale, Err(DeskError::Bad { .. })), "{stale:?}");
    for (what, document) in [
        (
            "another's",
            json!({"client_id": "https://b.example/x", "redirect_uris": ["http://127.0.0.1/cb"]}),
        ),
        (
            "a secret",
            json!({"client_id": DOCUMENT, "client_secret": "x", "redirect_uris": ["http://127.0.0.1/cb"]}),
        ),
        ("elsewhere", json!({"client_id": DOCUMENT, "redirect_uris": ["https://app.example/cb"]})),
    ] {
        documents.there.lock().insert(DOCUMENT.to_owned(), document);
        world.clock.advance(Span::minutes(6));
        let told = world.desk.consent(&dana, &program.query(&[])).await;
        assert!(matches!(told, Err(DeskError::Bad { .. })), "{what}: {told:?}");
    }
    let before = documents.asked.lock().len();
    for id in ["http://127.0.0.1:1/client.json", "https://app.example/", "https://app.example/../x"]
    {
        let program = Program::new(id);
        assert!(world.desk.consent(&dana, &program.query(&[])).await.is_err(), "{id}");
    }
    assert_eq!(documents.asked.lock().len(), before, "none of these is asked");
}

#[tokio::test]
async fn a_client_with_keys_of_its_own_signs_for_itself() {
    let (world, documents) = world().await;
    let own = AgentKey::generate().unwrap();
    documents.there.lock().insert(
        DOCUMENT.to_owned(),
        json!({"client_id": DOCUMENT, "redirect_uris": ["http://127.0.0.1/cb"],
            "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/keys"}),
    );
    let keys = JwkSet::of(&[own.jwk()]).unwrap().to_json();
    documents.there.lock().insert("https://app.example/keys".to_owned(), keys);
    let asserted = |key: &AgentKey, jti: &str| {
        let now = world.desk.now();
        let claims = json!({"iss": DOCUMENT, "sub": DOCUMENT, "aud": DESK, "jti": jti,
            "iat": now.seconds(), "exp": now.seconds() + 60});
        jws::sign(key, "JWT", claims.to_string().as_bytes()).unwrap()
    };
    let stranger = AgentKey::generate().unwrap();
    for (what, sent) in [
        ("none", None),
        ("a stranger's", Some(asserted(&stranger, "1"))),
        ("good", Some(asserted(&own, "2"))),
        ("used before", Some(asserted(&own, "2"))),
    ] {
        let program = Program::new(DOCUMENT);
        let code = code(&world, &program).await;
        let mut form = program.redeem(&code);
        if let Some(sent) = &sent {
            form.push(("client_assertion_type", assertion::ASSERTION_TYPE));
            form.push(("client_assertion", sent));
        }
        let answer = program.send(&world, "/oauth/token", &form).await;
        if what == "good" {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        } else {
            refused(&answer, "invalid_client", what);
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        }
    }
}

#[tokio::test]
async fn a_client_registers_itself_only_where_the_operator_lets_it() {
    let register = async |world: &World, body: Value| {
        let request = Request::post("/oauth/register")
            .header(header::HOST, "127.0.0.1:7420")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        world.send(request).await
    };
    let good = json!({"client_name": "Walk-in", "redirect_uris": ["http://localhost:8/cb"],
        "token_endpoint_auth_method": "none"});
    let closed = World::active().await;
    assert_eq!(register(&closed, good.clone()).await.status, StatusCode::FORBIDDEN);
    let (world, _) = world().await;
    let about = Request::get("/.well-known/oauth-authorization-server")
        .header(header::HOST, "127.0.0.1:7420")
        .body(Body::empty())
        .unwrap();
    let about = world.send(about).await.json();
    assert_eq!(about["registration_endpoint"], format!("{DESK}/oauth/register"));
    let bad = register(&world, json!({"redirect_uris": ["http://evil.example/cb"]})).await;
    refused(&bad, "invalid_redirect_uri", "elsewhere");
    let answer = register(&world, good.clone()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json());
    let id = text(&answer.json(), "client_id").to_owned();
    let program = Program::new(&id);
    let query = program.query(&[("redirect_uri", "http://localhost:5111/cb")]);
    let shown = asks(&world, "Dana Cole", &query).await;
    assert!(shown.known.contains("nobody vouches"), "{}", shown.known);
    let dana = who(&world, "Dana Cole").await;
    world.clock.advance(Span::days(31));
    assert!(world.desk.consent(&dana, &query).await.is_err(), "it holds for a month");
    let mut last = StatusCode::CREATED;
    for _ in 0..40 {
        last = register(&world, good.clone()).await.status;
    }
    assert_eq!(last, StatusCode::SERVICE_UNAVAILABLE, "a flood closes the door for the minute");
}

#[tokio::test]
async fn a_registration_that_nobody_let_in_is_gone_within_two_hours() {
    let (world, _) = world().await;
    let register = async |world: &World| {
        let body = json!({"client_name": "Walk-in", "redirect_uris": ["http://127.0.0.1/cb"],
            "token_endpoint_auth_method": "none"});
        let request = Request::post("/oauth/register")
            .header(header::HOST, "127.0.0.1:7420")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json());
        text(&answer.json(), "client_id").to_owned()
    };
    let (used, idle) = (register(&world).await, register(&world).await);
    let program = Program::new(&used);
    let tokens = let_in(&world, &program).await;
    let dana = who(&world, "Dana Cole").await;
    let looks = async |id: &str| world.desk.consent(&dana, &Program::new(id).query(&[])).await;
    assert!(looks(&used).await.is_ok() && looks(&idle).await.is_ok());
    world.clock.advance(Span::minutes(121));
    assert!(matches!(looks(&idle).await, Err(DeskError::Bad { .. })), "nobody let it in");
    assert!(looks(&used).await.is_ok(), "somebody let it in");
    world.clock.advance(Span::days(20));
    let refresh = program.refresh(text(&tokens, "refresh_token"));
    let answer = program.send(&world, "/oauth/token", &refresh).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    // A flood takes the room of the flood: the oldest on trial, never one that somebody let in.
    let first = register(&world).await;
    for _ in 0..=256 {
        world.clock.advance(Span::seconds(3));
        register(&world).await;
    }
    assert!(looks(&first).await.is_err(), "it made room");
    assert!(looks(&used).await.is_ok());
    let kept = world.vault.every_name(Space::Installation, "").await.unwrap();
    let trials = kept.iter().filter(|name| name.starts_with("oauth/client-new/")).count();
    assert_eq!(trials, 256);
    world.clock.advance(Span::days(10));
    assert!(looks(&used).await.is_err(), "a month");
}

#[tokio::test]
async fn people_see_which_programs_were_let_in_and_ending_the_copy_ends_it() {
    let (world, _) = world().await;
    let path = "/clients/harbor-books/consents";
    assert_eq!(world.get(path).await, json!({"rows": [], "more": 0}));
    let (program, other) = (Program::new("probe"), Program::new(DOCUMENT));
    let tokens = let_in(&world, &program).await;
    world.clock.advance(Span::minutes(2));
    let_in(&world, &other).await;
    let rows = world.get(path).await["rows"].clone();
    let names = rows.as_array().unwrap().iter().map(|row| text(row, "name"));
    assert_eq!(names.collect::<Vec<_>>(), ["Example App", "Probe"], "the newest first");
    let (newer, row) = (&rows[0], &rows[1]);
    assert_eq!((text(newer, "known"), text(newer, "client_id")), ("document", DOCUMENT));
    assert_eq!((text(row, "known"), &row["scopes"]), ("listed", &json!(["mcp:mail"])));
    assert_eq!(text(&row["person"], "name"), "Dana Cole");
    assert_eq!((text(row, "agent_name"), &row["used"]), ("invoice-bot", &row["since"]));
    assert_eq!(text(row, "instance"), copy_of(&world, &tokens).to_string());
    let whole = rows.to_string();
    assert!(!whole.contains("number") && !whole.contains("jkt"), "{whole}");
    world.clock.advance(Span::minutes(3));
    let refresh = program.refresh(text(&tokens, "refresh_token"));
    program.send(&world, "/oauth/token", &refresh).await;
    let row = world.get(path).await["rows"][1].clone();
    assert!(text(&row, "used") > text(&row, "since"), "{row}");
    let end = format!("/clients/harbor-books/instances/{}/end", text(&row, "instance"));
    world.done(&end, json!({"reason": "Not needed"})).await;
    let rows = world.get(path).await["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert_eq!(text(&rows[0], "name"), "Example App");
    world.check().await;
}

#[tokio::test]
async fn a_client_may_ask_about_its_own_tokens_and_give_them_back() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let tokens = let_in(&world, &program).await;
    let copy = copy_of(&world, &tokens);
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let stranger = AgentKey::generate().unwrap();
    for token in [access, refresh] {
        let form = [("token", token), ("client_id", "probe")];
        let told = program.send(&world, "/oauth/introspect", &form).await;
        let told = told.json();
        assert_eq!((told["active"].as_bool(), text(&told, "scope")), (Some(true), "mcp:mail"));
        assert_eq!(told["cnf"]["jkt"], program.key.thumbprint().to_string());
        let others = program.send_by(&world, "/oauth/introspect", &form, &stranger).await;
        assert_eq!(others.json(), json!({"active": false}));
        let taken = program.send_by(&world, "/oauth/revoke", &form, &stranger).await;
        refused(&taken, "invalid_grant", "somebody else's");
        let unproved = bare(&world, "/oauth/revoke", &form, None).await;
        refused(&unproved, "invalid_dpop_proof", "nobody's");
        assert!(!ended(&world, copy).await);
    }
    let nothing = [("token", "x"), ("client_id", "probe")];
    assert_eq!(
        program.send(&world, "/oauth/introspect", &nothing).await.json(),
        json!({"active": false})
    );
    assert_eq!(program.send(&world, "/oauth/revoke", &nothing).await.status, StatusCode::OK);
    let form = [("token", refresh), ("client_id", "probe"), ("token_type_hint", "refresh_token")];
    let answer = program.send(&world, "/oauth/revoke", &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    assert!(ended(&world, copy).await);
    for token in [access, refresh] {
        let form = [("token", token), ("client_id", "probe")];
        let told = program.send(&world, "/oauth/introspect", &form).await;
        assert_eq!(told.json(), json!({"active": false}));
    }
    let answer = program.send(&world, "/oauth/token", &program.refresh(refresh)).await;
    refused(&answer, "invalid_grant", "given back");
    world.check().await;
}
