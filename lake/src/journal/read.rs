//! What earlier runs left, read file by file: what ended, what did not, and what cannot be read.
//!
//! Never here: a change of a file. To read one more kind of entry: an arm in [`Read::take`].

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io::{self, Read as _},
    path::Path,
    time::Duration,
};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use writ_model::CallId;

use super::{Entry, Left, frame};
use crate::{
    record::Record,
    wire::{self, WireFault},
};

/// LIMIT: bytes of a file that is read: one that was full, with a record of the longest kind and all calls that ran.
const MAX_FILE: u64 = 1 << 30;
/// Between two looks whether a file is free.
const LOOK: Duration = Duration::from_millis(5);

/// What is read of all files.
#[derive(Default)]
pub(super) struct Read {
    pub(super) left: Left,
    pub(super) open: BTreeMap<CallId, (Record, Vec<u8>)>,
}

impl Read {
    /// Takes a file's entries; whether some of it is spoiled.
    pub(super) fn file(&mut self, bytes: &Bytes, machine: &str) -> Result<bool, WireFault> {
        let entries = frame::read(bytes);
        let mut spoiled = entries.spoiled;
        for (kind, body) in entries.whole {
            let found = kind.map_err(|found| WireFault::Newer { found })?;
            match self.take(found, &body, machine) {
                Ok(()) => {}
                Err(fault @ WireFault::Newer { .. }) => return Err(fault),
                Err(_) => spoiled += body.len(),
            }
        }
        self.left.spoiled += spoiled;
        self.left.cut += entries.cut;
        Ok(spoiled > 0)
    }

    fn take(&mut self, kind: frame::Kind, body: &Bytes, machine: &str) -> Result<(), WireFault> {
        if kind == frame::Kind::Begun {
            let known = !machine.is_empty() && !body.is_empty();
            self.left.machine_went_down |= known && **body != *machine.as_bytes();
            return Ok(());
        }
        for record in wire::decode(body)? {
            if kind == frame::Kind::Ended {
                self.open.remove(&record.call);
                self.left.ended.push(record);
            } else {
                let entry = Entry::leaving(&record)?;
                self.open.insert(record.call, (record, entry.0));
            }
        }
        Ok(())
    }

    pub(super) fn told(&self, journal: &str) {
        let Left { spoiled, cut, machine_went_down, ended, .. } = &self.left;
        if *spoiled > 0 {
            tracing::error!(
                journal,
                bytes = spoiled,
                "the journal of an earlier run is damaged: what stood there is missing; the file is kept beside it"
            );
        }
        if *cut > 0 {
            tracing::warn!(
                journal,
                bytes = cut,
                "the journal of an earlier run ends in half an entry"
            );
        }
        if *machine_went_down {
            tracing::warn!(
                event = "gateway.machine_went_down",
                journal,
                "the machine stopped while records were written: calls of its last moments that only read may have none"
            );
        }
        if !ended.is_empty() || !self.open.is_empty() {
            tracing::info!(
                journal,
                records = ended.len(),
                unfinished = self.open.len(),
                "an earlier run did not end in order; its records are taken up"
            );
        }
    }
}

/// A file and its bytes, locked; none if whoever had it was done with it. A killed process lets go of its files one after the
/// other, so this one may be held for a moment longer than the folder is.
pub(super) fn held(path: &Path, looks: u32) -> io::Result<Option<(File, Bytes)>> {
    let mut file = match File::open(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut left = looks;
    while let Err(fault) = file.try_lock() {
        match fault {
            TryLockError::Error(fault) => return Err(fault),
            TryLockError::WouldBlock if left == 0 => {
                return Err(io::Error::other("another process has it"));
            }
            TryLockError::WouldBlock => {
                left -= 1;
                let lock = Mutex::new(());
                Condvar::new().wait_for(&mut lock.lock(), LOOK);
            }
        }
    }
    let length = file.metadata()?.len();
    if length > MAX_FILE {
        let words = format!("it has {length} bytes, and a journal has at most {MAX_FILE}");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    io::Read::by_ref(&mut file).take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(Some((file, Bytes::from(bytes))))
}
