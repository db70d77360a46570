//! [`BackupKey`]: 32 random bytes that open a backup, as words for paper and as a file.
//!
//! SECURITY: whoever has this key and the backup has every secret of the installation. The machine that writes backups has
//! it, as it has the data itself; a second copy belongs on paper, away from both.
//! Never here: a key in an argument, an error or a log. To change the words: another prefix, and both are read.

use std::{
    fs::{self, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use writ_model::{Digest, Entropy, Secret};
use writ_store::Sealer;

use super::fault;
use crate::fault::Fault;

/// The key's file in a data folder.
pub const FILE: &str = "backup.key";
/// What its words begin with.
const PREFIX: &str = "writ-backup-1";
/// Bytes of a key.
const LENGTH: usize = 32;
/// Hexadecimal letters of a group on paper.
const GROUP: usize = 4;
/// LIMIT: bytes of a key file: the words with room for spaces and line ends.
const SIZE: u64 = 1 << 10;

/// The key of one backup.
#[derive(Debug, Clone)]
pub struct BackupKey(Secret<Vec<u8>>);

/// Four letters that a slip of the pen changes.
fn check(key: &[u8]) -> String {
    Digest::of_parts(&[b"writ backup key v1", key]).to_string().chars().take(GROUP).collect()
}

impl BackupKey {
    /// A new one.
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = vec![0; LENGTH];
        entropy.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// The words for paper: a prefix, sixteen groups, and a group that shows a slip of the pen.
    pub fn words(&self) -> Secret<String> {
        let mut bytes = [0; LENGTH];
        for (slot, byte) in bytes.iter_mut().zip(self.0.expose()) {
            *slot = *byte;
        }
        // Written as a digest is: it is as long.
        let hex = Secret::new(Digest(bytes).to_string());
        let mut out = String::from(PREFIX);
        for (at, letter) in hex.expose().chars().enumerate() {
            if at % GROUP == 0 {
                out.push('-');
            }
            out.push(letter);
        }
        out.push('-');
        out.push_str(&check(self.0.expose()));
        Secret::new(out)
    }

    /// Reads the words; spaces, line ends and capitals do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: Secret<String> = Secret::new(
            text.chars()
                .filter(|letter| !letter.is_whitespace() && *letter != '-')
                .flat_map(char::to_lowercase)
                .collect(),
        );
        let rest = plain.expose().strip_prefix(&PREFIX.replace('-', ""))?;
        if rest.len() != 2 * LENGTH + GROUP || !rest.is_ascii() {
            return None;
        }
        let (hex, written) = rest.split_at_checked(2 * LENGTH)?;
        let digest: Digest = hex.parse().ok()?;
        let key = Self(Secret::new(digest.as_bytes().to_vec()));
        (check(key.0.expose()) == written).then_some(key)
    }

    /// Writes the file; never over another one.
    ///
    /// # Errors
    /// If there is one, or it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Fault> {
        let words = self.words();
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(
                |error| {
                    Fault::file(path, "create", &error)
                        .cure("a key is never written over: name another file with --key")
                },
            )?;
        writeln!(file, "{}", words.expose())
            .and_then(|()| file.sync_all())
            .map_err(|error| Fault::file(path, "write", &error))
    }

    /// Reads a key file that only its owner reads.
    ///
    /// # Errors
    /// If it is not there, is readable by others, or holds no key.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let unusable = |why: String| fault::key(path, why);
        let meta = fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(unusable("others can read it".to_owned())
                .cure(format!("chmod 600 {}", path.display())));
        }
        let mut text = String::new();
        fs::File::open(path)
            .and_then(|file| file.take(SIZE).read_to_string(&mut text))
            .map_err(|error| unusable(error.to_string()))?;
        let text = Secret::new(text);
        Self::parse(text.expose()).ok_or_else(|| unusable("it holds no key's words".to_owned()))
    }

    /// What seals and opens under it.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn sealer(&self) -> Result<Sealer, Fault> {
        Sealer::new(self.0.clone()).map_err(|error| Fault::unreachable(error.to_string()))
    }
}

/// The public name of a key: tells a wrong key from a damaged file, and says nothing about it.
pub fn name_of(sealer: &Sealer) -> Result<String, Fault> {
    let derived = sealer.derive(b"writ backup key name v1");
    let derived = derived.map_err(|error| Fault::unreachable(error.to_string()))?;
    Ok(Digest::of(derived.expose()).to_string().chars().take(16).collect())
}

#[cfg(test)]
mod tests {
    use writ_testkit::{SeededEntropy, TempDir};

    use super::*;

    #[test]
    fn words_are_read_back_from_paper_and_a_slip_is_seen() {
        let key = BackupKey::new(&SeededEntropy::new(1));
        let words = key.words().expose().clone();
        assert_eq!(words.len(), PREFIX.len() + 17 * 5, "{words}");
        let read = |text: &str| BackupKey::parse(text).map(|key| key.0.expose().clone());
        assert_eq!(read(&words).as_ref(), Some(key.0.expose()));
        let paper = words.to_uppercase().replace('-', " - ").replace("1 ", "1\n");
        assert_eq!(read(&paper).as_ref(), Some(key.0.expose()));
        for at in PREFIX.len()..words.len() {
            let mut slip = words.clone().into_bytes();
            slip[at] = match slip[at] {
                b'-' => b'x',
                b'0' => b'1',
                _ => b'0',
            };
            assert_eq!(read(std::str::from_utf8(&slip).unwrap()), None, "letter {at}");
        }
        let cut: String = words.chars().take(40).collect();
        for bad in ["", PREFIX, &cut, &format!("{words}0"), "writ-backup-1-é"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_file_is_written_once_and_is_for_its_owner() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(FILE);
        let key = BackupKey::new(&SeededEntropy::new(2));
        key.save(&path).unwrap();
        assert!(key.save(&path).is_err());
        assert_eq!(BackupKey::open(&path).unwrap().0.expose(), key.0.expose());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(BackupKey::open(&path).unwrap_err().code.as_deref(), Some("BKUP-0002"));
        assert_eq!(format!("{key:?}"), "BackupKey(Secret(…))");
    }
}
