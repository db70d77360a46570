//! Reading members of a strict JSON object as the types that claims have.
//!
//! Never here: a default for a claim that is missing.

use writ_model::{
    Timestamp,
    json::{self, Limits, Node},
};

use crate::{b64, jws::JwsFault};

/// The latest second that a claim may name: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// The decoded bytes of one part of a compact JWS.
pub(crate) fn part(text: &str) -> Result<Vec<u8>, JwsFault> {
    b64::decode(text).ok_or(JwsFault::Base64)
}

/// A strict JSON object.
pub(crate) fn object(bytes: &[u8]) -> Result<Node<'_>, JwsFault> {
    let node = json::parse(bytes, &Limits::SMALL).map_err(JwsFault::Json)?;
    if node.as_object().is_none() {
        return Err(JwsFault::NotObject);
    }
    Ok(node)
}

/// A text claim that is not empty and not longer than `max` bytes.
pub(crate) fn text<'n>(node: &'n Node<'_>, name: &str, max: usize) -> Option<&'n str> {
    node.get(name)?.as_str().filter(|text| !text.is_empty() && text.len() <= max)
}

/// A `NumericDate` (RFC 7519 section 2): seconds since the epoch; a fraction is cut off.
pub(crate) fn date(node: &Node<'_>, name: &str) -> Option<Timestamp> {
    let json::Value::Number(number) = &node.get(name)?.value else {
        return None;
    };
    let whole = match number.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => whole,
        Some(_) => return None,
        None => *number,
    };
    seconds(whole.parse().ok()?)
}

fn seconds(seconds: i64) -> Option<Timestamp> {
    if !(0..=LAST_SECOND).contains(&seconds) {
        return None;
    }
    seconds.checked_mul(1_000_000).map(Timestamp::from_micros)
}

/// The same instant without its fraction of a second, as a claim carries it.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.seconds().saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds() {
        let node = object(br#"{"a":7,"b":7.9,"c":-1,"d":"7","e":1e3,"f":253402300800,"g":7.5e2}"#);
        let node = node.unwrap();
        assert_eq!(date(&node, "a"), Some(Timestamp::from_micros(7_000_000)));
        assert_eq!(date(&node, "b"), Some(Timestamp::from_micros(7_000_000)));
        for bad in ["c", "d", "e", "f", "g", "h"] {
            assert_eq!(date(&node, bad), None, "{bad}");
        }
    }
}
