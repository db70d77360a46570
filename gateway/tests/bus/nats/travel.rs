//! Records travel: every one arrives, once, in order, whatever is away for a while.

use std::sync::Arc;

use async_trait::async_trait;
use writ_gateway::{Book, Recorder as _};
use writ_lake::{Batch, Seal};
use writ_model::Span;
use writ_testkit::{Nats, TempDir};

use crate::{
    made,
    world::{Lake, bus, clock, recorder, until, write},
};

/// A ledger that nobody may write to.
struct Closed;

#[async_trait]
impl Book for Closed {
    async fn write(&self, batch: Batch) -> Result<Option<Seal>, String> {
        panic!("a gateway without a lake seals nothing: {batch:?}")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_arrive_whole_and_leave_the_spool() {
    let (folder, servers) = (TempDir::new().unwrap(), Nats::start().unwrap());
    let bus = bus(&servers).await;
    let lake = Lake::open(folder.path(), &bus);
    let mut live = lake.lake.subscribe();
    let recorder = recorder(folder.path(), &bus, &clock());
    write(&recorder, 1, 0..300).await;
    write(&recorder, 2, 0..50).await;
    lake.until(1, 300).await;
    lake.until(2, 50).await;
    let wanted: Vec<_> = (0..300).map(|seq| made::record(1, 1, seq)).collect();
    assert_eq!(lake.of(1).await, wanted, "with everything that a record has");
    assert!(live.try_recv().is_ok(), "and live pages see them");
    until(|| async { recorder.spooled() == 0 }).await.expect("the spool is empty");
    assert_eq!((recorder.waiting().await.unwrap(), recorder.behind()), (0, None));
    assert_eq!(recorder.seal(true, &Closed).await.unwrap(), 0);
    until(|| async { lake.ingest.lag().await.unwrap() == 0 }).await.expect("all acknowledged");
    let arrived = lake.ingest.arrived();
    assert_eq!((arrived.new, arrived.known, arrived.stalled), (350, 0, None));
    assert!(lake.lake.gaps().await.unwrap().is_empty());
    assert_eq!(lake.lake.seal_due().len(), 2, "what arrived waits for its seal");
    recorder.close().await;
    let tenant = made::record(1, 1, 0).tenant;
    assert!(recorder.try_place(tenant).is_none() && recorder.place(tenant).await.is_err());
    lake.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_away_is_bridged_by_the_spool() {
    let (folder, servers) = (TempDir::new().unwrap(), Nats::start().unwrap());
    let (one, clock) = (bus(&servers).await, clock());
    let lake = Lake::open(folder.path(), &one);
    let first = recorder(folder.path(), &one, &clock);
    write(&first, 1, 0..20).await;
    lake.until(1, 20).await;
    servers.kill9(0).unwrap();
    write(&first, 1, 20..220).await;
    until(|| async { first.behind().is_some() }).await.expect("it is in hand");
    clock.advance(Span::seconds(3));
    let behind = first.behind().unwrap();
    assert!(behind >= Span::seconds(3), "the gateway must know: {behind:?}");
    assert!(first.spooled() > 0);
    // The gateway's process ends, too: what it spooled waits for the next one.
    drop(first);
    let second = recorder(folder.path(), &one, &clock);
    write(&second, 1, 220..240).await;
    servers.start_again(0).unwrap();
    lake.until(1, 240).await;
    assert_eq!(lake.seqs(1, 1).await, (0..240).collect::<Vec<_>>());
    until(|| async { second.behind().is_none() }).await.expect("nothing is in hand");
    assert!(lake.lake.gaps().await.unwrap().is_empty());
    second.close().await;
    lake.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lake_that_was_away_gets_what_it_missed_and_each_lake_gets_everything() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let servers = Nats::start().unwrap();
    let bus = bus(&servers).await;
    let recorder = recorder(folder.path(), &bus, &clock());
    let lake = Lake::open(folder.path(), &bus);
    let second = Lake::of_gateway(51, other.path(), &bus);
    write(&recorder, 1, 0..30).await;
    lake.until(1, 30).await;
    second.until(1, 30).await;
    lake.end().await;
    write(&recorder, 1, 30..60).await;
    second.until(1, 60).await;
    // What the one that is away did not take stays for it.
    until(|| async { second.ingest.lag().await.unwrap() == 0 }).await.expect("all acknowledged");
    // The same name in another process with the same file: a restart, or a takeover of its folder.
    let lake = Lake::open(folder.path(), &bus);
    lake.until(1, 60).await;
    assert_eq!(lake.seqs(1, 1).await, (0..60).collect::<Vec<_>>());
    lake.end().await;
    second.end().await;
    recorder.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_loses_one_node_after_another_and_no_record() {
    let (folder, servers) = (TempDir::new().unwrap(), Nats::cluster().unwrap());
    let bus = bus(&servers).await;
    let lake = Lake::open(folder.path(), &bus);
    let recorder = Arc::new(recorder(folder.path(), &bus, &clock()));
    write(&recorder, 1, 0..20).await;
    lake.until(1, 20).await;
    let mut at = 20;
    // Two of three: with the second one the first is back, and has caught up.
    for node in 0..2 {
        let writing = tokio::spawn({
            let recorder = Arc::clone(&recorder);
            async move {
                for part in 0..20 {
                    write(&recorder, 1, at + part * 10..at + part * 10 + 10).await;
                }
            }
        });
        until(|| async { lake.of(1).await.len() as u64 > at + 10 }).await.expect("they travel");
        servers.kill9(node).unwrap();
        writing.await.unwrap();
        at += 200;
        lake.until(1, usize::try_from(at).unwrap()).await;
        servers.start_again(node).unwrap();
    }
    assert_eq!(lake.seqs(1, 1).await, (0..at).collect::<Vec<_>>(), "each once, none missing");
    assert_eq!(lake.ingest.arrived().conflicts, 0);
    assert!(lake.lake.gaps().await.unwrap().is_empty());
    recorder.close().await;
    lake.end().await;
}
