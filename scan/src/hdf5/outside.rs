//! What an HDF5 file takes from elsewhere: links into other files, and data sets whose numbers stand in other files.
//!
//! Messages are found by their shape, wherever they stand, and believed only if everything in them fits (HDF5 file format,
//! IV.A.2.g and IV.A.2.h).
//! Never here: another file. To add a message: a function that says whether it stands at a place.

use crate::source::{Source, little, narrow, piece, read};

/// LIMIT: bytes of a name.
const NAME: usize = 1024;

/// A link of the external type at a place of a stretch: the file it names.
pub(super) fn link(bytes: &[u8], at: usize) -> Option<String> {
    let flags = *bytes.get(at + 1)?;
    let mut place = at + 2;
    if bytes.get(at) != Some(&1) || flags & 0xe8 != 0x08 || bytes.get(place) != Some(&64) {
        return None;
    }
    place += 1;
    place += if flags & 4 == 0 { 0 } else { 8 };
    place += usize::from(flags & 16 != 0);
    let width = 1 << (flags & 3);
    let length = narrow(little(piece(bytes, place, width)?));
    place += width;
    let name = piece(bytes, place, length).filter(|name| length < NAME && printable(name))?;
    place += name.len();
    let size = narrow(little(piece(bytes, place, 2)?));
    let value = piece(bytes, place + 2, size)?;
    let [0, rest @ .., 0] = value else {
        return None;
    };
    let mut texts = rest.split(|byte| *byte == 0);
    let (file, object) = (texts.next()?, texts.next()?);
    (printable(file) && printable(object)).then(|| String::from_utf8_lossy(file).into_owned())
}

fn printable(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

/// A list of external files at a place: version 1, slots, and where a heap with the names has to stand.
pub(super) fn storage(base: u64, bytes: &[u8], at: usize) -> Option<u64> {
    let message = piece(bytes, at, 16)?;
    if !message.starts_with(&[1, 0, 0, 0]) {
        return None;
    }
    let (slots, used) = (little(piece(message, 4, 2)?), little(piece(message, 6, 2)?));
    if used == 0 || used > slots || slots > 4096 {
        return None;
    }
    base.checked_add(little(piece(message, 8, 8)?))
}

/// Whether a heap stands at a place.
pub(super) fn names(source: &mut dyn Source, heap: u64) -> bool {
    read(source, heap, 4).is_ok_and(|sign| sign.starts_with(b"HEAP"))
}

/// The beginning of the part that is HDF5 (III.A): its place in the file, and where it says that the file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    /// Behind a block of the user's or not. Addresses inside are counted from here.
    pub(super) base: u64,
    /// None if the version is not known.
    pub(super) end: Option<u64>,
}

/// LIMIT: bytes of a user's block; it is a power of two, and real ones hold a few letters.
const BLOCK: u64 = 1 << 30;

/// Where the signature stands: at the beginning, or behind a block of 512, 1024, 2048 … bytes.
pub(crate) fn signature(source: &mut dyn Source) -> Option<u64> {
    let mut base = 0;
    while base <= BLOCK && base < source.len() {
        let head = read(source, base, 8).ok()?;
        if head.starts_with(b"\x89HDF\r\n\x1a\n") {
            return Some(base);
        }
        base = (base * 2).max(512);
    }
    None
}

/// Reads the superblock: version 0 and 1, or 2 and 3, with addresses of eight bytes.
pub(super) fn beginning(source: &mut dyn Source) -> Option<Beginning> {
    let base = signature(source)?;
    let head = read(source, base, 64).ok()?;
    let (end, own, wide) = match head.get(8)? {
        0 => (piece(&head, 40, 8), piece(&head, 24, 8), head.get(13)),
        1 => (piece(&head, 44, 8), piece(&head, 28, 8), head.get(13)),
        2 | 3 => (piece(&head, 28, 8), piece(&head, 12, 8), head.get(9)),
        _ => return Some(Beginning { base, end: None }),
    };
    // A file that was put behind something says where it was before; the library corrects that, too.
    let end = end.zip(own).and_then(|(end, own)| {
        little(end).checked_sub(little(own))?.checked_add(base).filter(|_| wide == Some(&8))
    });
    Some(Beginning { base, end })
}
