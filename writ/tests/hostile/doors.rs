//! The witness doors: whoever is not a named witness of that very ledger, with a fresh token for this very desk, learns
//! nothing, and every refusal looks the same.

use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use writ_desk::{Via, WITNESS_TYPE, Who};
use writ_identity::{SigningKey, jws};
use writ_model::Clock as _;

use crate::world::{DESK, World};

struct Door<'a> {
    world: &'a World,
    key: SigningKey,
    vkey: String,
}

impl Door<'_> {
    fn claims(&self, jti: &str) -> Value {
        let now = self.world.clock.now().seconds();
        json!({"iss": self.vkey, "sub": self.vkey, "aud": DESK, "iat": now, "exp": now + 50, "jti": jti})
    }

    fn token(&self, typ: &str, claims: &Value) -> String {
        jws::sign(&self.key, typ, claims.to_string().as_bytes()).unwrap()
    }

    async fn ask(&self, tenant: &str, token: Option<&str>, host: &str) -> (StatusCode, Value) {
        let mut request = Request::get(format!("/witness/{tenant}/checkpoint?since=0&wait=0"))
            .header(header::HOST, host);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.world.desk.router().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = || json!(String::from_utf8_lossy(&bytes));
        (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| text()))
    }
}

const HOST: &str = "127.0.0.1:7420";

#[tokio::test]
async fn only_a_fresh_token_of_a_named_witness_opens_them_and_all_refusals_look_alike() {
    let world = World::honest().await;
    let watch = world.witness("office").await;
    let seed: [u8; 32] = watch.home().key().seed().expose().as_slice().try_into().unwrap();
    let vkey = watch.home().public().to_text();
    let door = Door { world: &world, key: SigningKey::from_seed(seed).unwrap(), vkey };
    let client = world.client.to_string();
    let good = door.token(WITNESS_TYPE, &door.claims("one"));
    let (status, note) = door.ask(&client, Some(&good), HOST).await;
    assert_eq!(status, StatusCode::OK);
    assert!(note.as_str().unwrap().starts_with(&format!("writ-ledger/{client}\n")), "{note}");

    let changed = |name: &str, to: Value| {
        let mut claims = door.claims(&format!("{name}{to}"));
        claims[name] = to;
        door.token(WITNESS_TYPE, &claims)
    };
    let now = world.clock.now().seconds();
    let other = SigningKey::from_seed([3; 32]).unwrap();
    let stranger = jws::sign(&other, WITNESS_TYPE, door.claims("x").to_string().as_bytes());
    let mut refused = vec![
        ("used twice", good),
        ("another audience", changed("aud", json!("http://evil.example"))),
        ("another issuer", changed("iss", json!("office"))),
        ("another subject", changed("sub", json!("office"))),
        ("expired", changed("exp", json!(now - 31))),
        ("lives too long", changed("exp", json!(now + 61))),
        ("from the future", changed("iat", json!(now + 60))),
        ("no id", changed("jti", json!(""))),
        ("a long id", changed("jti", json!("x".repeat(129)))),
        ("one claim more", changed("scope", json!("all"))),
        ("another type", door.token("JWT", &door.claims("typ"))),
        ("another key", stranger.unwrap()),
        ("nonsense", "a.b.c".to_owned()),
    ];
    let mut said = Vec::new();
    for (why, token) in refused.drain(..) {
        let (status, problem) = door.ask(&client, Some(&token), HOST).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{why}");
        said.push((problem["code"].clone(), problem["detail"].clone()));
    }
    for (tenant, host) in [
        (client.as_str(), "evil.example"),
        ("tnt_01j9z3k4m5n6p7q8r9s0t1v2w3", HOST),
        ("northwind-it", HOST),
        ("no-such-client", HOST),
    ] {
        let token = door.token(WITNESS_TYPE, &door.claims(&format!("{tenant}{host}")));
        let (status, problem) = door.ask(tenant, Some(&token), host).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{tenant} {host}");
        said.push((problem["code"].clone(), problem["detail"].clone()));
    }
    let (status, problem) = door.ask(&client, None, HOST).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    said.push((problem["code"].clone(), problem["detail"].clone()));
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");

    // Nor does anybody else's credential open them, and nothing of this is in a ledger.
    let who = Who::new(world.mira.person, Via::Cli);
    let rows = world.desk.witnesses(&who, "harbor-books").await.unwrap();
    assert_eq!((rows[0].seen_size, rows.len()), (None, 1));
}
