//! Texts of protocol 0 as Python reads them: `'os'`, `'\x6fs'`, `\u006fs`.
//!
//! Never here: Python's other literals. To add an escape: an arm of [`quoted`].

/// A text in quotes, with the escapes of a bytes literal.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let inner = match bytes {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        other => other,
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'a') => out.push(7),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'v') => out.push(11),
            Some(b'x') => {
                let digits = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
                out.push(number(&digits, 16));
            }
            Some(first @ b'0'..=b'7') => {
                let mut digits = vec![first];
                while let Some(next @ b'0'..=b'7') = rest.clone().next() {
                    if digits.len() == 3 {
                        break;
                    }
                    digits.push(next);
                    rest.next();
                }
                out.push(number(&digits, 8));
            }
            Some(b'\n') => {}
            Some(other @ (b'\\' | b'\'' | b'"')) => out.push(other),
            Some(other) => out.extend([b'\\', other]),
            None => out.push(b'\\'),
        }
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(other) => other.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn number(digits: &[u8], base: u32) -> u8 {
    let text = std::str::from_utf8(digits).unwrap_or("0");
    u32::from_str_radix(text, base).map_or(b'?', |number| u8::try_from(number & 0xff).unwrap_or(0))
}

/// Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let count = match after.as_bytes().get(1) {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let digits = after.get(2..2 + count).filter(|digits| !digits.is_empty());
        let letter =
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        if let Some(letter) = letter {
            out.push(letter);
            rest = after.get(2 + count..).unwrap_or("");
        } else {
            out.push('\\');
            rest = after.get(1..).unwrap_or("");
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_python_reads_them() {
        assert_eq!(quoted(br"'o\x73'"), "os");
        assert_eq!(quoted(br"'\157\163'"), "os");
        assert_eq!(quoted(br#""a\'b""#), "a'b");
        assert_eq!(quoted(b"'\\"), "'\\");
        assert_eq!(escaped(br"\u006f\U00000073"), "os");
        assert_eq!(escaped(br"\x6f\"), r"\x6f\");
        assert_eq!(escaped(br"\u00"), r"\u00");
    }
}
