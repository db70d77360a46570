//! The bus on SQLite: one file, durable before it acknowledges. A gateway's spool, and the bus where one process is all.
//!
//! Messages that every named consumer has acknowledged are deleted; the file keeps its size and uses the room again.
//! Never here: what a message means.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::{sync::watch, task, time::timeout};
use writ_model::TenantId;

use super::{OpenFault, int, open};
use crate::bus::{
    Bounds, Bus, BusFault, Consumer, Delivery, IDLE, MAX_BATCH_BYTES, Message, check_bodies,
    check_name,
};

const MIGRATIONS: &[&str] = &["
CREATE TABLE log (
  pos    INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  id     BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  body   BLOB NOT NULL
) STRICT;
CREATE TABLE consumers (
  name  TEXT NOT NULL PRIMARY KEY,
  acked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"];
const BYTES: &str = "SELECT coalesce(sum(length(body)), 0) FROM log";
const PUT: &str = "INSERT OR IGNORE INTO log (tenant, id, body) VALUES (?1, ?2, ?3)";
const NAME: &str = "INSERT OR IGNORE INTO consumers (name, acked)
  VALUES (?1, coalesce((SELECT min(pos) - 1 FROM log), 0))";
const ACKED: &str = "SELECT acked FROM consumers WHERE name = ?1";
const ACK: &str = "UPDATE consumers SET acked = max(acked, ?2) WHERE name = ?1";
const READ: &str = "SELECT pos, tenant, id, body FROM log WHERE pos > ?1 ORDER BY pos LIMIT ?2";
const TRIM: &str = "DELETE FROM log WHERE pos <= (SELECT min(acked) FROM consumers)
  RETURNING length(body)";
const LAG: &str = "SELECT count(*) FROM log WHERE pos > ?1";
const NAMES: &str = "SELECT name FROM consumers ORDER BY name";
const FORGET: &str = "DELETE FROM consumers WHERE name = ?1";

struct Inner {
    conn: Connection,
    bytes: u64,
    /// The last place that was given under a name in this process.
    given: BTreeMap<String, u64>,
}

/// A durable log in one SQLite file. Cheap to clone; all clones are the same log.
#[derive(Clone)]
pub struct LocalLog {
    inner: Arc<Mutex<Inner>>,
    bounds: Bounds,
    /// Moves when something was kept.
    kept: watch::Sender<u64>,
    /// Moves when something was deleted.
    trimmed: watch::Sender<u64>,
}

impl fmt::Debug for LocalLog {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LocalLog(…)")
    }
}

fn faulted(fault: impl fmt::Display) -> BusFault {
    BusFault::Faulted { why: fault.to_string() }
}

impl LocalLog {
    /// Opens a log's file, making it if need be.
    ///
    /// # Errors
    /// If it cannot be opened or is of a newer release.
    pub fn open(file: &Path, bounds: Bounds) -> Result<Self, OpenFault> {
        let conn = open(file, MIGRATIONS)?;
        let sqlite = |source| OpenFault::Sqlite { path: file.display().to_string(), source };
        let bytes: i64 = conn.query_row(BYTES, [], |row| row.get(0)).map_err(sqlite)?;
        let inner = Inner { conn, bytes: bytes.unsigned_abs(), given: BTreeMap::new() };
        Ok(Self {
            inner: Arc::new(Mutex::new(inner)),
            bounds,
            kept: watch::Sender::new(0),
            trimmed: watch::Sender::new(0),
        })
    }

    /// Keeps messages at once or not at all, blocking until they are on the disk. With `beyond` also over the bound: for
    /// a process that ends and has what must not be lost.
    ///
    /// # Errors
    /// If it is full, or cannot.
    pub fn append(&self, messages: &[Message], beyond: bool) -> Result<(), BusFault> {
        check_bodies(messages)?;
        let bound = self.bounds.bytes;
        let mut inner = self.inner.lock();
        let more: usize = messages.iter().map(|message| message.body.len()).sum();
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        if !beyond && inner.bytes.saturating_add(more) > bound {
            return Err(BusFault::Full { bound });
        }
        let mut kept = 0;
        let tx = inner.conn.transaction().map_err(faulted)?;
        {
            let mut put = tx.prepare_cached(PUT).map_err(faulted)?;
            for Message { tenant, id, body } in messages {
                let new = put.execute(params![tenant.to_bytes(), id, &**body]).map_err(faulted)?;
                kept += if new == 1 { body.len() as u64 } else { 0 };
            }
        }
        // With synchronous=FULL this returns after the write-ahead log has been flushed to the disk.
        tx.commit().map_err(faulted)?;
        inner.bytes += kept;
        drop(inner);
        self.kept.send_modify(|moved| *moved += 1);
        Ok(())
    }

    /// Bytes of messages that wait.
    pub fn bytes(&self) -> u64 {
        self.inner.lock().bytes
    }

    async fn run<T, W>(&self, work: W) -> Result<T, BusFault>
    where
        T: Send + 'static,
        W: FnOnce(&mut Inner) -> Result<T, BusFault> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        task::spawn_blocking(move || work(&mut inner.lock())).await.map_err(faulted)?
    }

    /// Deletes what nobody needs any more.
    fn trim(&self, inner: &mut Inner) -> Result<(), BusFault> {
        let freed: i64 = inner
            .conn
            .prepare_cached(TRIM)
            .and_then(|mut trim| trim.query_map([], |row| row.get::<_, i64>(0))?.sum())
            .map_err(faulted)?;
        if freed > 0 {
            inner.bytes = inner.bytes.saturating_sub(freed.unsigned_abs());
            self.trimmed.send_modify(|moved| *moved += 1);
        }
        Ok(())
    }
}

#[async_trait]
impl Bus for LocalLog {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusFault> {
        let messages = Arc::new(messages);
        let mut trimmed = self.trimmed.subscribe();
        let full = async {
            loop {
                trimmed.mark_unchanged();
                let (log, these) = (self.clone(), Arc::clone(&messages));
                let kept = task::spawn_blocking(move || log.append(&these, false)).await;
                match kept.map_err(faulted)? {
                    Err(BusFault::Full { .. }) => trimmed.changed().await.map_err(faulted)?,
                    done => return done,
                }
            }
        };
        let bound = self.bounds.bytes;
        timeout(self.bounds.patience, full).await.unwrap_or(Err(BusFault::Full { bound }))
    }

    async fn consume(&self, name: &str) -> Result<Box<dyn Consumer>, BusFault> {
        check_name(name)?;
        let name = name.to_owned();
        let asked = name.clone();
        let (acked, given) = self
            .run(move |inner| {
                inner.conn.execute(NAME, [&asked]).map_err(faulted)?;
                let acked: i64 =
                    inner.conn.query_row(ACKED, [&asked], |row| row.get(0)).map_err(faulted)?;
                Ok((acked.unsigned_abs(), inner.given.get(&asked).copied().unwrap_or(0)))
            })
            .await?;
        let kept = self.kept.subscribe();
        let (log, idle) = (self.clone(), Duration::ZERO);
        let hand = Vec::new();
        Ok(Box::new(LogConsumer { log, name, kept, hand, acked, at: acked, given, idle }))
    }

    async fn lag(&self, name: &str) -> Result<u64, BusFault> {
        let name = name.to_owned();
        self.run(move |inner| {
            let acked: Option<i64> = inner
                .conn
                .query_row(ACKED, [&name], |row| row.get(0))
                .optional()
                .map_err(faulted)?;
            let after = acked.unwrap_or(0);
            let lag: i64 = inner.conn.query_row(LAG, [after], |row| row.get(0)).map_err(faulted)?;
            Ok(lag.unsigned_abs())
        })
        .await
    }

    async fn names(&self) -> Result<Vec<String>, BusFault> {
        self.run(|inner| {
            let mut names = inner.conn.prepare_cached(NAMES).map_err(faulted)?;
            let names = names.query_map([], |row| row.get(0)).map_err(faulted)?;
            names.collect::<Result<_, _>>().map_err(faulted)
        })
        .await
    }

    async fn forget(&self, name: &str) -> Result<bool, BusFault> {
        let (log, name) = (self.clone(), name.to_owned());
        self.run(move |inner| {
            let was = inner.conn.execute(FORGET, [&name]).map_err(faulted)? > 0;
            inner.given.remove(&name);
            log.trim(inner)?;
            Ok(was)
        })
        .await
    }
}

struct LogConsumer {
    log: LocalLog,
    name: String,
    kept: watch::Receiver<u64>,
    /// Places in hand, in order.
    hand: Vec<u64>,
    acked: u64,
    /// The last place that was given.
    at: u64,
    /// The last place that was ever given under this name.
    given: u64,
    /// For how long nothing new has come while something is in hand.
    idle: Duration,
}

impl fmt::Debug for LogConsumer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LogConsumer({})", self.name)
    }
}

impl LogConsumer {
    async fn read(&mut self, most: usize) -> Result<Vec<Delivery>, BusFault> {
        let most = most.min(self.log.bounds.unacked.saturating_sub(self.hand.len()));
        if most == 0 {
            return Ok(Vec::new());
        }
        let (after, given, name) = (self.at, self.given, self.name.clone());
        let found = self
            .log
            .run(move |inner| {
                let found = read(&inner.conn, (after, most), given).map_err(faulted)?;
                if let Some(last) = found.last() {
                    let known = inner.given.entry(name).or_default();
                    *known = last.seq.max(*known);
                }
                Ok(found)
            })
            .await?;
        self.hand.extend(found.iter().map(|delivery| delivery.seq));
        self.at = self.hand.last().copied().unwrap_or(self.at);
        self.given = self.given.max(self.at);
        Ok(found)
    }
}

fn read(
    conn: &Connection,
    (after, most): (u64, usize),
    given: u64,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut read = conn.prepare_cached(READ)?;
    let mut rows = read.query([int(after), i64::try_from(most).unwrap_or(i64::MAX)])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)?.unsigned_abs();
        let body = Bytes::from(row.get::<_, Vec<u8>>(3)?);
        bytes += body.len();
        if bytes > MAX_BATCH_BYTES && !found.is_empty() {
            break;
        }
        let message = Message { tenant: TenantId::from_bytes(row.get(1)?), id: row.get(2)?, body };
        found.push(Delivery { seq, message, redelivered: seq <= given });
    }
    Ok(found)
}

#[async_trait]
impl Consumer for LogConsumer {
    async fn next(&mut self, most: usize) -> Result<Vec<Delivery>, BusFault> {
        self.kept.mark_unchanged();
        let found = self.read(most).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let left = self.log.bounds.redeliver.saturating_sub(self.idle);
        let wait = if self.hand.is_empty() { IDLE } else { IDLE.min(left) };
        let full = self.hand.len() >= self.log.bounds.unacked;
        let news = async {
            // With full hands news is of no use; only time is.
            if full { std::future::pending().await } else { self.kept.changed().await }
        };
        if timeout(wait, news).await.is_ok() {
            return self.read(most).await;
        }
        if !self.hand.is_empty() {
            self.idle += wait;
            if self.idle >= self.log.bounds.redeliver {
                self.idle = Duration::ZERO;
                self.hand.clear();
                self.at = self.acked;
                return self.read(most).await;
            }
        }
        Ok(Vec::new())
    }

    async fn ack(&mut self, up_to: u64) -> Result<(), BusFault> {
        let Some(last) = self.hand.iter().copied().rfind(|seq| *seq <= up_to) else {
            return Ok(());
        };
        let (log, name) = (self.log.clone(), self.name.clone());
        self.log
            .run(move |inner| {
                inner.conn.execute(ACK, params![name, int(last)]).map_err(faulted)?;
                log.trim(inner)
            })
            .await?;
        self.idle = Duration::ZERO;
        self.acked = self.acked.max(last);
        self.hand.retain(|seq| *seq > last);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_prepares() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        for statement in [BYTES, PUT, NAME, ACKED, ACK, READ, TRIM, LAG, NAMES, FORGET] {
            db.prepare(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
        }
    }
}
