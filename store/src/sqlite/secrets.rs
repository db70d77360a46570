//! The vault on SQLite: `secrets.db`, and beside it `kek`, the key that wraps each space's data key.
//!
//! Never here: a key or a secret stored in the clear, save `kek` itself (readable by its owner only).

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::task;
use writ_model::Secret;

use super::open;
use crate::secrets::{
    NAMES_PAGE, Sealer, Space, Vault, VaultFault,
    ring::{KeyRing, beginning, check},
};

const MIGRATIONS: &[&str] = &["
CREATE TABLE keys (
  space   BLOB NOT NULL PRIMARY KEY,
  wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE secrets (
  space  BLOB NOT NULL,
  name   TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (space, name)
) STRICT, WITHOUT ROWID;
"];
const KEY: &str = "SELECT wrapped FROM keys WHERE space = ?1";
const INSERT_KEY: &str =
    "INSERT INTO keys (space, wrapped) VALUES (?1, ?2) ON CONFLICT (space) DO NOTHING";
/// Fleet query: whether any key was ever wrapped.
const ANY_KEY: &str = "SELECT count(*) FROM keys";
const SECRET: &str = "SELECT sealed FROM secrets WHERE space = ?1 AND name = ?2";
const SET_SECRET: &str = "
INSERT INTO secrets (space, name, sealed) VALUES (?1, ?2, ?3)
ON CONFLICT (space, name) DO UPDATE SET sealed = excluded.sealed";
const REMOVE_SECRET: &str = "DELETE FROM secrets WHERE space = ?1 AND name = ?2";
const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
const NAMES: &str =
    "SELECT name FROM secrets WHERE space = ?1 AND name > ?2 ORDER BY name LIMIT ?3";

/// The vault in one SQLite file.
pub struct SqliteVault {
    conn: Arc<Mutex<Connection>>,
    ring: KeyRing,
}

impl fmt::Debug for SqliteVault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteVault(…)")
    }
}

fn faulted(fault: impl fmt::Display) -> VaultFault {
    VaultFault::Faulted { why: fault.to_string() }
}

impl SqliteVault {
    /// Opens `secrets.db` and `kek` in a data folder; makes both if neither is there.
    ///
    /// # Errors
    /// If a file cannot be opened, others can read the key file, or it is missing while the database has keys.
    pub fn open(folder: &Path) -> Result<Self, VaultFault> {
        let conn = open(&folder.join("secrets.db"), MIGRATIONS)?;
        // What is removed is removed from the file too: a person's key may be all that is left of their name.
        conn.pragma_update(None, "secure_delete", "ON").map_err(faulted)?;
        let keys: i64 = conn.query_row(ANY_KEY, [], |row| row.get(0)).map_err(faulted)?;
        let ring = KeyRing::open(folder, keys > 0)?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)), ring })
    }

    /// What seals state snapshots, so that who can write the databases and has no key file cannot forge one.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn snapshot_sealer(&self) -> Result<Arc<Sealer>, VaultFault> {
        self.ring.snapshot_sealer()
    }

    async fn run<T, W>(&self, work: W) -> Result<T, VaultFault>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let conn = Arc::clone(&self.conn);
        let done = task::spawn_blocking(move || work(&conn.lock())).await;
        done.map_err(faulted)?.map_err(faulted)
    }
}

#[async_trait]
impl Vault for SqliteVault {
    async fn get(&self, space: Space, name: &str) -> Result<Option<Secret<Vec<u8>>>, VaultFault> {
        let (bytes, wanted) = (space.bytes(), name.to_owned());
        let sealed: Option<Vec<u8>> = self
            .run(move |conn| {
                let mut secret = conn.prepare_cached(SECRET)?;
                secret.query_row(params![bytes, wanted], |row| row.get(0)).optional()
            })
            .await?;
        match sealed {
            None => Ok(None),
            Some(sealed) => self.sealer(space).await?.open(&space.place(name), &sealed).map(Some),
        }
    }

    async fn put(
        &self,
        space: Space,
        name: &str,
        secret: Secret<Vec<u8>>,
    ) -> Result<(), VaultFault> {
        check(name, &secret)?;
        let sealed = self.sealer(space).await?.seal(&space.place(name), secret.expose())?;
        let (bytes, name) = (space.bytes(), name.to_owned());
        self.run(move |conn| {
            conn.prepare_cached(SET_SECRET)?.execute(params![bytes, name, sealed]).map(drop)
        })
        .await
    }

    async fn remove(&self, space: Space, name: &str) -> Result<bool, VaultFault> {
        let (bytes, name) = (space.bytes(), name.to_owned());
        self.run(move |conn| {
            let there = conn.prepare_cached(REMOVE_SECRET)?.execute(params![bytes, name])? > 0;
            if there {
                // The write-ahead log still has the page that the row stood on.
                conn.query_row(EMPTY_LOG, [], |_row| Ok(()))?;
            }
            Ok(there)
        })
        .await
    }

    async fn names(
        &self,
        space: Space,
        prefix: &str,
        after: &str,
    ) -> Result<Vec<String>, VaultFault> {
        // What begins with a prefix and goes on stands behind it.
        let (bytes, from) = (space.bytes(), prefix.max(after).to_owned());
        let page = self.run(move |conn| {
            let limit = i64::try_from(NAMES_PAGE).unwrap_or(i64::MAX);
            let mut names = conn.prepare_cached(NAMES)?;
            names.query_map(params![bytes, from, limit], |row| row.get(0))?.collect()
        });
        Ok(beginning(page.await?, prefix))
    }

    async fn sealer(&self, space: Space) -> Result<Arc<Sealer>, VaultFault> {
        if let Some(sealer) = self.ring.known(space) {
            return Ok(sealer);
        }
        let (bytes, offered) = (space.bytes(), self.ring.offer(space)?);
        // Offered and read back in one go: of two first users both get the one that was kept.
        let wrapped: Vec<u8> = self
            .run(move |conn| {
                let known = conn.query_row(KEY, params![bytes], |row| row.get(0)).optional()?;
                if let Some(wrapped) = known {
                    return Ok(wrapped);
                }
                conn.prepare_cached(INSERT_KEY)?.execute(params![bytes, offered])?;
                conn.query_row(KEY, params![bytes], |row| row.get(0))
            })
            .await?;
        self.ring.take(space, &wrapped)
    }
}

mod sealed;

pub use sealed::SqliteRows;

#[cfg(test)]
mod tests;
