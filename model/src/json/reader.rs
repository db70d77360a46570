//! The recursive reader: depth is bounded, so recursion is too.
//! Never here: string and number grammar (`text`, `number`).

use std::borrow::Cow;

use super::{Fault, Limits, Node, Rule, Value, number, text};

/// Objects up to this size are checked for duplicates by comparing; larger ones by sorting.
const SMALL_OBJECT: usize = 16;

pub(super) struct Reader<'a> {
    pub(super) input: &'a [u8],
    pub(super) at: usize,
    depth_left: usize,
    nodes_left: usize,
}

pub(super) fn parse<'a>(input: &'a [u8], limits: &Limits) -> Result<Node<'a>, Fault> {
    if input.len() > limits.bytes {
        return Err(Fault { rule: Rule::TooLarge, at: limits.bytes });
    }
    let mut reader = Reader { input, at: 0, depth_left: limits.depth, nodes_left: limits.nodes };
    let node = reader.value()?;
    reader.space();
    if reader.at < input.len() {
        return Err(reader.fault(Rule::Trailing));
    }
    Ok(node)
}

impl<'a> Reader<'a> {
    pub(super) fn fault(&self, rule: Rule) -> Fault {
        Fault { rule, at: self.at }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// The rule broken when a byte is not what the grammar wants.
    pub(super) fn unexpected(&self) -> Fault {
        self.fault(if self.peek().is_none() { Rule::Incomplete } else { Rule::Syntax })
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node<'a>, Fault> {
        self.space();
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(self.fault(Rule::TooMany))?;
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(text::string(self)?),
            Some(b'-' | b'0'..=b'9') => Value::Number(number::number(self)?),
            Some(b't') => self.word(b"true", Value::Bool(true))?,
            Some(b'f') => self.word(b"false", Value::Bool(false))?,
            Some(b'n') => self.word(b"null", Value::Null)?,
            _ => return Err(self.unexpected()),
        };
        Ok(Node { start, end: self.at, value })
    }

    fn word(&mut self, word: &[u8], value: Value<'a>) -> Result<Value<'a>, Fault> {
        for wanted in word {
            if self.peek() != Some(*wanted) {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value<'a>, Fault>,
    ) -> Result<Value<'a>, Fault> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(self.fault(Rule::TooDeep))?;
        self.at += 1;
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value<'a>, Fault> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn object(&mut self) -> Result<Value<'a>, Fault> {
        let mut members: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key_at = self.at;
            let key = text::string(self)?;
            if members.len() < SMALL_OBJECT && members.iter().any(|(known, _)| *known == key) {
                return Err(Fault { rule: Rule::DuplicateKey, at: key_at });
            }
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            members.push((key, self.value()?));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected()),
            }
        }
        if members.len() > SMALL_OBJECT {
            let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
            keys.sort_unstable();
            if keys.windows(2).any(|pair| pair.first() == pair.last()) {
                return Err(self.fault(Rule::DuplicateKey));
            }
        }
        self.at += 1;
        Ok(Value::Object(members))
    }
}
