//! Many agents in one act, agents that act for others, and receipts gateway by gateway: confirmed, lease expired, waiting.

use serde_json::{Value, json};
use writ_authority::{
    Fact,
    fact::{Confirmation, Entry, How, Measured, Target, TerminationConfirmed, TerminationReached},
};
use writ_model::{AgentId, Span, TenantId, Timestamp};
use writ_store::Note;

use crate::world::{
    World,
    crowd::{Crowd, boot, gateway, member},
    signing_of,
};

const AT: &str = "/clients/harbor-books";
const ENDS: &str = "/clients/harbor-books/terminations";

async fn proposed(world: &World, name: &str, model: &str) -> Value {
    let body =
        json!({"name": name, "kind": "ai_agent", "purpose": "Sorts mail", "models": [model]});
    world.done(&format!("{AT}/agents"), body).await["id"].clone()
}

fn vendor(word: &str) -> Value {
    json!({"whom": {"vendor": word}, "reason": "The vendor was broken into"})
}

async fn kinds(world: &World) -> Vec<String> {
    let page = world.get(&format!("{AT}/ledger")).await;
    let lines = page["lines"].as_array().unwrap();
    lines.iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
}

async fn one_line(world: &World, tenant: TenantId, line: u64) -> Entry {
    let lines = world.tenants.ledger().read(tenant, line, 1).await.unwrap();
    Entry::from_line(&lines[0]).unwrap()
}

/// The gateways' notes of an ending, as they make them.
fn confirmed_all(tenant: TenantId, line: u64, n: u8, at: Timestamp) -> Note {
    let measured =
        Measured { tokens_refused_us: 700, last_cut_us: 2_500, streams: 3, calls: 1, children: 0 };
    let target = Target {
        gateway: gateway(n),
        boot: boot(n),
        how: How::Confirmed,
        at: at + Span::micros(2_500),
        measured: Some(measured),
    };
    let many = Confirmation::Many(TerminationReached { line, targets: vec![target] });
    Note::Confirmed(tenant, serde_json::to_vec(&many).unwrap())
}

#[tokio::test]
async fn a_vendors_agents_are_one_act_and_the_first_need_raises_the_format() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[]);
    for n in 0..6 {
        proposed(&world, &format!("bot {n}"), if n < 4 { "Example Large" } else { "other" }).await;
    }
    assert!(!kinds(&world).await.iter().any(|kind| kind == "format_raised"), "not before a need");
    let preview = world.done(&format!("{ENDS}/preview"), json!({"vendor": "EXAMPLE"})).await;
    assert_eq!((&preview["agents"], preview["names"].as_array().unwrap().len()), (&json!(4), 4));
    let bare = world.post_bare(ENDS, vendor("example")).await;
    assert_eq!(bare.json()["code"], "DESK-0011");
    let text = signing_of(&bare).unwrap()["text"].to_string();
    assert!(text.contains("with a model of “example” for good"), "{text}");

    // An old gateway that could come back within a day keeps the ledger as it is.
    let mut old = member(9, world.desk.now());
    (old.reads, old.version, old.seen) = (1, "0.4.0".to_owned(), Timestamp::from_micros(0));
    crowd.members.lock().push(old);
    let refused = world.post(ENDS, vendor("example")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("AUTH-0049")));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(&gateway(9).to_string()) && detail.contains("0.4.0"), "{detail}");
    crowd.members.lock().clear();

    let act = world.done(ENDS, vendor("example")).await;
    assert_eq!((&act["agents"], &act["complete"]), (&json!(4), &json!(true)));
    assert_eq!(act["by"], "Mira Okafor");
    let kinds = kinds(&world).await;
    assert_eq!(kinds[kinds.len() - 3..], ["format_raised", "act_signed", "agents_terminated"]);
    let line = act["line"].as_u64().unwrap();
    assert_eq!(world.get(&format!("{ENDS}/{line}")).await, act);
    assert_eq!(world.get(ENDS).await[0]["line"], line);
    let said = world.get(&format!("{AT}/ledger/{line}")).await;
    assert!(said["says"].as_str().unwrap().starts_with("4 agents were ended for good"), "{said}");
    let receipt = world.get(&format!("{AT}/agents/bot 0/receipt").replace(' ', "%20")).await;
    assert_eq!((&receipt["line"], &receipt["complete"]), (&json!(line), &json!(true)));
    let badge = world.get(&format!("{AT}/agents/bot%200")).await;
    let told = badge["timeline"].as_array().unwrap();
    assert!(told.iter().any(|one| one["line"] == line), "it stands in each agent's own story");
    for bad in [
        json!({"whom": {}, "reason": "x"}),
        json!({"whom": {"all": true, "vendor": "x"}, "reason": "x"}),
        json!({"whom": {"agents": vec!["invoice-bot"; 300]}, "reason": "x"}),
    ] {
        assert_eq!(world.post(ENDS, bad).await.json()["code"], "DESK-0003");
    }
    assert_eq!(world.post(ENDS, vendor("nobody")).await.json()["code"], "AUTH-0004");
    assert_eq!(
        world.done(ENDS, json!({"whom": {"all": true}, "reason": "Over"})).await["agents"],
        3
    );
    world.check().await;
}

#[tokio::test]
async fn whoever_ends_an_agent_ends_what_acts_for_it() {
    let world = World::active().await;
    let _crowd = Crowd::of(&world, &[]);
    proposed(&world, "helper", "x").await;
    let said =
        world.done(&format!("{AT}/agents/helper/delegate"), json!({"by": "invoice-bot"})).await;
    assert_eq!(said["says"][0], "helper acts for invoice-bot.");
    for (agent, by, code) in
        [("invoice-bot", "helper", "AUTH-0050"), ("helper", "nobody", "DESK-0004")]
    {
        let path = format!("{AT}/agents/{agent}/delegate");
        assert_eq!(world.post(&path, json!({"by": by})).await.json()["code"], code);
    }
    let end = format!("{AT}/agents/invoice-bot/terminate");
    let receipt = world.done(&end, json!({"reason": "Over"})).await;
    assert_eq!(world.get(&format!("{AT}/agents/helper")).await["life"], "terminated");
    let helper = world.get(&format!("{AT}/agents/helper/receipt")).await;
    assert_eq!(helper["line"], receipt["line"]);
    let act = world.get(&format!("{ENDS}/{}", receipt["line"])).await;
    assert_eq!(
        (&act["agents"], &act["what"]),
        (&json!(2), &json!("invoice-bot and what acts for it"))
    );
    world.check().await;
}

#[tokio::test]
async fn an_act_is_confirmed_by_notes_and_by_leases_that_are_over() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1, 2, 3]);
    let tenant = world.tenant("harbor-books").await;
    proposed(&world, "helper", "x").await;
    let now = world.desk.now();
    // One is heard and behind, one is lost already, one began after the end.
    crowd.with(2, |one| one.seen = now);
    crowd.with(3, |one| one.entered = now + Span::hours(1));
    let act = world.done(ENDS, json!({"whom": {"all": true}, "reason": "Over"})).await;
    let (line, at): (u64, Timestamp) =
        (act["line"].as_u64().unwrap(), act["at"].as_str().unwrap().parse().unwrap());
    assert_eq!(act["waiting_for"], json!([gateway(1), gateway(2)]));
    assert_eq!(act["targets"][0]["how"], "waiting");
    assert_eq!(world.desk.collect().await.unwrap().open, 1);

    crowd.with(1, |one| {
        (one.seen, one.applied) = (at + Span::seconds(4), Some(at + Span::seconds(4)));
    });
    crowd.note(confirmed_all(tenant, line, 1, at));
    crowd.note(confirmed_all(tenant, line, 1, at));
    crowd.note(Note::Confirmed(tenant, b"{}".to_vec()));
    let done = world.desk.collect().await.unwrap();
    assert_eq!((done.written, done.refused, done.expired, done.open), (2, 1, 0, 1));
    assert!(crowd.notes.lock().is_empty(), "what is written, or never can be, is forgotten");
    // Its lease, and a second more, are over.
    world.clock.advance(Span::seconds(7));
    let done = world.desk.collect().await.unwrap();
    assert_eq!((done.expired, done.open), (1, 0));
    assert_eq!(world.desk.collect().await.unwrap().expired, 0, "it is written once");
    let act = world.get(&format!("{ENDS}/{line}")).await;
    assert_eq!(act["complete"], true);
    let [one, two] = &act["targets"].as_array().unwrap()[..] else { panic!("{act}") };
    assert_eq!((&one["how"], &one["last_cut_us"]), (&json!("confirmed"), &json!(2_500)));
    assert_eq!(one["at"], json!(at + Span::micros(2_500)));
    assert_eq!(two["how"], "lease_expired");
    assert!(two.get("last_cut_us").is_none(), "nothing was measured");
    let over: Timestamp = two["at"].as_str().unwrap().parse().unwrap();
    assert!(over > at && over <= world.desk.now());
    let entry = one_line(&world, tenant, two["line"].as_u64().unwrap()).await;
    assert!(matches!(entry.fact, Fact::TerminationReached(_)));
    // Each agent's own receipt says the same.
    let receipt = world.get(&format!("{AT}/agents/helper/receipt")).await;
    assert_eq!(receipt["targets"], act["targets"]);
    world.check().await;
}

#[tokio::test]
async fn a_gateway_that_goes_on_without_the_line_is_done_when_its_lease_is() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1]);
    let tenant = world.tenant("harbor-books").await;
    let end = format!("{AT}/agents/invoice-bot/terminate");
    let receipt = world.done(&end, json!({"reason": "Over"})).await;
    assert_eq!(receipt["waiting_for"], json!([gateway(1)]));
    let ended: Timestamp = receipt["ended_at"].as_str().unwrap().parse().unwrap();
    let stuck = ended + Span::millis(-1);
    for second in 0..9 {
        // It beats on, and never applies the line.
        let now = world.desk.now();
        crowd.with(1, |one| (one.seen, one.applied) = (now, Some(stuck)));
        let done = world.desk.collect().await.unwrap();
        assert_eq!(done.expired, usize::from(second == 6), "after {second} seconds");
        world.clock.advance(Span::seconds(1));
    }
    let receipt = world.get(&format!("{AT}/agents/invoice-bot/receipt")).await;
    assert_eq!(
        (&receipt["complete"], &receipt["targets"][0]["how"]),
        (&json!(true), &json!("lease_expired"))
    );
    // One that says so late changes nothing any more.
    let agent: AgentId = receipt["agent"].as_str().unwrap().parse().unwrap();
    let late = Confirmation::One(TerminationConfirmed {
        agent,
        gateway: gateway(1),
        boot: boot(1),
        tokens_refused_us: 9,
        last_cut_us: 9,
        streams: 0,
        calls: 0,
        children: 0,
    });
    crowd.note(Note::Confirmed(tenant, serde_json::to_vec(&late).unwrap()));
    assert_eq!(world.desk.collect().await.unwrap().written, 1);
    let receipt = world.get(&format!("{AT}/agents/invoice-bot/receipt")).await;
    assert_eq!(receipt["targets"].as_array().unwrap().len(), 1);
    world.check().await;
}

#[tokio::test]
async fn a_gateway_that_has_read_the_line_and_never_says_so_is_confirmed() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1, 2]);
    let end = format!("{AT}/agents/invoice-bot/terminate");
    let ended: Timestamp = world.done(&end, json!({"reason": "Over"})).await["ended_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let stood = world.desk.now();
    crowd.with(1, |one| (one.seen, one.applied) = (stood, Some(stood)));
    // The second reads the line, and is heard no more.
    let read = stood + Span::millis(250);
    crowd.with(2, |one| (one.seen, one.applied) = (read, Some(read)));
    let quiet = async || {
        let done = world.desk.collect().await.unwrap();
        assert_eq!((done.read, done.expired, done.open), (0, 0, 1));
    };
    quiet().await;
    // Read, and the time to cut is not over: in the same instant nobody can say which was first.
    let just = stood + Span::seconds(2);
    world.clock.advance(Span::seconds(3));
    crowd.with(1, |one| (one.seen, one.applied) = (just, Some(just)));
    quiet().await;
    let after = just + Span::micros(1);
    crowd.with(1, |one| (one.seen, one.applied) = (after, Some(after)));
    let done = world.desk.collect().await.unwrap();
    assert_eq!((done.read, done.expired, done.open), (1, 0, 1));
    let receipt = world.get(&format!("{AT}/agents/invoice-bot/receipt")).await;
    let one = &receipt["targets"][0];
    assert_eq!((&one["how"], &one["at"]), (&json!("confirmed"), &json!(after)));
    assert!(one.get("last_cut_us").is_none(), "nothing was measured");
    // Of the lost one every lease without the line is over, counted from the line and not from its last beat.
    world.clock.advance(stood + Span::seconds(6) - world.desk.now());
    let done = world.desk.collect().await.unwrap();
    assert_eq!((done.read, done.expired, done.open), (0, 1, 0));
    let receipt = world.get(&format!("{AT}/agents/invoice-bot/receipt")).await;
    assert_eq!(
        (&receipt["complete"], receipt["waiting_for"].as_array().unwrap().len()),
        (&json!(true), 0)
    );
    let two: Timestamp = receipt["targets"][1]["at"].as_str().unwrap().parse().unwrap();
    assert!(two >= ended + Span::seconds(6) && two <= world.desk.now());
    world.check().await;
}

#[tokio::test]
async fn whom_an_end_has_to_reach_is_told_by_the_rosters_clock_alone() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1, 2, 3, 4]);
    *crowd.ahead.lock() = Span::hours(1);
    let now = world.desk.now() + Span::hours(1);
    // The first serves, and its own clock is a day ahead; the second was lost before, by the roster's clock and not by the
    // desk's; the third enters after the end, and its own clock is behind; the fourth left before.
    crowd.with(1, |one| {
        (one.seen, one.applied) = (now, Some(now));
        one.started_at = now + Span::days(1);
    });
    crowd.with(2, |one| one.seen = now + Span::seconds(-30));
    crowd.with(3, |one| {
        (one.entered, one.seen) = (now + Span::seconds(30), now + Span::seconds(30));
    });
    crowd.with(4, |one| (one.seen, one.left) = (now, Some(now + Span::seconds(-1))));
    let end = format!("{AT}/agents/invoice-bot/terminate");
    let receipt = world.done(&end, json!({"reason": "Over"})).await;
    assert_eq!(receipt["waiting_for"], json!([gateway(1)]), "{receipt}");
    assert_eq!(world.desk.collect().await.unwrap().open, 1);
    world.clock.advance(Span::seconds(60));
    let done = world.desk.collect().await.unwrap();
    assert_eq!((done.expired, done.open), (1, 0));
    let receipt = world.get(&format!("{AT}/agents/invoice-bot/receipt")).await;
    assert_eq!(receipt["targets"].as_array().unwrap().len(), 1, "{receipt}");
    world.check().await;
}

#[tokio::test]
async fn one_that_left_or_runs_again_is_not_waited_for() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1, 2]);
    let now = world.desk.now();
    // The first left before; the second crashed before and runs again under another boot.
    crowd.with(1, |one| one.left = Some(now));
    let mut again = member(2, now);
    (again.boot, again.entered) = (boot(77), now);
    crowd.with(2, |one| one.seen = now + Span::seconds(-9));
    crowd.members.lock().push(again);
    let end = format!("{AT}/agents/invoice-bot/terminate");
    let receipt = world.done(&end, json!({"reason": "Over"})).await;
    let waiting = receipt["targets"].as_array().unwrap();
    assert_eq!(waiting.len(), 1, "{receipt}");
    assert_eq!(waiting[0]["boot"], json!(boot(77)));
    // It leaves in order: nothing is open at it any more.
    world.clock.advance(Span::seconds(1));
    let left = world.desk.now();
    for one in crowd.members.lock().iter_mut().filter(|one| one.boot == boot(77)) {
        one.left = Some(left);
    }
    assert_eq!(world.desk.collect().await.unwrap().expired, 1);
    let receipt = world.get(&format!("{AT}/agents/invoice-bot/receipt")).await;
    assert_eq!((&receipt["complete"], &receipt["targets"][0]["at"]), (&json!(true), &json!(left)));
    world.check().await;
}

#[tokio::test]
async fn a_roster_that_does_not_answer_keeps_no_end_waiting() {
    let world = World::active().await;
    let crowd = Crowd::of(&world, &[1]);
    *crowd.gone.lock() = true;
    let end = format!("{AT}/agents/invoice-bot/terminate");
    world.done(&end, json!({"reason": "Over"})).await;
    assert_eq!(world.get(&format!("{AT}/agents/invoice-bot")).await["life"], "terminated");
    assert_eq!(world.desk.collect().await.unwrap_err().code().0, "STOR-0040");
    *crowd.gone.lock() = false;
    let receipt = world.get(&format!("{AT}/agents/invoice-bot/receipt")).await;
    assert_eq!(receipt["waiting_for"], json!([gateway(1)]));
    world.check().await;
}
