//! numpy arrays: a header that is a literal of Python, then numbers, or a pickle if the array holds objects.
//!
//! Never here: the literal evaluated. To add a version: nothing, the header's length alone differs (NEP 1).

use crate::{
    book::Book,
    hidden, pickle,
    report::{Finding, Kind},
    source::{Part, Source, find, little, narrow, piece, read as read_at, wide},
};

/// LIMIT: bytes of a header; numpy itself refuses more than 10,000 without being asked.
const HEADER: usize = 1 << 20;
/// LIMIT: arrays in one file, one behind the other.
const ARRAYS: usize = 1000;
/// LIMIT: bytes of numbers that are searched.
const SEARCHED: usize = 64 << 10;

struct Header {
    /// Whether it holds objects, and bytes of one value; none if the type cannot be told.
    kind: Option<(bool, u64)>,
    shape: Vec<u64>,
    /// Where the values begin.
    data: u64,
}

/// Reads a file of arrays.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let mut at = 0;
    for _ in 0..ARRAYS {
        let Some(header) = header(source, at) else {
            book.broken("npy.header", at, "an array's header cannot be read");
            break;
        };
        let Some((object, size)) = header.kind else {
            let sentence = "an array's type cannot be told from its header";
            book.add(Finding::Unknown, "npy.type", at, sentence);
            objects(source, header.data, book);
            break;
        };
        if object {
            objects(source, header.data, book);
            break;
        }
        let Some(length) = pickle::bytes_of(&header.shape, size) else {
            book.broken("npy.shape", at, "an array's shape is beyond every file");
            break;
        };
        let head = read_at(source, header.data, SEARCHED).unwrap_or_default();
        hidden::search(book, &head, header.data);
        at = header.data.saturating_add(wide(length));
        if at > source.len() {
            book.broken("npy.truncated", header.data, "an array is longer than its file");
            break;
        }
        if at == source.len() {
            break;
        }
        let behind = read_at(source, at, SEARCHED).unwrap_or_default();
        if !behind.starts_with(b"\x93NUMPY") {
            hidden::search(book, &behind, at);
            book.add(Finding::Unknown, "npy.trailing", at, "bytes stand behind the last array");
            break;
        }
    }
    Kind::Npy
}

/// The values are one pickle.
fn objects(source: &mut dyn Source, at: u64, book: &mut Book<'_>) {
    let length = source.len().saturating_sub(at);
    let mut part = Part::new(source, at, length);
    book.inside("objects", |book| {
        let _kind = pickle::read(&mut part, pickle::Setting::Plain, book);
    });
}

fn header(source: &mut dyn Source, at: u64) -> Option<Header> {
    let start = read_at(source, at, 12).ok()?;
    if !start.starts_with(b"\x93NUMPY") {
        return None;
    }
    let (length, from) = match start.get(6)? {
        1 => (little(piece(&start, 8, 2)?), 10),
        _ => (little(piece(&start, 8, 4)?), 12),
    };
    if length > wide(HEADER) {
        return None;
    }
    let bytes = read_at(source, at.checked_add(from)?, narrow(length)).ok()?;
    if wide(bytes.len()) < length {
        return None;
    }
    Some(Header { kind: kind(&bytes), shape: shape(&bytes)?, data: at + from + length })
}

/// The texts in quotes of a stretch.
fn words(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut words = Vec::new();
    let mut rest = text.as_ref();
    while let Some(start) = rest.find(['\'', '"']) {
        let quote =
            if rest.get(start..).is_some_and(|rest| rest.starts_with('"')) { '"' } else { '\'' };
        let inner = rest.get(start + 1..).unwrap_or("");
        let Some(end) = inner.find(quote) else {
            break;
        };
        words.push(inner.get(..end).unwrap_or("").to_owned());
        rest = inner.get(end + 1..).unwrap_or("");
    }
    words
}

/// The type: one word, or a list of fields whose sizes add up.
fn kind(bytes: &[u8]) -> Option<(bool, u64)> {
    let from = find(bytes, b"descr")? + 6;
    let rest = bytes.get(from..)?;
    let rest = rest.get(rest.iter().position(|byte| *byte == b':')? + 1..)?.trim_ascii_start();
    if rest.starts_with(b"[") {
        let end = find(rest, b"fortran_order").unwrap_or(rest.len());
        let fields = words(rest.get(..end)?);
        // Fields may have shapes of their own: an object anywhere makes the whole one; else the size is what is left.
        let object = fields.iter().any(|word| {
            word.trim_start_matches(['|', '<', '>', '=']).starts_with('O')
                && pickle::spelled_type(word).is_some()
        });
        return if object {
            Some((true, 8))
        } else {
            fields_size(rest.get(..end)?).map(|size| (false, size))
        };
    }
    pickle::spelled_type(words(rest).first()?)
}

/// The bytes of one record of plain fields `('name', '<f8')` or `('name', '<f8', (2, 3))`.
fn fields_size(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut sum = 0_u64;
    for field in text.split("('").skip(1) {
        let words: Vec<&str> = field.split('\'').collect();
        let (_, size) = pickle::spelled_type(words.get(2)?)?;
        let numbers = words.get(3).copied().unwrap_or("");
        let numbers =
            numbers.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let count = numbers
            .map(|digits| digits.parse::<u64>().ok())
            .try_fold(1_u64, |all, one| all.checked_mul(one?));
        sum = sum.checked_add(size.checked_mul(count?)?)?;
    }
    (sum > 0).then_some(sum)
}

fn shape(bytes: &[u8]) -> Option<Vec<u64>> {
    let from = find(bytes, b"shape")?;
    let rest = bytes.get(from..)?;
    let start = rest.iter().position(|byte| *byte == b'(')?;
    let end = rest.iter().position(|byte| *byte == b')')?;
    let inner = std::str::from_utf8(rest.get(start + 1..end)?).ok()?;
    inner
        .split(',')
        .map(str::trim)
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.trim_end_matches('L').parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_without_being_evaluated() {
        let one = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }";
        assert_eq!((kind(one), shape(one)), (Some((false, 8)), Some(vec![3, 4])));
        let record = b"{'descr': [('a', '<i4'), ('b', '<f8', (2,))], 'fortran_order': False, 'shape': (7,), }";
        assert_eq!((kind(record), shape(record)), (Some((false, 20)), Some(vec![7])));
        let object =
            b"{'descr': [('a', '<i4'), ('O', '|O')], 'fortran_order': False, 'shape': (), }";
        assert_eq!((kind(object), shape(object)), (Some((true, 8)), Some(vec![])));
        assert_eq!(kind(b"{'descr': __import__('os'), 'shape': ()}"), None);
    }
}
