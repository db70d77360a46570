//! [`Copier`]: reads the file beside the process that writes it, oldest first, for backups.
//!
//! Never here: a write, a migration, or a tenant's page (that is `query`).

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use crate::{Stored, fault::LakeFault, query, sql};

/// LIMIT: records of one read.
pub const MAX_COPY: usize = 1_024;
/// How long to wait for a lock of the writer: it holds none for readers but while it opens.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// Reads records in order of arrival.
#[derive(Debug)]
pub struct Copier {
    db: Connection,
}

impl Copier {
    /// Opens a file for copying; none if there is none.
    ///
    /// # Errors
    /// If it cannot be opened, or is of another release: whoever reads beside a writer must know its tables.
    pub fn open(path: &Path) -> Result<Option<Self>, LakeFault> {
        if !path.exists() {
            return Ok(None);
        }
        let fault = |source| LakeFault::Open { path: path.display().to_string(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(fault)?;
        db.busy_timeout(BUSY).map_err(fault)?;
        let form: i64 = db.query_row(sql::FORM_GET, [], |row| row.get(0)).map_err(fault)?;
        if form == sql::FORM {
            return Ok(Some(Self { db }));
        }
        Err(LakeFault::Form { path: path.display().to_string(), form })
    }

    /// The records after a place, oldest first; at most [`MAX_COPY`].
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn after(&self, place: i64) -> Result<Vec<Stored>, LakeFault> {
        let most = i64::try_from(MAX_COPY).unwrap_or(i64::MAX);
        query::copied(&self.db, params![place, most])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_file_is_no_fault_and_another_release_is_one() {
        let folder = writ_testkit::TempDir::new().unwrap();
        let path = folder.path().join("lake.db");
        assert!(Copier::open(&path).unwrap().is_none());
        let lake = crate::Activity::open(&path).unwrap();
        let copier = Copier::open(&path).unwrap().unwrap();
        assert_eq!(copier.after(0).unwrap(), []);
        lake.close().await;
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99;").unwrap();
        assert!(matches!(Copier::open(&path), Err(LakeFault::Form { form: 99, .. })));
    }
}
