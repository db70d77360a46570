//! Secrets that have a form of their own: private keys in their frame, JSON Web Tokens, passwords in addresses, credentials
//! of HTTP.
//!
//! Never here: a vendor's mark or a name.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    Class, Found,
    look::{Look, entropy, found, has, is_word},
};

const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LAX);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LAX);

/// LIMIT: bytes of the words in a frame's first line.
const LABEL: usize = 48;

/// `-----BEGIN … PRIVATE KEY…-----` up to its end; up to what can be none of a key where the end is missing.
pub(crate) fn pem(look: &Look<'_>, out: &mut Vec<Found>) {
    let start = look.at.saturating_sub(b"-----BEGIN".len());
    let end = look.run(look.at, LABEL, |byte| byte == b' ' || byte.is_ascii_uppercase());
    if !has(look.part(look.at, end), b"PRIVATE KEY") {
        return;
    }
    let body = end + look.run(end, 5, |byte| byte == b'-') - end;
    let last = match look.find(body, b"-----END") {
        Some(at) => look.run(at + 8, LABEL, |byte| byte != b'-' && byte != b'\n'),
        None => look.run(body, look.text.len(), |byte| {
            is_word(byte)
                || matches!(
                    byte,
                    b'+' | b'/' | b'=' | b'\n' | b'\r' | b' ' | b'\\' | b':' | b',' | b'-'
                )
        }),
    };
    let end = look.run(last, 5, |byte| byte == b'-');
    if end > body + 16 {
        out.push(found((start, end), Class::Secret, "private key"));
    }
}

/// LIMIT: bytes of a token's head that are read.
const HEAD: usize = 1024;

/// Three parts in base 64 with points between, the first a JSON object that names an algorithm, the last a signature.
pub(crate) fn jwt(look: &Look<'_>, out: &mut Vec<Found>) {
    let start = look.at.saturating_sub(3);
    let in_part = |byte: u8| is_word(byte) || byte == b'-';
    if look.part(start, look.at) != b"eyJ" || in_part(look.before(start)) {
        return;
    }
    let head = look.run(start, HEAD, in_part);
    if look.byte(head) != b'.' {
        return;
    }
    let Ok(read) = URL.decode(look.part(start, head)) else { return };
    if !(has(&read, b"\"alg\"") || has(&read, b"\"enc\"")) || !read.ends_with(b"}") {
        return;
    }
    let mut end = head;
    let mut parts = 1;
    while parts < 5 && look.byte(end) == b'.' {
        let next = look.run(end + 1, look.text.len(), in_part);
        if next == end + 1 && parts != 1 {
            break;
        }
        (end, parts) = (next, parts + 1);
    }
    let signed = look
        .part(head, end)
        .rsplit(|byte| *byte == b'.')
        .next()
        .is_some_and(|sign| sign.len() >= 16);
    if parts >= 3 && signed {
        out.push(found((start, end), Class::Secret, "JSON Web Token"));
    }
}

/// What stands in addresses of examples.
const EXAMPLES: &[&[u8]] = &[
    b"password",
    b"passwd",
    b"pass",
    b"pwd",
    b"pw",
    b"secret",
    b"changeme",
    b"example",
    b"test",
    b"user",
    b"your_password",
    b"yourpassword",
    b"mypassword",
    b"postgres",
    b"root",
    b"admin",
    b"guest",
    b"token",
];
/// LIMIT: bytes of a name and password in an address.
const USER: usize = 512;

/// `scheme://name:password@host`: the password.
pub(crate) fn url(look: &Look<'_>, out: &mut Vec<Found>) {
    let before = look.at.saturating_sub(3);
    let scheme = look.run_back(before, |byte| is_word(byte) || matches!(byte, b'+' | b'-' | b'.'));
    if before - scheme < 2 {
        return;
    }
    let stops = |byte: u8| {
        byte <= b' '
            || matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'?' | b'#' | b',')
    };
    let end = look.run(look.at, USER, |byte| !stops(byte));
    let authority = look.part(look.at, end);
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else { return };
    let user = authority.get(..at).unwrap_or_default();
    let Some(colon) = user.iter().position(|byte| *byte == b':') else { return };
    let password = user.get(colon + 1..).unwrap_or_default();
    let low = password.to_ascii_lowercase();
    let variable = password.iter().any(|byte| matches!(byte, b'$' | b'{' | b'*' | b'[' | b'('));
    let host =
        authority.get(at + 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'[');
    if password.len() < 3
        || variable
        || !host
        || EXAMPLES.contains(&low.as_slice())
        || has(&low, b"xxx")
    {
        return;
    }
    if std::str::from_utf8(password).is_ok() {
        let start = look.at + colon + 1;
        out.push(found((start, start + password.len()), Class::Secret, "password in an address"));
    }
}

/// LIMIT: bytes of a credential of HTTP.
const CREDENTIAL: usize = 2048;

/// `Bearer …` with letters that nobody typed, `Basic …` with a name and a password in it.
pub(crate) fn scheme(look: &Look<'_>, out: &mut Vec<Found>) {
    let word = look.run_back(look.at.saturating_sub(1), |byte| byte.is_ascii_alphabetic());
    if is_word(look.before(word)) {
        return;
    }
    let end = look.run(look.at, CREDENTIAL, |byte| {
        is_word(byte) || matches!(byte, b'-' | b'.' | b'~' | b'+' | b'/' | b'=')
    });
    let end = if look.before(end) == b'.' { end - 1 } else { end };
    let body = look.part(look.at, end);
    let basic = look.part(word, look.at).eq_ignore_ascii_case(b"basic ");
    let is = if basic {
        let told = look.says(word, 24, &["authorization", "auth"]);
        let read = STANDARD.decode(body).unwrap_or_default();
        told && body.len() >= 8
            && read
                .iter()
                .position(|byte| *byte == b':')
                .is_some_and(|at| at > 0 && at + 3 < read.len())
    } else {
        let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
        body.len() >= 20 && digits >= 2 && entropy(body) >= 3.3
    };
    if is {
        out.push(found(
            (look.at, end),
            Class::Secret,
            if basic { "credentials" } else { "bearer token" },
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::find;

    fn whats(text: &str) -> Vec<(&str, &str)> {
        find(text.as_bytes()).iter().map(|one| (one.what, one.of(text))).collect()
    }

    #[test]
    fn a_private_key_goes_with_its_frame() {
        let key =
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7Zq\n-----END RSA PRIVATE KEY-----";
        assert_eq!(whats(&format!("a {key} b")), [("private key", key)]);
        assert_eq!(
            whats("-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEA7Zq\n-----END CERTIFICATE-----"),
            []
        );
        let cut = "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7Zq";
        assert_eq!(whats(&format!("{cut}\u{2026} gone")), [("private key", cut)]);
    }

    #[test]
    fn a_token_is_one_by_what_is_in_it() {
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g";
        assert_eq!(whats(&format!("x {token}.")), [("JSON Web Token", token)]);
        assert_eq!(whats("eyJhIjoxfQ.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"), []);
        assert_eq!(whats("eyJhbGciOiJIUzI1NiJ9"), []);
    }

    #[test]
    fn of_an_address_the_password_is_taken() {
        assert_eq!(
            whats("postgres://app:k3w-9ZZ@db.example/x"),
            [("password in an address", "k3w-9ZZ")]
        );
        for plain in [
            "https://example.com/a:b@c",
            "postgres://user:password@localhost/db",
            "redis://:${PASS}@h",
            "see http://x and a:b@c",
        ] {
            assert!(whats(plain).iter().all(|one| one.0 != "password in an address"), "{plain}");
        }
    }

    #[test]
    fn credentials_of_http() {
        assert_eq!(whats("Authorization: Basic YWRhOm1vdGhlcm9mYWxs").len(), 1);
        assert_eq!(whats("Authorization: Bearer 8xLOxBtZp8s7Gk2QpVnR41").len(), 1);
        assert_eq!(whats("the bearer of this letter, a basic understanding"), []);
    }
}
