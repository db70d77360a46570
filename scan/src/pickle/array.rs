//! Raw bytes of arrays between the opcodes: joblib writes them right behind the wrapper that describes them.
//!
//! A loader that is not joblib's would read them as opcodes; they are searched for that, too.
//! Never here: numbers read. To add a layout: an arm of [`Machine::raw`].

use crate::{
    cursor::Stop,
    hidden,
    pickle::{
        machine::{Machine, Memo},
        value::{Node, Value},
    },
    source::narrow,
};

/// LIMIT: arrays of Python objects inside each other.
const ARRAYS: u8 = 4;
/// LIMIT: bytes of raw numbers that are searched for opcodes.
const SEARCHED: usize = 64 << 10;

impl Machine<'_, '_, '_> {
    /// Passes over what stands behind a wrapper. A wrapper that does not say enough ends the walk as unreadable.
    pub(super) fn raw(&mut self, state: Value) -> Result<(), Stop> {
        let (mut kind, mut count, mut aligned) = (None, None, false);
        let pairs = match self.arena.node(state) {
            Some(Node::Mapping(pairs)) => pairs.clone(),
            _ => Vec::new(),
        };
        for (key, value) in pairs {
            match self.text(key, 64)?.as_str() {
                "dtype" => kind = self.dtype(value),
                "shape" => count = self.shape_of(value),
                "numpy_array_alignment_bytes" => aligned = matches!(value, Value::Int(_)),
                _ => {}
            }
        }
        let (Some((object, size)), Some(count)) = (kind, count) else {
            self.book.partial("an array whose type or shape cannot be told");
            return Err(Stop::Broken);
        };
        if object {
            return self.objects();
        }
        if aligned {
            let padding = self.cursor.number(1)?;
            self.cursor.skip(padding)?;
        }
        let length = count.checked_mul(size).ok_or(Stop::Broken)?;
        if length > self.cursor.left() {
            return Err(Stop::End);
        }
        let at = self.cursor.at();
        let head = self.cursor.span(at, length.min(self.cursor.left()), SEARCHED)?;
        hidden::search(self.book, &head, at);
        self.cursor.skip(length)
    }

    /// An array of Python objects is a pickle of its own in the midst of this one.
    fn objects(&mut self) -> Result<(), Stop> {
        if self.arrays >= ARRAYS {
            return Err(Stop::Limit);
        }
        self.arrays += 1;
        let stack = std::mem::take(&mut self.stack);
        let marks = std::mem::take(&mut self.marks);
        let memo = Memo::new(self.most);
        let memo = std::mem::replace(&mut self.memo, memo);
        let ended = self.run();
        (self.stack, self.marks, self.memo) = (stack, marks, memo);
        self.arrays -= 1;
        ended.map(|_array| ())
    }

    fn shape_of(&self, value: Value) -> Option<u64> {
        if !matches!(self.arena.node(value), Some(Node::Tuple(_))) {
            return None;
        }
        self.arena.items(value).iter().try_fold(1_u64, |product, length| match length {
            Value::Int(length) => product.checked_mul(u64::try_from(*length).ok()?),
            _ => None,
        })
    }

    /// Whether a data type holds Python objects, and how many bytes one of it has.
    pub(super) fn dtype(&mut self, value: Value) -> Option<(bool, u64)> {
        let Some(Node::Made(who, with, state)) = self.arena.node(value) else {
            return None;
        };
        let (who, with, state) = (*who, *with, *state);
        let (module, name, _) = self.named(who)?;
        if module != "numpy" && !module.starts_with("numpy.dtypes") || name.contains('.') {
            return None;
        }
        // The eighth value of a state are flags; the lowest says that there are objects inside.
        let flagged =
            matches!(self.arena.items(state).get(7), Some(Value::Int(flags)) if flags & 1 == 1);
        let spelled = self.text(*self.arena.items(with).first()?, 64).ok()?;
        let (object, size) = spelled_type(&spelled)?;
        Some((object || flagged, size))
    }
}

/// `f8`, `<U12`, `|V16`, `O8`: whether it is an object, and its bytes.
pub(crate) fn spelled_type(word: &str) -> Option<(bool, u64)> {
    let word = word.trim_start_matches(['<', '>', '|', '=']);
    let mut letters = word.chars();
    let kind = letters.next()?;
    let digits: String = letters.take_while(char::is_ascii_digit).collect();
    let size: Option<u64> = digits.parse().ok();
    Some(match kind {
        'O' => (true, 8),
        'U' => (false, size.unwrap_or(0).checked_mul(4)?),
        'S' | 'a' | 'V' => (false, size.unwrap_or(0)),
        'b' | '?' | 'B' => (false, size.unwrap_or(1)),
        'M' | 'm' | 'd' => (false, size.unwrap_or(8)),
        'e' | 'h' | 'H' => (false, 2),
        'f' | 'i' | 'u' | 'c' => (false, size.unwrap_or(4)),
        'g' | 'D' => (false, 16),
        'l' | 'L' | 'q' | 'Q' | 'F' => (false, 8),
        'I' => (false, 4),
        _ => return None,
    })
}

/// The bytes of a shape and a type, if that is a number at all.
pub(crate) fn bytes_of(shape: &[u64], size: u64) -> Option<usize> {
    shape.iter().try_fold(size, |all, length| all.checked_mul(*length)).map(narrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_sizes_that_numpy_gives_them() {
        for (word, wanted) in [
            ("<f8", Some((false, 8))),
            ("f4", Some((false, 4))),
            ("|O", Some((true, 8))),
            ("<U3", Some((false, 12))),
            ("|S7", Some((false, 7))),
            ("V16", Some((false, 16))),
            ("<M8[ns]", Some((false, 8))),
            ("b1", Some((false, 1))),
            ("z", None),
            ("", None),
        ] {
            assert_eq!(spelled_type(word), wanted, "{word}");
        }
        assert_eq!(bytes_of(&[2, 3], 4), Some(24));
        assert_eq!(bytes_of(&[u64::MAX, 2], 4), None);
    }
}
