//! The walk: every opcode of protocols 0 to 5 over a stack of what would be built. Nothing is built.
//!
//! An opcode that is not known, a stack that has too little on it, a memo that has no such entry: the loader fails there,
//! and so does the walk; what ran before has been seen.
//! Never here: what a name or a call means (see `names`, `calls`). To add an opcode: a row in one of the groups below.

use std::collections::BTreeMap;

use crate::{
    book::Book,
    cursor::{Cursor, Stop},
    hidden,
    pickle::{
        names::Standing,
        value::{Arena, Coding, Node, Value},
    },
    source::{little, narrow, wide},
};

/// LIMIT: entries of the memo for each value that may be held, sixteen bytes each: real ones have more of them than of
/// anything else.
const MEMO: usize = 3;
/// LIMIT: entries of the memo that stand out of order.
const SPARSE: usize = 65_536;
/// LIMIT: bytes of a line of protocol 0 that is a number or a memo's key.
const LINE: usize = 1 << 20;
/// LIMIT: bytes of a literal that are looked into.
const LITERAL: usize = 1 << 20;
/// LIMIT: the same for one that begins like something that is loaded in turn.
const WHOLE: usize = 16 << 20;

/// Where the pickle stands: who is going to load it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Python, or torch.
    Plain,
    /// `TorchScript`: its classes are its own code.
    Script,
}

/// What was put aside under a number.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    dense: Vec<Value>,
    sparse: BTreeMap<u64, Value>,
    most: usize,
}

impl Memo {
    /// An empty one for so many entries in order.
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    fn put(&mut self, key: u64, value: Value) -> Result<(), Stop> {
        let at = narrow(key);
        if let Some(slot) = self.dense.get_mut(at) {
            *slot = value;
        } else if at == self.dense.len() && at < self.most {
            // INVARIANT: a key stands in one of the two only: it may have come out of order before.
            self.sparse.remove(&key);
            self.dense.push(value);
        } else if self.sparse.len() < SPARSE || self.sparse.contains_key(&key) {
            self.sparse.insert(key, value);
        } else {
            return Err(Stop::Limit);
        }
        Ok(())
    }

    fn get(&self, key: u64) -> Option<Value> {
        self.dense.get(narrow(key)).or_else(|| self.sparse.get(&key)).copied()
    }

    fn len(&self) -> usize {
        self.dense.len() + self.sparse.len()
    }
}

/// One walk through one stream.
pub(crate) struct Machine<'s, 'b, 'l> {
    pub(super) cursor: Cursor<'s>,
    pub(super) book: &'b mut Book<'l>,
    pub(super) setting: Setting,
    /// Values that may be held.
    pub(super) most: usize,
    pub(super) stack: Vec<Value>,
    pub(super) marks: Vec<usize>,
    pub(super) memo: Memo,
    pub(super) arena: Arena,
    pub(super) names: Vec<(String, String, Standing)>,
    pub(super) known: BTreeMap<(String, String), u32>,
    /// Letters of all names.
    pub(super) letters: usize,
    /// Names met and calls made: a literal that is no pickle has none.
    pub(crate) met: u64,
    /// Whether something was called.
    pub(crate) called: bool,
    /// Torch's storages by their keys, and the bytes of each.
    pub(crate) storages: BTreeMap<String, u64>,
    /// Arrays of Python objects inside each other.
    pub(super) arrays: u8,
    ops: u64,
}

impl<'s, 'b, 'l> Machine<'s, 'b, 'l> {
    /// At the beginning of a stream.
    pub(crate) fn new(cursor: Cursor<'s>, book: &'b mut Book<'l>, setting: Setting) -> Self {
        let most = book.values();
        Self {
            cursor,
            book,
            setting,
            most,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::new(most.saturating_mul(MEMO)),
            arena: Arena::new(most),
            letters: 0,
            names: Vec::new(),
            known: BTreeMap::new(),
            met: 0,
            called: false,
            storages: BTreeMap::new(),
            arrays: 0,
            ops: 0,
        }
    }

    /// Walks one pickle up to its STOP.
    pub(crate) fn run(&mut self) -> Result<Value, Stop> {
        loop {
            self.ops += 1;
            if self.ops.is_multiple_of(256) && !self.book.step(256) {
                return Err(Stop::Limit);
            }
            let op = self.cursor.byte()?;
            if op == b'.' {
                return self.pop();
            }
            self.step(op)?;
        }
    }

    fn step(&mut self, op: u8) -> Result<(), Stop> {
        match op {
            b'S' | b'V' | b'T' | b'U' | b'X' | 0x8c | 0x8d | b'C' | b'B' | 0x8e | 0x96 => {
                self.literal(op)
            }
            b'q' | b'r' | b'p' | 0x94 | b'h' | b'j' | b'g' => self.remember(op),
            b'I' | b'J' | b'K' | b'M' | b'L' | 0x8a | 0x8b | b'F' | b'G' | b'N' | 0x88 | 0x89
            | 0x97 => self.number(op),
            b'(' | b'0' | b'1' | b'2' | b')' | b't' | 0x85..=0x87 => self.shape(op),
            b']' | b'l' | b'a' | b'e' | b'}' | b'd' | b's' | b'u' | 0x8f..=0x91 => self.fill(op),
            b'c' | 0x93 | b'i' | b'R' | b'o' | 0x81 | 0x92 | b'b' | b'P' | b'Q' | 0x82..=0x84 => {
                self.act(op)
            }
            0x80 => self.cursor.skip(1),
            0x95 => self.frame(),
            // READONLY_BUFFER changes the top in place.
            0x98 => self.stack.last().map(|_top| ()).ok_or(Stop::Broken),
            _ => Err(Stop::Broken),
        }
    }

    /// FRAME: its length is only for reading ahead; one that leads out of the file is told.
    fn frame(&mut self) -> Result<(), Stop> {
        let at = self.cursor.at();
        let length = self.cursor.number(8)?;
        if length > self.cursor.left() {
            self.book.broken("pickle.frame", at, "a frame is longer than what is left of the file");
        }
        Ok(())
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), Stop> {
        if self.stack.len() >= self.most {
            return Err(Stop::Limit);
        }
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Result<Value, Stop> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(Stop::Broken);
        }
        self.stack.pop().ok_or(Stop::Broken)
    }

    pub(super) fn top(&self) -> Result<Value, Stop> {
        self.stack.last().copied().ok_or(Stop::Broken)
    }

    /// Everything above the last mark, which goes too.
    pub(super) fn marked(&mut self) -> Result<Vec<Value>, Stop> {
        let at = self.marks.pop().ok_or(Stop::Broken)?;
        if at > self.stack.len() {
            return Err(Stop::Broken);
        }
        Ok(self.stack.split_off(at))
    }

    fn number(&mut self, op: u8) -> Result<(), Stop> {
        let value = match op {
            b'I' => self.decimal()?,
            b'J' => Value::Int(i64::from(
                u32::try_from(self.cursor.number(4)?).unwrap_or_default().cast_signed(),
            )),
            b'K' => Value::Int(self.cursor.number(1)?.cast_signed()),
            b'M' => Value::Int(self.cursor.number(2)?.cast_signed()),
            b'L' | b'F' => {
                self.cursor.line(LINE)?;
                Value::Plain
            }
            0x8a => {
                let count = self.cursor.number(1)?;
                self.long(count)?
            }
            0x8b => {
                let count = self.cursor.number(4)?;
                self.long(count)?
            }
            b'G' => {
                self.cursor.skip(8)?;
                Value::Plain
            }
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            _ => Value::Plain,
        };
        self.push(value)
    }

    /// A number written out; protocol 0 spells truth values `00` and `01`.
    fn decimal(&mut self) -> Result<Value, Stop> {
        let (at, length) = self.cursor.line(LINE)?;
        let digits = self.cursor.span(at, u64::from(length), 24)?;
        Ok(match digits.as_slice() {
            b"00" => Value::Bool(false),
            b"01" => Value::Bool(true),
            digits => std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.trim().parse().ok())
                .map_or(Value::Plain, Value::Int),
        })
    }

    fn long(&mut self, count: u64) -> Result<Value, Stop> {
        /// What a torch file of before 1.6 begins with: 0x1950a86a20f9469cfc6c.
        const MAGIC: &[u8] = &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
        let head = self.cursor.peek(narrow(count.min(16)))?;
        let digits = head.get(..narrow(count).min(head.len())).unwrap_or_default();
        let value = match digits {
            digits if count <= 7 => Value::Int(little(digits).cast_signed()),
            MAGIC => Value::Magic,
            _ => Value::Plain,
        };
        self.cursor.skip(count)?;
        Ok(value)
    }

    fn literal(&mut self, op: u8) -> Result<(), Stop> {
        let (at, length, text) = match op {
            b'S' | b'V' => {
                let (at, length) = self.cursor.line(LITERAL)?;
                let coding = if op == b'S' { Coding::Quoted } else { Coding::Escaped };
                if op == b'S' && !self.quoted(at, length)? {
                    return Err(Stop::Broken);
                }
                let value = Value::Text(at, length, coding);
                if hidden::worth_text(length) {
                    let text = self.text(value, LITERAL)?;
                    hidden::literal(self.book, &hidden::latin(&text), at);
                }
                return self.push(value);
            }
            b'U' | 0x8c | b'C' => (0, self.cursor.number(1)?, op != b'C'),
            b'T' | b'X' | b'B' => (0, self.cursor.number(4)?, op != b'B'),
            _ => (0, self.cursor.number(8)?, op == 0x8d),
        };
        let at = at + self.cursor.at();
        if length > self.cursor.left() {
            return Err(Stop::End);
        }
        let worth = hidden::worth(self.cursor.peek(narrow(length.min(96)))?, length);
        if worth {
            let whole = length > wide(LITERAL) && hidden::promising(self.cursor.peek(96)?);
            let most = if whole { WHOLE } else { LITERAL };
            let bytes = self.cursor.span(at, length, most)?;
            hidden::literal(self.book, &bytes, at);
            if whole && length > wide(WHOLE) {
                self.book.partial("a literal behind the limit of bytes");
            }
        }
        self.cursor.skip(length)?;
        let short = u32::try_from(length).unwrap_or(u32::MAX);
        self.push(if text { Value::Text(at, short, Coding::Raw) } else { Value::Bytes(at, short) })
    }

    /// Whether a line begins and ends with the same mark of quotation: no loader takes another one.
    fn quoted(&mut self, at: u64, length: u32) -> Result<bool, Stop> {
        let length = u64::from(length);
        let first = self.cursor.span(at, length, 1)?;
        let from = length.saturating_sub(16);
        let last = self.cursor.span(at + from, length - from, 16)?;
        let last = last.trim_ascii_end();
        let two = from > 0 || last.len() > 1;
        Ok(two && matches!(first.as_slice(), [b'\'' | b'"']) && last.last() == first.first())
    }

    fn remember(&mut self, op: u8) -> Result<(), Stop> {
        let key = match op {
            b'q' | b'h' => self.cursor.number(1)?,
            b'r' | b'j' => self.cursor.number(4)?,
            0x94 => wide(self.memo.len()),
            _ => {
                let (at, length) = self.cursor.line(64)?;
                let digits = self.cursor.span(at, u64::from(length), 64)?;
                let digits = String::from_utf8_lossy(&digits);
                digits.trim().parse().map_err(|_no_number| Stop::Broken)?
            }
        };
        if matches!(op, b'h' | b'j' | b'g') {
            let value = self.memo.get(key).ok_or(Stop::Broken)?;
            return self.push(value);
        }
        let top = self.top()?;
        self.memo.put(key, top)
    }

    fn shape(&mut self, op: u8) -> Result<(), Stop> {
        match op {
            b'(' => {
                if self.marks.len() >= self.most {
                    return Err(Stop::Limit);
                }
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' if self.marks.last() == Some(&self.stack.len()) => {
                self.marks.pop();
                Ok(())
            }
            b'0' => self.pop().map(|_gone| ()),
            b'1' => self.marked().map(|_gone| ()),
            b'2' => {
                let top = self.top()?;
                self.push(top)
            }
            _ => {
                let items = match op {
                    b't' => self.marked()?,
                    b')' => Vec::new(),
                    _ => {
                        let count = usize::from(op - 0x84);
                        let floor = self.marks.last().copied().unwrap_or(0);
                        let from = self.stack.len().checked_sub(count).ok_or(Stop::Broken)?;
                        if from < floor {
                            return Err(Stop::Broken);
                        }
                        self.stack.split_off(from)
                    }
                };
                let tuple = self.arena.tuple(items);
                self.push(tuple)
            }
        }
    }

    fn fill(&mut self, op: u8) -> Result<(), Stop> {
        match op {
            b']' | 0x8f => {
                let list = self.arena.list(Vec::new());
                self.push(list)
            }
            b'l' | 0x91 => {
                let items = self.marked()?;
                let list = self.arena.list(items);
                self.push(list)
            }
            b'}' => {
                let mapping = self.arena.add(Node::Mapping(Vec::new()));
                self.push(mapping)
            }
            b'd' => {
                let items = self.marked()?;
                self.brought(&items)?;
                let mapping = self.arena.add(Node::Mapping(Vec::new()));
                self.arena.put(mapping, &items);
                self.push(mapping)
            }
            b'a' => {
                let item = self.pop()?;
                let list = self.top()?;
                self.filled(list);
                self.arena.extend(list, &[item]);
                Ok(())
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                let mapping = self.top()?;
                self.entered(mapping);
                self.brought(&[key, value])?;
                self.arena.put(mapping, &[key, value]);
                Ok(())
            }
            _ => {
                let items = self.marked()?;
                let into = self.top()?;
                if op == b'u' {
                    self.entered(into);
                    self.brought(&items)?;
                    self.arena.put(into, &items);
                } else {
                    self.filled(into);
                    self.arena.extend(into, &items);
                }
                Ok(())
            }
        }
    }

    /// The letters of a text, up to `most` bytes.
    pub(super) fn text(&mut self, value: Value, most: usize) -> Result<String, Stop> {
        let Value::Text(at, length, coding) = value else {
            return Err(Stop::Broken);
        };
        let bytes = self.cursor.span(at, u64::from(length), most)?;
        Ok(match coding {
            Coding::Raw => match String::from_utf8(bytes) {
                Ok(text) => text,
                // Only what Python 2 wrote is no UTF-8; it is read as Latin-1.
                Err(other) => other.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
            },
            Coding::Quoted => super::escape::quoted(&bytes),
            Coding::Escaped => super::escape::escaped(&bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memo_gives_what_was_put_last() {
        let mut state = 20_261_122_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for round in 0..500 {
            let mut memo = Memo::new(12);
            let mut known = BTreeMap::new();
            for count in 0..60 {
                let key = if next(4) == 0 { wide(memo.len()) } else { next(16) };
                let value = Value::Int(round * 100 + count);
                memo.put(key, value).unwrap();
                known.insert(key, value);
                assert_eq!(memo.len(), known.len());
                for key in 0..20 {
                    assert_eq!(memo.get(key), known.get(&key).copied(), "{round} {count} {key}");
                }
            }
        }
    }
}
