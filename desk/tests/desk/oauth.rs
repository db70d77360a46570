//! Enrollment and the token endpoint: what is given, and every way to be refused.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use writ_identity::{AgentKey, assertion, dpop, token};
use writ_model::{Span, Timestamp};

use crate::world::{Answer, Copy, DESK, GATEWAY, World};

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
    let methods = json!(["private_key_jwt", "none"]);
    assert_eq!(about["token_endpoint_auth_methods_supported"], methods);
    assert_eq!(about["authorization_endpoint"], format!("{DESK}/oauth/authorize"));
    assert_eq!(about["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(about["authorization_response_iss_parameter_supported"], true);
    assert_eq!(about["registration_endpoint"], Value::Null, "only where the operator says so");
    assert_eq!(world.send(get("/.well-known/openid-configuration")).await.json(), about);
    let keys = world.send(get("/oauth/jwks")).await.json();
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert_eq!(keys["keys"][0]["d"], Value::Null);
}

#[tokio::test]
async fn a_stopped_agent_or_copy_gets_no_token_and_is_told_why() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let at = "/clients/harbor-books/agents/invoice-bot";
    let why = |answer: &Answer| {
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

type Form = Vec<(String, String)>;

/// What a wrong request is made of: good credentials, and a nonce that is fresh.
struct Good {
    copy: Copy,
    nonce: String,
    now: Timestamp,
    assertion: String,
    proof: String,
}

impl Good {
    async fn of(world: &World) -> Self {
        let copy = world.enroll("invoice-bot").await;
        let challenge = world.token_with(&copy, &resource(), None, "n").await;
        assert_eq!(challenge.json()["error"], "use_dpop_nonce");
        let nonce = challenge.headers["dpop-nonce"].to_str().unwrap().to_owned();
        let now = world.desk.now();
        let mut good = Self { copy, nonce, now, assertion: String::new(), proof: String::new() };
        good.assertion = good.claim(&good.copy.key, DESK, now, "g");
        good.proof = good.prove(&good.copy.key, &format!("{DESK}/oauth/token"), "p");
        good
    }

    fn prove(&self, key: &AgentKey, url: &str, jti: &str) -> String {
        let (now, nonce) = (self.now, Some(self.nonce.as_str()));
        let what = dpop::Prove { method: "POST", url, now, access_token: None, nonce, jti };
        dpop::prove(key, &what).unwrap()
    }

    fn claim(&self, key: &AgentKey, audience: &str, at: Timestamp, jti: &str) -> String {
        assertion::create(key, self.copy.id, audience, at, jti).unwrap()
    }

    fn form(assertion: &str) -> Form {
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", assertion::ASSERTION_TYPE),
            ("client_assertion", assertion),
            ("resource", &resource()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// The good form with one parameter changed, or left out.
    fn with(&self, name: &str, value: Option<&str>) -> Form {
        let mut form = Self::form(&self.assertion);
        form.retain(|(key, _)| key != name);
        form.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        form
    }

    /// The good form with one parameter twice.
    fn twice(&self, name: &str) -> Form {
        let mut form = Self::form(&self.assertion);
        let again = form.iter().find(|(key, _)| key == name).unwrap().clone();
        form.push(again);
        form
    }
}

async fn send(world: &World, form: &Form, proofs: &[&str]) -> Answer {
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    world.form(&form, proofs).await
}

fn refused(answer: &Answer, error: &str, what: &str) {
    assert_eq!(answer.json()["error"], error, "{what}: {}", answer.json());
    assert!(answer.json()["error_description"].as_str().unwrap().len() > 10, "{what}");
    assert_eq!(answer.status, if error == "invalid_client" { 401 } else { 400 }, "{what}");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

const UNKNOWN: &str = "ins_01j9z3k4m5n6p7q8r9s0t1v2w3";

#[tokio::test]
async fn every_wrong_form_is_refused_in_oauths_words() {
    let world = World::active().await;
    let good = Good::of(&world).await;
    let above = format!("{GATEWAY}/mcp/../x");
    for (what, form, error) in [
        ("no grant type", good.with("grant_type", None), "invalid_request"),
        ("another grant", good.with("grant_type", Some("password")), "unsupported_grant_type"),
        ("no assertion", good.with("client_assertion", None), "invalid_client"),
        ("another way", good.with("client_assertion_type", Some("x")), "invalid_client"),
        ("a secret", good.with("client_secret", Some("x")), "invalid_client"),
        ("another client id", good.with("client_id", Some(UNKNOWN)), "invalid_client"),
        ("no resource", good.with("resource", None), "invalid_target"),
        ("another's", good.with("resource", Some("https://x.example/mcp")), "invalid_target"),
        ("a path above", good.with("resource", Some(&above)), "invalid_target"),
        ("resource twice", good.twice("resource"), "invalid_target"),
        ("grant type twice", good.twice("grant_type"), "invalid_request"),
    ] {
        refused(&send(&world, &form, &[&good.proof]).await, error, what);
    }
    let answer = send(&world, &Good::form(&good.assertion), &[&good.proof]).await;
    assert_eq!(answer.status, StatusCode::OK, "after all refusals");
}

#[tokio::test]
async fn every_wrong_assertion_and_proof_is_refused_and_none_works_twice() {
    let world = World::active().await;
    let good = Good::of(&world).await;
    let (key, url) = (&good.copy.key, format!("{DESK}/oauth/token"));
    let stranger = AgentKey::generate().unwrap();
    let unknown = UNKNOWN.parse().unwrap();
    let unknown = assertion::create(&stranger, unknown, DESK, good.now, "u").unwrap();
    for (what, assertion) in [
        ("nonsense", "a.b.c".to_owned()),
        ("forged", good.claim(&stranger, DESK, good.now, "f")),
        ("unknown client", unknown),
        ("another audience", good.claim(key, "https://elsewhere.example", good.now, "e")),
        ("expired", good.claim(key, DESK, good.now - Span::minutes(10), "o")),
        ("from the future", good.claim(key, DESK, good.now + Span::minutes(10), "t")),
    ] {
        let answer = send(&world, &Good::form(&assertion), &[&good.proof]).await;
        refused(&answer, "invalid_client", what);
    }
    let form = Good::form(&good.assertion);
    let (strange, elsewhere) = (good.prove(&stranger, &url, "s"), good.prove(key, DESK, "w"));
    for (what, proofs) in [
        ("no proof", vec![]),
        ("two proofs", vec![&good.proof, &good.proof]),
        ("a stranger's", vec![&strange]),
        ("for elsewhere", vec![&elsewhere]),
    ] {
        let proofs: Vec<&str> = proofs.into_iter().map(String::as_str).collect();
        refused(&send(&world, &form, &proofs).await, "invalid_dpop_proof", what);
    }
    assert_eq!(send(&world, &form, &[&good.proof]).await.status, StatusCode::OK);
    let again = send(&world, &form, &[&good.proof]).await;
    refused(&again, "invalid_dpop_proof", "the same proof again");
    let again = send(&world, &form, &[&good.prove(key, &url, "q")]).await;
    refused(&again, "invalid_client", "the same assertion again");
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
