//! Zip archives: torch files, numpy's `.npz`, Keras and skops files, model archives with handlers, and others.
//!
//! Every member is read by what it is, whatever its name, its method or its marks say.
//! Never here: the two lists (see `directory`). To add a kind of archive: an arm of [`of`].

mod directory;

use crate::{
    book::{Book, quoted},
    keras, pickle, python,
    report::{Finding, Kind},
    skops, sniff,
    source::{Head, Part, Source, narrow, read as read_at, wide},
    squeeze::{self, End, Way},
    zip::directory::Entry,
};

/// LIMIT: bytes of a member whose sum is checked.
const SUMMED: u64 = 4 << 20;
/// Steps that a member costs by itself: its sentences, its path, its readers.
const MEMBER: usize = 1024;
/// LIMIT: weights whose beginning is looked at.
const WEIGHTS: usize = 1024;
/// LIMIT: pickles that weights stand below; a file has one.
const FOLDERS: usize = 16;
/// LIMIT: bytes of such a beginning.
const BEGINNING: usize = 4 << 10;

/// What an archive is, by the names in it.
fn of(name: &str, entries: &[Entry]) -> Kind {
    let has = |wanted: &str| entries.iter().any(|entry| entry.name == wanted);
    let ends = |ending: &str| entries.iter().any(|entry| entry.name.ends_with(ending));
    if ends("/data.pkl") || has("data.pkl") {
        Kind::Torch
    } else if has("config.json") && (has("metadata.json") || has("model.weights.h5"))
        || called(name, "keras")
    {
        Kind::Keras
    } else if has("schema.json") {
        Kind::Skops
    } else {
        Kind::Zip
    }
}

/// Whether a name has an ending, however it is spelled.
fn called(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(ending))
}

/// The folders of a torch file's pickles, with the stroke behind them: its weights stand below.
fn folders(entries: &[Entry]) -> Vec<&str> {
    entries
        .iter()
        .filter_map(|entry| entry.name.strip_suffix("data.pkl"))
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
        .take(FOLDERS)
        .collect()
}

/// Whether a member is a torch file's weights: a number below `data`.
fn weights(entry: &Entry, folders: &[&str]) -> bool {
    let number = |last: &str| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    let below = |folder: &&str| entry.name.strip_prefix(*folder)?.strip_prefix("data/");
    folders.iter().filter_map(below).any(number)
}

/// Whether a member is a weight of an exported program: raw numbers, unless it begins like something that is loaded.
fn exported(source: &mut dyn Source, entry: &Entry) -> bool {
    entry.name.contains("/data/weights/")
        && entry.method == 0
        && read_at(source, entry.data, 2)
            .is_ok_and(|head| head.first() != Some(&0x80) && head != b"PK")
}

/// Reads an archive.
pub(crate) fn read(name: &str, source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let entries = directory::entries(source, book);
    let kind = of(name, &entries);
    let folders = folders(&entries);
    let script = kind == Kind::Torch && entries.iter().any(|entry| entry.name.contains("/code/"));
    let mut looked = 0;
    for entry in &entries {
        if !book.step(wide(MEMBER + entry.name.len())) {
            break;
        }
        if entry.name.ends_with('/') && entry.size == 0 {
            continue;
        }
        escapes(&entry.name, book);
        if kind == Kind::Torch && weights(entry, &folders) {
            looked += 1;
            if looked > WEIGHTS {
                continue;
            }
            let head = beginning(source, entry);
            // Whoever asks numpy for it by its name gets it as an array, of Python objects if it says so.
            if !head.starts_with(b"\x93NUMPY") {
                crate::hidden::search(book, &head, entry.data);
                continue;
            }
        }
        if exported(source, entry) {
            looked += 1;
            continue;
        }
        member(source, entry, kind, script, book);
    }
    if looked > 0 {
        book.pass("weights: not examined, carry no code");
    }
    kind
}

/// A name that leads out of the folder it is unpacked in.
pub(crate) fn escapes(name: &str, book: &mut Book<'_>) {
    let out = name.split(['/', '\\']).any(|piece| piece == "..");
    if out || name.starts_with(['/', '\\']) || name.get(1..3) == Some(":\\") {
        let sentence = format!("`{}` leads out of the folder it is unpacked in", quoted(name));
        book.add(Finding::Suspicious, "archive.escape", 0, sentence);
    }
}

/// How a member is packed; none if it stands there as it is, or in a way that is not read.
fn way(entry: &Entry) -> Option<Way> {
    match entry.method {
        8 => Some(Way::Deflate),
        12 => Some(Way::Bzip2),
        14 => Some(Way::ZipLzma(entry.size)),
        _ => None,
    }
}

/// The first bytes of a member.
fn beginning(source: &mut dyn Source, entry: &Entry) -> Vec<u8> {
    let mut part = Part::new(source, entry.data, entry.packed);
    match way(entry) {
        Some(way) => squeeze::unpack(&mut part, way, BEGINNING).bytes,
        None => read_at(&mut part, 0, BEGINNING).unwrap_or_default(),
    }
}

fn member(source: &mut dyn Source, entry: &Entry, kind: Kind, script: bool, book: &mut Book<'_>) {
    let way = way(entry);
    if !matches!(entry.method, 0 | 8 | 12 | 14) {
        book.inside(&entry.name, |book| {
            book.partial("a member that is compressed in a way that is not read");
        });
    }
    let mut part = Part::new(source, entry.data, entry.packed);
    let Some(way) = way else {
        if part.len() < entry.packed {
            book.broken("zip.truncated", entry.data, "a member is longer than the archive");
        }
        if entry.size <= SUMMED && entry.method == 0 && entry.flags & 1 == 0 {
            let bytes = read_at(&mut part, 0, narrow(SUMMED)).unwrap_or_default();
            summed(entry, &bytes, book);
        }
        book.inside(&entry.name, |book| {
            let _kind = one(&entry.name, &mut part, kind, script, book);
        });
        return;
    };
    let out = squeeze::unpack(&mut part, way, book.room());
    let there = wide(out.bytes.len());
    if !book.step(wide(out.bytes.len() / squeeze::STEP)) {
        return;
    }
    match out.end {
        End::Whole => {
            if there != entry.size && entry.flags & 8 == 0 {
                let sentence = format!("`{}` has another length than is said", quoted(&entry.name));
                book.add(Finding::Suspicious, "zip.length", entry.data, sentence);
            }
            summed(entry, &out.bytes, book);
        }
        End::More => {}
        End::Broken => book.broken("zip.broken", entry.data, "a member's compression is broken"),
    }
    let len = if out.end == End::More { entry.size.max(there + 1) } else { there };
    let mut head = Head { bytes: &out.bytes, len };
    book.unpacked(&entry.name, out.bytes.len(), |book| {
        let read = one(&entry.name, &mut head, kind, script, book);
        match (out.end, read) {
            // Their readers have seen all but numbers, and say so if they have not.
            (End::More, Kind::Npy | Kind::Safetensors | Kind::Gguf) => {
                book.pass("numbers behind the limit of unpacked bytes");
            }
            (End::More, _) => book.partial("what a member has behind the limit of unpacked bytes"),
            _ => {}
        }
    });
}

fn summed(entry: &Entry, bytes: &[u8], book: &mut Book<'_>) {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    if sum.sum() != entry.crc && entry.crc != 0 {
        let sentence = format!("the sum of `{}` is wrong", quoted(&entry.name));
        book.broken("zip.sum", entry.data, sentence);
    }
}

/// Reads a member; what it turned out to be.
fn one(name: &str, source: &mut dyn Source, kind: Kind, script: bool, book: &mut Book<'_>) -> Kind {
    let last = name.rsplit('/').next().unwrap_or(name);
    match (kind, last) {
        (Kind::Torch, _) if script && last.to_ascii_lowercase().ends_with(".py") => {
            python::read_script(source, book);
            Kind::Python
        }
        (Kind::Torch, _) if script && called(last, "pkl") => {
            pickle::read(source, pickle::Setting::Script, book)
        }
        (Kind::Torch, _) if called(last, "pkl") => {
            pickle::read(source, pickle::Setting::Plain, book)
        }
        (Kind::Torch, _) if called(last, "debug_pkl") => {
            book.pass("TorchScript's notes for its debugger: not examined, loaded by a reader without names");
            Kind::Other
        }
        (Kind::Keras, "config.json") => {
            keras::config(source, book);
            Kind::Keras
        }
        (Kind::Skops, "schema.json") => {
            skops::schema(source, book);
            Kind::Skops
        }
        _ => sniff::part(name, source, book),
    }
}
