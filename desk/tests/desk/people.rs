//! How people come in, get a second key, lose their keys, and leave.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use writ_authority::{Entry, Fact};
use writ_identity::webauthn::SoftPasskey;
use writ_model::{PersonId, TenantId};

use crate::world::{Browser, ORIGIN, Someone, World, signing_of};

const AT: &str = "/clients/harbor-books";

fn refusal(answer: &crate::world::Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_provider_brings_in_the_first_person_of_a_client_and_nobody_else() {
    let world = World::founded().await;
    let invite = format!("{AT}/invitations");
    let body = |name: &str, roles: Value| json!({"name": name, "side": "client", "roles": roles});
    let refused = world.post(&invite, body("Dana Cole", json!(["approver"]))).await;
    assert!(refused.json()["detail"].as_str().unwrap().contains("would not be an owner"));
    let invited = world.done(&invite, body("Dana Cole", json!(["owner"]))).await;
    assert!(invited["link"].as_str().unwrap().starts_with(&format!("{ORIGIN}/join/")));
    let two = world.post(&invite, body("Eve Lind", json!(["owner"]))).await;
    assert_eq!(two.status, StatusCode::CONFLICT, "one first person: {}", two.json());
    let rows = world.get(&invite).await;
    assert_eq!((&rows[0]["state"], &rows[0]["first"]), (&json!("open"), &json!(true)));
    assert!(!rows.to_string().contains("/join/"), "the link is shown once");

    let link = invited["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    let said = world.door(&format!("{link}/options"), json!({})).await.json()["says"].clone();
    assert_eq!(said[0], "Mira Okafor invites Dana Cole to Harbor Books.");
    assert!(said[1].as_str().unwrap().contains("owner"), "{said}");
    let joined = world.join(&invited, "Dana Cole").await;
    let rows = world.get(&invite).await;
    assert_eq!(
        (&rows[0]["state"], &rows[0]["fingerprint"]),
        (&json!("joined"), &joined["fingerprint"])
    );
    let options = world.door("/passkey/sign-in/options", json!({})).await.json();
    let response = world.assertion("Dana Cole", &options["options"]);
    let refused = world.door("/passkey/sign-in", json!({"response": response})).await;
    assert_eq!(refusal(&refused), (403, "DESK-0012".to_owned()), "nobody yet");

    let waiting = world.get("/queue").await;
    let item = waiting["items"].as_array().unwrap().iter().find(|item| item["ask"] == "admit");
    assert!(item.unwrap()["what"].as_str().unwrap().contains("Dana Cole"));
    let admit = format!("{AT}/people/{}/admit", invited["person"].as_str().unwrap());
    let print = joined["fingerprint"].clone();
    let refused = world.post(&admit, json!({"fingerprint": print})).await;
    assert_eq!(refused.json()["field"], "called", "a call-back is recorded for the first person");
    let wrong =
        json!({"fingerprint": "0000-0000-0000-0000-0000-0000-0000-0000", "called": "+1 555 0100"});
    assert_eq!(world.post(&admit, wrong).await.json()["field"], "fingerprint");
    let done = world.done(&admit, json!({"fingerprint": print, "called": "+1 555 0100"})).await;
    assert_eq!(done["says"].as_array().unwrap().len(), 3, "called, seated, with a key: {done}");
    let keys = world.get(&format!("{AT}/passkeys")).await;
    let root = keys.as_array().unwrap().iter().find(|key| key["root"] == true).unwrap();
    assert_eq!((&root["fingerprint"], &root["admitted"]), (&print, &json!("admission")));

    // From now on the provider brings in, admits, recovers and removes nobody of the client.
    let dana = invited["person"].as_str().unwrap();
    let key = root["passkey"].as_str().unwrap();
    for (path, body) in [
        (invite.clone(), body("Eve Lind", json!(["owner"]))),
        (format!("{AT}/people/{dana}/leave"), json!({})),
        (format!("{AT}/people/{dana}/recover"), json!({"reason": "She lost it"})),
        (format!("{AT}/passkeys/{key}/revoke"), json!({"reason": "She lost it"})),
        (format!("{AT}/key-policy"), json!("any")),
    ] {
        let refused = world.post(&path, body).await;
        assert!([403, 409].contains(&refused.status.as_u16()), "{path}: {}", refused.json());
        assert!(refused.json()["code"].as_str().unwrap().starts_with("AUTH-"), "{path}");
    }
    world.member("Dana Cole", "harbor-books", "Ines Park", "approver").await;
    world.check().await;
}

/// Makes and signs a further passkey of somebody, and gives it.
async fn second_key(world: &World, name: &str) -> SoftPasskey {
    let browser = world.sign_in(name).await;
    let made = world.ask_as(&browser, Method::POST, "/me/passkeys/options", Some(&json!({}))).await;
    let mut key = SoftPasskey::from_seed([77; 32], writ_identity::webauthn::SoftKind::EdDsa);
    let response = key.register(&made.json()["options"], ORIGIN).unwrap();
    let body = json!({"label": "spare", "response": response});
    let asked = world.ask_as(&browser, Method::POST, "/me/passkeys", Some(&body)).await;
    let signing = signing_of(&asked).unwrap_or_else(|| panic!("{}", asked.json()));
    let response = world.assertion(name, &signing["options"]);
    let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
    let done = world.ask_as(&browser, Method::POST, &path, Some(&response)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    key
}

#[tokio::test]
async fn a_second_key_is_signed_with_the_first_and_reaches_the_clients() {
    let world = World::founded().await;
    let keys = async || world.get(&format!("{AT}/passkeys")).await.as_array().unwrap().clone();
    assert_eq!(keys().await.len(), 1, "the owner's key came with the client");
    let key = second_key(&world, "Mira Okafor").await;
    let copied = keys().await;
    assert_eq!(copied.len(), 2);
    assert!(copied.iter().all(|key| key["admitted"] == "mirrored"));
    let options = world.door("/passkey/sign-in/options", json!({})).await.json();
    let response = key.assert(&options["options"], ORIGIN).unwrap();
    assert_eq!(world.door("/passkey/sign-in", json!({"response": response})).await.status, 200);

    let browser = world.sign_in("Mira Okafor").await;
    let mine = world.ask_as(&browser, Method::GET, "/me/passkeys", None).await.json();
    assert_eq!(mine.as_array().unwrap().len(), 2);
    let old = mine.as_array().unwrap().iter().find(|key| key["label"] == "laptop").unwrap();
    let revoke = format!("/me/passkeys/{}/revoke", old["passkey"].as_str().unwrap());
    let body = json!({"reason": "The laptop was sold"});
    let asked = world.ask_as(&browser, Method::POST, &revoke, Some(&body)).await;
    let signing = signing_of(&asked).unwrap();
    let response = key.assert(&signing["options"], ORIGIN).unwrap();
    let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
    assert_eq!(world.ask_as(&browser, Method::POST, &path, Some(&response)).await.status, 200);
    let gone = world.ask_as(&browser, Method::GET, "/me", None).await;
    assert_eq!(gone.status, 401, "what the revoked key opened has ended");
    let live = keys().await.iter().filter(|key| key["revoked_at"].is_null()).count();
    assert_eq!(live, 1);
    // The last key of the last owner stays.
    let id = world.people.lock()["Mira Okafor"].id.clone();
    world.people.lock().insert("Mira Okafor".to_owned(), Someone { id, key });
    let mine = world.get("/me/passkeys").await;
    let last = mine.as_array().unwrap().iter().find(|key| key["label"] == "spare").unwrap();
    let revoke = format!("/me/passkeys/{}/revoke", last["passkey"].as_str().unwrap());
    let refused = world.post(&revoke, json!({"reason": "Why not"})).await;
    assert_eq!(refusal(&refused), (422, "AUTH-0016".to_owned()), "{}", refused.json());
    world.check().await;
}

#[tokio::test]
async fn lost_keys_come_back_only_through_two_colleagues() {
    let world = World::active().await;
    world.member("Dana Cole", "harbor-books", "Omar Diaz", "approver").await;
    let ines = world.people.lock()["Ines Park"].id.clone();
    let open = world.sign_in("Ines Park").await;
    let path = format!("{AT}/people/{ines}/recover");
    let reason = json!({"reason": "The phone fell into the river"});
    let refused = world.signed_as("Ines Park", &path, reason.clone()).await;
    assert_eq!(refused.status, 409, "nobody recovers themself: {}", refused.json());
    let asked = world.done_as("Dana Cole", &path, reason).await;
    let code = asked["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    let options = world.door(&format!("{code}/options"), json!({})).await.json();
    let mut key = world.new_key();
    let response = key.register(&options["options"], ORIGIN).unwrap();
    let offered = world.door(&code, json!({"label": "new phone", "response": response})).await;
    assert_eq!(offered.status, 200, "{}", offered.json());
    let print = offered.json()["fingerprint"].clone();
    let again = world.door(&format!("{code}/options"), json!({})).await;
    assert_eq!(again.json()["code"], "DESK-0014", "once");

    let confirm = format!("{AT}/recoveries/{}/confirm", asked["recovery"].as_str().unwrap());
    let body = json!({"fingerprint": print});
    let provider = world.post(&confirm, body.clone()).await;
    assert!(provider.json()["code"].as_str().unwrap().starts_with("AUTH-"), "not the provider");
    world.done_as("Dana Cole", &confirm, body.clone()).await;
    let twice = world.signed_as("Dana Cole", &confirm, body.clone()).await;
    assert_eq!(twice.status, 409, "two people, not one twice");
    let row = world.get(&format!("{AT}/recoveries")).await[0].clone();
    assert_eq!(
        (&row["state"], row["confirmed_by"].as_array().unwrap().len()),
        (&json!("offered"), 1)
    );
    assert_eq!(
        world.ask_as(&open, Method::GET, "/me", None).await.status,
        200,
        "nothing happened yet"
    );
    let wrong = json!({"fingerprint": "0000-0000-0000-0000-0000-0000-0000-0000"});
    assert_eq!(world.signed_as("Omar Diaz", &confirm, wrong).await.json()["field"], "fingerprint");
    world.done_as("Omar Diaz", &confirm, body).await;
    assert_eq!(world.get(&format!("{AT}/recoveries")).await[0]["state"], "confirmed");
    assert_eq!(
        world.ask_as(&open, Method::GET, "/me", None).await.status,
        401,
        "the lost key's session"
    );

    let options = world.door("/passkey/sign-in/options", json!({})).await.json();
    let old = world.assertion("Ines Park", &options["options"]);
    let refused = world.door("/passkey/sign-in", json!({"response": old})).await;
    assert_eq!(refusal(&refused), (403, "DESK-0012".to_owned()));
    world.people.lock().insert("Ines Park".to_owned(), Someone { id: ines, key });
    world.sign_in("Ines Park").await;
    world.check().await;
}

#[tokio::test]
async fn a_recovery_that_nobody_asked_for_is_called_off() {
    let world = World::active().await;
    let ines = world.people.lock()["Ines Park"].id.clone();
    let path = format!("{AT}/people/{ines}/recover");
    let asked = world.done_as("Dana Cole", &path, json!({"reason": "Lost, somebody says"})).await;
    let refuse = format!("{AT}/recoveries/{}/refuse", asked["recovery"].as_str().unwrap());
    world.done_as("Ines Park", &refuse, json!({"reason": "I have it here"})).await;
    assert_eq!(world.get(&format!("{AT}/recoveries")).await[0]["state"], "refused");
    let code = asked["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    let late = world.door(&format!("{code}/options"), json!({})).await;
    assert_eq!(late.json()["code"], "DESK-0014");
    world.check().await;
}

#[tokio::test]
async fn a_client_takes_only_the_keys_that_it_wants() {
    let world = World::active().await;
    assert_eq!(world.get(&format!("{AT}/key-policy")).await["policy"], "any");
    world.done_as("Dana Cole", &format!("{AT}/key-policy"), json!("device_bound")).await;
    let body = json!({"name": "Omar Diaz", "side": "client", "roles": ["approver"]});
    let invited = world.done_as("Dana Cole", &format!("{AT}/invitations"), body).await;
    let code = invited["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    let mut key = world.new_key();
    let options = world.door(&format!("{code}/options"), json!({})).await.json();
    let response = key.register(&options["options"], ORIGIN).unwrap();
    let refused = world.door(&code, json!({"label": "phone", "response": response})).await;
    assert!(refused.json()["detail"].as_str().unwrap().contains("device"), "{}", refused.json());
    key.knobs().clear_flags = 8 | 16;
    let options = world.door(&format!("{code}/options"), json!({})).await.json();
    let response = key.register(&options["options"], ORIGIN).unwrap();
    let joined = world.door(&code, json!({"label": "token", "response": response})).await;
    assert_eq!(joined.status, 200, "{}", joined.json());
    world.check().await;
}

#[tokio::test]
async fn somebody_offboarded_is_refused_everywhere_and_then_unseated() {
    let world = World::active().await;
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    let seat = json!({"person": "Tom Reyes", "roles": ["engineer"]});
    world.done("/clients/juniper/people", seat).await;
    let tom = world.people.lock()["Tom Reyes"].id.clone();
    let open = world.sign_in("Tom Reyes").await;
    assert_eq!(
        world.ask_as(&open, Method::GET, "/clients", None).await.json().as_array().unwrap().len(),
        2
    );
    let path = format!("/provider/people/{tom}/offboard");
    let refused = world.signed_as("Dana Cole", &path, json!({"reason": "No"})).await;
    assert_eq!(refused.status, 404, "a client's owner sees no provider");
    world.done(&path, json!({"reason": "Left the company"})).await;
    assert_eq!(world.ask_as(&open, Method::GET, "/me", None).await.status, 401);
    let mut asked = world.request(Method::GET, "/me", None);
    asked.headers_mut().insert("writ-person", tom.parse().unwrap());
    assert_eq!(world.send(asked).await.status, 404, "nor through the command line");
    let options = world.door("/passkey/sign-in/options", json!({})).await.json();
    let response = world.assertion("Tom Reyes", &options["options"]);
    let refused = world.door("/passkey/sign-in", json!({"response": response})).await;
    assert_eq!(refusal(&refused), (403, "DESK-0012".to_owned()));
    for client in ["harbor-books", "juniper"] {
        let people = world.get(&format!("/clients/{client}/people")).await;
        let seat = people.as_array().unwrap().iter().find(|one| one["person"] == tom.as_str());
        assert!(seat.unwrap()["left_at"].is_string(), "{client}");
        let keys = world.get(&format!("/clients/{client}/passkeys")).await;
        let key = keys.as_array().unwrap().iter().find(|one| one["person"] == tom.as_str());
        assert!(key.unwrap()["revoked_at"].is_string(), "{client}");
    }
    let swept = world.desk.sweep().await.unwrap();
    assert_eq!(swept.failed, 0);
    world.check().await;
}

#[tokio::test]
async fn offboarding_leaves_no_client_without_somebody_of_the_provider_who_says_yes() {
    let world = World::founded().await;
    let rhea = world.staff("Rhea Holm", "owner").await;
    let mira = world.people.lock()["Mira Okafor"].id.clone();
    let path = format!("/provider/people/{mira}/offboard");
    let refused =
        world.signed_as("Mira Okafor", "/provider/people/prs_x/offboard", json!({"reason": "x"}));
    assert_eq!(refused.await.status, 404);
    world.done_as("Rhea Holm", &path, json!({"reason": "Left the company"})).await;
    let browser = world.sign_in("Rhea Holm").await;
    let people = world.ask_as(&browser, Method::GET, &format!("{AT}/people"), None).await.json();
    let seat =
        |id: &str| people.as_array().unwrap().iter().find(|one| one["person"] == id).unwrap();
    assert!(seat(&mira)["left_at"].is_string());
    assert_eq!((&seat(&rhea)["left_at"], seat(&rhea)["keys"].as_u64()), (&Value::Null, Some(1)));
    let invite = json!({"name": "Dana Cole", "side": "client", "roles": ["owner"]});
    world.done_as("Rhea Holm", &format!("{AT}/invitations"), invite).await;
    let last = format!("/provider/people/{rhea}/offboard");
    let refused = world.signed_as("Rhea Holm", &last, json!({"reason": "Everybody goes"})).await;
    assert_eq!(refusal(&refused), (409, "AUTH-0008".to_owned()), "the last owner stays");
    world.check().await;
}

#[tokio::test]
async fn who_leaves_the_provider_by_themself_is_gone_everywhere_too() {
    let world = World::active().await;
    let slug = world.get("/provider").await["slug"].as_str().unwrap().to_owned();
    let tom = world.people.lock()["Tom Reyes"].id.clone();
    let open = world.sign_in("Tom Reyes").await;
    let path = format!("/clients/{slug}/people/{tom}/leave");
    let refused = world.ask_as(&open, Method::POST, &path, Some(&json!({}))).await;
    assert_eq!(refused.status, 200, "{}", refused.json());
    assert_eq!(world.ask_as(&open, Method::GET, "/me", None).await.status, 401);
    let people = world.get(&format!("{AT}/people")).await;
    let seat = people.as_array().unwrap().iter().find(|one| one["person"] == tom.as_str()).unwrap();
    assert!(seat["left_at"].is_string() && seat["keys"] == 0, "{seat}");
    world.check().await;
}

#[tokio::test]
async fn what_a_crash_left_of_an_offboarding_the_sweep_finishes() {
    let world = World::active().await;
    let provider: TenantId =
        world.get("/provider").await["tenant"].as_str().unwrap().parse().unwrap();
    let tom = world.people.lock()["Tom Reyes"].id.clone();
    // The provider's own line stands, and nothing after it: the power went.
    let mut asked = world.request(Method::GET, "/me", None);
    asked.headers_mut().insert("writ-person", tom.parse().unwrap());
    assert_eq!(world.send(asked).await.status, 200);
    let view = world.tenants.view(provider).await.unwrap();
    let cx = writ_model::Cx::new(
        world.desk.now(),
        std::sync::Arc::new(writ_testkit::SeededEntropy::new(3)),
        provider,
        writ_model::Actor::system("test"),
    );
    let fact = Fact::PersonLeft { person: tom.parse().unwrap() };
    let line = Entry::new(&cx, fact).to_line().unwrap();
    world.tenants.ledger().append(provider, view.size, vec![line.into()]).await.unwrap();
    world.tenants.poll().await.unwrap();
    let seat = || async {
        let people = world.get(&format!("{AT}/people")).await;
        people.as_array().unwrap().iter().find(|one| one["person"] == tom.as_str()).unwrap().clone()
    };
    assert_eq!(seat().await["left_at"], Value::Null);
    let mut asked = world.request(Method::GET, "/me", None);
    asked.headers_mut().insert("writ-person", tom.parse().unwrap());
    assert_eq!(world.send(asked).await.status, 404, "refused already");
    assert_eq!(world.desk.sweep().await.unwrap().failed, 0);
    assert!(seat().await["left_at"].is_string());
    assert_eq!(seat().await["keys"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_act_commits_after_its_person_is_offboarded() {
    let world = World::active().await;
    let tom = world.people.lock()["Tom Reyes"].id.clone();
    let browser = world.sign_in("Tom Reyes").await;
    let path = format!("/provider/people/{tom}/offboard");
    let signing = signing_of(&world.post_bare(&path, json!({"reason": "Left"})).await).unwrap();
    let response = world.assertion("Mira Okafor", &signing["options"]);
    let sign = format!("/signings/{}", signing["signing"].as_str().unwrap());

    let (world, browser): (&World, &Browser) = (&world, &browser);
    let acts = (0..40).map(|at| async move {
        for _ in 0..at {
            tokio::task::yield_now().await;
        }
        let body = json!({"name": format!("group {at}")});
        let answer =
            world.ask_as(browser, Method::POST, &format!("{AT}/groups"), Some(&body)).await;
        answer.status
    });
    let acts = futures_util::future::join_all(acts);
    let gone = async {
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        let done = world.send(world.request(Method::POST, &sign, Some(&response))).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    };
    let (answers, ()) = tokio::join!(acts, gone);
    let person: PersonId = tom.parse().unwrap();
    let lines: Vec<Entry> =
        world.order.lines().iter().map(|line| Entry::from_line(line).unwrap()).collect();
    let offboarded = |entry: &Entry| matches!(entry.fact, Fact::PersonOffboarded { .. });
    let at = lines.iter().position(offboarded).unwrap();
    let by_tom = |entry: &&Entry| entry.actor.person() == Some(person) && made(entry);
    let (before, after) = lines.split_at(at);
    assert_eq!(after.iter().filter(by_tom).count(), 0, "nothing after the line that says so");
    let done = answers.iter().filter(|status| **status == StatusCode::OK).count();
    assert_eq!(before.iter().filter(by_tom).count(), done, "every act that was answered stands");
    assert!(answers.iter().all(|status| [200, 401, 403, 404].contains(&status.as_u16())));
    world.check().await;
}

fn made(entry: &Entry) -> bool {
    matches!(entry.fact, Fact::GroupCreated { .. })
}
