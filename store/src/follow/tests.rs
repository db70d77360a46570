//! Followers over the ledger in memory: loading, advancing, eviction, snapshots, refusal, what receivers are told.

mod another;

use tokio::sync::broadcast::error::TryRecvError;
use writ_model::Timestamp;

use super::*;
use crate::{Head, MemoryLedger, Snapshot, sequencer::tests::Faulty};

/// Sums numbers; a line that is not one cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) total: u64,
    pub(crate) folded: u64,
}

impl Fold for Sum {
    const VERSION: u32 = 3;
    fn empty(_: TenantId) -> Self {
        Self { total: 0, folded: 0 }
    }
    fn fold(&mut self, index: u64, line: &[u8]) -> Result<(), BadLine> {
        let bad = || BadLine { index, why: "not a number".to_owned() };
        let number = std::str::from_utf8(line).ok().and_then(|text| text.parse::<u64>().ok());
        self.total += number.ok_or_else(bad)?;
        self.folded += 1;
        Ok(())
    }
    fn can_wait(line: &[u8]) -> bool {
        line == b"0"
    }
    fn save(&self) -> Result<Vec<u8>, BadLine> {
        // `folded` is left out: after a load it counts only what was folded since.
        Ok(self.total.to_be_bytes().to_vec())
    }
    fn load(bytes: &[u8]) -> Result<Self, BadLine> {
        let bad = BadLine { index: 0, why: "not a sum".to_owned() };
        let total = u64::from_be_bytes(bytes.try_into().ok().ok_or(bad)?);
        Ok(Self { total, folded: 0 })
    }
}

pub(crate) fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}

fn ones(count: usize) -> Vec<Bytes> {
    vec![Bytes::from_static(b"1"); count]
}

async fn with_lines(count: usize) -> Arc<dyn Ledger> {
    let ledger = MemoryLedger::new();
    let mut size = 0;
    while size < count {
        let step = (count - size).min(4096);
        ledger.append(tenant(1), size as u64, ones(step)).await.unwrap();
        size += step;
    }
    Arc::new(ledger)
}

#[tokio::test]
async fn a_view_is_folded_once_and_then_in_memory() {
    let ledger = with_lines(5000).await;
    let tenants = Tenants::<Sum>::new(Arc::clone(&ledger));
    assert!(tenants.cached(tenant(1)).is_none());
    let view = tenants.view(tenant(1)).await.unwrap();
    assert_eq!((view.size, view.state.total), (5000, 5000));
    assert_eq!(view.root(), ledger.head(tenant(1)).await.unwrap().root);
    let again = tenants.cached(tenant(1)).unwrap();
    assert!(Arc::ptr_eq(&view, &again));
    assert_eq!(tenants.view(tenant(2)).await.unwrap().size, 0);
    assert!(tenants.cached(tenant(2)).is_none(), "an unknown id takes no place");
}

#[tokio::test]
async fn steps_are_told_with_their_lines_and_old_views_stay_as_they_were() {
    let ledger = with_lines(2).await;
    let tenants = Tenants::<Sum>::new(Arc::clone(&ledger));
    let mut changes = tenants.changes();
    let before = tenants.view(tenant(1)).await.unwrap();
    let loaded = changes.try_recv().unwrap();
    assert_eq!((loaded.from, loaded.to, loaded.lines.len()), (2, 2, 0));
    ledger.append(tenant(1), 2, ones(3)).await.unwrap();
    ledger.append(tenant(2), 0, ones(1)).await.unwrap();
    let polled = tenants.poll().await.unwrap();
    assert_eq!(polled, Polled { advanced: 1, refused: Vec::new() });
    let step = changes.try_recv().unwrap();
    assert_eq!((step.tenant, step.from, step.to, step.lines.len()), (tenant(1), 2, 5, 3));
    assert_eq!(step.view.unwrap().state.total, 5);
    assert_eq!(changes.try_recv().unwrap_err(), TryRecvError::Empty);
    assert_eq!((before.size, before.state.total), (2, 2));
    assert_eq!(tenants.cached(tenant(1)).unwrap().size, 5);
    assert_eq!(tenants.poll().await.unwrap(), Polled::default());
    // A long step carries no lines: its receivers take the view.
    let mut size = 5;
    for _ in 0..2 {
        size = ledger.append(tenant(1), size, ones(4000)).await.unwrap().size;
    }
    tenants.advance(tenant(1)).await.unwrap();
    let jump = changes.try_recv().unwrap();
    assert_eq!((jump.from, jump.to, jump.lines.len()), (8005, 8005, 0));
}

#[tokio::test]
async fn the_least_recently_used_tenant_makes_room() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
    for n in 1..=4 {
        ledger.append(tenant(n), 0, ones(1)).await.unwrap();
    }
    let tenants = Tenants::<Sum>::bounded(ledger, 3);
    for n in [1, 2, 3] {
        tenants.view(tenant(n)).await.unwrap();
    }
    assert!(tenants.cached(tenant(1)).is_some());
    tenants.view(tenant(4)).await.unwrap();
    assert_eq!(tenants.in_memory(), [tenant(1), tenant(3), tenant(4)]);
}

#[tokio::test]
async fn a_line_that_cannot_be_read_refuses_its_tenant_only() {
    let ledger = with_lines(2).await;
    ledger.append(tenant(2), 0, ones(1)).await.unwrap();
    let tenants = Tenants::<Sum>::new(Arc::clone(&ledger));
    tenants.view(tenant(1)).await.unwrap();
    tenants.view(tenant(2)).await.unwrap();
    let mut changes = tenants.changes();
    let strange = vec![Bytes::from_static(b"1"), Bytes::from_static(b"new kind")];
    ledger.append(tenant(1), 2, strange).await.unwrap();
    let polled = tenants.poll().await.unwrap();
    let fault = polled.refused.first().unwrap().clone();
    assert!(
        matches!(&fault, FollowError::BadLine { tenant: t, bad } if *t == tenant(1) && bad.index == 3)
    );
    assert_eq!(fault.code(), Code("STOR-0007"));
    let told = changes.try_recv().unwrap();
    assert!(told.view.is_none() && told.tenant == tenant(1));
    assert!(tenants.cached(tenant(1)).is_none());
    assert_eq!(tenants.view(tenant(1)).await.unwrap_err(), fault);
    assert_eq!(tenants.view(tenant(2)).await.unwrap().state.total, 1);
}

#[tokio::test]
async fn a_snapshot_shortens_the_next_start_and_a_wrong_one_is_thrown_away() {
    let ledger = with_lines(300).await;
    let first = Tenants::<Sum>::new(Arc::clone(&ledger));
    first.view(tenant(1)).await.unwrap();
    assert_eq!(first.save_snapshots().await, 1);
    assert_eq!(first.save_snapshots().await, 0, "it has not moved");
    ledger.append(tenant(1), 300, ones(7)).await.unwrap();
    let fresh = || Tenants::<Sum>::new(Arc::clone(&ledger));
    let view = fresh().view(tenant(1)).await.unwrap();
    assert_eq!((view.state.total, view.state.folded), (307, 7));
    let good = ledger.load_snapshot(tenant(1)).await.unwrap().unwrap();
    let refolded = Sum { total: 307, folded: 307 };
    let mut altered = good.bytes.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let cases = [
        ("altered state", Snapshot { bytes: altered.clone().into(), ..good.clone() }),
        ("another version", Snapshot::seal(tenant(1), 300, 2, good.bytes.clone())),
        ("another tenant", Snapshot::seal(tenant(2), 300, 3, good.bytes.clone())),
        ("another size", Snapshot::seal(tenant(1), 299, 3, good.bytes.clone())),
        ("longer than the log", Snapshot::seal(tenant(1), 900, 3, good.bytes.clone())),
        ("no state", Snapshot::seal(tenant(1), 300, 3, Bytes::from_static(b"\xff\xff\xff\xff"))),
        ("empty", Snapshot::seal(tenant(1), 300, 3, Bytes::new())),
        ("another log's edge", {
            let mut bytes = good.bytes.to_vec();
            bytes[20] ^= 1;
            Snapshot::seal(tenant(1), 300, 3, bytes.into())
        }),
    ];
    for (why, snapshot) in cases {
        ledger.save_snapshot(tenant(1), snapshot).await.unwrap();
        assert_eq!(fresh().view(tenant(1)).await.unwrap().state, refolded, "{why}");
    }
}

#[tokio::test]
async fn a_forged_snapshot_is_not_believed() {
    let dir = writ_testkit::TempDir::new().unwrap();
    let sealer = crate::SqliteVault::open(dir.path()).unwrap().snapshot_sealer().unwrap();
    let ledger = with_lines(300).await;
    let plain = || Tenants::<Sum>::new(Arc::clone(&ledger));
    let ours = || plain().sealing_snapshots(Arc::clone(&sealer));
    let folded = |total, folded| Sum { total, folded };
    let first = ours();
    first.view(tenant(1)).await.unwrap();
    assert_eq!(first.save_snapshots().await, 1);
    assert_eq!(ours().view(tenant(1)).await.unwrap().state, folded(300, 0));
    let good = ledger.load_snapshot(tenant(1)).await.unwrap().unwrap();
    // After a restart the key file is the same.
    let again = crate::SqliteVault::open(dir.path()).unwrap().snapshot_sealer().unwrap();
    let view = plain().sealing_snapshots(again).view(tenant(1)).await.unwrap();
    assert_eq!(view.state, folded(300, 0));

    // A state that never was, with the true edge and a good digest.
    let mut forged = View::<Sum>::empty(tenant(1));
    forged.extend(&ones(300)).unwrap();
    forged.state.total = 7;
    let forged = forged.save().unwrap();
    ledger.save_snapshot(tenant(1), forged.clone()).await.unwrap();
    assert_eq!(plain().view(tenant(1)).await.unwrap().state.total, 7, "the digest does not help");
    let elsewhere = writ_testkit::TempDir::new().unwrap();
    let other = crate::SqliteVault::open(elsewhere.path()).unwrap().snapshot_sealer().unwrap();
    let theirs = other.seal(b"", &forged.bytes).unwrap();
    ledger.append(tenant(1), 300, ones(1)).await.unwrap();
    for (why, snapshot) in [
        ("not sealed", forged),
        ("sealed by another", Snapshot::seal(tenant(1), 300, 3, theirs.into())),
        ("of another size", Snapshot::seal(tenant(1), 301, 3, good.bytes.clone())),
        ("of another tenant", Snapshot::seal(tenant(2), 300, 3, good.bytes.clone())),
    ] {
        ledger.save_snapshot(tenant(1), snapshot).await.unwrap();
        assert_eq!(ours().view(tenant(1)).await.unwrap().state, folded(301, 301), "{why}");
    }
    ledger.save_snapshot(tenant(1), good).await.unwrap();
    assert_eq!(ours().view(tenant(1)).await.unwrap().state, folded(301, 1));
}

#[tokio::test]
async fn a_log_that_contradicts_what_was_read_is_damaged() {
    let ledger = with_lines(3).await;
    let tenants = Tenants::<Sum>::new(ledger);
    let view = tenants.view(tenant(1)).await.unwrap();
    for (size, count) in [(3, 3), (2, 2)] {
        // The same follower over another log of the same tenant, as after a restored backup or a rewritten row.
        let other: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
        other.append(tenant(1), 0, vec![Bytes::from_static(b"2"); count]).await.unwrap();
        let moved = Tenants::<Sum>::new(other);
        moved.publish(&view, Arc::default());
        let fault = moved.advance(tenant(1)).await.unwrap_err();
        assert!(
            matches!(fault, FollowError::Read(ReadError::Damaged { index, .. }) if index == size),
            "{fault}"
        );
    }
    assert_eq!(Head::empty().size, 0);
}

#[tokio::test]
async fn a_poll_does_not_wait_for_a_load_and_the_load_does_not_end_before_it() {
    let ledger = Arc::new(Faulty::default());
    ledger.append(tenant(1), 0, ones(3)).await.unwrap();
    let tenants = Arc::new(Tenants::<Sum>::new(Arc::clone(&ledger) as Arc<dyn Ledger>));
    let closed = ledger.gate.lock().await;
    let loading = Arc::clone(&tenants);
    let load = tokio::spawn(async move { loading.view(tenant(1)).await });
    while tenants.loading.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    // It has read the head, waits for the lines, and meanwhile the log moves on.
    tokio::task::yield_now().await;
    ledger.append(tenant(1), 3, ones(2)).await.unwrap();
    assert_eq!(tenants.poll().await.unwrap(), Polled::default(), "it does not wait");
    drop(closed);
    assert_eq!(load.await.unwrap().unwrap().size, 5, "and yet what it saw is there");
    assert_eq!(tenants.cached(tenant(1)).unwrap().size, 5);
}

#[tokio::test]
async fn a_damaged_log_is_withdrawn_by_a_poll_that_goes_on() {
    let ledger = with_lines(3).await;
    ledger.append(tenant(2), 0, ones(1)).await.unwrap();
    let tenants = Tenants::<Sum>::new(Arc::clone(&ledger));
    tenants.view(tenant(2)).await.unwrap();
    let other: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
    other.append(tenant(1), 0, vec![Bytes::from_static(b"2"); 2]).await.unwrap();
    let strange = Tenants::<Sum>::new(other).view(tenant(1)).await.unwrap();
    tenants.publish(&strange, Arc::default());
    let mut changes = tenants.changes();
    ledger.append(tenant(2), 1, ones(1)).await.unwrap();
    let polled = tenants.poll().await.unwrap();
    assert_eq!(polled.advanced, 1, "the other client lives");
    let fault = polled.refused.first().unwrap();
    assert!(matches!(fault, FollowError::Read(ReadError::Damaged { .. })), "{fault}");
    let told = [changes.try_recv().unwrap(), changes.try_recv().unwrap()];
    assert!(told.iter().any(|change| change.tenant == tenant(1) && change.view.is_none()));
    assert!(tenants.cached(tenant(1)).is_none());
    assert_eq!(tenants.poll().await.unwrap(), Polled::default(), "it is not asked for again");
}

#[tokio::test]
async fn one_load_serves_everyone_who_asks_at_once() {
    let tenants = Arc::new(Tenants::<Sum>::new(with_lines(4000).await));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let tenants = Arc::clone(&tenants);
            tokio::spawn(async move { tenants.view(tenant(1)).await.unwrap() })
        })
        .collect();
    let first = tenants.view(tenant(1)).await.unwrap();
    for task in tasks {
        assert!(Arc::ptr_eq(&first, &task.await.unwrap()));
    }
    assert!(tenants.loading.lock().is_empty());
}
