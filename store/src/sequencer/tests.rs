//! The sequencer over the ledger in memory: order, refusals, groups, other writers, faults.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::broadcast;
use writ_evidence::Subtree;
use writ_model::Digest;

use super::*;
use crate::{
    Head, Hint, MemoryLedger, ReadError, Snapshot, Turn,
    follow::tests::{Sum, tenant},
};

fn sequencer(ledger: Arc<dyn Ledger>) -> Sequencer<Sum> {
    Sequencer::new(Arc::new(Tenants::new(ledger)))
}

fn add(number: u64) -> Decide<Sum, String> {
    Box::new(move |_| Ok(vec![Bytes::from(number.to_string())]))
}

#[tokio::test]
async fn a_command_sees_what_the_ones_before_it_did() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
    let sequencer = sequencer(Arc::clone(&ledger));
    // Each takes one of five; two hundred ask at once.
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let sequencer = sequencer.clone();
            let take: Decide<Sum, u64> = Box::new(|view: &View<Sum>| {
                let taken = view.state.total;
                if taken < 5 { Ok(vec![Bytes::from_static(b"1")]) } else { Err(taken) }
            });
            tokio::spawn(async move { sequencer.submit(tenant(1), take).await })
        })
        .collect();
    let mut firsts = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(committed) => {
                assert_eq!(committed.size, committed.first + 1);
                assert!(committed.view.size >= committed.size);
                firsts.push(committed.first);
            }
            Err(refused) => assert_eq!(refused, SubmitError::Refused(5)),
        }
    }
    firsts.sort_unstable();
    assert_eq!(firsts, [0, 1, 2, 3, 4]);
    assert_eq!(ledger.head(tenant(1)).await.unwrap().size, 5);
    assert_eq!(sequencer.tenants().cached(tenant(1)).unwrap().state.total, 5);
    while !sequencer.shared.lanes.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    let started = sequencer.shared.lanes.lock().len();
    assert_eq!(started, 0, "an idle lane leaves");
}

#[tokio::test]
async fn a_bad_command_harms_no_other() {
    let sequencer = sequencer(Arc::new(MemoryLedger::new()));
    let bad: Decide<Sum, String> =
        Box::new(|_| Ok(vec![Bytes::from_static(b"7"), Bytes::from_static(b"no number")]));
    let huge: Decide<Sum, String> = Box::new(|_| Ok(vec![Bytes::from_static(b"1"); 5000]));
    let refused: Decide<Sum, String> = Box::new(|view| Err(format!("at {}", view.size)));
    let nothing: Decide<Sum, String> = Box::new(|_| Ok(Vec::new()));
    let (one, bad, huge, refused, nothing, two) = tokio::join!(
        sequencer.submit(tenant(1), add(1)),
        sequencer.submit(tenant(1), bad),
        sequencer.submit(tenant(1), huge),
        sequencer.submit(tenant(1), refused),
        sequencer.submit(tenant(1), nothing),
        sequencer.submit(tenant(1), add(2)),
    );
    assert_eq!(one.unwrap().first, 0);
    assert!(matches!(&bad, Err(SubmitError::Unreadable(line)) if line.index == 2), "{bad:?}");
    assert_eq!(bad.unwrap_err().code(), Some(Code("STOR-0008")));
    assert!(matches!(huge, Err(SubmitError::Append(AppendError::TooLarge { .. }))));
    assert_eq!(refused.unwrap_err(), SubmitError::Refused("at 1".to_owned()));
    let nothing = nothing.unwrap();
    assert_eq!((nothing.first, nothing.size), (1, 1));
    let two = two.unwrap();
    assert_eq!((two.first, two.size, two.view.state.total), (1, 2, 3));
}

#[tokio::test]
async fn groups_larger_than_one_append_are_split() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
    let sequencer = sequencer(Arc::clone(&ledger));
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let sequencer = sequencer.clone();
            let many: Decide<Sum, String> = Box::new(|_| Ok(vec![Bytes::from_static(b"1"); 3000]));
            tokio::spawn(async move { sequencer.submit(tenant(1), many).await.unwrap().size })
        })
        .collect();
    let mut sizes = Vec::new();
    for task in tasks {
        sizes.push(task.await.unwrap());
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [3000, 6000, 9000, 12_000, 15_000]);
}

#[tokio::test]
async fn when_another_process_writes_first_the_server_decides_again() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
    let (ours, theirs) = (sequencer(Arc::clone(&ledger)), sequencer(Arc::clone(&ledger)));
    ours.submit(tenant(1), add(1)).await.unwrap();
    theirs.submit(tenant(1), add(10)).await.unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let once_over_ten: Decide<Sum, String> = Box::new(move |view| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(vec![Bytes::from(if view.state.total > 10 { "100" } else { "5" })])
    });
    let committed = ours.submit(tenant(1), once_over_ten).await.unwrap();
    assert_eq!((committed.first, committed.view.state.total), (2, 111));
    assert_eq!(tries.load(Ordering::SeqCst), 2);
    // Refusals after a change by others rest on the new state as well.
    theirs.submit(tenant(1), add(1000)).await.unwrap();
    let over: Decide<Sum, u64> = Box::new(|view| {
        if view.state.total < 1000 { Ok(vec![Bytes::from_static(b"1")]) } else { Err(view.size) }
    });
    assert_eq!(ours.submit(tenant(1), over).await.unwrap_err(), SubmitError::Refused(4));
}

/// A ledger that can lose its answer after writing, be always behind, or let reads wait; it counts the turns taken.
#[derive(Debug, Default)]
pub(crate) struct Faulty {
    pub(crate) inner: MemoryLedger,
    lose_answer: AtomicBool,
    always_stale: AtomicBool,
    turns: Arc<AtomicUsize>,
    unhurried: AtomicUsize,
    /// Lines are read while nobody holds this.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Ledger for Faulty {
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        if self.always_stale.load(Ordering::SeqCst) {
            return Err(AppendError::Stale { tenant, expected, head: Head::empty() });
        }
        let head = self.inner.append(tenant, expected, lines).await?;
        if self.lose_answer.swap(false, Ordering::SeqCst) {
            return Err(AppendError::Faulted { why: "the answer was lost".to_owned() });
        }
        Ok(head)
    }
    async fn append_unhurried(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        self.unhurried.fetch_add(1, Ordering::SeqCst);
        self.append(tenant, expected, lines).await
    }
    async fn turn(&self, _: TenantId) -> Result<Turn, AppendError> {
        self.turns.fetch_add(1, Ordering::SeqCst);
        let turns = Arc::clone(&self.turns);
        Ok(Turn::held(GivenBack(turns)))
    }
    async fn read(&self, t: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError> {
        let _open = self.gate.lock().await;
        self.inner.read(t, from, max).await
    }
    async fn head(&self, t: TenantId) -> Result<Head, ReadError> {
        self.inner.head(t).await
    }
    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError> {
        self.inner.heads().await
    }
    fn watch(&self) -> broadcast::Receiver<Hint> {
        self.inner.watch()
    }
    async fn subtrees(
        &self,
        t: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError> {
        self.inner.subtrees(t, wanted).await
    }
    async fn save_snapshot(&self, t: TenantId, snapshot: Snapshot) -> Result<(), AppendError> {
        self.inner.save_snapshot(t, snapshot).await
    }
    async fn load_snapshot(&self, t: TenantId) -> Result<Option<Snapshot>, ReadError> {
        self.inner.load_snapshot(t).await
    }
}

/// A turn in the hand: 1 is counted when it is taken, 1000 when it is given back.
struct GivenBack(Arc<AtomicUsize>);

impl Drop for GivenBack {
    fn drop(&mut self) {
        self.0.fetch_add(1000, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn whoever_lost_once_takes_one_turn_and_gives_it_back() {
    let ledger = Arc::new(Faulty::default());
    let sequencer = sequencer(Arc::clone(&ledger) as Arc<dyn Ledger>);
    sequencer.submit(tenant(1), add(1)).await.unwrap();
    assert_eq!(ledger.turns.load(Ordering::SeqCst), 0, "alone nobody takes a turn");
    ledger.inner.append(tenant(1), 1, vec![Bytes::from_static(b"1")]).await.unwrap();
    assert_eq!(sequencer.submit(tenant(1), add(1)).await.unwrap().size, 3);
    assert_eq!(ledger.turns.load(Ordering::SeqCst), 1001);
    ledger.always_stale.store(true, Ordering::SeqCst);
    sequencer.submit(tenant(1), add(1)).await.unwrap_err();
    assert_eq!(ledger.turns.load(Ordering::SeqCst), 2002, "one for all its tries");
}

#[tokio::test]
async fn only_lines_that_can_all_wait_are_told_to_nobody() {
    let ledger = Arc::new(Faulty::default());
    let sequencer = sequencer(Arc::clone(&ledger) as Arc<dyn Ledger>);
    for (lines, unhurried) in [(vec![0], 1), (vec![1], 1), (vec![0, 1], 1), (vec![0, 0], 2)] {
        let all: Decide<Sum, String> =
            Box::new(move |_| Ok(lines.iter().map(|n: &u64| Bytes::from(n.to_string())).collect()));
        sequencer.submit(tenant(1), all).await.unwrap();
        assert_eq!(ledger.unhurried.load(Ordering::SeqCst), unhurried);
    }
}

#[tokio::test]
async fn after_a_lost_answer_the_next_command_reads_what_is_stored() {
    let ledger = Arc::new(Faulty::default());
    let sequencer = sequencer(Arc::clone(&ledger) as Arc<dyn Ledger>);
    sequencer.submit(tenant(1), add(1)).await.unwrap();
    ledger.lose_answer.store(true, Ordering::SeqCst);
    let lost = sequencer.submit(tenant(1), add(2)).await.unwrap_err();
    assert!(matches!(lost, SubmitError::Append(AppendError::Faulted { .. })));
    let next = sequencer.submit(tenant(1), add(4)).await.unwrap();
    assert_eq!((next.first, next.view.state.total), (2, 7));
    ledger.always_stale.store(true, Ordering::SeqCst);
    let contended = sequencer.submit(tenant(1), add(8)).await.unwrap_err();
    assert_eq!(contended, SubmitError::Contended);
}

#[tokio::test]
async fn a_command_that_panics_ends_only_its_own_lane() {
    let sequencer = sequencer(Arc::new(MemoryLedger::new()));
    let broken: Decide<Sum, String> = Box::new(|_| panic!("a bug"));
    assert_eq!(sequencer.submit(tenant(1), broken).await.unwrap_err(), SubmitError::Gone);
    assert_eq!(sequencer.submit(tenant(1), add(3)).await.unwrap().view.state.total, 3);
}

#[tokio::test]
async fn a_tenant_that_cannot_be_read_takes_no_command() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
    ledger.append(tenant(1), 0, vec![Bytes::from_static(b"new kind")]).await.unwrap();
    let sequencer = sequencer(ledger);
    let fault = sequencer.submit(tenant(1), add(1)).await.unwrap_err();
    assert!(matches!(fault, SubmitError::Follow(FollowError::BadLine { .. })), "{fault}");
    assert_eq!(sequencer.submit(tenant(2), add(1)).await.unwrap().size, 1);
}
