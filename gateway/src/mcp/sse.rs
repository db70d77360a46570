//! Server-sent events, event by event: for filtering lists in a stream, and for writing our own.
//!
//! Never here: an event without a bound.

use bytes::{Buf as _, Bytes, BytesMut};

/// LIMIT: one event: as large as an answer may be.
pub const EVENT: usize = 16 << 20;

/// Cuts a stream into events; each keeps its own bytes, blank line included.
#[derive(Debug, Default)]
pub struct Events {
    buffer: BytesMut,
    /// Where the current line starts, and how far it was looked at.
    line: usize,
    at: usize,
    /// The stream's first bytes were looked at: [`BOM`] is none of its first line.
    begun: bool,
}

/// One byte-order mark at the head of a stream is dropped by whoever reads it (WHATWG, section 9.2.6). SECURITY: kept, it would
/// hide the first event from us and from nobody else.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// An event larger than [`EVENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl Events {
    /// More bytes of the stream.
    ///
    /// # Errors
    /// If an event grows past the bound.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        if self.buffer.len() + bytes.len() > EVENT {
            return Err(TooLarge);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole event.
    pub fn next_event(&mut self) -> Option<Bytes> {
        if !self.begun {
            // Less than a mark: wait for more.
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return None;
            }
            if self.buffer.starts_with(BOM) {
                self.buffer.advance(BOM.len());
            }
            self.begun = true;
        }
        let end = self.boundary()?;
        (self.line, self.at) = (0, 0);
        Some(self.buffer.split_to(end).freeze())
    }

    /// What is left when the stream ends: an event without its blank line, which readers drop.
    pub fn rest(&mut self) -> Bytes {
        self.buffer.split().freeze()
    }

    /// One past the blank line that ends the first event. Lines end with LF, CRLF or CR (WHATWG).
    fn boundary(&mut self) -> Option<usize> {
        while let Some(byte) = self.buffer.get(self.at) {
            let ending = match byte {
                b'\n' => 1,
                // A CR at the end may be half of a CRLF: wait for more.
                b'\r' => match self.buffer.get(self.at + 1) {
                    Some(b'\n') => 2,
                    Some(_) => 1,
                    None => return None,
                },
                _ => {
                    self.at += 1;
                    continue;
                }
            };
            let empty = self.at == self.line;
            self.at += ending;
            self.line = self.at;
            if empty {
                return Some(self.at);
            }
        }
        None
    }
}

/// The `data` of an event, its lines joined.
pub fn data(event: &[u8]) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    for line in lines(event) {
        let Some(rest) = line.strip_prefix(b"data") else { continue };
        let value = match rest.split_first() {
            None => rest,
            Some((b':', value)) => value.strip_prefix(b" ").unwrap_or(value),
            Some(_) => continue,
        };
        match &mut out {
            Some(out) => {
                out.push(b'\n');
                out.extend_from_slice(value);
            }
            None => out = Some(value.to_vec()),
        }
    }
    out
}

/// What an event is called; nothing for one without a name.
pub fn kind(event: &[u8]) -> Option<&[u8]> {
    let named = lines(event).filter_map(|line| line.strip_prefix(b"event:"));
    named.last().map(|name| name.strip_prefix(b" ").unwrap_or(name)).filter(|name| !name.is_empty())
}

/// The event with other data; its id, name and retry stay.
pub fn with_data(event: &[u8], data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(event.len() + data.len());
    for line in lines(event) {
        if !line.is_empty() && !line.starts_with(b"data") {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }
    push_data(&mut out, data);
    Bytes::from(out)
}

/// An event of our own.
pub fn event(data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(data.len() + 32);
    out.extend_from_slice(b"event: message\n");
    push_data(&mut out, data);
    Bytes::from(out)
}

fn push_data(out: &mut Vec<u8>, data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
}

fn lines(event: &[u8]) -> impl Iterator<Item = &[u8]> {
    // CRLF yields an extra empty line, which means nothing inside one event.
    event.split(|byte| matches!(byte, b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_whatever_the_pieces_and_line_ends() {
        let stream = b"id: 1\ndata: {\"a\":1}\n\nevent: message\r\ndata: x\r\ndata: y\r\n\r\n: ping\n\ndata: half";
        for size in 1..20 {
            let (mut events, mut out) = (Events::default(), Vec::new());
            for piece in stream.chunks(size) {
                events.push(piece).unwrap();
                while let Some(event) = events.next_event() {
                    out.push(data(&event));
                }
            }
            let wanted = [Some(b"{\"a\":1}".to_vec()), Some(b"x\ny".to_vec()), None];
            assert_eq!(out, wanted, "pieces of {size}");
            assert_eq!(&events.rest()[..], b"data: half");
        }
    }

    #[test]
    fn other_data_keeps_the_rest() {
        let out = with_data(b"id: 7\nevent: message\ndata: a\ndata: b\n\n", b"{}");
        assert_eq!(&out[..], b"id: 7\nevent: message\ndata: {}\n\n");
        assert_eq!(data(&event(b"{}")).unwrap(), b"{}");
        assert_eq!(kind(&event(b"{}")), Some(&b"message"[..]));
        assert_eq!((kind(b"data: a\n\n"), kind(b"event:\ndata: a\n\n")), (None, None));
    }

    #[test]
    fn an_event_is_bounded() {
        let mut events = Events::default();
        assert_eq!(events.push(&vec![b'x'; EVENT + 1]), Err(TooLarge));
    }
}
