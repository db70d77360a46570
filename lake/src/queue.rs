//! The bounded queue between those who record and the one who writes. A place in it is taken *before* a call goes out, so
//! a full queue slows callers and no record is ever dropped; giving a record to a taken place cannot fail or wait.
//!
//! Never here: SQL.

use std::{sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    fault::LakeFault,
    record::Record,
    seal::{Batch, Tracker},
};

/// LIMIT: records that wait or are in flight. 32,768 of about 2 KiB are 64 MiB: some seconds of the busiest gateway.
pub const QUEUE: usize = 32_768;
/// How long the writer gathers before it writes: one wake-up and one pass over the indexes' pages for a whole batch. What a
/// crash can take is at most this much, and the gap shows in the sequence. Durable records, seals and readers that ask for
/// a flush do not wait for it.
const GATHER: Duration = Duration::from_millis(250);
/// LIMIT: records in one transaction.
pub(crate) const BATCH: usize = 2_048;

/// A seal to keep: the range, its ledger line, and where the answer goes.
pub(crate) struct ToSeal {
    pub(crate) batch: Batch,
    pub(crate) line: u64,
    pub(crate) done: oneshot::Sender<Result<(), LakeFault>>,
}

/// What the writer is asked to keep.
pub(crate) struct Work {
    pub(crate) records: Vec<Record>,
    pub(crate) acks: Vec<oneshot::Sender<()>>,
    pub(crate) sealed: Vec<ToSeal>,
}

#[derive(Default)]
struct Waiting {
    records: Vec<Record>,
    acks: Vec<oneshot::Sender<()>>,
    sealed: Vec<ToSeal>,
    urgent: bool,
    closing: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.sealed.is_empty() && self.acks.is_empty()
    }
}

/// Shared by callers and the writer.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    places: Arc<Semaphore>,
    pub(crate) tracker: Mutex<Tracker>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let free = self.places.available_permits();
        out.debug_struct("Queue").field("free", &free).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(tracker: Tracker) -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            places: Arc::new(Semaphore::new(QUEUE)),
            tracker: Mutex::new(tracker),
        })
    }

    /// A place for one record; waits while the queue is full.
    pub(crate) async fn place(self: &Arc<Self>) -> Result<Slot, LakeFault> {
        let places = Arc::clone(&self.places);
        let place = match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => places.acquire_owned().await.map_err(|_closed| LakeFault::Closed)?,
        };
        Ok(Slot { queue: Arc::clone(self), place: Some(place) })
    }

    pub(crate) fn used(&self) -> usize {
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

    pub(crate) fn sealed(
        &self,
        batch: Batch,
        line: u64,
    ) -> oneshot::Receiver<Result<(), LakeFault>> {
        let (done, wait) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        waiting.sealed.push(ToSeal { batch, line, done });
        waiting.urgent = true;
        drop(waiting);
        self.arrived.notify_one();
        wait
    }

    /// An acknowledgement that everything pushed before is kept.
    pub(crate) fn barrier(&self) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        waiting.acks.push(done);
        waiting.urgent = true;
        drop(waiting);
        self.arrived.notify_one();
        wait
    }

    pub(crate) fn close(&self) {
        self.places.close();
        self.waiting.lock().closing = true;
        self.arrived.notify_one();
    }

    /// The next batch; nothing when closed and empty. Called by the writer's thread only.
    pub(crate) fn take(&self) -> Option<Work> {
        let mut waiting = self.waiting.lock();
        while waiting.is_empty() {
            if waiting.closing {
                return None;
            }
            self.arrived.wait(&mut waiting);
        }
        if !waiting.urgent && !waiting.closing && waiting.records.len() < BATCH {
            self.arrived.wait_for(&mut waiting, GATHER);
        }
        waiting.urgent = false;
        Some(Work {
            records: std::mem::take(&mut waiting.records),
            acks: std::mem::take(&mut waiting.acks),
            sealed: std::mem::take(&mut waiting.sealed),
        })
    }

    /// Gives back the places of written records.
    pub(crate) fn release(&self, count: usize) {
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
