//! Held requests on SQLite: `held.db`. They wait for people, so a restart must not lose them.
//!
//! Never here: a plain byte of a request.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::task;
use writ_model::{HoldId, TenantId, Timestamp};

use super::{OpenFault, open};
use crate::held::{Held, HeldFault, MAX_HELD, fits};

const MIGRATIONS: &[&str] = &["
CREATE TABLE held (
  tenant  BLOB NOT NULL CHECK (length(tenant) = 16),
  hold    BLOB NOT NULL CHECK (length(hold) = 16),
  expires INTEGER NOT NULL,
  sealed  BLOB NOT NULL,
  PRIMARY KEY (tenant, hold)
) STRICT;
CREATE INDEX held_expires ON held(tenant, expires);
"];
const SWEEP: &str = "DELETE FROM held WHERE tenant = ?1 AND expires <= ?2";
const COUNT: &str = "SELECT count(*) FROM held WHERE tenant = ?1 AND hold <> ?2";
const PUT: &str = "
INSERT INTO held (tenant, hold, expires, sealed) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (tenant, hold) DO UPDATE SET expires = excluded.expires, sealed = excluded.sealed";
const GET: &str = "SELECT sealed FROM held WHERE tenant = ?1 AND hold = ?2 AND expires > ?3";
const FORGET: &str = "DELETE FROM held WHERE tenant = ?1 AND hold = ?2";

/// Held requests in one SQLite file.
pub struct SqliteHeld {
    conn: Arc<Mutex<Connection>>,
}

impl fmt::Debug for SqliteHeld {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteHeld(…)")
    }
}

fn faulted(fault: impl fmt::Display) -> HeldFault {
    HeldFault::Faulted { why: fault.to_string() }
}

impl SqliteHeld {
    /// Opens `held.db` in a data folder, making it if need be.
    ///
    /// # Errors
    /// If it cannot be opened or is of a newer release.
    pub fn open(folder: &Path) -> Result<Self, OpenFault> {
        let conn = open(&folder.join("held.db"), MIGRATIONS)?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)) })
    }

    async fn run<T, W>(&self, work: W) -> Result<T, HeldFault>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, HeldFault> + Send + 'static,
    {
        let conn = Arc::clone(&self.conn);
        task::spawn_blocking(move || work(&mut conn.lock())).await.map_err(faulted)?
    }
}

#[async_trait]
impl Held for SqliteHeld {
    async fn put(
        &self,
        (tenant, hold): (TenantId, HoldId),
        sealed: Vec<u8>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), HeldFault> {
        fits(&sealed)?;
        let (tenant, hold) = (tenant.to_bytes(), hold.to_bytes());
        self.run(move |conn| {
            let tx = conn.transaction().map_err(faulted)?;
            tx.execute(SWEEP, params![tenant, now.micros()]).map_err(faulted)?;
            let others: i64 =
                tx.query_row(COUNT, params![tenant, hold], |row| row.get(0)).map_err(faulted)?;
            if usize::try_from(others).unwrap_or(usize::MAX) >= MAX_HELD {
                return Err(HeldFault::Full { bound: MAX_HELD });
            }
            tx.execute(PUT, params![tenant, hold, expires.micros(), sealed]).map_err(faulted)?;
            tx.commit().map_err(faulted)
        })
        .await
    }

    async fn get(
        &self,
        (tenant, hold): (TenantId, HoldId),
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, HeldFault> {
        let values = (tenant.to_bytes(), hold.to_bytes(), now.micros());
        self.run(move |conn| {
            conn.query_row(GET, values, |row| row.get(0)).optional().map_err(faulted)
        })
        .await
    }

    async fn forget(&self, (tenant, hold): (TenantId, HoldId)) -> Result<bool, HeldFault> {
        let values = (tenant.to_bytes(), hold.to_bytes());
        self.run(move |conn| Ok(conn.execute(FORGET, values).map_err(faulted)? > 0)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_prepares() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        for statement in [SWEEP, COUNT, PUT, GET, FORGET] {
            db.prepare(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
        }
    }
}
