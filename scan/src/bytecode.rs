//! Compiled Python: code objects as `marshal` writes them, alone, in a `.pyc`, or in a literal.
//!
//! Bytecode runs when somebody loads it; what it names says how badly it is meant.
//! Never here: a code object. To add a layout: none is needed, only names are read.

use crate::{
    book::{Book, quoted},
    pickle,
    report::{Finding, Kind},
    source::{Source, little, piece, read as read_at},
};

/// LIMIT: bytes of bytecode whose names are read.
const READ: usize = 4 << 20;
/// LIMIT: names of one code object that are kept.
const NAMES: usize = 4096;

/// Whether bytes begin with a code object: small counts of arguments where those stand.
fn begins(bytes: &[u8]) -> bool {
    let [b'c' | 0xe3, rest @ ..] = bytes else {
        return false;
    };
    let count = |at: usize| piece(rest, at * 4, 4).map(little);
    let small = |at: usize, most: u64| count(at).is_some_and(|count| count < most);
    // Arguments, positional ones, keywords, then stack or locals, then flags; 36 bytes are less than any has.
    bytes.len() >= 36 && small(0, 256) && small(1, 256) && small(2, 256) && small(3, 65_536)
}

/// The short texts in bytes that `marshal` wrote.
fn names(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(tag) = bytes.get(at) {
        at += 1;
        let (length, from) = match tag & 0x7f {
            b'z' | b'Z' => (usize::from(bytes.get(at).copied().unwrap_or(0)), at + 1),
            b'a' | b'A' | b'u' | b't' | b's' => {
                (crate::source::narrow(piece(bytes, at, 4).map_or(u64::MAX, little)), at + 4)
            }
            _ => continue,
        };
        if length == 0 || length > 4096 {
            continue;
        }
        let Some(word) = piece(bytes, from, length) else {
            continue;
        };
        if word.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ' || *byte == b'\n') {
            names.push(String::from_utf8_lossy(word).into_owned());
            if names.len() >= NAMES {
                break;
            }
            at = from + length;
        }
    }
    names
}

/// Looks whether bytes are bytecode, and tells what it names.
pub(crate) fn probe(book: &mut Book<'_>, bytes: &[u8]) {
    // A `.pyc` has its magic, which ends in a line break, and three numbers in front.
    let compiled = bytes.get(2..4) == Some(b"\r\n");
    let starts: &[usize] = if compiled { &[16, 12, 8] } else { &[0] };
    for start in starts {
        let inner = bytes.get(*start..).unwrap_or_default();
        if begins(inner) {
            tell(book, inner, (*start).try_into().unwrap_or(0));
            return;
        }
    }
}

fn tell(book: &mut Book<'_>, bytes: &[u8], at: u64) {
    let names = names(bytes.get(..bytes.len().min(READ)).unwrap_or_default());
    if names.is_empty() {
        return;
    }
    let mut reached = names.iter().filter(|name| pickle::outward(name));
    if let Some(name) = reached.next() {
        let sentence = format!("compiled Python that names `{}`", quoted(name));
        book.add(Finding::Malicious, "bytecode.reaches", at, sentence);
    } else {
        let sentence = "compiled Python: what it does was not worked out";
        book.add(Finding::Suspicious, "bytecode.carried", at, sentence);
    }
}

/// Reads a `.pyc`.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    match read_at(source, 0, READ) {
        Ok(bytes) => {
            let sentence = "compiled Python runs when it is imported";
            book.add(Finding::Suspicious, "bytecode.carried", 0, sentence);
            probe(book, &bytes);
        }
        Err(_unread) => book.broken("source.unread", 0, "bytes could not be read"),
    }
    Kind::Bytecode
}
