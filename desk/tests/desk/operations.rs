//! The processes of an installation, what a person wants of its gateways, and ledgers that came out of a backup.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use writ_authority::{
    Entry, Fact,
    fact::{Confirmation, LedgerRestored, TerminationConfirmed, Witnessed},
};
use writ_desk::{HeldLease, QueueStatus};
use writ_model::{Actor, Digest, Span};
use writ_store::{Note, Standing, Wanted, roster::Role};

use crate::world::{
    World,
    crowd::{Crowd, boot, gateway, member},
    signing_of,
};

fn at(n: u8, what: &str) -> String {
    format!("/gateways/{}/{what}", gateway(n))
}

fn why() -> Value {
    json!({"reason": "It answers oddly"})
}

#[tokio::test]
async fn a_halt_is_at_once_and_serving_again_takes_a_signature() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1, 2]);
    let bare = world.post_bare(&at(1, "halt"), why()).await;
    assert!(signing_of(&bare).is_none(), "a stop takes no signature");
    let halted = bare.json();
    assert_eq!((&halted["wanted"], halted["line"].is_u64()), (&json!("halt"), true), "{halted}");
    assert_eq!(crowd.members.lock()[0].wanted, Wanted::Halt);
    assert!(crowd.members.lock()[0].wanted_by.as_ref().unwrap().starts_with("prs_"));
    assert_eq!(world.done(&at(1, "halt"), why()).await["line"], halted["line"], "once is enough");
    let rows = world.get("/gateways").await["gateways"].clone();
    assert_eq!(
        (&rows[0]["halt"]["by"], &rows[0]["wanted_by"]),
        (&json!("Mira Okafor"), &json!("Mira Okafor"))
    );
    assert_eq!(rows[0]["halt"]["reason"], "It answers oddly");
    assert_eq!((&rows[1]["halt"], &rows[1]["wanted"]), (&Value::Null, &json!("serve")));
    let queue = world.get("/queue").await;
    let asks: Vec<&Value> =
        queue["items"].as_array().unwrap().iter().map(|one| &one["ask"]).collect();
    assert!(asks.contains(&&json!("gateway_halted")), "{queue}");
    assert_eq!(world.post(&at(1, "drain"), json!({})).await.json()["code"], "AUTH-0051");

    let asked = world.post_bare(&at(1, "serve"), json!({})).await;
    let text = signing_of(&asked).unwrap()["text"].to_string();
    assert!(text.contains("serve again") && text.contains("It answers oddly"), "{text}");
    assert_eq!(crowd.members.lock()[0].wanted, Wanted::Halt, "asked is not done");
    world.done(&at(1, "serve"), json!({})).await;
    assert_eq!(crowd.members.lock()[0].wanted, Wanted::Serve);
    // Draining is a wish and no line; serving after it takes no signature.
    let drained = world.done(&at(2, "drain"), json!({})).await;
    assert_eq!((&drained["line"], crowd.members.lock()[1].wanted), (&Value::Null, Wanted::Drain));
    let serves = world.post_bare(&at(2, "serve"), json!({})).await;
    assert_eq!((serves.status.as_u16(), crowd.members.lock()[1].wanted), (200, Wanted::Serve));
    for unknown in [at(9, "halt"), "/gateways/x/halt".to_owned()] {
        assert_eq!(world.post(&unknown, why()).await.json()["code"], "DESK-0004");
    }
    world.check().await;
}

#[tokio::test]
async fn a_halt_works_where_the_ledger_cannot_say_so_yet() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1]);
    let mut old = member(9, world.desk.now());
    old.reads = 1;
    crowd.members.lock().push(old);
    let halted = world.done(&at(1, "halt"), why()).await;
    assert_eq!((&halted["wanted"], &halted["line"]), (&json!("halt"), &Value::Null), "{halted}");
    assert_eq!(crowd.members.lock()[0].wanted, Wanted::Halt);
    assert_eq!(world.post(&at(1, "drain"), json!({})).await.json()["code"], "AUTH-0051");
    assert_eq!(crowd.members.lock()[0].wanted, Wanted::Halt, "what no line says is a halt too");
    // Without a line there is nothing that a signature could end: it stays halted.
    let refused = world.post(&at(1, "serve"), json!({})).await;
    assert_eq!(refused.json()["code"], "AUTH-0049");
    crowd.members.lock().pop();
    world.done(&at(1, "serve"), json!({})).await;
    assert_eq!(crowd.members.lock()[0].wanted, Wanted::Serve);
    let says = world.get(&format!("/clients/{}/ledger", provider(&world).await)).await.to_string();
    assert!(says.contains("could not be written then"), "{says}");
    world.check().await;
}

async fn provider(world: &World) -> String {
    world.get("/provider").await["tenant"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_done_at_a_machine_is_written_down_later() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1]);
    let at = world.desk.now();
    let halted = |by: Option<&str>, reason: &str| Note::Halted {
        gateway: gateway(1),
        boot: boot(1),
        at,
        by: by.map(str::to_owned),
        reason: reason.to_owned(),
    };
    crowd.note(halted(Some("root\u{202e} at quay"), "smoke\n"));
    crowd.note(halted(None, ""));
    assert_eq!(world.desk.collect().await.unwrap().written, 2, "the second changes nothing");
    let row = world.get("/gateways").await["gateways"][0]["halt"].clone();
    assert_eq!((&row["by"], &row["reason"]), (&json!("root  at quay"), &json!("smoke")));
    assert_eq!(row["person"], Value::Null);
    crowd.note(Note::Resumed {
        gateway: gateway(1),
        boot: boot(1),
        at,
        by: None,
        reason: String::new(),
    });
    world.desk.collect().await.unwrap();
    assert_eq!(world.get("/gateways").await["gateways"][0]["halt"], Value::Null);
    // What a person halted, no machine lets serve again; the note is not kept for ever either.
    world.done(&self::at(1, "halt"), why()).await;
    crowd.note(Note::Resumed {
        gateway: gateway(1),
        boot: boot(1),
        at,
        by: Some("root".to_owned()),
        reason: String::new(),
    });
    assert_eq!(world.desk.collect().await.unwrap().refused, 1);
    assert!(world.get("/gateways").await["gateways"][0]["halt"].is_object());
    assert!(crowd.notes.lock().is_empty());
    world.check().await;
}

#[tokio::test]
async fn a_note_that_cannot_be_written_hides_no_later_one_and_is_not_passed_by_its_gateways() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1]);
    let tenant = world.tenant("harbor-books").await;
    let end = "/clients/harbor-books/agents/invoice-bot/terminate";
    let ended = world.done(end, json!({"reason": "Over"})).await;
    // An old reader keeps the provider's ledger as it is: nothing can be said there of halts.
    let mut old = member(9, world.desk.now());
    (old.reads, old.roles) = (1, vec![Role::Soc]);
    crowd.members.lock().push(old);
    let (reason, by) = (String::new(), None::<String>);
    let (one, at) = ((gateway(1), boot(1)), world.desk.now());
    for n in 0..1_100 {
        let (at, by) = (at + Span::micros(n), by.clone());
        crowd.note(Note::Halted { gateway: one.0, boot: one.1, at, by, reason: reason.clone() });
    }
    crowd.note(Note::Resumed { gateway: one.0, boot: one.1, at, by, reason });
    let said = Confirmation::One(TerminationConfirmed {
        agent: ended["agent"].as_str().unwrap().parse().unwrap(),
        gateway: gateway(1),
        boot: boot(1),
        tokens_refused_us: 9,
        last_cut_us: 9,
        streams: 0,
        calls: 0,
        children: 0,
    });
    crowd.note(Note::Confirmed(tenant, serde_json::to_vec(&said).unwrap()));
    let done = world.desk.collect().await.unwrap();
    assert_eq!((done.written, done.refused, done.failed), (1, 0, 1_101));
    assert_eq!(
        world.get("/clients/harbor-books/agents/invoice-bot/receipt").await["complete"],
        true
    );
    assert_eq!(crowd.notes.lock().len(), 1_101, "what failed waits, the resumption too");
    crowd.members.lock().pop();
    assert_eq!(world.desk.collect().await.unwrap().failed, 0);
    assert!(crowd.notes.lock().is_empty());
    assert_eq!(world.get("/gateways").await["gateways"][0]["halt"], Value::Null, "in their order");
    world.check().await;
}

#[tokio::test]
async fn a_halt_by_a_person_outlives_the_roster() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1, 2]);
    world.done(&at(1, "halt"), why()).await;
    crowd.note(Note::Halted {
        gateway: gateway(2),
        boot: boot(2),
        at: world.desk.now(),
        by: None,
        reason: "smoke".to_owned(),
    });
    assert_eq!(world.desk.collect().await.unwrap().halted, 0);
    // The roster is lost: nobody is known, and then both are heard again and would serve.
    let (members, now) = (std::mem::take(&mut *crowd.members.lock()), world.desk.now());
    assert_eq!(world.desk.collect().await.unwrap().halted, 0);
    crowd.members.lock().extend([member(1, now), member(2, now)]);
    assert_eq!(members[0].wanted, Wanted::Halt);
    assert_eq!(world.desk.collect().await.unwrap().halted, 1);
    let wanted = || crowd.members.lock().iter().map(|one| one.wanted).collect::<Vec<_>>();
    assert_eq!(wanted(), [Wanted::Halt, Wanted::Serve], "a machine keeps its own halt");
    assert!(crowd.members.lock()[0].wanted_by.as_ref().unwrap().starts_with("prs_"));
    crowd.with(1, |one| one.wanted = Wanted::Drain);
    assert_eq!(world.desk.collect().await.unwrap().halted, 1);
    world.done(&at(1, "serve"), json!({})).await;
    assert_eq!(world.desk.collect().await.unwrap().halted, 0, "a signature ended it");
    assert_eq!(wanted()[0], Wanted::Serve);
    world.check().await;
}

#[tokio::test]
async fn only_people_of_the_provider_see_it_and_those_who_run_gateways_say_what_they_do() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1]);
    world.staff("Pat Moss", "auditor").await;
    let dana = world.sign_in("Dana Cole").await;
    for path in ["/operations", "/gateways"] {
        let seen = world.ask_as(&dana, http::Method::GET, path, None).await;
        assert_eq!(seen.json()["code"], "DESK-0004", "{path}");
    }
    let pat = world.sign_in("Pat Moss").await;
    for path in ["/operations", "/gateways"] {
        let seen = world.ask_as(&pat, http::Method::GET, path, None).await;
        assert_eq!(seen.status.as_u16(), 200, "{path}");
    }
    let (path, body) = (at(1, "halt"), why());
    let halt = |who| world.ask_as(who, http::Method::POST, &path, Some(&body));
    assert_eq!(halt(&pat).await.json()["code"], "AUTH-0003");
    assert_eq!(halt(&dana).await.json()["code"], "DESK-0004");
    assert_eq!(crowd.members.lock()[0].wanted, Wanted::Serve);
    let tom = world.sign_in("Tom Reyes").await;
    assert_eq!(halt(&tom).await.status.as_u16(), 200, "an engineer of the provider");
    world.check().await;
}

#[tokio::test]
async fn operations_shows_what_processes_say_of_themselves() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1, 2, 3]);
    let now = world.desk.now();
    crowd.with(1, |one| {
        one.applied = Some(now + Span::millis(-40));
        one.report.streams = 4;
        one.report.counters = BTreeMap::from([("requests".to_owned(), 17)]);
        one.report.refusals = BTreeMap::from([("DENY-0011".to_owned(), 3)]);
        one.report.queues = vec![QueueStatus {
            name: "spool".to_owned(),
            waiting: 7,
            oldest: Some(now + Span::seconds(-2)),
            ..QueueStatus::default()
        }];
    });
    crowd.with(2, |one| {
        one.roles = vec![Role::Soc, Role::Desk];
        one.report.refusals =
            BTreeMap::from([("DENY-0011".to_owned(), 2), ("GATE-1".to_owned(), 9)]);
        one.report.drops = BTreeMap::from([("messages".to_owned(), 1)]);
        one.report.leases = vec![HeldLease { name: "soc".to_owned(), epoch: 3, since: now }];
        one.report.stores = BTreeMap::from([("ledger".to_owned(), "PostgreSQL 16".to_owned())]);
    });
    crowd.with(3, |one| {
        (one.seen, one.standing) = (now + Span::minutes(-1), Standing::Reading);
        one.report.refusals = BTreeMap::from([("LOST".to_owned(), 99)]);
    });
    let view = world.get("/operations").await;
    assert_eq!(view["processes"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&view["processes"][2]["alive"], &view["processes"][0]["alive"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(view["gateways"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&view["gateways"][0]["lag_us"], &view["gateways"][0]["streams"]),
        (&json!(40_000), &json!(4))
    );
    assert_eq!(view["gateways"][1]["standing"], "reading");
    let leases = view["leases"].as_array().unwrap();
    assert_eq!((&leases[0]["name"], &leases[0]["holder"]), (&json!("desk"), &Value::Null));
    assert_eq!((&leases[1]["holder"], &leases[1]["epoch"]), (&json!(gateway(2)), &json!(3)));
    assert_eq!(
        (&view["queues"][0]["waiting"], &view["queues"][0]["oldest_us"]),
        (&json!(7), &json!(2_000_000))
    );
    assert_eq!(
        view["refusals"],
        json!([{"what": "GATE-1", "count": 9}, {"what": "DENY-0011", "count": 5}])
    );
    assert_eq!(view["drops"][0]["what"], "messages");
    assert_eq!(view["stores"][0]["says"], "PostgreSQL 16");
    assert_eq!(view["formats"]["below"][0]["format"], 1);
    assert_eq!((&view["formats"]["newest"], &view["formats"]["reads"]), (&json!(3), &json!(3)));
    let queue = world.get("/queue").await;
    let lost = queue["items"].as_array().unwrap().iter().find(|one| one["ask"] == "gateway_lost");
    assert_eq!(lost.unwrap()["name"], json!(gateway(3)), "{queue}");
    world.check().await;
}

#[tokio::test]
async fn a_restored_ledger_waits_for_people_and_is_shown() {
    let world = World::active().await;
    let _crowd = Crowd::of(&world, &[]);
    let tenant = world.tenant("harbor-books").await;
    let view = world.tenants.view(tenant).await.unwrap();
    let now = world.desk.now();
    let witnessed = Some(Witnessed { size: view.size + 3, root: Digest::of(b"root") });
    let backup_at = now + Span::hours(-2);
    let restored = LedgerRestored { backup_at, size: view.size, witnessed, gap: 3 };
    let facts = [Fact::FormatRaised { format: 2 }, Fact::LedgerRestored(Box::new(restored))];
    let line = |fact| Entry::by(Actor::system("restore"), now, fact).to_line().unwrap().into();
    let lines = facts.into_iter().map(line).collect();
    world.tenants.ledger().append(tenant, view.size, lines).await.unwrap();
    world.tenants.advance(tenant).await.unwrap();
    let queue = world.get("/queue").await;
    let items = queue["items"].as_array().unwrap();
    let asked = items.iter().find(|one| one["ask"] == "restored").unwrap();
    assert!(asked["why"][0].as_str().unwrap().contains("3 lines"), "{asked}");
    assert!(items.iter().any(|one| one["ask"] == "held" && one["name"] == "invoice-bot"));
    assert_eq!(world.get("/status").await["restored"], 1);
    let row = world.get("/operations").await["restored"][0].clone();
    assert_eq!((&row["gap"], &row["held"]), (&json!(3), &json!(1)));
    let release = "/clients/harbor-books/agents/invoice-bot/release";
    assert_eq!(world.post_bare(release, json!({})).await.json()["code"], "DESK-0011");
    world.done(release, json!({})).await;
    assert_eq!(world.get("/status").await["restored"], 0);
    world.check().await;
}
