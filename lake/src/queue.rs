//! The bounded queue between those who record and the one who writes. A place in it is taken *before* a call goes out, so
//! that a full queue slows callers and no record is ever dropped; giving a record to a taken place cannot fail or wait.
//! What is given stands in the [`Journal`] before the giver goes on, in the order of the queue.
//!
//! Never here: SQL, or where records go (a lake's writer, or the spool of a gateway without a lake).
//! To have the lake's writer do one more thing: an [`Ask`].

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use parking_lot::{Condvar, Mutex, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use writ_model::TenantId;

use crate::{
    fault::LakeFault,
    ingest::{Ingested, Mirrored},
    journal::{Entry, Journal},
    record::Record,
    seal::{Batch, Seal},
};

mod flush;

/// LIMIT: records that wait or are in flight. 32,768 of about 2 KiB are 64 MiB: some seconds of the busiest gateway.
pub const QUEUE: usize = 32_768;
/// LIMIT: of those, of one tenant: a quarter, so that one tenant's slow calls leave the others most of the places.
pub const SHARE: usize = QUEUE / 4;
/// LIMIT: records in one transaction.
pub(crate) const BATCH: usize = 2_048;

/// Where an answer of the writer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, LakeFault>>;

/// What the lake's writer is asked besides keeping new records.
pub(crate) enum Ask {
    /// A range is sealed by this process: keep its ledger line.
    Sealed(Batch, u64, Reply<()>),
    /// A range is sealed in the ledger, by whomever.
    Mirror(Seal, Reply<Mirrored>),
    /// A tenant's ledger is mirrored up to a line.
    Mirrored(TenantId, u64, Reply<()>),
    /// Records that came from elsewhere, perhaps again.
    Ingest(Vec<Record>, Reply<Ingested>),
}

/// What the one who writes is asked to keep.
pub struct Work {
    /// New records, in the order in which they were given.
    pub records: Vec<Record>,
    /// The queue is closing: nothing comes after what waits.
    pub closing: bool,
    acks: Vec<oneshot::Sender<()>>,
    pub(crate) asked: Vec<Ask>,
    places: BTreeMap<TenantId, usize>,
    /// Files of the journal up to this number have nothing that comes after this work.
    retires: Option<u64>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Work").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

struct Waiting {
    records: Vec<Record>,
    acks: Vec<oneshot::Sender<()>>,
    asked: Vec<Ask>,
    journal: Journal,
    /// Who waits for a flush of the journal.
    flushes: Vec<Reply<()>>,
    urgent: bool,
    stage: Stage,
}

/// How far a queue has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    /// No places are given; what waits is taken.
    Closing,
    /// Nobody writes any more: who asks is told at once, by the end of their reply.
    Ended,
    /// A record came after that: the journal has it for the next start.
    Late,
}

impl Waiting {
    fn has_ended(&self) -> bool {
        self.stage >= Stage::Ended
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.asked.is_empty() && self.acks.is_empty()
    }
}

/// Shared by callers and the one who writes.
pub struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Wakes the one who flushes the journal.
    flushed: Condvar,
    places: Arc<Semaphore>,
    /// INVARIANT: one is never dropped, because its places may be taken. Tenants of one run are few.
    shares: RwLock<BTreeMap<TenantId, Arc<Semaphore>>>,
    crowded: AtomicU64,
    /// The journal is broken: no place is given.
    broken: AtomicBool,
    unfinished: Mutex<Vec<Record>>,
    flushing: Mutex<Option<JoinHandle<()>>>,
    /// How long the writer gathers before it writes: one wake-up and one commit for a whole batch. Durable records and
    /// those who ask for a flush do not wait for it.
    gather: Duration,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let free = self.places.available_permits();
        out.debug_struct("Queue").field("free", &free).finish_non_exhaustive()
    }
}

impl Queue {
    /// An empty queue whose writer gathers for so long, behind a journal with these calls without an end. Nothing may be
    /// given before [`Queue::begin`].
    pub fn new(gather: Duration, journal: Journal, unfinished: Vec<Record>) -> Arc<Self> {
        let waiting = Waiting {
            records: Vec::new(),
            acks: Vec::new(),
            asked: Vec::new(),
            journal,
            flushes: Vec::new(),
            urgent: false,
            stage: Stage::Open,
        };
        Arc::new(Self {
            waiting: Mutex::new(waiting),
            arrived: Condvar::new(),
            flushed: Condvar::new(),
            places: Arc::new(Semaphore::new(QUEUE)),
            shares: RwLock::default(),
            crowded: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            unfinished: Mutex::new(unfinished),
            flushing: Mutex::default(),
            gather,
        })
    }

    /// A place for one record of a tenant, if one is free now.
    pub fn try_place(self: &Arc<Self>, tenant: TenantId) -> Option<Slot> {
        if self.is_broken() {
            return None;
        }
        let own = self.share(tenant).try_acquire_owned().ok()?;
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(self.slot(tenant, [own, place]))
    }

    /// A place for one record of a tenant; waits while the queue, or that tenant's share of it, is full.
    ///
    /// # Errors
    /// If the queue is closed, or the journal cannot be written.
    pub async fn place(self: &Arc<Self>, tenant: TenantId) -> Result<Slot, LakeFault> {
        if let Some(slot) = self.try_place(tenant) {
            return Ok(slot);
        }
        let closed = |_closed| LakeFault::Closed;
        let share = self.share(tenant);
        if share.available_permits() == 0 {
            self.crowded.fetch_add(1, Ordering::Relaxed);
        }
        let own = share.acquire_owned().await.map_err(closed)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(closed)?;
        if self.is_broken() {
            return Err(LakeFault::NotJournaled);
        }
        Ok(self.slot(tenant, [own, place]))
    }

    fn slot(self: &Arc<Self>, tenant: TenantId, places: [OwnedSemaphorePermit; 2]) -> Slot {
        Slot { queue: Arc::clone(self), tenant, places: Some(places) }
    }

    fn share(&self, tenant: TenantId) -> Arc<Semaphore> {
        if let Some(known) = self.shares.read().get(&tenant) {
            return Arc::clone(known);
        }
        let mut shares = self.shares.write();
        Arc::clone(shares.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(SHARE))))
    }

    /// Places that are taken.
    pub fn used(&self) -> usize {
        QUEUE.saturating_sub(self.places.available_permits())
    }

    /// How often a call waited because its tenant had its whole share.
    pub fn crowded(&self) -> u64 {
        self.crowded.load(Ordering::Relaxed)
    }

    /// The journal cannot be written: no place is given until a new file of it was flushed.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Calls of earlier runs that left and of whose end nothing is known, once. Each stays in the journal until a record
    /// of its call is given.
    pub fn unfinished(&self) -> Vec<Record> {
        std::mem::take(&mut self.unfinished.lock())
    }

    fn push(&self, record: Record, ack: Option<oneshot::Sender<()>>) {
        let entry = Entry::ended(&record).inspect_err(|fault| {
            tracing::error!(code = fault.code().0, %fault, call = %record.call, "a record cannot be journaled");
        });
        let mut waiting = self.waiting.lock();
        if let Ok(entry) = entry {
            let ended = waiting.journal.ended(record.call, entry);
            self.journaled(&mut waiting, ended);
        }
        if waiting.has_ended() {
            waiting.stage = Stage::Late;
            return;
        }
        let wake = waiting.is_empty() || ack.is_some();
        waiting.urgent |= ack.is_some();
        waiting.acks.extend(ack);
        waiting.records.push(record);
        drop(waiting);
        if wake {
            self.arrived.notify_one();
        }
    }

    pub(crate) fn ask(&self, ask: Ask) {
        let mut waiting = self.waiting.lock();
        if waiting.has_ended() {
            return;
        }
        waiting.asked.push(ask);
        waiting.urgent = true;
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Returns when everything pushed before is kept.
    ///
    /// # Errors
    /// If the one who writes has ended.
    pub async fn flush(&self) -> Result<(), LakeFault> {
        let (done, wait) = oneshot::channel();
        {
            // A guard must not live to the wait, or the future could not move between threads.
            let mut waiting = self.waiting.lock();
            if waiting.has_ended() {
                return Err(LakeFault::Closed);
            }
            waiting.acks.push(done);
            waiting.urgent = true;
        }
        self.arrived.notify_one();
        wait.await.map_err(|_gone| LakeFault::Closed)
    }

    /// Refuses later places; [`Queue::take`] gives what waits and then nothing more.
    pub fn close(&self) {
        self.places.close();
        self.shares.read().values().for_each(|share| share.close());
        let mut waiting = self.waiting.lock();
        waiting.stage = waiting.stage.max(Stage::Closing);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.places.is_closed()
    }

    /// The next batch, blocking until there is one; nothing when closed and empty. For the thread of the one who writes.
    pub fn take(&self) -> Option<Work> {
        let mut waiting = self.waiting.lock();
        while waiting.is_empty() {
            if waiting.stage > Stage::Open {
                waiting.stage = waiting.stage.max(Stage::Ended);
                waiting.flushes.clear();
                self.flushed.notify_all();
                return None;
            }
            self.arrived.wait(&mut waiting);
        }
        let closing = waiting.stage > Stage::Open;
        if !waiting.urgent && !closing && waiting.records.len() < BATCH {
            self.arrived.wait_for(&mut waiting, self.gather);
        }
        waiting.urgent = false;
        let mut work = Work {
            records: std::mem::take(&mut waiting.records),
            closing: waiting.stage > Stage::Open,
            acks: std::mem::take(&mut waiting.acks),
            asked: std::mem::take(&mut waiting.asked),
            places: BTreeMap::new(),
            retires: waiting.journal.retires(),
        };
        drop(waiting);
        for record in &work.records {
            *work.places.entry(record.tenant).or_default() += 1;
        }
        Some(work)
    }

    /// The records of a work are kept: their places are free, and those who waited for it go on.
    pub fn kept(&self, work: &mut Work) {
        for (tenant, count) in std::mem::take(&mut work.places) {
            self.places.add_permits(count);
            self.share(tenant).add_permits(count);
        }
        for ack in work.acks.drain(..) {
            if ack.send(()).is_err() {
                tracing::trace!("a caller did not wait for its record");
            }
        }
    }
}

/// A taken place in the queue. Dropped unused, it is free again.
#[derive(Debug)]
pub struct Slot {
    queue: Arc<Queue>,
    tenant: TenantId,
    places: Option<[OwnedSemaphorePermit; 2]>,
}

impl Slot {
    /// The call leaves: from now on a killed process leaves behind that it did. The record is what it would be if nothing
    /// more were heard of the call; the one that is written later under the same call's id takes its place.
    ///
    /// # Errors
    /// If it cannot be journaled: the call must not leave.
    pub fn leaves(&self, record: &Record) -> Result<(), LakeFault> {
        self.queue.leaves(record, None)
    }

    /// The same, and returns when that survives the machine as well.
    ///
    /// # Errors
    /// If it cannot be journaled or flushed: the call must not leave.
    pub async fn leaves_for_good(&self, record: &Record) -> Result<(), LakeFault> {
        let (done, wait) = oneshot::channel();
        self.queue.leaves(record, Some(done))?;
        wait.await.map_err(|_gone| LakeFault::Closed)?
    }

    /// Gives the record to the writer, behind the caller's back. When this returns, a kill of the process loses it no more.
    pub fn write(mut self, record: Record) {
        self.forget(&record);
        self.queue.push(record, None);
    }

    /// Gives the record to the writer and tells when it is committed.
    ///
    /// # Errors
    /// If the writer stopped before.
    pub async fn write_durable(mut self, record: Record) -> Result<(), LakeFault> {
        self.forget(&record);
        let (done, wait) = oneshot::channel();
        self.queue.push(record, Some(done));
        wait.await.map_err(|_gone| LakeFault::Closed)
    }

    fn forget(&mut self, record: &Record) {
        debug_assert_eq!(
            record.tenant, self.tenant,
            "a place is given back to whose record it took"
        );
        // The writer gives the places back when the record is written.
        for place in self.places.take().into_iter().flatten() {
            place.forget();
        }
    }
}

#[cfg(test)]
mod tests;
