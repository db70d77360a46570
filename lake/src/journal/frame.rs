//! How an entry of the journal lies in its file: a mark, a kind, a length, a sum of those, a sum of the body, the body.
//!
//! What is cut at the end of a file is the entry at which its writer was killed: nobody was told that it is there. A change
//! anywhere else is found by a sum, what it spoils is left out and counted, and reading goes on at the next whole entry.
//! SECURITY: the sums find accidents of a disk. Whoever can write the file can write sums.
//! Never here: files, or what an entry means. To add a kind: [`Kind`], and its arm where entries are read.

use bytes::Bytes;

use crate::wire::MAX_RECORD;

/// What every entry begins with: where reading goes on after one that is spoiled.
const MARK: [u8; 4] = *b"WJe\x1a";
/// Mark, kind, length, sum of those, sum of the body.
pub(super) const HEAD: usize = 4 + 1 + 4 + 8 + 8;
/// LIMIT: bytes of an entry's body: a record, and what stands before it.
const MAX_BODY: usize = MAX_RECORD + 64;
/// LIMIT: entries whose head is whole and whose body is not that are tried while the next whole one is looked for. What a
/// caller says can look like an entry; with this many of them a look takes a second at most.
const TRIES: usize = 256;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first of a file: on which run of the machine it was begun.
    Begun = 1,
    /// A call leaves: its record as it would be if nothing more were heard of it.
    Leaving = 2,
    /// A call's record.
    Ended = 3,
}

/// What is read of a file.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Whole entries in their order; the kind is none of ours if a newer release wrote it.
    pub(super) whole: Vec<(Result<Kind, u8>, Bytes)>,
    /// Bytes that are spoiled and have whole entries after them.
    pub(super) spoiled: usize,
    /// Bytes at the end that are no whole entry.
    pub(super) cut: usize,
}

/// Room for an entry's head; its body is appended, and then [`close`] makes it an entry.
pub(super) fn open(body: usize) -> Vec<u8> {
    let mut entry = Vec::with_capacity(HEAD + body);
    entry.resize(HEAD, 0);
    entry
}

/// Fills in the head of what [`open`] began. `None` if the body is over its bound.
pub(super) fn close(kind: Kind, mut entry: Vec<u8>) -> Option<Vec<u8>> {
    let (head, body) = entry.split_at_mut_checked(HEAD)?;
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_BODY)?;
    let said = said(kind as u8, length);
    let parts = [&said[..], &sum(&said).to_le_bytes(), &sum(body).to_le_bytes()].concat();
    head.copy_from_slice(&parts);
    Some(entry)
}

fn said(kind: u8, length: u32) -> [u8; 9] {
    let ([m0, m1, m2, m3], [l0, l1, l2, l3]) = (MARK, length.to_le_bytes());
    [m0, m1, m2, m3, kind, l0, l1, l2, l3]
}

/// The entries of a file's bytes.
pub(super) fn read(file: &Bytes) -> Entries {
    let (mut found, mut at) = (Entries::default(), 0);
    while at < file.len() {
        if let Found::Whole(kind, body, next) = entry(file, at) {
            found.whole.push((kind, body));
            at = next;
            continue;
        }
        // What a file was made longer by is zero: nothing was ever said there.
        let rest = file.get(at..).unwrap_or_default();
        let said = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        match next(file, at + 1) {
            Next::At(next) => {
                found.spoiled += next - at;
                at = next;
            }
            Next::Nothing => {
                found.cut = said;
                break;
            }
            // Whole entries may stand behind it: the file is worth keeping.
            Next::Unknown => {
                found.spoiled += said;
                break;
            }
        }
    }
    found
}

/// What follows something spoiled.
enum Next {
    /// A whole entry, here.
    At(usize),
    Nothing,
    /// Too much that is not one was tried.
    Unknown,
}

/// Where the next whole entry begins.
fn next(file: &Bytes, from: usize) -> Next {
    let mut spoiled = 0;
    let end = file.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for at in from..end {
        match entry(file, at) {
            Found::Whole(..) => return Next::At(at),
            Found::Spoiled if spoiled >= TRIES => return Next::Unknown,
            Found::Spoiled => spoiled += 1,
            Found::Nothing => {}
        }
    }
    Next::Nothing
}

enum Found {
    Whole(Result<Kind, u8>, Bytes, usize),
    /// A head, and a body that is not its.
    Spoiled,
    Nothing,
}

fn entry(file: &Bytes, at: usize) -> Found {
    let fixed = |from: usize, count: usize| file.get(at + from..at + from + count);
    if fixed(0, 4).is_none_or(|mark| mark != MARK) {
        return Found::Nothing;
    }
    let Some((said, sums)) = fixed(0, 9).zip(fixed(9, 16)) else { return Found::Nothing };
    let (of_head, of_body) = sums.split_at(8);
    let (Some([kind]), Some(&[l0, l1, l2, l3])) = (said.get(4..5), said.get(5..9)) else {
        return Found::Nothing;
    };
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if sum(said).to_le_bytes() != of_head || length > MAX_BODY {
        return Found::Nothing;
    }
    let end = at + HEAD + length;
    let Some(body) = file.get(at + HEAD..end) else { return Found::Nothing };
    if sum(body).to_le_bytes() != of_body {
        return Found::Spoiled;
    }
    let kind = match kind {
        1 => Ok(Kind::Begun),
        2 => Ok(Kind::Leaving),
        3 => Ok(Kind::Ended),
        other => Err(*other),
    };
    Found::Whole(kind, file.slice(at + HEAD..end), end)
}

/// A sum that costs a quarter of a microsecond for a record. Each step is a bijection of the sum and of the word that it
/// takes, so whatever is changed within one word of eight bytes changes the sum, always; anything else all but surely.
fn sum(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(ODD).rotate_left(29);
    let mut words = bytes.chunks_exact(8);
    let mut all = step(ODD, bytes.len() as u64);
    for word in &mut words {
        all = step(all, word.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    }
    all =
        step(all, words.remainder().iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    all ^ (all >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(kind: Kind, body: &[u8]) -> Vec<u8> {
        let mut entry = open(body.len());
        entry.extend_from_slice(body);
        close(kind, entry).unwrap()
    }

    fn three() -> (Vec<u8>, [usize; 3]) {
        let parts = [
            framed(Kind::Begun, b"a boot"),
            framed(Kind::Leaving, &[7; 300]),
            framed(Kind::Ended, b""),
        ];
        let mut ends = [0; 3];
        let mut all = Vec::new();
        for (end, part) in ends.iter_mut().zip(parts) {
            all.extend(part);
            *end = all.len();
        }
        (all, ends)
    }

    #[test]
    fn what_is_written_is_read_and_a_cut_end_is_told_wherever_it_is_cut() {
        let (all, ends) = three();
        for length in 0..=all.len() {
            let found = read(&Bytes::copy_from_slice(&all[..length]));
            let whole = ends.iter().filter(|end| **end <= length).count();
            let kept = ends[..whole].last().copied().unwrap_or(0);
            let rest = &all[kept..length];
            let cut = rest.len() - rest.iter().rev().take_while(|byte| **byte == 0).count();
            assert_eq!((found.whole.len(), found.cut), (whole, cut), "cut at {length}");
            assert_eq!(found.spoiled, 0);
        }
        let found = read(&Bytes::from(all));
        assert_eq!(found.whole[1], (Ok(Kind::Leaving), Bytes::from(vec![7; 300])));
    }

    #[test]
    fn one_changed_byte_spoils_one_entry_and_is_told() {
        let (all, ends) = three();
        for at in 0..all.len() {
            for flip in [1, 0x80, 0xff] {
                let mut changed = all.clone();
                changed[at] ^= flip;
                let found = read(&Bytes::from(changed));
                assert_eq!(found.whole.len(), 2, "byte {at}");
                let told = if at < ends[1] { found.spoiled } else { found.cut };
                assert!(told > 0, "byte {at}");
            }
        }
    }

    #[test]
    fn what_looks_like_entries_inside_of_a_spoiled_one_ends_the_search() {
        let fake = framed(Kind::Ended, &[1; 9]);
        let mut body = Vec::new();
        for _ in 0..2 * TRIES {
            body.extend_from_slice(&fake);
            let last = body.len() - 1;
            body[last] ^= 1;
        }
        let mut all = framed(Kind::Ended, &body);
        all[HEAD] ^= 1;
        all.extend(framed(Kind::Ended, b"behind it"));
        let found = read(&Bytes::from(all.clone()));
        let told = (found.whole.len(), found.cut, found.spoiled);
        assert_eq!(told, (0, 0, all.len()), "told and kept, not searched for ever");
    }

    #[test]
    fn what_is_over_the_bound_is_no_entry() {
        let mut entry = open(0);
        entry.resize(HEAD + MAX_BODY + 1, 0);
        assert!(close(Kind::Ended, entry).is_none());
    }
}
