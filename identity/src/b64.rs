//! Base64url without padding (RFC 4648 section 5, RFC 7515 appendix C), strict: no padding, no white space, no stray
//! trailing bits, so that one value has one spelling.
//!
//! Never here: another alphabet, or a lenient decoder.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Characters of 32 bytes.
pub(crate) const LEN_32: usize = 43;
/// Characters of 64 bytes.
pub(crate) const LEN_64: usize = 86;

/// The one spelling of these bytes.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn encode_into(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// The bytes of a text that is spelled exactly so.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Exactly 32 bytes.
pub(crate) fn decode_32(text: &str) -> Option<[u8; 32]> {
    fixed::<32>(text, LEN_32)
}

/// Exactly 64 bytes.
pub(crate) fn decode_64(text: &str) -> Option<[u8; 64]> {
    fixed::<64>(text, LEN_64)
}

fn fixed<const N: usize>(text: &str, chars: usize) -> Option<[u8; N]> {
    if text.len() != chars {
        return None;
    }
    // The decoder wants room for whole groups of three bytes.
    let mut buffer = [0_u8; 72];
    let written = URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).ok()?;
    if written != N {
        return None;
    }
    buffer.first_chunk::<N>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_is_read() {
        assert_eq!(decode_32(&encode(&[7; 32])), Some([7; 32]));
        assert_eq!(decode_64(&encode(&[9; 64])), Some([9; 64]));
        for bad in ["AA==", "AB", "A", "A A", "+w", "/w", "AA\n"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(decode_32("AA"), None);
        assert_eq!(decode("AA"), Some(vec![0]));
    }
}
