//! Sign-in at the provider's identity provider: the flow through the router, against an identity provider in memory that
//! a test can have say anything. The public one is in `tests-real/oidc.py`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use writ_desk::{OidcSettings, RoleMap, Strength};
use writ_identity::{JwkSet, SigningKey, jws};
use writ_model::{Role, Secret, Span};
use writ_reach::{Answer as Told, Ask, Fault, Outside, Payload, Place};

use crate::world::{Answer, Browser, ORIGIN, World, cookie_of, signing_of};

const ISSUER: &str = "https://id.example";
const ISS: &str = "https%3A%2F%2Fid.example";

/// An identity provider that says what a test tells it to.
#[derive(Debug)]
struct Idp {
    key: Mutex<SigningKey>,
    claims: Mutex<Value>,
    /// What its next tokens say otherwise.
    changes: Mutex<Value>,
    down: AtomicBool,
    asked: Mutex<Vec<String>>,
}

impl Idp {
    fn document(&self, ask: &Ask) -> Value {
        match ask.to.as_str() {
            "https://id.example/.well-known/openid-configuration" => json!({
                "issuer": ISSUER,
                "authorization_endpoint": "https://id.example/authorize",
                "token_endpoint": "https://id.example/token",
                "jwks_uri": "https://id.example/keys",
                "authorization_response_iss_parameter_supported": true,
            }),
            "https://id.example/keys" => JwkSet::of(&[self.key.lock().jwk()]).unwrap().to_json(),
            "https://id.example/token" => {
                let Payload::Form(form) = &ask.send else { panic!("{ask:?}") };
                let form = form.expose();
                assert!(form.contains("grant_type=authorization_code&code=c-"), "{form}");
                assert!(
                    form.contains("&redirect_uri=http%3A%2F%2Flocalhost%3A7420%2Foidc%2Fcallback")
                );
                assert!(form.contains("&code_verifier=") && !form.contains("hunter2"));
                let basic = ask.authorization.as_ref().unwrap().expose();
                assert_eq!(basic, "Basic d3JpdDpodW50ZXIy", "writ:hunter2");
                let claims = self.claims.lock().to_string();
                let token = jws::sign(&*self.key.lock(), "JWT", claims.as_bytes()).unwrap();
                json!({"id_token": token, "token_type": "Bearer", "access_token": "unread"})
            }
            other => panic!("{other}"),
        }
    }
}

#[async_trait]
impl Outside for Idp {
    async fn ask(&self, ask: Ask) -> Result<Told, Fault> {
        self.asked.lock().push(ask.to.as_str().to_owned());
        if self.down.load(Ordering::Relaxed) {
            return Err(Fault::Late { host: "id.example".to_owned() });
        }
        let body = self.document(&ask).to_string();
        Ok(Told {
            status: 200,
            media: "application/json".to_owned(),
            body: body.into(),
            ..Told::default()
        })
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32]).unwrap()
}

async fn world() -> (World, Arc<Idp>) {
    let world = World::founded().await;
    let idp = Arc::new(Idp {
        key: Mutex::new(key(1)),
        claims: Mutex::default(),
        changes: Mutex::default(),
        down: AtomicBool::new(false),
        asked: Mutex::default(),
    });
    let roles: BTreeMap<String, Role> = [("staff", Role::Engineer), ("audit", Role::Auditor)]
        .map(|(theirs, ours)| (theirs.to_owned(), ours))
        .into();
    let settings = OidcSettings {
        issuer: Place::parse(ISSUER).unwrap(),
        client_id: "writ".to_owned(),
        secret: Some(Secret::new("hunter2".to_owned())),
        name: "Example ID".to_owned(),
        scopes: vec!["groups".to_owned()],
        roles: Some(RoleMap { claim: "groups".to_owned(), roles }),
        strength: Strength {
            acr: vec!["phr".to_owned()],
            amr: vec!["hwk".to_owned(), "mfa".to_owned()],
            max_age: Some(Span::hours(12)),
        },
    };
    world.desk.set_oidc(settings, idp.clone());
    (world, idp)
}

/// A sign-in under way: what the browser keeps, and what the identity provider was told.
struct Begun {
    cookie: String,
    state: String,
    nonce: String,
}

fn begun(set_cookie: &str, to: &str) -> Begun {
    assert!(
        to.starts_with("https://id.example/authorize?response_type=code&client_id=writ&"),
        "{to}"
    );
    assert!(to.contains("&scope=openid+groups&") && to.contains("&code_challenge_method=S256"));
    assert!(to.contains("&acr_values=phr") && to.contains("&max_age=43200"), "{to}");
    let value = |name: &str| {
        let after = to.split(&format!("&{name}=")).nth(1).unwrap();
        after.split('&').next().unwrap().to_owned()
    };
    assert!(
        set_cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/oidc; Max-Age=600"),
        "{set_cookie}"
    );
    let cookie = set_cookie.split(';').next().unwrap().to_owned();
    Begun { cookie, state: value("state"), nonce: value("nonce") }
}

async fn get(world: &World, path: &str, host: &str, cookie: &str) -> Answer {
    let request = Request::get(path).header(header::HOST, host).header(header::COOKIE, cookie);
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn begin(world: &World) -> Begun {
    let answer = get(world, "/oidc/sign-in?next=%2Fqueue", "localhost:7420", "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{:?}", answer.headers);
    let (set, to) = (&answer.headers["set-cookie"], &answer.headers["location"]);
    begun(set.to_str().unwrap(), to.to_str().unwrap())
}

/// The identity provider answers with this subject and these groups.
async fn deliver(world: &World, idp: &Idp, begun: &Begun, who: (&str, &[&str])) -> Answer {
    let now = world.desk.now().seconds();
    *idp.claims.lock() = json!({
        "iss": ISSUER, "aud": "writ", "sub": who.0, "groups": who.1, "nonce": begun.nonce,
        "iat": now, "exp": now + 300, "auth_time": now - 60, "acr": "phr", "amr": ["pwd", "mfa"],
    });
    if let Some(changes) = idp.changes.lock().as_object() {
        let mut claims = idp.claims.lock();
        for (name, value) in changes {
            claims[name] = value.clone();
        }
    }
    let path = format!("/oidc/callback?code=c-1&state={}&iss={ISS}", begun.state);
    get(world, &path, "localhost:7420", &begun.cookie).await
}

async fn sign_in(world: &World, idp: &Idp, who: (&str, &[&str])) -> Answer {
    deliver(world, idp, &begin(world).await, who).await
}

fn refused(answer: &Answer) -> &str {
    assert_eq!(cookie_of(answer), None, "a session beside a refusal");
    let to = answer.headers["location"].to_str().unwrap();
    to.strip_prefix("/sign-in?refused=").unwrap()
}

async fn browser(world: &World, answer: &Answer) -> Browser {
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.headers);
    let mut browser = Browser { cookie: cookie_of(answer).unwrap(), csrf: String::new() };
    let session = world.desk.session(&browser.headers_bare()).await.unwrap().unwrap();
    browser.csrf = session.csrf.expose().clone();
    browser
}

/// A person links a subject, up to the signing.
async fn start(world: &World, browser: &Browser) -> Begun {
    let started = world.ask_as(browser, Method::POST, "/me/logins/start", None).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.json());
    let to = started.json()["redirect"].as_str().unwrap().to_owned();
    begun(started.headers["set-cookie"].to_str().unwrap(), &to)
}

async fn link(world: &World, idp: &Idp, name: &str, subject: &str) -> Answer {
    let browser = world.sign_in(name).await;
    let begun = start(world, &browser).await;
    let answer = deliver(world, idp, &begun, (subject, &[])).await;
    let to = answer.headers["refresh"].to_str().unwrap().to_owned();
    let code = to.strip_prefix("0; url=/sign/").unwrap();
    let path = format!("/signings/{code}");
    let signing = world.ask_as(&browser, Method::GET, &path, None).await.json();
    assert!(signing["text"].to_string().contains(subject), "{}", signing["text"]);
    let response = world.assertion(name, &signing["options"]);
    world.ask_as(&browser, Method::POST, &path, Some(&response)).await
}

#[tokio::test]
async fn a_linked_subject_signs_its_person_in_with_the_roles_that_are_left() {
    let (world, idp) = world().await;
    assert_eq!(refused(&sign_in(&world, &idp, ("mira", &["staff"])).await), "OIDC-0008");
    let linked = link(&world, &idp, "Mira Okafor", "mira").await;
    assert_eq!(linked.status, StatusCode::OK, "{}", linked.json());
    assert_eq!(refused(&sign_in(&world, &idp, ("mira", &["audit"])).await), "OIDC-0010");
    assert_eq!(refused(&sign_in(&world, &idp, ("mira", &[])).await), "OIDC-0010");
    assert_eq!(refused(&sign_in(&world, &idp, ("Mira", &["staff"])).await), "OIDC-0008");

    let answer = sign_in(&world, &idp, ("mira", &["staff", "others"])).await;
    assert_eq!(answer.headers["refresh"], "0; url=/queue");
    let mira = browser(&world, &answer).await;
    let me = world.ask_as(&mira, Method::GET, "/me", None).await.json();
    assert_eq!(
        (me["name"].as_str(), me["signed_in_by"].as_str()),
        (Some("Mira Okafor"), Some("oidc"))
    );
    let at = "/clients/harbor-books";
    let group = |name: &str| json!({"name": name});
    let done =
        world.ask_as(&mira, Method::POST, &format!("{at}/groups"), Some(&group("one"))).await;
    assert_eq!(done.status, StatusCode::OK, "an engineer may: {}", done.json());
    let invitation = json!({"name": "Dana Cole", "side": "client", "roles": ["owner"]});
    let invite = format!("{at}/invitations");
    let no = world.ask_as(&mira, Method::POST, &invite, Some(&invitation)).await;
    assert_eq!((no.status, no.json()["code"].as_str()), (StatusCode::FORBIDDEN, Some("AUTH-0003")));
    let whole = world.sign_in("Mira Okafor").await;
    let asked = world.ask_as(&whole, Method::POST, &invite, Some(&invitation)).await;
    assert!(
        signing_of(&asked).is_some(),
        "the whole seat may, once it is signed: {}",
        asked.json()
    );
    let export = "/clients/northwind-it/export/allow";
    let asked = world.ask_as(&mira, Method::POST, export, Some(&json!({}))).await;
    assert!(
        signing_of(&asked).is_some(),
        "and what is sensitive is signed here too: {}",
        asked.json()
    );
    world.check().await;
}

#[tokio::test]
async fn whoever_left_is_refused_and_what_is_unlinked_signs_nobody_in() {
    let (world, idp) = world().await;
    let tom = world.staff("Tom Reyes", "engineer").await;
    assert_eq!(link(&world, &idp, "Tom Reyes", "tom").await.status, StatusCode::OK);
    let open = browser(&world, &sign_in(&world, &idp, ("tom", &["staff"])).await).await;
    let unlink = json!({"issuer": ISSUER, "subject": "tom"});
    let mira = world.sign_in("Mira Okafor").await;
    let not_hers = world.ask_as(&mira, Method::POST, "/me/logins/unlink", Some(&unlink)).await;
    assert_ne!(not_hers.status, StatusCode::OK, "{}", not_hers.json());
    let done = world.ask_as(&open, Method::POST, "/me/logins/unlink", Some(&unlink)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    assert!(world.desk.session(&open.headers_bare()).await.unwrap().is_none());
    assert_eq!(refused(&sign_in(&world, &idp, ("tom", &["staff"])).await), "OIDC-0008");

    assert_eq!(link(&world, &idp, "Tom Reyes", "tom").await.status, StatusCode::OK);
    let open = browser(&world, &sign_in(&world, &idp, ("tom", &["staff"])).await).await;
    world.done(&format!("/provider/people/{tom}/offboard"), json!({"reason": "moved"})).await;
    assert!(world.desk.session(&open.headers_bare()).await.unwrap().is_none());
    assert_eq!(refused(&sign_in(&world, &idp, ("tom", &["staff"])).await), "OIDC-0009");
    world.check().await;
}

#[tokio::test]
async fn a_login_is_linked_to_one_person_and_only_while_their_session_lives() {
    let (world, idp) = world().await;
    world.people().await;
    assert_eq!(link(&world, &idp, "Mira Okafor", "mira").await.status, StatusCode::OK);
    let tom = world.sign_in("Tom Reyes").await;
    let taken = deliver(&world, &idp, &start(&world, &tom).await, ("mira", &[])).await;
    assert_eq!(refused(&taken), "OIDC-0012", "another's");
    let pending = start(&world, &tom).await;
    let open = world.desk.session(&tom.headers_bare()).await.unwrap().unwrap();
    world.desk.sign_out(&open);
    assert_eq!(
        refused(&deliver(&world, &idp, &pending, ("tom", &[])).await),
        "OIDC-0012",
        "signed out"
    );
    let dana = world.sign_in("Dana Cole").await;
    let no = world.ask_as(&dana, Method::POST, "/me/logins/start", None).await;
    assert_eq!(
        (no.status.as_u16(), no.json()["code"].as_str()),
        (403, Some("OIDC-0012")),
        "a client's"
    );
    let no = world.post("/me/logins/start", json!({})).await;
    assert_eq!(no.json()["code"], "OIDC-0012", "the command line has no session");
    world.check().await;
}

#[tokio::test]
async fn an_answer_is_good_once_in_its_browser_from_its_issuer_and_in_time() {
    let (world, idp) = world().await;
    link(&world, &idp, "Mira Okafor", "mira").await;
    let who = ("mira", &["staff"][..]);
    let one = begin(&world).await;
    assert_eq!(deliver(&world, &idp, &one, who).await.status, StatusCode::OK);
    assert_eq!(refused(&deliver(&world, &idp, &one, who).await), "OIDC-0003", "twice");
    let (mine, theirs) = (begin(&world).await, begin(&world).await);
    let forged = Begun { cookie: mine.cookie.clone(), ..theirs };
    assert_eq!(
        refused(&deliver(&world, &idp, &forged, who).await),
        "OIDC-0003",
        "another browser's"
    );
    let late = begin(&world).await;
    world.clock.advance(Span::minutes(10));
    assert_eq!(refused(&deliver(&world, &idp, &late, who).await), "OIDC-0003", "late");
    for (query, code) in [
        ("code=c-1&iss=https%3A%2F%2Fother.example", "OIDC-0004"),
        ("code=c-1", "OIDC-0004"),
        ("error=access_denied&iss=ISS", "OIDC-0005"),
        ("iss=ISS", "OIDC-0005"),
        ("code=c-1&code=c-2&iss=ISS", "OIDC-0003"),
    ] {
        let one = begin(&world).await;
        let query = query.replace("ISS", ISS);
        let path = format!("/oidc/callback?{query}&state={}", one.state);
        let answer = get(&world, &path, "localhost:7420", &one.cookie).await;
        assert_eq!(refused(&answer), code, "{query}");
    }
    let one = begin(&world).await;
    let other = Begun { nonce: "other".to_owned(), ..one };
    assert_eq!(refused(&deliver(&world, &idp, &other, who).await), "OIDC-0007", "nonce");
}

#[tokio::test]
async fn a_weak_or_old_sign_in_there_is_none_here() {
    let (world, idp) = world().await;
    link(&world, &idp, "Mira Okafor", "mira").await;
    let now = world.desk.now().seconds();
    for (changes, code) in [
        (json!({"acr": "1"}), "OIDC-0013"),
        (json!({"acr": null}), "OIDC-0013"),
        (json!({"amr": ["pwd"]}), "OIDC-0013"),
        (json!({"amr": null}), "OIDC-0013"),
        (json!({"auth_time": now - 13 * 3600}), "OIDC-0007"),
        (json!({"auth_time": null}), "OIDC-0007"),
    ] {
        *idp.changes.lock() = changes.clone();
        let answer = sign_in(&world, &idp, ("mira", &["staff"])).await;
        assert_eq!(refused(&answer), code, "{changes}");
    }
}

#[tokio::test]
async fn signing_in_again_leaves_no_session_behind() {
    let (world, idp) = world().await;
    link(&world, &idp, "Mira Okafor", "mira").await;
    let before = world.sign_in("Mira Okafor").await;
    let request = Request::get("/oidc/sign-in?next=%2Fqueue")
        .header(header::HOST, "localhost:7420")
        .header(header::COOKIE, format!("{}={}", writ_desk::COOKIE, before.cookie));
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    let (set, to) = (&answer.headers["set-cookie"], &answer.headers["location"]);
    let one = begun(set.to_str().unwrap(), to.to_str().unwrap());
    assert!(world.desk.session(&before.headers_bare()).await.unwrap().is_some(), "not yet");
    let answer = deliver(&world, &idp, &one, ("mira", &["staff"])).await;
    let after = browser(&world, &answer).await;
    assert!(world.desk.session(&before.headers_bare()).await.unwrap().is_none());
    let options = world.door("/passkey/sign-in/options", json!({})).await.json();
    let response = world.assertion("Mira Okafor", &options["options"]);
    let again = world.door_as(&after, "/passkey/sign-in", json!({"response": response})).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(world.desk.session(&after.headers_bare()).await.unwrap().is_none());
}

#[tokio::test]
async fn it_is_asked_seldom_and_new_keys_are_found() {
    let (world, idp) = world().await;
    link(&world, &idp, "Mira Okafor", "mira").await;
    let who = ("mira", &["staff"][..]);
    let count = |what: &str| idp.asked.lock().iter().filter(|one| one.ends_with(what)).count();
    assert_eq!(sign_in(&world, &idp, who).await.status, StatusCode::OK);
    assert_eq!((count("openid-configuration"), count("/keys")), (1, 1));
    *idp.key.lock() = key(2);
    assert_eq!(refused(&sign_in(&world, &idp, who).await), "OIDC-0007", "not read again yet");
    assert_eq!(count("/keys"), 1);
    world.clock.advance(Span::minutes(1));
    assert_eq!(sign_in(&world, &idp, who).await.status, StatusCode::OK);
    assert_eq!((count("openid-configuration"), count("/keys")), (1, 2));

    world.clock.advance(Span::hours(1));
    idp.down.store(true, Ordering::Relaxed);
    let door = "/oidc/sign-in";
    for _ in 0..3 {
        assert_eq!(refused(&get(&world, door, "localhost:7420", "").await), "OIDC-0002");
    }
    assert_eq!(count("openid-configuration"), 2, "a pause after a failure");
    idp.down.store(false, Ordering::Relaxed);
    world.clock.advance(Span::seconds(5));
    assert_eq!(sign_in(&world, &idp, who).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_door_stands_at_the_origin_and_only_if_it_is_set_up() {
    let (world, _idp) = world().await;
    let here = get(&world, "/oidc/sign-in?next=%2Fqueue", "127.0.0.1:7420", "").await;
    let there = format!("{ORIGIN}/oidc/sign-in?next=%2Fqueue");
    assert_eq!(here.headers["location"], there.as_str(), "the cookie must be the origin's");
    for (site, to) in [
        ("same-origin", "https://id.example/authorize?"),
        ("none", "https://id.example/authorize?"),
        ("cross-site", "/sign-in?next=%2Fqueue"),
        ("same-site", "/sign-in?next=%2Fqueue"),
    ] {
        let request = Request::get("/oidc/sign-in?next=%2Fqueue")
            .header(header::HOST, "localhost:7420")
            .header("sec-fetch-site", site);
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert!(answer.headers["location"].to_str().unwrap().starts_with(to), "{site}");
    }
    for path in ["/oidc/sign-in", "/oidc/callback"] {
        assert_eq!(get(&world, path, "evil.example", "").await.status, StatusCode::FORBIDDEN);
    }
    let keys = get(&world, "/oidc/jwks", "localhost:7420", "").await.json();
    assert_eq!(keys["keys"][0]["alg"], "EdDSA");
    assert!(keys["keys"][0].get("d").is_none());
    let bare = World::founded().await;
    assert_eq!(bare.desk.oidc_name(), None);
    assert_eq!(refused(&get(&bare, "/oidc/sign-in", "localhost:7420", "").await), "OIDC-0001");
    let callback = "/oidc/callback?code=c&state=s";
    assert_eq!(refused(&get(&bare, callback, "localhost:7420", "").await), "OIDC-0001");
}
