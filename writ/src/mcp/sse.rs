//! Server-sent events, read piece by piece from a body (HTML standard, section 9.2.6).
//!
//! Never here: what an event's data means. To support one more field: [`Reader::line`].

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::net::{self, NetFault};

/// LIMIT: one event: as large as a whole answer may be.
const EVENT: usize = net::ANSWER;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Its type; empty means `message`.
    pub kind: String,
    /// Its data; lines joined by newlines.
    pub data: String,
    /// The id to resume after.
    pub id: Option<String>,
}

/// Events of one body, in order.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    reader: Reader,
}

impl Events {
    /// Reads this body.
    pub fn new(body: Incoming) -> Self {
        Self { body, reader: Reader::default() }
    }

    /// The next event, or `None` at the end.
    ///
    /// # Errors
    /// If the connection breaks or an event is too large.
    pub async fn next(&mut self) -> Result<Option<Event>, NetFault> {
        loop {
            if let Some(event) = self.reader.pop()? {
                return Ok(Some(event));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.reader.push(&data);
                    }
                }
                Some(Err(error)) => return Err(NetFault::Broken(net::chain(&error))),
            }
        }
    }
}

/// The parser, fed with pieces.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: BytesMut,
    /// Bytes of `buffer` already searched for a line end.
    searched: usize,
    /// The stream's first bytes were looked at: one byte-order mark there is none of its first line.
    begun: bool,
    current: Event,
    has_data: bool,
}

impl Reader {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &Bytes) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole event, if there is one.
    ///
    /// # Errors
    /// [`NetFault::TooLarge`].
    pub fn pop(&mut self) -> Result<Option<Event>, NetFault> {
        while let Some(line) = self.take_line() {
            if line.is_empty() {
                let event = std::mem::take(&mut self.current);
                if std::mem::take(&mut self.has_data) || event.id.is_some() {
                    return Ok(Some(event));
                }
                continue;
            }
            self.line(&String::from_utf8_lossy(&line));
            if self.current.data.len() > EVENT {
                return Err(NetFault::TooLarge(EVENT));
            }
        }
        if self.buffer.len() > EVENT {
            return Err(NetFault::TooLarge(EVENT));
        }
        Ok(None)
    }

    fn take_line(&mut self) -> Option<Bytes> {
        let mark = "\u{feff}".as_bytes();
        if !self.begun {
            if self.buffer.len() < mark.len() && mark.starts_with(&self.buffer) {
                return None;
            }
            if self.buffer.starts_with(mark) {
                self.buffer.advance(mark.len());
            }
            self.begun = true;
        }
        let rest = self.buffer.get(self.searched..)?;
        let Some(found) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = self.buffer.len();
            return None;
        };
        let at = self.searched + found;
        let ending = match (self.buffer.get(at), self.buffer.get(at + 1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            // A carriage return at the very end may be half of a pair: wait for the next piece.
            (Some(b'\r'), None) => {
                self.searched = at;
                return None;
            }
            _ => 1,
        };
        let line = self.buffer.split_to(at).freeze();
        self.buffer.advance(ending);
        self.searched = 0;
        Some(line)
    }

    fn line(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.current.data.push('\n');
                }
                self.current.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.current.kind),
            "id" if !value.contains('\0') => self.current.id = Some(value.to_owned()),
            // Comments, `retry` and unknown fields carry nothing we act on.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> Vec<Event> {
        let mut reader = Reader::default();
        let mut events = Vec::new();
        for piece in pieces {
            reader.push(&Bytes::from((*piece).to_owned()));
            while let Some(event) = reader.pop().unwrap() {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn events_are_the_same_however_they_are_cut() {
        let text = ": ping\r\n\r\nevent: message\r\nid: 4\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\ndata:x\n\nid: 9\ndata\n\n";
        let whole = read(&[text]);
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0].data, "{\"a\":\n1}");
        assert_eq!(whole[0].id.as_deref(), Some("4"));
        assert_eq!(whole[1], Event { data: "x".to_owned(), ..Event::default() });
        assert_eq!(whole[2].id.as_deref(), Some("9"));
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        let each: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(read(&each), whole);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut reader = Reader::default();
        reader.push(&Bytes::from(vec![b'x'; EVENT + 1]));
        assert_eq!(reader.pop(), Err(NetFault::TooLarge(EVENT)));
    }
}
