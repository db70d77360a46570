//! The ledger on SQLite: one file, one writer thread with group commit, a few readers.
//!
//! Never here: a write (that is `writer`), an update or removal of a line.

use std::{ops::Range, path::Path, thread};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::{broadcast, mpsc, oneshot};
use writ_evidence::{Frontier, Subtree, leaf_hash};
use writ_model::{Digest, TenantId};

use super::{
    OpenFault, int, known, open,
    readers::{Readers, words},
    writer::{self, Append, Job, TILE_HEIGHT},
};
use crate::ledger::{
    AppendError, Head, Hint, Ledger, MAX_READ_BYTES, MAX_READ_LINES, MAX_SUBTREES, ReadError,
    Snapshot, WATCH_BACKLOG, check_bounds,
};

const LINES: &str =
    "SELECT idx, body FROM lines WHERE tenant = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3";
const NODES: &str = "
SELECT idx, hash FROM nodes
WHERE tenant = ?1 AND level = ?2 AND idx >= ?3 ORDER BY idx LIMIT ?4";
const HEAD: &str = "SELECT size, root FROM heads WHERE tenant = ?1";
/// Fleet query: every tenant's head, no fact.
const HEADS: &str = "SELECT size, root, tenant FROM heads ORDER BY tenant";
const SNAPSHOT: &str = "SELECT size, version, digest, body FROM snapshots WHERE tenant = ?1";

/// The ledger of all tenants in one SQLite file.
#[derive(Debug)]
pub struct SqliteLedger {
    /// `None` while it is being dropped, and where it is only read.
    jobs: Option<mpsc::Sender<Job>>,
    moved: broadcast::Sender<Hint>,
    readers: Readers,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
}

impl SqliteLedger {
    /// Opens `ledger.db` in a data folder, making or migrating it.
    ///
    /// # Errors
    /// If it cannot be opened, is of a newer release, or would not flush before it acknowledges.
    pub fn open(folder: &Path) -> Result<Self, OpenFault> {
        let path = folder.join("ledger.db");
        let conn = open(&path, writer::MIGRATIONS)?;
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        let (moved, _) = broadcast::channel(WATCH_BACKLOG);
        let name = path.display().to_string();
        let thread = writer::start(conn, queue, moved.clone())
            .map_err(|source| OpenFault::File { path: name, source })?;
        let readers = Readers::new(&path);
        Ok(Self { jobs: Some(jobs), moved, readers, writer: Mutex::new(Some(thread)) })
    }

    /// Reads `ledger.db` of a data folder beside the process that writes it: nothing is made, migrated or appended.
    ///
    /// # Errors
    /// If it is not there, or of another release: whoever reads beside a writer must know its tables.
    pub fn reading(folder: &Path) -> Result<Self, OpenFault> {
        let path = folder.join("ledger.db");
        known(&path, writer::MIGRATIONS)?;
        let (moved, _) = broadcast::channel(WATCH_BACKLOG);
        let readers = Readers::new(&path);
        Ok(Self { jobs: None, moved, readers, writer: Mutex::new(None) })
    }

    async fn ask<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, AppendError>>,
    ) -> Result<T, AppendError> {
        let jobs = self.jobs.as_ref().ok_or(AppendError::Closed)?;
        // Why nothing else: a closed queue and a lost answer both mean that the writer is gone.
        jobs.send(job).await.ok().ok_or(AppendError::Closed)?;
        answer.await.ok().ok_or(AppendError::Closed)?
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        self.jobs = None;
        // The writer finishes its group and closes its connection, so that the file can be opened again at once.
        if let Some(thread) = self.writer.get_mut().take()
            && thread.join().is_err()
        {
            tracing::error!("the ledger's writer had panicked");
        }
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        check_bounds(&lines)?;
        let lines = lines.into_iter().map(|line| (line.clone(), leaf_hash(&line))).collect();
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Append(Append { tenant, expected, lines }, reply), answer).await
    }

    async fn read(&self, tenant: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError> {
        self.readers.run(move |conn| lines(conn, tenant, from, max)).await
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, ReadError> {
        self.readers
            .run(move |conn| {
                let found = conn
                    .prepare_cached(HEAD)
                    .and_then(|mut head| head.query_row([tenant.to_bytes()], read_head).optional());
                Ok(found.map_err(words)?.unwrap_or_else(Head::empty))
            })
            .await
    }

    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError> {
        self.readers
            .run(|conn| {
                let mut heads = conn.prepare_cached(HEADS).map_err(words)?;
                let rows = heads
                    .query_map([], |row| Ok((TenantId::from_bytes(row.get(2)?), read_head(row)?)));
                rows.and_then(Iterator::collect).map_err(words)
            })
            .await
    }

    fn watch(&self) -> broadcast::Receiver<Hint> {
        self.moved.subscribe()
    }

    async fn subtrees(
        &self,
        tenant: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError> {
        self.readers
            .run(move |conn| {
                let mut found = Vec::new();
                for at in wanted.into_iter().take(MAX_SUBTREES) {
                    if let Some(hash) = subtree(conn, tenant, at)? {
                        found.push((at, hash));
                    }
                }
                Ok(found)
            })
            .await
    }

    async fn save_snapshot(&self, tenant: TenantId, snapshot: Snapshot) -> Result<(), AppendError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Snapshot(tenant, snapshot, reply), answer).await
    }

    async fn load_snapshot(&self, tenant: TenantId) -> Result<Option<Snapshot>, ReadError> {
        self.readers
            .run(move |conn| {
                let found = conn.prepare_cached(SNAPSHOT).and_then(|mut snapshot| {
                    snapshot.query_row([tenant.to_bytes()], read_snapshot).optional()
                });
                found.map_err(words)
            })
            .await
    }
}

fn read_head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head { size: count(row, 0)?, root: Digest(row.get(1)?) })
}

fn read_snapshot(row: &Row<'_>) -> rusqlite::Result<Snapshot> {
    Ok(Snapshot {
        size: count(row, 0)?,
        version: row.get(1)?,
        digest: Digest(row.get(2)?),
        bytes: row.get::<_, Vec<u8>>(3)?.into(),
    })
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).ok().ok_or(rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn lines(
    conn: &Connection,
    tenant: TenantId,
    from: u64,
    max: usize,
) -> Result<Vec<Bytes>, ReadError> {
    let max = max.min(MAX_READ_LINES);
    let mut statement = conn.prepare_cached(LINES).map_err(words)?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![tenant.to_bytes(), int(from), limit]).map_err(words)?;
    let (mut found, mut bytes, mut next) = (Vec::new(), 0, from);
    while let Some(row) = rows.next().map_err(words)? {
        let (index, body) = count(row, 0)
            .and_then(|index| Ok((index, row.get::<_, Vec<u8>>(1)?)))
            .map_err(words)?;
        if index != next {
            return Err(missing(tenant, next));
        }
        bytes += body.len();
        if bytes > MAX_READ_BYTES && !found.is_empty() {
            break;
        }
        found.push(Bytes::from(body));
        next = next.saturating_add(1);
    }
    Ok(found)
}

fn missing(tenant: TenantId, index: u64) -> ReadError {
    ReadError::Damaged { tenant, index, why: "the line is missing".to_owned() }
}

/// The hash of one subtree from the stored nodes below it: at most 128 of them, or as many lines.
fn subtree(conn: &Connection, tenant: TenantId, at: Subtree) -> Result<Option<Digest>, ReadError> {
    let (stored, above) = (at.level - at.level % TILE_HEIGHT, at.level % TILE_HEIGHT);
    let Some(from) =
        at.index.checked_shl(u32::from(above)).filter(|from| from >> above == at.index)
    else {
        return Ok(None);
    };
    let span = from..from.saturating_add(1 << above);
    let hashes = if stored == 0 {
        let limit = usize::from(1_u8 << above);
        let lines = lines(conn, tenant, from, limit)?;
        lines.iter().map(|line| leaf_hash(line)).collect()
    } else {
        nodes(conn, tenant, stored, &span)?
    };
    let whole = u64::try_from(hashes.len()) == Ok(span.end - span.start);
    let mut edge = Frontier::new();
    for hash in hashes {
        edge.push(hash);
    }
    Ok(whole.then(|| edge.root()))
}

fn nodes(
    conn: &Connection,
    tenant: TenantId,
    level: u8,
    span: &Range<u64>,
) -> Result<Vec<Digest>, ReadError> {
    let mut statement = conn.prepare_cached(NODES).map_err(words)?;
    let limit = int(span.end - span.start);
    let mut rows = statement
        .query(params![tenant.to_bytes(), level, int(span.start), limit])
        .map_err(words)?;
    let mut found = Vec::new();
    for wanted in span.clone() {
        let Some(row) = rows.next().map_err(words)? else { break };
        let (index, hash) =
            count(row, 0).and_then(|index| Ok((index, row.get(1)?))).map_err(words)?;
        if index != wanted {
            // The next one is there, so this one's subtree is complete and its hash should be too.
            return Err(missing(tenant, wanted));
        }
        found.push(Digest(hash));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
