//! The bounded queue between those who record and the one who writes. A place in it is taken *before* a call goes out, so
//! a full queue slows callers and no record is ever dropped; giving a record to a taken place cannot fail or wait.
//!
//! Never here: SQL, or where records go (a lake's writer, or the spool of a gateway without a lake).
//! To have the lake's writer do one more thing: an [`Ask`].

use std::{sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use writ_model::TenantId;

use crate::{
    fault::LakeFault,
    ingest::{Ingested, Mirrored},
    record::Record,
    seal::{Batch, Seal},
};

/// LIMIT: records that wait or are in flight. 32,768 of about 2 KiB are 64 MiB: some seconds of the busiest gateway.
pub const QUEUE: usize = 32_768;
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
}

impl Work {
    /// Everything of this is on the disk: those who waited for it go on.
    pub fn acknowledge(&mut self) {
        for ack in self.acks.drain(..) {
            if ack.send(()).is_err() {
                tracing::trace!("a caller did not wait for its record");
            }
        }
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Work").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Waiting {
    records: Vec<Record>,
    acks: Vec<oneshot::Sender<()>>,
    asked: Vec<Ask>,
    urgent: bool,
    closing: bool,
    /// Nobody writes any more: who asks is told at once, by the end of their reply.
    ended: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.asked.is_empty() && self.acks.is_empty()
    }
}

/// Shared by callers and the one who writes.
pub struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    places: Arc<Semaphore>,
    /// How long the writer gathers before it writes: one wake-up and one commit for a whole batch. A crash can take
    /// this much and what is being written, from a run's end, where no later number shows that it is missing. Durable
    /// records and those who ask for a flush do not wait for it.
    gather: Duration,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let free = self.places.available_permits();
        out.debug_struct("Queue").field("free", &free).finish_non_exhaustive()
    }
}

impl Queue {
    /// An empty queue whose writer gathers for so long.
    pub fn new(gather: Duration) -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            places: Arc::new(Semaphore::new(QUEUE)),
            gather,
        })
    }

    /// A place for one record, if one is free now.
    pub fn try_place(self: &Arc<Self>) -> Option<Slot> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Slot { queue: Arc::clone(self), place: Some(place) })
    }

    /// A place for one record; waits while the queue is full.
    ///
    /// # Errors
    /// If the queue is closed.
    pub async fn place(self: &Arc<Self>) -> Result<Slot, LakeFault> {
        if let Some(slot) = self.try_place() {
            return Ok(slot);
        }
        let places = Arc::clone(&self.places);
        let place = places.acquire_owned().await.map_err(|_closed| LakeFault::Closed)?;
        Ok(Slot { queue: Arc::clone(self), place: Some(place) })
    }

    /// Places that are taken.
    pub fn used(&self) -> usize {
        QUEUE.saturating_sub(self.places.available_permits())
    }

    fn push(&self, record: Record, ack: Option<oneshot::Sender<()>>) {
        let mut waiting = self.waiting.lock();
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
        if waiting.ended {
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
            if waiting.ended {
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
        self.waiting.lock().closing = true;
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
            if waiting.closing {
                waiting.ended = true;
                return None;
            }
            self.arrived.wait(&mut waiting);
        }
        if !waiting.urgent && !waiting.closing && waiting.records.len() < BATCH {
            self.arrived.wait_for(&mut waiting, self.gather);
        }
        waiting.urgent = false;
        Some(Work {
            records: std::mem::take(&mut waiting.records),
            closing: waiting.closing,
            acks: std::mem::take(&mut waiting.acks),
            asked: std::mem::take(&mut waiting.asked),
        })
    }

    /// Gives back the places of written records.
    pub fn release(&self, count: usize) {
        self.places.add_permits(count);
    }
}

/// A taken place in the queue. Dropped unused, it is free again.
#[derive(Debug)]
pub struct Slot {
    queue: Arc<Queue>,
    place: Option<OwnedSemaphorePermit>,
}

impl Slot {
    /// Gives the record to the writer, behind the caller's back.
    pub fn write(mut self, record: Record) {
        self.forget();
        self.queue.push(record, None);
    }

    /// Gives the record to the writer and tells when it is committed.
    ///
    /// # Errors
    /// If the writer stopped before.
    pub async fn write_durable(mut self, record: Record) -> Result<(), LakeFault> {
        self.forget();
        let (done, wait) = oneshot::channel();
        self.queue.push(record, Some(done));
        wait.await.map_err(|_gone| LakeFault::Closed)
    }

    fn forget(&mut self) {
        // The writer gives the place back when the record is written.
        if let Some(place) = self.place.take() {
            place.forget();
        }
    }
}
