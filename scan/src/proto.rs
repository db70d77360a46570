//! The wire format of protocol buffers, field by field: numbers, lengths, places. Nothing is decoded that is not asked for.
//!
//! Never here: a message. To add a wire type: there are no others in use (groups are refused).

use crate::cursor::{Cursor, Stop};

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) number: u64,
    /// The value of a number; the length of anything else.
    pub(crate) value: u64,
    /// Where its bytes begin, if it has a length.
    pub(crate) at: Option<u64>,
}

/// Up to seven bits a byte.
pub(crate) fn varint(cursor: &mut Cursor<'_>) -> Result<u64, Stop> {
    let mut number = 0;
    for place in 0..10 {
        let byte = cursor.byte()?;
        number |= u64::from(byte & 0x7f).checked_shl(place * 7).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Stop::Broken)
}

/// The next field before `end`; the cursor stands behind it.
pub(crate) fn field(cursor: &mut Cursor<'_>, end: u64) -> Result<Option<Field>, Stop> {
    if cursor.at() >= end {
        return Ok(None);
    }
    let tag = varint(cursor)?;
    let number = tag >> 3;
    if number == 0 {
        return Err(Stop::Broken);
    }
    let field = match tag & 7 {
        0 => Field { number, value: varint(cursor)?, at: None },
        1 => Field { number, value: cursor.number(8)?, at: None },
        5 => Field { number, value: cursor.number(4)?, at: None },
        2 => {
            let value = varint(cursor)?;
            let at = cursor.at();
            if value > end.saturating_sub(at) {
                return Err(Stop::End);
            }
            cursor.skip(value)?;
            Field { number, value, at: Some(at) }
        }
        _ => return Err(Stop::Broken),
    };
    Ok(Some(field))
}

/// The text of a field, up to `most` bytes.
pub(crate) fn text(cursor: &mut Cursor<'_>, field: Field, most: usize) -> String {
    let bytes = field.at.and_then(|at| cursor.span(at, field.value, most).ok());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}
