//! An honest log is cosigned, at once; and what a witness does over restarts and outages.

use std::sync::Arc;

use writ_app::{
    book::verify::{Insist, verify_with},
    system::SystemClock,
    witness::{Step, Stop},
};
use writ_authority::Command;
use writ_desk::{Via, Who};
use writ_model::{Actor, Clock as _, Span};

use crate::{
    server::{Server, witness_says},
    world::{Honest, World},
};

pub(crate) fn agent(name: &str) -> Command {
    Command::CreateGroup { name: name.to_owned(), parent: None }
}

#[tokio::test]
async fn an_honest_log_is_cosigned_and_its_exports_carry_it() {
    let world = World::honest().await;
    let mut watch = world.witness("office").await;
    let size = world.view().await.size;
    let root = Some(world.dana.key.fingerprint());
    let step = watch.round(0).await.unwrap();
    assert_eq!(step, Step::Cosigned { size, new: size, receipts: 5, root });
    assert_eq!(watch.round(0).await.unwrap(), Step::Same { size });
    let who = Who::new(world.mira.person, Via::Cli);
    let rows = world.desk.witnesses(&who, "harbor-books").await.unwrap();
    assert_eq!((rows[0].seen_size, rows[0].behind, &rows[0].disagrees), (Some(size), 0, &None));
    let note = world.desk.checkpoint(&who, "harbor-books").await.unwrap().note;
    assert_eq!(note.lines().filter(|line| line.starts_with('\u{2014}')).count(), 2, "{note}");

    // The note as it is served is what `ledger verify --witness` wants to see.
    let mut server = Server::of(&world).await;
    server.cosignatures = vec![note.lines().last().unwrap().to_owned()];
    let dir = writ_testkit::TempDir::new().unwrap();
    server.export(dir.path());
    let (key, fingerprint) = (watch.home().public().to_text(), world.dana.key.fingerprint());
    let log = world.log_key().await;
    let witnesses = [key];
    let insist = Insist { key: Some(&log), witnesses: &witnesses, root: Some(&fingerprint) };
    let found = verify_with(dir.path(), &insist, None).unwrap().answer;
    assert_eq!(found["witnesses"][0]["name"], "office");
    assert_eq!(found["client_root"]["fingerprint"], fingerprint.as_str());
    assert_eq!((found["receipts"].as_u64(), found["client_people"].as_u64()), (Some(5), Some(1)));
}

/// The bar is a second; the time is printed, since a loaded machine says nothing about the code.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_line_is_cosigned_while_the_witness_waits() {
    let world = Arc::new(World::honest().await);
    let mut watch = world.witness("office").await;
    watch.round(0).await.unwrap();
    let waiting = tokio::spawn(async move { watch.round(20).await });
    let mira = world.mira.actor();
    world.act(mira, agent("night-shift")).await;
    let begun = SystemClock.monotonic_micros();
    let step = waiting.await.unwrap().unwrap();
    let took = SystemClock.monotonic_micros() - begun;
    assert!(matches!(step, Step::Cosigned { new: 1, .. }), "{step:?}");
    let who = Who::new(world.mira.person, Via::Cli);
    let rows = world.desk.witnesses(&who, "harbor-books").await.unwrap();
    assert_eq!(rows[0].behind, 0);
    println!("cosigned {} ms after the line was durable", took / 1_000);
}

#[tokio::test]
async fn a_witness_goes_on_where_it_was_after_a_restart_and_an_outage() {
    let world = World::honest().await;
    let mut watch = world.witness("office").await;
    watch.round(0).await.unwrap();
    let seen = watch.size();
    drop(watch);
    world.act(world.mira.actor(), agent("one")).await;
    let down = Arc::new(Honest(axum::Router::new()));
    let mut watch = world.watch("office", down).await;
    assert!(matches!(watch.round(0).await, Err(Stop::Fault(_))), "nobody answers");
    assert_eq!(watch.size(), seen);
    let mut watch = world.watch("office", Arc::new(Honest(world.desk.router()))).await;
    let step = watch.round(0).await.unwrap();
    assert!(matches!(step, Step::Cosigned { new: 1, .. }), "{step:?}");
}

#[tokio::test]
async fn only_a_named_witness_gets_in_and_each_token_once() {
    let world = World::honest().await;
    let mut watch = world.witness("office").await;
    watch.round(0).await.unwrap();
    let stranger = writ_app::witness::Home::init(
        &world.dir.path().join("stranger"),
        "office",
        &writ_testkit::SeededEntropy::new(99),
    );
    drop(stranger.unwrap());
    let honest = Arc::new(Honest(world.desk.router()));
    let mut stranger = world.watch("stranger", honest).await;
    let Err(Stop::Fault(fault)) = stranger.round(0).await else { panic!("a stranger got in") };
    assert_eq!(fault.code.as_deref(), Some("DESK-0001"));

    // Removed by the client, it is asked no more.
    let view = world.view().await;
    let witness = *view.state.witnesses.keys().next().unwrap();
    let reason = "the machine was replaced".to_owned();
    world.sign(&world.dana, Command::RemoveWitness { witness, reason }).await;
    let Err(Stop::Fault(fault)) = watch.round(0).await else { panic!("a removed one got in") };
    assert_eq!(fault.code.as_deref(), Some("DESK-0001"));
}

#[tokio::test]
async fn a_silent_or_disagreeing_witness_is_a_decision() {
    let world = World::honest().await;
    let mut watch = world.witness("office").await;
    watch.round(0).await.unwrap();
    let who = Who::new(world.mira.person, Via::Cli);
    let about = |queue: &writ_desk::view::QueueView| -> Vec<String> {
        let items = queue.items.iter().map(|item| item.waiting.what.clone());
        items.filter(|what| what.contains("office")).collect()
    };
    let queue = world.desk.queue(&who).await.unwrap();
    assert_eq!(about(&queue), Vec::<String>::new());
    world.act(world.mira.actor(), agent("one")).await;
    world.clock.advance(Span::minutes(59));
    assert_eq!(about(&world.desk.queue(&who).await.unwrap()), Vec::<String>::new());
    world.clock.advance(Span::minutes(2));
    let silent = about(&world.desk.queue(&who).await.unwrap());
    assert_eq!(silent, ["Witness “office” is silent."]);

    // A forged line, written past the desk into its own store.
    let mut server = Server::of(&world).await;
    let known = server.lines.len();
    let (person, name) = (world.dana.person, "Dana Cole".to_owned());
    let seated = writ_authority::fact::PersonSeated {
        person: writ_model::PersonId::new(&world.cx(Actor::system("desk"))),
        name: name.into(),
        side: writ_model::Side::Client,
        roles: vec![writ_model::Role::Owner],
    };
    let _ = person;
    server.append(Actor::system("desk"), writ_authority::Fact::PersonSeated(seated));
    let forged = server.lines[known..].iter().map(|line| line.clone().into()).collect();
    let ledger = world.tenants.ledger();
    ledger.append(world.client, known as u64, forged).await.unwrap();
    world.tenants.poll().await.unwrap();
    let Err(Stop::Disagrees { code, .. }) = watch.round(0).await else { panic!("it cosigned") };
    assert_eq!(code, "AUTH-0024");
    let rows = world.desk.witnesses(&who, "harbor-books").await.unwrap();
    assert!(rows[0].disagrees.as_ref().unwrap().contains("AUTH-0024"));
    let said = about(&world.desk.queue(&who).await.unwrap());
    assert_eq!(said, ["Witness “office” disagrees."]);
}

#[tokio::test]
async fn a_witness_goes_along_when_its_ledger_moves_and_not_when_it_is_only_said_to() {
    let world = World::honest().await;
    world.witness("office").await.round(0).await.unwrap();
    let (old, new) = (Server::of(&world).await, [77; 32]);
    let mut moved = Server::of(&world).await;
    moved.moves(new, &old.note());
    let key = moved.key_text();
    let watch = |server: Server| {
        let home = writ_app::witness::Home::open(&world.dir.path().join("office")).unwrap();
        let remote = world.remote(Arc::new(server));
        writ_app::witness::Watch::open(home, remote, &key, None).unwrap()
    };
    // A move that hands over other lines than there are.
    let mut short = Server::of(&world).await;
    short.lines.pop();
    let shorter = short.note();
    let mut wrong = Server::of(&world).await;
    wrong.moves(new, &shorter);
    assert_eq!(witness_says(&mut watch(wrong)).await, "EVID-0014");
    // The new provider's key without any move.
    let mut taken = Server::of(&world).await;
    taken.rekey(new);
    taken.act(world.mira.actor(), agent("one"));
    assert_eq!(witness_says(&mut watch(taken)).await, "EVID-0005");
    let step = watch(moved).round(0).await.unwrap();
    assert!(matches!(step, Step::Cosigned { new: 1, .. }), "{step:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_waits_for_the_witness_that_is_awake() {
    let world = Arc::new(World::honest().await);
    let mut watch = world.witness("office").await;
    watch.round(0).await.unwrap();
    let until = world.clock.now() + Span::minutes(59);
    world.sign(&world.mira, Command::AllowExport { until }).await;
    let running = tokio::spawn(async move {
        loop {
            watch.round(20).await.unwrap();
        }
    });
    let who = Who::new(world.mira.person, Via::Cli);
    for name in ["one", "two", "three"] {
        world.act(world.mira.actor(), agent(name)).await;
        let note = world.desk.export_file(&who, "harbor-books", "checkpoint").await.unwrap();
        let note = String::from_utf8(note.bytes).unwrap();
        assert!(note.lines().any(|line| line.starts_with("\u{2014} office ")), "{note}");
        assert!(note.contains(&format!("\n{}\n", world.view().await.size)), "{note}");
    }
    running.abort();
}

#[tokio::test]
async fn nothing_is_cosigned_that_is_not_on_disk() {
    let world = World::honest().await;
    let mut watch = world.witness("office").await;
    watch.round(0).await.unwrap();
    let seen = watch.size();
    world.act(world.mira.actor(), agent("one")).await;
    // The disk takes nothing.
    let new = world.dir.path().join("office/seen.json.new");
    std::fs::create_dir(&new).unwrap();
    let who = Who::new(world.mira.person, Via::Cli);
    for _ in 0..2 {
        assert!(matches!(watch.round(0).await, Err(Stop::Fault(_))));
        let rows = world.desk.witnesses(&who, "harbor-books").await.unwrap();
        assert_eq!((watch.size(), rows[0].seen_size), (seen, Some(seen)));
    }
    std::fs::remove_dir(&new).unwrap();
    assert!(matches!(watch.round(0).await, Ok(Step::Cosigned { new: 1, .. })));
}

#[tokio::test]
async fn two_processes_over_one_folder_cosign_one_history() {
    let world = World::honest().await;
    let mut one = world.witness("office").await;
    one.round(0).await.unwrap();
    let mut fork = Server::of(&world).await;
    fork.act(world.mira.actor(), agent("another"));
    let mut two = world.watch("office", Arc::new(fork)).await;
    world.act(world.mira.actor(), agent("one")).await;
    assert!(matches!(one.round(0).await, Ok(Step::Cosigned { new: 1, .. })));
    assert!(matches!(two.round(0).await, Err(Stop::Fault(_))), "the folder has gone on");
}
