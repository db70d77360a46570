//! CBOR (RFC 8949) in the CTAP2 canonical form, read strictly and written: all of it that passkeys use.
//!
//! Refused where others guess: indefinite lengths, a number or length that is not in its shortest form, map keys out of
//! order or twice, tags, floating point, `undefined`, invalid UTF-8, depth and counts beyond their bounds, trailing bytes
//! (WebAuthn Level 3 section 2.4: decoders should reject what is not canonical, and duplicate keys). One value has one
//! spelling. Never here: repair.

use std::cmp::Ordering;

/// LIMIT: nesting: CTAP2 allows four levels; a compound attestation has two more.
const MAX_DEPTH: usize = 6;
/// LIMIT: values in all: an attestation with some certificates has about twenty.
const MAX_ITEMS: usize = 256;

/// Why bytes are not the CBOR that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborFault {
    /// The input ends inside a value.
    #[error("input ends early")]
    Incomplete,
    /// Bytes after the value.
    #[error("bytes after the value")]
    Trailing,
    /// Deeper than six levels.
    #[error("nested too deeply")]
    TooDeep,
    /// More than 256 values.
    #[error("too many values")]
    TooMany,
    /// A number or a length is not in its shortest form, or has no definite length.
    #[error("not in the shortest form")]
    NotShortest,
    /// Map keys are out of order or stand twice.
    #[error("map keys out of order or twice")]
    KeyOrder,
    /// A tag, a floating-point number, or another kind that passkeys do not use.
    #[error("a kind of value that is not used")]
    Kind,
    /// A text is not UTF-8.
    #[error("invalid UTF-8")]
    NotUtf8,
}

/// A CBOR value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    /// In canonical order; keys are unique integers or texts.
    Map(Vec<(Value<'a>, Value<'a>)>),
    Bool(bool),
    Null,
}

impl<'a> Value<'a> {
    pub(crate) fn as_bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(crate) fn as_text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self { Some(*int) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&[Value<'a>]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(crate) fn as_map(&self) -> Option<&[(Value<'a>, Value<'a>)]> {
        if let Self::Map(members) = self { Some(members) } else { None }
    }

    /// The member of a map under this text.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_map()?.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value)
    }

    /// The member of a map under this number.
    pub(crate) fn at(&self, key: i64) -> Option<&Value<'a>> {
        self.as_map()?.iter().find(|(name, _)| name.as_int() == Some(key)).map(|(_, value)| value)
    }
}

/// Reads one value, whole.
pub(crate) fn parse(input: &[u8]) -> Result<Value<'_>, CborFault> {
    match prefix(input)? {
        (value, []) => Ok(value),
        (_, _) => Err(CborFault::Trailing),
    }
}

/// Reads one value and gives the bytes after it.
pub(crate) fn prefix(input: &[u8]) -> Result<(Value<'_>, &[u8]), CborFault> {
    let mut reader = Reader { rest: input, items: 0 };
    let value = reader.value(0)?;
    Ok((value, reader.rest))
}

struct Reader<'a> {
    rest: &'a [u8],
    items: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], CborFault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CborFault::Incomplete)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Major type and argument of the next head (RFC 8949 section 3); the argument is in its shortest form.
    fn head(&mut self) -> Result<(u8, u64), CborFault> {
        let (first, rest) = self.rest.split_first().ok_or(CborFault::Incomplete)?;
        self.rest = rest;
        let (major, info) = (first >> 5, first & 31);
        let (width, least) = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err(CborFault::NotShortest),
        };
        // Major type 7 with an argument is floating point, or a simple value that nobody assigned.
        if major == 7 {
            return Err(CborFault::Kind);
        }
        let argument =
            self.take(width)?.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        if argument < least { Err(CborFault::NotShortest) } else { Ok((major, argument)) }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, CborFault> {
        if depth > MAX_DEPTH {
            return Err(CborFault::TooDeep);
        }
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(CborFault::TooMany);
        }
        let (major, argument) = self.head()?;
        let length = || usize::try_from(argument).map_err(|_large| CborFault::Incomplete);
        match major {
            0 => Ok(Value::Int(int(argument)?)),
            1 => Ok(Value::Int(-1 - int(argument)?)),
            2 => Ok(Value::Bytes(self.take(length()?)?)),
            3 => {
                let text = std::str::from_utf8(self.take(length()?)?);
                Ok(Value::Text(text.map_err(|_not_utf8| CborFault::NotUtf8)?))
            }
            4 => self.array(length()?, depth),
            5 => self.map(length()?, depth),
            7 => match argument {
                20 => Ok(Value::Bool(false)),
                21 => Ok(Value::Bool(true)),
                22 => Ok(Value::Null),
                _ => Err(CborFault::Kind),
            },
            _ => Err(CborFault::Kind),
        }
    }

    fn array(&mut self, count: usize, depth: usize) -> Result<Value<'a>, CborFault> {
        // Not reserved beforehand: the count is the sender's word.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, count: usize, depth: usize) -> Result<Value<'a>, CborFault> {
        let mut members = Vec::new();
        let mut last: Option<&[u8]> = None;
        for _ in 0..count {
            let before = self.rest;
            let key = self.value(depth + 1)?;
            if !matches!(key, Value::Int(_) | Value::Text(_)) {
                return Err(CborFault::Kind);
            }
            let spelled = before
                .get(..before.len().saturating_sub(self.rest.len()))
                .ok_or(CborFault::Incomplete)?;
            if last.is_some_and(|last| order(last, spelled) != Ordering::Less) {
                return Err(CborFault::KeyOrder);
            }
            last = Some(spelled);
            members.push((key, self.value(depth + 1)?));
        }
        Ok(Value::Map(members))
    }
}

fn int(argument: u64) -> Result<i64, CborFault> {
    i64::try_from(argument).map_err(|_large| CborFault::Kind)
}

/// The order of encoded keys (CTAP 2.1 section 8): major type, then length, then bytes.
fn order(one: &[u8], other: &[u8]) -> Ordering {
    let major = |key: &[u8]| key.first().map(|first| first >> 5);
    (major(one), one.len(), one).cmp(&(major(other), other.len(), other))
}

/// The canonical bytes of a value; members of maps are put in order.
pub(crate) fn encode(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Int(int) if *int < 0 => head(1, (-1 - int).unsigned_abs(), out),
        Value::Int(int) => head(0, int.unsigned_abs(), out),
        Value::Bytes(bytes) => {
            head(2, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        Value::Text(text) => {
            head(3, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(4, items.len() as u64, out);
            for item in items {
                write(item, out);
            }
        }
        Value::Map(members) => {
            head(5, members.len() as u64, out);
            let mut spelled: Vec<_> =
                members.iter().map(|(key, value)| (encode(key), value)).collect();
            spelled.sort_by(|(one, _), (other, _)| order(one, other));
            for (key, value) in spelled {
                out.extend_from_slice(&key);
                write(value, out);
            }
        }
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Null => out.push(0xf6),
    }
}

fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    let (info, width) = match argument {
        0..=23 => {
            out.push(major | bytes[7]);
            return;
        }
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major | info);
    out.extend(bytes.iter().skip(8 - width));
}

#[cfg(test)]
mod tests;
