//! Authorization servers out of a table: which addresses are asked, in which order, what is sent, and every answer that is
//! refused.

use std::collections::BTreeMap;

use serde_json::json;
use writ_model::{Digest, Secret, Timestamp};
use writ_testkit::{FakeClock, SeededEntropy};

use super::*;

mod net;

use net::{Net, decoded, metadata};

const AT: &str = "https://mail.example/mcp";
const ISSUER: &str = "https://id.example";
const REDIRECT: &str = "http://localhost:7420/upstream/callback";

struct Scene {
    clock: FakeClock,
    entropy: SeededEntropy,
}

impl Scene {
    fn new() -> Self {
        let at: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        Self { clock: FakeClock::at(at), entropy: SeededEntropy::new(7) }
    }

    fn hands<'a>(&'a self, net: &'a Net) -> Hands<'a> {
        Hands { outside: net, clock: &self.clock, entropy: &self.entropy }
    }
}

fn settings() -> Settings {
    Settings {
        at: Place::parse(AT).unwrap(),
        grant: Grant::Code,
        issuer: None,
        client: None,
        document: None,
        scopes: None,
        dpop: Dpop::Offered,
        assume_pkce: false,
    }
}

fn registered(proof: Proof) -> Registered {
    Registered { id: "writ".to_owned(), proof }
}

fn challenge(text: &str) -> Challenge {
    Challenge::read([text]).unwrap()
}

fn given(kind: &str) -> serde_json::Value {
    json!({"access_token": "at-1", "token_type": kind, "expires_in": 600, "refresh_token": "rt-1", "scope": "a b"})
}

fn query(url: &str) -> BTreeMap<String, String> {
    let query = url.split_once('?').unwrap().1;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect()
}

#[tokio::test]
async fn metadata_are_looked_for_where_the_revisions_say() {
    let scene = Scene::new();
    let tenant = "https://id.example/tenant1";
    for (root, issuer, at, wanted) in [
        (false, ISSUER, "https://id.example/.well-known/openid-configuration", 3),
        (true, tenant, "https://id.example/.well-known/oauth-authorization-server/tenant1", 3),
        (false, tenant, "https://id.example/tenant1/.well-known/openid-configuration", 4),
    ] {
        let resource = json!({"resource": if root { "https://mail.example" } else { AT }, "authorization_servers": [issuer]});
        let stands = if root {
            "https://mail.example/.well-known/oauth-protected-resource"
        } else {
            "https://mail.example/.well-known/oauth-protected-resource/mcp"
        };
        let net = Net::default().with(stands, resource).with(at, metadata(issuer, &json!({})));
        let found = discover(&scene.hands(&net), &settings(), None).await.unwrap();
        assert_eq!(found.issuer, issuer);
        assert_eq!(found.scopes, None, "nothing is said about scopes");
        assert_eq!(net.places_asked().len(), wanted, "{:?}", net.places_asked());
    }
    // Where the challenge says, and nowhere else.
    let said = "https://mail.example/custom/metadata.json";
    let resource = json!({"resource": AT, "authorization_servers": [ISSUER]});
    let net = Net::usual(&json!({})).with(said, resource);
    let says = challenge(&format!("Bearer resource_metadata=\"{said}\""));
    discover(&scene.hands(&net), &settings(), Some(&says)).await.unwrap();
    assert_eq!(net.places_asked().first().unwrap(), said);
    assert_eq!(net.places_asked().len(), 2);
}

#[tokio::test]
async fn what_is_for_somebody_else_is_refused() {
    let scene = Scene::new();
    let at = "https://mail.example/.well-known/oauth-protected-resource/mcp";
    let code = async |net: Net, settings: Settings| {
        discover(&scene.hands(&net), &settings, None).await.unwrap_err().code().0
    };
    for resource in [
        "https://evil.example/mcp",
        "https://mail.example/mc",
        "https://mail.example/mcp/x",
        "http://mail.example/mcp",
        "",
    ] {
        let document = json!({"resource": resource, "authorization_servers": [ISSUER]});
        assert_eq!(
            code(Net::default().with(at, document), settings()).await,
            "REAC-0022",
            "{resource}"
        );
    }
    let document = json!({"resource": AT, "authorization_servers": [ISSUER]});
    for issuer in ["https://attacker.example", "https://id.example/", "https://ID.example", ""] {
        let net = Net::default().with(at, document.clone()).with(
            "https://id.example/.well-known/oauth-authorization-server",
            metadata(issuer, &json!({})),
        );
        assert_eq!(code(net, settings()).await, "REAC-0023", "{issuer}");
    }
    let pinned = Settings { issuer: Some("https://other.example".to_owned()), ..settings() };
    assert_eq!(code(Net::usual(&json!({})), pinned).await, "REAC-0023");
    assert_eq!(code(Net::default().with(at, document.clone()), settings()).await, "REAC-0020");
    assert_eq!(code(Net::default().with(at, json!([])), settings()).await, "REAC-0021");
    assert_eq!(code(Net::default().says(at, 500, json!({}), None), settings()).await, "REAC-0021");
    let plain = json!({"resource": AT, "authorization_servers": ["http://id.example"]});
    assert_eq!(code(Net::default().with(at, plain), settings()).await, "REAC-0001");
}

#[tokio::test]
async fn a_server_of_the_first_revision_is_its_own_issuer() {
    let scene = Scene::new();
    let register = "https://mail.example/register";
    let net = Net::default().with(register, json!({"client_id": "c"}));
    let begun = begin(&scene.hands(&net), &settings(), (None, &[]), (REDIRECT, None)).await;
    let begun = begun.unwrap();
    assert!(begun.url.starts_with("https://mail.example/authorize?"), "{}", begun.url);
    assert_eq!(query(&begun.url).get("resource"), None);
    let elsewhere = Settings { issuer: Some(ISSUER.to_owned()), ..settings() };
    let refused = discover(&scene.hands(&Net::default()), &elsewhere, None).await.unwrap_err();
    assert_eq!(refused.code().0, "REAC-0023", "a pinned issuer is not the server itself");
}

#[tokio::test]
async fn a_consent_names_everything_and_is_ended_once_checked() {
    let scene = Scene::new();
    let net = Net::usual(&json!({"scopes_supported": ["offline_access"], "authorization_response_iss_parameter_supported": true}))
        .with("https://id.example/register", json!({"client_id": "c1"}))
        .with("https://id.example/token", given("Bearer"));
    let hands = scene.hands(&net);
    let says = challenge("Bearer scope=\"b c\"");
    let begun = begin(&hands, &settings(), (Some(&says), &["a".to_owned()]), (REDIRECT, None))
        .await
        .unwrap();
    let sent = query(&begun.url);
    assert_eq!(sent["scope"], "a b c offline_access");
    assert_eq!((sent["code_challenge_method"].as_str(), sent["resource"].as_str()), ("S256", AT));
    assert_eq!((sent["client_id"].as_str(), sent["redirect_uri"].as_str()), ("c1", REDIRECT));
    assert_eq!(sent["state"], begun.state);
    let answered = |code: &str, iss: Option<&str>, error: Option<&str>| Answered {
        code: (!code.is_empty()).then(|| Secret::new(code.to_owned())),
        iss: iss.map(str::to_owned),
        error: error.map(str::to_owned),
    };
    for (answer, wanted) in [
        (answered("x", Some("https://evil.example"), None), "REAC-0023"),
        (answered("x", Some("https://id.example/"), None), "REAC-0023"),
        (answered("x", None, None), "REAC-0028"),
        (answered("", Some(ISSUER), None), "REAC-0028"),
        (answered("", Some(ISSUER), Some("access_denied")), "REAC-0026"),
        (answered("x", Some("https://evil.example"), Some("access_denied")), "REAC-0023"),
    ] {
        let refused = finish(&hands, &begun, &answer).await.unwrap_err();
        assert_eq!(refused.code().0, wanted, "{answer:?}");
    }
    assert!(
        net.forms("https://id.example/token").is_empty(),
        "no code is shown before everything fits"
    );
    let kept = finish(&hands, &begun, &answered("the-code", Some(ISSUER), None)).await.unwrap();
    let form = net.forms("https://id.example/token").remove(0);
    assert_eq!((form["code"].as_str(), form["resource"].as_str()), ("the-code", AT));
    let sum = writ_identity::encode_base64url(&Digest::of(form["code_verifier"].as_bytes()).0);
    assert_eq!(sum, sent["code_challenge"]);
    assert_eq!(
        (kept.access.expose().as_str(), kept.scopes.as_slice()),
        ("at-1", ["a".to_owned(), "b".to_owned()].as_slice())
    );
    // Out of the vault it is the same, and shows nothing.
    let kept = kept.named(&hands);
    let read = Kept::from_bytes(&kept.to_bytes()).unwrap();
    assert_eq!(
        (read.connection, read.until, read.issuer.as_str()),
        (kept.connection, kept.until, ISSUER)
    );
    assert_eq!(read.refresh.unwrap().expose(), "rt-1");
    assert!(!format!("{kept:?}").contains("at-1"));
    assert!(Kept::from_bytes(&Secret::new(b"{}".to_vec())).is_err());
}

#[tokio::test]
async fn without_pkce_or_a_registration_nobody_is_sent_anywhere() {
    let scene = Scene::new();
    let code = async |net: Net, settings: Settings| {
        let begun = begin(&scene.hands(&net), &settings, (None, &[]), (REDIRECT, None)).await;
        begun.map(|begun| begun.client.id).map_err(|fault| fault.code().0)
    };
    let none = json!({"code_challenge_methods_supported": ["plain"]});
    assert_eq!(code(Net::usual(&none), settings()).await, Err("REAC-0024"));
    let assumed =
        Settings { assume_pkce: true, client: Some(registered(Proof::Nothing)), ..settings() };
    assert_eq!(code(Net::usual(&none), assumed).await, Ok("writ".to_owned()));
    let bare = json!({"registration_endpoint": null});
    assert_eq!(code(Net::usual(&bare), settings()).await, Err("REAC-0025"));
    let documents = json!({"client_id_metadata_document_supported": true});
    let ours = Settings { document: Some("https://w.example/c.json".to_owned()), ..settings() };
    assert_eq!(
        code(Net::usual(&documents), ours.clone()).await,
        Ok("https://w.example/c.json".to_owned())
    );
    let net =
        Net::usual(&json!({})).with("https://id.example/register", json!({"client_id": "dynamic"}));
    assert_eq!(code(net, ours).await, Ok("dynamic".to_owned()), "where it takes no documents");
    let needs = json!({"client_id": "c", "token_endpoint_auth_method": "client_secret_basic"});
    assert_eq!(
        code(Net::usual(&json!({})).with("https://id.example/register", needs), settings()).await,
        Err("REAC-0021")
    );
}

#[tokio::test]
async fn a_registration_is_shown_to_its_issuer_alone() {
    let scene = Scene::new();
    let says = json!({"authorization_response_iss_parameter_supported": true});
    let net = Net::usual(&says).with("https://id.example/register", json!({"client_id": "new"}));
    let mut known = ClientAt {
        issuer: ISSUER.to_owned(),
        id: "old".to_owned(),
        method: Method::Nothing,
        secret: None,
        key: None,
        redirect: None,
    };
    let again = begin(&scene.hands(&net), &settings(), (None, &[]), (REDIRECT, Some(&known)))
        .await
        .unwrap();
    assert_eq!(again.client.id, "old");
    known.issuer = "https://before.example".to_owned();
    let moved = begin(&scene.hands(&net), &settings(), (None, &[]), (REDIRECT, Some(&known)))
        .await
        .unwrap();
    assert_eq!(moved.client.id, "new");
    let read = ClientAt::from_bytes(&moved.client.to_bytes()).unwrap();
    let client = &moved.client;
    assert_eq!((&read.issuer, &read.id, read.method), (&client.issuer, &client.id, client.method));
    assert_eq!(read.redirect.as_deref(), Some(REDIRECT));
}

#[tokio::test]
async fn an_issuer_that_does_not_say_its_name_has_a_way_back_of_its_own() {
    let scene = Scene::new();
    let net =
        Net::usual(&json!({})).with("https://id.example/register", json!({"client_id": "new"}));
    let known = ClientAt {
        issuer: ISSUER.to_owned(),
        id: "old".to_owned(),
        method: Method::Nothing,
        secret: None,
        key: None,
        redirect: None,
    };
    let hands = scene.hands(&net);
    let asks = (None, [].as_slice());
    let begun = begin(&hands, &settings(), asks, (REDIRECT, Some(&known))).await.unwrap();
    let own = format!("{REDIRECT}/{}", way_back(ISSUER));
    assert_eq!((begun.redirect(), query(&begun.url)["redirect_uri"].as_str()), (&*own, &*own));
    assert_eq!(begun.client.id, "new", "a registration of another address is none");
    let body: serde_json::Value =
        serde_json::from_str(&net.bodies("https://id.example/register")[0]).unwrap();
    assert_eq!(body["redirect_uris"], json!([own]));
    let again = begin(&hands, &settings(), asks, (REDIRECT, Some(&begun.client))).await.unwrap();
    assert_eq!((again.redirect(), net.bodies("https://id.example/register").len()), (&*own, 1));
    assert_ne!(way_back(ISSUER), way_back("https://id.example/"));
    // What an operator registered has the address that they wrote down there.
    let client = Some(registered(Proof::Nothing));
    let listed = Settings { client, issuer: Some(ISSUER.to_owned()), ..settings() };
    let begun = begin(&hands, &listed, asks, (REDIRECT, None)).await.unwrap();
    assert_eq!(begun.redirect(), REDIRECT);
}

#[tokio::test]
async fn a_bound_token_needs_its_proof_and_its_nonce() {
    let scene = Scene::new();
    let dpop = json!({"dpop_signing_alg_values_supported": ["ES256"], "token_endpoint_auth_methods_supported": ["client_secret_basic"]});
    let nonce = json!({"error": "use_dpop_nonce"});
    let net = Net::usual(&dpop)
        .says("https://id.example/token", 400, nonce.clone(), Some("n-1"))
        .with("https://id.example/token", given("DPoP"));
    let settings = Settings {
        grant: Grant::Ourselves,
        client: Some(registered(Proof::Secret(Secret::new("s3".to_owned())))),
        ..settings()
    };
    let kept = by_ourselves(&scene.hands(&net), &settings, (None, &[])).await.unwrap();
    let forms = net.forms("https://id.example/token");
    assert_eq!(forms.len(), 2);
    assert!(forms.iter().all(|form| form[":authorization"] == "Basic d3JpdDpzMw=="), "{forms:?}");
    assert_ne!(forms[0][":dpop"], forms[1][":dpop"], "each proof is new");
    assert_eq!((kept.scheme, kept.key().unwrap().is_some()), (Scheme::Dpop, true));
    // The same key after the vault, so that the binding holds.
    let read = Kept::from_bytes(&kept.to_bytes()).unwrap();
    assert_eq!(
        read.key().unwrap().unwrap().thumbprint(),
        kept.key().unwrap().unwrap().thumbprint()
    );
    // One more try, not one after the other.
    let endless = Net::usual(&dpop).says("https://id.example/token", 400, nonce, Some("n-2"));
    let refused = by_ourselves(&scene.hands(&endless), &settings, (None, &[])).await.unwrap_err();
    assert_eq!(
        (refused.code().0, endless.forms("https://id.example/token").len()),
        ("REAC-0026", 2)
    );
    // What must be bound and is not is refused.
    let bearer = Net::usual(&json!({})).with("https://id.example/token", given("Bearer"));
    let always = Settings { dpop: Dpop::Always, ..settings.clone() };
    assert_eq!(
        by_ourselves(&scene.hands(&bearer), &always, (None, &[])).await.unwrap_err().code().0,
        "REAC-0027"
    );
    let other = Net::usual(&json!({})).with("https://id.example/token", given("mac"));
    assert_eq!(
        by_ourselves(&scene.hands(&other), &settings, (None, &[])).await.unwrap_err().code().0,
        "REAC-0027"
    );
}

#[tokio::test]
async fn words_of_others_are_exchanged_and_shown_once() {
    let scene = Scene::new();
    let word = Secret::new("eyJ.word\n".to_owned());
    let net = Net::usual(&json!({})).with("https://id.example/token", given("Bearer"));
    let workload =
        Settings { grant: Grant::Workload, client: Some(registered(Proof::Nothing)), ..settings() };
    by_assertion(&scene.hands(&net), &workload, (None, &[]), &word).await.unwrap();
    let form = net.forms("https://id.example/token").remove(0);
    assert_eq!(
        (form["grant_type"].as_str(), form["assertion"].as_str()),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "eyJ.word")
    );
    assert_eq!(
        (form["client_id"].as_str(), form["scope"].as_str(), form["resource"].as_str()),
        ("writ", "a b", AT)
    );
    let refusing = Net::usual(&json!({})).says(
        "https://id.example/token",
        400,
        json!({"error": "invalid_grant"}),
        None,
    );
    let refused =
        by_assertion(&scene.hands(&refusing), &workload, (None, &[]), &word).await.unwrap_err();
    assert!(
        refused.is_final() && refusing.forms("https://id.example/token").len() == 1,
        "not tried again: {refused}"
    );
    let provider = Provider {
        token: Place::parse("https://idp.example/token").unwrap(),
        client: Registered { id: "at-idp".to_owned(), proof: Proof::Nothing },
    };
    let enterprise = Settings { grant: Grant::Enterprise(Box::new(provider)), ..workload };
    let jag = json!({"access_token": "the-jag", "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag", "token_type": "N_A"});
    let net = Net::usual(&json!({}))
        .with("https://idp.example/token", jag)
        .with("https://id.example/token", given("Bearer"));
    by_exchange(&scene.hands(&net), &enterprise, (None, &[]), &word).await.unwrap();
    let asked = net.forms("https://idp.example/token").remove(0);
    assert_eq!(
        (asked["audience"].as_str(), asked["resource"].as_str(), asked["client_id"].as_str()),
        (ISSUER, AT, "at-idp")
    );
    assert_eq!(asked["requested_token_type"], "urn:ietf:params:oauth:token-type:id-jag");
    assert_eq!(net.forms("https://id.example/token")[0]["assertion"], "the-jag");
    let other = json!({"access_token": "x", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"});
    let net = Net::usual(&json!({})).with("https://idp.example/token", other);
    assert_eq!(
        by_exchange(&scene.hands(&net), &enterprise, (None, &[]), &word)
            .await
            .unwrap_err()
            .code()
            .0,
        "REAC-0021"
    );
    assert!(net.forms("https://id.example/token").is_empty());
}

#[tokio::test]
async fn tokens_are_refreshed_rotated_and_taken_back() {
    let scene = Scene::new();
    let key = Arc::new(AgentKey::generate_p256().unwrap());
    let settings = Settings {
        grant: Grant::Ourselves,
        client: Some(registered(Proof::Key(Arc::clone(&key)))),
        ..settings()
    };
    let new = json!({"access_token": "at-2", "token_type": "bearer", "expires_in": 60, "refresh_token": "rt-2"});
    let net = Net::usual(&json!({}))
        .with("https://id.example/token", given("Bearer"))
        .with("https://id.example/token", new)
        .with("https://id.example/token", json!({"access_token": "at-3", "token_type": "bearer"}))
        .with("https://id.example/revoke", json!({}));
    let hands = scene.hands(&net);
    let first = by_ourselves(&hands, &settings, (None, &[])).await.unwrap().named(&hands);
    let first = Kept::from_bytes(&first.to_bytes()).unwrap();
    let second = refreshed(&hands, &settings, &first).await.unwrap();
    let third = refreshed(&hands, &settings, &second).await.unwrap();
    let forms = net.forms("https://id.example/token");
    assert_eq!(
        (forms[1]["refresh_token"].as_str(), forms[2]["refresh_token"].as_str()),
        ("rt-1", "rt-2")
    );
    assert!(
        forms.iter().all(|form| form["client_assertion"].split('.').count() == 3),
        "signed each time"
    );
    assert_ne!(forms[1]["client_assertion"], forms[2]["client_assertion"]);
    assert_eq!(
        third.refresh.as_ref().unwrap().expose(),
        "rt-2",
        "the old one goes on if there is no new one"
    );
    assert_eq!((third.connection, third.scopes.len()), (first.connection, 2));
    assert!(revoke(&hands, &settings, &third).await.unwrap());
    assert_eq!(net.forms("https://id.example/revoke")[0]["token"], "rt-2");
}
