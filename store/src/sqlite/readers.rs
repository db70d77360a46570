//! A few read-only connections used from blocking threads.
//!
//! Never here: a write.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::{sync::Semaphore, task};

use super::BUSY;
use crate::ReadError;

/// Connections, and so blocking threads, that read at once: reads are short, and more would only contend for cores.
const READERS: usize = 4;

/// The pool.
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl fmt::Debug for Readers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Readers({})", self.path.display())
    }
}

impl Readers {
    /// A pool over a database that exists.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Runs a read on a blocking thread.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, ReadError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(words)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        task::spawn_blocking(move || {
            let taken = idle.lock().pop();
            let conn = match taken {
                Some(conn) => conn,
                None => open(&path).map_err(words)?,
            };
            let answer = work(&conn);
            // A connection that failed is not used again.
            if answer.is_ok() {
                idle.lock().push(conn);
            }
            drop(permit);
            answer
        })
        .await
        .map_err(words)?
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "query_only", "ON")?;
    Ok(conn)
}

/// A fault in the store's words.
pub(super) fn words(fault: impl fmt::Display) -> ReadError {
    ReadError::Faulted { why: fault.to_string() }
}
