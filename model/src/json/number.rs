//! Number grammar, and [`decimal4`], the exact reading that conditions compare with.
//! Never here: floating point.

use super::{Fault, Rule, reader::Reader};

/// LIMIT: longest number text; beyond this no tool means what it says.
const LONGEST: usize = 64;
/// LIMIT: largest exponent, either way: past it readers disagree between infinity, zero and an error.
const EXPONENT: i64 = 300;

pub(super) fn number<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Fault> {
    let start = reader.at;
    if reader.peek() == Some(b'-') {
        reader.at += 1;
    }
    if reader.peek() == Some(b'0') {
        reader.at += 1;
    } else {
        digits(reader)?;
    }
    if reader.peek() == Some(b'.') {
        reader.at += 1;
        digits(reader)?;
    }
    if matches!(reader.peek(), Some(b'e' | b'E')) {
        reader.at += 1;
        if matches!(reader.peek(), Some(b'+' | b'-')) {
            reader.at += 1;
        }
        digits(reader)?;
    }
    let bytes = reader.input.get(start..reader.at).unwrap_or_default();
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let exponent = text.split_once(['e', 'E']).map_or(Some(0), |(_, e)| e.parse::<i64>().ok());
    let far = exponent.is_none_or(|exponent| too_far(exponent) || beyond(text, exponent));
    if text.len() > LONGEST || far {
        return Err(Fault { rule: Rule::BadNumber, at: start });
    }
    Ok(text)
}

/// Whether the number's first digit stands further from the point than [`EXPONENT`], however it is written: its canonical form
/// writes that distance as the exponent, and must be readable itself. One that would be rounded up to there is beyond, too.
fn beyond(text: &str, exponent: i64) -> bool {
    let mantissa = text.trim_start_matches('-').split(['e', 'E']).next().unwrap_or_default();
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(part.bytes());
    let Some(first) = digits().position(|digit| digit != b'0') else { return false };
    let distance = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
    let stands = distance(whole.len()) - 1 - distance(first) + exponent;
    // A double has less than eighteen digits.
    let rounds_up = digits().skip(first).take(16).filter(|digit| *digit == b'9').count() == 16;
    too_far(stands) || (stands == EXPONENT && rounds_up)
}

/// By its magnitude, which the least `i64` has only without a sign.
fn too_far(exponent: i64) -> bool {
    exponent.unsigned_abs() > EXPONENT.unsigned_abs()
}

fn digits(reader: &mut Reader<'_>) -> Result<(), Fault> {
    if !matches!(reader.peek(), Some(b'0'..=b'9')) {
        return Err(reader.unexpected());
    }
    while matches!(reader.peek(), Some(b'0'..=b'9')) {
        reader.at += 1;
    }
    Ok(())
}

/// A number's exact value in ten-thousandths, or nothing if it has more than four decimals or does not fit: what cannot
/// be compared exactly must not satisfy a limit.
pub fn decimal4(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value: i128 = 0;
    for byte in whole.bytes().chain(part.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    let shift = exponent.checked_add(4)?.checked_sub(i32::try_from(part.len()).ok()?)?;
    if value == 0 {
        return Some(0);
    }
    if shift >= 0 {
        value = value.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?)?;
    } else {
        let divisor = 10_i128.checked_pow(shift.unsigned_abs())?;
        if value % divisor != 0 {
            return None;
        }
        value /= divisor;
    }
    i64::try_from(if negative { -value } else { value }).ok()
}

#[cfg(test)]
mod tests {
    use super::decimal4;
    use crate::json::{Limits, canonical, parse};

    #[test]
    fn what_is_taken_has_a_canonical_form_that_is_taken() {
        let taken = |text: &str| parse(text.as_bytes(), &Limits::SMALL).is_ok();
        for text in ["1e300", "47e299", "0.01e-298", "1e-300", "0e300", "-9.5e300", "123456789e292"]
        {
            assert!(taken(text), "{text}");
            let form = canonical(&parse(text.as_bytes(), &Limits::SMALL).unwrap()).unwrap();
            assert!(taken(&String::from_utf8(form).unwrap()), "{text}");
        }
        let nines = format!("{}e285", "9".repeat(17));
        let least = format!("1e{}", i64::MIN);
        for text in ["47e300", "0.01e-299", "1e301", "1e-301", "123456789e293", &nines, &least] {
            assert!(!taken(text), "{text}");
        }
    }

    #[test]
    fn exact_or_nothing() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1", Some(10_000)),
            ("12.5", Some(125_000)),
            ("-3.1415", Some(-31_415)),
            ("1e3", Some(10_000_000)),
            ("1200e-2", Some(120_000)),
            ("1.10000", Some(11_000)),
            ("0.00001", None),
            ("1e30", None),
            ("99999999999999999999", None),
            ("0e300", Some(0)),
            ("1e300", None),
        ] {
            assert_eq!(decimal4(text), wanted, "{text}");
        }
    }
}
