//! Enrollment and the token endpoint: what is given, and every way to be refused.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use writ_identity::{AgentKey, assertion, dpop, token};
use writ_model::Span;

use crate::world::{DESK, GATEWAY, World};

fn resource() -> String {
    format!("{GATEWAY}/mcp/mail")
}

#[tokio::test]
async fn an_enrolled_copy_gets_a_token_bound_to_its_key() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let answer = world.token(&copy, &resource()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.json();
    assert_eq!(
        (body["token_type"].as_str(), body["expires_in"].as_u64()),
        (Some("DPoP"), Some(300))
    );
    let keys = world.desk.token_keys().unwrap();
    let now = world.desk.now();
    let expect = token::Expect { iss: DESK, now };
    let verified = token::verify(body["access_token"].as_str().unwrap(), &keys, &expect).unwrap();
    assert_eq!(verified.jkt(), Some(&copy.key.thumbprint()));
    let claims = verified.admit(&resource(), now).unwrap();
    assert_eq!((claims.client_id, claims.epoch), (copy.id, 0));
    assert_eq!(world.get("/status").await["tokens_issued"], 1);
    assert_eq!(world.get("/status").await["tokens_refused"], 1, "the nonce challenge");
    world.check().await;
}

#[tokio::test]
async fn metadata_names_what_the_server_does() {
    let world = World::empty().await;
    let get = |path: &str| {
        Request::get(path).header(header::HOST, "127.0.0.1:7420").body(Body::empty()).unwrap()
    };
    let about = world.send(get("/.well-known/oauth-authorization-server")).await.json();
    assert_eq!(about["issuer"], DESK);
    assert_eq!(about["token_endpoint"], format!("{DESK}/oauth/token"));
    assert_eq!(about["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]));
    let keys = world.send(get("/oauth/jwks")).await.json();
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert_eq!(keys["keys"][0]["d"], Value::Null);
}

#[tokio::test]
async fn a_stopped_agent_or_copy_gets_no_token_and_is_told_why() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let at = "/clients/harbor-books/agents/invoice-bot";
    let why = |answer: &crate::world::Answer| {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json()["error"], "invalid_client");
        answer.json()["error_description"].as_str().unwrap().to_owned()
    };
    for (stop, go, word) in
        [("hold", "release", "on hold"), ("quarantine", "release", "quarantined")]
    {
        world.done(&format!("{at}/{stop}"), json!({"reason": "Month end"})).await;
        let said = why(&world.token(&copy, &resource()).await);
        assert!(said.contains(word) && said.contains("Month end"), "{said}");
        world.done(&format!("{at}/{go}"), json!({})).await;
        assert_eq!(world.token(&copy, &resource()).await.status, StatusCode::OK);
    }
    let second = world.enroll("invoice-bot").await;
    let end = format!("/clients/harbor-books/instances/{}/end", copy.id);
    world.done(&end, json!({"reason": "Lost"})).await;
    assert!(why(&world.token(&copy, &resource()).await).contains("running copy"));
    assert_eq!(world.token(&second, &resource()).await.status, StatusCode::OK);
    world.done(&format!("{at}/terminate"), json!({"reason": "It sent data out"})).await;
    assert!(why(&world.token(&second, &resource()).await).contains("was ended"));
    world.check().await;
}

#[tokio::test]
async fn every_wrong_request_is_refused_in_oauths_words() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let stranger = AgentKey::generate().unwrap();
    let nonce = {
        let answer = world.token_with(&copy, &resource(), None, "n").await;
        assert_eq!(answer.json()["error"], "use_dpop_nonce");
        answer.headers["dpop-nonce"].to_str().unwrap().to_owned()
    };
    let now = world.desk.now();
    let url = format!("{DESK}/oauth/token");
    let prove = |key: &AgentKey, url: &str, jti: &str| {
        let nonce = Some(nonce.as_str());
        let what = dpop::Prove { method: "POST", url, now, access_token: None, nonce, jti };
        dpop::prove(key, &what).unwrap()
    };
    let claim = |key: &AgentKey, aud: &str, at, jti: &str| {
        assertion::create(key, copy.id, aud, at, jti).unwrap()
    };
    let (good, proof) = (claim(&copy.key, DESK, now, "g"), prove(&copy.key, &url, "p"));
    let resource = resource();
    let base = |assertion: &str| {
        vec![
            ("grant_type".to_owned(), "client_credentials".to_owned()),
            ("client_assertion_type".to_owned(), assertion::ASSERTION_TYPE.to_owned()),
            ("client_assertion".to_owned(), assertion.to_owned()),
            ("resource".to_owned(), resource.clone()),
        ]
    };
    let with = |assertion: &str, name: &str, value: Option<&str>| {
        let mut form = base(assertion);
        form.retain(|(key, _)| key != name);
        form.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        form
    };
    let twice = |name: &str| {
        let mut form = base(&good);
        let again = form.iter().find(|(key, _)| key == name).unwrap().clone();
        form.push(again);
        form
    };
    let unknown = "ins_01j9z3k4m5n6p7q8r9s0t1v2w3";
    let elsewhere = claim(&copy.key, "https://elsewhere.example", now, "e");
    let old = claim(&copy.key, DESK, now - Span::minutes(10), "o");
    let forged = claim(&stranger, DESK, now, "f");
    let other = assertion::create(&stranger, unknown.parse().unwrap(), DESK, now, "u").unwrap();
    let rows: Vec<(&str, Vec<(String, String)>, Vec<String>, &str)> = vec![
        ("no grant type", with(&good, "grant_type", None), vec![proof.clone()], "invalid_request"),
        (
            "another grant",
            with(&good, "grant_type", Some("password")),
            vec![proof.clone()],
            "unsupported_grant_type",
        ),
        (
            "no assertion",
            with(&good, "client_assertion", None),
            vec![proof.clone()],
            "invalid_client",
        ),
        (
            "another way",
            with(&good, "client_assertion_type", Some("x")),
            vec![proof.clone()],
            "invalid_client",
        ),
        (
            "a secret",
            with(&good, "client_secret", Some("x")),
            vec![proof.clone()],
            "invalid_client",
        ),
        (
            "another client id",
            with(&good, "client_id", Some(unknown)),
            vec![proof.clone()],
            "invalid_client",
        ),
        ("no resource", with(&good, "resource", None), vec![proof.clone()], "invalid_target"),
        (
            "another's resource",
            with(&good, "resource", Some("https://x.example/mcp")),
            vec![proof.clone()],
            "invalid_target",
        ),
        (
            "a path above",
            with(&good, "resource", Some("http://127.0.0.1:7421/mcp/../x")),
            vec![proof.clone()],
            "invalid_target",
        ),
        ("resource twice", twice("resource"), vec![proof.clone()], "invalid_target"),
        ("grant type twice", twice("grant_type"), vec![proof.clone()], "invalid_request"),
        ("no proof", base(&good), vec![], "invalid_dpop_proof"),
        ("two proofs", base(&good), vec![proof.clone(), proof.clone()], "invalid_dpop_proof"),
        (
            "a stranger's proof",
            base(&good),
            vec![prove(&stranger, &url, "s")],
            "invalid_dpop_proof",
        ),
        (
            "a proof for elsewhere",
            base(&good),
            vec![prove(&copy.key, DESK, "w")],
            "invalid_dpop_proof",
        ),
        ("nonsense", base("a.b.c"), vec![proof.clone()], "invalid_client"),
        ("forged assertion", base(&forged), vec![proof.clone()], "invalid_client"),
        ("unknown client", base(&other), vec![proof.clone()], "invalid_client"),
        ("another audience", base(&elsewhere), vec![proof.clone()], "invalid_client"),
        ("expired", base(&old), vec![proof.clone()], "invalid_client"),
    ];
    for (what, form, proofs, error) in rows {
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let answer = world.form(&form, &proofs).await;
        assert_eq!(answer.json()["error"], error, "{what}: {}", answer.json());
        assert!(answer.json()["error_description"].as_str().unwrap().len() > 10, "{what}");
        let status = if error == "invalid_client" { 401 } else { 400 };
        assert_eq!(answer.status, status, "{what}");
    }
    let form = base(&good);
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(world.form(&form, &[&proof]).await.status, StatusCode::OK, "after all refusals");
    let replayed = world.form(&form, &[&proof]).await;
    assert_eq!(replayed.json()["error"], "invalid_dpop_proof", "the same proof again");
    let replayed = world.form(&form, &[&prove(&copy.key, &url, "q")]).await;
    assert_eq!(replayed.json()["error"], "invalid_client", "the same assertion again");
    world.check().await;
}

#[tokio::test]
async fn a_code_binds_one_key_once() {
    let world = World::active().await;
    let at = "/clients/harbor-books/agents/invoice-bot/enrollments";
    let code = world.done(at, json!({})).await["code"].as_str().unwrap().to_owned();
    let key = AgentKey::generate().unwrap();
    let refused = world.enroll_with(&code, "another text", &key).await;
    assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (400, Some("proof")));
    let never = "0000-0000-0000-0000-0000-0000-0000";
    assert_eq!(world.enroll_with(never, never, &key).await.status, 403);
    assert_eq!(world.enroll_with("hello", "hello", &key).await.status, 403);
    let done = world.enroll_with(&code, &code, &key).await.json();
    assert_eq!(done["agent_name"], "invoice-bot");
    assert_eq!(done["token_endpoint"], format!("{DESK}/oauth/token"));
    let again = world.enroll_with(&code, &code, &AgentKey::generate().unwrap()).await;
    assert_eq!((again.status.as_u16(), again.json()["code"].as_str()), (409, Some("AUTH-0010")));
    let second = world.done(at, json!({})).await["code"].as_str().unwrap().to_owned();
    let twice = world.enroll_with(&second, &second, &key).await;
    assert!(twice.json()["detail"].as_str().unwrap().contains("already bound"));
    world.clock.advance(Span::hours(1));
    let late = world.enroll_with(&second, &second, &AgentKey::generate().unwrap()).await;
    assert!(late.json()["detail"].as_str().unwrap().contains("expired"));
    let timeline = world.get("/clients/harbor-books/agents/invoice-bot").await;
    let says = timeline["timeline"].to_string();
    assert!(says.contains("laptop") && !says.contains(&code), "the code is nowhere");
    world.check().await;
}
