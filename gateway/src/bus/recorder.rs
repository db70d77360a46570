//! [`BusRecorder`]: the recorder of a gateway without a lake. A record is in the queue, then in the spool on this machine's
//! disk, then on the bus; the spool keeps it until the bus has it.
//!
//! Never here: a lake, or a seal.

use std::{path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use async_trait::async_trait;
use parking_lot::{Condvar, Mutex};
use tokio::{task, time::timeout};
use tokio_util::sync::CancellationToken;
use writ_lake::{Journal, LakeFault, Queue, Record};
use writ_model::{Clock, Span};
use writ_store::{Bounds, Bus, BusFault, LocalLog, OpenFault};

use super::{
    leave_too_long, pack,
    ship::{SHIP, Shipping},
};
use crate::recorder::{Book, Recorder};

/// How long the spool gathers before it flushes. The journal has what waits, so this only decides how old a record is when
/// it leaves, and how often the disk is flushed: ten times a second, also with many gateways on it.
const GATHER: Duration = Duration::from_millis(100);
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

/// Why a recorder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RecorderFault {
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] OpenFault),
    /// What the journal of an earlier run has cannot be spooled.
    #[error("the records of an earlier run cannot be spooled")]
    Unspooled(#[from] BusFault),
    /// The journal cannot be opened or read.
    #[error(transparent)]
    Journal(#[from] LakeFault),
}

impl BusRecorder {
    /// LIMIT: bytes that the spool holds while the bus is away; then calls wait.
    pub const SPOOL: u64 = 1 << 30;

    /// Opens the spool's file (making it if need be), takes up what the journal of earlier runs has, and begins to ship what
    /// they left.
    ///
    /// # Errors
    /// If the file or its journal cannot be opened or read, or a thread cannot be had.
    pub fn open(
        spool: &Path,
        bytes: u64,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RecorderFault> {
        let (journal, left) = Journal::open(spool)?;
        let log = LocalLog::open(spool, Bounds { bytes, ..Bounds::default() })?;
        if !left.ended.is_empty() {
            take_up(&left.ended, &log)?;
        }
        let queue = Queue::new(GATHER, journal, left.unfinished);
        let broken = |source| OpenFault::File { path: spool.display().to_string(), source };
        queue.begin().map_err(broken)?;
        let (from, to) = (Arc::clone(&queue), log.clone());
        let spooling = std::thread::Builder::new()
            .name("writ-spool".to_owned())
            .spawn(move || keep(&from, &to))
            .map_err(broken)?;
        let stop = CancellationToken::new();
        let shipping = Arc::new(Shipping::new(clock));
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
        queue.kept(&mut work);
        // The spool has flushed it.
        queue.retire(&work, || Ok(()));
    }
    queue.finish();
}

/// Spools what the journal of an earlier run has, some of it for the second time: a lake keeps it once.
fn take_up(records: &[Record], log: &LocalLog) -> Result<(), BusFault> {
    let mut packs = pack(records);
    loop {
        match log.append(&packs, true) {
            Err(BusFault::TooLong { .. }) => leave_too_long(&mut packs),
            done => return done,
        }
    }
}

#[async_trait]
impl Recorder for BusRecorder {
    fn queue(&self) -> &Arc<Queue> {
        &self.queue
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
