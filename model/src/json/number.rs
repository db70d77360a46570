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
    if text.len() > LONGEST || exponent.is_none_or(|e| e.abs() > EXPONENT) {
        return Err(Fault { rule: Rule::BadNumber, at: start });
    }
    Ok(text)
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
