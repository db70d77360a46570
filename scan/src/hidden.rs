//! What is hidden in literals and in bytes without structure: pickles, compressed and encoded ones, bytecode, source.
//!
//! Everything here is an attempt: bytes that turn out to be nothing leave no trace; only what would run something is told.
//! Never here: a verdict for what merely looks odd. To add an encoding: an arm of [`decoded`].

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use crate::{
    book::Book,
    bytecode,
    pickle::{self, Attempt},
    python,
    report::Finding,
    source::{find, wide},
    squeeze,
};

/// LIMIT: beginnings tried in one stretch of bytes.
const TRIES: usize = 64;
/// LIMIT: bytes of a hidden pickle that an attempt walks.
const ATTEMPT: usize = 256 << 10;
/// LIMIT: how often the bytes of one stretch are walked, all attempts together.
const WALKED: usize = 4;
/// Bytes that are searched for one step.
const SEARCHED: usize = 16;
/// LIMIT: bytes that a hidden compressed layer may become.
const UNPACKED: usize = 1 << 20;
/// LIMIT: encodings and compressions inside each other.
const LAYERS: usize = 6;
/// Letters of a long stretch that say what it is: whole groups of every encoding.
const BEGINNING: usize = 3840;
/// Fewer letters cannot hide anything that runs.
const LEAST: u64 = 10;
/// Fewer letters of base64 or hexadecimal digits are words by chance.
const ENCODED: usize = 20;

/// Whether a line's length makes it worth reading.
pub(crate) fn worth_text(length: u32) -> bool {
    u64::from(length) >= LEAST
}

/// Whether a literal with this beginning is worth a copy: what is neither a beginning of something nor encoded is not.
pub(crate) fn worth(head: &[u8], length: u64) -> bool {
    if length < LEAST {
        return false;
    }
    let binary = |byte: &u8| !byte.is_ascii_graphic() && !byte.is_ascii_whitespace();
    let letters = !head.iter().any(binary);
    // A word or two of letters alone: neither a pickle's lines nor a call nor a payload.
    if letters && length < 96 {
        let lines = head.iter().any(|byte| matches!(byte, b'\n' | b'(' | b'\\'));
        return lines || (length >= wide(ENCODED) && !head.contains(&b' '));
    }
    true
}

/// Whether a beginning is one of something that is read to its end: more than a megabyte is worth it then.
pub(crate) fn promising(head: &[u8]) -> bool {
    matches!(head, [0x80, 0..=5, ..] | [0xe3, ..] | [b'P', b'K', 3, 4, ..])
        || squeeze::of(head).is_some()
}

/// A text as bytes, letter by letter, as Latin-1 does it; other letters become question marks.
pub(crate) fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

/// Looks into a literal of a pickle, a configuration or a key.
pub(crate) fn literal(book: &mut Book<'_>, bytes: &[u8], at: u64) {
    let name = format!("literal@{at}");
    let tried = book.attempt(&name, bytes.len(), |book| probe(book, bytes, 0));
    if tried.finding() >= Finding::Suspicious {
        book.add(tried.finding(), "hidden.literal", at, "a literal hides something that would run");
        book.merge(tried);
    }
}

/// Searches bytes without structure for pickles that begin somewhere.
pub(crate) fn search(book: &mut Book<'_>, bytes: &[u8], at: u64) {
    if bytes.is_empty() || !book.step(wide(bytes.len() / SEARCHED)) {
        return;
    }
    let name = format!("bytes@{at}");
    let tried = book.attempt(&name, bytes.len(), |book| {
        pickles(book, bytes);
    });
    if tried.finding() >= Finding::Suspicious {
        book.add(
            tried.finding(),
            "hidden.bytes",
            at,
            "bytes hide a pickle that would run something",
        );
        book.merge(tried);
    }
}

/// Tries everything that bytes can be, layer by layer.
pub(crate) fn probe(book: &mut Book<'_>, bytes: &[u8], layer: usize) {
    // Inner layers are rarer than outer ones: what is deeper is not a literal's business.
    if layer > LAYERS || bytes.len() < 4 || !book.probe(bytes.len(), layer) {
        return;
    }
    pickles(book, bytes);
    bytecode::probe(book, bytes);
    if bytes.starts_with(b"PK\x03\x04") {
        let tried = book.attempt("zip", bytes.len(), |book| {
            let _kind = crate::zip::read("literal", &mut crate::Slice(bytes), book);
        });
        if tried.finding() >= Finding::Suspicious {
            book.merge(tried);
        }
    }
    if let Some(inner) = squeeze::probe(bytes, UNPACKED) {
        probe(book, &inner, layer + 1);
    }
    python::probe(book, bytes, layer > 0);
    for inner in decoded(bytes) {
        probe(book, &inner, layer + 1);
    }
}

/// Whether bytes may begin a pickle: a protocol with something behind it, or an opcode of protocol 0 or 1.
pub(crate) fn opens(head: &[u8]) -> bool {
    match head {
        [0x80, 0..=5, ..] => true,
        [first, ..] => {
            b"(cN]}IJKMLFGSVTUXCB)\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96i.0PQ".contains(first)
        }
        [] => false,
    }
}

/// Tries pickles at every place where one may begin.
fn pickles(book: &mut Book<'_>, bytes: &[u8]) {
    let mut tries = 0;
    let mut last = None;
    let mut walked = 0_u64;
    let most = wide(bytes.len().saturating_mul(WALKED).saturating_add(ATTEMPT));
    for start in beginnings(bytes) {
        if last.is_some_and(|last| start < last) {
            continue;
        }
        tries += 1;
        if tries > TRIES || walked > most {
            book.untried();
            break;
        }
        let end = bytes.len().min(start.saturating_add(ATTEMPT));
        let stretch = bytes.get(start..end).unwrap_or_default();
        let mut ended = Attempt { runs: false, walked: 0 };
        let tried = book.attempt(&format!("pickle@{start}"), stretch.len(), |book| {
            ended = pickle::attempt(stretch, book);
        });
        walked = walked.saturating_add(ended.walked);
        if ended.runs {
            book.merge(tried);
            last = Some(start + 16);
        }
    }
}

fn beginnings(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let first = opens(bytes).then_some(0);
    let later = bytes.windows(4).enumerate().skip(1).filter(|(at, four)| match four {
        [0x80, 0..=5, next, _] => opens(&[*next]) || *next == b'h',
        // `cmodule\nname\n` and `(S'…'\nimodule\nname\n`.
        [b'c' | b'i', a, ..] if a.is_ascii_lowercase() || *a == b'_' => {
            global(bytes.get(*at + 1..).unwrap_or_default())
        }
        // A short text that is a module's name of the known-bad list.
        [0x8c, length, ..] => module(bytes.get(*at + 2..*at + 2 + usize::from(*length))),
        [b'X', length, 0, 0] => module(bytes.get(*at + 5..*at + 5 + usize::from(*length))),
        _ => false,
    });
    first.into_iter().chain(later.map(|(at, _)| at))
}

/// Whether bytes begin with two lines that name something dangerous.
fn global(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(128)).unwrap_or_default();
    let mut lines = head.split(|byte| *byte == b'\n');
    let (Some(first), Some(second), Some(_)) = (lines.next(), lines.next(), lines.next()) else {
        return false;
    };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    match (std::str::from_utf8(first), std::str::from_utf8(second)) {
        (Ok(first), Ok(second)) if second.bytes().all(|byte| word(&byte)) => {
            matches!(pickle::standing(first, second), pickle::Standing::Danger(_))
        }
        _ => false,
    }
}

fn module(bytes: Option<&[u8]>) -> bool {
    let Some(word) = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return false;
    };
    matches!(pickle::standing(word, "?"), pickle::Standing::Danger(_)) || word == "builtins"
}

fn letters(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

fn encoded(bytes: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(byte);
    bytes.iter().all(letter)
}

/// What bytes are in the encodings that payloads come in.
fn decoded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let trimmed = bytes.trim_ascii();
    let trimmed =
        trimmed.strip_prefix(b"b'").and_then(|inner| inner.strip_suffix(b"'")).unwrap_or(trimmed);
    if trimmed.len() < ENCODED {
        return all;
    }
    // A long stretch is decoded whole only if its beginning becomes something.
    if let Some(head) = trimmed.get(..BEGINNING) {
        let inner = [hexadecimal(head), base64(head), base32(head), base85(head)];
        if encoded(trimmed)
            && !inner.iter().flatten().any(|inner| promising(inner) || letters(inner))
        {
            return all;
        }
    }
    if encoded(trimmed) {
        let digits: Vec<u8> =
            trimmed.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
        all.extend(hexadecimal(&digits));
        all.extend(base64(&digits));
        all.extend(base32(&digits));
    } else if let Some(inner) = longest(trimmed) {
        // A payload in the midst of source: `exec(base64.b64decode("…"))`.
        all.extend(hexadecimal(inner));
        all.extend(base64(inner));
    }
    all.extend(base85(trimmed));
    all
}

/// The longest stretch of letters of base64 in a text.
fn longest(bytes: &[u8]) -> Option<&[u8]> {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    bytes
        .split(|byte| !letter(byte))
        .max_by_key(|stretch| stretch.len())
        .filter(|stretch| stretch.len() >= ENCODED)
}

fn hexadecimal(digits: &[u8]) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 2);
    for pair in digits.chunks_exact(2) {
        let text = std::str::from_utf8(pair).ok()?;
        out.push(u8::from_str_radix(text, 16).ok()?);
    }
    Some(out)
}

fn base64(letters: &[u8]) -> Option<Vec<u8>> {
    let plain: Vec<u8> = letters
        .iter()
        .filter(|byte| **byte != b'=')
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    // Bits that are left over at the end are not worth refusing the rest for.
    let whole = plain.len() - usize::from(plain.len() % 4 == 1);
    let mut plain = plain.get(..whole)?.to_vec();
    match BASE64_STANDARD_NO_PAD.decode(&plain) {
        Ok(bytes) => Some(bytes),
        Err(_leftover) => {
            plain.truncate(plain.len() / 4 * 4);
            BASE64_STANDARD_NO_PAD.decode(&plain).ok()
        }
    }
}

/// RFC 4648, 6.
fn base32(letters: &[u8]) -> Option<Vec<u8>> {
    let (mut held, mut bits) = (0_u32, 0);
    let mut out = Vec::with_capacity(letters.len() / 8 * 5);
    for letter in letters.iter().filter(|letter| **letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        held = (held << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
        held &= 0xffff;
    }
    Some(out)
}

/// Python's base85 (RFC 1924's letters).
fn base85(letters: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    if letters.contains(&b' ') || letters.len() > (1 << 20) {
        return None;
    }
    let mut out = Vec::with_capacity(letters.len() / 5 * 4 + 4);
    for group in letters.chunks(5) {
        let mut number = 0_u64;
        for place in 0..5 {
            let letter = group.get(place).copied().unwrap_or(b'~');
            number = number * 85 + wide(ALPHABET.iter().position(|known| *known == letter)?);
        }
        let four = u32::try_from(number).ok()?.to_be_bytes();
        out.extend(four.iter().take(group.len().saturating_sub(1)));
    }
    // Text by chance is all letters; a payload has a beginning that something knows.
    let known = opens(&out) || out.starts_with(&[0x78]) || find(&out, b"import").is_some();
    known.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn found(bytes: &[u8]) -> Finding {
        let limits = Limits::default();
        let mut book = Book::new(&limits);
        literal(&mut book, bytes, 0);
        book.finding()
    }

    #[test]
    fn a_payload_is_found_in_every_coat() {
        let bare = b"cos\nsystem\n(S'true'\ntR.";
        let spelled = "636f730a73797374656d0a28532774727565270a74522e".to_owned();
        let letters = base64::prelude::BASE64_STANDARD.encode(bare);
        let twice = base64::prelude::BASE64_STANDARD.encode(letters.as_bytes());
        let inside = format!("exec(base64.b64decode('{letters}'))");
        for bytes in [
            bare.as_slice(),
            spelled.as_bytes(),
            letters.as_bytes(),
            twice.as_bytes(),
            inside.as_bytes(),
        ] {
            assert_eq!(found(bytes), Finding::Malicious, "{}", String::from_utf8_lossy(bytes));
        }
        let mut late = b"\x00\x01garbage".to_vec();
        late.extend(bare);
        assert_eq!(found(&late), Finding::Malicious);
        late = b"garbage\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.".to_vec();
        assert_eq!(found(&late), Finding::Malicious);
    }

    #[test]
    fn words_and_numbers_hide_nothing() {
        for text in [
            "the quick brown fox",
            "import",
            "os.system",
            "0123456789abcdef0123456789abcdef",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "can't (really) say\nso\n",
            "model.layers.0.self_attn.q_proj.weight",
        ] {
            assert_eq!(found(text.as_bytes()), Finding::Clean, "{text}");
        }
    }

    #[test]
    fn encodings_are_read() {
        // `base64.b85encode(b"import os")`.
        assert_eq!(base85(b"X>D+Ca&#bXa{").unwrap(), b"import os");
        assert_eq!(base85(b"two words"), None);
        assert_eq!(base32(b"NBUQ====").unwrap(), b"hi");
        assert_eq!(base64(b"aGk").unwrap(), b"hi");
        assert_eq!(hexadecimal(b"6869").unwrap(), b"hi");
        assert_eq!(hexadecimal(b"686"), None);
    }
}
