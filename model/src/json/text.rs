//! String grammar: escapes, surrogates, UTF-8. A string without escapes is borrowed.
//! Never here: replacement characters; what is broken is refused.

use std::borrow::Cow;

use super::{Fault, Rule, reader::Reader};

pub(super) fn string<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, str>, Fault> {
    reader.at += 1;
    let start = reader.at;
    loop {
        match reader.peek() {
            Some(b'"') => {
                let text = utf8(reader, start)?;
                reader.at += 1;
                return Ok(Cow::Borrowed(text));
            }
            Some(b'\\') => break,
            Some(0..=0x1f) => return Err(reader.fault(Rule::Syntax)),
            Some(_) => reader.at += 1,
            None => return Err(reader.fault(Rule::Incomplete)),
        }
    }
    escaped(reader, start)
}

fn escaped<'a>(reader: &mut Reader<'a>, start: usize) -> Result<Cow<'a, str>, Fault> {
    let mut out = utf8(reader, start)?.to_owned();
    loop {
        match reader.peek() {
            Some(b'"') => {
                reader.at += 1;
                return Ok(Cow::Owned(out));
            }
            Some(b'\\') => {
                reader.at += 1;
                out.push(escape(reader)?);
            }
            Some(0..=0x1f) => return Err(reader.fault(Rule::Syntax)),
            Some(_) => {
                let from = reader.at;
                while !matches!(reader.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                    reader.at += 1;
                }
                out.push_str(utf8(reader, from)?);
            }
            None => return Err(reader.fault(Rule::Incomplete)),
        }
    }
}

fn utf8<'a>(reader: &Reader<'a>, from: usize) -> Result<&'a str, Fault> {
    let bytes = reader.input.get(from..reader.at).unwrap_or_default();
    std::str::from_utf8(bytes)
        .map_err(|error| Fault { rule: Rule::NotUtf8, at: from + error.valid_up_to() })
}

fn escape(reader: &mut Reader<'_>) -> Result<char, Fault> {
    let Some(letter) = reader.peek() else {
        return Err(reader.fault(Rule::Incomplete));
    };
    let plain = match letter {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            reader.at += 1;
            return unicode(reader);
        }
        _ => return Err(reader.fault(Rule::Syntax)),
    };
    reader.at += 1;
    Ok(plain)
}

fn unicode(reader: &mut Reader<'_>) -> Result<char, Fault> {
    let at = reader.at;
    let lone = Fault { rule: Rule::LoneSurrogate, at };
    let first = hex4(reader)?;
    if !(0xd800..0xe000).contains(&first) {
        return char::from_u32(first).ok_or(lone);
    }
    if first >= 0xdc00 || reader.peek() != Some(b'\\') {
        return Err(lone);
    }
    reader.at += 1;
    if reader.peek() != Some(b'u') {
        return Err(lone);
    }
    reader.at += 1;
    let second = hex4(reader)?;
    if !(0xdc00..0xe000).contains(&second) {
        return Err(lone);
    }
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(lone)
}

fn hex4(reader: &mut Reader<'_>) -> Result<u32, Fault> {
    let mut value = 0;
    for _ in 0..4 {
        let Some(digit) = reader.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
            return Err(reader.unexpected());
        };
        value = (value << 4) | digit;
        reader.at += 1;
    }
    Ok(value)
}
