//! The lake through its public face: what is written is found, paged, counted and sealed, also after a restart.

#![cfg(test)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use writ_evidence::merkle::{Frontier, leaf_hash};
use writ_lake::{Activity, Batch, CallFilter, Due, Inputs, LakeFault, Record, Run, Seal, Sealed};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, GrantId, HoldId, InstanceId, TenantId, Timestamp,
    ocsf::Disposition,
};
use writ_testkit::TempDir;

fn record(tenant: u8, seq: u64) -> Record {
    let mut call = [0; 16];
    call[0] = tenant;
    call[8..].copy_from_slice(&seq.to_be_bytes());
    let denied = seq % 3 == 2;
    Record {
        call: CallId::from_bytes(call),
        tenant: TenantId::from_bytes([tenant; 16]),
        gateway: GatewayId::from_bytes([7; 16]),
        boot: BootId::from_bytes([8; 16]),
        seq,
        at: Timestamp::from_micros(1_800_000_000_000_000 + i64::try_from(seq).unwrap() * 1_000_000),
        agent: AgentId::from_bytes([100 + (seq % 2) as u8; 16]),
        instance: InstanceId::from_bytes([5; 16]),
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: "send".to_owned(),
        effect: if denied { Disposition::Blocked } else { Disposition::Allowed },
        code: "AUTH-0001".to_owned(),
        detail: "because".to_owned(),
        grant: (!denied).then(|| GrantId::from_bytes([9; 16])),
        latency_us: 1234,
        ocsf: Bytes::from(format!("{{\"tenant\":{tenant},\"seq\":{seq}}}")),
        inputs: Inputs {
            tree_size: 12,
            epoch: seq % 2,
            engine: "e1".to_owned(),
            reads: "[]".to_owned(),
            arguments: Bytes::from_static(b"\x00sealed"),
            clauses: r#"["pay","all"]"#.to_owned(),
            charter: 3,
            clause_reads: "[]".to_owned(),
            charged: if seq.is_multiple_of(2) {
                r#"[{"clause":"all"},{"clause":"pay","currency":"EUR","money":25000}]"#.to_owned()
            } else {
                String::new()
            },
            observed: if seq % 4 == 3 { "DENY-0011".to_owned() } else { String::new() },
            hold: (seq % 5 == 4).then(|| HoldId::from_bytes([u8::try_from(seq).unwrap(); 16])),
        },
    }
}

async fn fill(lake: &Activity, tenant: u8, range: std::ops::Range<u64>) {
    for seq in range {
        lake.place().await.unwrap().write(record(tenant, seq));
    }
    lake.flush().await.unwrap();
}

fn root(tenant: u8, range: std::ops::Range<u64>) -> writ_model::Digest {
    let mut tree = Frontier::new();
    range.for_each(|seq| tree.push(leaf_hash(&record(tenant, seq).ocsf)));
    tree.root()
}

fn open(folder: &TempDir) -> Arc<Activity> {
    Activity::open(&folder.path().join("lake.db")).unwrap()
}

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
async fn use_of_clauses_is_counted_by_the_minute() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..120).await;
    fill(&lake, 2, 0..6).await;
    let tenant = TenantId::from_bytes([1; 16]);
    let uses = lake.clause_uses_since(tenant, record(1, 60).at).await.unwrap();
    // Even sequence numbers of the second minute that were not blocked: 20 of 60.
    let sum = |clause: &str| {
        let of = uses.iter().filter(|one| one.clause == clause);
        of.fold((0, 0), |(calls, money), one| (calls + one.calls, money + one.money))
    };
    assert_eq!((sum("all"), sum("pay")), ((20, 0), (20, 500_000)));
    assert!(uses.iter().all(|one| (one.clause == "pay") == (one.currency == "EUR")));
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
    let minutes = lake.uses_since(grant, record(1, 60).at).await.unwrap();
    assert_eq!(minutes.iter().map(|(_, count)| count).sum::<u64>(), 40);
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
    assert!(lake.place().await.is_err(), "closed");
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
    lake.place().await.unwrap().write_durable(record(1, 0)).await.unwrap();
    let found = lake.call(record(1, 0).tenant, record(1, 0).call).await.unwrap();
    assert!(found.is_some());
}

/// A ledger as far as seals go: the last seal of each run, and the next line.
#[derive(Default)]
struct Book(Mutex<(BTreeMap<Run, Seal>, u64)>);

impl Book {
    fn write(&self, batch: &Batch) -> Option<Seal> {
        let mut book = self.0.lock().unwrap();
        let (seals, next) = &mut *book;
        if seals.get(&batch.run).is_none_or(|known| known.batch.last < batch.first) {
            seals.insert(batch.run, Seal { batch: batch.clone(), line: *next });
            *next += 1;
        }
        seals.get(&batch.run).cloned()
    }

    async fn seal(&self, lake: &Arc<Activity>, due: Due) -> Sealed {
        let write = |batch: Batch| std::future::ready(Ok::<_, LakeFault>(self.write(&batch)));
        lake.seal(due, write).await.unwrap()
    }
}

fn range(tenant: u8, seqs: std::ops::Range<u64>) -> Batch {
    let id = [tenant; 16];
    let run = Run {
        tenant: TenantId::from_bytes(id),
        gateway: record(1, 0).gateway,
        boot: record(1, 0).boot,
    };
    let (first, last, count) = (seqs.start, seqs.end - 1, seqs.end - seqs.start);
    Batch { run, first, last, count, root: root(tenant, seqs) }
}

const ALL: Due = Due { tenant: None, finally: false };

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
    let only = Due { tenant, finally: false };
    assert_eq!(book.seal(&lake, only).await, Sealed { seals: 1, records: 4, failed: 0 });
    let both = tokio::join!(book.seal(&lake, ALL), book.seal(&lake, ALL));
    assert_eq!((both.0.seals + both.1.seals, both.0.failed + both.1.failed), (1, 0));
    fill(&lake, 2, 5..6).await;
    assert_eq!(book.seal(&lake, ALL).await, Sealed::default(), "something may still arrive");
    let last = Due { tenant, finally: true };
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
