//! [`Memory`]: what this installation last wrote into which backup, kept in its own data folder: an older copy put in a
//! backup's place is noticed, and `writ doctor` knows how old the last one is.
//!
//! Never here: a key. To remember one more thing: an `Option` member of [`Last`].

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use writ_model::{Digest, Timestamp};

use super::{folder, object};
use crate::fault::Fault;

/// Its file in a data folder.
pub const FILE: &str = "backup.json";
/// LIMIT: bytes of it, and backups remembered: somebody who rotates a few disks.
const SIZE: u64 = 64 << 10;
/// LIMIT: backups remembered; the one written longest ago is forgotten.
const MOST: usize = 32;

/// The last generation of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Which generation.
    pub generation: u64,
    /// SHA-256 of its manifest's file.
    pub manifest: Digest,
    /// When.
    pub at: Timestamp,
    /// Ledger lines in it, over all clients.
    pub lines: u64,
    /// Where.
    pub dir: String,
}

/// What was last written, by backup.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Memory {
    /// By the backup's id.
    pub backups: BTreeMap<String, Last>,
}

impl Memory {
    /// What a data folder remembers; nothing if it never wrote one.
    ///
    /// # Errors
    /// If the file is there and cannot be read: an unreadable memory is not an empty one.
    pub fn open(data: &Path) -> Result<Self, Fault> {
        let path = data.join(FILE);
        let Some(bytes) = object::read(&path, SIZE)? else { return Ok(Self::default()) };
        serde_json::from_slice(&bytes).map_err(|error| {
            Fault::unreachable(format!("`{}` is damaged: {error}", path.display()))
                .cure("remove it, and compare the backup's generation with what you know of it")
        })
    }

    /// Remembers one more.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&mut self, data: &Path, backup: &str, last: Last) -> Result<(), Fault> {
        self.backups.insert(backup.to_owned(), last);
        while self.backups.len() > MOST {
            let oldest = self.backups.iter().min_by_key(|(_, last)| last.at);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { break };
            self.backups.remove(&oldest);
        }
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        folder::write_whole(&data.join(FILE), &bytes)
    }

    /// The newest over all backups.
    pub fn newest(&self) -> Option<&Last> {
        self.backups.values().max_by_key(|last| last.at)
    }
}

#[cfg(test)]
mod tests {
    use writ_testkit::TempDir;

    use super::*;

    #[test]
    fn the_newest_is_known_and_a_damaged_memory_is_not_an_empty_one() {
        let dir = TempDir::new().unwrap();
        let mut memory = Memory::open(dir.path()).unwrap();
        assert_eq!(memory.newest(), None);
        for n in 1..=i64::try_from(MOST).unwrap() + 2 {
            let last = Last {
                generation: 1,
                manifest: Digest::default(),
                at: Timestamp::from_micros(n),
                lines: 0,
                dir: n.to_string(),
            };
            memory.keep(dir.path(), &format!("{n:032}"), last).unwrap();
        }
        let again = Memory::open(dir.path()).unwrap();
        assert_eq!((again.backups.len(), again.newest().unwrap().dir.as_str()), (MOST, "34"));
        assert_eq!(again, memory);
        std::fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(Memory::open(dir.path()).is_err());
    }
}
