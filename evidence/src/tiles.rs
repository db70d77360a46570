//! The export layout (C2SP tlog-tiles): paths of tiles and entry bundles, and the [`Exporter`] that makes them all
//! while lines stream through it.
//!
//! Never here: a file system; whoever exports writes what comes out.
//! INVARIANT: verification runs the same exporter and compares each byte, so the two cannot drift apart.

use writ_model::Digest;

use crate::{
    leaf_hash,
    merkle::{Frontier, TreeHead},
};

/// Hashes of a full tile, and lines of a full bundle.
pub const WIDTH: u64 = 256;
/// Bytes of one entry: its length is two bytes.
pub const MAX_ENTRY: usize = 65_535;
/// Bytes of the largest bundle.
pub const MAX_BUNDLE: usize = 256 * (2 + MAX_ENTRY);
/// Where the checkpoint stands.
pub const CHECKPOINT: &str = "checkpoint";

/// Why a line cannot be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {index} has {size} bytes, and an entry holds {MAX_ENTRY}")]
pub struct TooLong {
    /// Which line.
    pub index: u64,
    /// How many bytes it has.
    pub size: usize,
}

/// A tile's number in its path: groups of three digits, all but the last after an `x`.
fn number_path(number: u64) -> String {
    let mut out = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        out = format!("x{:03}/{out}", rest % 1000);
        rest /= 1000;
    }
    out
}

fn path(kind: &str, number: u64, width: u64) -> String {
    let number = number_path(number);
    if width == WIDTH {
        format!("tile/{kind}/{number}")
    } else {
        format!("tile/{kind}/{number}.p/{width}")
    }
}

/// The path of a hash tile that is `width` hashes wide (1 to 256).
pub fn tile_path(level: u8, number: u64, width: u64) -> String {
    path(&level.to_string(), number, width)
}

/// The path of an entry bundle that is `width` lines wide (1 to 256).
pub fn entries_path(number: u64, width: u64) -> String {
    path("entries", number, width)
}

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFile {
    /// Its path in the export, with `/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The tile of one level that is being filled.
#[derive(Debug, Default)]
struct Level {
    number: u64,
    hashes: Vec<Digest>,
}

impl Level {
    /// Its file, and the hash over its hashes.
    fn close(&mut self, level: u8) -> (ExportFile, Digest) {
        let mut edge = Frontier::new();
        let mut bytes = Vec::with_capacity(self.hashes.len() * 32);
        for hash in &self.hashes {
            edge.push(*hash);
            bytes.extend_from_slice(hash.as_bytes());
        }
        let file = ExportFile { path: tile_path(level, self.number, edge.size()), bytes };
        self.number += 1;
        self.hashes.clear();
        (file, edge.root())
    }
}

/// Makes every file of an export but the checkpoint. Holds one bundle and one tile for each level, whatever the length.
#[derive(Debug, Default)]
pub struct Exporter {
    edge: Frontier,
    bundle: Vec<u8>,
    levels: Vec<Level>,
}

impl Exporter {
    /// An exporter that has seen no line.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many lines it has seen, and the root over them.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.edge.size(), root: self.edge.root() }
    }

    /// Takes the next line and gives the files it completes.
    ///
    /// # Errors
    /// If the line is too long for an entry.
    pub fn push(&mut self, line: &[u8]) -> Result<Vec<ExportFile>, TooLong> {
        let index = self.edge.size();
        push_entry(&mut self.bundle, index, line)?;
        let hash = leaf_hash(line);
        self.edge.push(hash);
        let mut files = Vec::new();
        if self.edge.size().is_multiple_of(WIDTH) {
            let bytes = std::mem::take(&mut self.bundle);
            files.push(ExportFile { path: entries_path(index / WIDTH, WIDTH), bytes });
        }
        let mut carry = Some(hash);
        for level in 0_u8.. {
            let Some(hash) = carry.take() else { break };
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Level::default());
            }
            let Some(tile) = self.levels.get_mut(at) else { break };
            tile.hashes.push(hash);
            if u64::try_from(tile.hashes.len()) == Ok(WIDTH) {
                let (file, root) = tile.close(level);
                files.push(file);
                carry = Some(root);
            }
        }
        Ok(files)
    }

    /// The files that are not full, after the last line.
    pub fn finish(mut self) -> (TreeHead, Vec<ExportFile>) {
        let head = self.head();
        let mut files = Vec::new();
        let width = head.size % WIDTH;
        if width > 0 {
            let path = entries_path(head.size / WIDTH, width);
            files.push(ExportFile { path, bytes: std::mem::take(&mut self.bundle) });
        }
        for (level, tile) in (0_u8..).zip(&mut self.levels) {
            if !tile.hashes.is_empty() {
                files.push(tile.close(level).0);
            }
        }
        (head, files)
    }
}

/// Where and why a bundle is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {byte}: {why}")]
pub struct BadBundle {
    /// Where.
    pub byte: usize,
    /// Why.
    pub why: &'static str,
}

/// The lines of a bundle that must hold `width` of them and nothing else.
///
/// # Errors
/// If it does not.
pub fn read_bundle(bytes: &[u8], width: u64) -> Result<Vec<&[u8]>, BadBundle> {
    let (mut lines, mut rest) = (Vec::new(), bytes);
    for _ in 0..width.min(WIDTH) {
        let bad = |why| BadBundle { byte: bytes.len() - rest.len(), why };
        let (length, after) = rest.split_first_chunk::<2>().ok_or(bad("an entry is missing"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (line, after) = after.split_at_checked(length).ok_or(bad("an entry is cut off"))?;
        lines.push(line);
        rest = after;
    }
    if rest.is_empty() {
        return Ok(lines);
    }
    Err(BadBundle { byte: bytes.len() - rest.len(), why: "something follows the last entry" })
}

/// The lines of a run of entries of any length up to `most`.
///
/// # Errors
/// If one is cut off, or there are more.
pub fn read_entries(bytes: &[u8], most: usize) -> Result<Vec<&[u8]>, BadBundle> {
    let (mut lines, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let bad = |why| BadBundle { byte: bytes.len() - rest.len(), why };
        if lines.len() >= most {
            return Err(bad("there are more entries than were asked for"));
        }
        let (length, after) = rest.split_first_chunk::<2>().ok_or(bad("an entry is cut off"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (line, after) = after.split_at_checked(length).ok_or(bad("an entry is cut off"))?;
        lines.push(line);
        rest = after;
    }
    Ok(lines)
}

/// Appends a line to a run of entries.
///
/// # Errors
/// If the line is too long for an entry.
pub fn push_entry(entries: &mut Vec<u8>, index: u64, line: &[u8]) -> Result<(), TooLong> {
    let length = u16::try_from(line.len()).ok().ok_or(TooLong { index, size: line.len() })?;
    entries.extend_from_slice(&length.to_be_bytes());
    entries.extend_from_slice(line);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(size: u64) -> (TreeHead, Vec<ExportFile>) {
        let mut exporter = Exporter::new();
        let mut files = Vec::new();
        for n in 0..size {
            files.extend(exporter.push(format!("{n}").as_bytes()).unwrap());
        }
        let (head, rest) = exporter.finish();
        files.extend(rest);
        (head, files)
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(tile_path(3, 1_234_067, 256), "tile/3/x001/x234/067");
        assert_eq!(tile_path(0, 273, 112), "tile/0/273.p/112");
        assert_eq!(entries_path(1000, 256), "tile/entries/x001/000");
        assert_eq!(entries_path(0, 1), "tile/entries/000.p/1");
    }

    #[test]
    fn the_specifications_tree_of_70000_has_its_tiles() {
        let (head, files) = export(70_000);
        let count = |prefix: &str| files.iter().filter(|f| f.path.starts_with(prefix)).count();
        assert_eq!((head.size, count("tile/0/"), count("tile/entries/")), (70_000, 274, 274));
        assert_eq!((count("tile/1/"), count("tile/2/"), count("tile/3/")), (2, 1, 0));
        for path in ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
            assert_eq!(count(path), 1, "{path}");
        }
    }

    #[test]
    fn a_tree_of_256_has_a_full_tile_and_one_hash_above() {
        let (head, files) = export(256);
        let paths: Vec<_> = files.iter().map(|f| (f.path.as_str(), f.bytes.len())).collect();
        let bundle: usize = (0..256).map(|n: u32| n.to_string().len() + 2).sum();
        assert_eq!(
            paths,
            [("tile/entries/000", bundle), ("tile/0/000", 8192), ("tile/1/000.p/1", 32)]
        );
        assert_eq!(files[2].bytes, head.root.0);
        assert_eq!(export(0).1, []);
    }

    #[test]
    fn bundles_hold_exactly_their_lines() {
        let (_, files) = export(3);
        let bundle = &files[0].bytes;
        assert_eq!(read_bundle(bundle, 3).unwrap(), [b"0", b"1", b"2"]);
        let missing = BadBundle { byte: 9, why: "an entry is missing" };
        assert_eq!(read_bundle(bundle, 4), Err(missing));
        assert_eq!(read_bundle(bundle, 2).unwrap_err().byte, 6);
        assert_eq!(read_bundle(&bundle[..8], 3).unwrap_err().why, "an entry is cut off");
        let long = vec![0; MAX_ENTRY + 1];
        assert_eq!(Exporter::new().push(&long), Err(TooLong { index: 0, size: 65_536 }));
        assert!(Exporter::new().push(&long[1..]).is_ok());
    }
    #[test]
    fn runs_of_entries_are_read_to_their_end() {
        let mut run = Vec::new();
        for (index, line) in [&b"a"[..], b"", b"ccc"].into_iter().enumerate() {
            push_entry(&mut run, index as u64, line).unwrap();
        }
        assert_eq!(read_entries(&run, 3).unwrap(), [&b"a"[..], b"", b"ccc"]);
        assert_eq!(read_entries(&[], 3).unwrap(), Vec::<&[u8]>::new());
        assert_eq!(read_entries(&run, 2).unwrap_err().byte, 5);
        assert_eq!(read_entries(&run[..run.len() - 1], 3).unwrap_err().why, "an entry is cut off");
        assert!(push_entry(&mut run, 3, &vec![0; MAX_ENTRY + 1]).is_err());
    }
}
