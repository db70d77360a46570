//! One file of a backup: a mark, then AES-256-GCM over its content and its place.
//!
//! The place (which backup, which generation, which name) is authenticated and not stored, so a file that was moved,
//! renamed or taken from another backup or an older generation does not open.
//! Never here: what a content means. To change the form: another mark, and both are read.

use std::path::Path;

use writ_store::Sealer;

use super::fault;
use crate::fault::Fault;

/// What every file begins with.
const MARK: &[u8; 8] = b"WRITBK1\n";
/// LIMIT: bytes of one content: one is held in memory at a time, and one damaged file costs no more than this.
pub const MAX_CONTENT: usize = 64 << 20;
/// LIMIT: bytes of one file: the largest content with what seals it.
pub const MAX_FILE: u64 = (MAX_CONTENT as u64) + (1 << 10);

/// Where a file stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Which backup.
    pub backup: &'a [u8; 16],
    /// Which generation wrote it.
    pub generation: u64,
    /// Its name.
    pub name: &'a str,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let generation = self.generation.to_be_bytes();
        [b"writ backup object v1", &self.backup[..], &generation, self.name.as_bytes()].concat()
    }
}

/// The file of a content at its place.
///
/// # Errors
/// If it is over the bound, or the cryptographic library fails.
pub fn seal(sealer: &Sealer, place: &Place<'_>, content: &[u8]) -> Result<Vec<u8>, Fault> {
    if content.len() > MAX_CONTENT {
        let (got, bound) = (content.len() as u64, MAX_CONTENT as u64);
        return Err(fault::too_large(&format!("bytes of `{}`", place.name), got, bound));
    }
    let sealed = sealer.seal(&place.bytes(), content);
    let sealed = sealed.map_err(|error| Fault::unreachable(error.to_string()))?;
    Ok([&MARK[..], &sealed].concat())
}

/// The content of a file at its place.
///
/// # Errors
/// If it is no such file, was altered, or is another one's.
pub fn open(sealer: &Sealer, place: &Place<'_>, file: &[u8]) -> Result<Vec<u8>, Fault> {
    let sealed = file
        .strip_prefix(MARK)
        .ok_or_else(|| fault::damaged(place.name, "it is no file of a backup"))?;
    let content = sealer.open(&place.bytes(), sealed);
    let content = content.map_err(|_unopened| {
        fault::damaged(place.name, "it was altered, or is another file under this name")
    })?;
    Ok(content.expose().clone())
}

/// Reads a file of bounded size; none if there is none.
///
/// # Errors
/// If it cannot be read, or is larger than any of ours.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::file(path, "open", &error)),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::file(path, "read", &error))?;
    if bytes.len() as u64 > limit {
        return Err(fault::damaged(&path.display().to_string(), "it is too large"));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use writ_testkit::SeededEntropy;

    use super::*;
    use crate::backup::BackupKey;

    #[test]
    fn a_flipped_byte_a_cut_and_another_place_are_refused() {
        let sealer = BackupKey::new(&SeededEntropy::new(1)).sealer().unwrap();
        let other = BackupKey::new(&SeededEntropy::new(2)).sealer().unwrap();
        let place = Place { backup: &[1; 16], generation: 3, name: "00000003-lines-0000.writ" };
        let content: Vec<u8> = (0..200).collect();
        let file = seal(&sealer, &place, &content).unwrap();
        assert_eq!(open(&sealer, &place, &file).unwrap(), content);
        assert!(open(&other, &place, &file).is_err());
        for at in 0..file.len() {
            for bit in [0x01, 0x80] {
                let mut bad = file.clone();
                bad[at] ^= bit;
                let fault = open(&sealer, &place, &bad).unwrap_err();
                assert_eq!(fault.code.as_deref(), Some("BKUP-0003"), "byte {at}");
            }
            assert!(open(&sealer, &place, &file[..at]).is_err(), "cut at {at}");
        }
        for elsewhere in [
            Place { backup: &[2; 16], ..place },
            Place { generation: 2, ..place },
            Place { name: "00000003-lines-0001.writ", ..place },
        ] {
            assert!(open(&sealer, &elsewhere, &file).is_err(), "{elsewhere:?}");
        }
        let large = vec![0; MAX_CONTENT + 1];
        assert_eq!(seal(&sealer, &place, &large).unwrap_err().code.as_deref(), Some("BKUP-0011"));
    }
}
