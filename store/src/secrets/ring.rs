//! [`KeyRing`]: the key file of a data folder, and the spaces' keys that it has unwrapped. One for every adapter of the vault.
//!
//! Never here: a database; a key in the clear outside `kek`, which only its owner can read.

use std::{fs, io, num::NonZeroUsize, path::Path, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;
use writ_model::Secret;

use super::{
    MAX_NAME, MAX_SECRET, Sealer, Space, VaultFault,
    sealer::{KEY_LEN, random},
};
use crate::folder::write_whole;

/// Spaces whose keys are kept unwrapped: as many as tenants are kept in memory.
const SEALERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// The key that wraps each space's data key, and those it has unwrapped.
pub(crate) struct KeyRing {
    pub(crate) kek: Sealer,
    sealers: Mutex<LruCache<Space, Arc<Sealer>>>,
}

impl KeyRing {
    /// Reads `kek` in a data folder; makes it if it is not there and no key was ever wrapped.
    ///
    /// # Errors
    /// If others can read it, it is not whole, or it is missing and needed.
    pub(crate) fn open(folder: &Path, needed: bool) -> Result<Self, VaultFault> {
        let kek = Sealer::new(kek(folder, needed)?)?;
        Ok(Self { kek, sealers: Mutex::new(LruCache::new(SEALERS)) })
    }

    /// What seals state snapshots, so that who can write the databases and has no key file cannot forge one.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub(crate) fn snapshot_sealer(&self) -> Result<Arc<Sealer>, VaultFault> {
        Ok(Arc::new(Sealer::new(self.kek.derive(b"writ snapshots v1")?)?))
    }

    /// A space's sealer, if its key was unwrapped lately.
    pub(crate) fn known(&self, space: Space) -> Option<Arc<Sealer>> {
        self.sealers.lock().get(&space).map(Arc::clone)
    }

    /// A new key for a space, wrapped: to be kept if the space has none.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub(crate) fn offer(&self, space: Space) -> Result<Vec<u8>, VaultFault> {
        self.kek.seal(&space.key_place(), &random::<KEY_LEN>()?)
    }

    /// Unwraps the key that a space has.
    ///
    /// # Errors
    /// If it is another space's, or wrapped by another key.
    pub(crate) fn take(&self, space: Space, wrapped: &[u8]) -> Result<Arc<Sealer>, VaultFault> {
        let sealer = Arc::new(super::sealed::unwrap(&self.kek, space, wrapped)?);
        self.sealers.lock().put(space, Arc::clone(&sealer));
        Ok(sealer)
    }
}

/// Refuses a secret that no adapter takes.
pub(crate) fn check(name: &str, secret: &Secret<Vec<u8>>) -> Result<(), VaultFault> {
    for (what, got, bound) in
        [("a secret's name", name.len(), MAX_NAME), ("a secret", secret.expose().len(), MAX_SECRET)]
    {
        if got > bound {
            return Err(VaultFault::TooLarge { what, got, bound });
        }
    }
    Ok(())
}

/// Of names in order, those that begin with `prefix`: they stand together.
pub(crate) fn beginning(names: Vec<String>, prefix: &str) -> Vec<String> {
    names.into_iter().take_while(|name| name.starts_with(prefix)).collect()
}

/// Why a folder's key file cannot be used.
pub(crate) fn unusable(folder: &Path, why: impl Into<String>) -> VaultFault {
    VaultFault::KeyFile { path: folder.join("kek").display().to_string(), why: why.into() }
}

/// The key that wraps all others: read, or made once if nothing was ever wrapped.
fn kek(folder: &Path, needed: bool) -> Result<Secret<Vec<u8>>, VaultFault> {
    let path = folder.join("kek");
    match fs::read(&path) {
        Ok(bytes) if bytes.len() != KEY_LEN => {
            let why = format!("it has {} bytes instead of {KEY_LEN}", bytes.len());
            Err(unusable(folder, why))
        }
        Ok(bytes) => {
            let bytes = Secret::new(bytes);
            only_owner_reads(&path).map_err(|why| unusable(folder, why))?;
            Ok(bytes)
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound && !needed => {
            let key = Secret::new(random::<KEY_LEN>()?.to_vec());
            write_whole(folder, "kek", key.expose())
                .map_err(|fault| unusable(folder, fault.to_string()))?;
            Ok(key)
        }
        Err(fault) => Err(unusable(folder, fault.to_string())),
    }
}

#[cfg(unix)]
fn only_owner_reads(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|fault| fault.to_string())?.permissions().mode();
    // None of the six bits of group and others.
    if mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    Err(format!("others can read it (mode {:o}); change it with `chmod 600`", mode & 0o777))
}

#[cfg(not(unix))]
fn only_owner_reads(_: &Path) -> Result<(), String> {
    Ok(())
}
