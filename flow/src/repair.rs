//! JSON as its common readers take it where it is none by the letter: half a pair of surrogates, a mark of byte order, bytes
//! that are no UTF-8, numbers beyond every bound, `NaN`.
//!
//! SECURITY: whoever writes a text may put one such thing into it. A reader that then takes the whole of it for words reads
//! `\n` as a letter, and misses every address behind it.
//! Never here: a guess at what was meant where readers differ. To add a repair: its place in [`repaired`], a case.

use std::borrow::Cow;

use serde_json::Value;

/// The mark of byte order, which readers of texts of the web drop.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why bytes are no JSON here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// More values than are read.
    #[error("it has more values than are read")]
    Large,
    /// Not even after repair.
    #[error("it is no JSON")]
    Odd,
}

/// True if a text begins as an object or a list does.
pub fn looks_so(bytes: &[u8]) -> bool {
    let bare = bytes.strip_prefix(BOM).unwrap_or(bytes);
    bare.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"{[".contains(byte))
}

/// The value of a text, of at most so many values.
///
/// # Errors
/// [`NotJson`] if it has more, is nested deeper than 128 levels, or is none.
pub fn value(bytes: &[u8], most: usize) -> Result<Value, NotJson> {
    let bare = bytes.strip_prefix(BOM).unwrap_or(bytes);
    // A value and what parts it from the next one are two bytes at least.
    if bare.len() / 2 > most && values(bare) > most {
        return Err(NotJson::Large);
    }
    serde_json::from_slice(bare).or_else(|_by_the_letter| {
        let text = String::from_utf8_lossy(bare);
        serde_json::from_str(&repaired(&text)).map_err(|_no_json| NotJson::Odd)
    })
}

/// How many values a text has, at most.
fn values(bytes: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in bytes {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b',' | b'[' | b'{' | b':') => count += 1,
            _ => {}
        }
    }
    count
}

/// The four digits behind `\u`.
fn unit(rest: &str) -> Option<u32> {
    let digits = rest.get(..4)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// The letter whose units begin there, and how many bytes behind the first `\u` they take.
fn letter(rest: &str) -> Option<(char, usize)> {
    let first = unit(rest)?;
    if let Some(whole) = char::from_u32(first) {
        return Some((whole, 4));
    }
    let second = rest.get(4..).and_then(|rest| rest.strip_prefix("\\u")).and_then(unit);
    let pair = second.filter(|low| first < 0xdc00 && (0xdc00..0xe000).contains(low));
    Some(match pair {
        Some(low) => {
            let both = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER), 10)
        }
        None => (char::REPLACEMENT_CHARACTER, 4),
    })
}

/// The same text by the letter.
fn repaired(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut quoted) = (text, false);
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            '"' => {
                quoted = !quoted;
                out.push(next);
                1
            }
            '\\' if quoted => escape(rest, &mut out),
            '-' | '0'..='9' | 'N' | 'I' if !quoted => bare(rest, &mut out),
            _ => {
                out.push(next);
                next.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Copies an escape; half a pair becomes what stands for a letter that cannot be shown.
fn escape(rest: &str, out: &mut String) -> usize {
    if let Some(digits) = rest.strip_prefix("\\u")
        && let Some((one, taken)) = letter(digits)
    {
        if one == char::REPLACEMENT_CHARACTER {
            out.push(one);
        } else {
            out.push_str(rest.get(..2 + taken).unwrap_or_default());
        }
        return 2 + taken;
    }
    let end = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
    out.push_str(rest.get(..end).unwrap_or_default());
    end
}

/// Copies a number or a word that stands for one.
fn bare(rest: &str, out: &mut String) -> usize {
    for word in ["NaN", "Infinity", "-Infinity"] {
        if rest.starts_with(word) {
            out.push_str("null");
            return word.len();
        }
    }
    let within = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let length = rest.bytes().take_while(|byte| within(byte)).count().max(1);
    let number = rest.get(..length).unwrap_or_default();
    if number.parse::<f64>().is_ok_and(f64::is_infinite) {
        out.push('"');
        out.push_str(number);
        out.push('"');
    } else {
        out.push_str(number);
    }
    length
}

/// A text that looks like JSON and is none, with its escapes as what they stand for: a person or a model reads them so.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let units = behind.strip_prefix('u').and_then(letter);
        rest = if let Some((one, taken)) = units {
            out.push(one);
            behind.get(1 + taken..).unwrap_or_default()
        } else {
            let named = behind.chars().next();
            out.push(match named {
                Some('n' | 'r') => '\n',
                Some('t' | 'b' | 'f') => ' ',
                Some(other) => other,
                None => '\\',
            });
            behind.get(named.map_or(0, char::len_utf8)..).unwrap_or_default()
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_common_readers_take_is_read_as_they_do() {
        for (text, wanted) in [
            (r#"{"a":"b"}"#.to_owned(), json!({"a": "b"})),
            ("\u{feff}{\"a\":1}".to_owned(), json!({"a": 1})),
            (r#"["\ud83d\n\u0040"]"#.to_owned(), json!(["\u{fffd}\n@"])),
            (r#"["\udc00\ud83d\ude00"]"#.to_owned(), json!(["\u{fffd}\u{1f600}"])),
            (r#"["\ud83d\u0041"]"#.to_owned(), json!(["\u{fffd}A"])),
            (r"[1e999,-1e999,1.5,NaN,-Infinity,Infinity]".to_owned(), {
                json!(["1e999", "-1e999", 1.5, null, null, null])
            }),
            (r#"["\ud800 NaN 1e999 \\ud800 \""]"#.to_owned(), {
                json!(["\u{fffd} NaN 1e999 \\ud800 \""])
            }),
        ] {
            assert_eq!(value(text.as_bytes(), 100).as_ref(), Ok(&wanted), "{text}");
        }
        assert_eq!(value(b"[\"a\xff\"]", 9), Ok(json!(["a\u{fffd}"])));
    }

    #[test]
    fn what_nobody_reads_is_no_json_and_what_is_large_is_said_so() {
        for text in ["{", "[1,]", "{a:1}", "words", "[\"\\x\"]", "[\"\\ud8\"]", "\\", "[\"\\"] {
            assert_eq!(value(text.as_bytes(), 9), Err(NotJson::Odd), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(value(deep.as_bytes(), 999), Err(NotJson::Odd));
        let many = format!("[{}0]", "0,".repeat(50));
        assert_eq!(value(many.as_bytes(), 20), Err(NotJson::Large));
        let quoted = format!("[\"{}\"]", ",[:{\\\"".repeat(50));
        assert!(value(quoted.as_bytes(), 20).is_ok());
    }

    #[test]
    fn escapes_are_read_in_what_only_looks_so() {
        for (text, wanted) in [
            (r"pay to:\neve\u0040evil.example", "pay to:\neve@evil.example"),
            (r"\ud83d\ude00 \ud83d \\n \", "\u{1f600} \u{fffd} \\n \\"),
            ("none", "none"),
            (r"\u00", "u00"),
        ] {
            assert_eq!(plain(text), wanted, "{text}");
        }
        for (text, wanted) in [(" {", true), ("\u{feff}[", true), ("a{", false), ("", false)] {
            assert_eq!(looks_so(text.as_bytes()), wanted, "{text}");
        }
    }
}
