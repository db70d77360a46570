//! What is on the bus and is no pack of records: it is told, and nothing behind it is lost or held up, save by a record
//! that only a newer release can read.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use writ_lake::wire;
use writ_model::TenantId;
use writ_store::{Bounds, Bus, LocalLog, Message};
use writ_testkit::TempDir;

use crate::{
    made,
    world::{Lake, until},
};

fn local(folder: &TempDir) -> Arc<dyn Bus> {
    let bounds = Bounds { redeliver: Duration::from_secs(1), ..Bounds::default() };
    Arc::new(LocalLog::open(&folder.path().join("bus.db"), bounds).unwrap())
}

fn pack(tenant: u8, seqs: std::ops::Range<u64>) -> Vec<u8> {
    let mut pack = Vec::new();
    seqs.for_each(|seq| wire::encode(&made::record(tenant, 1, seq), &mut pack).unwrap());
    pack
}

fn message(tenant: u8, n: u8, body: Vec<u8>) -> Message {
    Message { tenant: TenantId::from_bytes([tenant; 16]), id: [n; 16], body: Bytes::from(body) }
}

#[tokio::test]
async fn what_is_damaged_is_counted_and_shows_as_a_gap() {
    let folder = TempDir::new().unwrap();
    let bus = local(&folder);
    let mut cut = pack(1, 2..4);
    cut.pop();
    let packs = vec![
        message(1, 1, pack(1, 0..2)),
        message(1, 2, cut),
        // Another client's records under this client's name: nobody's gateway writes that.
        message(1, 3, pack(2, 0..1)),
        message(1, 4, pack(1, 4..6)),
    ];
    bus.publish(packs).await.unwrap();
    let lake = Lake::open(folder.path(), &bus);
    lake.until(1, 4).await;
    assert_eq!(lake.seqs(1, 1).await, [0, 1, 4, 5]);
    assert!(lake.of(2).await.is_empty());
    let arrived = lake.ingest.arrived();
    assert_eq!((arrived.new, arrived.damaged, arrived.stalled), (4, 2, None));
    let gaps = lake.lake.gaps().await.unwrap();
    assert_eq!(gaps.iter().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>(), [(2, 3)]);
    until(|| async { lake.ingest.lag().await.unwrap() == 0 }).await.expect("all are done with");
    lake.end().await;
}

#[tokio::test]
async fn what_a_newer_release_wrote_stays_on_the_bus() {
    let folder = TempDir::new().unwrap();
    let bus = local(&folder);
    let mut newer = pack(1, 2..3);
    newer[0] = wire::FORM + 1;
    let packs = vec![message(1, 1, pack(1, 0..2)), message(1, 2, newer)];
    bus.publish(packs).await.unwrap();
    let lake = Lake::open(folder.path(), &bus);
    lake.until(1, 2).await;
    until(|| async { lake.ingest.arrived().stalled.is_some() }).await.expect("it says so");
    let why = lake.ingest.arrived().stalled.unwrap();
    assert!(why.contains("LAKE-0007") && why.contains("newer release"), "{why}");
    assert_eq!(lake.ingest.lag().await.unwrap(), 1, "it waits for a release that can read it");
    assert_eq!(lake.ingest.arrived().damaged, 0);
    lake.end().await;
}
