//! A strict reading as canonical JSON (RFC 8785), and the numbers that this form cannot keep.
//!
//! Canonical JSON prints numbers as IEEE 754 doubles do, so that two different numbers of many digits may print the same.
//! Whoever binds something to the form must therefore bind [`beyond`] too.
//! Never here: a second tree, or a number repaired.

use super::{Node, Value};
use crate::canonical::{self, NotCanonical};

/// The canonical bytes of a reading; numbers that a double cannot hold at all become strings.
///
/// # Errors
/// Never for what the strict reader accepts; kept as an error rather than a panic.
pub fn canonical(node: &Node<'_>) -> Result<Vec<u8>, NotCanonical> {
    canonical::to_vec(&Plain(node))
}

/// Every number of a reading that its canonical form does not keep to the last digit, each with its place, in an order
/// that does not depend on how the members of objects are ordered. Empty for nearly everything.
pub fn beyond(node: &Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    walk(node, "", &mut found);
    found.sort_unstable();
    found
}

/// Depth is bounded by the reader's limits.
fn walk(node: &Node<'_>, place: &str, found: &mut Vec<String>) {
    match &node.value {
        Value::Number(text) if !kept(text) => {
            let (negative, digits, exponent) = plain(text);
            let sign = if negative { "-" } else { "" };
            found.push(format!("{place}={sign}{digits}e{exponent}"));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if nested(item) {
                    walk(item, &format!("{place}/{at}"), found);
                }
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                if nested(member) {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(member, &format!("{place}/{key}"), found);
                }
            }
        }
        Value::Number(_) | Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Whether there may be such a number in it: spares the place of everything else.
fn nested(node: &Node<'_>) -> bool {
    match &node.value {
        Value::Number(text) => !kept(text),
        Value::Array(_) | Value::Object(_) => true,
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// Whether the double nearest to a number prints as the same number.
fn kept(text: &str) -> bool {
    // A double keeps every number of fifteen significant digits.
    if text.len() <= 15 && !text.contains(['e', 'E']) {
        return true;
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => plain(text) == plain(&format!("{number:e}")),
        Ok(_) | Err(_) => false,
    }
}

/// Sign, digits without zeros at either end, and the power of ten of the last digit. Zero has no sign.
fn plain(text: &str) -> (bool, String, i64) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{part}");
    let cut = all.trim_end_matches('0');
    let digits = cut.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return (false, digits, 0);
    }
    let shift = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let power = exponent.parse::<i64>().unwrap_or(i64::MAX);
    let power =
        power.saturating_sub(shift(part.len())).saturating_add(shift(all.len() - cut.len()));
    (negative, digits, power)
}

/// A strict reading as `serde` sees it, without building a second tree.
struct Plain<'a>(&'a Node<'a>);

impl serde::Serialize for Plain<'_> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match &self.0.value {
            Value::Null => out.serialize_unit(),
            Value::Bool(value) => out.serialize_bool(*value),
            Value::Number(text) => match text.parse::<i64>() {
                Ok(number) => out.serialize_i64(number),
                Err(_) => match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => out.serialize_f64(number),
                    Ok(_) | Err(_) => out.serialize_str(text),
                },
            },
            Value::String(text) => out.serialize_str(text),
            Value::Array(items) => out.collect_seq(items.iter().map(Plain)),
            Value::Object(members) => {
                out.collect_map(members.iter().map(|(key, value)| (key.as_ref(), Plain(value))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{Limits, parse};

    fn form(text: &str) -> (String, Vec<String>) {
        let node = parse(text.as_bytes(), &Limits::REQUEST).unwrap();
        (String::from_utf8(canonical(&node).unwrap()).unwrap(), beyond(&node))
    }

    #[test]
    fn arguments_have_one_form() {
        let text = r#"{"b":[1,2.50,1e2,true,null],"a":"\u00e9","c":{"y":-0,"x":"z"}}"#;
        let (canonical, beyond) = form(text);
        assert_eq!(canonical, r#"{"a":"é","b":[1,2.5,100,true,null],"c":{"x":"z","y":0}}"#);
        assert_eq!(beyond, Vec::<String>::new());
    }

    #[test]
    fn digits_that_the_form_drops_are_kept_beside_it() {
        let (one, one_beyond) = form(r#"{"a":9007199254740993,"b/c":[0.1000000000000000000001]}"#);
        let (two, two_beyond) = form(r#"{"b/c":[0.1],"a":9007199254740992}"#);
        assert_eq!(one, two, "canonical JSON cannot tell them apart");
        assert_eq!(
            one_beyond,
            ["/a=9007199254740993e0", "/b~1c/0=1000000000000000000001e-22"].map(str::to_owned)
        );
        assert_eq!(two_beyond, Vec::<String>::new());
        for same in [
            "1",
            "1.0",
            "1e0",
            "10e-1",
            "0.1",
            "1e300",
            "-12.5000000000000000000",
            "123456789012345",
        ] {
            assert_eq!(form(same).1, Vec::<String>::new(), "{same}");
        }
    }

    proptest! {
        /// Two numbers are told apart exactly if they differ.
        #[test]
        fn numbers_of_many_digits_are_told_apart(
            one in "-?[1-9][0-9]{14,19}(\\.[0-9]{1,3})?",
            digit in 0_usize..24,
            other in "[0-9]",
        ) {
            let mut two = one.clone();
            let at = digit % one.len();
            if one.as_bytes()[at].is_ascii_digit() && !(other == "0" && at <= 1) {
                two.replace_range(at..=at, &other);
            }
            let same = plain(&one) == plain(&two);
            prop_assert_eq!(form(&one) == form(&two), same, "{} {}", one, two);
        }
    }
}
