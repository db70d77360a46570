//! The strict JSON reader (RFC 8259, I-JSON RFC 7493): one reading, with spans into the original bytes, so that what is
//! decided on and what is forwarded cannot differ.
//!
//! Refused where others guess: duplicate keys, trailing bytes, lone surrogates, invalid UTF-8, deep nesting, too many
//! nodes, numbers of absurd length, a byte-order mark. Never here: repair, or a second reading.
//! To add a rule: a variant of [`Rule`], its check where the byte is read, a row in the tests' table.

use std::borrow::Cow;

mod canonical;
mod number;
mod reader;
mod text;

pub use canonical::{beyond, canonical};
pub use number::decimal4;

/// Bounds of one reading.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of input.
    pub bytes: usize,
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most values in all.
    pub nodes: usize,
}

impl Limits {
    /// LIMIT: one request: 1 MiB holds any tool call seen in the field with room; 64 levels and 100,000 values likewise.
    pub const REQUEST: Self = Self { bytes: 1 << 20, depth: 64, nodes: 100_000 };
    /// LIMIT: one answer of an upstream: 16 MiB, because files and lists come back whole.
    pub const ANSWER: Self = Self { bytes: 16 << 20, depth: 128, nodes: 1_000_000 };
    /// LIMIT: a token part or another small header-borne object.
    pub const SMALL: Self = Self { bytes: 8 << 10, depth: 8, nodes: 256 };
}

/// A value and where it stands in the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub value: Value<'a>,
}

/// A JSON value. Numbers keep their text: nothing is rounded before it is decided on.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object in the order written; keys are unique.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// The rule that an input broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// More bytes than [`Limits::bytes`].
    #[error("body larger than the limit")]
    TooLarge,
    /// Deeper than [`Limits::depth`].
    #[error("nested too deeply")]
    TooDeep,
    /// More values than [`Limits::nodes`].
    #[error("too many values")]
    TooMany,
    /// The same key twice in one object.
    #[error("duplicate key")]
    DuplicateKey,
    /// Bytes after the value.
    #[error("bytes after the value")]
    Trailing,
    /// Not UTF-8.
    #[error("invalid UTF-8")]
    NotUtf8,
    /// A `\ud800`-style escape without its partner.
    #[error("lone surrogate in a string")]
    LoneSurrogate,
    /// A number longer than 64 characters or of an exponent beyond ±400.
    #[error("number out of range")]
    BadNumber,
    /// Anything else that is not JSON.
    #[error("not JSON")]
    Syntax,
    /// The input ends inside a value.
    #[error("input ends early")]
    Incomplete,
}

/// What is wrong with an input, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule} at byte {at}")]
pub struct Fault {
    /// The rule.
    pub rule: Rule,
    /// The byte at which it was broken.
    pub at: usize,
}

/// Reads one value, whole.
///
/// # Errors
/// The first [`Rule`] broken, with its byte.
pub fn parse<'a>(input: &'a [u8], limits: &Limits) -> Result<Node<'a>, Fault> {
    reader::parse(input, limits)
}

impl<'a> Node<'a> {
    /// The member of an object.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        match &self.value {
            Value::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&[(Cow<'a, str>, Node<'a>)]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A whole number that fits in 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The value at a JSON Pointer (RFC 6901); `""` is the value itself.
    pub fn pointer(&self, pointer: &str) -> Option<&Node<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |node, part| {
            let key = if part.contains('~') {
                Cow::Owned(part.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(part)
            };
            match &node.value {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                Value::Object(_) => node.get(&key),
                _ => None,
            }
        })
    }

    /// The bytes of this value in the input it was read from.
    pub fn bytes_in<'b>(&self, input: &'b [u8]) -> &'b [u8] {
        input.get(self.start..self.end).unwrap_or_default()
    }

    /// The same value for `serde_json`; numbers that it cannot hold become strings.
    pub fn to_serde(&self) -> serde_json::Value {
        use serde_json::Value as Out;
        match &self.value {
            Value::Null => Out::Null,
            Value::Bool(value) => Out::Bool(*value),
            Value::Number(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Out::String((*text).to_owned()))
            }
            Value::String(text) => Out::String(text.to_string()),
            Value::Array(items) => Out::Array(items.iter().map(Node::to_serde).collect()),
            Value::Object(members) => {
                Out::Object(members.iter().map(|(k, v)| (k.to_string(), v.to_serde())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(input: &[u8]) -> Rule {
        parse(input, &Limits { bytes: 4096, depth: 8, nodes: 64 }).unwrap_err().rule
    }

    #[test]
    fn what_is_refused_and_why() {
        for (input, wanted) in [
            (&br#"{"a":1,"a":2}"#[..], Rule::DuplicateKey),
            (br#"{"a":1,"\u0061":2}"#, Rule::DuplicateKey),
            (b"{} {}", Rule::Trailing),
            (b"1 x", Rule::Trailing),
            (b"[[[[[[[[[1]]]]]]]]]", Rule::TooDeep),
            (b"\"\xff\"", Rule::NotUtf8),
            (b"\"\xed\xa0\x80\"", Rule::NotUtf8),
            (br#""\ud800""#, Rule::LoneSurrogate),
            (br#""\udc00""#, Rule::LoneSurrogate),
            (br#""\ud800\u0041""#, Rule::LoneSurrogate),
            (b"01", Rule::Trailing),
            (b"-", Rule::Incomplete),
            (b"1.", Rule::Incomplete),
            (b"1e", Rule::Incomplete),
            (b"1e999", Rule::BadNumber),
            (b"+1", Rule::Syntax),
            (b".5", Rule::Syntax),
            (b"NaN", Rule::Syntax),
            (b"\xef\xbb\xbf{}", Rule::Syntax),
            (b"{'a':1}", Rule::Syntax),
            (b"[1,]", Rule::Syntax),
            (b"{\"a\":1,}", Rule::Syntax),
            (b"[1", Rule::Incomplete),
            (b"\"a", Rule::Incomplete),
            (b"\"\n\"", Rule::Syntax),
            (b"", Rule::Incomplete),
            (b"tru", Rule::Incomplete),
            (b"/*x*/1", Rule::Syntax),
        ] {
            assert_eq!(rule(input), wanted, "{}", String::from_utf8_lossy(input));
        }
        assert_eq!(rule(&[b' '; 5000]), Rule::TooLarge);
        assert_eq!(rule(format!("[{}1]", "1,".repeat(64)).as_bytes()), Rule::TooMany);
        assert_eq!(rule("1".repeat(65).as_bytes()), Rule::BadNumber);
        let many = (0..40).map(|i| format!("\"k{i}\":1,")).collect::<Vec<_>>().concat();
        assert_eq!(rule(format!("{{{many}\"k7\":1}}").as_bytes()), Rule::DuplicateKey);
    }

    #[test]
    fn spans_and_pointers_find_the_original_bytes() {
        let input = br#" {"id": 7, "params":{"arguments":{"a/b":[1, "x\u00e9", -1.5e3]}}} "#;
        let node = parse(input, &Limits::REQUEST).unwrap();
        assert_eq!(node.get("id").unwrap().bytes_in(input), b"7");
        let item = node.pointer("/params/arguments/a~1b/1").unwrap();
        assert_eq!(item.as_str(), Some("xé"));
        assert_eq!(item.bytes_in(input), br#""x\u00e9""#);
        assert_eq!(
            node.pointer("/params/arguments/a~1b/2").unwrap().value,
            Value::Number("-1.5e3")
        );
        assert_eq!(node.pointer("/nothing"), None);
    }

    proptest! {
        #[test]
        fn never_panics(input in proptest::collection::vec(any::<u8>(), 0..200)) {
            let limits = Limits { bytes: 150, depth: 4, nodes: 20 };
            prop_assert_eq!(parse(&input, &limits).is_ok(), parse(&input, &limits).is_ok());
        }

        #[test]
        fn what_it_accepts_serde_reads_the_same(input in "[\\[\\]{}:,\"a-c0-9.eE+\\- \\\\ntu]{0,40}") {
            let ours = parse(input.as_bytes(), &Limits::REQUEST);
            let theirs = serde_json::from_str::<serde_json::Value>(&input);
            if let Ok(node) = ours {
                prop_assert_eq!(node.to_serde(), theirs.unwrap());
            } else if let Err(fault) = ours {
                // Stricter than serde in named ways only.
                let named = [Rule::DuplicateKey, Rule::BadNumber, Rule::TooDeep, Rule::LoneSurrogate];
                prop_assert!(theirs.is_err() || named.contains(&fault.rule), "{input}: {fault}");
            }
        }
    }
}
