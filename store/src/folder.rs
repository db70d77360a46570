//! The data folder: one installation's files, held by one process at a time.
//!
//! Never here: what the files mean, save `writ.lock` (who holds it) and `format` (which layout it has).
//! To change the layout: one more step at the end of `STEPS`; forward only.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use writ_model::Code;

/// Bytes read of a lock or format file: a number and a line end.
const MAX_NOTE: u64 = 64;

/// What the file `format` says of a folder that is being filled: not yet one of ours.
const UNFINISHED: &str = "unfinished";

/// What brings a folder from one layout to the next; the layout's number is how many of these have run.
const STEPS: &[fn(&Path) -> io::Result<()>] = &[|_| Ok(())];

/// How a folder is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// By this process alone: whoever writes.
    Exclusive,
    /// Together with other readers, while nobody writes.
    Shared,
}

/// Why a folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// Another process has it.
    #[error("the data folder {path} is held by {holder}: stop that process first, or talk to it")]
    Held {
        /// Which folder.
        path: String,
        /// The process, as far as it is known.
        holder: String,
    },
    /// A newer release has written it.
    #[error("the data folder {path} has layout {found}, and this release knows up to {known}")]
    TooNew {
        /// Which folder.
        path: String,
        /// Its layout.
        found: String,
        /// The newest layout known.
        known: usize,
    },
    /// It was being filled from a backup, and that was cut short.
    #[error("the data folder {path} was being restored, and that did not end")]
    Unfinished {
        /// Which folder.
        path: String,
    },
    /// It could not be made, read or written.
    #[error("the data folder {path} cannot be used")]
    Io {
        /// Which folder.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl FolderFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Held { .. } => "STOR-0018",
            Self::TooNew { .. } => "STOR-0019",
            Self::Io { .. } => "STOR-0020",
            Self::Unfinished { .. } => "STOR-0090",
        })
    }
}

/// A data folder, held until this is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// The lock lives as long as the file is open.
    _lock: File,
}

impl DataFolder {
    /// Opens a folder, makes it (readable by its owner only) if it is not there, and takes its lock.
    ///
    /// # Errors
    /// If another process holds it, a newer release has written it, or it cannot be made.
    pub fn open(path: &Path, hold: Hold) -> Result<Self, FolderFault> {
        let io = |source| FolderFault::Io { path: path.display().to_string(), source };
        make(path).map_err(io)?;
        let mut lock = private(&path.join("writ.lock")).map_err(io)?;
        let taken = match hold {
            Hold::Exclusive => lock.try_lock(),
            Hold::Shared => lock.try_lock_shared(),
        };
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display().to_string();
                return Err(FolderFault::Held { path, holder: holder(&mut lock) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        if hold == Hold::Exclusive {
            sign(&mut lock).map_err(io)?;
        }
        migrate(path, hold)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says that what is in the folder is not whole: nobody opens it before [`DataFolder::whole`], however this process
    /// ends.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn unfinished(&self) -> Result<(), FolderFault> {
        self.says(UNFINISHED)
    }

    /// Says that what is in the folder is whole, in this release's layout.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn whole(&self) -> Result<(), FolderFault> {
        self.says(&STEPS.len().to_string())
    }

    fn says(&self, format: &str) -> Result<(), FolderFault> {
        let io = |source| FolderFault::Io { path: self.path.display().to_string(), source };
        write_whole(&self.path, "format", format!("{format}\n").as_bytes()).map_err(io)
    }
}

/// Makes the folder, or checks that it is one. One that was there keeps its mode: its files are private by their own.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes who holds the lock, for the message another process prints.
fn sign(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    let read = lock.rewind().and_then(|()| lock.take(MAX_NOTE).read_to_string(&mut text));
    match text.trim().parse::<u32>() {
        Ok(pid) if read.is_ok() => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}

fn migrate(path: &Path, hold: Hold) -> Result<(), FolderFault> {
    let name = || path.display().to_string();
    let io = |source| FolderFault::Io { path: name(), source };
    let file = path.join("format");
    let mut text = String::new();
    match File::open(&file) {
        Ok(open) => open.take(MAX_NOTE).read_to_string(&mut text).map(drop).map_err(io)?,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => text.push('0'),
        Err(fault) => return Err(io(fault)),
    }
    let known = STEPS.len();
    if text.trim() == UNFINISHED {
        return Err(FolderFault::Unfinished { path: name() });
    }
    let too_new = || FolderFault::TooNew { path: name(), found: text.trim().to_owned(), known };
    let found = text.trim().parse::<usize>().ok().filter(|found| *found <= known);
    let found = found.ok_or_else(too_new)?;
    if found == known || hold == Hold::Shared {
        return Ok(());
    }
    for step in STEPS.iter().skip(found) {
        step(path).map_err(io)?;
    }
    write_whole(path, "format", format!("{known}\n").as_bytes()).map_err(io)
}

/// Writes a file of a folder whole or not at all, readable by its owner only, flushed with its folder.
pub(crate) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!("{name}.new"));
    let mut file = private(&draft)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(name))?;
    // Elsewhere a folder cannot be opened as a file, and the rename itself is durable.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use writ_testkit::TempDir;

    use super::*;

    #[test]
    fn one_writer_or_many_readers_and_the_message_says_who() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a").join("b");
        let held = DataFolder::open(&path, Hold::Exclusive).unwrap();
        for hold in [Hold::Exclusive, Hold::Shared] {
            let fault = DataFolder::open(&path, hold).unwrap_err();
            let pid = format!("process {}", std::process::id());
            assert!(fault.to_string().contains(&pid), "{fault}");
            assert_eq!(fault.code(), Code("STOR-0018"));
        }
        drop(held);
        let reader = DataFolder::open(&path, Hold::Shared).unwrap();
        let another = DataFolder::open(&path, Hold::Shared).unwrap();
        assert!(DataFolder::open(&path, Hold::Exclusive).is_err());
        assert_eq!(reader.path(), another.path());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(""), mode("writ.lock"), mode("format")), (0o700, 0o600, 0o600));
        }
    }

    #[test]
    fn a_newer_or_damaged_layout_is_refused_and_an_older_one_moves_on() {
        let dir = TempDir::new().unwrap();
        for text in ["99\n", "x", "", "-1"] {
            fs::write(dir.path().join("format"), text).unwrap();
            let fault = DataFolder::open(dir.path(), Hold::Exclusive).unwrap_err();
            assert!(matches!(fault, FolderFault::TooNew { .. }), "{text}: {fault}");
        }
        fs::write(dir.path().join("format"), "0").unwrap();
        drop(DataFolder::open(dir.path(), Hold::Exclusive).unwrap());
        assert_eq!(fs::read_to_string(dir.path().join("format")).unwrap(), "1\n");
    }

    #[test]
    fn a_folder_that_is_being_filled_is_nobodys_until_it_is_whole() {
        let dir = TempDir::new().unwrap();
        let held = DataFolder::open(dir.path(), Hold::Exclusive).unwrap();
        held.unfinished().unwrap();
        drop(held);
        for hold in [Hold::Exclusive, Hold::Shared] {
            let fault = DataFolder::open(dir.path(), hold).unwrap_err();
            assert_eq!(fault.code(), Code("STOR-0090"));
        }
        fs::write(dir.path().join("format"), "1").unwrap();
        let held = DataFolder::open(dir.path(), Hold::Exclusive).unwrap();
        held.unfinished().unwrap();
        held.whole().unwrap();
        drop(held);
        DataFolder::open(dir.path(), Hold::Shared).unwrap();
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        assert!(matches!(DataFolder::open(&path, Hold::Shared), Err(FolderFault::Io { .. })));
    }
}
