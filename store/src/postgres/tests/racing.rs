//! Several processes on one ledger: contention, turns, polls under commits out of order, hints, migration meanwhile.
//!
//! A process here is a pool, a follower and a sequencer of its own: nothing is shared with the next but the server.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::{
    sync::broadcast::Receiver,
    time::{Duration, Instant, timeout},
};
use writ_evidence::Frontier;
use writ_model::Digest;

use super::*;
use crate::{
    AppendError, Head, Ledger, Sequencer, SubmitError, Tenants, View, follow::tests::Sum,
    ledger::Hint, postgres::migrate::Step, sequencer::Decide,
};

/// Long enough for a machine with little to spare.
const LONG: Duration = Duration::from_secs(30);

struct Process {
    ledger: Arc<dyn Ledger>,
    sequencer: Sequencer<Sum>,
}

async fn process(database: &Database) -> Process {
    let pg = Pg::connect(PgOptions { pool: 4, ..options(database.url()) }).await.unwrap();
    let ledger: Arc<dyn Ledger> = Arc::new(pg.ledger());
    let sequencer = Sequencer::new(Arc::new(Tenants::new(Arc::clone(&ledger))));
    Process { ledger, sequencer }
}

fn add(number: u64) -> Decide<Sum, String> {
    Box::new(move |_| Ok(vec![Bytes::from(number.to_string())]))
}

async fn everything(ledger: &dyn Ledger) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let lines = ledger.read(tenant(1), all.len() as u64, usize::MAX).await.unwrap();
        if lines.is_empty() {
            return all;
        }
        let numbers = lines.iter().map(|line| std::str::from_utf8(line).unwrap().parse::<u64>());
        all.extend(numbers.map(Result::unwrap));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_lose_nothing_and_a_stop_gets_through_at_once() {
    let (_pg, database) = fresh().await;
    let (writers, each) = (16_u64, 15_u64);
    let stopping = process(&database).await;
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let process = process(&database).await;
        tasks.push(tokio::spawn(async move {
            let mut firsts = Vec::new();
            for n in 0..each {
                let number = 1 + writer * each + n;
                let done = process.sequencer.submit(tenant(1), add(number)).await.unwrap();
                firsts.push((done.first, number));
            }
            firsts
        }));
    }
    // In the thick of it, from a process that has not seen anything yet.
    while stopping.ledger.head(tenant(1)).await.unwrap().size < 40 {
        tokio::task::yield_now().await;
    }
    let mut worst = 0;
    for n in 0..5 {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let stop: Decide<Sum, String> = Box::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(vec![Bytes::from((9000 + n).to_string())])
        });
        stopping.sequencer.submit(tenant(1), stop).await.unwrap();
        worst = worst.max(tries.load(Ordering::SeqCst));
    }
    // Once without a turn and once with it; once more if the machine was so slow that the turn was lost.
    assert!(worst <= 3, "{worst} tries");
    let mut wanted: Vec<u64> = (1..=writers * each).chain(9000..9005).collect();
    let mut places = Vec::new();
    for task in tasks {
        places.extend(task.await.unwrap());
    }
    let all = everything(&*stopping.ledger).await;
    for (first, number) in places {
        assert_eq!(all[usize::try_from(first).unwrap()], number, "answered with its place");
    }
    let mut found = all;
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "each once");
    let view = stopping.sequencer.tenants().advance(tenant(1)).await.unwrap();
    assert_eq!(view.root(), stopping.ledger.head(tenant(1)).await.unwrap().root);
}

#[tokio::test]
async fn whoever_stands_still_in_its_turn_is_passed_by_and_harms_nothing() {
    let (_pg, database) = fresh().await;
    let (still, other, third) =
        (process(&database).await, process(&database).await, process(&database).await);
    still.sequencer.submit(tenant(1), add(1)).await.unwrap();
    let turn = still.ledger.turn(tenant(1)).await.unwrap();
    // Without a turn nobody passes, though the head is as expected; another tenant is not concerned.
    let head = other.ledger.head(tenant(1)).await.unwrap();
    let fault = other.ledger.append(tenant(1), 1, vec![Bytes::from_static(b"5")]).await;
    assert_eq!(fault, Err(AppendError::Stale { tenant: tenant(1), expected: 1, head }));
    assert!(other.ledger.append(tenant(2), 0, vec![Bytes::from_static(b"5")]).await.is_ok());
    let begun = Instant::now();
    let (second, third) = timeout(LONG, async {
        tokio::join!(
            other.sequencer.submit(tenant(1), add(2)),
            third.sequencer.submit(tenant(1), add(3))
        )
    })
    .await
    .unwrap();
    assert_eq!(second.unwrap().size + third.unwrap().size, 2 + 3);
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(500), "it had the turn: {waited:?}");
    // It wakes up, believes that it has its turn, and is refused by the head.
    let late = still.ledger.append(tenant(1), 1, vec![Bytes::from_static(b"9")]).await;
    assert!(matches!(late, Err(AppendError::Stale { head, .. }) if head.size == 3), "{late:?}");
    drop(turn);
    assert_eq!(everything(&*other.ledger).await.iter().sum::<u64>(), 6);
    still.sequencer.submit(tenant(1), add(4)).await.unwrap();
}

#[tokio::test]
async fn a_turn_that_is_given_back_is_free_at_once() {
    let (_pg, database) = fresh().await;
    let (one, two) = (process(&database).await, process(&database).await);
    let begun = Instant::now();
    for _ in 0..20 {
        drop(one.ledger.turn(tenant(1)).await.unwrap());
        drop(two.ledger.turn(tenant(1)).await.unwrap());
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "none waited for a timeout");
    // Whoever stops waiting leaves the queue.
    let held = one.ledger.turn(tenant(1)).await.unwrap();
    let gone = timeout(Duration::from_millis(100), two.ledger.turn(tenant(1))).await;
    assert!(gone.is_err(), "it is held");
    drop(held);
    timeout(LONG, one.ledger.turn(tenant(1))).await.unwrap().unwrap();
}

/// A head as an append writes it, in a transaction that stays open.
const HEAD: &str = "
INSERT INTO writ.heads (tenant, size, root, frontier, moved) VALUES ($1, 1, $2, $3, pg_current_xact_id())";

#[tokio::test]
async fn commits_out_of_order_are_all_told() {
    let (pg, database) = fresh().await;
    let other = process(&database).await;
    let mut edge = Frontier::new();
    edge.push(writ_evidence::leaf_hash(b"1"));
    let begin = async |n: u8| {
        let mut tx = pg.tenant_tx(tenant(n)).await.unwrap();
        let (root, frontier) = (edge.root().as_bytes().to_vec(), edge.to_bytes());
        assert_eq!(tx.run(HEAD, &[&key(tenant(n)), &root, &frontier]).await.unwrap(), 1);
        tx
    };
    let told = async |mark| {
        let moved = other.ledger.heads_since(mark).await.unwrap();
        let tenants: Vec<_> = moved.heads.iter().map(|(tenant, _)| *tenant).collect();
        (tenants, Some(moved.mark))
    };
    let (tenants, mark) = told(None).await;
    assert_eq!(tenants, []);
    let (first, second) = (begin(1).await, begin(2).await);
    other.ledger.append(tenant(3), 0, vec![Bytes::from_static(b"1")]).await.unwrap();
    let (tenants, mark) = told(mark).await;
    assert_eq!(tenants, [tenant(3)]);
    second.commit().await.unwrap();
    let (mut tenants, mark) = told(mark).await;
    tenants.sort_unstable();
    assert_eq!(tenants, [tenant(2), tenant(3)], "told again while an older one is open");
    first.commit().await.unwrap();
    let (tenants, mark) = told(mark).await;
    assert!(tenants.contains(&tenant(1)), "begun first, committed last");
    let (tenants, _) = told(mark).await;
    assert_eq!(tenants, [], "and then nothing is told twice");
    drop(begin(4).await);
    let (tenants, _) = told(None).await;
    assert_eq!(tenants.len(), 3, "a transaction that was dropped is rolled back");
}

/// Waits until this size of a tenant is told. Of the one whose lines can wait nothing ever is.
async fn named(hints: &mut Receiver<Hint>, wanted: (TenantId, u64)) -> Head {
    loop {
        match timeout(LONG, hints.recv()).await.unwrap().unwrap() {
            Hint::Head(told, head) if (told, head.size) == wanted => return head,
            Hint::Head(told, _) => assert_ne!(told, tenant(2)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_follower_hears_of_an_append_and_finds_it_by_polling_without_hearing() {
    let (_pg, database) = fresh().await;
    let (writer, follower) = (process(&database).await, process(&database).await);
    let mut hints = follower.ledger.watch();
    // The first hint says that it listens now.
    assert_eq!(timeout(LONG, hints.recv()).await.unwrap(), Ok(Hint::Any));
    writer.ledger.append(tenant(1), 0, vec![Bytes::from_static(b"1")]).await.unwrap();
    let tenants = follower.sequencer.tenants();
    assert_eq!(tenants.view(tenant(1)).await.unwrap().size, 1);
    for size in 1..20 {
        writer.sequencer.submit(tenant(1), add(1)).await.unwrap();
        // Told by its name, with what has to be found there; an earlier append may be told before it.
        let head = named(&mut hints, (tenant(1), size + 1)).await;
        let advanced = if size % 2 == 0 {
            tenants.hear(vec![(tenant(1), head), (tenant(3), head)]).await.unwrap()
        } else {
            tenants.poll().await.unwrap().advanced
        };
        assert_eq!((advanced, tenants.cached(tenant(1)).unwrap().size), (1, size + 1));
        assert_eq!(tenants.hear(vec![(tenant(1), head)]).await, Some(0), "heard twice");
    }
    // A head that is none: what is stored decides.
    let wrong = Head { size: 90, root: Digest::of(b"another") };
    assert_eq!(tenants.hear(vec![(tenant(1), wrong)]).await, Some(0));
    assert_eq!(tenants.cached(tenant(1)).unwrap().size, 20);
    // What can wait is told in this process alone; polling finds it everywhere.
    let mut own = writer.ledger.watch();
    writer.ledger.append_unhurried(tenant(2), 0, vec![Bytes::from_static(b"1")]).await.unwrap();
    assert_eq!(timeout(LONG, own.recv()).await.unwrap(), Ok(Hint::Tenant(tenant(2), 1)));
    writer.ledger.append(tenant(3), 0, vec![Bytes::from_static(b"1")]).await.unwrap();
    named(&mut hints, (tenant(3), 1)).await;
    let heads = follower.ledger.heads().await.unwrap();
    assert!(heads.iter().any(|(one, head)| *one == tenant(2) && head.size == 1));
    // The hints' connections are gone, and nobody hears anything; polling works all the same.
    while hints.try_recv().is_ok() {}
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE application_name = 'writ hints' AND datname = current_database()";
    assert_ne!(Postgres::shared().sql(database.name(), cut).unwrap(), "0");
    writer.sequencer.submit(tenant(1), add(1)).await.unwrap();
    assert_eq!(tenants.poll().await.unwrap().advanced, 1);
    // They come back by themselves, and say so.
    while timeout(LONG, hints.recv()).await.unwrap().unwrap() != Hint::Any {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_is_loaded_while_it_is_polled_is_not_forgotten() {
    let (_pg, database) = fresh().await;
    let (writer, follower) = (process(&database).await, process(&database).await);
    let mut size = 0;
    for _ in 0..60 {
        size = writer
            .ledger
            .append(tenant(1), size, vec![Bytes::from_static(b"1")])
            .await
            .unwrap()
            .size;
        let fresh = Arc::new(Tenants::<Sum>::new(Arc::clone(&follower.ledger)));
        fresh.poll().await.unwrap();
        let loading = Arc::clone(&fresh);
        let load = tokio::spawn(async move { loading.view(tenant(1)).await.unwrap().size });
        size = writer
            .ledger
            .append(tenant(1), size, vec![Bytes::from_static(b"1")])
            .await
            .unwrap()
            .size;
        fresh.poll().await.unwrap();
        load.await.unwrap();
        assert_eq!(fresh.cached(tenant(1)).map_or(size, |view| view.size), size);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_while_others_append_stops_nobody() {
    let (pg, database) = fresh().await;
    let owner = Pg::connect(options(database.owner_url())).await.unwrap();
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    for n in 0..4 {
        let (process, stop) = (process(&database).await, stop.clone());
        tasks.push(tokio::spawn(async move {
            let mut done = 0;
            while !stop.is_cancelled() {
                process.sequencer.submit(tenant(n), add(1)).await?;
                done += 1;
            }
            Ok::<_, SubmitError<String>>(done)
        }));
    }
    // A reader that stays open holds the table for a while: the step waits, lets appends pass, and tries again.
    let mut reading = pg.tenant_tx(tenant(1)).await.unwrap();
    reading.rows("SELECT count(*) FROM writ.heads", &[]).await.unwrap();
    let added = Step {
        name: "a later release's",
        sql: "ALTER TABLE writ.heads ADD COLUMN later int; ALTER TABLE writ.lines ADD COLUMN later int;
              CREATE TABLE writ.later (n int)",
        needs: 0,
        rights: &[],
        fleet: &[],
    };
    let mut steps = migrate::STEPS.to_vec();
    steps.push(&added);
    let mut lent = owner.lend().await.unwrap();
    let migrating = migrate::run(&mut lent, &steps);
    let hold = async {
        let locked =
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'";
        while Postgres::shared().sql(database.name(), locked).unwrap() == "0" {
            tokio::task::yield_now().await;
        }
        reading.commit().await.unwrap();
    };
    let (ran, ()) = timeout(LONG, async { tokio::join!(migrating, hold) }).await.unwrap();
    assert_eq!(ran.unwrap(), 1);
    stop.cancel();
    for task in tasks {
        assert!(task.await.unwrap().unwrap() > 0, "it went on");
    }
    let view: Arc<View<Sum>> =
        process(&database).await.sequencer.tenants().view(tenant(1)).await.unwrap();
    assert_eq!(view.state.total, view.size);
}
