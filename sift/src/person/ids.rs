//! Numbers that states give to persons: Germany's tax number, France's NIR, Spain's DNI and NIE, Italy's codice fiscale, the
//! United Kingdom's National Insurance number, the United States' Social Security number.
//!
//! A number without a checksum counts where it is written as such numbers are, or a word before it says what it is.
//! Never here: numbers of firms.

use super::numbers::Numbers;
use crate::{
    Class, Found,
    look::{Look, found, is_word},
};

/// Numbers with letters before their first digits.
pub(super) fn lettered(look: &Look<'_>, digit: usize) -> Option<Found> {
    nie(look, digit).or_else(|| nino(look, digit)).or_else(|| codice_fiscale(look, digit))
}

/// Numbers that begin with digits.
pub(super) fn numbered(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    ssn(look, numbers)
        .or_else(|| tax_number(look, numbers))
        .or_else(|| nir(look, numbers))
        .or_else(|| dni(look, numbers))
}

/// LIMIT: how far before a number a word may say what it is.
const NEAR: usize = 40;

/// Three, two and four digits, none of them from a range that is not given out (SSA).
fn ssn(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    let hyphens = numbers.shaped(look, &[3, 2, 4], b"-");
    let told = || look.says(numbers.start, NEAR, &["ssn", "social security", "social_security"]);
    let (digits, end) = match hyphens {
        Some(one) => one,
        None => numbers
            .shaped(look, &[3, 2, 4], b" ")
            .or_else(|| numbers.shaped(look, &[9], b""))
            .filter(|_| told())?,
    };
    let value = |from: usize, to: usize| {
        digits
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit))
    };
    let given = !matches!(value(0, 3), 0 | 666 | 900..) && value(3, 5) != 0 && value(5, 9) != 0;
    given.then(|| found((numbers.start, end), Class::NationalId, "Social Security number"))
}

/// Eleven digits: of the first ten one stands twice or three times and the others once at most; ISO 7064, MOD 11,10.
fn tax_number(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    let (digits, end) =
        numbers.shaped(look, &[11], b"").or_else(|| numbers.shaped(look, &[2, 3, 3, 3], b" "))?;
    let (head, sum) = digits.split_at_checked(10)?;
    let mut seen = [0_u8; 10];
    for digit in head {
        *seen.get_mut(usize::from(*digit))? += 1;
    }
    let often: Vec<u8> = seen.iter().copied().filter(|count| *count > 1).collect();
    let product = head.iter().fold(10_u32, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    let check = (11 - product) % 10;
    let fits = head.first() != Some(&0)
        && matches!(often.as_slice(), [2 | 3])
        && sum.first().is_some_and(|digit| u32::from(*digit) == check);
    fits.then(|| found((numbers.start, end), Class::NationalId, "tax number"))
}

/// Thirteen digits, sex, year, month, place, and their remainder of 97 in two.
fn nir(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    let shapes: [&[usize]; 3] = [&[15], &[1, 2, 2, 2, 3, 3, 2], &[13, 2]];
    let (digits, end) = shapes.iter().find_map(|shape| numbers.shaped(look, shape, b" "))?;
    let value = |from: usize, to: usize| {
        digits
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .fold(0_u64, |sum, digit| sum * 10 + u64::from(*digit))
    };
    let month = matches!(value(3, 5), 1..=12 | 20..=42 | 50..=99);
    let fits = matches!(value(0, 1), 1 | 2 | 7 | 8)
        && month
        && matches!(value(5, 7), 1..=99)
        && 97 - value(0, 13) % 97 == value(13, 15);
    fits.then(|| found((numbers.start, end), Class::NationalId, "NIR"))
}

/// The letter of a Spanish number, by its remainder of 23.
fn letter(number: u32) -> u8 {
    let at = usize::try_from(number % 23).unwrap_or(0);
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(at).copied().unwrap_or(0)
}

/// Eight digits and their letter.
fn dni(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    let (length, end) = numbers.groups.first().copied()?;
    if length != 8 || matches!(look.before(numbers.start), b'-' | b'/') {
        return None;
    }
    let at = end + usize::from(look.byte(end) == b'-');
    let number = numbers.digits.get(..8)?.iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit));
    let fits =
        look.byte(at) == letter(number) && !is_word(look.byte(at + 1)) && look.byte(at + 1) != b'-';
    fits.then(|| found((numbers.start, at + 1), Class::NationalId, "DNI"))
}

/// X, Y or Z, seven digits and their letter.
fn nie(look: &Look<'_>, digit: usize) -> Option<Found> {
    let start = digit.checked_sub(1)?;
    let first = u32::from(look.byte(start).checked_sub(b'X').filter(|first| *first < 3)?);
    let end = look.run(digit, 8, |byte| byte.is_ascii_digit());
    if is_word(look.before(start)) || end - digit != 7 {
        return None;
    }
    let number =
        look.part(digit, end).iter().fold(first, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    let at = end + usize::from(look.byte(end) == b'-');
    let fits = look.byte(at) == letter(number) && !is_word(look.byte(at + 1));
    fits.then(|| found((start, at + 1), Class::NationalId, "NIE"))
}

/// Two letters, six digits, A to D (HMRC). It has no checksum: it is written in pairs, or a word says what it is.
fn nino(look: &Look<'_>, digit: usize) -> Option<Found> {
    let start = digit.checked_sub(2)?;
    let (one, two) = (look.byte(start), look.byte(start + 1));
    let letters = one.is_ascii_uppercase()
        && two.is_ascii_uppercase()
        && !b"DFIQUV".contains(&one)
        && !b"DFIOQUV".contains(&two)
        && ![b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"]
            .iter()
            .any(|pair| pair.as_slice() == look.part(start, digit));
    let end = look.run(digit, 7, |byte| byte.is_ascii_digit());
    let suffix = matches!(look.byte(end), b'A'..=b'D') && !is_word(look.byte(end + 1));
    let told = || look.says(start, NEAR, &["national insurance", "nino", "ni number", "insurance"]);
    let fits = letters && !is_word(look.before(start)) && end - digit == 6 && suffix && told();
    fits.then(|| found((start, end + 1), Class::NationalId, "National Insurance number"))
}

/// The same in pairs: `AB 12 34 56 C`.
fn nino_in_pairs(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    let start = numbers.start.checked_sub(3)?;
    let pairs = numbers.groups.iter().take(3).all(|(length, _)| *length == 2);
    let blank = numbers.signs.iter().take(2).all(|sign| *sign == b' ');
    let end = numbers.groups.get(2)?.1;
    let (one, two) = (look.byte(start), look.byte(start + 1));
    let letters = one.is_ascii_uppercase()
        && two.is_ascii_uppercase()
        && !b"DFIQUV".contains(&one)
        && !b"DFIOQUV".contains(&two);
    let fits = pairs
        && blank
        && letters
        && look.byte(start + 2) == b' '
        && !is_word(look.before(start))
        && look.byte(end) == b' '
        && matches!(look.byte(end + 1), b'A'..=b'D')
        && !is_word(look.byte(end + 2));
    fits.then(|| found((start, end + 2), Class::NationalId, "National Insurance number"))
}

/// Values of odd places (Ministerial decree 12 March 1974).
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// Six letters, two digits, a letter, two digits, a letter, three digits, the check letter.
fn codice_fiscale(look: &Look<'_>, digit: usize) -> Option<Found> {
    const MONTHS: &[u8] = b"ABCDEHLMPRST";
    let start = digit.checked_sub(6)?;
    let code = look.part(start, start + 16);
    let shape = b"AAAAAA99A99A999A";
    let fits = code.len() == 16
        && code.iter().zip(shape).all(|(byte, kind)| match kind {
            b'9' => byte.is_ascii_digit(),
            _ => byte.is_ascii_uppercase(),
        });
    if !fits
        || is_word(look.before(start))
        || is_word(look.byte(start + 16))
        || !MONTHS.contains(code.get(8)?)
    {
        return None;
    }
    let value = |(at, byte): (usize, &u8)| {
        let plain = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
        if at % 2 == 0 {
            ODD.get(usize::from(plain)).copied().unwrap_or(0)
        } else {
            u32::from(plain)
        }
    };
    let sum: u32 = code.iter().take(15).enumerate().map(value).sum();
    let check = u32::from(code.last()?.checked_sub(b'A')?);
    (sum % 26 == check).then(|| found((start, start + 16), Class::NationalId, "codice fiscale"))
}

/// Everything of [`numbered`] that has letters before a space as well.
pub(super) fn after_letters(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    nino_in_pairs(look, numbers)
}

#[cfg(test)]
mod tests {
    use crate::{Class, find};

    fn hit(text: &str) -> Option<(&'static str, String)> {
        let all = find(text.as_bytes());
        let one = all.iter().find(|one| one.class == Class::NationalId)?;
        Some((one.what, one.of(text).to_owned()))
    }

    #[test]
    fn numbers_of_states() {
        for (text, what, value) in [
            ("SSN 219-09-9999", "Social Security number", "219-09-9999"),
            ("ssn: 219099999", "Social Security number", "219099999"),
            ("IdNr 86095742719", "tax number", "86095742719"),
            ("86 095 742 719", "tax number", "86 095 742 719"),
            ("2 55 08 14 168 025 38", "NIR", "2 55 08 14 168 025 38"),
            ("255081416802538", "NIR", "255081416802538"),
            ("DNI 12345678Z", "DNI", "12345678Z"),
            ("NIE X1234567L", "NIE", "X1234567L"),
            ("CF RSSMRA85T10A562S", "codice fiscale", "RSSMRA85T10A562S"),
            ("NINO: AB123456C", "National Insurance number", "AB123456C"),
            ("AB 12 34 56 C", "National Insurance number", "AB 12 34 56 C"),
        ] {
            assert_eq!(hit(text), Some((what, value.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_breaks_a_rule_is_none() {
        for text in [
            "666-09-9999",
            "219-00-9999",
            "219099999",
            "86095742718",
            "255081416802539",
            "12345678A",
            "X1234567A",
            "RSSMRA85T10A562A",
            "part AB123456C",
            "550e8400-e29b-41d4-a716-446655440000",
            "a12345678Z",
        ] {
            assert_eq!(hit(text), None, "{text}");
        }
    }
}
