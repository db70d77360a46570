//! Days in their notations: `2026-11-22`, `22.11.2026`, `11/22/2026`, `Nov 22, 2026`, `22. November`.
//!
//! Never here: a clock; "tomorrow" is a word. Where day and month could be either, both readings are given.

use super::{DIGIT, Sort, Typed, Word};

const MONTHS: &[&str] = &[
    "jan",
    "feb",
    "mar mae mrz",
    "apr avr abr",
    "may mai",
    "jun juin",
    "jul juil",
    "aug aou ago",
    "sep set",
    "oct okt",
    "nov",
    "dec dez dic",
];

/// Adds the days among these words.
pub(super) fn days(words: &[Word<'_>], out: &mut Vec<Typed>) {
    // A month counts beside the number of a day.
    let digit = |at: Option<usize>| {
        at.and_then(|at| words.get(at)).filter(|word| word.has(DIGIT)).map(|word| word.text)
    };
    for (at, word) in words.iter().enumerate() {
        if word.has(DIGIT) {
            numeric(word.text, out);
            continue;
        }
        let (before, after) = (digit(at.checked_sub(1)), digit(Some(at + 1)));
        if before.is_none() && after.is_none() {
            continue;
        }
        if let Some(month) = month(word.text) {
            let day = before.and_then(ordinal).or_else(|| after.and_then(ordinal));
            let year = words.iter().skip(at + 1).take(2).find_map(|word| year(word.text));
            if let Some(day) = day {
                push(year, month, day, out);
            }
        }
    }
}

fn numeric(word: &str, out: &mut Vec<Typed>) {
    if word.bytes().filter(|byte| matches!(byte, b'-' | b'.' | b'/')).count() < 2 {
        return;
    }
    let day = word.split(['t', ' ']).next().unwrap_or(word);
    let mut parts = day.split(['-', '.', '/']);
    let (Some(a), Some(b), Some(c), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() <= 4);
    let (Some(first), Some(second), Some(third)) = (number(a), number(b), number(c)) else {
        return;
    };
    if a.len() == 4 {
        push(Some(first), second, third, out);
    } else if c.len() == 4 {
        push(Some(third), second, first, out);
        if first != second {
            push(Some(third), first, second, out);
        }
    }
}

fn push(year: Option<u32>, month: u32, day: u32, out: &mut Vec<Typed>) {
    if (1..=12).contains(&month) && (1..=31).contains(&day) {
        if let Some(year) = year {
            out.push(Typed::new(Sort::Day, &format!("{year:04}-{month:02}-{day:02}")));
        }
        out.push(Typed::new(Sort::Day, &format!("--{month:02}-{day:02}")));
    }
}

fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.');
    let letters =
        word.len() >= 3 && word.len() <= 10 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !letters {
        return None;
    }
    let at =
        MONTHS.iter().position(|begins| begins.split(' ').any(|begin| word.starts_with(begin)))?;
    u32::try_from(at + 1).ok()
}

fn ordinal(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    (digits.len() <= 2 && word.len() <= 4).then(|| digits.parse().ok())?
}

fn year(word: &str) -> Option<u32> {
    word.parse().ok().filter(|year| (1900..2200).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::words;

    #[test]
    fn days_are_read_in_their_notations() {
        for (text, key) in [
            ("2026-11-22", "d:2026-11-22"),
            ("2026-11-22t10:00", "d:2026-11-22"),
            ("22.11.2026", "d:2026-11-22"),
            ("11/22/2026", "d:2026-11-22"),
            ("nov 22 2026", "d:2026-11-22"),
            ("22nd november 2026", "d:2026-11-22"),
            ("the 3rd may", "d:--05-03"),
        ] {
            let mut out = Vec::new();
            days(&words(text), &mut out);
            assert!(out.iter().any(|day| day.key == key), "{text}: {out:?}");
        }
        let mut out = Vec::new();
        days(&words("1.2.3 99-99-2026 march maybe"), &mut out);
        assert_eq!(out, []);
    }
}
