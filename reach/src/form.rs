//! `application/x-www-form-urlencoded`, and HTTP Basic for OAuth clients, whose parts are form-encoded first (RFC 6749
//! section 2.3.1 and appendix B).
//!
//! Never here: reading a form.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_model::Secret;
use zeroize::Zeroizing;

/// The fields as one form.
pub fn encode(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        append(name, &mut out);
        out.push('=');
        append(value, &mut out);
    }
    out
}

fn append(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| HEX.get(usize::from(value & 15)).map_or('0', |byte| char::from(*byte));
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => out.extend(['%', digit(other >> 4), digit(other)]),
        }
    }
}

/// The value of `Authorization` for a client that authenticates by `client_secret_basic`.
pub fn basic(client: &str, secret: &Secret<String>) -> Secret<String> {
    let mut both = Zeroizing::new(String::new());
    append(client, &mut both);
    both.push(':');
    append(secret.expose(), &mut both);
    Secret::new(format!("Basic {}", STANDARD.encode(both.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded_as_the_standard_says() {
        let form = encode(&[("grant_type", "authorization_code"), ("a b", "ü&=+%/~*-._")]);
        assert_eq!(form, "grant_type=authorization_code&a+b=%C3%BC%26%3D%2B%25%2F%7E*-._");
    }

    #[test]
    fn basic_encodes_its_parts_first() {
        // RFC 6749 section 2.3.1 has this client and secret.
        let secret = Secret::new("gX1fBat3bV".to_owned());
        assert_eq!(basic("s6BhdRkqt3", &secret).expose(), "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        let colon = basic("a:b", &Secret::new("c:d".to_owned()));
        assert_eq!(colon.expose(), &format!("Basic {}", STANDARD.encode("a%3Ab:c%3Ad")));
        assert_eq!(format!("{colon:?}"), "Secret(…)");
    }
}
