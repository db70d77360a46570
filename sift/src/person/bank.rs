//! Account numbers (ISO 13616, with its remainder of 97) and numbers of payment cards (ISO/IEC 7812, with Luhn's sum and the
//! ranges that the networks give out).
//!
//! Never here: an account number of one country without its check digits.

use super::numbers::Numbers;
use crate::{
    Class, Found,
    look::{Look, found, is_word},
};

/// Letters and digits of the number, by country (ISO 13616 registry).
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

/// Two letters, two check digits, and the rest in one piece or in groups of four.
pub(super) fn iban(look: &Look<'_>, digit: usize) -> Option<Found> {
    let start = digit.checked_sub(2)?;
    if is_word(look.before(start)) {
        return None;
    }
    let land = look.part(start, digit);
    let (_, length) = LENGTHS.iter().find(|(known, _)| known.as_slice() == land)?;
    let mut number: Vec<u8> = Vec::with_capacity(*length);
    let mut at = start;
    while number.len() < *length {
        let byte = look.byte(at);
        if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            number.push(byte);
        } else if byte != b' ' || !number.len().is_multiple_of(4) {
            return None;
        }
        at += 1;
    }
    (!is_word(look.byte(at)) && remainder(&number) == 1)
        .then(|| found((start, at), Class::Iban, "account number"))
}

/// ISO 7064, MOD 97-10, with the first four at the end.
fn remainder(number: &[u8]) -> u32 {
    let (head, tail) = number.split_at_checked(4).unwrap_or((number, &[]));
    tail.iter().chain(head).fold(0, |sum, byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        _ => (sum * 100 + u32::from(byte.wrapping_sub(b'A')) + 10) % 97,
    })
}

/// How a card's number is written: in one piece, or in these groups.
const SHAPES: &[&[usize]] =
    &[&[16], &[4, 4, 4, 4], &[15], &[4, 6, 5], &[14], &[4, 6, 4], &[19], &[4, 4, 4, 4, 3]];

/// The number of a payment card.
pub(super) fn card(look: &Look<'_>, numbers: &Numbers) -> Option<Found> {
    if numbers.digits.len() < 14 {
        return None;
    }
    let shaped = |shape: &&[usize]| numbers.shaped(look, shape, b" -");
    let (digits, end) = SHAPES.iter().find_map(shaped)?;
    (issued(digits) && luhn(digits))
        .then(|| found((numbers.start, end), Class::Card, "card number"))
}

/// Whether a network gives out numbers that begin so, of this length.
fn issued(digits: &[u8]) -> bool {
    let head = |count: usize| {
        digits.iter().take(count).fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit))
    };
    match digits.len() {
        16 => {
            matches!(head(1), 4)
                || matches!(head(2), 51..=55 | 65)
                || matches!(head(3), 644..=649)
                || matches!(head(4), 2221..=2720 | 6011 | 3528..=3589)
                || head(2) == 62
        }
        15 => matches!(head(2), 34 | 37),
        14 => matches!(head(2), 36 | 38 | 39) || matches!(head(3), 300..=305),
        19 => head(2) == 62,
        _ => false,
    }
}

/// Luhn's sum (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u8]) -> bool {
    let doubled = |(at, digit): (usize, &u8)| {
        let digit = u32::from(*digit);
        if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
    };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use crate::{Class, find};

    fn hit(class: Class, text: &str) -> Option<&str> {
        find(text.as_bytes()).iter().find(|one| one.class == class).map(|one| one.of(text))
    }

    #[test]
    fn account_numbers_by_their_remainder() {
        for good in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB82 WEST 1234 5698 7654 32",
            "NO9386011117947",
        ] {
            assert_eq!(hit(Class::Iban, &format!("to {good}, soon")), Some(good));
        }
        for bad in [
            "DE88370400440532013000",
            "XX89370400440532013000",
            "DE893704004405320130001",
            "DE8937 0400 4405 3201 3000",
        ] {
            assert_eq!(hit(Class::Iban, &format!("to {bad}, soon")), None, "{bad}");
        }
    }

    #[test]
    fn cards_by_network_and_sum() {
        for good in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5555-5555-5555-4444",
            "3782 822463 10005",
            "378282246310005",
        ] {
            assert_eq!(hit(Class::Card, &format!("card {good}.")), Some(good));
        }
        for bad in [
            "4111111111111112",
            "1111111111111117",
            "4111 1111-1111 1111",
            "a4111111111111111",
            "1730000000000000",
        ] {
            assert_eq!(hit(Class::Card, &format!("card {bad}.")), None, "{bad}");
        }
    }
}
