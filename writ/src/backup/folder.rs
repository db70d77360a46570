//! [`Folder`]: a backup's folder: `backup.json` (which backup, in the clear), `manifests/` and `objects/`.
//!
//! INVARIANT: a file appears whole or not at all, objects are on the disk before the manifest that names them, and nothing
//! that a manifest names is written over or removed while that manifest is there.
//! Never here: what a content means.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use writ_model::{Digest, Entropy};
use writ_store::Sealer;

use super::{
    fault,
    key::{self, BackupKey},
    manifest::{self, Kind, Manifest, Object},
    object::{self, MAX_FILE, Place},
};
use crate::fault::Fault;

/// The file that says which backup this is.
const ABOUT: &str = "backup.json";
/// LIMIT: bytes of it.
const ABOUT_SIZE: u64 = 4 << 10;
/// LIMIT: files of one folder that are looked at: those of the largest backup, and as many again of an interrupted run.
const MAX_FILES: usize = 2 * manifest::MAX_OBJECTS;

#[derive(Serialize, Deserialize)]
struct About {
    writ_backup: u32,
    id: String,
    key: String,
}

/// A manifest and its file's digest.
#[derive(Debug, Clone)]
pub struct Generation {
    /// What it consists of.
    pub manifest: Manifest,
    /// SHA-256 of the manifest's file.
    pub digest: Digest,
}

/// One backup, open.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    id: [u8; 16],
    sealer: Sealer,
    /// Held while somebody writes.
    lock: Option<File>,
}

fn make(dir: &Path) -> Result<(), Fault> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| Fault::file(dir, "create", &error))
}

/// Writes a file whole or not at all, for its owner only, flushed. Its folder is flushed by [`settle`].
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let draft = path.with_extension("new");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| Fault::file(path, "write", &error))
}

/// Flushes the names in a folder.
fn settle(dir: &Path) -> Result<(), Fault> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| Fault::file(dir, "flush", &error))
}

/// Writes a file whole or not at all and flushes it with its folder.
///
/// # Errors
/// If it cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    write_file(path, bytes)?;
    path.parent().map_or(Ok(()), settle)
}

fn hex(id: &[u8; 16]) -> String {
    // As a digest is written, whose first half it is.
    let mut whole = [0; 32];
    for (slot, byte) in whole.iter_mut().zip(id) {
        *slot = *byte;
    }
    Digest(whole).to_string().chars().take(2 * id.len()).collect()
}

fn id_of(text: &str) -> Option<[u8; 16]> {
    // A digest's reader takes twice as many letters: the rest is filled up.
    let digest: Digest = format!("{text}{:032}", 0).parse().ok()?;
    digest.as_bytes().first_chunk().copied().filter(|_| text.len() == 32)
}

impl Folder {
    /// Makes a new backup in a folder that is not there yet or empty.
    ///
    /// # Errors
    /// If there is something in it, or it cannot be written.
    pub fn init(dir: &Path, key: &BackupKey, entropy: &dyn Entropy) -> Result<Self, Fault> {
        make(dir)?;
        let mut entries = fs::read_dir(dir).map_err(|error| Fault::file(dir, "read", &error))?;
        if entries.next().is_some() {
            return Err(fault::not_empty(format!("`{}`", dir.display()), "there are files in it")
                .cure("name a new folder: a backup has one of its own"));
        }
        for part in ["objects", "manifests"] {
            make(&dir.join(part))?;
        }
        let mut id = [0; 16];
        entropy.fill(&mut id);
        let sealer = key.sealer()?;
        let about =
            About { writ_backup: manifest::VERSION, id: hex(&id), key: key::name_of(&sealer)? };
        let text = serde_json::to_vec_pretty(&about).unwrap_or_default();
        write_whole(&dir.join(ABOUT), &text)?;
        Ok(Self { dir: dir.to_owned(), id, sealer, lock: None })
    }

    /// Opens a backup for reading.
    ///
    /// # Errors
    /// If there is none, it is of a newer release, or the key is another one's.
    pub fn open(dir: &Path, key: &BackupKey) -> Result<Self, Fault> {
        let bytes = object::read(&dir.join(ABOUT), ABOUT_SIZE)?
            .ok_or_else(|| fault::none(dir, format!("there is no `{ABOUT}` in it")))?;
        let about: About =
            serde_json::from_slice(&bytes).map_err(|error| fault::none(dir, error))?;
        if about.writ_backup > manifest::VERSION {
            return Err(fault::newer(ABOUT, about.writ_backup, manifest::VERSION));
        }
        let id = id_of(&about.id).ok_or_else(|| fault::none(dir, "its id is none"))?;
        let sealer = key.sealer()?;
        if key::name_of(&sealer)? != about.key {
            return Err(fault::key(dir, "it is another backup's key"));
        }
        Ok(Self { dir: dir.to_owned(), id, sealer, lock: None })
    }

    /// Opens a backup for writing: one process at a time.
    ///
    /// # Errors
    /// As [`Folder::open`], or if another process writes it.
    pub fn open_to_write(dir: &Path, key: &BackupKey) -> Result<Self, Fault> {
        let mut folder = Self::open(dir, key)?;
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(|error| Fault::file(&path, "open", &error))?;
        match lock.try_lock() {
            Ok(()) => folder.lock = Some(lock),
            Err(TryLockError::WouldBlock) => return Err(fault::busy(dir)),
            Err(TryLockError::Error(error)) => return Err(Fault::file(&path, "lock", &error)),
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its id.
    pub fn id(&self) -> String {
        hex(&self.id)
    }

    /// The names in one of its folders, in order.
    fn names(&self, part: &str) -> Result<Vec<String>, Fault> {
        let dir = self.dir.join(part);
        let fault = |error: std::io::Error| Fault::file(&dir, "read", &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&dir).map_err(fault)? {
            names.push(entry.map_err(fault)?.file_name().to_string_lossy().into_owned());
            if names.len() > MAX_FILES {
                let (got, bound) = (names.len() as u64, MAX_FILES as u64);
                return Err(fault::too_large(&format!("files in `{}`", dir.display()), got, bound));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The generations that have a manifest, oldest first.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn generations(&self) -> Result<Vec<u64>, Fault> {
        let names = self.names("manifests")?;
        let mut found: Vec<u64> = names
            .iter()
            .filter_map(|name| {
                let generation = manifest::generation_of(name)?;
                (manifest::manifest_name(generation) == *name).then_some(generation)
            })
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    /// One generation.
    ///
    /// # Errors
    /// If it is not there, was altered, or is of a newer release.
    pub fn generation(&self, generation: u64) -> Result<Generation, Fault> {
        let name = manifest::manifest_name(generation);
        let path = self.dir.join("manifests").join(&name);
        let file =
            object::read(&path, MAX_FILE)?.ok_or_else(|| fault::damaged(&name, "it is missing"))?;
        let place = Place { backup: &self.id, generation, name: "manifest" };
        let content = object::open(&self.sealer, &place, &file)
            .map_err(|fault| fault::damaged(&name, fault.what))?;
        let manifest = Manifest::from_bytes(&name, &content)?;
        if manifest.generation != generation {
            return Err(fault::damaged(&name, "it is another generation's"));
        }
        Ok(Generation { manifest, digest: Digest::of(&file) })
    }

    /// The newest generation; none before the first run has ended.
    ///
    /// # Errors
    /// As [`Folder::generation`]. An unreadable newest one is never passed over for an older one.
    pub fn newest(&self) -> Result<Option<Generation>, Fault> {
        self.generations()?.last().map(|generation| self.generation(*generation)).transpose()
    }

    /// Writes a content; what it is called and what it must be.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(
        &self,
        generation: u64,
        (kind, number): (Kind, usize),
        content: &[u8],
    ) -> Result<Object, Fault> {
        let name = manifest::object_name(generation, kind, number);
        let place = Place { backup: &self.id, generation, name: &name };
        let file = object::seal(&self.sealer, &place, content)?;
        write_file(&self.dir.join("objects").join(&name), &file)?;
        Ok(Object { generation, kind, bytes: file.len() as u64, digest: Digest::of(&file), name })
    }

    /// Reads a content that a manifest names.
    ///
    /// # Errors
    /// If it is missing, altered, or not the one that the manifest means.
    pub fn get(&self, object: &Object) -> Result<Vec<u8>, Fault> {
        let path = self.dir.join("objects").join(&object.name);
        let file = object::read(&path, MAX_FILE)?
            .ok_or_else(|| fault::damaged(&object.name, "it is missing"))?;
        if file.len() as u64 != object.bytes || Digest::of(&file) != object.digest {
            return Err(fault::damaged(&object.name, "it is not the file that was written"));
        }
        let place = Place { backup: &self.id, generation: object.generation, name: &object.name };
        object::open(&self.sealer, &place, &file)
    }

    /// Writes a manifest, and with it the generation exists. Its objects are flushed first.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn commit(&self, manifest: &Manifest) -> Result<Digest, Fault> {
        settle(&self.dir.join("objects"))?;
        let generation = manifest.generation;
        let place = Place { backup: &self.id, generation, name: "manifest" };
        let file = object::seal(&self.sealer, &place, &manifest.to_bytes()?)?;
        let path = self.dir.join("manifests").join(manifest::manifest_name(generation));
        write_whole(&path, &file)?;
        Ok(Digest::of(&file))
    }

    /// Removes the manifests before `oldest` with their rows, and everything that no manifest names. Says how many files.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn prune(&self, newest: &Manifest, oldest: u64) -> Result<usize, Fault> {
        let named: std::collections::BTreeSet<&str> =
            newest.objects.iter().map(|object| object.name.as_str()).collect();
        let mut gone = Vec::new();
        for name in self.names("manifests")? {
            let kept = manifest::generation_of(&name).is_some_and(|generation| {
                (oldest..=newest.generation).contains(&generation)
                    && manifest::manifest_name(generation) == name
            });
            if !kept {
                gone.push(self.dir.join("manifests").join(name));
            }
        }
        let rows = format!("-{}-", Kind::Rows.word());
        for name in self.names("objects")? {
            let of_kept = manifest::generation_of(&name).is_some_and(|generation| {
                (oldest..=newest.generation).contains(&generation) && name.contains(&rows)
            });
            // Lines and records are added to: what an older manifest names, the newest names too.
            let draft = Path::new(&name).extension().is_none_or(|ending| ending != "writ");
            if !named.contains(name.as_str()) && (!of_kept || draft) {
                gone.push(self.dir.join("objects").join(name));
            }
        }
        // Manifests first: one whose rows are gone would look damaged.
        for path in &gone {
            fs::remove_file(path).map_err(|error| Fault::file(path, "remove", &error))?;
        }
        Ok(gone.len())
    }
}

#[cfg(test)]
mod tests {
    use writ_testkit::{SeededEntropy, TempDir};

    use super::*;

    #[test]
    fn a_backup_is_made_once_and_opens_under_its_key_only() {
        let dir = TempDir::new().unwrap();
        let (at, entropy) = (dir.path().join("b"), SeededEntropy::new(1));
        let (key, other) = (BackupKey::new(&entropy), BackupKey::new(&entropy));
        let made = Folder::init(&at, &key, &entropy).unwrap();
        assert_eq!(
            Folder::init(&at, &key, &entropy).unwrap_err().code.as_deref(),
            Some("BKUP-0007")
        );
        assert_eq!(Folder::open(&at, &key).unwrap().id(), made.id());
        assert_eq!(Folder::open(&at, &other).unwrap_err().code.as_deref(), Some("BKUP-0002"));
        assert_eq!(Folder::open(dir.path(), &key).unwrap_err().code.as_deref(), Some("BKUP-0001"));
        let held = Folder::open_to_write(&at, &key).unwrap();
        let fault = Folder::open_to_write(&at, &key).unwrap_err();
        assert_eq!(fault.code.as_deref(), Some("BKUP-0008"));
        drop(held);
        Folder::open_to_write(&at, &key).unwrap();
        assert!(made.newest().unwrap().is_none());
        assert_eq!(id_of(&made.id()), Some(made.id));
        assert_eq!(id_of("00"), None);
    }
}
