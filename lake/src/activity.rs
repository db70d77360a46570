//! [`Activity`]: the lake's recent window, one SQLite file with one writer and a few readers.
//!
//! Never here: a statement (`sql.rs`), or what a record means.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, broadcast, oneshot};
use writ_evidence::merkle::leaf_hash;
use writ_model::{BootId, CallId, GatewayId, GrantId, TenantId, Timestamp, ocsf::Disposition};

use crate::{
    fault::LakeFault,
    journal::Journal,
    query::{self, CallFilter, Page, Stored, Use},
    queue::{Ask, Queue, Slot},
    record::Record,
    seal::{Batch, Run, Seal, Tracker},
    sealing::Due,
    sql,
    writer::Writer,
};

/// LIMIT: days of activity that this file is meant for; older ones belong in Parquet (pruning comes with it).
pub const KEEP_DAYS: u32 = 90;
/// LIMIT: readers at once; pages are short, and more would only queue on the disk.
const READERS: usize = 4;
/// How long the writer gathers: one pass over the indexes' pages for a whole batch.
const GATHER: Duration = Duration::from_millis(250);
/// LIMIT: records that a live page may be behind before it is told that it missed some.
const LIVE: usize = 1_024;

/// Recent activity. Cheap to share by [`Arc`].
#[derive(Debug)]
pub struct Activity {
    path: PathBuf,
    pub(crate) queue: Arc<Queue>,
    pub(crate) tracker: Arc<Mutex<Tracker>>,
    pub(crate) sealing: tokio::sync::Mutex<()>,
    live: broadcast::Sender<Arc<Record>>,
    readers: Mutex<Vec<Connection>>,
    reading: Semaphore,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Activity {
    /// Opens the file (making it if need be), takes up what the journal of earlier runs has, finds what they left unsealed,
    /// starts the writer.
    ///
    /// # Errors
    /// If the file or its journal cannot be opened or read.
    pub fn open(path: &Path) -> Result<Arc<Self>, LakeFault> {
        private(path)
            .map_err(|source| LakeFault::File { path: path.display().to_string(), source })?;
        let fault = |source| LakeFault::Open { path: path.display().to_string(), source };
        let db = Connection::open(path).map_err(fault)?;
        let form: i64 = db.query_row(sql::FORM_GET, [], |row| row.get(0)).map_err(fault)?;
        if ![0, 2, sql::FORM].contains(&form) {
            return Err(LakeFault::Form { path: path.display().to_string(), form });
        }
        db.execute_batch(sql::SETUP).map_err(fault)?;
        if form == 2 {
            db.execute_batch(sql::FROM_2).map_err(fault)?;
        }
        db.execute_batch(sql::TABLES).map_err(fault)?;
        let (journal, left) = Journal::open(path)?;
        let queue = Queue::new(GATHER, journal, left.unfinished);
        let tracker = Arc::new(Mutex::new(leftovers(&db)?));
        let (live, _) = broadcast::channel(LIVE);
        let mut writer =
            Writer::new((db, path), Arc::clone(&queue), Arc::clone(&tracker), live.clone());
        writer.take_up(left.ended)?;
        queue
            .begin()
            .map_err(|source| LakeFault::Journal { path: path.display().to_string(), source })?;
        let thread = std::thread::Builder::new()
            .name("lake-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|_refused| LakeFault::Closed)?;
        Ok(Arc::new(Self {
            path: path.to_owned(),
            queue,
            tracker,
            sealing: tokio::sync::Mutex::new(()),
            live,
            readers: Mutex::default(),
            reading: Semaphore::new(READERS),
            writer: Mutex::new(Some(thread)),
        }))
    }

    /// A place for one record of a tenant, if one is free now.
    pub fn try_place(&self, tenant: TenantId) -> Option<Slot> {
        self.queue.try_place(tenant)
    }

    /// A place for one record of a tenant; waits while the queue, or that tenant's share of it, is full. Take it before the
    /// call goes out.
    ///
    /// # Errors
    /// If the lake is closed, or its journal cannot be written.
    pub async fn place(&self, tenant: TenantId) -> Result<Slot, LakeFault> {
        self.queue.place(tenant).await
    }

    /// Places taken at the moment, for metrics.
    pub fn queued(&self) -> usize {
        self.queue.used()
    }

    /// What stands between those who record and the file.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Returns when everything given before is committed.
    ///
    /// # Errors
    /// If the lake is closed.
    pub async fn flush(&self) -> Result<(), LakeFault> {
        self.queue.flush().await
    }

    /// New records, after they are committed. A receiver that falls behind is told by `Lagged`.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Record>> {
        self.live.subscribe()
    }

    /// What is complete and not yet sealed. Offered again until [`Activity::mark_sealed`].
    pub fn seal_due(&self) -> Vec<Batch> {
        self.tracker.lock().due(&Due::default())
    }

    /// The batch's root stands in the tenant's ledger at this line.
    ///
    /// # Errors
    /// If it cannot be kept; the batch is then offered again.
    pub async fn mark_sealed(&self, batch: Batch, line: u64) -> Result<(), LakeFault> {
        let (done, wait) = oneshot::channel();
        self.queue.ask(Ask::Sealed(batch, line, done));
        wait.await.map_err(|_gone| LakeFault::Closed)?
    }

    /// A page of calls, newest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn page(self: &Arc<Self>, filter: CallFilter) -> Result<Page, LakeFault> {
        self.read(move |db| query::page(db, &filter)).await
    }

    /// One call of a tenant.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn call(
        self: &Arc<Self>,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Option<Stored>, LakeFault> {
        self.read(move |db| query::call(db, tenant, call)).await
    }

    /// How a grant was used since an instant.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn grant_use(
        self: &Arc<Self>,
        grant: GrantId,
        since: Timestamp,
    ) -> Result<Use, LakeFault> {
        self.read(move |db| query::grant_use(db, grant, since)).await
    }

    /// How many calls of a tenant had which effect.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn effects(
        self: &Arc<Self>,
        tenant: TenantId,
    ) -> Result<Vec<(Disposition, u64)>, LakeFault> {
        self.read(move |db| query::effects(db, tenant)).await
    }

    /// Ledger lines of a tenant that seal records kept here.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn seal_lines(self: &Arc<Self>, tenant: TenantId) -> Result<Vec<u64>, LakeFault> {
        self.read(move |db| query::seal_lines(db, tenant)).await
    }

    /// The seal of a ledger line, and its leaves in order: what an export writes.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn seal_at(
        self: &Arc<Self>,
        tenant: TenantId,
        line: u64,
    ) -> Result<Option<(Seal, Vec<Bytes>)>, LakeFault> {
        self.read(move |db| query::seal_at(db, tenant, line)).await
    }

    /// The seal that covers a call, and its leaves in order: what a proof needs.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn seal_of(
        self: &Arc<Self>,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Option<(Seal, Vec<Bytes>)>, LakeFault> {
        self.read(move |db| query::seal_of(db, tenant, call)).await
    }

    /// Writes what waits, ends the writer and waits for it. Later places are refused.
    pub async fn close(&self) {
        self.queue.close();
        let Some(writer) = self.writer.lock().take() else { return };
        if tokio::task::spawn_blocking(move || writer.join()).await.is_err() {
            tracing::error!("activity writer could not be waited for");
        }
    }

    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Connection) -> Result<T, LakeFault> + Send + 'static,
    ) -> Result<T, LakeFault> {
        let _turn = self.reading.acquire().await.map_err(|_closed| LakeFault::Closed)?;
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let known = this.readers.lock().pop();
            let db = match known {
                Some(db) => db,
                None => this.reader()?,
            };
            let answer = ask(&db);
            this.readers.lock().push(db);
            answer
        })
        .await
        .map_err(|_gone| LakeFault::Closed)?
    }

    fn reader(&self) -> Result<Connection, LakeFault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags)
            .map_err(|source| LakeFault::Open { path: self.path.display().to_string(), source })
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Makes the file readable by its owner only, before SQLite makes it readable by everybody; SQLite gives its log and
/// its index of the log the same mode. A file that was there keeps its mode: `writ doctor` says so.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// What earlier runs recorded and never sealed.
fn leftovers(db: &Connection) -> Result<Tracker, LakeFault> {
    let what = || LakeFault::sql("find unsealed records");
    let mut tracker = Tracker::default();
    let mut find = db.prepare(sql::RUNS_OPEN).map_err(what())?;
    let runs = find
        .query_map([], |row| {
            let run = Run {
                tenant: TenantId::from_bytes(row.get(1)?),
                gateway: GatewayId::from_bytes(row.get(2)?),
                boot: BootId::from_bytes(row.get(3)?),
            };
            Ok((row.get::<_, i64>(0)?, run, row.get::<_, i64>(4)?.unsigned_abs()))
        })
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(what())?;
    for (number, run, sealed) in runs {
        tracker.start(run, sealed);
        for (seq, leaf) in query::leaves(db, number, sealed, i64::MAX.unsigned_abs())? {
            tracker.add(run, seq, leaf_hash(&leaf));
        }
    }
    Ok(tracker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_of_the_release_before_charters_moves_on() {
        let folder = writ_testkit::TempDir::new().unwrap();
        let path = folder.path().join("lake.db");
        let db = Connection::open(&path).unwrap();
        let (head, rest) = sql::TABLES.split_once(",\n  clauses").unwrap();
        let (_, tail) = rest.split_once(") STRICT;").unwrap();
        let old = format!("{head}) STRICT;{tail}");
        let old: String = old
            .split_inclusive(';')
            .filter(|one| !["charged", "observed", "(hold)"].iter().any(|new| one.contains(new)))
            .collect();
        let old = old.replace("user_version = 3", "user_version = 2");
        db.execute_batch(&old).unwrap();
        db.execute_batch(
            "INSERT INTO names(id) VALUES (x'01010101010101010101010101010101');
             INSERT INTO runs(tenant, gateway, boot) VALUES (x'01010101010101010101010101010101',
               x'02020202020202020202020202020202', x'03030303030303030303030303030303');
             INSERT INTO activity VALUES (1, 1, 0, x'04040404040404040404040404040404', 1, 1,
               x'05050505050505050505050505050505', 7, 'mail', 'tools/call', 'tool', 'send', 1,
               'PERM-0001', 'because', NULL, 5, 3, 0, 'e', '', x'', x'7b7d');",
        )
        .unwrap();
        drop(db);
        for _ in 0..2 {
            let lake = Activity::open(&path).unwrap();
            let tenant = Some(TenantId::from_bytes([1; 16]));
            let filter = CallFilter { tenant, limit: 10, ..CallFilter::default() };
            let page = lake.page(filter).await.unwrap();
            let inputs = &page.calls[0].record.inputs;
            assert_eq!((inputs.tree_size, &*inputs.clauses, inputs.charter), (3, "", 0));
            lake.close().await;
        }
    }

    #[test]
    fn a_file_of_another_release_is_refused_and_left_alone() {
        let folder = writ_testkit::TempDir::new().unwrap();
        let path = folder.path().join("lake.db");
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1;").unwrap();
        let fault = Activity::open(&path).unwrap_err();
        assert!(matches!(fault, LakeFault::Form { form: 1, .. }), "{fault}");
        assert_eq!(fault.code().0, "LAKE-0006");
        let form: i64 = Connection::open(&path)
            .unwrap()
            .query_row(sql::FORM_GET, [], |row| row.get(0))
            .unwrap();
        assert_eq!(form, 1);
    }
}
