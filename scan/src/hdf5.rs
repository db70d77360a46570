//! HDF5: what Keras 2 writes beside the weights is one attribute of text, and it is found by its name.
//!
//! The whole format is not read. The attribute's own record (HDF5 file format, IV.A.2.m) is, wherever it stands; weights
//! and other data sets carry no code. A record that cannot be read is unknown.
//! Never here: data sets. To add an attribute: a row in [`ATTRIBUTES`].

mod outside;

pub(crate) use outside::signature;

use crate::{
    book::{Book, quoted},
    hidden, keras,
    report::{Finding, Kind},
    source::{Source, find, little, narrow, piece, read as read_at, wide},
};

/// Attributes that hold a configuration.
const ATTRIBUTES: &[&[u8]] = &[b"model_config\0", b"training_config\0"];
/// What a Lambda layer looks like if the record around it cannot be read.
const SIGNS: &[&[u8]] =
    &[b"\"class_name\": \"Lambda\"", b"\"class_name\":\"Lambda\"", b"\"__lambda__\""];
/// LIMIT: bytes searched at once, and how much of the last ones is searched again.
const WINDOW: usize = 1 << 20;
const OVERLAP: u64 = 4096;
/// LIMIT: bytes of a configuration.
const CONFIG: u64 = 8 << 20;
/// LIMIT: bytes in which pickles are searched: attributes stand at the beginning.
const PICKLES: u64 = 8 << 20;
/// LIMIT: configurations of one file; a model has one of each.
const CONFIGURATIONS: usize = 16;
/// LIMIT: places that look like a list of other files and are followed.
const PLACES: usize = 4096;
/// LIMIT: objects of one heap that are passed over.
const OBJECTS: usize = 65_536;

/// Reads a file.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let most = source.len().min(book.limits.searched);
    if most < source.len() {
        book.partial("HDF5 behind the limit of searched bytes");
    }
    let beginning = outside::beginning(source);
    match beginning.and_then(|one| one.end) {
        Some(end) if end > source.len() => {
            book.broken("hdf5.truncated", 0, "the file is shorter than it says");
        }
        Some(_) => {}
        None => book.broken("hdf5.beginning", 0, "the file begins in no way that is known"),
    }
    let base = beginning.map_or(0, |one| one.base);
    let (mut configurations, mut places) = (CONFIGURATIONS, PLACES);
    let mut at = 0;
    while at < most {
        let bytes = match read_at(source, at, WINDOW) {
            Ok(bytes) if !bytes.is_empty() => bytes,
            Ok(_) => break,
            Err(_unread) => {
                book.broken("source.unread", at, "bytes could not be read");
                break;
            }
        };
        for name in ATTRIBUTES {
            let mut from = 0;
            while let Some(next) = bytes.get(from..).and_then(|rest| find(rest, name)) {
                if configurations == 0 {
                    book.partial("configurations of Keras behind the limit of them");
                    break;
                }
                configurations -= 1;
                attribute(source, base, at + wide(from + next), name.len(), book);
                from += next + name.len();
            }
        }
        for sign in SIGNS {
            if let Some(place) = find(&bytes, sign) {
                let sentence = "a Lambda layer: code that runs when the model is loaded or used";
                book.add(Finding::Suspicious, "keras.lambda", at + wide(place), sentence);
            }
        }
        elsewhere(source, base, (&bytes, at), &mut places, book);
        if at < PICKLES {
            hidden::search(book, &bytes, at);
        }
        if wide(bytes.len()) < wide(WINDOW) {
            break;
        }
        at += wide(bytes.len()) - OVERLAP;
    }
    book.pass("data sets: not examined, carry no code");
    Kind::Hdf5
}

/// What is taken from other files.
fn elsewhere(
    source: &mut dyn Source,
    base: u64,
    (bytes, at): (&[u8], u64),
    places: &mut usize,
    book: &mut Book<'_>,
) {
    for (place, four) in bytes.windows(4).enumerate() {
        match four {
            // A link: version 1, a type of its own, and that is 64.
            [1, flags, 64, _] if flags & 0xe8 == 8 => {
                if let Some(file) = outside::link(bytes, place) {
                    let sentence = format!("a link leads into the file `{}`", quoted(&file));
                    book.add(Finding::Suspicious, "hdf5.external", at + wide(place), sentence);
                }
            }
            [1, 0, 0, 0] => {
                let heap = outside::storage(base, bytes, place);
                let Some(heap) = heap.filter(|heap| *heap < source.len()) else { continue };
                if *places == 0 {
                    book.partial("lists of other files behind the limit of them");
                    return;
                }
                *places -= 1;
                if outside::names(source, heap) {
                    let sentence = "numbers are read from other files";
                    book.add(Finding::Suspicious, "hdf5.external", at + wide(place), sentence);
                }
            }
            _ => {}
        }
    }
}

fn attribute(source: &mut dyn Source, base: u64, at: u64, name: usize, book: &mut Book<'_>) {
    if let Some(text) = text(source, base, at, name) {
        let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        book.inside("model_config", |book| {
            keras::check(text.get(..end).unwrap_or_default(), book);
        });
    } else {
        let sentence = "a configuration of Keras whose record cannot be read";
        book.add(Finding::Unknown, "hdf5.attribute", at, sentence);
        book.partial("a configuration of Keras");
    }
}

/// The text of the attribute whose name stands at a place; addresses are counted from `base`.
fn text(source: &mut dyn Source, base: u64, at: u64, name: usize) -> Option<Vec<u8>> {
    let before = read_at(source, at.checked_sub(9)?, 9).ok()?;
    let length = |place: usize| piece(&before, place, 2).map(little);
    // The third version has a byte for the letters' coding behind the lengths.
    let (version, sizes) = match (before.first()?, before.get(1)?) {
        (3, _) if length(2)? == wide(name) => (3, [length(4)?, length(6)?]),
        (_, version @ (1 | 2)) if length(3)? == wide(name) => (*version, [length(5)?, length(7)?]),
        _ => return None,
    };
    let padded = |size: u64| if version == 1 { size.div_ceil(8) * 8 } else { size };
    let [kind_size, space_size] = sizes;
    let kind_at = at + padded(wide(name));
    let data = kind_at + padded(kind_size) + padded(space_size);
    let kind = read_at(source, kind_at, 8).ok()?;
    let size = little(piece(&kind, 4, 4)?);
    match kind.first()? & 0x0f {
        3 if size <= CONFIG => read_at(source, data, narrow(size)).ok(),
        9 => {
            let pointer = read_at(source, data, 16).ok()?;
            let place = base.checked_add(little(piece(&pointer, 4, 8)?))?;
            heap(source, place, little(piece(&pointer, 12, 4)?))
        }
        _ => None,
    }
}

/// One object of a global heap (III.E).
fn heap(source: &mut dyn Source, at: u64, wanted: u64) -> Option<Vec<u8>> {
    if !read_at(source, at, 4).ok()?.starts_with(b"GCOL") {
        return None;
    }
    let mut place = at.checked_add(16)?;
    for _ in 0..OBJECTS {
        let head = read_at(source, place, 16).ok()?;
        let (number, size) = (little(piece(&head, 0, 2)?), little(piece(&head, 8, 8)?));
        if number == wanted {
            return (size <= CONFIG)
                .then(|| read_at(source, place + 16, narrow(size)).ok())
                .flatten();
        }
        if number == 0 {
            return None;
        }
        place = place.checked_add(16)?.checked_add(size.checked_add(7)? / 8 * 8)?;
    }
    None
}
