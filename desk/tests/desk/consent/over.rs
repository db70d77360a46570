//! What becomes of a consent that is over, of one that is asked for twice, and of who shows what was used.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use writ_desk::DeskError;
use writ_identity::AgentKey;
use writ_model::{InstanceId, Span};
use writ_store::{Space, Vault as _};

use super::program::{
    BACK, Program, code, consents, copy_of, ended, let_in, refused, said, text, world,
};
use crate::world::{Answer, Copy, GATEWAY, World, both_owners};

const LEAVE: &str = "/clients/harbor-books/people";

async fn kept(world: &World, prefix: &str) -> Vec<String> {
    let space = Space::Tenant(world.tenant("harbor-books").await);
    world.vault.every_name(space, prefix).await.unwrap()
}

/// What a person lets in.
async fn let_in_by(world: &World, name: &str, program: &Program) -> Value {
    let back = consents(world, name, &program.query(&[])).await.unwrap();
    let code = said(&back, "code").unwrap();
    let answer = program.send(world, "/oauth/token", &program.redeem(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    answer.json()
}

async fn refreshed(world: &World, program: &Program, tokens: &Value) -> Answer {
    let form = program.refresh(text(tokens, "refresh_token"));
    program.send(world, "/oauth/token", &form).await
}

async fn leaves(world: &World, name: &str) {
    let id = world.person(name).await;
    let path = format!("{LEAVE}/{id}/leave");
    world.done_as("Dana Cole", &path, json!({"reason": "Left the company"})).await;
}

/// A program whose key was enrolled with a typed code before anybody consented.
async fn typed(world: &World) -> (Program, InstanceId) {
    let Copy { id, key } = world.enroll("invoice-bot").await;
    let program = Program::with_key("probe", key);
    (program, id)
}

#[tokio::test]
async fn a_copy_ends_when_the_person_who_let_it_in_leaves() {
    let (world, _) = world().await;
    let (program, other) = (Program::new("probe"), Program::new("probe"));
    let copy = copy_of(&world, &let_in_by(&world, "Ines Park", &program).await);
    let stays = copy_of(&world, &let_in_by(&world, "Dana Cole", &other).await);
    // One that two people let in has one who is still there.
    let shared = Program::new("probe");
    let both = copy_of(&world, &let_in_by(&world, "Ines Park", &shared).await);
    let_in_by(&world, "Dana Cole", &shared).await;
    leaves(&world, "Ines Park").await;
    world.clock.advance(Span::minutes(11));
    assert_eq!(world.desk.sweep().await.unwrap().failed, 0);
    assert!(ended(&world, copy).await, "without anybody asking");
    assert!(!ended(&world, stays).await && !ended(&world, both).await);
    assert_eq!(kept(&world, "oauth/refresh/").await.len(), 2);
    assert_eq!(kept(&world, "oauth/consented/").await.len(), 3);
    world.desk.sweep().await.unwrap();
    assert_eq!(kept(&world, "oauth/consented/").await.len(), 2, "its mark goes with it");
    world.check().await;
}

#[tokio::test]
async fn a_refresh_after_the_person_left_ends_the_copy_at_once() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let tokens = let_in_by(&world, "Ines Park", &program).await;
    leaves(&world, "Ines Park").await;
    refused(&refreshed(&world, &program, &tokens).await, "invalid_grant", "they left");
    assert!(ended(&world, copy_of(&world, &tokens)).await);
    assert!(kept(&world, "oauth/refresh/").await.is_empty());
}

#[tokio::test]
async fn a_copy_ends_with_its_month_and_one_that_was_there_before_stays() {
    let (world, _) = world().await;
    let (program, renewed) = (Program::new("probe"), Program::new("probe"));
    let copy = copy_of(&world, &let_in(&world, &program).await);
    let goes_on = copy_of(&world, &let_in(&world, &renewed).await);
    let (own, before) = typed(&world).await;
    assert_eq!(copy_of(&world, &let_in(&world, &own).await), before);
    world.clock.advance(Span::days(29));
    world.desk.sweep().await.unwrap();
    let_in(&world, &renewed).await;
    world.clock.advance(Span::days(2));
    assert_eq!(world.desk.sweep().await.unwrap().failed, 0);
    assert!(ended(&world, copy).await, "its time is over");
    assert!(!ended(&world, goes_on).await, "a person let it in again meanwhile");
    assert!(!ended(&world, before).await, "it was enrolled with a code");
    assert_eq!(kept(&world, "oauth/refresh/").await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn a_consent_of_a_moment_ago_is_not_taken_for_one_that_is_over() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let_in(&world, &program).await;
    // As a sweep elsewhere sees it that has not read of the copy yet.
    let name = kept(&world, "oauth/refresh/").await.remove(0);
    let space = Space::Tenant(world.tenant("harbor-books").await);
    let sealed = world.vault.get(space, &name).await.unwrap().unwrap();
    let mut family: Value = serde_json::from_slice(sealed.expose()).unwrap();
    family["instance"] = InstanceId::from_bytes([9; 16]).to_string().into();
    let unknown = serde_json::to_vec(&family).unwrap();
    world.vault.put(space, &name, writ_model::Secret::new(unknown)).await.unwrap();
    world.desk.sweep().await.unwrap();
    assert_eq!(kept(&world, "oauth/refresh/").await, [name]);
    world.clock.advance(Span::minutes(11));
    world.desk.sweep().await.unwrap();
    assert!(kept(&world, "oauth/refresh/").await.is_empty());
}

#[tokio::test]
async fn a_lost_answer_and_two_windows_at_once_end_nothing() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let first = let_in(&world, &program).await;
    let copy = copy_of(&world, &first);
    let second = refreshed(&world, &program, &first).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.json());
    // The answer was lost: the same token again.
    world.clock.advance(Span::seconds(59));
    let again = refreshed(&world, &program, &first).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.json());
    let third = refreshed(&world, &program, &again.json()).await;
    assert_eq!(third.status, StatusCode::OK, "it is the newest: {}", third.json());
    assert!(!ended(&world, copy).await);
    // Two before the newest is none of that.
    let old = refreshed(&world, &program, &first).await;
    refused(&old, "invalid_grant", "an older one");
    assert!(ended(&world, copy).await);
    world.check().await;
}

#[tokio::test]
async fn who_has_only_seen_a_code_ends_nothing_by_it() {
    let (world, _) = world().await;
    let (program, thief) = (Program::new("probe"), Program::new("probe"));
    let code = code(&world, &program).await;
    let first = program.send(&world, "/oauth/token", &program.redeem(&code)).await.json();
    let copy = copy_of(&world, &first);
    let mut form = program.redeem(&code);
    form.retain(|(name, _)| *name != "code_verifier");
    form.push(("code_verifier", &thief.verifier));
    let shown = thief.send(&world, "/oauth/token", &form).await;
    refused(&shown, "invalid_grant", "out of a browser's history");
    assert!(!ended(&world, copy).await);
    assert_eq!(refreshed(&world, &program, &first).await.status, StatusCode::OK);
    world.check().await;
}

#[tokio::test]
async fn a_copy_that_a_typed_code_enrolled_outlives_what_is_used_twice() {
    let (world, _) = world().await;
    let (program, copy) = typed(&world).await;
    let code = code(&world, &program).await;
    let first = program.send(&world, "/oauth/token", &program.redeem(&code)).await.json();
    assert_eq!(copy_of(&world, &first), copy);
    let again = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
    refused(&again, "invalid_grant", "twice");
    refused(&refreshed(&world, &program, &first).await, "invalid_grant", "its family is ended");
    let second = let_in(&world, &program).await;
    let newer = refreshed(&world, &program, &second).await;
    assert_eq!(newer.status, StatusCode::OK, "{}", newer.json());
    world.clock.advance(Span::seconds(61));
    refused(&refreshed(&world, &program, &second).await, "invalid_grant", "an old one");
    refused(&refreshed(&world, &program, &newer.json()).await, "invalid_grant", "the newest");
    assert!(!ended(&world, copy).await);
    world.check().await;
}

#[tokio::test]
async fn an_older_refresh_token_is_good_for_giving_back() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let first = let_in(&world, &program).await;
    let copy = copy_of(&world, &first);
    let newer = refreshed(&world, &program, &first).await;
    assert_eq!(newer.status, StatusCode::OK, "{}", newer.json());
    let form = [("token", text(&first, "refresh_token")), ("client_id", "probe")];
    let told = program.send(&world, "/oauth/introspect", &form).await;
    assert_eq!(told.json(), json!({"active": false}));
    let stranger = AgentKey::generate().unwrap();
    let taken = program.send_by(&world, "/oauth/revoke", &form, &stranger).await;
    refused(&taken, "invalid_grant", "somebody else's");
    assert!(!ended(&world, copy).await);
    let answer = program.send(&world, "/oauth/revoke", &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    assert!(ended(&world, copy).await);
    world.check().await;
}

async fn register(world: &World, more: Value) -> Answer {
    let mut body = json!({"client_name": "Walk-in", "redirect_uris": ["http://127.0.0.1/cb"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let request = Request::post("/oauth/register")
        .header(header::HOST, "127.0.0.1:7420")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    world.send(request).await
}

#[tokio::test]
async fn a_registration_stays_once_its_program_is_in_and_not_before() {
    let (world, _) = world().await;
    let stays =
        async || world.vault.every_name(Space::Installation, "oauth/client/").await.unwrap().len();
    let id = register(&world, json!({})).await.json()["client_id"].as_str().unwrap().to_owned();
    let program = Program::new(&id);
    // An auditor may let nobody in.
    let fault = consents(&world, "Noor Haddad", &program.query(&[])).await.unwrap_err();
    assert!(matches!(fault, DeskError::Refused(_)), "{fault}");
    assert_eq!(stays().await, 0);
    let code = code(&world, &program).await;
    assert_eq!(stays().await, 0, "nobody came for the code yet");
    let answer = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    assert_eq!(stays().await, 1);
    // What was registered is said (RFC 7591 section 3.2.1).
    let keyed = json!({"token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://app.example/keys"});
    let answer = register(&world, keyed).await.json();
    assert_eq!(answer["jwks_uri"], "https://app.example/keys", "{answer}");
    let set = writ_identity::JwkSet::of(&[AgentKey::generate().unwrap().jwk()]).unwrap().to_json();
    let keyed = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": set});
    assert_eq!(register(&world, keyed).await.json()["jwks"], set);
    // What a system opens by itself is nobody's own scheme.
    let odd = register(&world, json!({"redirect_uris": ["intent://x/cb"]})).await;
    refused(&odd, "invalid_redirect_uri", "a scheme without a dot");
}

#[tokio::test]
async fn a_colleagues_yes_is_for_what_was_asked() {
    let (world, _) = world().await;
    let clauses = json!([
        {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
        {"key": "issue", "title": "Copies wait for us", "actions": ["credential.issue"],
            "mode": {"approve": {"quorum": both_owners()}},
            "waits": {"expires_minutes": 60, "escalate_minutes": 30}}]);
    world.charter("harbor-books", "Dana Cole", clauses).await;
    let program = Program::new("probe");
    let (narrow, whole) = (program.query(&[]), format!("{GATEWAY}/mcp"));
    let wide = program.query(&[("resource", &whole)]);
    let waits = async |query: &str| match consents(&world, "Ines Park", query).await {
        Err(DeskError::Waits(held)) => held.hold,
        other => panic!("{other:?}"),
    };
    let asked = waits(&narrow).await;
    // Asked again, from another port of the moment: the same question, which has one answer.
    let to = BACK.replace("5111", "5222");
    assert_eq!(waits(&program.query(&[("redirect_uri", &to)])).await, asked);
    for name in ["Dana Cole", "Mira Okafor"] {
        let yes = world.yes(name, asked).await;
        assert_eq!(yes.status, StatusCode::OK, "{name}: {}", yes.json());
    }
    assert_ne!(waits(&wide).await, asked, "more than they said yes to");
    let back = consents(&world, "Ines Park", &narrow).await.unwrap();
    let code = said(&back, "code").unwrap();
    let answer = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    world.check().await;
}

#[tokio::test]
async fn a_scope_that_no_token_could_hold_is_the_clients_mistake() {
    let (world, _) = world().await;
    let copy = world.enroll("invoice-bot").await;
    let program = Program::with_key("probe", copy.key);
    let (now, resource) = (world.desk.now(), format!("{GATEWAY}/mcp"));
    let desk = crate::world::DESK;
    let asserted =
        writ_identity::assertion::create(&program.key, copy.id, desk, now, "long").unwrap();
    let word = format!("mcp:{}", "a".repeat(3_000));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", writ_identity::assertion::ASSERTION_TYPE),
        ("client_assertion", asserted.as_str()),
        ("resource", resource.as_str()),
        ("scope", word.as_str()),
    ];
    let answer = program.send(&world, "/oauth/token", &form).await;
    refused(&answer, "invalid_scope", "3 KB of it");
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
