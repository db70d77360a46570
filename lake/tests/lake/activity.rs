//! What is written is found, paged, counted and sealed, also after a restart.

use std::sync::Arc;

use writ_lake::{Batch, CallFilter, Due, Seal, Sealed};
use writ_model::{AgentId, GrantId, HoldId, TenantId, Timestamp, ocsf::Disposition};
use writ_testkit::TempDir;

use crate::world::{ALL, Book, fill, open, range, record, root};

#[tokio::test]
async fn what_is_written_is_found_whole() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let mut live = lake.subscribe();
    fill(&lake, 1, 0..10).await;
    fill(&lake, 2, 0..4).await;
    let wanted = record(1, 3);
    let found = lake.call(wanted.tenant, wanted.call).await.unwrap().unwrap();
    assert_eq!(found.record, wanted);
    assert_eq!(*live.recv().await.unwrap(), record(1, 0));
    let other = TenantId::from_bytes([2; 16]);
    assert_eq!(lake.call(other, wanted.call).await.unwrap(), None, "another tenant finds nothing");
}

#[tokio::test]
async fn pages_filter_and_follow_each_other() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..10).await;
    fill(&lake, 2, 0..4).await;
    let tenant = Some(TenantId::from_bytes([1; 16]));
    let mut filter = CallFilter { tenant, limit: 4, ..CallFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = lake.page(filter).await.unwrap();
        seen.extend(page.calls.iter().map(|call| call.record.seq));
        let Some(next) = page.next else { break };
        filter.before = Some(next);
    }
    assert_eq!(seen, (0..10).rev().collect::<Vec<_>>());
    let count = |filter: CallFilter| {
        let lake = Arc::clone(&lake);
        async move { lake.page(filter).await.unwrap().calls.len() }
    };
    let all = CallFilter { limit: 100, ..CallFilter::default() };
    assert_eq!(count(all).await, 14);
    assert_eq!(count(CallFilter { tenant, effect: Some(Disposition::Blocked), ..all }).await, 3);
    let agent = Some(AgentId::from_bytes([100; 16]));
    assert_eq!(count(CallFilter { tenant, agent, ..all }).await, 5);
    assert_eq!(count(CallFilter { agent, ..all }).await, 0, "an agent without its tenant");
}

#[tokio::test]
async fn what_was_observed_held_and_when_is_found() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..20).await;
    fill(&lake, 2, 0..20).await;
    let tenant = Some(TenantId::from_bytes([1; 16]));
    let all = CallFilter { tenant, limit: 100, ..CallFilter::default() };
    let seqs = |filter: CallFilter| {
        let lake = Arc::clone(&lake);
        async move {
            let page = lake.page(filter).await.unwrap();
            page.calls.iter().map(|call| call.record.seq).collect::<Vec<_>>()
        }
    };
    assert_eq!(seqs(CallFilter { observed: true, ..all }).await, [19, 15, 11, 7, 3]);
    let agent = Some(AgentId::from_bytes([100; 16]));
    assert_eq!(seqs(CallFilter { observed: true, agent, ..all }).await, [0; 0]);
    let hold = Some(HoldId::from_bytes([9; 16]));
    assert_eq!(seqs(CallFilter { hold, ..all }).await, [9]);
    assert_eq!(seqs(CallFilter { hold, tenant: None, ..all }).await, [0; 0]);
    let (since, until) = (Some(record(1, 4).at), Some(record(1, 7).at));
    assert_eq!(seqs(CallFilter { since, until, ..all }).await, [6, 5, 4]);
    assert_eq!(seqs(CallFilter { observed: true, until, ..all }).await, [3]);
}

#[tokio::test]
async fn use_of_a_grant_is_counted() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..120).await;
    let grant = GrantId::from_bytes([9; 16]);
    let used = lake.grant_use(grant, Timestamp::from_micros(0)).await.unwrap();
    assert_eq!(
        (used.count, used.first, used.last),
        (80, Some(record(1, 0).at), Some(record(1, 118).at))
    );
    let effects = lake.effects(TenantId::from_bytes([1; 16])).await.unwrap();
    assert_eq!(effects, [(Disposition::Allowed, 80), (Disposition::Blocked, 40)]);
}

#[tokio::test]
async fn seals_cover_ranges_and_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..5).await;
    fill(&lake, 2, 0..3).await;
    let due = lake.seal_due();
    assert_eq!(
        due.iter().map(|b| (b.first, b.last, b.root)).collect::<Vec<_>>(),
        [(0, 4, root(1, 0..5)), (0, 2, root(2, 0..3))]
    );
    lake.mark_sealed(due[0].clone(), 41).await.unwrap();
    fill(&lake, 1, 5..7).await;
    lake.close().await;
    assert!(lake.place(record(1, 0).tenant).await.is_err(), "closed");
    drop(lake);

    let lake = open(&folder);
    let due = lake.seal_due();
    assert_eq!(
        due.iter().map(|b| (b.first, b.last, b.root)).collect::<Vec<_>>(),
        [(5, 6, root(1, 5..7)), (0, 2, root(2, 0..3))]
    );
    let tenant = TenantId::from_bytes([1; 16]);
    let (seal, leaves) = lake.seal_of(tenant, record(1, 2).call).await.unwrap().unwrap();
    assert_eq!((seal.line, seal.batch.root, leaves.len()), (41, root(1, 0..5), 5));
    assert_eq!(lake.seal_at(tenant, 41).await.unwrap().unwrap().1, leaves);
    assert_eq!(lake.seal_lines(tenant).await.unwrap(), [41]);
    assert!(lake.seal_of(tenant, record(1, 6).call).await.unwrap().is_none(), "not sealed yet");
    assert!(lake.seal_at(TenantId::from_bytes([2; 16]), 41).await.unwrap().is_none());
}

#[tokio::test]
async fn a_durable_record_is_there_when_it_is_acknowledged() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    lake.place(record(1, 0).tenant).await.unwrap().write_durable(record(1, 0)).await.unwrap();
    let found = lake.call(record(1, 0).tenant, record(1, 0).call).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test]
async fn a_crash_between_ledger_and_lake_is_made_good_in_one_sealing() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let book = Book::default();
    fill(&lake, 1, 0..3).await;
    assert_eq!(book.seal(&lake, ALL).await, Sealed { seals: 1, records: 3, failed: 0 });
    // The ledger has 3 to 5, the lake was not told, and 6 to 9 came after.
    fill(&lake, 1, 3..10).await;
    fill(&lake, 2, 0..2).await;
    book.write(&range(1, 3..6)).unwrap();
    assert_eq!(book.seal(&lake, ALL).await, Sealed { seals: 3, records: 9, failed: 0 });
    let tenant = TenantId::from_bytes([1; 16]);
    assert_eq!(lake.seal_lines(tenant).await.unwrap(), [0, 1, 2]);
    for (line, seqs) in [(0, 0..3), (1, 3..6), (2, 6..10)] {
        let (seal, leaves) = lake.seal_at(tenant, line).await.unwrap().unwrap();
        assert_eq!(
            (seal.batch.root, leaves.len() as u64),
            (root(1, seqs.clone()), seal.batch.count)
        );
        assert_eq!(seal.batch, range(1, seqs));
    }
    assert_eq!(book.seal(&lake, ALL).await, Sealed::default(), "nothing waits");
    lake.close().await;
    assert_eq!(book.seal(&open(&folder), ALL).await, Sealed::default(), "nor after a restart");
}

#[tokio::test]
async fn records_that_are_not_the_sealed_ones_are_not_marked() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let book = Book::default();
    fill(&lake, 1, 0..6).await;
    let mut other = range(1, 0..3);
    other.root = root(2, 0..3);
    book.write(&other).unwrap();
    assert_eq!(book.seal(&lake, ALL).await, Sealed { seals: 0, records: 0, failed: 1 });
    fill(&lake, 1, 6..8).await;
    let stuck = Sealed { seals: 0, records: 0, failed: 2 };
    assert_eq!(book.seal(&lake, ALL).await, stuck, "nothing later of a stuck run is tried");
    assert!(lake.seal_lines(TenantId::from_bytes([1; 16])).await.unwrap().is_empty());
    assert_eq!(book.0.lock().unwrap().1, 1, "and nothing more is written");
    let fault = |batch: Batch| async move { Err::<Option<Seal>, _>(format!("no {}", batch.first)) };
    let sealed = lake.seal(ALL, fault).await.unwrap();
    assert_eq!((sealed.seals, sealed.failed), (0, 2));
}

#[tokio::test]
async fn one_tenant_is_sealed_alone_and_two_sealings_do_not_meet() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let book = Book::default();
    fill(&lake, 1, 0..4).await;
    fill(&lake, 2, 0..4).await;
    let tenant = Some(TenantId::from_bytes([2; 16]));
    let only = Due { tenant, ..ALL };
    assert_eq!(book.seal(&lake, only).await, Sealed { seals: 1, records: 4, failed: 0 });
    let both = tokio::join!(book.seal(&lake, ALL), book.seal(&lake, ALL));
    assert_eq!((both.0.seals + both.1.seals, both.0.failed + both.1.failed), (1, 0));
    fill(&lake, 2, 5..6).await;
    assert_eq!(book.seal(&lake, ALL).await, Sealed::default(), "something may still arrive");
    let last = Due { tenant, finally: true, part: None };
    assert_eq!(book.seal(&lake, last).await, Sealed { seals: 1, records: 1, failed: 0 });
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..2).await;
    lake.call(record(1, 0).tenant, record(1, 0).call).await.unwrap();
    for name in ["lake.db", "lake.db-wal", "lake.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
