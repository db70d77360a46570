//! The walk: folders and files of one or more roots, by two threads, each file handed to `writ-supply` once.
//!
//! Links to folders are not followed, so that no loop is walked; links to files are, if the file is one that is looked for. What is
//! neither file nor folder is never opened. Bounded: [`DEPTH`], [`MOST`], [`WAITING`].
//! Never here: what a file means. To leave out a folder: [`passed`].

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use parking_lot::{Condvar, Mutex};
use writ_supply::{
    discover::{Kind, Mode, Place, Want, look, resolve, want},
    found::Found,
};

use super::{
    disk::{Disk, Here},
    progress::Progress,
};

/// Threads that walk: more only wait for the disk.
const THREADS: usize = 2;
/// LIMIT: folders inside each other.
const DEPTH: usize = 96;
/// LIMIT: entries of one scan; a full disk of a workplace has two million.
const MOST: u64 = 10_000_000;
/// LIMIT: pieces of work that wait; beyond it a thread does its own at once.
const WAITING: usize = 4_096;
/// What folders are called that are passed by.
const PASSED: &str =
    "folders passed by: installed packages, what was thrown away, the kernel's own";
/// Files handed on at once.
const BATCH: usize = 64;

/// Where a walk begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) path: PathBuf,
    pub(super) mode: Mode,
}

/// A file that is to be looked at.
struct Job {
    path: PathBuf,
    place: Place,
    want: Want,
}

enum Work {
    Folder(PathBuf, Mode, usize),
    Files(Vec<Job>),
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Work>,
    busy: usize,
}

struct Walk<'p> {
    queue: Mutex<Queue>,
    more: Condvar,
    progress: &'p Progress,
}

/// Walks the roots and looks at what is wanted; then resolves what servers start. `homes` are those of this machine.
pub(super) fn walk(roots: &[Root], homes: &[PathBuf], show: bool) -> Found {
    let progress = Progress::default();
    let walk = Walk { queue: Mutex::default(), more: Condvar::new(), progress: &progress };
    let mut found = Found::default();
    for root in roots {
        walk.root(root, &mut found);
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| walk.work())).collect();
        let ending = scope.spawn(|| {
            let parts: Vec<_> =
                threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            progress.end();
            parts
        });
        progress.show(show);
        for part in ending.join().into_iter().flatten() {
            match part {
                Ok(part) => found.join(part),
                Err(_panic) => found.limit("a thread of the scan ended early"),
            }
        }
    });
    let mut all = homes.to_vec();
    for one in &found.components {
        all.extend(home(Path::new(&one.path)));
    }
    all.sort();
    all.dedup();
    for one in found.components.iter_mut().filter(|one| one.kind == Kind::McpServer) {
        resolve(one, &Here, &all);
    }
    found.finish();
    found
}

/// The home in which a file stands, as a path.
fn home(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let place = Place::of(&absolute, Mode::Host);
    let (parts, _) = place.home()?;
    let over = place.parts.len().checked_sub(parts)?;
    absolute.ancestors().nth(over).map(Path::to_path_buf)
}

/// A place with its whole path, shown as it was come to.
fn place(path: &Path, mode: Mode) -> Place {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Place { path: path.to_string_lossy().into_owned(), ..Place::of(&absolute, mode) }
}

/// Folders that are passed by: kernels' own, and what holds nothing but others' packages when a whole machine is scanned.
fn passed(path: &Path, name: &str, mode: Mode) -> bool {
    if matches!(name, "proc" | "sys" | "dev" | "run") && kernels(path) {
        return true;
    }
    let within = |above: &str| path.parent().is_some_and(|parent| parent.ends_with(above));
    if name == "objects" && within(".git") {
        return true;
    }
    mode == Mode::Host
        && match name {
            "node_modules" | "site-packages" | "dist-packages" | ".git" | ".hg" | "__pycache__"
            | ".tox" | ".gradle" | ".m2" | "_npx" | "_cacache" | ".rustup" | ".Trash" => true,
            "registry" => within(".cargo"),
            "Trash" => within(".local/share"),
            _ => false,
        }
}

/// Whether a folder is one of the kernel's own, however its path is written.
fn kernels(path: &Path) -> bool {
    let whole = fs::canonicalize(path);
    let whole = whole.as_deref().unwrap_or(path);
    matches!(whole.to_str(), Some("/proc" | "/sys" | "/dev" | "/run"))
}

/// Whether a link leads into the home of somebody else than the one in whose home it stands: what is there is told as theirs, if
/// they can be read.
fn anothers(path: &Path, place: &Place) -> bool {
    let Some((_, user)) = place.home() else { return false };
    let Ok(whole) = fs::canonicalize(path) else { return false };
    Place::of(&whole, place.mode).home().is_some_and(|(_, other)| other != user)
}

/// What is no folder: a file that is wanted becomes a job, a link to one, too.
fn job(path: PathBuf, kind: fs::FileType, mode: Mode, found: &mut Found) -> Option<Job> {
    let place = place(&path, mode);
    if kind.is_symlink() {
        let wanted = want(&place).filter(Want::expected);
        let leads = fs::metadata(&path).is_ok_and(|known| known.is_file());
        if leads && wanted.is_some() && anothers(&path, &place) {
            found.coverage.links += 1;
            found.coverage.could_not_read(place.path, "it is a link into another account's home");
            return None;
        }
        let Some(want) = wanted.filter(|_| leads) else {
            found.coverage.links += 1;
            return None;
        };
        found.coverage.files += 1;
        return Some(Job { path, place, want });
    }
    if !kind.is_file() {
        found.coverage.special += 1;
        return None;
    }
    found.coverage.files += 1;
    if place.name().eq_ignore_ascii_case("ext4.vhdx") {
        let note = "disks of a Linux inside Windows, which are not looked into";
        *found.coverage.notes.entry(note.to_owned()).or_default() += 1;
    }
    let want = want(&place)?;
    Some(Job { path, place, want })
}

/// A thread at work: however it ends, the other one does not wait for it.
struct Busy<'w, 'p>(&'w Walk<'p>);

impl Drop for Busy<'_, '_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        queue.busy = queue.busy.saturating_sub(1);
        if queue.busy == 0 && queue.waiting.is_empty() {
            self.0.more.notify_all();
        }
    }
}

impl Walk<'_> {
    /// A root: a folder is walked, a file looked at.
    fn root(&self, root: &Root, found: &mut Found) {
        let known = match fs::metadata(&root.path) {
            Ok(known) => known,
            Err(error) => {
                found.coverage.could_not_read(root.path.to_string_lossy(), error.to_string());
                return;
            }
        };
        if known.is_dir() {
            self.queue.lock().waiting.push(Work::Folder(root.path.clone(), root.mode, 0));
        } else if known.is_file() {
            let place = place(&root.path, root.mode);
            found.coverage.files += 1;
            if let Some(want) = want(&place) {
                self.queue.lock().waiting.push(Work::Files(vec![Job {
                    path: root.path.clone(),
                    place,
                    want,
                }]));
            }
        } else {
            found.coverage.special += 1;
            found
                .coverage
                .could_not_read(root.path.to_string_lossy(), "it is neither file nor folder");
        }
    }

    /// Works until nothing waits and nobody can make more.
    fn work(&self) -> Found {
        let mut found = Found::default();
        loop {
            let next = {
                let mut queue = self.queue.lock();
                loop {
                    if let Some(work) = queue.waiting.pop() {
                        queue.busy += 1;
                        break Some(work);
                    }
                    if queue.busy == 0 {
                        break None;
                    }
                    self.more.wait(&mut queue);
                }
            };
            let Some(work) = next else {
                self.more.notify_all();
                return found;
            };
            let _busy = Busy(self);
            match work {
                Work::Folder(path, mode, depth) => self.folder(&path, mode, depth, &mut found),
                Work::Files(jobs) => self.files(jobs, &mut found),
            }
        }
    }

    /// Hands work on, or does it at once where too much waits.
    fn hand(&self, work: Work, found: &mut Found) {
        let mut queue = self.queue.lock();
        if queue.waiting.len() < WAITING || matches!(work, Work::Folder(..)) {
            queue.waiting.push(work);
            drop(queue);
            self.more.notify_one();
            return;
        }
        drop(queue);
        if let Work::Files(jobs) = work {
            self.files(jobs, found);
        }
    }

    fn folder(&self, folder: &Path, mode: Mode, depth: usize, found: &mut Found) {
        if depth > DEPTH {
            found.limit(&format!("folders inside each other: more than {DEPTH}"));
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                found.coverage.could_not_read(folder.to_string_lossy(), error.to_string());
                return;
            }
        };
        found.coverage.folders += 1;
        let mut jobs: Vec<Job> = Vec::new();
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    found.coverage.could_not_read(folder.to_string_lossy(), error.to_string());
                    break;
                }
            };
            let path = entry.path();
            let name = entry.file_name();
            if name.to_str().is_none() {
                found.coverage.odd_names += 1;
            }
            let Ok(kind) = entry.file_type() else {
                found.coverage.could_not_read(path.to_string_lossy(), "its kind cannot be told");
                continue;
            };
            if kind.is_dir() {
                if passed(&path, &name.to_string_lossy(), mode) {
                    *found.coverage.notes.entry(PASSED.to_owned()).or_default() += 1;
                } else {
                    self.hand(Work::Folder(path, mode, depth + 1), found);
                }
                continue;
            }
            if self.progress.files.fetch_add(1, Ordering::Relaxed) >= MOST {
                found.limit(&format!("files: more than {MOST}"));
                return;
            }
            jobs.extend(job(path, kind, mode, found));
            if jobs.len() >= BATCH {
                self.hand(Work::Files(std::mem::take(&mut jobs)), found);
            }
        }
        if !jobs.is_empty() {
            self.hand(Work::Files(jobs), found);
        }
    }

    fn files(&self, jobs: Vec<Job>, found: &mut Found) {
        for job in jobs {
            let mut disk = match Disk::open(&job.path) {
                Ok(disk) => disk,
                Err(error) => {
                    found.coverage.could_not_read(job.place.path, error.to_string());
                    continue;
                }
            };
            found.coverage.opened += 1;
            found.coverage.bytes += writ_supply::discover::Source::len(&disk);
            self.progress.opened.fetch_add(1, Ordering::Relaxed);
            match look(&job.place, &job.want, &mut disk) {
                Ok(looked) => {
                    let things = u64::try_from(looked.components.len()).unwrap_or(0);
                    self.progress.found.fetch_add(things, Ordering::Relaxed);
                    found.add(looked);
                }
                Err(why) => found.coverage.could_not_read(job.place.path, why),
            }
        }
    }
}
