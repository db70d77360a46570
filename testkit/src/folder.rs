//! [`TempDir`]: a folder of a test's own, removed when it is dropped.
//!
//! Never here: a fixed path; two tests must never meet in one folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

static COUNTER: AtomicU64 = AtomicU64::new(0);
/// How many names are tried: leftovers of a killed run with the same process id are few.
const TRIES: usize = 1000;

/// A folder that lives as long as this value.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// A new empty folder under the system's temporary folder.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> io::Result<Self> {
        for _ in 0..TRIES {
            let count = COUNTER.fetch_add(1, Ordering::SeqCst);
            let path = std::env::temp_dir().join(format!("writ-test-{}-{count}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(io::Error::other("no free name for a temporary folder"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // Nobody can be told, and a leftover in the system's temporary folder harms nothing.
        drop(fs::remove_dir_all(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_differ_and_go_away() {
        let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        assert_ne!(one.path(), two.path());
        let path = one.path().to_owned();
        fs::write(path.join("file"), b"x").unwrap();
        drop(one);
        assert!(!path.exists() && two.path().exists());
    }
}
