//! Signing: asked, shown, signed once with the right passkey, refused for everything else.

use axum::http::Method;
use serde_json::{Value, json};
use writ_identity::webauthn::Knobs;
use writ_model::Span;

use crate::world::{Browser, ORIGIN, World, signing_of};

const BOT: &str = "/clients/harbor-books/agents/invoice-bot";

/// Asks for something that takes a signature and gives the signing.
async fn asked(world: &World, browser: &Browser, path: &str, body: Value) -> Value {
    let answer = world.ask_as(browser, Method::POST, path, Some(&body)).await;
    signing_of(&answer).unwrap_or_else(|| panic!("{path}: {}", answer.json()))
}

async fn sign(world: &World, browser: &Browser, signing: &Value, response: &Value) -> (u16, Value) {
    let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
    let answer = world.ask_as(browser, Method::POST, &path, Some(response)).await;
    (answer.status.as_u16(), answer.json())
}

async fn state(world: &World, browser: &Browser, signing: &Value) -> Value {
    let path = format!("/signings/{}", signing["code"].as_str().unwrap().to_lowercase());
    world.ask_as(browser, Method::GET, &path, None).await.json()
}

/// What a passkey turned like this answers.
fn turned(world: &World, name: &str, options: &Value, knobs: Knobs) -> Value {
    let mut people = world.people.lock();
    let key = &mut people.get_mut(name).unwrap().key;
    *key.knobs() = knobs;
    let response = key.assert(options, ORIGIN).unwrap();
    *key.knobs() = Knobs::default();
    response
}

#[tokio::test]
async fn an_act_is_shown_signed_and_done_once() {
    let world = World::active().await;
    world.done(&format!("{BOT}/hold"), json!({"reason": "Month end"})).await;
    let dana = world.sign_in("Dana Cole").await;
    let before = world.get("/clients/harbor-books").await["lines"].as_u64().unwrap();
    let signing = asked(&world, &dana, &format!("{BOT}/release"), json!({})).await;
    assert_eq!(signing["state"], "waiting");
    assert_eq!(signing["person"]["name"], "Dana Cole");
    assert_eq!(signing["client"]["slug"], "harbor-books");
    let code = signing["code"].as_str().unwrap();
    assert_eq!(signing["url"], json!(format!("{ORIGIN}/sign/{code}")));
    assert!(signing["next"].as_str().unwrap().starts_with("/clients/harbor-books/agents/agt_"));
    let text = signing["text"].to_string();
    assert!(text.contains("invoice-bot") && text.contains("Harbor Books"), "{text}");
    assert_eq!(world.get("/clients/harbor-books").await["lines"], json!(before), "not done yet");

    // The second device shows the same; nobody else sees anything.
    let phone = world.sign_in("Dana Cole").await;
    let shown = state(&world, &phone, &signing).await;
    assert_eq!((&shown["text"], &shown["digest"]), (&signing["text"], &signing["digest"]));
    for other in ["Ines Park", "Mira Okafor"] {
        let browser = world.sign_in(other).await;
        assert_eq!(state(&world, &browser, &signing).await["code"], "DESK-0004", "{other}");
        let response = world.assertion("Dana Cole", &signing["options"]);
        assert_eq!(sign(&world, &browser, &signing, &response).await.1["code"], "DESK-0004");
    }

    let response = world.assertion("Dana Cole", &signing["options"]);
    let (status, done) = sign(&world, &phone, &signing, &response).await;
    assert_eq!((status, done["says"][0].as_str()), (200, Some("invoice-bot was released.")));
    let line = done["line"].as_u64().unwrap();
    let receipt = world.get(&format!("/clients/harbor-books/ledger/{}", line - 1)).await;
    assert_eq!(
        (receipt["kind"].as_str(), receipt["by"].as_str()),
        (Some("act_signed"), Some("Dana Cole"))
    );
    assert_eq!(line - 1, before, "the receipt comes directly before what it makes so");
    let seen = state(&world, &dana, &signing).await;
    assert_eq!((seen["state"].as_str(), &seen["outcome"]), (Some("signed"), &done));

    let (status, again) = sign(&world, &dana, &signing, &response).await;
    assert_eq!((status, again["code"].as_str()), (403, Some("DESK-0017")), "once");
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_signature_sent_many_times_at_once_acts_once() {
    let world = World::active().await;
    let dana = world.sign_in("Dana Cole").await;
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "send_message", "reason": "It answers suppliers"});
    let signing = asked(&world, &dana, "/clients/harbor-books/grants", grant).await;
    let response = world.assertion("Dana Cole", &signing["options"]);
    let sends = (0..8).map(|_| sign(&world, &dana, &signing, &response));
    let answers = futures_util::future::join_all(sends).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
    assert!(answers.iter().all(|(status, _)| [200, 403].contains(status)));
    assert_eq!(world.get("/clients/harbor-books/grants").await.as_array().unwrap().len(), 1);
    world.check().await;
}

#[tokio::test]
async fn who_waits_for_a_signature_is_told_when_it_comes() {
    let world = World::active().await;
    let path = format!("{BOT}/quarantine");
    world.done(&path, json!({"reason": "Odd calls"})).await;
    let answer = world.post_bare(&format!("{BOT}/release"), json!({})).await;
    let signing = signing_of(&answer).unwrap();
    let id = signing["signing"].as_str().unwrap();
    let path = format!("/signings/{id}?wait=20");
    let waits = world.get(&path);
    let signs = async {
        tokio::task::yield_now().await;
        let response = world.assertion("Mira Okafor", &signing["options"]);
        let path = format!("/signings/{id}");
        world.send(world.request(Method::POST, &path, Some(&response))).await
    };
    let (seen, done) = tokio::join!(waits, signs);
    assert_eq!(done.status, 200, "{}", done.json());
    assert_eq!((seen["state"].as_str(), &seen["outcome"]), (Some("signed"), &done.json()));
    world.check().await;
}

#[tokio::test]
async fn what_would_be_refused_is_never_asked_for() {
    let world = World::active().await;
    let body = json!({"name": "mail-bot", "kind": "ai_agent", "purpose": "Answers mail"});
    world.done("/clients/harbor-books/agents", body).await;
    let path = "/clients/harbor-books/agents/mail-bot/activate";
    let refused = world.post_bare(path, json!({})).await;
    assert_eq!(refused.json()["code"], "AUTH-0008");
    let noor = world.sign_in("Noor Haddad").await;
    let refused = world.ask_as(&noor, Method::POST, path, Some(&json!({}))).await;
    assert_eq!(refused.json()["code"], "AUTH-0003");
}

#[tokio::test]
async fn a_signature_comes_in_time_and_may_be_refused() {
    let world = World::active().await;
    let dana = world.sign_in("Dana Cole").await;
    let end = format!("{BOT}/terminate");
    let signing = asked(&world, &dana, &end, json!({"reason": "Over"})).await;
    let response = world.assertion("Dana Cole", &signing["options"]);
    world.clock.advance(Span::minutes(5));
    assert_eq!(state(&world, &dana, &signing).await["state"], "expired");
    assert_eq!(sign(&world, &dana, &signing, &response).await.1["code"], "DESK-0017");

    let signing = asked(&world, &dana, &end, json!({"reason": "Over"})).await;
    let refuse = format!("/signings/{}/refuse", signing["signing"].as_str().unwrap());
    let said = world.ask_as(&dana, Method::POST, &refuse, Some(&json!({}))).await.json();
    assert_eq!(said["state"], "refused");
    let response = world.assertion("Dana Cole", &signing["options"]);
    assert_eq!(sign(&world, &dana, &signing, &response).await.1["code"], "DESK-0017");

    let signing = asked(&world, &dana, &end, json!({"reason": "Over"})).await;
    let response = world.assertion("Dana Cole", &signing["options"]);
    let (status, receipt) = sign(&world, &dana, &signing, &response).await;
    assert_eq!(
        (status, &receipt["agent_name"], &receipt["complete"]),
        (200, &json!("invoice-bot"), &json!(true))
    );
    assert!(signing["next"].as_str().unwrap().ends_with("/receipt"));
    world.check().await;
}

#[tokio::test]
async fn only_the_right_passkey_over_the_right_words_is_taken() {
    let world = World::active().await;
    world.done(&format!("{BOT}/hold"), json!({"reason": "Month end"})).await;
    let dana = world.sign_in("Dana Cole").await;
    let release = format!("{BOT}/release");
    let other = asked(&world, &dana, &format!("{BOT}/terminate"), json!({"reason": "Over"})).await;
    let size = world.get("/clients/harbor-books").await["lines"].clone();
    let knobs = |change: fn(&mut Knobs)| {
        let mut knobs = Knobs::default();
        change(&mut knobs);
        knobs
    };
    let of_other = world.assertion("Dana Cole", &other["options"]);
    for (what, turn) in [
        ("wrong origin", knobs(|k| k.origin = Some("http://localhost:9999".to_owned()))),
        ("no user verification", knobs(|k| k.clear_flags = 4)),
        ("nobody present", knobs(|k| k.clear_flags = 1)),
        ("another challenge", knobs(|k| k.challenge = Some(vec![7; 64]))),
        ("another ceremony", knobs(|k| k.ceremony = Some("webauthn.create".to_owned()))),
        ("another relying party", knobs(|k| k.rp_id = Some("evil.example".to_owned()))),
        ("inside another page", knobs(|k| k.cross_origin = Some(json!(true)))),
        ("another key's signature", knobs(|k| k.other_key = Some([9; 32]))),
        ("another person's handle", knobs(|k| k.user_handle = Some("prs_x".to_owned()))),
    ] {
        let signing = asked(&world, &dana, &release, json!({})).await;
        let response = turned(&world, "Dana Cole", &signing["options"], turn);
        let (status, refused) = sign(&world, &dana, &signing, &response).await;
        assert_eq!(
            (status, refused["code"].as_str()),
            (403, Some("DESK-0013")),
            "{what}: {refused}"
        );
        assert_eq!(state(&world, &dana, &signing).await["state"], "waiting", "{what}");
        // A good signature over another act is none over this one.
        let (_, refused) = sign(&world, &dana, &signing, &of_other).await;
        assert_eq!(refused["code"], "DESK-0013", "{what}");
    }
    // Somebody else's passkey, over the right words.
    let signing = asked(&world, &dana, &release, json!({})).await;
    let mut options = signing["options"].clone();
    options["allowCredentials"] = json!([]);
    for name in ["Ines Park", "Mira Okafor"] {
        let response = world.assertion(name, &options);
        assert_eq!(sign(&world, &dana, &signing, &response).await.1["code"], "DESK-0013");
    }
    assert_eq!(world.get("/clients/harbor-books").await["lines"], size, "nothing was written");
    // Five bad ones end it.
    for _ in 0..3 {
        sign(&world, &dana, &signing, &of_other).await;
    }
    assert_eq!(state(&world, &dana, &signing).await["state"], "refused");
    let good = world.assertion("Dana Cole", &signing["options"]);
    assert_eq!(sign(&world, &dana, &signing, &good).await.1["code"], "DESK-0017");
    world.check().await;
}

#[tokio::test]
async fn a_revoked_key_signs_nothing_and_a_change_of_the_ledger_refuses_what_was_asked() {
    let world = World::active().await;
    let dana = world.sign_in("Dana Cole").await;
    let ines = world.sign_in("Ines Park").await;
    world.done(&format!("{BOT}/hold"), json!({"reason": "Month end"})).await;
    let signing = asked(&world, &ines, &format!("{BOT}/release"), json!({})).await;
    let response = world.assertion("Ines Park", &signing["options"]);
    let key = world.ask_as(&ines, Method::GET, "/me/passkeys", None).await.json()[0].clone();
    let revoke =
        format!("/clients/harbor-books/passkeys/{}/revoke", key["passkey"].as_str().unwrap());
    world.done_as("Dana Cole", &revoke, json!({"reason": "The phone was stolen"})).await;
    let refused = world.ask_as(&ines, Method::GET, "/me", None).await;
    assert_eq!(refused.status, 401, "its session has ended");
    let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
    let refused = world.ask_as(&ines, Method::POST, &path, Some(&response)).await;
    assert_eq!(refused.status, 401);
    // The command line has no session to lose, and the key still signs nothing.
    world.staff("Sam Lee", "approver").await;
    let body = json!({"person": "Sam Lee", "roles": ["approver"]});
    world.done("/clients/harbor-books/people", body).await;
    let sam = world.people.lock()["Sam Lee"].id.clone();
    let by_sam = |path: &str, body: &Value| {
        let mut asked = world.request(Method::POST, path, Some(body));
        asked.headers_mut().insert("writ-person", sam.parse().unwrap());
        world.send(asked)
    };
    let theirs = by_sam(&format!("{BOT}/release"), &json!({})).await;
    let theirs = signing_of(&theirs).unwrap();
    let response = world.assertion("Sam Lee", &theirs["options"]);
    let provider = world.get("/provider").await["slug"].as_str().unwrap().to_owned();
    let keys = world.get(&format!("/clients/{provider}/passkeys")).await;
    let key = keys.as_array().unwrap().iter().find(|key| key["person"] == sam.as_str()).unwrap();
    let revoke =
        format!("/clients/{provider}/passkeys/{}/revoke", key["passkey"].as_str().unwrap());
    world.done(&revoke, json!({"reason": "The phone was stolen"})).await;
    let path = format!("/signings/{}", theirs["signing"].as_str().unwrap());
    let refused = by_sam(&path, &response).await.json();
    assert_eq!(refused["code"], "DESK-0013", "{refused}");

    // Asked twice, done once: the second finds the agent active already.
    let one = asked(&world, &dana, &format!("{BOT}/release"), json!({})).await;
    let two = asked(&world, &dana, &format!("{BOT}/release"), json!({})).await;
    let response = world.assertion("Dana Cole", &one["options"]);
    assert_eq!(sign(&world, &dana, &one, &response).await.0, 200);
    let response = world.assertion("Dana Cole", &two["options"]);
    let (status, refused) = sign(&world, &dana, &two, &response).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("AUTH-0007")), "{refused}");
    let seen = state(&world, &dana, &two).await;
    assert_eq!(
        (&seen["state"], &seen["outcome"]["code"]),
        (&json!("refused"), &json!("AUTH-0007"))
    );
    world.check().await;
}

#[tokio::test]
async fn a_counter_that_goes_back_revokes_the_key_everywhere() {
    let world = World::active().await;
    world.staff("Sam Lee", "approver").await;
    world
        .done("/clients/harbor-books/people", json!({"person": "Sam Lee", "roles": ["approver"]}))
        .await;
    let counting = |count: u32| Knobs { counter: Some(count), ..Knobs::default() };
    let enter = |count: u32| {
        let world = &world;
        async move {
            let options = world.door("/passkey/sign-in/options", json!({})).await.json();
            let response = turned(world, "Sam Lee", &options["options"], counting(count));
            world.door("/passkey/sign-in", json!({"response": response})).await
        }
    };
    let first = enter(7).await;
    assert_eq!(first.status, 200);
    let cookie = crate::world::cookie_of(&first).unwrap();
    let mut sam = Browser { cookie, csrf: String::new() };
    let open = world.desk.session(&sam.headers_bare()).await.unwrap().unwrap();
    sam.csrf = open.csrf.expose().clone();
    // Signing goes on counting where signing in ended.
    world.done(&format!("{BOT}/hold"), json!({"reason": "Month end"})).await;
    let signing = asked(&world, &sam, &format!("{BOT}/release"), json!({})).await;
    let response = turned(&world, "Sam Lee", &signing["options"], counting(8));
    assert_eq!(sign(&world, &sam, &signing, &response).await.0, 200);
    let copied = enter(8).await;
    assert_eq!((copied.status.as_u16(), &copied.json()["code"]), (403, &json!("DESK-0012")));
    let refused = world.ask_as(&sam, Method::GET, "/me", None).await;
    assert_eq!(refused.status, 401, "what it opened has ended");
    let provider = world.get("/provider").await["slug"].as_str().unwrap().to_owned();
    for space in [provider.as_str(), "harbor-books"] {
        let keys = world.get(&format!("/clients/{space}/passkeys")).await;
        let id = world.people.lock()["Sam Lee"].id.clone();
        let key = keys.as_array().unwrap().iter().find(|key| key["person"] == id.as_str());
        let key = key.unwrap_or_else(|| panic!("{space}: {keys}"));
        assert!(key["revoked_at"].is_string(), "{space}: {key}");
    }
    assert_eq!(enter(9).await.json()["code"], "DESK-0012", "revoked is revoked");
    world.check().await;
}

#[tokio::test]
async fn what_waits_for_one_person_is_bounded_and_the_oldest_makes_room() {
    let world = World::active().await;
    let dana = world.sign_in("Dana Cole").await;
    let ines = world.sign_in("Ines Park").await;
    let grant = |number: usize| {
        json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
            "name": format!("tool_{number}"), "reason": "It answers suppliers"})
    };
    let path = "/clients/harbor-books/grants";
    let theirs = asked(&world, &ines, path, grant(0)).await;
    let first = asked(&world, &dana, path, grant(1)).await;
    let mut last = first.clone();
    for number in 0..32 {
        world.clock.advance(Span::seconds(1));
        last = asked(&world, &dana, path, grant(number)).await;
    }
    assert_eq!(state(&world, &dana, &first).await["code"], "DESK-0004");
    assert_eq!(state(&world, &dana, &last).await["state"], "waiting");
    assert_eq!(state(&world, &ines, &theirs).await["state"], "waiting", "another person's stays");
}
