//! Codes and refresh tokens: for whom they are good, how often, and until when.

use axum::http::StatusCode;
use serde_json::json;
use writ_desk::OauthSettings;
use writ_identity::{AgentKey, assertion};
use writ_model::Span;

use super::program::{
    Program, bare, code, consents, copy_of, ended, let_in, refused, said, text, world,
};
use crate::world::{Answer, DESK, GATEWAY};

#[tokio::test]
async fn a_code_is_good_for_who_asked_for_it_and_for_nobody_else() {
    let (world, _) = world().await;
    let stranger = AgentKey::generate().unwrap();
    for (what, name, value, error) in [
        ("another verifier", "code_verifier", "w".repeat(43), "invalid_grant"),
        ("a short verifier", "code_verifier", "w".to_owned(), "invalid_grant"),
        ("another address", "redirect_uri", "http://127.0.0.1:1/cb".to_owned(), "invalid_grant"),
        ("another client", "client_id", "nobody".to_owned(), "invalid_grant"),
        ("another resource", "resource", format!("{GATEWAY}/mcp"), "invalid_target"),
    ] {
        let program = Program::new("probe");
        let code = code(&world, &program).await;
        let mut form = program.redeem(&code);
        form.retain(|(key, _)| *key != name);
        form.push((name, &value));
        refused(&program.send(&world, "/oauth/token", &form).await, error, what);
        let right = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
        refused(&right, "invalid_grant", &format!("{what}, and the code is spent"));
    }
    let program = Program::new("probe");
    let jkt = program.key.thumbprint().to_string();
    let back = consents(&world, "Dana Cole", &program.query(&[("dpop_jkt", &jkt)])).await.unwrap();
    let bound = said(&back, "code").unwrap();
    let stolen = program.send_by(&world, "/oauth/token", &program.redeem(&bound), &stranger).await;
    refused(&stolen, "invalid_dpop_proof", "a stolen code");
    let late = code(&world, &program).await;
    world.clock.advance(Span::seconds(60));
    let answer = program.send(&world, "/oauth/token", &program.redeem(&late)).await;
    refused(&answer, "invalid_grant", "too late");
    let answer = program.send(&world, "/oauth/token", &program.redeem("guessed")).await;
    refused(&answer, "invalid_grant", "a guess");
    let form = program.redeem("guessed");
    let without: Vec<_> = form.iter().copied().filter(|(key, _)| *key != "code_verifier").collect();
    let answer = program.send(&world, "/oauth/token", &without).await;
    refused(&answer, "invalid_request", "no verifier");
    world.check().await;
}

#[tokio::test]
async fn what_a_person_let_in_is_no_client_of_its_own() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let tokens = let_in(&world, &program).await;
    let copy = copy_of(&world, &tokens);
    let resource = format!("{GATEWAY}/mcp");
    let now = world.desk.now();
    for jti in ["first", "again"] {
        let asserted = assertion::create(&program.key, copy, DESK, now, jti).unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", assertion::ASSERTION_TYPE),
            ("client_assertion", asserted.as_str()),
            ("resource", resource.as_str()),
        ];
        let answer = program.send(&world, "/oauth/token", &form).await;
        refused(&answer, "unauthorized_client", "wider and longer than what was consented to");
        // Its own way goes on.
        world.clock.advance(Span::seconds(1));
    }
    let refresh = program.refresh(text(&tokens, "refresh_token"));
    assert_eq!(program.send(&world, "/oauth/token", &refresh).await.status, StatusCode::OK);
    world.check().await;
}

#[tokio::test]
async fn a_client_without_a_proof_gets_nothing_and_is_told_what_would_help() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let code = code(&world, &program).await;
    let answer = bare(&world, "/oauth/token", &program.redeem(&code), None).await;
    let told = refused(&answer, "invalid_dpop_proof", "no proof");
    assert!(told.contains("DPoP") && told.contains("writ connect"), "{told}");
    let answer = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "nothing was spent: {}", answer.json());
}

#[tokio::test]
async fn a_code_that_is_used_twice_ends_what_it_gave() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let code = code(&world, &program).await;
    let first = program.send(&world, "/oauth/token", &program.redeem(&code)).await.json();
    let copy = copy_of(&world, &first);
    assert!(!ended(&world, copy).await);
    let again = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
    refused(&again, "invalid_grant", "twice");
    assert!(ended(&world, copy).await);
    let refresh = program.refresh(text(&first, "refresh_token"));
    refused(&program.send(&world, "/oauth/token", &refresh).await, "invalid_grant", "its refresh");
    world.check().await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_with_its_key_and_a_second_use_ends_the_family() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let first = let_in(&world, &program).await;
    let copy = copy_of(&world, &first);
    let old = text(&first, "refresh_token").to_owned();
    let stranger = AgentKey::generate().unwrap();
    let stolen = program.send_by(&world, "/oauth/token", &program.refresh(&old), &stranger).await;
    refused(&stolen, "invalid_dpop_proof", "another key");
    let mut wrong = program.refresh(&old);
    wrong.retain(|(name, _)| *name != "client_id");
    refused(&program.send(&world, "/oauth/token", &wrong).await, "invalid_client", "no client");
    wrong.push(("client_id", "another"));
    refused(&program.send(&world, "/oauth/token", &wrong).await, "invalid_grant", "another client");
    let mut wide = program.refresh(&old);
    wide.push(("scope", "mcp:crm"));
    refused(&program.send(&world, "/oauth/token", &wide).await, "invalid_scope", "wider");

    let second = program.send(&world, "/oauth/token", &program.refresh(&old)).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.json());
    let second = second.json();
    assert_eq!(copy_of(&world, &second), copy);
    assert_ne!(text(&second, "refresh_token"), old);
    let access = program.refresh(text(&second, "access_token"));
    refused(
        &program.send(&world, "/oauth/token", &access).await,
        "invalid_grant",
        "no refresh token",
    );
    // Somebody without the key cannot end the family with an old text.
    let stolen = program.send_by(&world, "/oauth/token", &program.refresh(&old), &stranger).await;
    refused(&stolen, "invalid_dpop_proof", "an old one by another key");
    assert!(!ended(&world, copy).await);

    world.clock.advance(Span::seconds(60));
    let again = program.send(&world, "/oauth/token", &program.refresh(&old)).await;
    refused(&again, "invalid_grant", "an old one by its key");
    assert!(ended(&world, copy).await);
    let newest = program.refresh(text(&second, "refresh_token"));
    refused(&program.send(&world, "/oauth/token", &newest).await, "invalid_grant", "the newest");
    world.check().await;
}

#[tokio::test]
async fn a_consent_outlives_the_process_and_ends_with_its_month() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let first = let_in(&world, &program).await;
    let world = world.reopened(8).await;
    world.desk.set_oauth(OauthSettings::default());
    let second =
        program.send(&world, "/oauth/token", &program.refresh(text(&first, "refresh_token"))).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.json());
    let newest = second.json();
    world.clock.advance(Span::days(31));
    let late = program.refresh(text(&newest, "refresh_token"));
    refused(&program.send(&world, "/oauth/token", &late).await, "invalid_grant", "a month later");
}

#[tokio::test]
async fn a_consent_ends_at_once_with_its_agent_its_copy_and_its_person() {
    let (world, _) = world().await;
    let at = "/clients/harbor-books/agents/invoice-bot";
    let gone = |answer: Answer, what: &str| refused(&answer, "invalid_grant", what);

    let held = Program::new("probe");
    let tokens = let_in(&world, &held).await;
    world.done(&format!("{at}/hold"), json!({"reason": "Month end"})).await;
    let refresh = held.refresh(text(&tokens, "refresh_token"));
    gone(held.send(&world, "/oauth/token", &refresh).await, "on hold");
    world.done(&format!("{at}/release"), json!({})).await;
    gone(held.send(&world, "/oauth/token", &refresh).await, "and does not come back");

    let copied = Program::new("probe");
    let tokens = let_in(&world, &copied).await;
    let copy = copy_of(&world, &tokens);
    let end = format!("/clients/harbor-books/instances/{copy}/end");
    world.done(&end, json!({"reason": "Lost"})).await;
    let refresh = copied.refresh(text(&tokens, "refresh_token"));
    gone(copied.send(&world, "/oauth/token", &refresh).await, "the copy was ended");
    let again = code(&world, &copied).await;
    let told = gone(copied.send(&world, "/oauth/token", &copied.redeem(&again)).await, "its key");
    assert!(told.contains("make a new key"), "{told}");

    let left = Program::new("probe");
    let back = consents(&world, "Ines Park", &left.query(&[])).await.unwrap();
    let code_of_ines = said(&back, "code").unwrap();
    let answer = left.send(&world, "/oauth/token", &left.redeem(&code_of_ines)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    let waiting = consents(&world, "Ines Park", &left.query(&[])).await.unwrap();
    let ines = world.person("Ines Park").await;
    let leave = format!("/clients/harbor-books/people/{ines}/leave");
    world.done_as("Dana Cole", &leave, json!({"reason": "Left the company"})).await;
    let tokens = answer.json();
    let refresh = left.refresh(text(&tokens, "refresh_token"));
    gone(left.send(&world, "/oauth/token", &refresh).await, "the person left");
    let unused = said(&waiting, "code").unwrap();
    gone(left.send(&world, "/oauth/token", &left.redeem(&unused)).await, "a code of theirs");
    world.check().await;
}
