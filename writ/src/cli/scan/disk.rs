//! Files of this machine for a scan: read only, at any place, and never a pipe or a device.
//!
//! SECURITY: a file is opened without waiting and looked at again once it is open, so that a pipe that takes its place between two
//! looks neither hangs nor is read. Never here: what is in a file. To read another way: [`Disk`].

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

use writ_supply::discover::{Entry, Files, Source, Unread};

/// Bytes read at once for small reads; most models are smaller.
const WINDOW: usize = 64 << 10;
/// LIMIT: entries of one folder that are listed for what one file says about another.
const MOST_ENTRIES: usize = 20_000;

/// A file that is open.
#[derive(Debug)]
pub(super) struct Disk {
    file: File,
    length: u64,
    window: Vec<u8>,
    from: u64,
}

impl Disk {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be opened, or is no file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // To open a device may do something; what it is can be asked before.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
            options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        }
        let file = options.open(path)?;
        let known = file.metadata()?;
        if !known.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        Ok(Self { file, length: known.len(), window: Vec::new(), from: 0 })
    }

    #[cfg(unix)]
    fn read(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buf, at)
    }

    #[cfg(windows)]
    fn read(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buf, at)
    }

    /// As [`Disk::read`], going on where a signal came between.
    fn whole(&self, at: u64, buf: &mut [u8]) -> Result<usize, Unread> {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let place = at.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
            match self.read(place, rest) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Unread::Refused(error.to_string())),
            }
        }
        Ok(done)
    }
}

impl Source for Disk {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<usize, Unread> {
        if buf.len() >= WINDOW {
            return self.whole(at, buf);
        }
        let held = u64::try_from(self.window.len()).unwrap_or(0);
        if at < self.from || at >= self.from.saturating_add(held) {
            let want =
                usize::try_from(self.length.saturating_sub(at)).unwrap_or(WINDOW).min(WINDOW);
            let mut window = std::mem::take(&mut self.window);
            window.resize(want, 0);
            let read = self.whole(at, &mut window)?;
            window.truncate(read);
            self.window = window;
            self.from = at;
        }
        let inside = usize::try_from(at.saturating_sub(self.from)).unwrap_or(usize::MAX);
        let rest = self.window.get(inside..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

/// The first bytes of a file, and its length.
///
/// # Errors
/// If it cannot be read.
pub(super) fn head(path: &Path, most: u64) -> io::Result<(Vec<u8>, u64)> {
    let mut disk = Disk::open(path)?;
    let bytes = writ_supply::discover::head(&mut disk, most).map_err(io::Error::other)?;
    Ok((bytes, disk.length))
}

/// Files by their paths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here;

impl Files for Here {
    fn list(&self, folder: &Path) -> Option<Vec<Entry>> {
        let mut out: Vec<Entry> = std::fs::read_dir(folder)
            .ok()?
            .take(MOST_ENTRIES)
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let kind = entry.file_type().ok()?;
                let name = entry.file_name().to_string_lossy().into_owned();
                // A link is not followed: what it leads to has a place of its own.
                (kind.is_dir() || kind.is_file()).then(|| Entry { name, folder: kind.is_dir() })
            })
            .collect();
        out.sort_by(|one, other| one.name.cmp(&other.name));
        Some(out)
    }

    fn head(&self, file: &Path, most: u64) -> Option<(Vec<u8>, u64)> {
        head(file, most).ok()
    }
}
