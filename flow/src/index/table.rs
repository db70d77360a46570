//! Keys and the places where each stands, in order, exact: keys are compared as texts, never by their hashes alone.
//!
//! SECURITY: whoever writes what is read chooses the keys. A run of keys with one hash is bounded; what is over stands in
//! an ordered map. Never iterated, so that its order reaches nothing. Never here: what a key means.

use std::collections::BTreeMap;

/// LIMIT: places that are kept of one key: the first ones; a word that is everywhere names nothing.
const PLACES: u32 = 64;
/// LIMIT: slots that are looked at for one key.
const RUN: usize = 16;
/// No place follows.
const END: u32 = u32::MAX;

/// A key and its places.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    /// The key, in the text of its index.
    start: u32,
    end: u32,
    /// The first place and the last one.
    first: u32,
    last: u32,
    /// The second place and the last one, as numbers of links.
    next: u32,
    tail: u32,
    count: u32,
}

/// Keys with their places. The keys stand in a text that whoever owns this keeps, and only adds to.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// Numbers of entries from 1; 0 is free. A power of two of them, twice the entries at least.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    /// Further places: the place and the number of the next link.
    links: Vec<(u32, u32)>,
    crowded: BTreeMap<Box<str>, u32>,
}

/// A hash to begin looking at: FNV-1a, folded to 32 bits.
pub(super) fn hash(key: &[u8]) -> u32 {
    finish(key.iter().fold(SEED, |sum, byte| step(sum, *byte)))
}

/// Where a hash begins.
pub(super) const SEED: u64 = 0xcbf2_9ce4_8422_2325;

/// The next byte of a hash.
pub(super) const fn step(sum: u64, byte: u8) -> u64 {
    (sum ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}

/// The whole of it.
pub(super) const fn finish(sum: u64) -> u32 {
    let mixed = sum ^ (sum >> 32);
    (mixed & 0xffff_ffff) as u32
}

fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Table {
    /// Adds a place of the key that stands there in the text. True if the key is new, and needed there.
    pub(super) fn put(
        &mut self,
        text: &str,
        (start, end): (usize, usize),
        hash: u32,
        place: u32,
    ) -> bool {
        let Some(key) = text.get(start..end) else { return false };
        if let Some(known) = self.find(text, key, hash) {
            self.place(known, place);
            return false;
        }
        let entry = Entry {
            hash,
            start: number(start),
            end: number(end),
            first: place,
            last: place,
            next: END,
            tail: END,
            count: 1,
        };
        self.entries.push(entry);
        if self.entries.len() * 2 > self.slots.len() {
            self.grow(text);
        } else {
            self.slot(text, number(self.entries.len()));
        }
        true
    }

    fn find(&self, text: &str, key: &str, hash: u32) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        for step in 0..RUN {
            let slot = self.slots.get((at(hash) + step) & mask).copied().filter(|slot| *slot > 0);
            let slot = slot?;
            let entry = self.entries.get(at(slot - 1))?;
            if entry.hash == hash && text.get(at(entry.start)..at(entry.end)) == Some(key) {
                return Some(slot - 1);
            }
        }
        self.crowded.get(key).copied()
    }

    /// Gives an entry, by its number from 1, a slot.
    fn slot(&mut self, text: &str, entry: u32) {
        let Some(known) = self.entries.get(at(entry - 1)) else { return };
        let mask = self.slots.len().saturating_sub(1);
        let free = (0..RUN)
            .map(|step| (at(known.hash) + step) & mask)
            .find(|slot| self.slots.get(*slot) == Some(&0));
        if let Some(slot) = free.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = entry;
        } else if let Some(key) = text.get(at(known.start)..at(known.end)) {
            self.crowded.insert(key.into(), entry - 1);
        }
    }

    fn grow(&mut self, text: &str) {
        let slots = (self.entries.len() * 4).next_power_of_two().max(64);
        self.slots = vec![0; slots];
        self.crowded.clear();
        for entry in 1..=number(self.entries.len()) {
            self.slot(text, entry);
        }
    }

    fn place(&mut self, entry: u32, place: u32) {
        let link = number(self.links.len());
        let Some(known) = self.entries.get_mut(at(entry)) else { return };
        if known.last == place || known.count >= PLACES {
            return;
        }
        known.last = place;
        known.count += 1;
        if known.next == END {
            known.next = link;
        } else if let Some(tail) = self.links.get_mut(at(known.tail)) {
            tail.1 = link;
        }
        known.tail = link;
        self.links.push((place, END));
    }

    /// The places of a key; nothing if it is not there.
    pub(super) fn places(&self, text: &str, key: &str) -> Option<Places<'_>> {
        let known = self.find(text, key, hash(key.as_bytes()))?;
        let entry = self.entries.get(at(known))?;
        Some(Places {
            links: &self.links,
            first: Some(entry.first),
            next: entry.next,
            count: entry.count,
        })
    }

    /// True if the key is there.
    pub(super) fn has(&self, text: &str, key: &str) -> bool {
        self.find(text, key, hash(key.as_bytes())).is_some()
    }
}

/// Places of a key in their order.
#[derive(Debug, Clone)]
pub(super) struct Places<'a> {
    links: &'a [(u32, u32)],
    first: Option<u32>,
    next: u32,
    /// How many there are.
    pub(super) count: u32,
}

impl Iterator for Places<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let (place, next) = self.links.get(at(self.next))?;
        self.next = *next;
        Some(*place)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn put(table: &mut Table, text: &mut String, key: &str, hash: u32, place: u32) {
        let start = text.len();
        write!(text, "{key} ").unwrap();
        table.put(text, (start, start + key.len()), hash, place);
    }

    fn places(table: &Table, text: &str, key: &str) -> Vec<u32> {
        table.places(text, key).into_iter().flatten().collect()
    }

    #[test]
    fn places_are_kept_in_order_the_first_ones_and_each_once() {
        let (mut table, mut text) = (Table::default(), String::new());
        assert!(!table.has(&text, "a"));
        for place in 0..100 {
            for key in ["a", "a", "b"] {
                put(&mut table, &mut text, key, hash(key.as_bytes()), place);
            }
        }
        put(&mut table, &mut text, "c", hash(b"c"), 7);
        let first: Vec<u32> = (0..PLACES).collect();
        assert_eq!(places(&table, &text, "a"), first);
        assert_eq!(places(&table, &text, "b"), first);
        assert_eq!(places(&table, &text, "c"), [7]);
        assert_eq!(places(&table, &text, "d"), Vec::<u32>::new());
        assert_eq!(table.places(&text, "b").unwrap().count, PLACES);
    }

    #[test]
    fn many_keys_are_found_with_good_hashes_and_with_one() {
        for same in [false, true] {
            let (mut table, mut text) = (Table::default(), String::new());
            let hash_of = |key: &str| if same { 5 } else { hash(key.as_bytes()) };
            for round in 0..2 {
                for number in 0..3_000 {
                    let key = format!("k{number}");
                    put(&mut table, &mut text, &key, hash_of(&key), number + round);
                }
            }
            for number in 0..3_000 {
                let key = format!("k{number}");
                let found = table.find(&text, &key, hash_of(&key)).unwrap();
                assert_eq!(table.entries[at(found)].first, number);
                assert_eq!(table.entries[at(found)].last, number + 1);
            }
            assert_eq!(table.find(&text, "k3000", hash_of("k3000")), None);
            assert_eq!(table.crowded.is_empty(), !same);
        }
    }
}
