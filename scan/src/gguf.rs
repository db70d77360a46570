//! GGUF: keys and values, then descriptions of tensors, then numbers. The templates of chats among the values are programs.
//!
//! Never here: the numbers. To add a key that is a program: [`program`].

use crate::{
    book::Book,
    cursor::{Cursor, Stop},
    hidden, jinja,
    report::{Finding, Kind},
    source::{Source, wide},
};

/// LIMIT: keys of one file; real ones have fifty.
const KEYS: u64 = 65_536;
/// LIMIT: bytes of a key.
const KEY: usize = 65_535;
/// LIMIT: bytes of a text that is looked into.
const TEXT: usize = 1 << 20;
/// LIMIT: values of all arrays together.
const VALUES: u64 = 50_000_000;
/// LIMIT: tensors of one file.
const TENSORS: u64 = 1_000_000;

/// How numbers are written: bytes of a length, and whether the greatest stands first.
#[derive(Debug, Clone, Copy)]
struct Order {
    length: usize,
    big: bool,
}

impl Order {
    fn number(self, cursor: &mut Cursor<'_>, count: usize) -> Result<u64, Stop> {
        let number = cursor.number(count)?;
        Ok(if self.big { number.swap_bytes() >> (64 - 8 * count) } else { number })
    }

    fn length(self, cursor: &mut Cursor<'_>) -> Result<u64, Stop> {
        self.number(cursor, self.length)
    }
}

/// Reads a file.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let mut cursor = Cursor::new(source);
    let at = match walk(&mut cursor, book) {
        Ok(()) => {
            book.pass("weights: not examined, carry no code");
            return Kind::Gguf;
        }
        Err(Stop::Limit) => {
            book.partial("keys and values behind a limit");
            return Kind::Gguf;
        }
        Err(_) => cursor.at(),
    };
    book.broken("gguf.broken", at, "keys and values end early or are of no known type");
    Kind::Gguf
}

fn walk(cursor: &mut Cursor<'_>, book: &mut Book<'_>) -> Result<(), Stop> {
    if cursor.number(4)? != u64::from(u32::from_le_bytes(*b"GGUF")) {
        return Err(Stop::Broken);
    }
    let version = cursor.number(4)?;
    // Machines that write the greatest byte first do so here, too.
    let big = version > 0xffff;
    let order = Order { length: 8, big };
    let version = if big { version.swap_bytes() >> 32 } else { version };
    let order = match version {
        1 => Order { length: 4, ..order },
        2 | 3 => order,
        _ => return Err(Stop::Broken),
    };
    let tensors = order.length(cursor)?;
    let keys = order.length(cursor)?;
    if keys > KEYS || tensors > TENSORS {
        return Err(Stop::Limit);
    }
    for _ in 0..keys {
        let at = cursor.at();
        let length = order.length(cursor)?;
        let letters = cursor.take(length, KEY)?;
        let key = String::from_utf8_lossy(&letters).into_owned();
        let kind = order.number(cursor, 4)?;
        value(cursor, kind, order, &key, book)?;
        if !book.step(1) {
            return Err(Stop::Limit);
        }
        if letters.contains(&0) || std::str::from_utf8(&letters).is_err() {
            book.add(Finding::Suspicious, "gguf.key", at, "a key is no text");
        }
    }
    let mut end = 0;
    for _ in 0..tensors {
        let length = order.length(cursor)?;
        cursor.skip(length)?;
        let dimensions = order.number(cursor, 4)?;
        if dimensions > 8 {
            return Err(Stop::Broken);
        }
        let mut count = 1_u64;
        for _ in 0..dimensions {
            let one = order.number(cursor, if version == 1 { 4 } else { 8 })?;
            count = count.checked_mul(one).ok_or(Stop::Broken)?;
        }
        let kind = order.number(cursor, 4)?;
        let offset = order.number(cursor, 8)?;
        let bytes =
            blocks(kind).map_or(0, |(block, bytes)| count.div_ceil(block).saturating_mul(bytes));
        end = end.max(offset.saturating_add(bytes));
    }
    // Numbers begin at the next multiple of thirty-two, unless a key says otherwise: at least here.
    if end > cursor.left() {
        return Err(Stop::End);
    }
    Ok(())
}

/// Values and bytes of one block of a type of numbers (`ggml.h`).
fn blocks(kind: u64) -> Option<(u64, u64)> {
    Some(match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        24 => (1, 1),
        27 | 28 => (1, 8),
        2 | 20 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        10 => (256, 84),
        11 | 21 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        16 | 35 => (256, 66),
        17 => (256, 74),
        18 => (256, 98),
        19 => (256, 50),
        22 => (256, 82),
        23 => (256, 136),
        29 => (256, 56),
        34 => (256, 54),
        _ => return None,
    })
}

fn size(kind: u64) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn value(
    cursor: &mut Cursor<'_>,
    kind: u64,
    order: Order,
    key: &str,
    book: &mut Book<'_>,
) -> Result<(), Stop> {
    if let Some(size) = size(kind) {
        return cursor.skip(size);
    }
    match kind {
        8 => text(cursor, order, key, book),
        9 => {
            let inner = order.number(cursor, 4)?;
            let length = order.length(cursor)?;
            if length > VALUES || !book.step(length / 64 + 1) {
                return Err(Stop::Limit);
            }
            match (size(inner), inner) {
                (Some(size), _) => cursor.skip(size * length),
                (None, 8) => {
                    let few = length <= 256;
                    for _ in 0..length {
                        if few {
                            text(cursor, order, key, book)?;
                        } else {
                            let length = order.length(cursor)?;
                            cursor.skip(length)?;
                        }
                    }
                    Ok(())
                }
                // No real file has arrays of arrays.
                _ => Err(Stop::Broken),
            }
        }
        _ => Err(Stop::Broken),
    }
}

/// Whether a text is a template: by its key, or because it looks like one.
fn program(key: &str, text: &str) -> bool {
    key.contains("template") || text.contains("{%") || text.contains("{{")
}

fn text(cursor: &mut Cursor<'_>, order: Order, key: &str, book: &mut Book<'_>) -> Result<(), Stop> {
    let length = order.length(cursor)?;
    let at = cursor.at();
    if length > cursor.left() {
        return Err(Stop::End);
    }
    let bytes = cursor.span(at, length, TEXT)?;
    let letters = String::from_utf8_lossy(&bytes);
    if program(key, &letters) {
        if length > wide(bytes.len()) {
            book.partial("a template behind the limit of bytes");
        }
        book.inside(key, |book| jinja::check(&letters, at, book));
    } else {
        hidden::literal(book, &bytes, at);
    }
    cursor.skip(length)
}
