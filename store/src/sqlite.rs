//! The SQLite adapters: how a database of ours is opened, configured and migrated, and errors put in words.
//!
//! Never here: a statement that is not a named constant listed for the test that prepares each, or one without a
//! tenant that is not a listed fleet query.
//! To add a table: one more migration at the end of its list (never change an old one), statements as constants.

mod contexts;
mod definitions;
mod held;
mod ledger;
mod log;
mod meter;
mod outbox;
mod readers;
mod secrets;
mod writer;

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};
use writ_model::Code;

pub use contexts::SqliteContexts;
pub use definitions::SqliteDefinitions;
pub use held::SqliteHeld;
pub use ledger::SqliteLedger;
pub use log::LocalLog;
pub use meter::SqliteBank;
pub use outbox::SqliteOutbox;
pub use secrets::{SqliteRows, SqliteVault};

/// How long a connection waits for another one's lock: only a second process can hold one for long.
const BUSY: Duration = Duration::from_secs(5);

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// SQLite refused.
    #[error("the database {path} could not be opened")]
    Sqlite {
        /// Which file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file could not be made.
    #[error("the file {path} could not be made")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A newer release has written it.
    #[error("the database {path} has version {found}, and this release knows up to {known}")]
    TooNew {
        /// Which file.
        path: String,
        /// Its version.
        found: usize,
        /// The newest version known.
        known: usize,
    },
    /// It does not flush before it acknowledges, whatever was asked.
    #[error("the database {path} runs with {setting} = {found}, not {wanted}")]
    Setting {
        /// Which file.
        path: String,
        /// Which setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
}

impl OpenFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Sqlite { .. } | Self::File { .. } => "STOR-0021",
            Self::TooNew { .. } => "STOR-0022",
            Self::Setting { .. } => "STOR-0023",
        })
    }
}

/// Opens a database for writing: readable by its owner only, write-ahead log, a flush before each commit returns.
fn open(path: &Path, migrations: &[&str]) -> Result<Connection, OpenFault> {
    let name = || path.display().to_string();
    private_file(path).map_err(|source| OpenFault::File { path: name(), source })?;
    let sqlite = |source| OpenFault::Sqlite { path: name(), source };
    let mut conn = Connection::open(path).map_err(sqlite)?;
    conn.busy_timeout(BUSY).map_err(sqlite)?;
    for (setting, value, wanted) in [
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", "2"),
        ("trusted_schema", "OFF", "0"),
        ("cell_size_check", "ON", "1"),
    ] {
        conn.pragma_update(None, setting, value).map_err(sqlite)?;
        let found = conn
            .pragma_query_value(None, setting, |row| row.get::<_, rusqlite::types::Value>(0))
            .map_err(sqlite)?;
        let found = match found {
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Integer(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        if found != wanted {
            return Err(OpenFault::Setting { path: name(), setting, found, wanted });
        }
    }
    migrate(&mut conn, path, migrations)?;
    Ok(conn)
}

/// Makes the file before SQLite does, so that only its owner can read it; the log and index beside it inherit that.
fn private_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Runs the migrations this database has not seen, each in its own transaction. Forward only.
fn migrate(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), OpenFault> {
    let name = || path.display().to_string();
    let sqlite = |source| OpenFault::Sqlite { path: name(), source };
    let found = conn
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .map_err(sqlite)?;
    let known = migrations.len();
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > known {
        return Err(OpenFault::TooNew { path: name(), found, known });
    }
    for (version, step) in migrations.iter().enumerate().skip(found) {
        let tx = conn.transaction().map_err(sqlite)?;
        tx.execute_batch(step).map_err(sqlite)?;
        let next = i64::try_from(version).unwrap_or(i64::MAX).saturating_add(1);
        tx.pragma_update(None, "user_version", next).map_err(sqlite)?;
        tx.commit().map_err(sqlite)?;
    }
    Ok(())
}

/// That a database another process may be writing has exactly the tables of this release.
fn known(path: &Path, migrations: &[&str]) -> Result<(), OpenFault> {
    let name = || path.display().to_string();
    let sqlite = |source| OpenFault::Sqlite { path: name(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    conn.busy_timeout(BUSY).map_err(sqlite)?;
    let found = conn
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .map_err(sqlite)?;
    // Beside any other journal a reader would make the writer wait.
    let journal = conn
        .pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
        .map_err(sqlite)?;
    if journal != "wal" {
        let setting = "journal_mode";
        return Err(OpenFault::Setting { path: name(), setting, found: journal, wanted: "wal" });
    }
    let (found, known) = (usize::try_from(found).unwrap_or(usize::MAX), migrations.len());
    if found == known { Ok(()) } else { Err(OpenFault::TooNew { path: name(), found, known }) }
}

/// A count as SQLite's integer. Beyond `i64::MAX` there are no rows.
fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use writ_testkit::TempDir;

    use super::*;

    #[test]
    fn settings_hold_files_are_private_and_a_newer_version_is_refused() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("x.db");
        let steps = ["CREATE TABLE a (n INTEGER) STRICT", "CREATE TABLE b (n INTEGER) STRICT"];
        let conn = open(&path, &steps[..1]).unwrap();
        conn.execute("INSERT INTO a VALUES (1)", []).unwrap();
        drop(conn);
        let conn = open(&path, &steps).unwrap();
        assert_eq!(conn.query_row("SELECT n FROM a", [], |row| row.get::<_, i64>(0)), Ok(1));
        assert!(conn.prepare("SELECT n FROM b").is_ok());
        drop(conn);
        let fault = open(&path, &steps[..1]).unwrap_err();
        assert!(matches!(fault, OpenFault::TooNew { found: 2, known: 1, .. }), "{fault}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
