//! The contract of the bus's port, run against every adapter.
//!
//! To add an adapter: a module of its own in `suite!`. To add a rule: one function, one line there.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use writ_testkit::{Nats, TempDir};

use super::*;
use crate::{JetStream, JetStreamOptions, LocalLog};

/// More than any of this may take; a test that comes near it has failed.
const LONG: Duration = Duration::from_mins(1);

/// A bus, opened again and again over the same store, as processes do.
trait Place: Send + Sync {
    fn open(&self) -> impl Future<Output = Arc<dyn Bus>> + Send;
}

struct InFolder {
    folder: TempDir,
    bounds: Bounds,
}

impl InFolder {
    fn with(bounds: Bounds) -> Self {
        Self { folder: TempDir::new().unwrap(), bounds }
    }
}

impl Place for InFolder {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(LocalLog::open(&self.folder.path().join("bus.db"), self.bounds).unwrap())
    }
}

struct OnServer {
    servers: Nats,
    bounds: Bounds,
}

impl OnServer {
    fn with(bounds: Bounds) -> Self {
        Self { servers: Nats::start().unwrap(), bounds }
    }
}

impl Place for OnServer {
    async fn open(&self) -> Arc<dyn Bus> {
        let options =
            JetStreamOptions { bounds: self.bounds, ..JetStreamOptions::of(self.servers.urls()) };
        Arc::new(JetStream::connect(options).await.unwrap())
    }
}

fn usual() -> Bounds {
    Bounds {
        bytes: 64 << 20,
        patience: Duration::from_millis(600),
        redeliver: Duration::from_secs(2),
        unacked: 64,
    }
}

fn message(tenant: u8, n: u32) -> Message {
    let mut id = [tenant; 16];
    id[8..12].copy_from_slice(&n.to_be_bytes());
    let body = Bytes::from(format!("{tenant}:{n}"));
    Message { tenant: TenantId::from_bytes([tenant; 16]), id, body }
}

fn of(tenant: u8, range: std::ops::Range<u32>) -> Vec<Message> {
    range.map(|n| message(tenant, n)).collect()
}

/// Takes until so many came.
async fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Delivery> {
    let all = async {
        let mut found = Vec::new();
        while found.len() < count {
            found.extend(consumer.next(count - found.len()).await.unwrap());
        }
        found
    };
    timeout(LONG, all).await.expect("so many came")
}

fn bodies(found: &[Delivery], tenant: u8) -> Vec<Bytes> {
    let own = found.iter().filter(|one| one.message.tenant == TenantId::from_bytes([tenant; 16]));
    own.map(|one| one.message.body.clone()).collect()
}

fn texts(tenant: u8, range: std::ops::Range<u32>) -> Vec<Bytes> {
    of(tenant, range).into_iter().map(|message| message.body).collect()
}

async fn each_tenants_messages_keep_their_order(place: impl Place) {
    let bus = place.open().await;
    for part in 0..6 {
        let mut mixed = Vec::new();
        for n in part * 10..part * 10 + 10 {
            mixed.extend([message(1, n), message(2, n), message(3, n)]);
        }
        bus.publish(mixed).await.unwrap();
    }
    assert_eq!(bus.lag("one").await.unwrap(), 180, "what no consumer was named for stays");
    let mut consumer = bus.consume("one").await.unwrap();
    let mut found = Vec::new();
    while found.len() < 180 {
        let some = take(&mut *consumer, 30).await;
        assert!(some.iter().all(|one| !one.redelivered));
        assert!(some.iter().zip(some.iter().skip(1)).all(|(one, next)| one.seq < next.seq));
        consumer.ack(some.last().unwrap().seq).await.unwrap();
        found.extend(some);
    }
    for tenant in 1..=3 {
        assert_eq!(bodies(&found, tenant), texts(tenant, 0..60));
    }
    assert_eq!(found[0].message, message(1, 0), "with its id");
    assert!(consumer.next(10).await.unwrap().is_empty(), "each one once");
    assert_eq!(bus.lag("one").await.unwrap(), 0);
}

async fn what_is_published_again_is_kept_once(place: impl Place) {
    let bus = place.open().await;
    bus.publish(of(1, 0..5)).await.unwrap();
    bus.publish(of(1, 3..8)).await.unwrap();
    drop(bus);
    let bus = place.open().await;
    bus.publish(of(1, 0..8)).await.unwrap();
    let mut consumer = bus.consume("one").await.unwrap();
    assert_eq!(bodies(&take(&mut *consumer, 8).await, 1), texts(1, 0..8));
    assert!(consumer.next(10).await.unwrap().is_empty());
}

async fn what_is_not_acknowledged_comes_again(place: impl Place) {
    let bus = place.open().await;
    let mut consumer = bus.consume("one").await.unwrap();
    bus.publish(of(1, 0..6)).await.unwrap();
    let first = take(&mut *consumer, 6).await;
    consumer.ack(first[1].seq).await.unwrap();
    let again = take(&mut *consumer, 4).await;
    assert_eq!(bodies(&again, 1), texts(1, 2..6), "in order");
    assert!(again.iter().all(|one| one.redelivered));
    consumer.ack(again[3].seq).await.unwrap();
    bus.publish(of(1, 6..7)).await.unwrap();
    assert_eq!(bodies(&take(&mut *consumer, 1).await, 1), texts(1, 6..7), "and then no more");
}

async fn every_name_is_given_everything(place: impl Place) {
    let bus = place.open().await;
    bus.publish(of(1, 0..4)).await.unwrap();
    let (mut one, mut two) = (bus.consume("one").await.unwrap(), bus.consume("two").await.unwrap());
    let found = take(&mut *one, 4).await;
    one.ack(found[3].seq).await.unwrap();
    assert_eq!((bus.lag("one").await.unwrap(), bus.lag("two").await.unwrap()), (0, 4));
    assert!(one.next(4).await.unwrap().is_empty());
    assert_eq!(bodies(&take(&mut *two, 4).await, 1), texts(1, 0..4));
}

async fn hands_are_full_at_their_bound(place: impl Place) {
    let bus = place.open().await;
    let mut consumer = bus.consume("one").await.unwrap();
    bus.publish(of(1, 0..100)).await.unwrap();
    let found = take(&mut *consumer, 64).await;
    assert!(consumer.next(100).await.unwrap().is_empty(), "64 in hand are enough");
    consumer.ack(found[63].seq).await.unwrap();
    let rest = take(&mut *consumer, 36).await;
    assert_eq!(bodies(&[found, rest].concat(), 1), texts(1, 0..100));
}

async fn another_takes_over_in_order(place: impl Place) {
    let bus = place.open().await;
    bus.publish(of(1, 0..20)).await.unwrap();
    let mut first = bus.consume("one").await.unwrap();
    let found = take(&mut *first, 12).await;
    first.ack(found[4].seq).await.unwrap();
    drop(first);
    drop(bus);
    let bus = place.open().await;
    let mut second = bus.consume("one").await.unwrap();
    let found = take(&mut *second, 15).await;
    assert_eq!(bodies(&found, 1), texts(1, 5..20), "what was in hand comes before what is new");
}

async fn a_full_bus_waits_then_refuses_and_never_drops(place: impl Place) {
    let bus = place.open().await;
    let mut consumer = bus.consume("one").await.unwrap();
    let large = |n: u32| {
        let body = Bytes::from(vec![u8::try_from(n).unwrap(); 100 << 10]);
        Message { body, ..message(1, n) }
    };
    let mut kept = 0;
    let fault = loop {
        match bus.publish(vec![large(kept)]).await {
            Ok(()) => kept += 1,
            Err(fault) => break fault,
        }
    };
    assert!(matches!(fault, BusFault::Full { bound } if bound == 1 << 20), "{fault}");
    assert!((5..=10).contains(&kept), "{kept} of 100 KiB in 1 MiB");
    let waiting = tokio::spawn({
        let (bus, next) = (Arc::clone(&bus), large(kept));
        async move {
            // Refused ones are tried again by whoever has a spool.
            while bus.publish(vec![next.clone()]).await.is_err() {}
        }
    });
    let found = take(&mut *consumer, kept as usize).await;
    assert!((0..kept).zip(&found).all(|(n, one)| one.message == large(n)), "all of them");
    consumer.ack(found.last().unwrap().seq).await.unwrap();
    let next = take(&mut *consumer, 1).await;
    assert_eq!(next[0].message, large(kept), "there is room again");
    timeout(LONG, waiting).await.unwrap().unwrap();
}

async fn a_forgotten_name_holds_nothing_back(place: impl Place) {
    let bus = place.open().await;
    let mut stays = bus.consume("stays").await.unwrap();
    drop(bus.consume("goes").await.unwrap());
    bus.publish(of(1, 0..4)).await.unwrap();
    let found = take(&mut *stays, 4).await;
    stays.ack(found[3].seq).await.unwrap();
    assert_eq!(bus.lag("goes").await.unwrap(), 4);
    assert_eq!(bus.names().await.unwrap(), ["goes", "stays"]);
    assert!(bus.forget("goes").await.unwrap());
    assert!(!bus.forget("goes").await.unwrap());
    assert_eq!(bus.lag("goes").await.unwrap(), 0, "nothing is kept any more");
    assert_eq!(bus.names().await.unwrap(), ["stays"]);
}

async fn bounds_of_messages_and_names_hold(place: impl Place) {
    let bus = place.open().await;
    let most = Message { body: Bytes::from(vec![7; MAX_BODY]), ..message(1, 0) };
    bus.publish(vec![most.clone()]).await.unwrap();
    let over = Message { body: Bytes::from(vec![7; MAX_BODY + 1]), ..message(1, 1) };
    let fault = bus.publish(vec![message(1, 2), over]).await.unwrap_err();
    assert_eq!(fault, BusFault::TooLong { found: MAX_BODY + 1 });
    let mut consumer = bus.consume("one").await.unwrap();
    let found = take(&mut *consumer, 1).await;
    assert_eq!(found[0].message, most);
    consumer.ack(found[0].seq).await.unwrap();
    assert!(consumer.next(1).await.unwrap().is_empty(), "nothing of what was refused");
    for name in ["", "a.b", "a b", "a*", &"x".repeat(65)] {
        assert!(matches!(bus.consume(name).await, Err(BusFault::Options { .. })), "{name}");
    }
}

macro_rules! suite {
    ($($adapter:ident: $place:ty, [$($rule:ident: $bounds:expr,)*];)*) => {$(
        mod $adapter {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    super::$rule(<$place>::with($bounds)).await;
                }
            )*
        }
    )*};
    ($($adapter:ident: $place:ty;)*) => {
        suite! {$(
            $adapter: $place, [
                each_tenants_messages_keep_their_order: usual(),
                what_is_published_again_is_kept_once: usual(),
                what_is_not_acknowledged_comes_again: usual(),
                every_name_is_given_everything: usual(),
                hands_are_full_at_their_bound: Bounds { redeliver: LONG, ..usual() },
                another_takes_over_in_order: usual(),
                a_full_bus_waits_then_refuses_and_never_drops: Bounds { bytes: 1 << 20, ..usual() },
                a_forgotten_name_holds_nothing_back: usual(),
                bounds_of_messages_and_names_hold: usual(),
            ];
        )*}
    };
}

suite! {
    local_log: InFolder;
    jetstream: OnServer;
}
