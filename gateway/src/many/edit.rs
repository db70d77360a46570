//! Bytes of a message with some of its values exchanged; everything else stays byte for byte.
//!
//! Never here: which value is exchanged for what.

use bytes::Bytes;
use writ_model::json::Node;

/// Values to be exchanged, each by where it stands.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(usize, usize, Vec<u8>)>);

impl Edits {
    /// Another value in this one's place.
    pub(super) fn put(&mut self, at: &Node<'_>, with: Vec<u8>) {
        self.0.push((at.start, at.end, with));
    }

    /// A text in this value's place.
    pub(super) fn text(&mut self, at: &Node<'_>, text: &str) {
        self.put(at, quoted(text));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes that the values were read from, from `start` to `end`, with the exchanged ones.
    pub(super) fn made(mut self, bytes: &[u8], (start, end): (usize, usize)) -> Bytes {
        self.0.sort_by_key(|(from, ..)| *from);
        let more: usize = self.0.iter().map(|(_, _, with)| with.len()).sum();
        let mut out = Vec::with_capacity(end.saturating_sub(start) + more);
        let mut copied = start;
        for (from, to, with) in self.0 {
            out.extend_from_slice(bytes.get(copied..from).unwrap_or_default());
            out.extend_from_slice(&with);
            copied = to;
        }
        out.extend_from_slice(bytes.get(copied..end).unwrap_or_default());
        Bytes::from(out)
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).unwrap_or_else(|_| b"\"\"".to_vec())
}

#[cfg(test)]
mod tests {
    use writ_model::json::{self, Limits};

    use super::*;

    #[test]
    fn only_what_is_named_changes() {
        let body = br#"{ "id" : 7, "params":{"name":"a__b", "arguments":{"x" : 1.50}} }"#;
        let node = json::parse(body, &Limits::REQUEST).unwrap();
        let mut edits = Edits::default();
        edits.text(node.pointer("/params/name").unwrap(), "b\"");
        edits.put(node.get("id").unwrap(), b"8".to_vec());
        let out = edits.made(body, (0, body.len()));
        let wanted = br#"{ "id" : 8, "params":{"name":"b\"", "arguments":{"x" : 1.50}} }"#;
        assert_eq!(out, &wanted[..]);
    }
}
