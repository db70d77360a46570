//! [`Journal`]: what a killed process must not take with it. Files beside a store, in which a call's record stands before the
//! call is answered, and a call that acts before it leaves; read at the next start.
//!
//! An entry is one `write` to a file of this machine, without a flush: the kernel has it when the process is killed. Who
//! needs it to survive the machine as well waits for a flush ([`crate::queue`] has the thread for it). When a file is full
//! the next one is begun, with all calls that still run; the old one goes when the store has everything that ended in it.
//! INVARIANT: files go oldest first, so what is left never has a call's leaving without the end that came after it.
//! Never here: the queue's lock (whoever holds it calls this), what a record means, a decision.
//! To add a kind of entry: `journal/frame.rs`, and an arm in [`read::Read`].

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use writ_model::CallId;

use crate::{
    fault::LakeFault,
    record::Record,
    wire::{self, WireFault},
};

mod frame;
mod read;

/// LIMIT: bytes after which the next file is begun: what is read at a start stays some thousands of records.
const FULL: usize = 8 << 20;
/// LIMIT: looks, 5 ms apart, whether a dead process has let go of a file.
const LOOKS: u32 = 2_000;
/// Where Linux says which run of the machine this is.
const MACHINE: &str = "/proc/sys/kernel/random/boot_id";
/// LIMIT: bytes of that.
const MAX_MACHINE: u64 = 64;
/// LIMIT: bytes that a file is longer than what stands in it, all zero. A flush of what is written over them is one write
/// of the disk and its flush; where the file grows, its new length and its blocks have to be written as well.
const AHEAD: usize = 256 << 10;
static ZEROS: [u8; 32 << 10] = [0; 32 << 10];
/// What an encoded record has beside its OCSF bytes and its arguments, about: no second allocation for most.
const BESIDE: usize = 768;

/// A record's entry.
pub(crate) struct Entry(Vec<u8>);

impl Entry {
    /// The entry of a call that leaves.
    pub(crate) fn leaving(record: &Record) -> Result<Self, WireFault> {
        Self::of(frame::Kind::Leaving, record)
    }

    /// The entry of a call's record.
    pub(crate) fn ended(record: &Record) -> Result<Self, WireFault> {
        Self::of(frame::Kind::Ended, record)
    }

    fn of(kind: frame::Kind, record: &Record) -> Result<Self, WireFault> {
        let mut entry = frame::open(record.ocsf.len() + record.inputs.arguments.len() + BESIDE);
        wire::encode(record, &mut entry)?;
        let (found, most) = (entry.len(), wire::MAX_RECORD);
        let closed = frame::close(kind, entry);
        closed.map(Self).ok_or(WireFault::TooLong { field: "record", found, most })
    }
}

/// The file that is written.
#[derive(Debug)]
struct Current {
    no: u64,
    file: Arc<File>,
    length: usize,
    /// Bytes of it that are on the disk's map: beyond `length` they are zero.
    filled: usize,
    /// Bytes after which the next one is begun: with many calls that run, more than [`FULL`], so that carrying them costs
    /// no more than writing them did.
    full: usize,
    /// The folder's entry of it is on the disk.
    named: bool,
}

impl Current {
    /// Writes zeros beyond what stands in it. Without them, on a disk that is full, it is as good a journal and a slower one.
    fn fill(&mut self) -> io::Result<()> {
        self.filled = self.length;
        let end = self.length + AHEAD.min(self.full);
        while self.filled < end {
            let zeros = ZEROS.get(..end - self.filled).unwrap_or(&ZEROS);
            if (&*self.file).write_all(zeros).is_err() {
                self.filled = self.length;
                self.file.set_len(self.length as u64)?;
                break;
            }
            self.filled += zeros.len();
        }
        (&*self.file).seek(SeekFrom::Start(self.length as u64)).map(|_at| ())
    }
}

/// A file that is not written any more. Held open: its lock says that it is ours.
#[derive(Debug)]
pub(crate) struct Old {
    no: u64,
    path: PathBuf,
    _lock: Arc<File>,
    /// It has bytes that nobody can read, and is kept aside.
    spoiled: bool,
}

impl Old {
    /// Removes it, or puts it aside if somebody has to look at it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let gone = if self.spoiled {
            fs::rename(&self.path, self.path.with_extension("damaged"))
        } else {
            fs::remove_file(&self.path)
        };
        gone.or_else(
            |fault| if fault.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(fault) },
        )
    }
}

/// What earlier runs left.
#[derive(Debug, Default)]
pub struct Left {
    /// Records whose calls may have been answered, in their order. The store may have them already.
    pub ended: Vec<Record>,
    /// Calls that left and of whose end nothing stands here: each as its record would be if nothing more is ever known.
    pub unfinished: Vec<Record>,
    /// The machine has been started anew since: what was written in its last moments may be missing.
    pub machine_went_down: bool,
    /// Bytes that are spoiled, with whole entries after them.
    pub spoiled: usize,
    /// Bytes at the ends of files that are no whole entry.
    pub cut: usize,
}

/// The journal of one store.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    prefix: String,
    machine: String,
    next: u64,
    most: usize,
    current: Option<Current>,
    /// Oldest first.
    old: Vec<Old>,
    /// Calls that left and have not ended, with their entries: carried from file to file. LIMIT: as many as have places in
    /// the queue.
    open: BTreeMap<CallId, Vec<u8>>,
    /// Entries that could not be written: they go first into the next file. LIMIT: as many as have places in the queue; no
    /// new one is given meanwhile.
    missed: Vec<Vec<u8>>,
    broken: bool,
}

impl Journal {
    /// Reads what earlier runs left beside a store's file. Nothing is removed before [`Journal::settle`].
    ///
    /// # Errors
    /// If a file cannot be read, another process uses it, or a newer release wrote it: what it has must not be lost.
    pub fn open(store: &Path) -> Result<(Self, Left), LakeFault> {
        Self::opened(store, LOOKS)
    }

    fn opened(store: &Path, looks: u32) -> Result<(Self, Left), LakeFault> {
        let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new(".")).to_owned();
        let stem = store.file_stem().unwrap_or(store.as_os_str()).to_string_lossy();
        let mut journal = Self {
            prefix: format!("{stem}-journal-"),
            machine: machine(),
            folder,
            next: 1,
            most: FULL,
            current: None,
            old: Vec::new(),
            open: BTreeMap::new(),
            missed: Vec::new(),
            broken: false,
        };
        let mut read = read::Read::default();
        for (no, path) in journal.files()? {
            journal.next = no + 1;
            let broken = |source| LakeFault::Journal { path: path.display().to_string(), source };
            let Some((file, bytes)) = read::held(&path, looks).map_err(broken)? else { continue };
            let spoiled = read.file(&bytes, &journal.machine).map_err(|fault| {
                LakeFault::JournalUnread { path: path.display().to_string(), source: fault }
            })?;
            journal.old.push(Old { no, path, _lock: Arc::new(file), spoiled });
        }
        read.told(&journal.prefix);
        let unfinished = read.open.values().map(|(record, _)| record.clone()).collect();
        journal.open = read.open.into_iter().map(|(call, (_, entry))| (call, entry)).collect();
        Ok((journal, Left { unfinished, ..read.left }))
    }

    /// What earlier runs left is durable elsewhere, but for the calls without an end: they go into a file of this run.
    ///
    /// # Errors
    /// If that cannot be written.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        if !self.open.is_empty() {
            let file = self.renew()?;
            self.sync(&file)?;
        }
        for old in std::mem::take(&mut self.old) {
            old.remove()?;
        }
        Ok(())
    }

    /// A call leaves. If it fails, it must not.
    pub(crate) fn leaves(&mut self, call: CallId, entry: Entry) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the journal waits for a new file"));
        }
        self.append(&entry.0).inspect_err(|_| self.broken = true)?;
        self.open.insert(call, entry.0);
        Ok(())
    }

    /// A call has ended; whether its record stands in a file. If not, it does in the next one.
    pub(crate) fn ended(&mut self, call: CallId, entry: Entry) -> io::Result<()> {
        self.open.remove(&call);
        if self.broken {
            self.missed.push(entry.0);
            return Ok(());
        }
        self.append(&entry.0).inspect_err(|_| {
            self.broken = true;
            self.missed.push(entry.0);
        })
    }

    /// Something failed: nothing is trusted to it before a new file was flushed.
    pub(crate) fn broke(&mut self) {
        self.broken = true;
    }

    /// Whether something failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// A new file with all calls that run and all that could not be written was flushed: it is trusted again.
    pub(crate) fn trust(&mut self) -> io::Result<()> {
        self.broken = false;
        let missed = std::mem::take(&mut self.missed);
        let mut missed = missed.into_iter();
        while let Some(entry) = missed.next() {
            if let Err(fault) = self.append(&entry) {
                self.broken = true;
                self.missed.push(entry);
                self.missed.extend(missed);
                return Err(fault);
            }
        }
        Ok(())
    }

    /// The file that is written and whether the folder's entry of it has to be flushed too; none if nothing was written.
    pub(crate) fn current(&self) -> Option<Flush> {
        let current = self.current.as_ref()?;
        let folder = (!current.named).then(|| self.folder.clone());
        Some(Flush { no: current.no, file: Arc::clone(&current.file), folder })
    }

    /// A file was flushed, with its folder.
    pub(crate) fn named(&mut self, no: u64) {
        if let Some(current) = self.current.as_mut().filter(|current| current.no == no) {
            current.named = true;
        }
    }

    /// The newest of the files that are not written any more.
    pub(crate) fn retires(&self) -> Option<u64> {
        self.old.last().map(|old| old.no)
    }

    /// Gives away the files up to a number, oldest first.
    pub(crate) fn take_old(&mut self, up_to: u64) -> Vec<Old> {
        let count = self.old.partition_point(|old| old.no <= up_to);
        self.old.drain(..count).collect()
    }

    /// Takes back files that could not be removed, oldest first.
    pub(crate) fn put_back(&mut self, files: Vec<Old>) {
        self.old.splice(0..0, files);
    }

    /// The store has everything: all files go, if no call runs. Whether they went.
    pub(crate) fn finish(&mut self) -> io::Result<bool> {
        if !self.open.is_empty() {
            return Ok(false);
        }
        self.missed.clear();
        if let Some(current) = self.current.take() {
            let path = self.path(current.no);
            self.old.push(Old { no: current.no, path, _lock: current.file, spoiled: false });
        }
        for old in std::mem::take(&mut self.old) {
            old.remove()?;
        }
        Ok(true)
    }

    /// Begins the next file, with all calls that run and all that could not be written.
    pub(crate) fn renew(&mut self) -> io::Result<Flush> {
        let mut begun = frame::open(self.machine.len());
        begun.extend_from_slice(self.machine.as_bytes());
        let mut bytes = frame::close(frame::Kind::Begun, begun).unwrap_or_default();
        self.open.values().chain(&self.missed).for_each(|entry| bytes.extend_from_slice(entry));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // LIMIT: as often as there are files of somebody else, who opened the same store.
        let (no, path, file) = loop {
            let (no, path) = (self.next, self.path(self.next));
            match options.open(&path) {
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => self.next += 1,
                opened => break (no, path, opened?),
            }
        };
        let lock = file.try_lock().map_err(|fault| match fault {
            TryLockError::Error(fault) => fault,
            TryLockError::WouldBlock => io::Error::other("another process has it"),
        });
        if let Err(fault) = lock.and_then(|()| (&file).write_all(&bytes)) {
            // It is begun anew under its number; what stands in it stands in the old one as well.
            fs::remove_file(&path)?;
            return Err(fault);
        }
        self.missed.clear();
        self.next += 1;
        let (file, length) = (Arc::new(file), bytes.len());
        let full = self.most.max(length.saturating_mul(2));
        let current =
            Current { no, file: Arc::clone(&file), length, filled: length, full, named: false };
        if let Some(before) = self.current.replace(current) {
            let path = self.path(before.no);
            self.old.push(Old { no: before.no, path, _lock: before.file, spoiled: false });
        }
        Ok(Flush { no, file, folder: Some(self.folder.clone()) })
    }

    fn append(&mut self, entry: &[u8]) -> io::Result<()> {
        if self.current.as_ref().is_none_or(|current| current.length >= current.full) {
            self.renew()?;
        }
        let Some(current) = self.current.as_mut() else { return Ok(()) };
        if let Err(fault) = (&*current.file).write_all(entry) {
            // Half an entry may be there. If it stays, it is at this file's end: a new one follows.
            drop(current.file.set_len(current.length as u64));
            return Err(fault);
        }
        current.length += entry.len();
        if current.length > current.filled { current.fill() } else { Ok(()) }
    }

    fn sync(&mut self, flush: &Flush) -> io::Result<()> {
        flush.run()?;
        self.named(flush.no);
        Ok(())
    }

    fn path(&self, no: u64) -> PathBuf {
        self.folder.join(format!("{}{no}.log", self.prefix))
    }

    /// Files that are there, oldest first.
    fn files(&self) -> Result<Vec<(u64, PathBuf)>, LakeFault> {
        let broken = |source| {
            let path = self.folder.join(&self.prefix).display().to_string();
            LakeFault::Journal { path, source }
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(broken)? {
            let name = entry.map_err(broken)?.file_name();
            let no = name.to_str().and_then(|name| {
                name.strip_prefix(&self.prefix)?.strip_suffix(".log")?.parse::<u64>().ok()
            });
            found.extend(no.map(|no| (no, self.path(no))));
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// A file to be flushed, without a lock.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) no: u64,
    file: Arc<File>,
    folder: Option<PathBuf>,
}

impl Flush {
    /// Returns when it survives the machine.
    pub(crate) fn run(&self) -> io::Result<()> {
        self.file.sync_data()?;
        // Elsewhere a folder cannot be opened as a file.
        #[cfg(unix)]
        self.folder.as_ref().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
        Ok(())
    }
}

/// Which run of the machine this is; empty where nobody says.
fn machine() -> String {
    let mut said = String::new();
    let read =
        File::open(MACHINE).and_then(|file| file.take(MAX_MACHINE).read_to_string(&mut said));
    if read.is_ok() { said.trim().to_owned() } else { String::new() }
}

#[cfg(test)]
pub(crate) mod tests;
