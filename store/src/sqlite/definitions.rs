//! Definitions on SQLite: `definitions.db`.
//!
//! Never here: a text under another digest than its own.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::task;
use writ_model::{Digest, TenantId};

use super::{OpenFault, int, open};
use crate::definitions::{Definitions, DefinitionsFault, MAX_DEFINITIONS, fits};

const MIGRATIONS: &[&str] = &["
CREATE TABLE definitions (
  num    INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  text   BLOB NOT NULL,
  UNIQUE (tenant, digest)
) STRICT;
CREATE INDEX definitions_of ON definitions(tenant, num);
"];
const KEEP: &str =
    "INSERT INTO definitions (tenant, digest, text) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const TRIM: &str = "
DELETE FROM definitions WHERE tenant = ?1 AND num IN (
  SELECT num FROM definitions WHERE tenant = ?1 ORDER BY num DESC LIMIT -1 OFFSET ?2)";
const GET: &str = "SELECT text FROM definitions WHERE tenant = ?1 AND digest = ?2";

/// Definitions in one SQLite file.
pub struct SqliteDefinitions {
    conn: Arc<Mutex<Connection>>,
}

impl fmt::Debug for SqliteDefinitions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteDefinitions(…)")
    }
}

fn faulted(fault: impl fmt::Display) -> DefinitionsFault {
    DefinitionsFault::Faulted { why: fault.to_string() }
}

impl SqliteDefinitions {
    /// Opens `definitions.db` in a data folder, making it if need be.
    ///
    /// # Errors
    /// If it cannot be opened or is of a newer release.
    pub fn open(folder: &Path) -> Result<Self, OpenFault> {
        let conn = open(&folder.join("definitions.db"), MIGRATIONS)?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)) })
    }

    async fn run<T, W>(&self, work: W) -> Result<T, DefinitionsFault>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DefinitionsFault> + Send + 'static,
    {
        let conn = Arc::clone(&self.conn);
        task::spawn_blocking(move || work(&mut conn.lock())).await.map_err(faulted)?
    }
}

#[async_trait]
impl Definitions for SqliteDefinitions {
    async fn keep(
        &self,
        tenant: TenantId,
        texts: Vec<(Digest, Vec<u8>)>,
    ) -> Result<(), DefinitionsFault> {
        fits(&texts)?;
        let tenant = tenant.to_bytes();
        self.run(move |conn| {
            let tx = conn.transaction().map_err(faulted)?;
            for (digest, text) in texts {
                tx.execute(KEEP, params![tenant, digest.as_bytes(), text]).map_err(faulted)?;
            }
            let most = int(MAX_DEFINITIONS as u64);
            tx.execute(TRIM, params![tenant, most]).map_err(faulted)?;
            tx.commit().map_err(faulted)
        })
        .await
    }

    async fn get(
        &self,
        tenant: TenantId,
        digest: Digest,
    ) -> Result<Option<Vec<u8>>, DefinitionsFault> {
        let (tenant, digest) = (tenant.to_bytes(), *digest.as_bytes());
        self.run(move |conn| {
            conn.query_row(GET, params![tenant, digest], |row| row.get(0))
                .optional()
                .map_err(faulted)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_prepares() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        for statement in [KEEP, TRIM, GET] {
            db.prepare(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
        }
    }
}
