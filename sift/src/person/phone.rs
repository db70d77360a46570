//! Telephone numbers (E.164, and as a country writes them where a word says so) and dates of birth.
//!
//! Never here: a row of digits that only could be one.

use super::numbers::Numbers;
use crate::{
    Class, Found,
    look::{Look, found, is_word},
};

/// Country codes (ITU-T E.164) of one and two digits; those of three begin with the pairs below.
const ONE: &[u8] = &[1, 7];
const TWO: &[u32] = &[
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56,
    57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];
const THREE: &[u32] =
    &[21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99];

/// What stands before a number that one can call.
const WORDS: &[&str] = &[
    "phone", "tel", "mobile", "cell", "fax", "call ", "telefon", "handy", "mobil", "whatsapp",
    "dial", "reach me", "telef", "t:", "m:", "ring ", "sms",
];
/// LIMIT: how far before a number such a word may stand.
const NEAR: usize = 24;

/// A telephone number.
pub(super) fn phone(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    let before = look.before(numbers.start);
    if before == b'+' {
        return abroad(look, numbers.start - 1);
    }
    if before == b'(' {
        return bracketed(look, numbers.start - 1);
    }
    american(look, numbers).or_else(|| national(look, numbers.start))
}

/// Digits with single signs between, up to what is no part of a number; how many digits, and where it ends.
fn run(look: &Look<'_>, from: usize) -> (Vec<u8>, usize) {
    let (mut digits, mut at, mut end, mut open) = (Vec::new(), from, from, false);
    while digits.len() <= 15 {
        let byte = look.byte(at);
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                end = at + 1;
            }
            b'(' if !open && look.byte(at + 1).is_ascii_digit() => open = true,
            b')' if open => open = false,
            b' ' | b'-' | b'.' | b'/'
                if look.byte(at + 1).is_ascii_digit()
                    || look.byte(at + 1) == b'('
                    || look.before(at) == b')' => {}
            _ => break,
        }
        at += 1;
    }
    (digits, end)
}

/// `+`, a country's code, and the number.
fn abroad(look: &Look<'_>, start: usize) -> Option<Found> {
    if is_word(look.before(start)) || matches!(look.before(start), b'+' | b'=' | b'-' | b'.') {
        return None;
    }
    let (digits, end) = run(look, start + 1);
    let pair = digits.iter().take(2).fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    let known = digits.first().is_some_and(|first| ONE.contains(first))
        || TWO.contains(&pair)
        || THREE.contains(&pair);
    let american = digits.first() == Some(&1);
    let fits = known
        && (9..=15).contains(&digits.len())
        && (!american
            || (digits.len() == 11 && digits.get(1) > Some(&1) && digits.get(4) > Some(&1)))
        && is_varied(&digits)
        && !is_word(look.byte(end));
    fits.then(|| found((start, end), Class::Phone, "phone number"))
}

/// `(212) 555-0187`
fn bracketed(look: &Look<'_>, start: usize) -> Option<Found> {
    let (digits, end) = run(look, start);
    let area = look.byte(start + 4) == b')' && digits.len() == 10;
    let fits =
        area && is_american(&digits) && !is_word(look.before(start)) && !is_word(look.byte(end));
    let told =
        || (7..=13).contains(&digits.len()) && look.says(start, NEAR, WORDS) && is_varied(&digits);
    (fits || told()).then(|| found((start, end), Class::Phone, "phone number"))
}

/// `212-555-0187`, as North America writes it.
fn american(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    let (digits, end) = numbers.shaped(look, &[3, 3, 4], b"-.")?;
    is_american(digits).then(|| found((numbers.start, end), Class::Phone, "phone number"))
}

/// Neither area nor exchange begins with 0 or 1, nor is either 11 after its first (NANPA).
fn is_american(digits: &[u8]) -> bool {
    digits.first() > Some(&1)
        && digits.get(3) > Some(&1)
        && digits.get(1..3) != Some(&[1, 1])
        && digits.get(4..6) != Some(&[1, 1])
        && is_varied(digits)
}

/// A number in one country's form, behind a word that says what it is.
fn national(look: &Look<'_>, start: usize) -> Option<Found> {
    if matches!(look.before(start), b'-' | b'.' | b'/' | b'=' | b'#')
        || !look.says(start, NEAR, WORDS)
    {
        return None;
    }
    let (digits, end) = run(look, start);
    let fits = (7..=13).contains(&digits.len()) && is_varied(&digits) && !is_word(look.byte(end));
    fits.then(|| found((start, end), Class::Phone, "phone number"))
}

/// Not one digit all over.
fn is_varied(digits: &[u8]) -> bool {
    let mut seen = digits.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen.len() >= 3
}

const BIRTH: &[&str] = &[
    "birth",
    "born",
    "dob",
    "d.o.b",
    "geburt",
    "geb.",
    "geboren",
    "naissance",
    "né le",
    "née le",
    "nacimiento",
    "nacido",
    "nacida",
    "nascita",
    "nato il",
    "nata il",
    "geboorte",
];
const MONTHS: &[&[u8]] = &[
    b"jan", b"feb", b"mar", b"apr", b"may", b"mai", b"jun", b"jul", b"aug", b"sep", b"oct", b"okt",
    b"nov", b"dec", b"dez",
];

/// A date behind a word of birth.
pub(super) fn birth(look: &Look<'_>, start: usize) -> Option<Found> {
    let (start, end) = date(look, start)?;
    look.says(start, 40, BIRTH).then(|| found((start, end), Class::BirthDate, "date of birth"))
}

fn number(look: &Look<'_>, at: usize, most: usize) -> (u32, usize) {
    let end = look.run(at, most, |byte| byte.is_ascii_digit());
    let value = look.part(at, end).iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    (value, end)
}

const YEARS: std::ops::RangeInclusive<u32> = 1900..=2029;

/// A date: year first, day or month first, or with the month's name.
fn date(look: &Look<'_>, start: usize) -> Option<(usize, usize)> {
    let (first, end) = number(look, start, 4);
    let sign = look.byte(end);
    let closed = |end: usize| !is_word(look.byte(end)) || look.part(end, end + 6) == b"T00:00";
    if matches!(sign, b'-' | b'.' | b'/') {
        let (second, next) = number(look, end + 1, 2);
        let (third, last) = number(look, next + 1, 4);
        let alike = look.byte(next) == sign && closed(last);
        let day = |one: u32| (1..=31).contains(&one);
        let month = |one: u32| (1..=12).contains(&one);
        let fits = if end - start == 4 {
            YEARS.contains(&first) && month(second) && day(third)
        } else {
            let year = YEARS.contains(&third) || (sign == b'/' && last - next == 3);
            year && ((day(first) && month(second)) || (month(first) && day(second)))
        };
        return (alike && fits).then_some((start, last));
    }
    // `12 March 1984`, `March 12, 1984`
    let day = (1..=31).contains(&first);
    let word = look.run(end, 2, |byte| matches!(byte, b' ' | b'.'));
    let past = look.run(word, 12, |byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    let gap = look.run(past, 2, |byte| matches!(byte, b' ' | b'.' | b','));
    if day && is_month(look.part(word, past)) {
        let (year, last) = number(look, gap, 4);
        return (YEARS.contains(&year) && closed(last)).then_some((start, last));
    }
    let before = look.run_back(start.checked_sub(1)?, |byte| byte.is_ascii_alphabetic());
    if day && is_month(look.part(before, start - 1)) {
        let gap = look.run(end, 2, |byte| matches!(byte, b' ' | b','));
        let (year, last) = number(look, gap, 4);
        return (gap > end && YEARS.contains(&year) && closed(last)).then_some((before, last));
    }
    None
}

fn is_month(word: &[u8]) -> bool {
    let low = word.to_ascii_lowercase();
    word.len() >= 3
        && (MONTHS.iter().any(|month| low.starts_with(month)) || low.starts_with("mär".as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::{Class, find};

    fn hit(class: Class, text: &str) -> Option<&str> {
        find(text.as_bytes()).iter().find(|one| one.class == class).map(|one| one.of(text))
    }

    #[test]
    fn numbers_that_one_can_call() {
        for (text, wanted) in [
            ("+49 30 1234567", Some("+49 30 1234567")),
            ("+1 (212) 555-0187", Some("+1 (212) 555-0187")),
            ("(212) 555-0187", Some("(212) 555-0187")),
            ("212-555-0187", Some("212-555-0187")),
            ("Tel. 030 1234567", Some("030 1234567")),
            ("phone: 0171/2345678", Some("0171/2345678")),
            ("order 030 1234567", None),
            ("+12345", None),
            ("a+4930123456", None),
            ("123-456-7890", None),
            ("978-3-16-148410-0", None),
            ("+0001234567890", None),
        ] {
            assert_eq!(hit(Class::Phone, text), wanted, "{text}");
        }
    }

    #[test]
    fn dates_of_birth() {
        for (text, wanted) in [
            ("date of birth: 1984-03-12", Some("1984-03-12")),
            ("born on 12 March 1984 in", Some("12 March 1984")),
            ("DOB 03/12/1984", Some("03/12/1984")),
            ("Geburtsdatum: 12.03.1984", Some("12.03.1984")),
            ("born March 12, 1984", Some("March 12, 1984")),
            ("created: 1984-03-12", None),
            ("birthday party at 12:30", None),
        ] {
            assert_eq!(hit(Class::BirthDate, text), wanted, "{text}");
        }
    }
}
