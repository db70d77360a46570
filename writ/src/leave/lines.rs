//! The lines of an exported ledger, read again after it was verified.
//!
//! Never here: trust; whoever takes these lines compares the root they lead to with the one that was verified.

use std::{fs, path::Path};

use writ_evidence::{Checkpoint, Note, tiles};

use crate::fault::{Exit, Fault};

/// Takes a line and its index.
pub type Take<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), Fault>;

fn broken(what: impl std::fmt::Display) -> Fault {
    Fault::new(Exit::Unverified, format!("the export changed while it was read: {what}"))
}

/// The checkpoint of an export, as its note.
///
/// # Errors
/// If it is not there or none.
pub fn checkpoint(dir: &Path) -> Result<(String, Checkpoint), Fault> {
    let path = dir.join(tiles::CHECKPOINT);
    let bytes = fs::read(&path).map_err(|error| Fault::file(&path, "read", &error))?;
    let note = Note::parse(&bytes).map_err(broken)?;
    let head = Checkpoint::parse(&note.text).map_err(broken)?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), head))
}

/// Gives each line of an export of this size, in order, one bundle in memory at a time.
///
/// # Errors
/// If a file is missing or malformed, or as `take` says.
pub fn each(dir: &Path, size: u64, take: Take<'_>) -> Result<(), Fault> {
    for number in 0..size.div_ceil(tiles::WIDTH) {
        let first = number * tiles::WIDTH;
        let width = tiles::WIDTH.min(size - first);
        let path = dir.join(tiles::entries_path(number, width));
        let bundle = fs::read(&path).map_err(|error| Fault::file(&path, "read", &error))?;
        let lines = tiles::read_bundle(&bundle, width).map_err(broken)?;
        for (index, line) in (first..).zip(lines) {
            take(index, line)?;
        }
    }
    Ok(())
}
