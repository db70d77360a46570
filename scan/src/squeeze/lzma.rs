//! LZMA and xz out of memory, up to a bound: after the specification of the LZMA SDK and of the `.xz` format, 1.2.
//!
//! Never here: compressing, filters other than LZMA2, sums. To add a filter: an arm of [`block`].

use super::{End, Unpacked};

/// LIMIT: times that what was learned is thrown away, and one more for so many packed bytes: each fills tables of some tens of
/// kilobytes. Real ones do it once a block, or where they found nothing to pack.
const RESETS: usize = 1024;
const RESET: usize = 256;
/// Half of a probability.
const HALF: u16 = 1 << 10;

/// Where the range coder reads.
struct Coder<'b> {
    bytes: &'b [u8],
    at: usize,
    range: u32,
    code: u32,
}

impl<'b> Coder<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        let first = bytes.get(1..5)?;
        let code = first.iter().fold(0, |code, byte| (code << 8) | u32::from(*byte));
        Some(Self { bytes, at: 5, range: u32::MAX, code })
    }

    fn normal(&mut self) -> Option<()> {
        if self.range < 1 << 24 {
            self.range <<= 8;
            self.code = (self.code << 8) | u32::from(*self.bytes.get(self.at)?);
            self.at += 1;
        }
        Some(())
    }

    fn bit(&mut self, model: &mut u16) -> Option<u32> {
        self.normal()?;
        let bound = (self.range >> 11).wrapping_mul(u32::from(*model));
        if self.code < bound {
            self.range = bound;
            *model += (2048 - *model) >> 5;
            Some(0)
        } else {
            self.range = self.range.wrapping_sub(bound);
            self.code = self.code.wrapping_sub(bound);
            *model -= *model >> 5;
            Some(1)
        }
    }

    fn direct(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            self.normal()?;
            self.range >>= 1;
            let bit = u32::from(self.code >= self.range);
            if bit == 1 {
                self.code -= self.range;
            }
            number = (number << 1) | bit;
        }
        Some(number)
    }

    fn tree(&mut self, models: &mut [u16], bits: u32) -> Option<u32> {
        let mut word = 1_u32;
        for _ in 0..bits {
            word = (word << 1) | self.bit(models.get_mut(index(word))?)?;
        }
        Some(word - (1 << bits))
    }

    fn backward(&mut self, models: &mut [u16], from: usize, bits: u32) -> Option<u32> {
        let (mut word, mut number) = (1_u32, 0);
        for place in 0..bits {
            let bit = self.bit(models.get_mut(from + index(word))?)?;
            word = (word << 1) | bit;
            number |= bit << place;
        }
        Some(number)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

struct Lengths {
    choice: [u16; 2],
    low: Vec<u16>,
    mid: Vec<u16>,
    high: Vec<u16>,
}

impl Lengths {
    fn new() -> Self {
        Self {
            choice: [HALF; 2],
            low: vec![HALF; 16 * 8],
            mid: vec![HALF; 16 * 8],
            high: vec![HALF; 256],
        }
    }

    fn read(&mut self, coder: &mut Coder<'_>, place: usize) -> Option<u32> {
        let [first, second] = &mut self.choice;
        let here = place * 8..place * 8 + 8;
        if coder.bit(first)? == 0 {
            return Some(2 + coder.tree(self.low.get_mut(here)?, 3)?);
        }
        if coder.bit(second)? == 0 {
            return Some(10 + coder.tree(self.mid.get_mut(here)?, 3)?);
        }
        Some(18 + coder.tree(&mut self.high, 8)?)
    }
}

/// The state of one LZMA stream.
struct State {
    literal_context: u32,
    literal_mask: usize,
    place_mask: usize,
    last: usize,
    reps: [u32; 4],
    literals: Vec<u16>,
    is_match: Vec<u16>,
    is_rep: Vec<u16>,
    is_rep_more: [Vec<u16>; 3],
    is_rep_long: Vec<u16>,
    slots: Vec<u16>,
    places: Vec<u16>,
    align: Vec<u16>,
    lengths: Lengths,
    rep_lengths: Lengths,
}

impl State {
    /// From the byte of properties: `(pb * 5 + lp) * 9 + lc`.
    fn new(properties: u8) -> Option<Self> {
        let lc = u32::from(properties % 9);
        let (lp, pb) = (properties / 9 % 5, properties / 45);
        // More together nobody reads (xz 1.2, 5.3.1): the table would have megabytes.
        if properties >= 225 || lc + u32::from(lp) > 4 {
            return None;
        }
        Some(Self {
            literal_context: lc,
            literal_mask: (1 << lp) - 1,
            place_mask: (1 << pb) - 1,
            last: 0,
            reps: [0; 4],
            literals: vec![HALF; 0x300 << (lc + u32::from(lp))],
            is_match: vec![HALF; 12 * 16],
            is_rep: vec![HALF; 12],
            is_rep_more: [vec![HALF; 12], vec![HALF; 12], vec![HALF; 12]],
            is_rep_long: vec![HALF; 12 * 16],
            slots: vec![HALF; 4 * 64],
            places: vec![HALF; 128],
            align: vec![HALF; 16],
            lengths: Lengths::new(),
            rep_lengths: Lengths::new(),
        })
    }

    fn literal(&mut self, coder: &mut Coder<'_>, out: &mut Vec<u8>, begin: usize) -> Option<()> {
        let before = if out.len() > begin { *out.last()? } else { 0 };
        let place = ((out.len() - begin) & self.literal_mask) << self.literal_context;
        let context = place + (usize::from(before) >> (8 - self.literal_context));
        let models = self.literals.get_mut(context * 0x300..context * 0x300 + 0x300)?;
        let mut word = 1_u32;
        if self.last >= 7 {
            let [distance, ..] = self.reps;
            let at = out.len().checked_sub(index(distance) + 1).filter(|at| *at >= begin)?;
            let mut like = u32::from(*out.get(at)?);
            while word < 0x100 {
                like <<= 1;
                let wanted = (like >> 8) & 1;
                let bit = coder.bit(models.get_mut(index(((1 + wanted) << 8) + word))?)?;
                word = (word << 1) | bit;
                if bit != wanted {
                    break;
                }
            }
        }
        while word < 0x100 {
            word = (word << 1) | coder.bit(models.get_mut(index(word))?)?;
        }
        out.push(u8::try_from(word & 0xff).ok()?);
        self.last = match self.last {
            0..=3 => 0,
            4..=9 => self.last - 3,
            _ => self.last - 6,
        };
        Some(())
    }

    fn distance(&mut self, coder: &mut Coder<'_>, length: u32) -> Option<u32> {
        let group = index((length - 2).min(3)) * 64;
        let slot = coder.tree(self.slots.get_mut(group..group + 64)?, 6)?;
        if slot < 4 {
            return Some(slot);
        }
        let bits = (slot >> 1) - 1;
        let base = (2 | (slot & 1)) << bits;
        if slot < 14 {
            let from = index(base - slot);
            return Some(base + coder.backward(&mut self.places, from, bits)?);
        }
        let high = coder.direct(bits - 4)? << 4;
        Some(base.wrapping_add(high).wrapping_add(coder.backward(&mut self.align, 0, 4)?))
    }

    /// A repeated distance: which, and whether it is one byte only.
    fn repeated(&mut self, coder: &mut Coder<'_>, place: usize) -> Option<bool> {
        let [first, second, third] = &mut self.is_rep_more;
        let [a, b, c, d] = self.reps;
        if coder.bit(first.get_mut(self.last)?)? == 0 {
            let long = self.is_rep_long.get_mut(self.last * 16 + place)?;
            return Some(coder.bit(long)? == 0);
        }
        self.reps = if coder.bit(second.get_mut(self.last)?)? == 0 {
            [b, a, c, d]
        } else if coder.bit(third.get_mut(self.last)?)? == 0 {
            [c, a, b, d]
        } else {
            [d, a, b, c]
        };
        Some(false)
    }

    /// Reads until `end` bytes are there, or the mark of the end; whether the mark came.
    fn run(
        &mut self,
        coder: &mut Coder<'_>,
        out: &mut Vec<u8>,
        begin: usize,
        end: usize,
    ) -> Option<bool> {
        while out.len() < end {
            let place = (out.len() - begin) & self.place_mask;
            if coder.bit(self.is_match.get_mut(self.last * 16 + place)?)? == 0 {
                self.literal(coder, out, begin)?;
                continue;
            }
            let length = if coder.bit(self.is_rep.get_mut(self.last)?)? == 1 {
                let short = self.repeated(coder, place)?;
                if short {
                    self.last = if self.last < 7 { 9 } else { 11 };
                    1
                } else {
                    let length = self.rep_lengths.read(coder, place)?;
                    self.last = if self.last < 7 { 8 } else { 11 };
                    length
                }
            } else {
                let length = self.lengths.read(coder, place)?;
                self.last = if self.last < 7 { 7 } else { 10 };
                let distance = self.distance(coder, length)?;
                let [a, b, c, _] = self.reps;
                self.reps = [distance, a, b, c];
                if distance == u32::MAX {
                    return Some(true);
                }
                length
            };
            let [distance, ..] = self.reps;
            let from = out.len().checked_sub(index(distance).checked_add(1)?)?;
            if from < begin {
                return None;
            }
            for at in from..from + index(length) {
                let byte = *out.get(at)?;
                out.push(byte);
            }
        }
        Some(false)
    }
}

/// The format of before xz: properties, the dictionary's size, the length, one stream.
pub(super) fn unpack_alone(packed: &[u8], most: usize) -> Unpacked {
    let mut bytes = Vec::new();
    let end = alone(packed, most, &mut bytes);
    finish(bytes, end, most)
}

/// As zip archives have it: a version, the length of the properties, those, one stream (APPNOTE.TXT 5.8.8).
pub(super) fn unpack_zip(packed: &[u8], size: u64, most: usize) -> Unpacked {
    let mut whole = packed.get(4..9).unwrap_or_default().to_vec();
    whole.extend(size.to_le_bytes());
    whole.extend(packed.get(9..).unwrap_or_default());
    unpack_alone(&whole, most)
}

fn finish(mut bytes: Vec<u8>, end: Option<End>, most: usize) -> Unpacked {
    let end = if bytes.len() > most { End::More } else { end.unwrap_or(End::Broken) };
    bytes.truncate(most);
    Unpacked { bytes, end }
}

fn alone(packed: &[u8], most: usize, out: &mut Vec<u8>) -> Option<End> {
    let mut state = State::new(*packed.first()?)?;
    let declared = crate::source::little(packed.get(5..13)?);
    let wanted = crate::source::narrow(declared);
    let mut coder = Coder::new(packed.get(13..)?)?;
    let marked = state.run(&mut coder, out, 0, wanted.min(most.saturating_add(1)))?;
    Some(if marked || out.len() >= wanted { End::Whole } else { End::More })
}

/// A stream of xz: a header of twelve bytes, blocks, an index that is not needed.
pub(super) fn unpack_xz(packed: &[u8], most: usize) -> Unpacked {
    let mut bytes = Vec::new();
    let mut at = 12;
    let end = loop {
        match packed.get(at) {
            None => break None,
            // The index begins with a zero where a block's header has its size.
            Some(0) => {
                // Behind it stands the footer, which ends in two letters; only zeros may follow.
                let zeros = packed.iter().rev().take_while(|byte| **byte == 0).count();
                let end = packed.get(..packed.len() - zeros).unwrap_or_default();
                break end.ends_with(b"YZ").then_some(End::Whole);
            }
            Some(_) => {}
        }
        if bytes.len() > most {
            break Some(End::More);
        }
        let Some(next) = block(packed, at, most, &mut bytes) else {
            break None;
        };
        at = next;
    };
    finish(bytes, end, most)
}

/// One block: where the next one begins.
fn block(packed: &[u8], at: usize, most: usize, out: &mut Vec<u8>) -> Option<usize> {
    let header = (usize::from(*packed.get(at)?) + 1) * 4;
    let flags = *packed.get(at + 1)?;
    // One filter only, and it is LZMA2: Python writes nothing else unless it is asked to.
    if flags & 0x3f != 0 {
        return None;
    }
    let mut field = at + 2;
    for there in [flags & 0x40 != 0, flags & 0x80 != 0] {
        if there {
            while *packed.get(field)? & 0x80 != 0 {
                field += 1;
            }
            field += 1;
        }
    }
    if *packed.get(field)? != 0x21 {
        return None;
    }
    let begin = at + header;
    let end = chunks(packed, begin, most, out)?;
    let check = match packed.get(7)? & 0x0f {
        0 => 0,
        1..=3 => 4,
        4..=6 => 8,
        7..=9 => 16,
        10..=12 => 32,
        _ => 64,
    };
    Some(begin + (end - begin).div_ceil(4) * 4 + check)
}

/// The chunks of LZMA2: plain ones, and ones that keep or reset what was learned.
fn chunks(packed: &[u8], mut at: usize, most: usize, out: &mut Vec<u8>) -> Option<usize> {
    let mut state: Option<State> = None;
    let mut begin = out.len();
    let mut resets = RESETS + packed.len() / RESET;
    loop {
        let control = *packed.get(at)?;
        if control == 0 {
            return Some(at + 1);
        }
        if out.len() > most {
            // The bound is met: what follows is not needed, and the caller sees that there is too much.
            return Some(packed.len());
        }
        let size = (usize::from(*packed.get(at + 1)?) << 8) + usize::from(*packed.get(at + 2)?) + 1;
        if control < 0x80 {
            if control > 2 {
                return None;
            }
            if control == 1 {
                begin = out.len();
            }
            out.extend(packed.get(at + 3..at + 3 + size)?);
            at += 3 + size;
            continue;
        }
        let size = size + (usize::from(control & 0x1f) << 16);
        let length =
            (usize::from(*packed.get(at + 3)?) << 8) + usize::from(*packed.get(at + 4)?) + 1;
        at += 5;
        let reset = (control >> 5) & 3;
        if reset > 0 {
            resets = resets.checked_sub(1)?;
        }
        if reset == 3 {
            begin = out.len();
        }
        if reset >= 2 {
            state = Some(State::new(*packed.get(at)?)?);
            at += 1;
        }
        let current = state.as_mut()?;
        if reset == 1 {
            let (lc, lp, pb) = (
                current.literal_context,
                current.literal_mask.count_ones(),
                current.place_mask.count_ones(),
            );
            *current = State::new(u8::try_from((pb * 5 + lp) * 9 + lc).ok()?)?;
        }
        let mut coder = Coder::new(packed.get(at..at + length)?)?;
        let end = out.len() + size;
        current.run(&mut coder, out, begin, end)?;
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_megabytes_are_refused() {
        // `(pb * 5 + lp) * 9 + lc`: 3 and 0, 0 and 4; 8 and 0, 4 and 1.
        assert!(State::new(93).is_some() && State::new(36).is_some());
        assert!(State::new(8).is_none() && State::new(13).is_none());
    }

    #[test]
    fn what_was_learned_is_not_thrown_away_for_ever() {
        // One zero, and everything is forgotten again.
        let chunk = [&[0xe0, 0, 0, 0, 6, 93][..], &[0; 7]].concat();
        for (count, whole) in [(1000, true), (4000, false)] {
            let mut packed = chunk.repeat(count);
            packed.push(0);
            let mut out = Vec::new();
            let end = chunks(&packed, 0, 1 << 20, &mut out);
            assert_eq!(end.is_some(), whole, "{count}");
            assert_eq!(out.len() == count, whole);
        }
    }
}
