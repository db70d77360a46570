//! Personal data by class: what a number has to be to count as one, by its form, its checksum, and where neither is enough by
//! a word before it.
//!
//! Names and postal addresses have no form that can be told from other words: they are not looked for.
//! Never here: secrets. To add a state's number: a function in `ids`, its call in [`digits`].

mod bank;
mod ids;
mod mail;
mod numbers;
mod phone;

pub(crate) use mail::{colons, email};

use crate::{
    Found,
    look::{Look, is_word},
};

/// Whether the name of a member can say what its value is.
pub(crate) fn names(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "phone",
        "tel",
        "mobile",
        "cell",
        "fax",
        "birth",
        "dob",
        "born",
        "ssn",
        "social",
        "nino",
        "insurance",
        "geb",
        "naiss",
        "nacim",
        "nasc",
        "handy",
        "whatsapp",
        "contact",
        "call",
    ];
    let low = name.to_ascii_lowercase();
    WORDS.iter().any(|word| low.contains(word))
}

/// The first digit of a run: everything that begins with digits, or has some letters before them.
pub(crate) fn digits(look: &Look<'_>, out: &mut Vec<Found>) {
    let start = look.at - 1;
    let before = look.before(start);
    if is_short(look, start, before) {
        return;
    }
    if is_word(before) {
        // Letters before it: only what is made so.
        if before.is_ascii_alphabetic() {
            out.extend(bank::iban(look, start).or_else(|| ids::lettered(look, start)));
        }
        if !before.is_ascii_hexdigit() {
            return;
        }
    }
    if let Some(found) = mail::ip(look, start) {
        out.push(found);
        return;
    }
    if is_word(before) || before == b'.' {
        return;
    }
    let numbers = numbers::Numbers::read(look, start);
    let found = bank::card(look, &numbers)
        .or_else(|| ids::after_letters(look, &numbers))
        .or_else(|| ids::numbered(look, &numbers))
        .or_else(|| phone::birth(look, start))
        .or_else(|| phone::phone(look, &numbers));
    out.extend(found);
}

/// Whether a number is too short for anything, which most numbers are: three to six digits that nothing goes on behind.
fn is_short(look: &Look<'_>, start: usize, before: u8) -> bool {
    let end = look.run(start, 7, |byte| byte.is_ascii_digit());
    let next = look.byte(end);
    let goes_on = match next {
        b' ' | b'-' | b'.' | b'/' => look.byte(end + 1).is_ascii_digit(),
        b')' | b':' => true,
        _ => next.is_ascii_alphabetic(),
    };
    let free = !is_word(before) && before != b'(';
    (3..7).contains(&(end - start)) && free && !goes_on
}
