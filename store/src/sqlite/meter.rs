//! The bank of shares on SQLite: `meter.db`, the journal of the meter of a single process. Each draw is durable before it
//! is spent, so that no restart refills a limit.
//!
//! Never here: places for what runs at once (they end with the process), what was called.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::task;
use writ_model::{BootId, TenantId, Timestamp};

use super::{OpenFault, int, open};
use crate::{
    memory::{Seating, judge},
    meter::bank::{
        Bank, BankFault, Draw, Drawn, GRACE, Holder, MAX_WINDOWS, Rest, Seated, Seats, Window,
    },
};

const MIGRATIONS: &[&str] = &["
CREATE TABLE drawn (
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  key    BLOB NOT NULL CHECK (length(key) = 33),
  length INTEGER NOT NULL CHECK (length > 0),
  start  INTEGER NOT NULL,
  ends   INTEGER NOT NULL,
  total  INTEGER NOT NULL CHECK (total >= 0),
  PRIMARY KEY (tenant, key, length, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX drawn_ends ON drawn(tenant, ends);
"];
const TOTAL: &str =
    "SELECT total FROM drawn WHERE tenant = ?1 AND key = ?2 AND length = ?3 AND start = ?4";
const COUNT: &str = "SELECT count(*) FROM drawn WHERE tenant = ?1";
const SET: &str = "
INSERT INTO drawn (tenant, key, length, start, ends, total) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, key, length, start) DO UPDATE SET total = excluded.total";
const GIVE_BACK: &str = "
UPDATE drawn SET total = max(0, total - ?5)
WHERE tenant = ?1 AND key = ?2 AND length = ?3 AND start = ?4";
const EXPIRE: &str = "DELETE FROM drawn WHERE tenant = ?1 AND ends <= ?2";

/// What is drawn, in one SQLite file that one process has open.
pub struct SqliteBank {
    conn: Arc<Mutex<Connection>>,
    seating: Mutex<Seating>,
}

impl fmt::Debug for SqliteBank {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteBank(…)")
    }
}

fn faulted(fault: impl fmt::Display) -> BankFault {
    BankFault::Faulted { why: fault.to_string() }
}

impl From<rusqlite::Error> for BankFault {
    fn from(fault: rusqlite::Error) -> Self {
        faulted(fault)
    }
}

impl SqliteBank {
    /// Opens `meter.db` in a data folder, making it if need be.
    ///
    /// # Errors
    /// If it cannot be opened or is of a newer release.
    pub fn open(folder: &Path) -> Result<Self, OpenFault> {
        let conn = open(&folder.join("meter.db"), MIGRATIONS)?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)), seating: Mutex::default() })
    }

    async fn run<T, W>(&self, work: W) -> Result<T, BankFault>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, BankFault> + Send + 'static,
    {
        let conn = Arc::clone(&self.conn);
        task::spawn_blocking(move || work(&mut conn.lock())).await.map_err(faulted)?
    }
}

fn total(conn: &Connection, tenant: [u8; 16], window: &Window) -> Result<Option<u64>, BankFault> {
    let Window { key, length, start } = window;
    let values = params![tenant, key.to_bytes(), length.as_micros(), start.micros()];
    let found = conn.prepare_cached(TOTAL)?.query_row(values, |row| row.get::<_, i64>(0));
    Ok(found.optional()?.map(|total| u64::try_from(total).unwrap_or(0)))
}

fn draw(
    tx: &Transaction<'_>,
    (tenant, now): ([u8; 16], Timestamp),
    draws: &[Draw],
) -> Result<Vec<Drawn>, BankFault> {
    let mut totals = Vec::with_capacity(draws.len());
    let mut new = 0;
    for one in draws {
        let found = total(tx, tenant, &one.window)?;
        new += usize::from(found.is_none());
        totals.push(found.unwrap_or(0));
    }
    if new > 0 {
        tx.prepare_cached(EXPIRE)?.execute(params![tenant, (now - GRACE).micros()])?;
        let known: i64 = tx.prepare_cached(COUNT)?.query_row([tenant], |row| row.get(0))?;
        if usize::try_from(known).unwrap_or(usize::MAX).saturating_add(new) > MAX_WINDOWS {
            return Err(BankFault::Full { what: "windows", bound: MAX_WINDOWS });
        }
    }
    let out = judge(draws, &totals);
    for (draw, outcome) in draws.iter().zip(&out).filter(|(_, outcome)| outcome.now > 0) {
        let Window { key, length, start } = draw.window;
        tx.prepare_cached(SET)?.execute(params![
            tenant,
            key.to_bytes(),
            length.as_micros(),
            start.micros(),
            draw.window.end().micros(),
            int(outcome.total),
        ])?;
    }
    Ok(out)
}

#[async_trait]
impl Bank for SqliteBank {
    async fn draw(
        &self,
        tenant: TenantId,
        now: Timestamp,
        draws: &[Draw],
    ) -> Result<Vec<Drawn>, BankFault> {
        let draws = draws.to_vec();
        self.run(move |conn| {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let out = draw(&tx, (tenant.to_bytes(), now), &draws)?;
            tx.commit()?;
            Ok(out)
        })
        .await
    }

    async fn give_back(&self, tenant: TenantId, rests: &[Rest]) -> Result<(), BankFault> {
        let rests = rests.to_vec();
        self.run(move |conn| {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for Rest { window: Window { key, length, start }, amount } in rests {
                let (length, start) = (length.as_micros(), start.micros());
                let values = params![tenant.to_bytes(), key.to_bytes(), length, start, int(amount)];
                tx.prepare_cached(GIVE_BACK)?.execute(values)?;
            }
            Ok(tx.commit()?)
        })
        .await
    }

    async fn read(&self, tenant: TenantId, windows: &[Window]) -> Result<Vec<u64>, BankFault> {
        let windows = windows.to_vec();
        self.run(move |conn| {
            let one = |window| Ok(total(conn, tenant.to_bytes(), window)?.unwrap_or(0));
            windows.iter().map(one).collect()
        })
        .await
    }

    async fn expire(&self, tenant: TenantId, now: Timestamp) -> Result<u64, BankFault> {
        let over = (now - GRACE).micros();
        let gone = self
            .run(move |conn| {
                Ok(conn.prepare_cached(EXPIRE)?.execute(params![tenant.to_bytes(), over])?)
            })
            .await?;
        let gone = u64::try_from(gone).unwrap_or(u64::MAX);
        Ok(gone.saturating_add(self.seating.lock().expire(tenant, now)))
    }

    async fn renew(&self, boot: BootId, now: Timestamp) -> Result<u64, BankFault> {
        self.seating.lock().renew(boot, now)
    }

    async fn seat(
        &self,
        tenant: TenantId,
        now: Timestamp,
        holder: Holder,
        seats: &[Seats],
    ) -> Result<Vec<Seated>, BankFault> {
        self.seating.lock().seat((tenant, now), holder, seats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_prepares_and_names_a_tenant() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        for statement in [TOTAL, COUNT, SET, GIVE_BACK, EXPIRE] {
            db.prepare(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
            assert!(statement.contains("tenant"), "{statement}");
        }
    }
}
