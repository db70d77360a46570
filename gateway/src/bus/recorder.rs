//! [`BusRecorder`]: the recorder of a gateway without a lake. A record is in the queue, then in the spool on this machine's
//! disk, then on the bus; the spool keeps it until the bus has it.
//!
//! Never here: a lake, or a seal.

use std::{path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use async_trait::async_trait;
use parking_lot::{Condvar, Mutex};
use tokio::{task, time::timeout};
use tokio_util::sync::CancellationToken;
use writ_lake::{LakeFault, Queue, Slot};
use writ_model::{Clock, Span};
use writ_store::{Bounds, Bus, BusFault, LocalLog, OpenFault};

use super::{
    leave_too_long, pack,
    ship::{SHIP, Shipping},
};
use crate::recorder::{Book, Recorder};

/// How long the spool gathers before it flushes: what a crash can take of a run's end, and of calls that were answered
/// already. Numbers are given when records are written and no later one follows, so that end does not show as a gap.
const GATHER: Duration = Duration::from_millis(20);
/// LIMIT: how long what is spooled may still be shipped when the gateway ends; the rest is shipped after its next start.
const LEAVING: Duration = Duration::from_secs(5);
/// Between two tries of a spool that is full or fails.
const RETRY: Duration = Duration::from_millis(200);

/// Records into a spool, and brings them to the bus.
#[derive(Debug)]
pub struct BusRecorder {
    queue: Arc<Queue>,
    log: LocalLog,
    shipping: Arc<Shipping>,
    spooling: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
}

impl BusRecorder {
    /// LIMIT: bytes that the spool holds while the bus is away; then calls wait.
    pub const SPOOL: u64 = 1 << 30;

    /// Opens the spool's file (making it if need be), and begins to ship what an earlier run left.
    ///
    /// # Errors
    /// If the file cannot be opened or a thread cannot be had.
    pub fn open(
        spool: &Path,
        bytes: u64,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenFault> {
        let log = LocalLog::open(spool, Bounds { bytes, ..Bounds::default() })?;
        let queue = Queue::new(GATHER);
        let (from, to) = (Arc::clone(&queue), log.clone());
        let spooling = std::thread::Builder::new()
            .name("writ-spool".to_owned())
            .spawn(move || keep(&from, &to))
            .map_err(|source| OpenFault::File { path: spool.display().to_string(), source })?;
        let stop = CancellationToken::new();
        let shipping = Arc::new(Shipping::new(clock, log.found()));
        task::spawn(Arc::clone(&shipping).run(log.clone(), bus, stop.clone()));
        Ok(Self { queue, log, shipping, spooling: Mutex::new(Some(spooling)), stop })
    }

    /// Bytes that wait in the spool.
    pub fn spooled(&self) -> u64 {
        self.log.bytes()
    }

    /// Packs that wait in the spool.
    ///
    /// # Errors
    /// If the spool cannot be read.
    pub async fn waiting(&self) -> Result<u64, BusFault> {
        self.log.lag(SHIP).await
    }
}

/// The thread that spools: one transaction for each gathered batch, places given back afterwards.
fn keep(queue: &Queue, log: &LocalLog) {
    while let Some(mut work) = queue.take() {
        let mut packs = pack(&work.records);
        // What is left when all ends is kept beyond the bound: the queue bounds it.
        while let Err(fault) = log.append(&packs, work.closing || queue.is_closed()) {
            if matches!(fault, BusFault::TooLong { .. }) {
                leave_too_long(&mut packs);
                continue;
            }
            tracing::error!(code = fault.code().0, %fault, records = work.records.len(),
                "records wait for the spool");
            let lock = Mutex::new(());
            Condvar::new().wait_for(&mut lock.lock(), RETRY);
        }
        queue.release(work.records.len());
        work.acknowledge();
    }
}

#[async_trait]
impl Recorder for BusRecorder {
    fn try_place(&self) -> Option<Slot> {
        self.queue.try_place()
    }

    async fn place(&self) -> Result<Slot, LakeFault> {
        self.queue.place().await
    }

    fn queued(&self) -> usize {
        self.queue.used()
    }

    async fn flushed(&self) -> Result<(), LakeFault> {
        self.queue.flush().await
    }

    fn behind(&self) -> Option<Span> {
        self.shipping.behind()
    }

    async fn seal(&self, _finally: bool, _book: &dyn Book) -> Result<usize, LakeFault> {
        self.flushed().await?;
        Ok(0)
    }

    async fn close(&self) {
        self.queue.close();
        let spooling = self.spooling.lock().take();
        if let Some(spooling) = spooling
            && task::spawn_blocking(move || spooling.join()).await.is_err()
        {
            tracing::error!("the spool could not be waited for");
        }
        if timeout(LEAVING, self.shipping.empty(&self.log)).await.is_err() {
            tracing::warn!(bytes = self.spooled(), "the next start ships what is spooled");
        }
        self.stop.cancel();
    }
}

impl Drop for BusRecorder {
    fn drop(&mut self) {
        self.queue.close();
        self.stop.cancel();
    }
}
