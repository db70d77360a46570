//! Keys and tokens in text: by their form, by a part that every real one has, by the checksum where the vendor gave one, or by the
//! name of the variable that holds them.
//!
//! SECURITY: a key is told by its first letters, its length and a short digest of it, which says whether two are the same and
//! nothing else. Never here: a whole key in a result. To add a form: a row in `data/keys.tsv`.

use std::{borrow::Cow, sync::LazyLock};

use serde_json::Value;
use writ_model::Digest;

use super::{Component, Kind, Place, Reason, tables};

/// LIMIT: keys told of one file.
const MOST: usize = 64;
/// LIMIT: letters of one word that may be a key.
const LONG: usize = 512;
/// Different letters that a real key has at least; `xxxx…` and `your-key-here` have fewer or say what they are.
const LETTERS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    None,
    Part(&'static str),
    Crc32,
}

#[derive(Debug, Clone, Copy)]
struct Form {
    name: &'static str,
    vendor: &'static str,
    mark: &'static str,
    variable: bool,
    letters: &'static str,
    least: usize,
    most: usize,
    check: Check,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let mut out: Vec<Form> = tables::rows::<8>(tables::KEYS)
        .filter_map(|[name, vendor, mark, letters, least, most, check, _source]| {
            let check = match check {
                "-" => Check::None,
                "crc32" => Check::Crc32,
                part => Check::Part(part),
            };
            let (least, most) = (least.parse().ok()?, most.parse().ok()?);
            let variable = mark.starts_with('=');
            let mark = mark.trim_start_matches('=');
            Some(Form { name, vendor, mark, variable, letters, least, most, check })
        })
        .collect();
    // The longest prefix says most: `sk-ant-api03-` before `sk-`.
    out.sort_by_key(|form| std::cmp::Reverse(form.mark.len()));
    out
});

/// A key that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: &'static str,
    pub(crate) vendor: &'static str,
    /// First letters, length and short digest.
    pub(crate) shown: String,
    /// Line, from 1.
    pub(crate) line: usize,
    pub(crate) sure: u8,
}

/// The keys in a text, each once.
pub(crate) fn find(text: &str) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut before = "";
        for word in line.split(|c: char| !letter(c)) {
            if (20..=LONG).contains(&word.len())
                && let Some(mut found) = key(before, word)
            {
                found.line = at + 1;
                if !out.iter().any(|one| one.shown == found.shown) {
                    out.push(found);
                }
                if out.len() >= MOST {
                    return out;
                }
            }
            if !word.is_empty() {
                before = word;
            }
        }
    }
    out
}

/// A text with every key in it told as it is told elsewhere, and without what else is secret by its place: for what quotes the
/// text.
pub(crate) fn hide(text: &str) -> Cow<'_, str> {
    match covered(text) {
        Some(covered) => Cow::Owned(known(&covered).into_owned()),
        None => known(text),
    }
}

/// What stands for a secret that no form tells.
const COVER: &str = "\u{2026}";

/// Whether a word asks for a secret behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    No,
    /// It is a word of prose, too.
    Maybe,
    Yes,
}

/// A text without the accounts in its addresses, without tokens of three parts, and without what stands behind a word that asks
/// for a secret; `None` if there is none.
fn covered(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut asked = Asked::No;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let end = piece.get(word.len()..).unwrap_or_default();
        let (hidden, asks) = secret(word, asked);
        // More than one space may stand between the two, or a mark.
        asked = if matches!(word, "" | "=" | ":") { asked } else { asks };
        out.push_str(&hidden);
        out.push_str(end);
    }
    (out != text).then_some(out)
}

/// A word without its secret, and whether it asks for one behind it.
fn secret(word: &str, asked: Asked) -> (String, Asked) {
    let bare =
        word.trim_matches(['"', '\'', ',', ':', ';', '`', '[', ']', '(', ')']).to_ascii_lowercase();
    let random = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    let wanted = match asked {
        Asked::No => false,
        Asked::Maybe => word.contains(random),
        Asked::Yes => true,
    };
    if wanted && bare.len() >= 6 && !bare.starts_with('-') {
        let plain = word.len() - word.trim_start_matches(['"', '\'', '`']).len();
        return (format!("{}{COVER}", word.get(..plain).unwrap_or_default()), Asked::No);
    }
    let option = |name: &str| {
        name.starts_with('-')
            && ["token", "secret", "passw", "api-key", "apikey", "api_key", "credential"]
                .iter()
                .any(|one| name.contains(one))
    };
    let named = |name: &str| option(name) || name.ends_with("aws_secret_access_key");
    if let Some((name, value)) = word.split_once(['=', ':'])
        && value.len() >= 6
        && !value.starts_with("//")
        && named(&name.trim_matches(['"', '\'']).to_ascii_lowercase())
    {
        let mark = word.get(name.len()..=name.len()).unwrap_or_default();
        return (format!("{name}{mark}{COVER}"), Asked::No);
    }
    let asks = match bare.as_str() {
        "bearer" | "basic" => Asked::Maybe,
        bare if named(bare) => Asked::Yes,
        _ => Asked::No,
    };
    let word = without_account(word);
    (without_token(&word), asks)
}

/// An address without the account and the word that may stand in front of its host.
fn without_account(word: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = word.split_once("://") else { return Cow::Borrowed(word) };
    let host = rest.find(['/', '?', '#', '"', '\'']).unwrap_or(rest.len());
    match rest.get(..host).and_then(|host| host.rfind('@')) {
        Some(at) => Cow::Owned(format!("{scheme}://{COVER}{}", rest.get(at..).unwrap_or_default())),
        None => Cow::Borrowed(word),
    }
}

/// A word without a token of RFC 7519: two objects and a signature, whose beginning is always the same.
fn without_token(word: &str) -> String {
    let Some(at) = word.find("eyJ") else { return word.to_owned() };
    let rest = word.get(at..).unwrap_or_default();
    let end = rest.find(|c: char| !letter(c) && c != '.').unwrap_or(rest.len());
    let token = rest.get(..end).unwrap_or_default();
    if token.len() < 40 || token.matches('.').count() < 2 {
        return word.to_owned();
    }
    let (before, after) = (word.get(..at).unwrap_or_default(), rest.get(end..).unwrap_or_default());
    format!("{before}eyJ{COVER} ({end} letters){after}")
}

fn known(text: &str) -> Cow<'_, str> {
    if find(text).is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut before = "";
        let mut rest = line;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !letter(c)).unwrap_or(rest.len());
            let (word, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            match (20..=LONG).contains(&word.len()).then(|| key(before, word)).flatten() {
                Some(found) => out.push_str(&found.shown),
                None => out.push_str(word),
            }
            if !word.is_empty() {
                before = word;
            }
            let mark = tail.chars().next().map_or(0, char::len_utf8);
            let (mark, tail) = tail.split_at_checked(mark).unwrap_or(("", ""));
            out.push_str(mark);
            rest = tail;
        }
    }
    Cow::Owned(out)
}

fn letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Whether a word is a key; `before` is the word before it on the line.
fn key(before: &str, word: &str) -> Option<Found> {
    FORMS.iter().find_map(|form| {
        let body = if form.variable {
            if !before.eq_ignore_ascii_case(form.mark) {
                return None;
            }
            word
        } else {
            word.strip_prefix(form.mark)?
        };
        let fits = (form.least..=form.most).contains(&body.len())
            && body.bytes().all(|byte| allowed(form.letters, byte));
        if !fits || !real(body) {
            return None;
        }
        let sure = match form.check {
            Check::None if form.variable => 75,
            Check::None => 90,
            Check::Part(part) => body.contains(part).then_some(99)?,
            Check::Crc32 => checksum(body).then_some(100)?,
        };
        let head = if form.variable { "" } else { form.mark };
        let digest = Digest::of_parts(&[b"writ.key.v1\0", word.as_bytes()]).to_string();
        let short: String = digest.chars().rev().take(8).collect();
        let shown = format!("{head}… ({} letters, {short})", word.len());
        Some(Found { name: form.name, vendor: form.vendor, shown, line: 0, sure })
    })
}

fn allowed(letters: &str, byte: u8) -> bool {
    match letters {
        "hex" => byte.is_ascii_hexdigit(),
        "b62" => byte.is_ascii_alphanumeric(),
        _ => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'='),
    }
}

/// Whether it is no placeholder.
fn real(body: &str) -> bool {
    let mut seen = [false; 256];
    for byte in body.bytes() {
        if let Some(slot) = seen.get_mut(usize::from(byte)) {
            *slot = true;
        }
    }
    let low = body.to_ascii_lowercase();
    let digits = body.bytes().any(|byte| byte.is_ascii_digit());
    seen.iter().filter(|seen| **seen).count() >= LETTERS
        && digits
        && ![
            "your",
            "example",
            "xxxx",
            "placeholder",
            "redacted",
            "1234567890",
            "0000000",
            "changeme",
            "dummy",
            "insert",
            "replace",
        ]
        .iter()
        .any(|word| low.contains(word))
}

/// The checksum of GitHub's and npm's tokens: CRC-32 of the random part in base 62, in the last six letters (GitHub's own
/// account of its formats, 5 April 2021; the address stands in `data/keys.tsv`).
fn checksum(body: &str) -> bool {
    let Some((random, sum)) = body.split_at_checked(body.len().saturating_sub(6)) else {
        return false;
    };
    base62(crc32(random.as_bytes())) == sum
}

fn base62(mut number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = [b'0'; 6];
    for slot in out.iter_mut().rev() {
        let digit = usize::try_from(number % 62).unwrap_or(0);
        *slot = DIGITS.get(digit).copied().unwrap_or(b'0');
        number /= 62;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// CRC-32 as in ISO 3309.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _bit in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// The reasons that keys in a text are.
pub(crate) fn reasons(text: &str) -> Vec<Reason> {
    find(text)
        .into_iter()
        .map(|found| {
            let sentence = format!("{} stands in plain text: {}.", found.name, found.shown);
            Reason::new("key.plain", sentence, format!("line {}", found.line))
        })
        .collect()
}

/// The reasons that keys anywhere in a value are.
pub(crate) fn in_value(value: &Value, at: &str) -> Vec<Reason> {
    let mut out = reasons(&flat(value));
    for one in &mut out {
        at.clone_into(&mut one.at);
    }
    out
}

/// Every text of a value on a line of its own, behind its name.
fn flat(value: &Value) -> String {
    fn walk(name: &str, value: &Value, out: &mut String) {
        match value {
            Value::String(text) => {
                out.push_str(name);
                out.push('=');
                out.push_str(&text.replace('\n', " "));
                out.push('\n');
            }
            Value::Array(items) => items.iter().for_each(|item| walk(name, item, out)),
            Value::Object(members) => members.iter().for_each(|(name, item)| walk(name, item, out)),
            _ => {}
        }
    }
    let mut out = String::new();
    walk("", value, &mut out);
    out
}

/// The keys of a file as components.
pub(crate) fn components(place: &Place, text: &str) -> Vec<Component> {
    find(text)
        .into_iter()
        .map(|found| {
            let sentence = format!("{} stands in plain text: {}.", found.name, found.shown);
            let at = format!("line {}", found.line);
            let mut one = Component::new(Kind::Key, found.name, &place.path, "key.plain")
                .about("vendor", found.vendor)
                .about("key", found.shown)
                .because(vec![Reason::new("key.plain", sentence, at.clone())]);
            one.at = at;
            one.sure = found.sure;
            one
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A body of GitHub's form with its checksum.
    pub(crate) fn github(random: &str) -> String {
        assert_eq!(random.len(), 30);
        format!("{random}{}", base62(crc32(random.as_bytes())))
    }

    #[test]
    fn what_is_secret_by_its_place_is_not_quoted() {
        let secret = "hunter2secret";
        let token =
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
        for (text, told) in [
            (format!("curl https://user:{secret}@host.example/a"), "curl https://…@host.example/a"),
            (format!("run --api-key {secret} --verbose"), "run --api-key … --verbose"),
            (format!("run --token={secret}"), "run --token=…"),
            (format!("-H 'Authorization: Bearer {secret}9'"), "-H 'Authorization: Bearer …"),
            (format!("aws_secret_access_key = {secret}"), "aws_secret_access_key = …"),
            (format!("AWS_SECRET_ACCESS_KEY={secret}/a+b"), "AWS_SECRET_ACCESS_KEY=…"),
            (format!("curl -d {token}"), "curl -d eyJ… (81 letters)"),
        ] {
            assert_eq!(hide(&text), told, "{text}");
        }
        for text in
            ["npm run build", "https://a.example/b@c", "a --token", "basic knowledge", "key: value"]
        {
            assert_eq!(hide(text), text);
        }
    }

    #[test]
    fn keys_are_found_by_form_and_checksum_and_never_shown() {
        // GitHub's own example of its form.
        assert!(checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"));
        let body = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY";
        let cases = [
            (format!("OPENAI_API_KEY=sk-proj-{body}T3BlbkFJ{body}"), Some("OpenAI project key")),
            (format!("OPENAI_API_KEY=sk-proj-{body}{body}"), None),
            (format!("key: \"sk-ant-api03-{body}{body}{body}\""), Some("Anthropic key")),
            (format!("\"MISTRAL_API_KEY\": \"{body}\""), Some("Mistral key")),
            (format!("OTHER_KEY={body}"), None),
            (format!("export HF_TOKEN=hf_{body}ab"), Some("Hugging Face token")),
            ("hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned(), None),
            ("OPENAI_API_KEY=sk-your-key-here-please-replace-it-now-1".to_owned(), None),
            (format!("ghp_{}", github("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5")), Some("GitHub token")),
            (format!("ghp_{body}aaaa"), None),
        ];
        for (text, name) in cases {
            let found = find(&text);
            assert_eq!(found.first().map(|one| one.name), name, "{text}");
            assert!(
                name.is_none()
                    || !hide(&text).contains("aB3dE5fG7hJ9") && !hide(&text).contains("a1B2c3D4")
            );
            assert!(name.is_some() || hide(&text) == text);
            for one in found {
                assert!(!one.shown.contains("aB3dE5fG7hJ9"), "{}", one.shown);
            }
        }
    }
}
