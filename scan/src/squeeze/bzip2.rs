//! bzip2 out of memory, up to a bound: the format as the one who wrote it documents it in `bzip2` 1.0.
//!
//! Never here: compressing; checking sums, which say nothing about who wrote them. To add a variant: there is none.

use super::{End, Unpacked};

/// Symbols of a run-length code and one for the end stand beside the bytes.
const SYMBOLS: usize = 258;

struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            number = (number << 1) | u32::from((byte >> (7 - self.at % 8)) & 1);
            self.at += 1;
        }
        Some(number)
    }

    fn bit(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }
}

/// One code: where each length begins, and the symbols in order.
struct Code {
    first: [u32; 22],
    count: [u32; 22],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Self {
        let mut code = Self { first: [0; 22], count: [0; 22], symbols: Vec::new() };
        let mut next = 0_u32;
        for length in 1..=20_u8 {
            let here = lengths.iter().zip(0_u16..).filter(|(one, _)| **one == length);
            let before = code.symbols.len();
            code.symbols.extend(here.map(|(_, symbol)| symbol));
            let count = u32::try_from(code.symbols.len() - before).unwrap_or(0);
            if let Some(first) = code.first.get_mut(usize::from(length)) {
                *first = next;
            }
            if let Some(slot) = code.count.get_mut(usize::from(length)) {
                *slot = count;
            }
            next = next.wrapping_add(count) << 1;
        }
        code
    }

    fn read(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let mut word = 0;
        let mut passed = 0;
        for length in 1..=20_usize {
            word = (word << 1) | bits.take(1)?;
            let (first, count) = (*self.first.get(length)?, *self.count.get(length)?);
            if word.wrapping_sub(first) < count {
                let at = passed + word.wrapping_sub(first);
                return self.symbols.get(usize::try_from(at).ok()?).copied();
            }
            passed += count;
        }
        None
    }
}

/// Unpacks every stream that stands one behind the other.
pub(super) fn unpack(packed: &[u8], most: usize) -> Unpacked {
    let mut out = Unpacked { bytes: Vec::new(), end: End::Whole };
    let mut bits = Bits { bytes: packed, at: 0 };
    while bits.at / 8 + 4 <= packed.len() {
        match stream(&mut bits, &mut out.bytes, most) {
            Some(true) => {}
            Some(false) => {
                out.end = End::More;
                return out;
            }
            None => {
                out.end = End::Broken;
                return out;
            }
        }
        bits.at = bits.at.div_ceil(8) * 8;
        if packed.get(bits.at / 8..).is_none_or(|rest| !rest.starts_with(b"BZh")) {
            return out;
        }
    }
    out
}

/// One stream; false if there is more than fits.
fn stream(bits: &mut Bits<'_>, out: &mut Vec<u8>, most: usize) -> Option<bool> {
    if bits.take(24)? != 0x0042_5a68 {
        return None;
    }
    let level =
        bits.take(8)?.checked_sub(u32::from(b'0')).filter(|level| (1..=9).contains(level))?;
    let room = usize::try_from(level).ok()? * 100_000;
    loop {
        match (bits.take(24)?, bits.take(24)?) {
            (0x0031_4159, 0x0026_5359) => block(bits, out, room)?,
            (0x0017_7245, 0x0038_5090) => {
                bits.take(32)?;
                return Some(true);
            }
            _ => return None,
        }
        if out.len() > most {
            out.truncate(most);
            return Some(false);
        }
    }
}

fn used(bits: &mut Bits<'_>) -> Option<Vec<u8>> {
    let groups = bits.take(16)?;
    let mut bytes = Vec::new();
    for group in 0..16_u8 {
        if groups >> (15 - group) & 1 == 1 {
            let inside = bits.take(16)?;
            bytes.extend(
                (0..16_u8).filter(|at| inside >> (15 - at) & 1 == 1).map(|at| group * 16 + at),
            );
        }
    }
    Some(bytes)
}

fn selectors(bits: &mut Bits<'_>, tables: usize) -> Option<Vec<usize>> {
    let count = bits.take(15)?;
    let mut order: Vec<usize> = (0..tables).collect();
    let mut chosen = Vec::new();
    for _ in 0..count {
        let mut place = 0;
        while bits.bit()? {
            place += 1;
            if place >= tables {
                return None;
            }
        }
        let table = order.remove(place);
        order.insert(0, table);
        chosen.push(table);
    }
    Some(chosen)
}

fn code(bits: &mut Bits<'_>, symbols: usize) -> Option<Code> {
    let mut length = bits.take(5)?;
    let mut lengths = Vec::with_capacity(SYMBOLS);
    for _ in 0..symbols {
        loop {
            if !(1..=20).contains(&length) {
                return None;
            }
            if !bits.bit()? {
                break;
            }
            length = if bits.bit()? { length - 1 } else { length + 1 };
        }
        lengths.push(u8::try_from(length).ok()?);
    }
    Some(Code::new(&lengths))
}

/// One block: codes, the bytes moved to the front, the sorted rotations back in order, runs.
fn block(bits: &mut Bits<'_>, out: &mut Vec<u8>, room: usize) -> Option<()> {
    bits.take(32)?;
    // Blocks that were shuffled come from versions before 0.9.5 only.
    if bits.bit()? {
        return None;
    }
    let origin = usize::try_from(bits.take(24)?).ok()?;
    let mut front = used(bits)?;
    let symbols = front.len() + 2;
    let tables = usize::try_from(bits.take(3)?).ok().filter(|tables| (2..=6).contains(tables))?;
    let chosen = selectors(bits, tables)?;
    let codes = (0..tables).map(|_| code(bits, symbols)).collect::<Option<Vec<_>>>()?;
    let mut last: Vec<u8> = Vec::new();
    let (mut run, mut weight) = (0_usize, 1_usize);
    let mut count = 0_usize;
    loop {
        let code = codes.get(*chosen.get(count / 50)?)?;
        count += 1;
        let symbol = usize::from(code.read(bits)?);
        if symbol < 2 {
            run = run.checked_add(weight << symbol)?;
            weight = weight.checked_mul(2).filter(|weight| *weight <= 1 << 21)?;
            continue;
        }
        if run > 0 {
            let byte = *front.first()?;
            if last.len() + run > room {
                return None;
            }
            last.extend(std::iter::repeat_n(byte, run));
            (run, weight) = (0, 1);
        }
        if symbol == symbols - 1 {
            break;
        }
        if symbol > front.len() || last.len() >= room {
            return None;
        }
        let byte = front.remove(symbol - 1);
        front.insert(0, byte);
        last.push(byte);
    }
    rotate(&last, origin, out)
}

/// Puts the last column of the sorted rotations back into the order of the text, and opens runs of four and more.
fn rotate(last: &[u8], origin: usize, out: &mut Vec<u8>) -> Option<()> {
    if last.is_empty() {
        return Some(());
    }
    let mut starts = [0_usize; 257];
    for byte in last {
        *starts.get_mut(usize::from(*byte) + 1)? += 1;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = vec![0_u32; last.len()];
    for (byte, at) in last.iter().zip(0_u32..) {
        let place = starts.get_mut(usize::from(*byte))?;
        *next.get_mut(*place)? = at;
        *place += 1;
    }
    let mut at = usize::try_from(*next.get(origin)?).ok()?;
    let (mut same, mut before) = (0_u8, None);
    for _ in 0..last.len() {
        let byte = *last.get(at)?;
        at = usize::try_from(*next.get(at)?).ok()?;
        if same == 4 {
            out.extend(std::iter::repeat_n(before?, usize::from(byte)));
            (same, before) = (0, None);
            continue;
        }
        same = if before == Some(byte) { same + 1 } else { 1 };
        before = Some(byte);
        out.push(byte);
    }
    Some(())
}
