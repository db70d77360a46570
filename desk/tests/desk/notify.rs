//! Telling people outside: what is told to whom, once each, with retries, over restarts, within bounds. The outside is in
//! memory; the real one is in `tests-real/notify.py`.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use writ_desk::{Form, Kind, NotifyParts, Way};
use writ_identity::verify_ed25519;
use writ_model::Span;
use writ_reach::{Fault, Mail, Place, chat::Chat};
use writ_store::{Outbox as _, SqliteOutbox};

use crate::world::{World, both_owners, everything};

mod outer;

use outer::{Heard, Outer};

const AT: &str = "/clients/harbor-books";

fn way(name: &str, client: Option<&str>, form: Form) -> Way {
    let place = Place::parse(&format!("https://{name}.example/hook")).unwrap();
    Way { name: name.to_owned(), place, client: client.map(str::to_owned), form }
}

fn hook(name: &str, kinds: &[Kind]) -> Way {
    way(name, None, Form::Webhook { kinds: kinds.to_vec() })
}

/// Lets a world tell people by mail and these ways.
fn telling(world: &World, ways: Vec<Way>) -> Arc<Outer> {
    let out = Arc::new(Outer::default());
    world.desk.set_notify(NotifyParts {
        outbox: Arc::new(SqliteOutbox::open(world.dir.path()).unwrap()),
        outside: out.clone(),
        post: Some(out.clone()),
        ways,
    });
    out
}

async fn contact(world: &World, name: &str, mail: &str) {
    world.done_as(name, "/me/contact", json!({"mail": mail})).await;
}

/// Steps until nothing is left to do at this instant.
async fn settled(world: &World) {
    for _ in 0..50 {
        let stepped = world.desk.notify_step().await.unwrap();
        if (stepped.put, stepped.tried) == (0, 0) {
            return;
        }
    }
    panic!("it goes on");
}

async fn rows(world: &World, kind: &str) -> Vec<Value> {
    let page = world.get(&format!("{AT}/notifications")).await;
    page["rows"].as_array().unwrap().iter().filter(|row| row["kind"] == kind).cloned().collect()
}

fn heard(out: &Outer, kind: &str) -> Vec<Heard> {
    out.heard.lock().iter().filter(|one| one.body["type"] == kind).cloned().collect()
}

#[tokio::test]
async fn a_pending_approval_reaches_mail_webhook_chat_and_queue_once_each() {
    let world = World::active().await;
    let ways = vec![
        hook("soar", &[]),
        way("other", Some("juniper"), Form::Webhook { kinds: vec![] }),
        hook("only-freezes", &[Kind::Frozen]),
        way("teams", None, Form::Chat(Chat::Teams)),
        way("slack", Some("harbor-books"), Form::Chat(Chat::Slack)),
    ];
    let out = telling(&world, ways);
    contact(&world, "Dana Cole", "dana@harbor.example").await;
    contact(&world, "Mira Okafor", "mira@park.example").await;
    contact(&world, "Noor Haddad", "noor@harbor.example").await;
    let copy = world.paying(both_owners()).await;
    settled(&world).await;
    out.heard.lock().clear();
    out.mails.lock().clear();
    let sent = json!({"amount": 1200, "iban": "DE89370400440532013000"});
    let hold = world.held(&copy, &sent).await;
    settled(&world).await;
    settled(&world).await;

    let mails = out.mails.lock().clone();
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(
        to,
        ["dana@harbor.example", "mira@park.example"],
        "whose yes counts, and nobody else"
    );
    let mail = &mails[0];
    assert_eq!(mail.subject, "Harbor Books: a decision waits");
    let link = format!("http://localhost:7420/a/{hold}");
    for form in [&mail.text, &mail.html] {
        assert!(form.contains("“invoice-bot”") && form.contains(&link), "{form}");
        assert!(form.contains("payment.release") && form.contains("Until: "), "{form}");
        assert!(!form.contains("DE89"), "no argument leaves: {form}");
    }
    let hooks = heard(&out, "approval_asked");
    assert_eq!(hooks.len(), 1);
    assert_eq!(
        (hooks[0].to.as_str(), &hooks[0].body["data"]["hold"]),
        ("https://soar.example/hook", &json!(hold))
    );
    assert!(!hooks[0].body.to_string().contains("DE89"));
    let chats: Vec<Heard> = out
        .heard
        .lock()
        .iter()
        .filter(|one| one.body.get("type") != Some(&json!("approval_asked")))
        .cloned()
        .collect();
    assert_eq!(chats.len(), 2);
    for chat in &chats {
        let text = chat.body.to_string();
        assert!(text.contains("Harbor Books: a decision waits") && text.contains(&link), "{text}");
        assert!(!text.contains("invoice-bot") && !text.contains("payment"), "{text}");
    }
    let waits = world.get("/queue").await;
    assert!(waits["items"].as_array().unwrap().iter().any(|item| item["hold"] == json!(hold)));
    let told = rows(&world, "approval_asked").await;
    assert_eq!(told.len(), 5);
    assert!(told.iter().all(|row| row["state"] == "delivered" && row["tries"] == 0), "{told:?}");
    assert!(!json!(told).to_string().contains('@'), "no address is shown");
    assert_eq!(rows(&world, "escalated").await.len(), 0);
    world.check().await;
}

#[tokio::test]
async fn a_webhook_is_signed_and_keeps_its_id_over_retries() {
    let world = World::active().await;
    let out = telling(&world, vec![hook("soar", &[Kind::Frozen])]);
    settled(&world).await;
    world.done(&format!("{AT}/freeze"), json!({"reason": "Looks wrong"})).await;
    let away = Fault::Late { host: "soar.example".to_owned() };
    out.says.lock().extend([Ok(500), Err(away), Ok(200)]);
    settled(&world).await;
    assert_eq!(out.heard.lock().len(), 1);
    for (seconds, so_far) in [(4, 1), (1, 2), (9, 2), (1, 3), (3_600, 3)] {
        world.clock.advance(Span::seconds(seconds));
        settled(&world).await;
        assert_eq!(out.heard.lock().len(), so_far, "after {seconds} s more");
    }
    let heard = out.heard.lock().clone();
    let header = |one: &Heard, name: &str| {
        one.headers.iter().find(|(known, _)| *known == name).unwrap().1.clone()
    };
    let ids: Vec<String> = heard.iter().map(|one| header(one, "webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && id.starts_with("msg_")), "{ids:?}");
    let key = world.get("/notifications/key").await["key"].as_str().unwrap().to_owned();
    let key = decoded(key.strip_prefix("whpk_").unwrap());
    for one in &heard {
        let signature = header(one, "webhook-signature");
        let signature = decoded(signature.strip_prefix("v1a,").unwrap());
        let stamp = header(one, "webhook-timestamp");
        let signed = [ids[0].as_bytes(), b".", stamp.as_bytes(), b".", &one.bytes].concat();
        let key: [u8; 32] = key.clone().try_into().unwrap();
        assert!(verify_ed25519(&key, &signed, &signature.try_into().unwrap()));
        assert_eq!(one.bytes, heard[0].bytes, "each try says the same");
    }
    let row = &rows(&world, "frozen").await[0];
    assert_eq!(
        (&row["state"], &row["tries"], &row["id"]),
        (&json!("delivered"), &json!(2), &json!(ids[0]))
    );
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text).unwrap()
}

#[tokio::test]
async fn how_long_to_wait_is_honoured_and_gone_closes_the_way() {
    let world = World::active().await;
    let out = telling(&world, vec![hook("soar", &[Kind::Frozen, Kind::Thawed])]);
    settled(&world).await;
    *out.waits.lock() = Some(Span::minutes(20));
    out.says.lock().extend([Ok(429), Ok(410)]);
    world.done(&format!("{AT}/freeze"), json!({"reason": "Looks wrong"})).await;
    settled(&world).await;
    for minutes in [10, 9] {
        world.clock.advance(Span::minutes(minutes));
        settled(&world).await;
        assert_eq!(out.heard.lock().len(), 1, "it asked for 20 minutes");
    }
    world.clock.advance(Span::minutes(2));
    settled(&world).await;
    assert_eq!(out.heard.lock().len(), 2);
    let row = &rows(&world, "frozen").await[0];
    assert_eq!(row["state"], "given up", "{row}");
    world.done(&format!("{AT}/thaw"), json!({})).await;
    settled(&world).await;
    assert_eq!(out.heard.lock().len(), 2, "a closed way is not asked again");
    let page = world.get(&format!("{AT}/notifications")).await;
    assert_eq!(
        page["ways"][1],
        json!({"way": "webhook soar", "open": false, "why": "it answered 410 (gone)"})
    );
    let queue = world.get("/queue").await;
    let items = queue["items"].as_array().unwrap();
    let told: Vec<&Value> = items.iter().filter(|item| item["ask"] == "undelivered").collect();
    assert_eq!(told.len(), 2, "closed, and what was lost: {queue}");
    assert!(told.iter().any(|item| item["what"].as_str().unwrap().contains("the way is closed")));
}

#[tokio::test]
async fn owners_are_asked_in_time_and_what_is_decided_is_not_told() {
    let world = World::active().await;
    let out = telling(&world, vec![hook("soar", &[Kind::ApprovalAsked, Kind::Escalated])]);
    contact(&world, "Dana Cole", "dana@harbor.example").await;
    contact(&world, "Ines Park", "ines@harbor.example").await;
    let quorum = json!([{"party": "client", "role": "approver", "n": 1}]);
    let clauses = json!([everything()[0],
        {"key": "switch-on", "title": "Switching on", "actions": ["agent.activate"],
            "mode": {"approve": {"quorum": quorum}}, "waits": {"expires_minutes": 60, "escalate_minutes": 20}}]);
    world.charter("harbor-books", "Dana Cole", clauses).await;
    settled(&world).await;
    out.mails.lock().clear();
    let hold = proposed(&world, "first-bot").await;
    settled(&world).await;
    let to = |out: &Outer| -> Vec<String> {
        out.mails.lock().iter().map(|mail| mail.to.as_str().to_owned()).collect()
    };
    assert_eq!(to(&out), ["ines@harbor.example"]);
    world.clock.advance(Span::minutes(19));
    settled(&world).await;
    assert_eq!(heard(&out, "escalated").len(), 0);
    world.clock.advance(Span::minutes(2));
    settled(&world).await;
    assert_eq!(to(&out), ["ines@harbor.example", "dana@harbor.example"]);
    let escalated = heard(&out, "escalated");
    assert_eq!((escalated.len(), &escalated[0].body["data"]["hold"]), (1, &json!(hold)));
    // Decided before its time: owners are not asked, and what still waits to be told is not told.
    let away = || Err(Fault::Unreachable { host: "x".to_owned(), why: "x".to_owned() });
    out.says.lock().extend([away()]);
    let second = proposed(&world, "second-bot").await;
    settled(&world).await;
    let no = json!({"words": "Not now"});
    world.done_as("Ines Park", &format!("{AT}/approvals/{second}/refuse"), no).await;
    world.clock.advance(Span::minutes(30));
    settled(&world).await;
    assert_eq!(heard(&out, "escalated").len(), 1);
    let states: Vec<Value> =
        rows(&world, "approval_asked").await.into_iter().map(|row| row["state"].clone()).collect();
    assert_eq!(
        states.iter().filter(|state| **state == "not needed any more").count(),
        1,
        "{states:?}"
    );
    world.check().await;
}

/// Proposes an agent and asks to activate it; gives the hold.
async fn proposed(world: &World, name: &str) -> String {
    let body = json!({"name": name, "kind": "ai_agent", "purpose": "Orders paper"});
    world.done(&format!("{AT}/agents"), body).await;
    let answers = json!({"authorizer": "Dana Cole", "auditor": "Noor Haddad", "terminators": ["Dana Cole", "Mira Okafor"]});
    world.done(&format!("{AT}/agents/{name}/accountability"), answers).await;
    let asked = world.post(&format!("{AT}/agents/{name}/activate"), json!({})).await;
    let waits = asked.json();
    assert_eq!((asked.status.as_u16(), &waits["code"]), (202, &json!("DESK-0019")), "{waits}");
    waits["hold"]["hold"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_restart_repeats_nothing_and_a_dead_way_holds_up_nobody() {
    let world = World::active().await;
    let out = telling(&world, vec![hook("dead", &[Kind::Frozen]), hook("soar", &[Kind::Frozen])]);
    contact(&world, "Dana Cole", "dana@harbor.example").await;
    settled(&world).await;
    let sent = |out: &Outer, name: &str| {
        out.heard.lock().iter().filter(|one| one.to.contains(name)).count()
    };
    // The first way is the one that is asked first.
    let gone = || Err(Fault::Unreachable { host: "dead.example".to_owned(), why: "no".to_owned() });
    out.says.lock().extend([gone(), Ok(200)]);
    world.done(&format!("{AT}/freeze"), json!({"reason": "Looks wrong"})).await;
    settled(&world).await;
    assert_eq!((sent(&out, "dead"), sent(&out, "soar")), (1, 1));
    assert_eq!(out.mails.lock().iter().filter(|mail| mail.subject.contains("frozen")).count(), 1);
    // The same folder in a new process, with a mark that is read again.
    let World { dir, desk, .. } = world;
    drop(desk);
    let world = World::in_folder(dir, 8).await;
    let out = telling(&world, vec![hook("dead", &[Kind::Frozen]), hook("soar", &[Kind::Frozen])]);
    settled(&world).await;
    assert_eq!((sent(&out, "soar"), out.mails.lock().len()), (0, 0), "delivered is delivered");
    assert_eq!(sent(&out, "dead"), 1, "what waited is tried again");
}

#[tokio::test]
async fn an_address_is_ones_own_and_the_old_one_is_told() {
    let world = World::active().await;
    let out = telling(&world, Vec::new());
    let dana = world.sign_in("Dana Cole").await;
    let get = || async { world.ask_as(&dana, Method::GET, "/me/contact", None).await.json() };
    assert_eq!(get().await, json!({"mail": null, "sends": true}));
    contact(&world, "Dana Cole", " dana@harbor.example ").await;
    assert_eq!(get().await["mail"], "dana@harbor.example");
    let bad = json!({"mail": "dana@x.example\r\nBcc: all@x.example"});
    let refused = world.ask_as(&dana, Method::POST, "/me/contact", Some(&bad)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!("DESK-0003")));
    settled(&world).await;
    out.mails.lock().clear();
    for mail in ["new@harbor.example", "dana@harbor.example", "new@harbor.example"] {
        contact(&world, "Dana Cole", mail).await;
    }
    world.done_as("Dana Cole", "/me/contact", json!({"mail": null})).await;
    settled(&world).await;
    assert_eq!(get().await["mail"], Value::Null);
    let mails = out.mails.lock().clone();
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["dana@harbor.example", "new@harbor.example"], "each old one once an hour");
    assert!(mails[0].text.contains("/me") && !mails[0].text.contains("new@"), "{}", mails[0].text);
    // Nobody's address is in a ledger, a row or a database in the clear.
    for file in ["outbox.db", "ledger.db", "secrets.db", "outbox.db-wal", "secrets.db-wal"] {
        let bytes = std::fs::read(world.dir.path().join(file)).unwrap_or_default();
        let found = bytes.windows(14).any(|some| some == b"harbor.example");
        assert!(!found, "{file}");
    }
    // Whoever leaves is forgotten.
    contact(&world, "Ines Park", "ines@harbor.example").await;
    let ines = world.person("Ines Park").await;
    let why = json!({"reason": "Another job"});
    world.done_as("Dana Cole", &format!("{AT}/people/{ines}/leave"), why).await;
    settled(&world).await;
    let kept =
        world.desk.contact(&writ_desk::Who::new(ines.parse().unwrap(), writ_desk::Via::Cli)).await;
    assert_eq!(kept.unwrap().mail, None);
}

#[tokio::test]
async fn others_words_are_quoted_and_a_credential_is_told_to_its_person() {
    let world = World::active().await;
    let out = telling(&world, Vec::new());
    for (name, mail) in [
        ("Dana Cole", "dana@h.example"),
        ("Mira Okafor", "mira@p.example"),
        ("Omar Diaz", "omar@h.example"),
    ] {
        if name == "Omar Diaz" {
            world.member("Dana Cole", "harbor-books", name, "approver").await;
        }
        contact(&world, name, mail).await;
    }
    settled(&world).await;
    out.mails.lock().clear();
    let reason = "x”\r\nBcc: all@x.example\r\n\u{202e}https://evil.example/login";
    world
        .done(
            &format!("{AT}/freeze"),
            json!({"reason": reason.replace(['\r', '\n', '\u{202e}'], " ")}),
        )
        .await;
    settled(&world).await;
    let mails = std::mem::take(&mut *out.mails.lock());
    assert_eq!(mails.len(), 2, "both sides' deciders but who did it: {mails:?}");
    for mail in &mails {
        assert!(
            mail.text.contains("“x' Bcc: all@x.example https: //evil.example/login”"),
            "{}",
            mail.text
        );
        assert!(!mail.html.contains("https://evil"));
    }
    let lost = json!({"reason": "Lost the phone"});
    world.done_as("Dana Cole", &format!("{AT}/people/Omar%20Diaz/recover"), lost).await;
    settled(&world).await;
    let mails = std::mem::take(&mut *out.mails.lock());
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(
        to,
        ["dana@h.example", "omar@h.example"],
        "the person, and the owners of their party"
    );
    assert!(!mails[0].text.contains("/recover/"), "no link of a recovery: {}", mails[0].text);
}

#[tokio::test]
async fn a_test_goes_every_way_and_without_ways_the_page_says_so() {
    let world = World::active().await;
    let page = world.get(&format!("{AT}/notifications")).await;
    assert_eq!(
        (&page["only_queue"], &page["ways"], &page["rows"]),
        (&json!(true), &json!([]), &json!([]))
    );
    assert_eq!(world.done(&format!("{AT}/notifications/test"), json!({})).await["sent"], 0);
    let out = telling(&world, vec![hook("soar", &[]), way("desk", None, Form::Chat(Chat::Slack))]);
    contact(&world, "Mira Okafor", "mira@park.example").await;
    let sent = world.done(&format!("{AT}/notifications/test"), json!({})).await;
    assert_eq!(sent["sent"], 3, "{sent}");
    settled(&world).await;
    assert_eq!(heard(&out, "test").len(), 1);
    let tests = |mail: &&Mail| mail.subject == "Harbor Books: a test message";
    assert_eq!(out.mails.lock().iter().filter(tests).count(), 1);
    let noor = world.sign_in("Noor Haddad").await;
    let path = format!("{AT}/notifications/test");
    let refused = world.ask_as(&noor, Method::POST, &path, Some(&json!({}))).await;
    assert_eq!(refused.json()["code"], "AUTH-0003");
    assert_eq!(world.get(&format!("{AT}/notifications")).await["only_queue"], false);
    let outbox = SqliteOutbox::open(world.dir.path()).unwrap();
    let tenant = world.tenant("harbor-books").await;
    let head = world.tenants.view(tenant).await.unwrap().size;
    assert_eq!(outbox.mark(tenant).await.unwrap().lines, Some(head));
}

#[tokio::test]
async fn a_charter_is_told_from_draft_to_force_and_what_it_tells_of_is_told() {
    let world = World::active().await;
    let out = telling(&world, Vec::new());
    contact(&world, "Dana Cole", "dana@h.example").await;
    contact(&world, "Mira Okafor", "mira@p.example").await;
    settled(&world).await;
    let told = |out: &Outer| -> Vec<(String, String)> {
        let mails = std::mem::take(&mut *out.mails.lock());
        let who = |mail: &Mail| mail.to.as_str().split('@').next().unwrap().to_owned();
        let what = |mail: &Mail| mail.subject.strip_prefix("Harbor Books: ").unwrap().to_owned();
        let mut all: Vec<_> = mails.iter().map(|mail| (who(mail), what(mail))).collect();
        all.sort();
        all
    };
    out.mails.lock().clear();
    let row = |who: &str, what: &str| (who.to_owned(), what.to_owned());
    let clauses = json!([everything()[0],
        {"key": "switch-on", "title": "We hear of new agents", "actions": ["agent.activate"], "mode": "notify_and_act"}]);
    world.draft("harbor-books", json!({"clauses": clauses})).await;
    settled(&world).await;
    let waits = "a charter waits for a signature";
    assert_eq!(told(&out), [row("dana", waits), row("mira", waits)]);
    world.sign_charter("Mira Okafor", "harbor-books").await;
    settled(&world).await;
    assert_eq!(told(&out), [row("dana", waits)], "who has signed is not asked again");
    world.sign_charter("Dana Cole", "harbor-books").await;
    settled(&world).await;
    let in_force = "a charter is in force";
    assert_eq!(told(&out), [row("dana", in_force), row("mira", in_force)]);
    world.agent("second-bot").await;
    settled(&world).await;
    let mails = out.mails.lock().clone();
    assert!(
        mails[0].text.contains("We hear of new agents") && mails[0].text.contains("second-bot")
    );
    assert_eq!(
        told(&out),
        [row("dana", "something was done that you are told of")],
        "but not who did it"
    );
    world.check().await;
}
