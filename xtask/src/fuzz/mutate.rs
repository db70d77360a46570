//! From one input another: bits, bytes, tokens, numbers, lines, splices, the structure of JSON and of dotted base64url.
//!
//! Never here: what an input means to whoever reads it. To add a way: an arm of [`change`].

use writ_identity::{decode_base64url, encode_base64url};

use super::{dice::Dice, tree};

/// LIMIT: changes to one input, one on top of the other.
const STACKED: usize = 6;
/// LIMIT: bytes of an input: twice the smallest bound of a reader, so that bounds are met; larger ones are shown by tests.
pub(crate) const MOST: usize = 16 << 10;
/// Bytes that readers treat specially.
const BYTES: &[u8] =
    b"\0\t\n\r \"',:;{}[]()\\/%+-.=<>0918aAzZ_&?#@*~\x1b\x7f\x80\xbb\xbf\xc0\xed\xef\xfe\xff";
/// Numbers at edges.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "00",
    "1",
    "-1",
    "1.0",
    "1e3",
    "1E+400",
    "1e-400",
    "1e401",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "0.1",
    "0.30000000000000004",
    "1e",
    ".5",
    "+1",
    "NaN",
    "Infinity",
];
/// Text that looks like other text, or like nothing.
const TEXTS: &[&str] = &[
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{2028}",
    "\u{e0041}",
    "\u{0}",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\ud83d\\ude00",
    "\\u0061",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\r\n",
    "\n\n",
    "\r\r",
    "%00",
    "%2e%2e",
    "../",
    "AAAA",
    "====",
];

/// What changes are made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Food<'a> {
    /// Words that this reader knows.
    pub(crate) tokens: &'a [&'a str],
    /// Other inputs.
    pub(crate) others: &'a [Vec<u8>],
}

/// Another input, of at most [`MOST`] bytes.
pub(crate) fn mutated(seed: &[u8], food: Food<'_>, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(STACKED) {
        change(&mut bytes, food, dice);
        bytes.truncate(MOST);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, food: Food<'_>, dice: &mut Dice) {
    match dice.below(15) {
        0 => flip(bytes, dice),
        1 => set(bytes, dice),
        2 => {
            insert(bytes, dice, |dice| dice.pick(food.tokens).map(|word| word.as_bytes().to_vec()));
        }
        3 => insert(bytes, dice, |dice| dice.pick(TEXTS).map(|word| word.as_bytes().to_vec())),
        4 => insert(bytes, dice, |dice| dice.pick(BYTES).map(|byte| vec![*byte])),
        5 => {
            let part = dice.part(bytes.len(), 64);
            bytes.drain(part);
        }
        6 => {
            let part = dice.part(bytes.len(), 128);
            let copy = bytes.get(part).unwrap_or_default().to_vec();
            insert(bytes, dice, |_| Some(copy));
        }
        7 => repeat(bytes, dice),
        8 => bytes.truncate(dice.below(bytes.len())),
        9 => splice(bytes, food.others, dice),
        10 => number(bytes, dice),
        11 => lines(bytes, dice),
        12 => dotted(bytes, food, dice),
        // JSON is in nearly everything that comes from outside.
        _ => {
            if let Some(other) = tree::mutated(bytes, food.tokens, dice) {
                *bytes = other;
            } else {
                set(bytes, dice);
            }
        }
    }
}

fn flip(bytes: &mut [u8], dice: &mut Dice) {
    let (at, bit) = (dice.below(bytes.len()), dice.below(8));
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

fn set(bytes: &mut [u8], dice: &mut Dice) {
    let at = dice.below(bytes.len());
    if let (Some(byte), Some(other)) = (bytes.get_mut(at), dice.pick(BYTES)) {
        *byte = *other;
    }
}

/// Puts something in, over what is there or between.
fn insert(bytes: &mut Vec<u8>, dice: &mut Dice, what: impl FnOnce(&mut Dice) -> Option<Vec<u8>>) {
    let Some(what) = what(dice) else { return };
    let at = dice.below(bytes.len() + 1);
    let end = if dice.once_in(3) { (at + what.len()).min(bytes.len()) } else { at };
    bytes.splice(at..end, what);
}

/// A few bytes many times over: depth, length, count.
fn repeat(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let part = dice.part(bytes.len(), 8);
    let end = part.end;
    let copy = bytes.get(part).unwrap_or_default().repeat(1 << dice.below(12));
    bytes.splice(end..end, copy.into_iter().take(MOST));
}

fn splice(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) {
    let Some(other) = dice.pick(others) else { return };
    bytes.truncate(dice.below(bytes.len() + 1));
    bytes.extend_from_slice(other.get(dice.below(other.len() + 1)..).unwrap_or_default());
}

/// A run of digits becomes a number at an edge.
fn number(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let from = dice.below(bytes.len());
    let digits = |byte: &u8| byte.is_ascii_digit();
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(start) = rest.iter().position(digits).map(|at| from + at) else { return };
    let length =
        bytes.get(start..).unwrap_or_default().iter().take_while(|byte| digits(byte)).count();
    let word = dice.pick(NUMBERS).map_or(&b"0"[..], |word| word.as_bytes());
    bytes.splice(start..start + length, word.iter().copied());
}

/// A line is taken out, doubled, or moved.
fn lines(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let mut all: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let at = dice.below(all.len());
    let line =
        if dice.once_in(2) { all.remove(at) } else { all.get(at).cloned().unwrap_or_default() };
    if !dice.once_in(3) {
        all.insert(dice.below(all.len() + 1), line);
    }
    *bytes = all.join(&b'\n');
}

/// One part of a dotted text (a token, a proof), decoded, changed, and encoded.
fn dotted(bytes: &mut Vec<u8>, food: Food<'_>, dice: &mut Dice) {
    let mut parts: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'.').map(<[u8]>::to_vec).collect();
    let at = dice.below(parts.len());
    let Some(part) = parts.get_mut(at) else { return };
    let Some(mut inner) = std::str::from_utf8(part).ok().and_then(decode_base64url) else { return };
    match tree::mutated(&inner, food.tokens, dice) {
        Some(other) => inner = other,
        None => flip(&mut inner, dice),
    }
    *part = encode_base64url(&inner).into_bytes();
    *bytes = parts.join(&b'.');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_gives_others_of_bounded_length_and_none_is_needed() {
        let seeds: [&[u8]; 4] = [b"", b"{\"a\":[1,2,{\"b\":\"c\"}]}", b"e30.e30.AA", &[b'['; MOST]];
        let others = vec![b"{}".to_vec()];
        let food = Food { tokens: &["jsonrpc"], others: &others };
        let mut dice = Dice::new(3);
        for seed in seeds {
            let mut differing = 0;
            for _ in 0..2_000 {
                let out = mutated(seed, food, &mut dice);
                assert!(out.len() <= MOST);
                differing += usize::from(out != seed);
            }
            assert!(differing > 1_000, "{differing} of {:?}", seed.first());
        }
    }
}
