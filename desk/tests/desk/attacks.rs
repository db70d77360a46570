//! What strangers try at the doors: fixation, clickjacking, redirects, enumeration, guessing, replay.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use writ_authority::{
    Admitted, Fact, State,
    fact::{Entry, LedgerFounded, PersonSeated},
};
use writ_identity::webauthn::{Knobs, SoftKind, SoftPasskey};
use writ_model::{Actor, Fold as _, PersonId, Role, Side, Span, TenantId};

use crate::world::{Answer, Browser, ORIGIN, World, cookie_of};

async fn options(world: &World) -> Value {
    world.door("/passkey/sign-in/options", json!({})).await.json()["options"].clone()
}

async fn enter(world: &World, response: &Value) -> Answer {
    world.door("/passkey/sign-in", json!({"response": response})).await
}

/// A problem without what differs from request to request.
fn shape(answer: &Answer) -> (u16, Value) {
    let mut problem = answer.json();
    problem["request_id"] = Value::Null;
    (answer.status.as_u16(), problem)
}

fn turned(world: &World, name: &str, options: &Value, change: fn(&mut Knobs)) -> Value {
    let mut people = world.people.lock();
    let key = &mut people.get_mut(name).unwrap().key;
    change(key.knobs());
    let response = key.assert(options, ORIGIN).unwrap();
    *key.knobs() = Knobs::default();
    response
}

#[tokio::test]
async fn a_cookie_that_was_there_before_is_never_adopted() {
    let world = World::founded().await;
    let planted = Browser { cookie: "planted-by-somebody".to_owned(), csrf: "x".to_owned() };
    let response = world.assertion("Mira Okafor", &options(&world).await);
    let signed = world.door_as(&planted, "/passkey/sign-in", json!({"response": response})).await;
    assert_eq!(signed.status, 200);
    let given = cookie_of(&signed).unwrap();
    assert_ne!(given, planted.cookie);
    assert!(world.desk.session(&planted.headers_bare()).await.unwrap().is_none());
    // Signing in again gives another one, and another token.
    let response = world.assertion("Mira Okafor", &options(&world).await);
    let mine = Browser { cookie: given.clone(), csrf: String::new() };
    let again = world.door_as(&mine, "/passkey/sign-in", json!({"response": response})).await;
    assert_ne!(cookie_of(&again).unwrap(), given);
}

#[tokio::test]
async fn nothing_is_shown_inside_another_page() {
    let world = World::founded().await;
    for answer in [
        world.send(world.request(http::Method::GET, "/me", None)).await,
        world.door("/passkey/sign-in/options", json!({})).await,
        world.door("/join/0000/options", json!({})).await,
    ] {
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn signing_in_leads_only_to_our_own_pages() {
    let world = World::founded().await;
    for (next, to) in [
        (json!("/clients/harbor-books"), "/clients/harbor-books"),
        (json!("https://evil.example/"), "/"),
        (json!("//evil.example/"), "/"),
        (json!("/\\evil.example/"), "/"),
        (json!("javascript:alert(1)"), "/"),
        (Value::Null, "/"),
    ] {
        let response = world.assertion("Mira Okafor", &options(&world).await);
        let body = json!({"response": response, "next": next});
        let signed = world.door("/passkey/sign-in", body).await;
        assert_eq!(signed.json()["next"], to, "{next}");
    }
}

#[tokio::test]
async fn every_bad_passkey_is_answered_the_same() {
    let world = World::active().await;
    let options = async || options(&world).await;
    let mut seen = Vec::new();
    for change in [
        (|k| k.origin = Some("http://evil.example".to_owned())) as fn(&mut Knobs),
        |k| k.clear_flags = 4,
        |k| k.challenge = Some(vec![1; 32]),
        |k| k.other_key = Some([3; 32]),
        |k| k.user_handle = Some("prs_01j9z3k4m5n6p7q8r9s0t1v2w3".to_owned()),
        |k| k.user_handle = Some(String::new()),
    ] {
        let response = turned(&world, "Ines Park", &options().await, change);
        seen.push(enter(&world, &response).await);
    }
    // One that nobody has, one that is revoked, one that was answered already.
    let mut unknown = SoftPasskey::from_seed([5; 32], SoftKind::EdDsa);
    unknown.knobs().user_handle = Some(world.people.lock()["Ines Park"].id.clone());
    let response = unknown.assert(&options().await, ORIGIN).unwrap();
    seen.push(enter(&world, &response).await);
    let given = options().await;
    let response = world.assertion("Ines Park", &given);
    assert_eq!(enter(&world, &response).await.status, 200);
    seen.push(enter(&world, &response).await);
    let ines = world.person("Ines Park").await;
    let leave = format!("/clients/harbor-books/people/{ines}/leave");
    world.done_as("Dana Cole", &leave, json!({})).await;
    let response = world.assertion("Ines Park", &options().await);
    seen.push(enter(&world, &response).await);
    let wanted = shape(&seen[0]);
    assert_eq!((wanted.0, wanted.1["code"].as_str()), (403, Some("DESK-0012")));
    for (at, answer) in seen.iter().enumerate() {
        assert_eq!(shape(answer), wanted, "{at}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

#[tokio::test]
async fn an_unknown_a_used_and_an_expired_code_are_answered_the_same() {
    let world = World::active().await;
    let invite = "/clients/harbor-books/invitations";
    let body = |name: &str| json!({"name": name, "side": "client", "roles": ["approver"]});
    let code = |made: &Value, what: &str| {
        let link = made["link"].as_str().unwrap();
        link.strip_prefix(&format!("{ORIGIN}/{what}/")).unwrap().to_owned()
    };
    let used = world.done_as("Dana Cole", invite, body("Omar Diaz")).await;
    world.join(&used, "Omar Diaz").await;
    let withdrawn = world.done_as("Dana Cole", invite, body("Una Berg")).await;
    let id = withdrawn["invitation"].as_str().unwrap();
    let path = format!("{invite}/{id}/withdraw");
    world.done_as("Dana Cole", &path, json!({"reason": "Wrong person"})).await;
    let expired = world.done_as("Dana Cole", invite, body("Vic Moss")).await;
    let recovery = "/clients/harbor-books/people/Ines Park/recover".replace(' ', "%20");
    let lost = world.done_as("Dana Cole", &recovery, json!({"reason": "Lost the phone"})).await;
    world.clock.advance(Span::days(7));
    let mut seen = Vec::new();
    for code in [
        "0000-0000-0000-0000-0000-0000-0000".to_owned(),
        "nonsense".to_owned(),
        code(&used, "join"),
        code(&withdrawn, "join"),
        code(&expired, "join"),
        // A recovery's code opens no invitation.
        code(&lost, "recover"),
    ] {
        seen.push(world.door(&format!("/join/{code}/options"), json!({})).await);
        let body = json!({"label": "x", "response": {"id": "AQ", "rawId": "AQ", "type": "public-key",
            "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}});
        seen.push(world.door(&format!("/join/{code}"), body).await);
    }
    for code in [code(&lost, "recover"), code(&expired, "join"), "nonsense".to_owned()] {
        seen.push(world.door(&format!("/recover/{code}/options"), json!({})).await);
    }
    let wanted = shape(&seen[0]);
    assert_eq!((wanted.0, wanted.1["code"].as_str()), (403, Some("DESK-0014")));
    for (at, answer) in seen.iter().enumerate() {
        assert_eq!(shape(answer), wanted, "{at}");
    }
    world.check().await;
}

#[tokio::test]
async fn guessing_codes_and_keys_is_bounded() {
    let world = World::active().await;
    let body = json!({"name": "Omar Diaz", "side": "client", "roles": ["approver"]});
    let made = world.done_as("Dana Cole", "/clients/harbor-books/invitations", body).await;
    let good = made["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    for guess in 0..60 {
        let path = format!("/join/{guess:04}-0000-0000-0000-0000-0000-0000/options");
        assert_eq!(world.door(&path, json!({})).await.json()["code"], "DESK-0014");
    }
    let closed = world.door(&format!("{good}/options"), json!({})).await;
    assert_eq!((closed.status.as_u16(), &closed.json()["code"]), (503, &json!("DESK-0008")));
    for _ in 0..10 {
        let given = options(&world).await;
        let response = turned(&world, "Ines Park", &given, |k| k.other_key = Some([3; 32]));
        assert_eq!(enter(&world, &response).await.json()["code"], "DESK-0012");
    }
    let response = world.assertion("Ines Park", &options(&world).await);
    assert_eq!(enter(&world, &response).await.json()["code"], "DESK-0008", "this key for a minute");
    world.sign_in("Dana Cole").await;
    world.clock.advance(Span::minutes(1));
    world.sign_in("Ines Park").await;
    assert_eq!(world.door(&format!("{good}/options"), json!({})).await.status, 200);
}

#[tokio::test]
async fn strangers_who_guess_do_not_keep_others_out() {
    let world = World::active().await;
    let good = world.assertion("Ines Park", &options(&world).await);
    let mut last = 0;
    for guess in 0..601 {
        let mut bad = good.clone();
        let id = format!("AAAA{guess:04}");
        (bad["id"], bad["rawId"]) = (json!(id), json!(id));
        last = enter(&world, &bad).await.status.as_u16();
    }
    assert_eq!(last, 503, "the door is closed to strangers");
    world.sign_in("Ines Park").await;
}

#[tokio::test]
async fn a_door_is_opened_only_from_our_own_page_and_under_our_own_name() {
    let world = World::founded().await;
    for (host, origin, code) in [
        ("localhost:7420", "http://evil.example", "DESK-0005"),
        ("localhost:7420", "null", "DESK-0005"),
        ("evil.example", "http://localhost:7420", "DESK-0006"),
    ] {
        for path in writ_desk::doors().iter().map(|door| door.path.replace("{code}", "0000")) {
            let request = Request::post(&path)
                .header(header::HOST, host)
                .header(header::ORIGIN, origin)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from("{}"))
                .unwrap();
            let refused = world.send(request).await;
            let got = refused.json()["code"].as_str().unwrap().to_owned();
            // Without the first link's session `/welcome` asks for that first.
            let first =
                path.starts_with("/welcome") && got == "DESK-0001" && host != "evil.example";
            assert!(got == code || first, "{path} {origin}: {got}");
        }
    }
}

async fn provider(world: &World) -> State {
    let id = world.get("/provider").await["tenant"].as_str().unwrap().parse().unwrap();
    world.tenants.view(id).await.unwrap().state.clone()
}

/// Lines that somebody with the disk adds to a ledger.
async fn appended(world: &World, tenant: TenantId, facts: Vec<Fact>) {
    let (actor, at) = (Actor::system("attacker"), world.desk.now());
    let line = |fact| Entry { actor: actor.clone(), at, fact, v: 1 }.to_line().unwrap().into();
    let lines = facts.into_iter().map(line).collect();
    let ledger = world.tenants.ledger();
    let heads = ledger.heads().await.unwrap();
    let size = heads.iter().find(|(id, _)| *id == tenant).map_or(0, |(_, head)| head.size);
    ledger.append(tenant, size, lines).await.unwrap();
}

/// A client's ledger that names this person its own, with a key of the attacker's.
async fn book_of(world: &World, whose: &str, side: Side) -> (State, SoftPasskey) {
    let provider = provider(world).await;
    let person: PersonId = world.people.lock()[whose].id.parse().unwrap();
    let real = provider.live_keys(person).next().map(|(_, key)| key.says.as_ref().clone());
    let mut real =
        real.unwrap_or_else(|| provider.passkeys.values().next().unwrap().says.as_ref().clone());
    let mut theirs = SoftPasskey::from_seed([9; 32], SoftKind::Es256);
    let asked = json!({"rp": {"id": "localhost", "name": "x"}, "challenge": "AAAA",
        "user": {"id": "AA", "name": "x", "displayName": "x"}, "pubKeyCredParams": [{"alg": -7}]});
    let made = theirs.register(&asked, ORIGIN).unwrap();
    real.credential = made["id"].as_str().unwrap().to_owned();
    real.jwk = theirs.jwk().unwrap();
    real.person = person;
    let tenant = TenantId::from_bytes([1; 16]);
    let founded = LedgerFounded {
        tenant,
        side,
        name: "Mallory Ltd".to_owned(),
        slug: "mallory".to_owned(),
        provider: Some(TenantId::from_bytes([2; 16])),
        checkpoint_key: "x+00000000+AQ==".to_owned(),
    };
    let (name, roles) = (whose.to_owned(), vec![Role::Owner]);
    let mut state = State::empty(tenant);
    let facts = [
        Fact::LedgerFounded(founded),
        Fact::PersonSeated(PersonSeated { person, name: name.into(), side: Side::Client, roles }),
        Fact::PasskeyAdded { key: Box::new(real), admitted: Admitted::Admission },
    ];
    for (index, fact) in (0..).zip(facts) {
        let (actor, at) = (Actor::system("attacker"), world.desk.now());
        state.fold(index, &Entry { actor, at, fact, v: 1 }.to_line().unwrap()).unwrap();
    }
    (state, theirs)
}

#[tokio::test]
async fn a_book_that_is_brought_names_nobody_of_ours_its_own() {
    let world = World::active().await;
    for (whose, side) in [
        ("Mira Okafor", Side::Client),
        ("Dana Cole", Side::Client),
        ("Mira Okafor", Side::Provider),
    ] {
        let (state, _) = book_of(&world, whose, side).await;
        let refused = world.desk.may_take_over(&state, "mallory").await;
        assert!(refused.is_err(), "{whose} {side}");
    }
}

#[tokio::test]
async fn a_key_that_another_party_admitted_signs_nobody_in() {
    let world = World::active().await;
    let (state, theirs) = book_of(&world, "Mira Okafor", Side::Client).await;
    let key = state.passkeys.values().next().unwrap().says.clone();
    let provider = provider(&world).await;
    let harbor = *provider.clients.keys().next().unwrap();
    let added = Fact::PasskeyAdded { key: Box::new((*key).clone()), admitted: Admitted::Own };
    appended(&world, harbor, vec![added]).await;
    let world = world.reopened(9).await;
    let asked = options(&world).await;
    let mut theirs = theirs;
    theirs.knobs().user_handle = Some(key.person.to_string());
    let response = theirs.assert(&asked, ORIGIN).unwrap();
    let answer = enter(&world, &response).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &json!("DESK-0012")));
}

#[tokio::test]
async fn a_key_that_was_revoked_at_home_signs_nowhere() {
    let world = World::active().await;
    let provider = provider(&world).await;
    let mira: PersonId = world.people.lock()["Mira Okafor"].id.parse().unwrap();
    // The copy at the client is not revoked yet.
    let (passkey, _) = provider.live_keys(mira).next().unwrap();
    let revoked = Fact::PasskeyRevoked { passkey, reason: "lost".to_owned() };
    appended(&world, provider.tenant, vec![revoked]).await;
    let world = world.reopened(9).await;
    let asked = world.post_bare("/clients/harbor-books/export/allow", json!({})).await;
    let signing = crate::world::signing_of(&asked).unwrap();
    let response = world.assertion("Mira Okafor", &signing["options"]);
    let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
    let answer = world.send(world.request(http::Method::POST, &path, Some(&response))).await;
    assert_eq!(answer.json()["code"], "DESK-0013", "{}", answer.json());
}
