//! Keys that begin with a vendor's mark: their letters, their lengths, their checksums.
//!
//! Never here: a name that says what a value is (`named`). To add a kind of check: a variant of [`Check`].

use std::sync::LazyLock;

use crate::{
    Class, Found,
    look::{Look, entropy, found, has, is_word},
};

/// The letters that a key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    B62,
    Url,
    Hex,
    Upper,
    B64,
    B32,
    Dot,
    Path,
}

/// What else must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    Part(&'static str),
    Crc32,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Mark {
    name: &'static str,
    pub(crate) head: &'static [u8],
    letters: Letters,
    least: usize,
    most: usize,
    check: Check,
}

static MARKS: LazyLock<Vec<Mark>> =
    LazyLock::new(|| include_str!("../../data/secrets.tsv").lines().filter_map(row).collect());

/// The table.
pub(crate) fn marks() -> &'static [Mark] {
    &MARKS
}

fn row(line: &'static str) -> Option<Mark> {
    let mut cells = line.split('\t');
    let name = cells.next().filter(|name| !name.starts_with('#'))?;
    let head = cells.next()?.as_bytes();
    let letters = match cells.next()? {
        "b62" => Letters::B62,
        "url" => Letters::Url,
        "hex" => Letters::Hex,
        "HEX" => Letters::Upper,
        "b64" => Letters::B64,
        "b32" => Letters::B32,
        "dot" => Letters::Dot,
        "path" => Letters::Path,
        _ => return None,
    };
    let (least, most) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    let check = match cells.next()? {
        "-" => Check::Nothing,
        "crc32" => Check::Crc32,
        part => Check::Part(part),
    };
    Some(Mark { name, head, letters, least, most, check })
}

impl Letters {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::B62 => byte.is_ascii_alphanumeric(),
            Self::Url => is_word(byte) || byte == b'-',
            Self::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            Self::Upper => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            Self::B64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Self::B32 => byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'),
            Self::Dot => is_word(byte) || matches!(byte, b'-' | b'.'),
            Self::Path => is_word(byte) || matches!(byte, b'-' | b'/'),
        }
    }

    /// Less information than this in a letter, and it was typed, not drawn.
    fn least_entropy(self) -> f64 {
        match self {
            Self::Hex | Self::B32 => 2.6,
            Self::B62 | Self::Url | Self::Upper | Self::B64 | Self::Dot | Self::Path => 3.1,
        }
    }
}

/// A vendor's mark, and what must come behind it.
pub(crate) fn mark(look: &Look<'_>, row: u16, out: &mut Vec<Found>) {
    let Some(mark) = MARKS.get(usize::from(row)) else { return };
    let Some(start) = look.at.checked_sub(mark.head.len()) else { return };
    // The anchor is met in any case; a key is written in one.
    if look.part(start, look.at) != mark.head || is_word(look.before(start)) {
        return;
    }
    let mut end = look.run(look.at, mark.most + 1, |byte| mark.letters.has(byte));
    if mark.letters == Letters::Dot && look.before(end) == b'.' {
        end -= 1;
    }
    let body = look.part(look.at, end);
    if !(mark.least..=mark.most).contains(&body.len()) || is_word(look.byte(end)) {
        return;
    }
    let holds = match mark.check {
        Check::Nothing => entropy(body) >= mark.letters.least_entropy(),
        Check::Part(part) => has(body, part.as_bytes()),
        Check::Crc32 => sums(body),
    };
    if !holds {
        return;
    }
    let is_aws = mark.letters == Letters::B32;
    // In a signed address the id of a key only says whose signature it is.
    if is_aws && (look.says(start, 20, &["credential="]) || look.says(start, 16, &["accesskeyid="]))
    {
        return;
    }
    out.push(found((start, end), Class::Secret, mark.name));
    if is_aws {
        beside(look, end, out);
    }
}

/// LIMIT: how far behind the id of a key of AWS its secret is looked for.
const BESIDE: usize = 240;

/// The secret of a key of AWS: forty letters of base 64, near the id.
fn beside(look: &Look<'_>, from: usize, out: &mut Vec<Found>) {
    let is = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut at = from;
    while at < from + BESIDE && at < look.text.len() {
        let end = look.run(at, BESIDE, is);
        let body = look.part(at, end);
        if body.len() == 40 && is_drawn(body) && look.byte(end) != b'=' {
            out.push(found((at, end), Class::Secret, "AWS secret key"));
            return;
        }
        at = end + 1;
    }
}

fn is_drawn(body: &[u8]) -> bool {
    entropy(body) >= 3.9
        && body.iter().any(u8::is_ascii_digit)
        && body.iter().any(u8::is_ascii_lowercase)
        && body.iter().any(u8::is_ascii_uppercase)
}

/// The checksum of GitHub's and npm's tokens: CRC-32 of the random part in base 62, in the last six letters.
fn sums(body: &[u8]) -> bool {
    let Some((random, sum)) = body.split_at_checked(body.len().saturating_sub(6)) else {
        return false;
    };
    base62(crc32(random)) == sum
}

fn base62(mut number: u32) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = [b'0'; 6];
    for slot in out.iter_mut().rev() {
        let digit = usize::try_from(number % 62).unwrap_or(0);
        *slot = DIGITS.get(digit).copied().unwrap_or(b'0');
        number /= 62;
    }
    out
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::find;

    /// A token of GitHub's form.
    pub(crate) fn github(random: &str) -> String {
        let sum = base62(crc32(random.as_bytes()));
        format!("ghp_{random}{}", String::from_utf8(sum.to_vec()).unwrap())
    }

    #[test]
    fn every_row_is_read() {
        let rows =
            include_str!("../../data/secrets.tsv").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(rows.count(), marks().len());
    }

    #[test]
    fn a_checksum_tells_a_token_from_what_looks_like_one() {
        let good = github("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5");
        let text = format!("use {good}, please");
        let all = find(text.as_bytes());
        assert_eq!((all.len(), all[0].what, all[0].start, all[0].end), (1, "GitHub token", 4, 44));
        let bad = good.replace('a', "b");
        assert_eq!(find(format!("use {bad}").as_bytes()), []);
        assert_eq!(find(format!("x{good}").as_bytes()), []);
    }

    #[test]
    fn the_secret_beside_an_id_of_aws_is_found_and_a_signed_address_is_let_be() {
        let text = b"AKIAQ3EGV7LN2M5XKWTD,wJ9rXUtnF3MI/K7MDENG+bPxRfiCYz1pLq8vT2aK\n";
        let all = find(text);
        assert_eq!(
            all.iter().map(|one| one.what).collect::<Vec<_>>(),
            ["AWS access key", "AWS secret key"]
        );
        assert_eq!(find(b"?X-Amz-Credential=AKIAQ3EGV7LN2M5XKWTD%2F2026"), []);
    }

    #[test]
    fn what_was_typed_as_an_example_is_none() {
        for text in [
            &b"sk_live_xxxxxxxxxxxxxxxxxxxxxxxx"[..],
            b"AIzaAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            b"glpat-your-token-here",
        ] {
            assert_eq!(find(text), [], "{}", String::from_utf8_lossy(text));
        }
    }
}
