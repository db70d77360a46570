//! Values that their names call secret: `password = …`, `"client_secret": "…"`, `--api-key …`, `<token>…</token>`.
//!
//! A name alone is not enough: the value has to look as if nobody could guess it, and not as a word, a path, a variable or
//! an example. Never here: a vendor's form (`table`).

use crate::{
    Class, Found,
    look::{Look, entropy, found, is_word},
};

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// A password or key, whatever it looks like.
    Secret(&'static str),
    /// A token; names of pages and counters end in that word as well.
    Token,
}

/// LIMIT: bytes of a name, and of a value.
const NAME: usize = 64;
const VALUE: usize = 512;

/// Ends of names, without signs and in small letters.
const SECRETS: &[(&str, &str)] = &[
    ("password", "password"),
    ("passwd", "password"),
    ("pwd", "password"),
    ("passphrase", "password"),
    ("passwort", "password"),
    ("kennwort", "password"),
    ("contrasena", "password"),
    ("contraseña", "password"),
    ("motdepasse", "password"),
    ("secret", "secret"),
    ("secretkey", "secret key"),
    ("secretaccesskey", "secret key"),
    ("clientsecret", "secret"),
    ("secretvalue", "secret"),
    ("apikey", "API key"),
    ("apisecret", "secret"),
    ("accesskey", "access key"),
    ("privatekey", "private key"),
    ("accountkey", "account key"),
    ("authkey", "key"),
    ("encryptionkey", "key"),
    ("signingkey", "key"),
    ("masterkey", "key"),
];
/// What stands before `token` where it is no secret.
const PLAIN_TOKENS: &[&str] = &[
    "page",
    "next",
    "nextpage",
    "continuation",
    "sync",
    "csrf",
    "xsrf",
    "progress",
    "cancel",
    "cancellation",
    "cursor",
    "marker",
    "start",
    "resume",
    "device",
    "push",
    "fcm",
    "design",
    "max",
    "min",
    "num",
    "total",
    "input",
    "output",
    "prompt",
    "completion",
    "stop",
    "eos",
    "bos",
    "pad",
    "unk",
    "special",
    "sep",
];

fn says(name: &str) -> Option<Says> {
    let plain: String = name
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let secret =
        SECRETS.iter().filter(|(end, _)| plain.ends_with(end)).max_by_key(|(end, _)| end.len());
    if let Some((_, what)) = secret {
        return Some(Says::Secret(what));
    }
    let before = plain.strip_suffix("token")?;
    (!PLAIN_TOKENS.iter().any(|word| before.ends_with(word))).then_some(Says::Token)
}

/// What the value of a named member is, if it is secret.
pub(crate) fn value(name: &str, text: &str) -> Option<&'static str> {
    let says = says(name)?;
    is_secret(text.as_bytes(), says).then_some(match says {
        Says::Secret(what) => what,
        Says::Token => "token",
    })
}

/// A word that names secrets: reads the whole name around it, what stands between, and the value.
pub(crate) fn named(look: &Look<'_>, out: &mut Vec<Found>) {
    let in_name = |byte: u8| is_word(byte) || matches!(byte, b'-' | b'.');
    let end = look.run(look.at, NAME, |byte| in_name(byte) || byte >= 0x80);
    let start = look.run_back(look.at, in_name);
    let long = end - start > NAME;
    let end = if look.before(end) == b'.' { end - 1 } else { end };
    let Some((at, quote)) = begins(look, (start, end)).filter(|_| !long) else { return };
    let name = std::str::from_utf8(look.part(start, end)).ok();
    let Some(says) = name.and_then(says) else { return };
    let stop = |byte: u8| match quote {
        Some(quote) => byte == quote || byte == b'\\' || byte == b'\n',
        None => {
            byte <= b' '
                || matches!(
                    byte,
                    b'"' | b'\''
                        | b'`'
                        | b','
                        | b';'
                        | b')'
                        | b']'
                        | b'}'
                        | b'<'
                        | b'>'
                        | b'&'
                        | b'\\'
                        | b'|'
                )
        }
    };
    let mut end = look.run(at, VALUE, |byte| !stop(byte));
    if quote.is_none() {
        // The end of a sentence is none of the value.
        while end > at && matches!(look.before(end), b'.' | b':' | b'?') {
            end -= 1;
        }
    }
    let value = look.part(at, end);
    if is_secret(value, says) && std::str::from_utf8(value).is_ok() {
        let what = match says {
            Says::Secret(what) => what,
            Says::Token => "token",
        };
        out.push(found((at, end), Class::Secret, what));
    }
}

/// Where the value behind a name begins, and the quote that ends it.
fn begins(look: &Look<'_>, (start, end): (usize, usize)) -> Option<(usize, Option<u8>)> {
    let option = look.back(start, 2).ends_with(b"-") || look.part(start, end).starts_with(b"--");
    let blank = |byte: u8| byte == b' ' || byte == b'\t';
    let quotes = |byte: u8| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'*');
    let mut at = look.run(end, 4, quotes);
    if look.byte(at) == b']' {
        at += 1;
    }
    let gap = look.run(at, 16, blank);
    let signs = look.run(gap, 3, |byte| matches!(byte, b'=' | b':' | b'>'));
    let between = look.part(gap, signs);
    at = match between {
        b"=" | b":" | b":=" | b"=>" | b">" => signs,
        b"" if option && gap > at => gap,
        b"" if gap > at && look.part(gap, gap + 3) == b"is " => gap + 3,
        _ => return None,
    };
    at = look.run(at, 16, blank);
    let open = look.run(at, 4, quotes);
    let quote = look.before(open);
    let quoted = open > at && matches!(quote, b'"' | b'\'' | b'`');
    Some((open, quoted.then_some(quote)))
}

/// Parts of values that say that they are none.
const EXAMPLES: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "redacted",
    "your_",
    "your-",
    "yourpass",
    "xxxx",
    "****",
    "....",
    "dummy",
    "insert",
    "replace",
    "todo",
    "null",
    "undefined",
    "none",
    "process.env",
    "environ",
    "getenv",
    "secrets.",
    "vault",
    "${",
    "{{",
    "<",
    "%(",
    "$(",
    "://",
    "not set",
    "hidden",
    "[secret",
    "[personal",
    "[hidden",
];

/// Whether a value looks as if it were kept secret.
fn is_secret(value: &[u8], says: Says) -> bool {
    let (least, information) = match says {
        Says::Secret(_) => (8, 2.6),
        Says::Token => (16, 3.2),
    };
    if !(least..=VALUE).contains(&value.len()) || value.iter().any(|byte| *byte <= b' ') {
        return false;
    }
    if matches!(value.first(), Some(b'/' | b'$' | b'%' | b'@' | b'.' | b'(' | b'[' | b'{'))
        && value.len() < 64
    {
        return false;
    }
    let low = value.to_ascii_lowercase();
    if EXAMPLES.iter().any(|word| crate::look::has(&low, word.as_bytes())) {
        return false;
    }
    let any = |is: fn(&u8) -> bool| value.iter().any(is);
    let digit = any(u8::is_ascii_digit);
    let letter = any(u8::is_ascii_alphabetic);
    let sign =
        value.iter().any(|byte| !is_word(*byte) && !matches!(byte, b'.' | b'-' | b'/' | b':'));
    let calls = value.contains(&b'(') && (value.ends_with(b")") || value.ends_with(b"("));
    if calls || !letter || !(digit || sign) {
        return false;
    }
    if says == Says::Token && (is_uuid(value) || !digit) {
        return false;
    }
    entropy(value) >= information
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use crate::find;

    fn hit(text: &str) -> Option<&str> {
        let all = find(text.as_bytes());
        all.first().map(|one| one.of(text))
    }

    #[test]
    fn a_value_is_found_by_its_name() {
        for (text, wanted) in [
            ("password = Tr0ub4dor&3x", "Tr0ub4dor"),
            ("db.password: \"Tr0ub4dor 3\"", ""),
            ("{\"client_secret\":\"q8Zr-71ka_LmP\"}", "q8Zr-71ka_LmP"),
            ("{\\\"apiKey\\\": \\\"q8Zr71kaLmPx\\\"}", "q8Zr71kaLmPx"),
            ("export AUTH_TOKEN=f81d4fae7dec11d0a7650", "f81d4fae7dec11d0a7650"),
            ("<password>h4Rd-t0-gu3ss</password>", "h4Rd-t0-gu3ss"),
            ("mysql --password h4Rd-t0-gu3ss --host x", "h4Rd-t0-gu3ss"),
            ("Your password is h4Rd-t0-gu3ss.", "h4Rd-t0-gu3ss"),
            ("Passwort: h4Rd-t0-gu3ss", "h4Rd-t0-gu3ss"),
        ] {
            assert_eq!(hit(text).unwrap_or_default(), wanted, "{text}");
        }
    }

    #[test]
    fn words_variables_examples_and_counters_are_none() {
        for text in [
            "password = getPassword()",
            "password: settings.DB_PASSWORD",
            "password=${DB_PASSWORD}",
            "password = os.environ['DB_PASSWORD']",
            "\"password\": \"changeme123\"",
            "nextPageToken: CAUQAA8x7Zr71kaLmPx",
            "max_tokens: 4096",
            "token_count = 123456789012345678",
            "\"password\": \"must be at least 12 characters\"",
            "if password == h4Rd-t0-gu3ss",
            "password_hash: 5f4dcc3b5aa765d61d8327deb882cf99",
            "[secret: password, 12 characters]",
            "token: 550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(hit(text), None, "{text}");
        }
    }
}
