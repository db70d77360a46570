//! [`Look`]: the part of a text that a detector may look at: a bounded way back and a bounded way on, so that what it says
//! of a place is the same whatever pieces the text comes in.
//!
//! Never here: what anything means.

use crate::{Class, Found};

/// LIMIT: how far back a detector looks from the end of its anchor: names of values, words before a number.
pub(crate) const BACK: usize = 256;
/// LIMIT: how far on it looks: a private key of 16,384 bits with its frame is below. A stream is kept back by so much.
pub(crate) const AHEAD: usize = 16 << 10;

/// A window of a text around an anchor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    /// The bytes that may be looked at.
    pub(crate) text: &'a [u8],
    /// One past the last byte of the anchor.
    pub(crate) at: usize,
    /// The window begins where the text does.
    pub(crate) first: bool,
}

impl<'a> Look<'a> {
    /// A byte; zero beyond the ends, which is part of no word.
    pub(crate) fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    /// The byte before a place.
    pub(crate) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |at| self.byte(at))
    }

    /// A part of it, as far as there is one.
    pub(crate) fn part(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end.min(self.text.len())).unwrap_or_default()
    }

    /// Where the run of such bytes that ends before a place begins.
    pub(crate) fn run_back(&self, mut at: usize, is: impl Fn(u8) -> bool) -> usize {
        while at > 0 && is(self.before(at)) {
            at -= 1;
        }
        at
    }

    /// Where the run of such bytes from a place on ends, within this many.
    pub(crate) fn run(&self, at: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.iter().take(most).take_while(|byte| is(**byte)).count()
    }

    /// The bytes before a place, at most so many.
    pub(crate) fn back(&self, at: usize, most: usize) -> &'a [u8] {
        self.part(at.saturating_sub(most), at)
    }

    /// Whether one of these words stands in the bytes before a place, on its line; words are lower-case.
    pub(crate) fn says(&self, at: usize, most: usize, words: &[&str]) -> bool {
        let near = self.back(at, most);
        let line = near.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let near = near.get(line..).unwrap_or_default().to_ascii_lowercase();
        words.iter().any(|word| has(&near, word.as_bytes()))
    }

    /// Where some bytes begin, from a place on.
    pub(crate) fn find(&self, at: usize, what: &[u8]) -> Option<usize> {
        let rest = self.text.get(at..)?;
        rest.windows(what.len()).position(|part| part == what).map(|found| at + found)
    }
}

/// Whether some bytes stand in others.
pub(crate) fn has(text: &[u8], what: &[u8]) -> bool {
    what.is_empty() || text.windows(what.len()).any(|part| part == what)
}

/// Something found.
pub(crate) const fn found(span: (usize, usize), class: Class, what: &'static str) -> Found {
    Found { start: span.0, end: span.1, class, what }
}

/// A letter or digit, or the underscore of names.
pub(crate) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bits of information in one byte of a text, by how often each stands in it.
pub(crate) fn entropy(text: &[u8]) -> f64 {
    let mut seen = [0_u32; 256];
    for byte in text {
        if let Some(count) = seen.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let all = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let of = |count: &u32| {
        let part = f64::from(*count) / all;
        -part * part.log2()
    };
    seen.iter().filter(|count| **count > 0).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_the_letters() {
        assert!(entropy(b"aaaaaaaa") < 0.01);
        assert!((entropy(b"abcdefgh") - 3.0).abs() < 1e-9);
        assert!(entropy(b"") < 0.01);
    }

    #[test]
    fn beyond_the_ends_there_is_nothing() {
        let look = Look { text: b"ab12", at: 4, first: true };
        assert_eq!((look.byte(9), look.before(0), look.part(3, 9)), (0, 0, &b"2"[..]));
        assert_eq!(look.run_back(4, |byte| byte.is_ascii_digit()), 2);
        assert_eq!(look.run(0, 9, |byte| byte.is_ascii_alphabetic()), 2);
        assert!(look.says(4, 9, &["b1"]) && !look.says(2, 9, &["b1"]));
        assert_eq!(look.find(1, b"12"), Some(2));
    }
}
