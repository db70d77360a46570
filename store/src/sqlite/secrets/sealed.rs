//! Sealed rows of `secrets.db`, for backups: read beside the process that writes them, put back into a new file.
//!
//! Never here: a plain value.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use super::{INSERT_KEY, KEY, MIGRATIONS, SET_SECRET, SqliteVault, faulted};
use crate::{
    secrets::{SealedPage, SealedSpaces, Space, VaultFault, sealed::MAX_PAGE},
    sqlite::{BUSY, known},
};

const SEALED: &str =
    "SELECT name, sealed FROM secrets WHERE space = ?1 AND name > ?2 ORDER BY name LIMIT ?3";

/// The rows of `secrets.db`, without the key file: nothing in them can be opened here.
pub struct SqliteRows(Arc<Mutex<Connection>>);

impl fmt::Debug for SqliteRows {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteRows(…)")
    }
}

impl SqliteRows {
    /// Reads `secrets.db` of a data folder beside the process that writes it: nothing is made, migrated or written.
    ///
    /// # Errors
    /// If it is not there, or of another release.
    pub fn reading(folder: &Path) -> Result<Self, VaultFault> {
        let path = folder.join("secrets.db");
        known(&path, MIGRATIONS)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&path, flags).map_err(faulted)?;
        conn.busy_timeout(BUSY).map_err(faulted)?;
        Ok(Self(Arc::new(Mutex::new(conn))))
    }
}

async fn on<T: Send + 'static>(
    conn: &Arc<Mutex<Connection>>,
    work: impl FnOnce(&mut Connection) -> Result<T, VaultFault> + Send + 'static,
) -> Result<T, VaultFault> {
    let conn = Arc::clone(conn);
    tokio::task::spawn_blocking(move || work(&mut conn.lock())).await.map_err(faulted)?
}

fn read(conn: &Connection, space: &[u8], after: &str) -> rusqlite::Result<SealedPage> {
    let wrapped = conn.query_row(KEY, params![space], |row| row.get(0)).optional()?;
    let most = i64::try_from(MAX_PAGE).unwrap_or(i64::MAX);
    let mut rows = conn.prepare_cached(SEALED)?;
    let secrets = rows
        .query_map(params![space, after, most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(SealedPage { wrapped, secrets })
}

fn put(conn: &mut Connection, space: &[u8], page: &SealedPage) -> Result<(), VaultFault> {
    let tx: Transaction<'_> = conn.transaction().map_err(faulted)?;
    let known: Option<Vec<u8>> =
        tx.query_row(KEY, params![space], |row| row.get(0)).optional().map_err(faulted)?;
    match (&page.wrapped, known) {
        (Some(wrapped), Some(known)) if *wrapped != known => return Err(VaultFault::Sealed),
        (None, None) if !page.secrets.is_empty() => return Err(VaultFault::Sealed),
        (Some(wrapped), None) => {
            tx.prepare_cached(INSERT_KEY)
                .and_then(|mut insert| insert.execute(params![space, wrapped]))
                .map_err(faulted)?;
        }
        _ => {}
    }
    for (name, sealed) in &page.secrets {
        tx.prepare_cached(SET_SECRET)
            .and_then(|mut set| set.execute(params![space, name, sealed]))
            .map_err(faulted)?;
    }
    tx.commit().map_err(faulted)
}

#[async_trait]
impl SealedSpaces for SqliteRows {
    async fn sealed(&self, space: Space, after: &str) -> Result<SealedPage, VaultFault> {
        let (space, after) = (space.bytes(), after.to_owned());
        on(&self.0, move |conn| read(conn, &space, &after).map_err(faulted)).await
    }

    async fn put_sealed(&self, _: Space, _: SealedPage) -> Result<(), VaultFault> {
        Err(faulted("it was opened for reading"))
    }
}

#[async_trait]
impl SealedSpaces for SqliteVault {
    async fn sealed(&self, space: Space, after: &str) -> Result<SealedPage, VaultFault> {
        let (space, after) = (space.bytes(), after.to_owned());
        on(&self.conn, move |conn| read(conn, &space, &after).map_err(faulted)).await
    }

    async fn put_sealed(&self, space: Space, page: SealedPage) -> Result<(), VaultFault> {
        let space = space.bytes();
        on(&self.conn, move |conn| put(conn, &space, &page)).await
    }
}

#[cfg(test)]
mod tests {
    use writ_model::{Secret, TenantId};
    use writ_testkit::TempDir;

    use super::*;
    use crate::secrets::Vault as _;

    #[tokio::test]
    async fn rows_travel_sealed_and_open_only_beside_their_key_file() {
        let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let vault = SqliteVault::open(from.path()).unwrap();
        let space = Space::Tenant(TenantId::from_bytes([7; 16]));
        let names: Vec<String> = (0..MAX_PAGE + 3).map(|n| format!("n{n:04}")).collect();
        for name in &names {
            vault.put(space, name, Secret::new(name.clone().into_bytes())).await.unwrap();
        }
        let rows = SqliteRows::reading(from.path()).unwrap();
        assert!(rows.put_sealed(space, SealedPage::default()).await.is_err());
        std::fs::copy(from.path().join("kek"), to.path().join("kek")).unwrap();
        let copy = SqliteVault::open(to.path()).unwrap();
        let (mut after, mut pages) = (String::new(), 0);
        loop {
            let page = rows.sealed(space, &after).await.unwrap();
            let Some((last, sealed)) = page.secrets.last() else { break };
            assert!(!sealed.windows(5).any(|part| part == last.as_bytes()), "it is sealed");
            after.clone_from(last);
            pages += 1;
            copy.put_sealed(space, page).await.unwrap();
        }
        assert_eq!(pages, 2);
        for name in &names {
            let found = copy.get(space, name).await.unwrap().unwrap();
            assert_eq!(found.expose(), name.as_bytes());
        }
        let other = SealedPage { wrapped: Some(vec![1; 77]), secrets: Vec::new() };
        assert!(matches!(copy.put_sealed(space, other).await, Err(VaultFault::Sealed)));
        let unkeyed = SealedPage { wrapped: None, secrets: vec![("x".to_owned(), vec![1])] };
        let nowhere = Space::Tenant(TenantId::from_bytes([8; 16]));
        assert!(matches!(copy.put_sealed(nowhere, unkeyed).await, Err(VaultFault::Sealed)));
    }

    #[test]
    fn a_file_of_another_release_is_not_read_beside_its_writer() {
        let dir = TempDir::new().unwrap();
        assert!(SqliteRows::reading(dir.path()).is_err(), "nothing is made");
        drop(SqliteVault::open(dir.path()).unwrap());
        SqliteRows::reading(dir.path()).unwrap();
        let conn = Connection::open(dir.path().join("secrets.db")).unwrap();
        conn.pragma_update(None, "user_version", 0).unwrap();
        assert!(SqliteRows::reading(dir.path()).is_err());
        conn.prepare(SEALED).unwrap();
    }
}
