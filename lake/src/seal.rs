//! Which records of a run wait to be sealed, and the Merkle root over them (RFC 6962 over the OCSF bytes, in sequence
//! order). A root covers a contiguous range; a sequence number that never arrives splits ranges, and the gap shows in
//! the ledger.
//!
//! Never here: the ledger (the caller appends the fact), a clock.

use std::collections::BTreeMap;

use writ_evidence::merkle::Frontier;
use writ_model::{BootId, Digest, GatewayId, TenantId};

use crate::sealing::Due;

/// LIMIT: records that arrived before an earlier one, kept until it arrives. Calls overtake each other by microseconds;
/// more than this means that the missing one is lost, and the range is split.
const EARLY: usize = 4_096;

/// A run of a gateway, as one tenant sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Whose records.
    pub tenant: TenantId,
    /// Which gateway.
    pub gateway: GatewayId,
    /// Which of its runs.
    pub boot: BootId,
}

/// A range of records whose root waits to be written in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Which run of which gateway, for which tenant.
    pub run: Run,
    /// First sequence number.
    pub first: u64,
    /// Last sequence number.
    pub last: u64,
    /// Records in it.
    pub count: u64,
    /// Root over the records' OCSF bytes.
    pub root: Digest,
}

/// A range that is sealed, and the ledger line that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The range.
    pub batch: Batch,
    /// The line.
    pub line: u64,
}

#[derive(Debug, Default)]
struct Open {
    first: u64,
    tree: Frontier,
    early: BTreeMap<u64, Digest>,
    /// A later run of its gateway has begun.
    over: bool,
}

impl Open {
    fn next(&self) -> u64 {
        self.first + self.tree.size()
    }

    fn add(&mut self, seq: u64, leaf: Digest, closed: &mut Vec<(u64, Frontier)>) {
        if seq < self.next() {
            // Its range was closed without it. The record is kept, and no seal covers it: a finding.
            tracing::error!(seq, "a record came after its range was closed");
            return;
        }
        if seq > self.next() {
            self.early.insert(seq, leaf);
            if self.early.len() > EARLY {
                self.split(closed);
            }
            return;
        }
        self.tree.push(leaf);
        self.join();
    }

    fn join(&mut self) {
        while let Some(leaf) = self.early.remove(&self.next()) {
            self.tree.push(leaf);
        }
    }

    /// Gives up on what is missing: closes the range and goes on after the gap.
    fn split(&mut self, closed: &mut Vec<(u64, Frontier)>) {
        let Some(first) = self.early.keys().next().copied() else { return };
        if self.tree.size() > 0 {
            closed.push((self.first, std::mem::take(&mut self.tree)));
        }
        self.first = first;
        self.join();
    }

    /// Gives up on everything that is missing.
    fn end(&mut self) -> Vec<(u64, Frontier)> {
        let mut closed = Vec::new();
        while !self.early.is_empty() {
            self.split(&mut closed);
        }
        closed
    }
}

/// What waits, over all tenants.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    open: BTreeMap<Run, Open>,
    /// The newest run of each gateway that something came of.
    newest: BTreeMap<GatewayId, BootId>,
    due: Vec<Batch>,
}

impl Tracker {
    /// A run continues (or, after a restart, has leftovers) from this sequence number.
    pub(crate) fn start(&mut self, run: Run, first: u64) {
        self.open.entry(run).or_insert_with(|| Open { first, ..Open::default() });
    }

    pub(crate) fn add(&mut self, run: Run, seq: u64, leaf: Digest) {
        let mut closed = Vec::new();
        let newest = self.newest.entry(run.gateway).or_insert(run.boot);
        if *newest < run.boot {
            *newest = run.boot;
            self.end_earlier(run);
        }
        let over = self.newest.get(&run.gateway).is_some_and(|newest| run.boot < *newest);
        let open = self.open.entry(run).or_insert_with(|| Open { over, ..Open::default() });
        open.add(seq, leaf, &mut closed);
        self.due.extend(closed.into_iter().filter_map(|(first, tree)| batch(run, first, &tree)));
    }

    /// Everything of a gateway's run comes before anything of its next one: what an earlier run lacks does not come.
    fn end_earlier(&mut self, begun: Run) {
        let earlier = |run: &Run| run.gateway == begun.gateway && run.boot < begun.boot;
        let open = self.open.iter_mut().filter(|(run, _)| earlier(run));
        open.for_each(|(_, open)| open.over = true);
    }

    /// Somebody sealed a run before this number. What came from it on stands in `rest`, in order.
    pub(crate) fn sealed_up_to(&mut self, run: Run, first: u64, rest: Vec<(u64, Digest)>) {
        self.due.retain(|batch| batch.run != run);
        let over = self.newest.get(&run.gateway).is_some_and(|newest| run.boot < *newest);
        let mut open = Open { first, over, ..Open::default() };
        let mut closed = Vec::new();
        for (seq, leaf) in rest {
            open.add(seq, leaf, &mut closed);
        }
        self.open.insert(run, open);
        self.due.extend(closed.into_iter().filter_map(|(first, tree)| batch(run, first, &tree)));
    }

    /// Everything that is complete and asked for, and with `finally` also what lies behind gaps, when nothing more will
    /// arrive; offered again until [`Tracker::done`] says it is sealed.
    pub(crate) fn due(&mut self, asked: &Due) -> Vec<Batch> {
        let of = |run: &Run| asked.has(run.tenant);
        for (run, open) in self.open.iter_mut().filter(|(run, _)| of(run)) {
            if open.over || asked.finally {
                let ended = open.end().into_iter();
                self.due.extend(ended.filter_map(|(first, tree)| batch(*run, first, &tree)));
            }
            let tree = std::mem::take(&mut open.tree);
            let first = open.first;
            open.first += tree.size();
            self.due.extend(batch(*run, first, &tree));
        }
        self.open.retain(|run, open| !(open.over && of(run)));
        self.due.iter().filter(|batch| of(&batch.run)).cloned().collect()
    }

    pub(crate) fn done(&mut self, sealed: &Batch) {
        self.due.retain(|batch| batch != sealed);
    }

    /// The rest of a range waits in its place.
    pub(crate) fn replace(&mut self, range: &Batch, rest: Batch) {
        if let Some(waiting) = self.due.iter_mut().find(|batch| *batch == range) {
            *waiting = rest;
        }
    }
}

fn batch(run: Run, first: u64, tree: &Frontier) -> Option<Batch> {
    let last = first.checked_add(tree.size())?.checked_sub(1).filter(|_| tree.size() > 0)?;
    Some(Batch { run, first, last, count: tree.size(), root: tree.root() })
}

#[cfg(test)]
mod tests {
    use writ_evidence::merkle::leaf_hash;

    use super::*;
    use crate::sealing::Part;

    const ALL: Due = Due { tenant: None, finally: false, part: None };

    fn run() -> Run {
        Run {
            tenant: TenantId::from_bytes([1; 16]),
            gateway: GatewayId::from_bytes([2; 16]),
            boot: BootId::from_bytes([3; 16]),
        }
    }

    fn root(range: std::ops::RangeInclusive<u8>) -> Digest {
        let mut tree = Frontier::new();
        range.for_each(|seq| tree.push(leaf_hash(&[seq])));
        tree.root()
    }

    fn add(tracker: &mut Tracker, seqs: &[u8]) {
        for seq in seqs {
            tracker.add(run(), u64::from(*seq), leaf_hash(&[*seq]));
        }
    }

    fn ranges(batches: &[Batch]) -> Vec<(u64, u64, Digest)> {
        batches.iter().map(|batch| (batch.first, batch.last, batch.root)).collect()
    }

    #[test]
    fn order_of_arrival_does_not_matter_and_ranges_join() {
        let mut tracker = Tracker::default();
        add(&mut tracker, &[1, 0, 2, 4]);
        assert_eq!(ranges(&tracker.due(&ALL)), [(0, 2, root(0..=2))]);
        let first = tracker.due(&ALL);
        tracker.done(&first[0]);
        add(&mut tracker, &[3]);
        assert_eq!(ranges(&tracker.due(&ALL)), [(3, 4, root(3..=4))]);
    }

    #[test]
    fn what_is_not_marked_is_offered_again() {
        let mut tracker = Tracker::default();
        add(&mut tracker, &[0]);
        assert_eq!(tracker.due(&ALL), tracker.due(&ALL));
        add(&mut tracker, &[1]);
        assert_eq!(ranges(&tracker.due(&ALL)), [(0, 0, root(0..=0)), (1, 1, root(1..=1))]);
    }

    #[test]
    fn a_gap_splits_at_the_end_only() {
        let mut tracker = Tracker::default();
        add(&mut tracker, &[0, 2, 3, 5]);
        assert_eq!(ranges(&tracker.due(&ALL)), [(0, 0, root(0..=0))]);
        let sealed = tracker.due(&ALL);
        tracker.done(&sealed[0]);
        let last = tracker.due(&Due { finally: true, ..ALL });
        assert_eq!(ranges(&last), [(2, 3, root(2..=3)), (5, 5, root(5..=5))]);
    }

    #[test]
    fn parts_leave_the_others_open_and_together_are_all() {
        let mut tracker = Tracker::default();
        let runs = (0..100).map(|n| Run { tenant: TenantId::from_bytes([n; 16]), ..run() });
        runs.for_each(|run| tracker.add(run, 0, leaf_hash(&[0])));
        let mut found = Vec::new();
        for nth in 0..7 {
            let due = tracker.due(&Due { part: Some(Part { nth, of: 7 }), ..ALL });
            assert!((1..100).contains(&due.len()), "{nth}: {}", due.len());
            for batch in &due {
                tracker.done(batch);
            }
            found.extend(due);
        }
        found.sort_by_key(|batch| batch.run);
        found.dedup();
        assert_eq!(found.len(), 100);
        assert_eq!(tracker.due(&ALL), []);
    }

    #[test]
    fn too_many_early_ones_split_at_once() {
        let mut tracker = Tracker::default();
        for seq in 1..=(EARLY as u64 + 1) {
            tracker.add(run(), seq, leaf_hash(&seq.to_be_bytes()));
        }
        let due = tracker.due(&ALL);
        assert_eq!((due.len(), due[0].first, due[0].count), (1, 1, EARLY as u64 + 1));
    }
}
