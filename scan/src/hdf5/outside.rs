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

/// A list of external files at a place: version 1, slots, and a heap with the names where the address says.
pub(super) fn storage(source: &mut dyn Source, bytes: &[u8], at: usize) -> Option<()> {
    let message = piece(bytes, at, 16)?;
    if !message.starts_with(&[1, 0, 0, 0]) {
        return None;
    }
    let (slots, used) = (little(piece(message, 4, 2)?), little(piece(message, 6, 2)?));
    if used == 0 || used > slots || slots > 4096 {
        return None;
    }
    let heap = little(piece(message, 8, 8)?);
    read(source, heap, 4).ok()?.starts_with(b"HEAP").then_some(())
}

/// Whether the file is shorter than it says (III.A): version 0 and 1, or 2 and 3, of the superblock, behind a block of the
/// user's or not.
pub(super) fn cut(source: &mut dyn Source) -> Option<bool> {
    for base in [0, 512, 1024, 2048] {
        let head = read(source, base, 64).ok()?;
        if !head.starts_with(b"\x89HDF\r\n\x1a\n") {
            continue;
        }
        let end = match head.get(8)? {
            0 => little(piece(&head, 40, 8)?),
            1 => little(piece(&head, 44, 8)?),
            2 | 3 => little(piece(&head, 28, 8)?),
            _ => return None,
        };
        return Some(end > source.len());
    }
    None
}
