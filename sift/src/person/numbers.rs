//! [`Numbers`]: digits in groups, as people write long numbers.
//!
//! Never here: what a number is.

use crate::look::{Look, is_word};

/// LIMIT: digits and groups that are read: more than any number that is looked for.
const DIGITS: usize = 24;
const GROUPS: usize = 8;

/// A number as it is written.
#[derive(Debug)]
pub(super) struct Numbers {
    /// First byte.
    pub(super) start: usize,
    /// The digits, without what stands between.
    pub(super) digits: Vec<u8>,
    /// How many digits each group has, and where it ends.
    pub(super) groups: Vec<(usize, usize)>,
    /// The signs between groups.
    pub(super) signs: Vec<u8>,
}

impl Numbers {
    /// Reads groups of digits with one space, hyphen, point or slash between.
    pub(super) fn read(look: &Look<'_>, start: usize) -> Self {
        let (mut digits, mut groups, mut signs) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = start;
        loop {
            let end = look.run(at, DIGITS + 1, |byte| byte.is_ascii_digit());
            digits.extend(look.part(at, end).iter().map(|digit| digit - b'0'));
            groups.push((end - at, end));
            let sign = look.byte(end);
            let goes_on =
                matches!(sign, b' ' | b'-' | b'.' | b'/') && look.byte(end + 1).is_ascii_digit();
            if !goes_on || digits.len() >= DIGITS || groups.len() >= GROUPS {
                break;
            }
            signs.push(sign);
            at = end + 1;
        }
        Self { start, digits, groups, signs }
    }

    /// The first groups have these lengths, with this one sign between: their digits and where they end. Nothing but the end
    /// of a word follows, and no half of another number stands before.
    pub(super) fn shaped(
        &self,
        look: &Look<'_>,
        lengths: &[usize],
        signs: &[u8],
    ) -> Option<(&[u8], usize)> {
        let fits = self.groups.iter().map(|(length, _)| length).take(lengths.len()).eq(lengths);
        let sign = self.signs.first().copied().unwrap_or(0);
        let between = lengths.len() - 1;
        let alike = self.signs.iter().take(between).all(|one| *one == sign);
        if !fits || !alike || (between > 0 && !signs.contains(&sign)) {
            return None;
        }
        let end = self.groups.get(between).map(|(_, end)| *end)?;
        let before = look.before(self.start);
        let glued = matches!(before, b'-' | b'/' | b'+') && is_word(look.before(self.start - 1));
        let after = look.byte(end);
        let goes_on = matches!(after, b'-' | b'/') && is_word(look.byte(end + 1))
            || after == b'.' && look.byte(end + 1).is_ascii_digit();
        let all: usize = lengths.iter().sum();
        (!glued && !goes_on && !is_word(after))
            .then(|| (self.digits.get(..all).unwrap_or_default(), end))
    }
}
