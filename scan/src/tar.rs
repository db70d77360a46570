//! Tar archives: members one behind the other, each with a header of 512 bytes (POSIX.1-2017, pax and ustar).
//!
//! Never here: a path followed. To add a variant of long names: an arm of [`read`].

use crate::{
    book::{Book, quoted},
    report::{Finding, Kind},
    sniff,
    source::{Part, Source, narrow, piece, read as read_at},
    zip::escapes,
};

/// LIMIT: members of one archive.
const MEMBERS: usize = 50_000;
/// LIMIT: bytes of a long name.
const NAME: usize = 4096;

fn octal(bytes: &[u8]) -> Option<u64> {
    // GNU writes great numbers in binary with the highest bit set.
    if let [0x80, rest @ ..] = bytes {
        return Some(rest.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// Whether a header's own sum is right: the sign of archives older than `ustar`.
pub(crate) fn summed(head: &[u8]) -> bool {
    let Some(header) = piece(head, 0, 512) else {
        return false;
    };
    let said = piece(header, 148, 8).and_then(octal);
    let sum = header
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) });
    let sum: u64 = sum.sum();
    header.first() != Some(&0) && said == Some(sum)
}

fn word(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// Reads an archive.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let mut at = 0;
    let mut long: Option<String> = None;
    for count in 0.. {
        if count >= MEMBERS || !book.step(16) {
            book.partial("members after the limit of members");
            break;
        }
        let Ok(head) = read_at(source, at, 512) else {
            book.broken("source.unread", at, "bytes could not be read");
            break;
        };
        if head.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = piece(&head, 124, 12).and_then(octal);
        let Some(size) = size.filter(|_| summed(&head)) else {
            book.broken("tar.header", at, "a member's header is broken");
            let rest = read_at(source, at, 1 << 20).unwrap_or_default();
            crate::hidden::search(book, &rest, at);
            break;
        };
        let short = word(piece(&head, 0, 100).unwrap_or_default());
        let kind = head.get(156).copied().unwrap_or(0);
        let data = at + 512;
        if data.saturating_add(size) > source.len() {
            book.broken("tar.truncated", at, "a member is longer than the archive");
        }
        match kind {
            b'L' => {
                let bytes = read_at(source, data, narrow(size).min(NAME)).unwrap_or_default();
                long = Some(word(&bytes));
            }
            b'x' | b'g' => {
                let bytes = read_at(source, data, narrow(size).min(NAME)).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes);
                let path = text
                    .lines()
                    .find_map(|line| line.split_once(" path=").map(|(_, path)| path.to_owned()));
                long = path.or(long);
            }
            b'1' | b'2' => {
                let name = long.take().unwrap_or(short);
                link(&name, &word(piece(&head, 157, 100).unwrap_or_default()), at, book);
            }
            _ => {
                let name = long.take().unwrap_or(short);
                escapes(&name, book);
                let mut part = Part::new(source, data, size);
                book.inside(&name, |book| {
                    let _kind = sniff::part(&name, &mut part, book);
                });
            }
        }
        at = data.saturating_add(size.div_ceil(512).saturating_mul(512));
        if at >= source.len() {
            break;
        }
    }
    Kind::Tar
}

fn link(name: &str, target: &str, at: u64, book: &mut Book<'_>) {
    if target.starts_with('/') || target.split('/').any(|piece| piece == "..") {
        let sentence = format!("`{}` is a link out of the archive", quoted(name));
        book.add(Finding::Suspicious, "archive.link", at, sentence);
    }
}
