//! The outbox on SQLite: `outbox.db`.
//!
//! Never here: a rule that is not the port's (`outbox.rs`), an address or a word of a message in the clear.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{
    Connection, OptionalExtension, Row as Found, Transaction, TransactionBehavior, params,
};
use tokio::task;
use writ_model::{Digest, TenantId, Timestamp};

use super::{OpenFault, int, open};
use crate::outbox::{
    Closed, Dates, Due, Item, MAX_ENDED, MAX_ROWS, MAX_WAITING, Mark, Outbox, OutboxFault, Outcome,
    Put, Row, Stage, Step, after, check, check_closed,
};

/// `num` is the order in which rows were put.
const MIGRATIONS: &[&str] = &["
CREATE TABLE rows (
  num       INTEGER NOT NULL PRIMARY KEY,
  tenant    BLOB NOT NULL CHECK (length(tenant) = 16),
  id        BLOB NOT NULL CHECK (length(id) = 32),
  channel   TEXT NOT NULL,
  recipient TEXT NOT NULL,
  kind      TEXT NOT NULL,
  line      INTEGER,
  made      INTEGER NOT NULL,
  due       INTEGER NOT NULL,
  expires   INTEGER NOT NULL,
  failures  INTEGER NOT NULL,
  stage     INTEGER NOT NULL,
  why       TEXT,
  ended     INTEGER,
  body      BLOB NOT NULL,
  UNIQUE (tenant, id)
) STRICT;
CREATE INDEX rows_due ON rows (due, num) WHERE stage = 0;
CREATE INDEX rows_of ON rows (tenant, stage, ended, num);
CREATE TABLE marks (
  tenant  BLOB NOT NULL PRIMARY KEY CHECK (length(tenant) = 16),
  lines   INTEGER,
  dropped INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE closed (
  channel TEXT NOT NULL PRIMARY KEY,
  why     TEXT NOT NULL,
  at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"];
const MARK: &str = "SELECT lines, dropped FROM marks WHERE tenant = ?1";
const SET_MARK: &str = "
INSERT INTO marks (tenant, lines, dropped) VALUES (?1, ?2, ?3)
ON CONFLICT (tenant) DO UPDATE SET lines = excluded.lines, dropped = excluded.dropped";
const KNOWN: &str = "SELECT count(*) FROM rows WHERE tenant = ?1 AND id = ?2";
const WAITING: &str = "SELECT count(*) FROM rows WHERE tenant = ?1 AND stage = 0";
const INSERT: &str = "
INSERT INTO rows (tenant, id, channel, recipient, kind, line, made, due, expires, failures, stage, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10)";
/// Fleet query: what is due anywhere.
const DUE: &str = "
SELECT tenant, id, channel, recipient, kind, line, due, expires, body, failures FROM rows
WHERE stage = 0 AND due <= ?1 ORDER BY due, num LIMIT ?2";
const ONE: &str =
    "SELECT made, due, expires, failures, stage FROM rows WHERE tenant = ?1 AND id = ?2";
const SETTLE: &str = "
UPDATE rows SET stage = ?3, due = ?4, failures = ?5, why = ?6, ended = ?7,
  body = CASE WHEN ?3 = 0 THEN body ELSE x'' END
WHERE tenant = ?1 AND id = ?2";
const TRIM: &str = "
DELETE FROM rows WHERE num IN (
  SELECT num FROM rows WHERE tenant = ?1 AND stage > 0 ORDER BY ended DESC, num DESC LIMIT -1 OFFSET ?2)";
/// Fleet query: a way out is everybody's.
const DEFER: &str = "UPDATE rows SET due = ?2 WHERE stage = 0 AND channel = ?1 AND due < ?2";
const ROWS: &str = "
SELECT id, channel, recipient, kind, line, made, due, failures, stage, why, ended FROM rows
WHERE tenant = ?1 ORDER BY num DESC LIMIT ?2";
/// Fleet query: a way out is everybody's.
const CLOSE: &str =
    "INSERT INTO closed (channel, why, at) VALUES (?1, ?2, ?3) ON CONFLICT (channel) DO NOTHING";
/// Fleet query: a way out is everybody's.
const CLOSED: &str = "SELECT channel, why, at FROM closed ORDER BY channel LIMIT ?1";

/// The outbox in one SQLite file.
pub struct SqliteOutbox {
    conn: Arc<Mutex<Connection>>,
}

impl fmt::Debug for SqliteOutbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteOutbox(…)")
    }
}

fn faulted(fault: impl fmt::Display) -> OutboxFault {
    OutboxFault::Faulted { why: fault.to_string() }
}

impl From<rusqlite::Error> for OutboxFault {
    fn from(fault: rusqlite::Error) -> Self {
        faulted(fault)
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn digest(bytes: Vec<u8>) -> Digest {
    // The table takes no other length.
    Digest(bytes.try_into().unwrap_or_default())
}

fn tenant_of(bytes: Vec<u8>) -> TenantId {
    TenantId::from_bytes(bytes.try_into().unwrap_or_default())
}

impl SqliteOutbox {
    /// Opens `outbox.db` in a data folder; makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, OpenFault> {
        let conn = open(&folder.join("outbox.db"), MIGRATIONS)?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)) })
    }

    async fn run<T, W>(&self, work: W) -> Result<T, OutboxFault>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, OutboxFault> + Send + 'static,
    {
        let conn = Arc::clone(&self.conn);
        task::spawn_blocking(move || work(&mut conn.lock())).await.map_err(faulted)?
    }
}

fn mark(conn: &Connection, tenant: TenantId) -> rusqlite::Result<Mark> {
    let found = conn.prepare_cached(MARK)?.query_row([tenant.to_bytes()], |row| {
        let lines: Option<i64> = row.get(0)?;
        Ok(Mark { lines: lines.map(count), dropped: count(row.get(1)?) })
    });
    Ok(found.optional()?.unwrap_or_default())
}

fn put(tx: &Transaction<'_>, tenant: TenantId, step: &Step) -> Result<Put, OutboxFault> {
    let mut mark = mark(tx, tenant)?;
    if let Some((expected, to)) = step.lines {
        let found = mark.lines;
        if found != expected {
            return Err(OutboxFault::Stale { tenant, expected, found });
        }
        mark.lines = Some(to);
    }
    let bytes = tenant.to_bytes();
    let mut done = Put::default();
    let mut waiting: i64 = tx.prepare_cached(WAITING)?.query_row([bytes], |row| row.get(0))?;
    let bound = i64::try_from(MAX_WAITING).unwrap_or(i64::MAX);
    for item in &step.items {
        let id = item.id.as_bytes();
        let known: i64 =
            tx.prepare_cached(KNOWN)?.query_row(params![bytes, id], |row| row.get(0))?;
        if known > 0 {
            done.known += 1;
        } else if waiting >= bound {
            done.dropped += 1;
            mark.dropped = mark.dropped.saturating_add(1);
        } else {
            tx.prepare_cached(INSERT)?.execute(params![
                bytes,
                id,
                item.channel,
                item.recipient,
                item.kind,
                item.line.map(int),
                step.at.micros(),
                item.due.micros(),
                item.expires.micros(),
                item.body,
            ])?;
            done.new += 1;
            waiting += 1;
        }
    }
    if step.lines.is_some() || done.dropped > 0 {
        let (lines, dropped) = (mark.lines.map(int), int(mark.dropped));
        tx.prepare_cached(SET_MARK)?.execute(params![bytes, lines, dropped])?;
    }
    Ok(done)
}

fn settle(
    tx: &Transaction<'_>,
    tenant: TenantId,
    id: Digest,
    outcome: Outcome,
    then: &Step,
) -> Result<Option<Stage>, OutboxFault> {
    let bytes = tenant.to_bytes();
    let found = tx.prepare_cached(ONE)?.query_row(params![bytes, id.as_bytes()], |row| {
        let at = |index| row.get(index).map(Timestamp::from_micros);
        let dates = Dates { made: at(0)?, due: at(1)?, expires: at(2)?, failures: row.get(3)? };
        Ok((dates, Stage::of(row.get(4)?)))
    });
    let Some((dates, stage)) = found.optional()? else { return Ok(None) };
    if stage != Stage::Waiting {
        return Ok(Some(stage));
    }
    put(tx, tenant, then)?;
    let next = after(dates, outcome, then.at);
    let ended = (next.stage != Stage::Waiting).then_some(then.at.micros());
    tx.prepare_cached(SETTLE)?.execute(params![
        bytes,
        id.as_bytes(),
        next.stage.number(),
        next.due.micros(),
        next.failures,
        next.why,
        ended,
    ])?;
    tx.prepare_cached(TRIM)?
        .execute(params![bytes, i64::try_from(MAX_ENDED).unwrap_or(i64::MAX)])?;
    Ok(Some(next.stage))
}

fn due(row: &Found<'_>) -> rusqlite::Result<Due> {
    let line: Option<i64> = row.get(5)?;
    let item = Item {
        id: digest(row.get(1)?),
        channel: row.get(2)?,
        recipient: row.get(3)?,
        kind: row.get(4)?,
        line: line.map(count),
        due: Timestamp::from_micros(row.get(6)?),
        expires: Timestamp::from_micros(row.get(7)?),
        body: row.get(8)?,
    };
    Ok(Due { tenant: tenant_of(row.get(0)?), item, failures: row.get(9)? })
}

fn row(row: &Found<'_>) -> rusqlite::Result<Row> {
    let (line, ended): (Option<i64>, Option<i64>) = (row.get(4)?, row.get(10)?);
    Ok(Row {
        id: digest(row.get(0)?),
        channel: row.get(1)?,
        recipient: row.get(2)?,
        kind: row.get(3)?,
        line: line.map(count),
        made: Timestamp::from_micros(row.get(5)?),
        due: Timestamp::from_micros(row.get(6)?),
        failures: row.get(7)?,
        stage: Stage::of(row.get(8)?),
        why: row.get(9)?,
        ended: ended.map(Timestamp::from_micros),
    })
}

/// At most so many rows, as SQLite's integer.
fn limit(most: usize) -> i64 {
    i64::try_from(most.min(MAX_ROWS)).unwrap_or(i64::MAX)
}

#[async_trait]
impl Outbox for SqliteOutbox {
    async fn mark(&self, tenant: TenantId) -> Result<Mark, OutboxFault> {
        self.run(move |conn| Ok(mark(conn, tenant)?)).await
    }

    async fn put(&self, tenant: TenantId, step: Step) -> Result<Put, OutboxFault> {
        check(&step)?;
        self.run(move |conn| {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = put(&tx, tenant, &step)?;
            tx.commit()?;
            Ok(done)
        })
        .await
    }

    async fn due(&self, at: Timestamp, most: usize) -> Result<Vec<Due>, OutboxFault> {
        self.run(move |conn| {
            let mut found = conn.prepare_cached(DUE)?;
            let rows = found.query_map(params![at.micros(), limit(most)], due)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn settle(
        &self,
        tenant: TenantId,
        id: Digest,
        outcome: Outcome,
        then: Step,
    ) -> Result<Option<Stage>, OutboxFault> {
        check(&then)?;
        self.run(move |conn| {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let stage = settle(&tx, tenant, id, outcome, &then)?;
            tx.commit()?;
            Ok(stage)
        })
        .await
    }

    async fn defer(&self, channel: &str, until: Timestamp) -> Result<usize, OutboxFault> {
        let channel = channel.to_owned();
        self.run(move |conn| {
            Ok(conn.prepare_cached(DEFER)?.execute(params![channel, until.micros()])?)
        })
        .await
    }

    async fn rows(&self, tenant: TenantId, most: usize) -> Result<Vec<Row>, OutboxFault> {
        self.run(move |conn| {
            let mut found = conn.prepare_cached(ROWS)?;
            let rows = found.query_map(params![tenant.to_bytes(), limit(most)], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn close(&self, closed: Closed) -> Result<(), OutboxFault> {
        check_closed(&closed)?;
        self.run(move |conn| {
            let Closed { channel, why, at } = closed;
            conn.prepare_cached(CLOSE)?.execute(params![channel, why, at.micros()])?;
            Ok(())
        })
        .await
    }

    async fn closed(&self) -> Result<Vec<Closed>, OutboxFault> {
        self.run(move |conn| {
            let mut found = conn.prepare_cached(CLOSED)?;
            let rows = found.query_map([limit(MAX_ROWS)], |row| {
                let at = Timestamp::from_micros(row.get(2)?);
                Ok(Closed { channel: row.get(0)?, why: row.get(1)?, at })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use writ_testkit::TempDir;

    use super::*;

    #[test]
    fn every_statement_prepares_on_a_migrated_database() {
        let dir = TempDir::new().unwrap();
        let conn = open(&dir.path().join("outbox.db"), MIGRATIONS).unwrap();
        let tenants = [MARK, SET_MARK, KNOWN, WAITING, INSERT, ONE, SETTLE, TRIM, ROWS];
        let fleet = [DUE, DEFER, CLOSE, CLOSED];
        for statement in tenants.iter().chain(&fleet) {
            assert!(conn.prepare(statement).is_ok(), "{statement}");
        }
        for statement in tenants {
            assert!(statement.contains("tenant"), "{statement}");
        }
    }
}
