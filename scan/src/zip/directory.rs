//! The two lists of a zip archive: the central directory behind the members, and the header in front of each.
//!
//! They may disagree, and loaders differ in which they believe: each difference is told, and what only one of them knows
//! is read, too (APPNOTE.TXT 6.3.10, 4.3.7 and 4.3.12).
//! Never here: a member's bytes. To add a check: a line in [`compare`].

use crate::{
    book::{Book, quoted},
    report::Finding,
    source::{Source, find, little, narrow, piece, read, wide},
};

/// LIMIT: members of one archive.
const MEMBERS: usize = 50_000;
/// LIMIT: bytes of the central directory.
const DIRECTORY: usize = 16 << 20;
/// LIMIT: bytes at the end that are searched for the directory's end: a comment has 65,535.
const TAIL: u64 = 65_557;
/// LIMIT: bytes between members that are searched for hidden ones.
const GAP: usize = 4 << 20;
/// LIMIT: hidden members; an archive has none.
const HIDDEN: usize = 64;
/// Steps that a header costs by itself.
const HEADER: u64 = 256;
/// Letters of a name that cost a step: they are copied, compared and told.
const LETTERS: usize = 2;

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Where its own header stands.
    pub(super) local: u64,
    /// Where its bytes begin.
    pub(super) data: u64,
}

/// What an archive holds.
pub(super) fn entries(source: &mut dyn Source, book: &mut Book<'_>) -> Vec<Entry> {
    let known = central(source, book);
    if known.is_none() {
        book.broken("zip.directory", 0, "the archive has no central directory that can be read");
    }
    let mut entries = known.unwrap_or_default();
    for entry in &mut entries {
        compare(source, entry, book);
    }
    let hidden = between(source, &entries, book);
    entries.extend(hidden);
    twice(&entries, book);
    entries
}

/// Reads the central directory.
fn central(source: &mut dyn Source, book: &mut Book<'_>) -> Option<Vec<Entry>> {
    let len = source.len();
    let from = len.saturating_sub(TAIL);
    let tail = read(source, from, narrow(TAIL)).ok()?;
    let mut at = None;
    let mut rest = 0;
    while let Some(next) = tail.get(rest..).and_then(|bytes| find(bytes, b"PK\x05\x06")) {
        at = Some(rest + next);
        rest += next + 4;
    }
    let at = at?;
    let end = piece(&tail, at, 22)?;
    let number = |place: usize, count: usize| piece(end, place, count).map(little);
    let (mut count, mut size, mut offset) = (number(10, 2)?, number(12, 4)?, number(16, 4)?);
    let place = from + wide(at);
    if place + 22 + number(20, 2)? > len {
        book.broken("zip.truncated", place, "the archive's last note is longer than the file");
    }
    if place + 22 + number(20, 2)? < len {
        let sentence = "bytes stand behind the end of the archive";
        book.add(Finding::Suspicious, "zip.trailing", place, sentence);
        let behind = read(source, place + 22, GAP).ok()?;
        crate::hidden::search(book, &behind, place + 22);
    }
    let mut before = place;
    if let Some(locator) = place.checked_sub(20).and_then(|at| read(source, at, 20).ok())
        && locator.starts_with(b"PK\x06\x07")
    {
        let wide_end = piece(&locator, 8, 8).map(little)?;
        let record = read(source, wide_end, 56).ok()?;
        if record.starts_with(b"PK\x06\x06") {
            let number = |place: usize| piece(&record, place, 8).map(little);
            (count, size, offset) = (number(32)?, number(40)?, number(48)?);
            before = wide_end;
        }
    }
    // What stands in front of the archive moves everything: Python adds it, others do not.
    let mut shift = 0;
    if !read(source, offset, 4).ok()?.starts_with(b"PK\x01\x02") && count > 0 {
        shift = before.checked_sub(size)?.checked_sub(offset)?;
        let sentence = "bytes stand in front of the archive";
        book.add(Finding::Suspicious, "zip.prefix", 0, sentence);
    }
    let bytes = read(source, offset.checked_add(shift)?, narrow(size).min(DIRECTORY)).ok()?;
    let entries = parse(&bytes, shift, book);
    if wide(entries.len()) != count {
        let sentence = "the directory has another number of members than it says";
        book.add(Finding::Suspicious, "zip.count", place, sentence);
    }
    Some(entries)
}

fn parse(bytes: &[u8], shift: u64, book: &mut Book<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(head) = piece(bytes, at, 46).filter(|head| head.starts_with(b"PK\x01\x02")) {
        if entries.len() >= MEMBERS || !book.step(1) {
            book.partial("members after the limit of members");
            break;
        }
        let number =
            |place: usize, count: usize| little(piece(head, place, count).unwrap_or_default());
        let lengths = [number(28, 2), number(30, 2), number(32, 2)].map(narrow);
        let [name, extra, comment] = lengths;
        let mut entry = Entry {
            name: String::from_utf8_lossy(piece(bytes, at + 46, name).unwrap_or_default())
                .into_owned(),
            flags: narrow16(number(8, 2)),
            method: narrow16(number(10, 2)),
            crc: u32::try_from(number(16, 4)).unwrap_or(0),
            packed: number(20, 4),
            size: number(24, 4),
            local: number(42, 4),
            data: 0,
        };
        widen(&mut entry, piece(bytes, at + 46 + name, extra).unwrap_or_default());
        // That none are left is met at the next member.
        let _left = book.step(wide(name / LETTERS));
        entry.local = entry.local.saturating_add(shift);
        entries.push(entry);
        at += 46 + name + extra + comment;
    }
    entries
}

fn narrow16(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Numbers too great for 32 bits stand in an extra field (4.5.3).
fn widen(entry: &mut Entry, mut extra: &[u8]) {
    while let (Some(kind), Some(length)) =
        (piece(extra, 0, 2).map(little), piece(extra, 2, 2).map(little))
    {
        let length = narrow(length);
        if kind == 1 {
            let mut at = 4;
            for slot in [&mut entry.size, &mut entry.packed, &mut entry.local] {
                if *slot == u64::from(u32::MAX)
                    && let Some(number) = piece(extra, at, 8).map(little)
                {
                    *slot = number;
                    at += 8;
                }
            }
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
}

/// Reads the header in front of a member and tells where it says something else than the directory.
fn compare(source: &mut dyn Source, entry: &mut Entry, book: &mut Book<'_>) {
    let at = entry.local;
    let Some(local) = header(source, at, book) else {
        book.add(
            Finding::Suspicious,
            "zip.header",
            at,
            "a member has no header where the directory says",
        );
        entry.data = at.saturating_add(30);
        return;
    };
    entry.data = local.data;
    let mut differs = |what: &str| {
        let sentence =
            format!("header and directory differ in the {what} of `{}`", quoted(&entry.name));
        book.add(Finding::Suspicious, "zip.differs", at, sentence);
    };
    if local.name != entry.name {
        differs("name");
    }
    if local.method != entry.method {
        differs("method");
    }
    if (local.flags ^ entry.flags) & 1 != 0 {
        differs("mark of encryption");
    }
    let said = local.flags & 8 == 0 && local.packed != 0 && local.packed != u64::from(u32::MAX);
    if said && local.packed != entry.packed {
        differs("length");
        entry.packed = entry.packed.max(local.packed);
    }
    if entry.flags & 1 != 0 || local.flags & 1 != 0 {
        let sentence = format!("`{}` is marked as encrypted", quoted(&entry.name));
        book.add(Finding::Suspicious, "zip.encrypted", at, sentence);
    }
    // A method that is not known is read as if it were stored: a loader that ignores it does so, too.
    if entry.method != local.method && local.method == 0 {
        entry.method = 0;
    }
}

/// The header in front of a member.
fn header(source: &mut dyn Source, at: u64, book: &mut Book<'_>) -> Option<Entry> {
    let head = read(source, at, 30).ok()?;
    if head.len() < 30 || !head.starts_with(b"PK\x03\x04") {
        return None;
    }
    let number =
        |place: usize, count: usize| little(piece(&head, place, count).unwrap_or_default());
    let (name, extra) = (number(26, 2), number(28, 2));
    if !book.step((name + extra) / wide(LETTERS) + HEADER) {
        return None;
    }
    let letters = read(source, at + 30, narrow(name)).ok()?;
    let fields = read(source, at + 30 + name, narrow(extra)).ok()?;
    let mut entry = Entry {
        name: String::from_utf8_lossy(&letters).into_owned(),
        flags: narrow16(number(6, 2)),
        method: narrow16(number(8, 2)),
        crc: u32::try_from(number(14, 4)).unwrap_or(0),
        packed: number(18, 4),
        size: number(22, 4),
        local: at,
        data: at + 30 + name + extra,
    };
    widen(&mut entry, &fields);
    Some(entry)
}

/// Members that stand between those the directory knows.
fn between(source: &mut dyn Source, entries: &[Entry], book: &mut Book<'_>) -> Vec<Entry> {
    let mut taken: Vec<(u64, u64)> = entries
        .iter()
        .map(|entry| (entry.local, entry.data.saturating_add(entry.packed)))
        .collect();
    taken.sort_unstable();
    if taken.windows(2).any(|two| matches!(two, [(_, end), (start, _)] if start < end)) {
        let sentence = "members lie over each other: the same bytes are read as more than one";
        book.add(Finding::Suspicious, "zip.overlap", 0, sentence);
    }
    let len = source.len();
    let mut hidden = Vec::new();
    let mut at = 0;
    let mut searched = 0;
    for (start, end) in taken.iter().copied().chain([(len, len)]) {
        if start > at && searched < GAP {
            let gap = narrow(start - at).min(GAP - searched);
            let bytes = read(source, at, gap).unwrap_or_default();
            searched += bytes.len();
            if at == 0 && start < len {
                crate::hidden::search(book, &bytes, 0);
            }
            let mut from = 0;
            while let Some(next) = bytes.get(from..).and_then(|bytes| find(bytes, b"PK\x03\x04")) {
                let place = at + wide(from + next);
                from += next + 4;
                if hidden.len() >= HIDDEN {
                    book.partial("hidden members after the limit of such members");
                    return hidden;
                }
                if let Some(mut entry) = header(source, place, book) {
                    let sentence = format!("the directory does not know `{}`", quoted(&entry.name));
                    let finding =
                        if entries.is_empty() { Finding::Unknown } else { Finding::Suspicious };
                    book.add(finding, "zip.hidden", place, sentence);
                    // Without a directory the length may stand behind the bytes: then all the rest is given.
                    if entry.packed == 0 {
                        entry.packed = len.saturating_sub(entry.data);
                    }
                    hidden.push(entry);
                }
            }
        }
        at = at.max(end);
    }
    hidden
}

/// Two members of one name: which one is loaded depends on who loads.
fn twice(entries: &[Entry], book: &mut Book<'_>) {
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        if let [a, b] = pair
            && a == b
        {
            let sentence = format!("two members are called `{}`", quoted(a));
            book.add(Finding::Suspicious, "zip.twice", 0, sentence);
        }
    }
}
