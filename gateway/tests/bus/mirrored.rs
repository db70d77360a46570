//! Seals that somebody wrote in ledgers are kept in every lake that has their records.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use writ_authority::{Entry, Fact, fact::ActivitySealed};
use writ_gateway::bus::{Ingest, Mirror, Reflected};
use writ_lake::{Activity, Batch, wire};
use writ_model::{Actor, TenantId, Timestamp};
use writ_store::{Bounds, Bus, Ledger, LocalLog, MemoryLedger, Message};
use writ_testkit::TempDir;

use crate::{
    made,
    world::{Lake, gateway, until},
};

fn line(batch: &Batch) -> Bytes {
    let fact = ActivitySealed {
        gateway: batch.run.gateway,
        boot: batch.run.boot,
        first: batch.first,
        last: batch.last,
        count: batch.count,
        root: batch.root,
    };
    let at = Timestamp::from_micros(1);
    let entry = Entry::by(Actor::system("sealer"), at, Fact::ActivitySealed(fact));
    Bytes::from(entry.to_line().unwrap())
}

/// Seals of a tenant's records, two by two, as another lake offers them.
async fn sealed(tenant: u8, count: u64) -> Vec<Batch> {
    let folder = TempDir::new().unwrap();
    let lake = Activity::open(&folder.path().join("lake.db")).unwrap();
    let mut batches = Vec::new();
    for first in (0..count).step_by(2) {
        let two = vec![made::record(tenant, 1, first), made::record(tenant, 1, first + 1)];
        lake.ingest(two).await.unwrap();
        let due = lake.seal_due().pop().unwrap();
        lake.mark_sealed(due.clone(), first).await.unwrap();
        batches.push(due);
    }
    batches
}

async fn append(ledger: &MemoryLedger, tenant: TenantId, line: Bytes) {
    let head = ledger.head(tenant).await.unwrap();
    ledger.append(tenant, head.size, vec![line]).await.unwrap();
}

/// What fills a lake from a bus on which one message is and stays: something may still come.
async fn behind(folder: &Path, lake: &Arc<Activity>) -> Arc<Ingest> {
    let bus: Arc<dyn Bus> =
        Arc::new(LocalLog::open(&folder.join("bus.db"), Bounds::default()).unwrap());
    let tenant = TenantId::from_bytes([9; 16]);
    bus.publish(vec![Message { tenant, id: [9; 16], body: Bytes::new() }]).await.unwrap();
    Arc::new(Ingest::new(bus, gateway(51), Arc::clone(lake)))
}

#[tokio::test]
async fn seals_follow_their_records_into_a_lake() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("lake.db");
    let ledger = Arc::new(MemoryLedger::default());
    let lake = Activity::open(&path).unwrap();
    let mirror = Mirror::new(ledger.clone(), Arc::clone(&lake), behind(folder.path(), &lake).await);
    let (one, two) = (TenantId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
    let (batches, others) = (sealed(1, 6).await, sealed(2, 2).await);
    append(&ledger, one, Bytes::from_static(b"{\"of another kind\":1}")).await;
    append(&ledger, one, line(&batches[0])).await;
    append(&ledger, one, line(&batches[1])).await;
    append(&ledger, two, line(&others[0])).await;
    mirror.pass().await.unwrap();
    assert_eq!(mirror.reflected(), Reflected { kept: 0, waiting: 3, contradicted: 0 });
    lake.ingest((0..2).map(|seq| made::record(2, 1, seq)).collect()).await.unwrap();
    lake.ingest((0..3).map(|seq| made::record(1, 1, seq)).collect()).await.unwrap();
    mirror.pass().await.unwrap();
    assert_eq!(mirror.reflected(), Reflected { kept: 2, waiting: 1, contradicted: 0 });
    assert_eq!(lake.mirrored_up_to(one).await.unwrap(), 2, "the next start begins there");
    lake.close().await;
    drop((mirror, lake));

    let lake = Activity::open(&path).unwrap();
    let mirror = Mirror::new(ledger.clone(), Arc::clone(&lake), behind(folder.path(), &lake).await);
    lake.ingest((3..6).map(|seq| made::record(1, 1, seq)).collect()).await.unwrap();
    append(&ledger, one, line(&batches[2])).await;
    mirror.pass().await.unwrap();
    assert_eq!(lake.seal_lines(one).await.unwrap(), [1, 2, 3]);
    assert_eq!(lake.seal_lines(two).await.unwrap(), [0]);
    assert_eq!(lake.mirrored_up_to(one).await.unwrap(), 4);
    assert!(lake.seal_due().is_empty(), "nothing is left to seal");
    let call = made::record(1, 1, 5).call;
    assert_eq!(lake.seal_of(one, call).await.unwrap().unwrap().0.line, 3);
}

#[tokio::test]
async fn a_seal_of_other_records_is_counted_and_holds_nothing_up() {
    let folder = TempDir::new().unwrap();
    let ledger = Arc::new(MemoryLedger::default());
    let lake = Activity::open(&folder.path().join("lake.db")).unwrap();
    let mirror = Mirror::new(ledger.clone(), Arc::clone(&lake), behind(folder.path(), &lake).await);
    let one = TenantId::from_bytes([1; 16]);
    let batches = sealed(1, 4).await;
    let forged = Batch { root: batches[1].root, ..batches[0].clone() };
    append(&ledger, one, line(&forged)).await;
    append(&ledger, one, line(&batches[1])).await;
    lake.ingest((0..4).map(|seq| made::record(1, 1, seq)).collect()).await.unwrap();
    mirror.pass().await.unwrap();
    assert_eq!(mirror.reflected(), Reflected { kept: 1, waiting: 0, contradicted: 1 });
    assert_eq!(lake.seal_lines(one).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_new_lake_does_not_wait_for_what_was_before_it() {
    let (folder, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let bus: Arc<dyn Bus> =
        Arc::new(LocalLog::open(&folder.path().join("bus.db"), Bounds::default()).unwrap());
    let ledger = Arc::new(MemoryLedger::default());
    let (one, two) = (TenantId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
    let (gone, coming, torn) = (sealed(1, 4).await, sealed(2, 2).await, sealed(3, 4).await);
    for batch in &gone {
        append(&ledger, one, line(batch)).await;
    }
    append(&ledger, two, line(&coming[0])).await;
    append(&ledger, TenantId::from_bytes([3; 16]), line(&torn[1])).await;
    // One client's records are still on the bus, another's lack their last one: somebody purged it.
    for (tenant, seqs) in [(2, 0..2), (3, 0..3)] {
        let mut body = Vec::new();
        seqs.for_each(|seq| wire::encode(&made::record(tenant, 1, seq), &mut body).unwrap());
        let (id, body) = ([tenant; 16], Bytes::from(body));
        let tenant = TenantId::from_bytes([tenant; 16]);
        bus.publish(vec![Message { tenant, id, body }]).await.unwrap();
    }
    let lake = Lake::open_stopped(home.path(), &bus);
    let mirror = Mirror::new(ledger.clone(), Arc::clone(&lake.lake), Arc::clone(&lake.ingest));
    for _ in 0..3 {
        mirror.pass().await.unwrap();
        assert_eq!(mirror.reflected(), Reflected { kept: 0, waiting: 4, contradicted: 0 });
    }
    assert_eq!(lake.lake.mirrored_up_to(one).await.unwrap(), 0);
    let lake = lake.begin();
    until(|| async { lake.ingest.taken() == 2 }).await.expect("the lake takes what is there");
    mirror.pass().await.unwrap();
    assert_eq!(mirror.reflected(), Reflected { kept: 1, waiting: 0, contradicted: 1 });
    assert_eq!(lake.lake.mirrored_up_to(one).await.unwrap(), 2, "what was before it is behind it");
    assert_eq!(lake.lake.seal_lines(two).await.unwrap(), [0]);
    lake.end().await;
}
