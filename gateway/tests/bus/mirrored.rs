//! Seals that somebody wrote in ledgers are kept in every lake that has their records.

use std::sync::Arc;

use bytes::Bytes;
use writ_authority::{Entry, Fact, fact::ActivitySealed};
use writ_gateway::bus::{Mirror, Reflected};
use writ_lake::{Activity, Batch};
use writ_model::{Actor, TenantId, Timestamp};
use writ_store::{Ledger, MemoryLedger};
use writ_testkit::TempDir;

use crate::made;

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

#[tokio::test]
async fn seals_follow_their_records_into_a_lake() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("lake.db");
    let ledger = Arc::new(MemoryLedger::default());
    let lake = Activity::open(&path).unwrap();
    let mirror = Mirror::new(ledger.clone(), Arc::clone(&lake));
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
    let mirror = Mirror::new(ledger.clone(), Arc::clone(&lake));
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
    let mirror = Mirror::new(ledger.clone(), Arc::clone(&lake));
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
