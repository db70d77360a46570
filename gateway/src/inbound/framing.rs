//! [`Framed`]: a connection whose requests are looked at before they are read, so that where one ends and the next begins
//! can be read in one way only (RFC 9112 sections 2.2, 3.2, 5, 6.3 and 7.1, and stricter than they are). Whoever stands
//! before us or behind us may be laxer, in another way; what such readers could disagree about is refused here.
//!
//! What is odd in a head marks the connection, and its requests are refused in words; what is odd in a body ends it there.
//! Never here: a byte changed, or a request read for what it says. To refuse one more thing: a branch in [`Head::field`],
//! a row in `tests/road/hostile/requests.json`.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Line;

/// LIMIT: bytes of one line of a head: as many as the whole head may have.
const LINE: usize = 64 << 10;
/// LIMIT: digits of a length, and of a chunk's: more than any body that is taken.
const LENGTH_DIGITS: usize = 12;
const CHUNK_DIGITS: u32 = 7;

/// A connection whose framing is followed.
#[derive(Debug)]
pub(crate) struct Framed<S> {
    inner: S,
    line: Arc<Line>,
    at: At,
}

/// What comes next.
#[derive(Debug)]
enum At {
    Head(Head),
    /// So many bytes of a body of known length.
    Body(u64),
    /// A chunk's length: its value and digits so far.
    Size(u64, u32),
    /// Bytes of a chunk.
    Chunk(u64),
    /// The end of a line: at which of its two bytes, and whether it ends the whole body.
    Ending {
        second: bool,
        last: bool,
        size: Option<u64>,
    },
    /// Nothing is followed any more: the connection is marked, and closed after its answer.
    Lost,
    /// The body ended in a way in which none does.
    Broken,
}

/// A head so far.
#[derive(Debug, Default)]
struct Head {
    line: Vec<u8>,
    begun: bool,
    old: bool,
    hosts: u32,
    length: Option<u64>,
    chunked: bool,
}

/// Something that could be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Odd;

impl Head {
    /// The rest of a line, as far as it is there: of how many bytes, and at the end of the head what comes after it.
    fn take(&mut self, bytes: &[u8]) -> (usize, Result<Option<At>, Odd>) {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(bytes);
            let fits = self.line.len() <= LINE;
            return (bytes.len(), if fits { Ok(None) } else { Err(Odd) });
        };
        let part = bytes.get(..end).unwrap_or_default();
        let outcome = if self.line.is_empty() {
            self.whole(part)
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(part);
            self.whole(&line)
        };
        (end + 1, outcome)
    }

    fn whole(&mut self, line: &[u8]) -> Result<Option<At>, Odd> {
        let line = line.strip_suffix(b"\r").filter(|line| line.len() <= LINE).ok_or(Odd)?;
        if line.iter().any(|byte| matches!(byte, b'\r' | 0)) {
            return Err(Odd);
        }
        match (line.is_empty(), self.begun) {
            // Blank lines before a request are passed over, as by everybody.
            (true, false) => Ok(None),
            (true, true) => self.ended().map(Some),
            (false, false) => self.request(line).map(|()| None),
            (false, true) => self.field(line).map(|()| None),
        }
    }

    fn request(&mut self, line: &[u8]) -> Result<(), Odd> {
        self.begun = true;
        let mut parts = line.split(|byte| *byte == b' ');
        let (method, target, version) = (parts.next(), parts.next(), parts.next());
        let (Some(_), Some(target), Some(version), None) = (method, target, version, parts.next())
        else {
            return Err(Odd);
        };
        self.old = version == b"HTTP/1.0";
        if target.first() == Some(&b'/') { Ok(()) } else { Err(Odd) }
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Odd> {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Odd)?;
        let (name, value) = (line.get(..colon).ok_or(Odd)?, line.get(colon + 1..).ok_or(Odd)?);
        // A line that goes on begins with a blank, and a name ends with one only to be taken for another.
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(Odd);
        }
        let value = value.trim_ascii();
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let length = length(value).filter(|_| self.length.is_none()).ok_or(Odd)?;
            self.length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Odd);
            }
            self.chunked = true;
        }
        Ok(())
    }

    fn ended(&self) -> Result<At, Odd> {
        let host = self.hosts == 1 || (self.old && self.hosts == 0);
        match (host, self.chunked, self.length) {
            (true, true, None) if !self.old => Ok(At::Size(0, 0)),
            (true, false, None | Some(0)) => Ok(At::Head(Self::default())),
            (true, false, Some(length)) => Ok(At::Body(length)),
            _ => Err(Odd),
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Digits and nothing else: no sign, no list of equal lengths.
fn length(value: &[u8]) -> Option<u64> {
    let digits =
        !value.is_empty() && value.len() <= LENGTH_DIGITS && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

impl At {
    /// Follows some bytes, as far as they are followed; how many of them may be read on.
    fn follow(&mut self, bytes: &[u8], line: &Line) -> usize {
        let mut rest = bytes;
        while let Some(byte) = rest.first() {
            let (taken, next) = match self {
                Self::Lost => return bytes.len(),
                Self::Broken => return bytes.len() - rest.len(),
                Self::Body(left) => {
                    let taken = less(left, rest.len());
                    (taken, (*left == 0).then(|| Self::Head(Head::default())))
                }
                Self::Chunk(left) => {
                    let taken = less(left, rest.len());
                    let end = Self::Ending { second: false, last: false, size: None };
                    (taken, (*left == 0).then_some(end))
                }
                Self::Head(head) => {
                    let (taken, next) = head.take(rest);
                    let lost = |Odd| {
                        line.marks();
                        Some(Self::Lost)
                    };
                    (taken, next.unwrap_or_else(lost))
                }
                Self::Size(value, digits) => (1, Some(Self::size((*value, *digits), *byte))),
                Self::Ending { second, last, size } => {
                    (1, Some(Self::ending((*second, *last, *size), *byte)))
                }
            };
            if let Some(next) = next {
                *self = next;
            }
            if !matches!(self, Self::Broken) {
                rest = rest.get(taken..).unwrap_or_default();
            }
        }
        bytes.len()
    }

    /// One byte of a chunk's length. What may stand behind it (an extension) nobody needs, and some read over its end.
    fn size((value, digits): (u64, u32), byte: u8) -> Self {
        let digit = char::from(byte).to_digit(16);
        match (digit, byte) {
            (Some(digit), _) if digits < CHUNK_DIGITS => {
                Self::Size(value * 16 + u64::from(digit), digits + 1)
            }
            (None, b'\r') if digits > 0 => {
                Self::Ending { second: true, last: false, size: Some(value) }
            }
            _ => Self::Broken,
        }
    }

    /// One byte of the end of a line: behind a chunk's length, behind its bytes, or behind the last of them. Trailers have
    /// no place in MCP.
    fn ending((second, last, size): (bool, bool, Option<u64>), byte: u8) -> Self {
        match (second, byte, size) {
            (false, b'\r', _) => Self::Ending { second: true, last, size },
            (true, b'\n', Some(0)) => Self::Ending { second: false, last: true, size: None },
            (true, b'\n', Some(size)) => Self::Chunk(size),
            (true, b'\n', None) if last => Self::Head(Head::default()),
            (true, b'\n', None) => Self::Size(0, 0),
            _ => Self::Broken,
        }
    }
}

/// What of some bytes of a connection is read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// So many of them.
    pub bytes: usize,
    /// A head can be read in two ways: everything is read on, and every request is refused.
    pub odd: bool,
    /// A body can be: nothing is read on any more.
    pub broken: bool,
}

/// Follows what comes on a connection in these pieces, as [`Framed`] does: for hunts and measurements.
pub fn followed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Followed {
    let (line, mut at, mut bytes) = (Line::default(), At::Head(Head::default()), 0);
    for piece in pieces {
        let taken = at.follow(piece, &line);
        bytes += taken;
        if taken < piece.len() {
            break;
        }
    }
    Followed { bytes, odd: line.odd(), broken: matches!(at, At::Broken) }
}

/// Takes as many of the bytes that are there as are left; how many that is.
fn less(left: &mut u64, there: usize) -> usize {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(there);
    *left -= taken as u64;
    taken
}

impl<S> Framed<S> {
    /// The same connection, followed; what is odd marks this line.
    pub(crate) fn new(inner: S, line: Arc<Line>) -> Self {
        Self { inner, line, at: At::Head(Head::default()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if matches!(this.at, At::Broken) {
            let why = "the body is not framed as its head says";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        let good = if new.is_empty() { 0 } else { this.at.follow(new, &this.line) };
        if good < new.len() {
            buffer.set_filled(before + good);
            if good == 0 {
                // Nothing is not the end: the fault is told at once.
                return self.poll_read(cx, buffer);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes through in pieces of a size: how many bytes, whether the line is marked, whether the body broke.
    fn through(text: &str, size: usize) -> (usize, bool, bool) {
        let Followed { bytes, odd, broken } = followed(text.as_bytes().chunks(size));
        (bytes, odd, broken)
    }

    const HEAD: &str = "POST /mcp/mail HTTP/1.1\r\nHost: a\r\n";

    #[test]
    fn requests_that_have_one_reading_pass_whole_in_any_pieces() {
        let chunked = format!(
            "{HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"
        );
        let sized = format!("{HEAD}content-length: 3\r\n\r\nabc");
        let bare = "\r\nGET /x?y=z HTTP/1.1\r\nhost:a\r\n\r\n".to_owned();
        let old = "GET / HTTP/1.0\r\n\r\n".to_owned();
        for text in [&chunked, &sized, &bare, &old, &[&*chunked, &sized, &bare, &sized].concat()] {
            for size in 1..text.len() {
                assert_eq!(through(text, size), (text.len(), false, false), "{text} by {size}");
            }
        }
    }

    #[test]
    fn heads_with_two_readings_mark_the_connection() {
        for (case, odd) in [
            ("two lengths", "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"),
            ("a list of lengths", "Content-Length: 3, 3\r\n\r\n"),
            ("a signed length", "Content-Length: +3\r\n\r\n"),
            ("no length", "Content-Length:\r\n\r\n"),
            ("a length beyond all", "Content-Length: 99999999999999999999\r\n\r\n"),
            ("length and coding", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"),
            ("two codings", "Transfer-Encoding: gzip, chunked\r\n\r\n"),
            ("a coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("another coding", "Transfer-Encoding: identity\r\n\r\n"),
            ("a disguised coding", "Transfer-Encoding: \x0bchunked\r\n\r\n"),
            ("two hosts", "Host: b\r\n\r\n"),
            ("a folded line", "X: a\r\n b\r\n\r\n"),
            ("a blank before the colon", "Content-Length : 3\r\n\r\n"),
            ("no colon", "Content-Length\r\n\r\n"),
            ("no name", ": 3\r\n\r\n"),
            ("a bare line feed", "X: a\nContent-Length: 3\r\n\r\n"),
            ("a bare carriage return", "X: a\rContent-Length: 3\r\n\r\n"),
            ("a NUL", "X: a\0b\r\n\r\n"),
        ] {
            let text = format!("{HEAD}{odd}abc");
            for size in [1, 7, text.len()] {
                assert_eq!(through(&text, size), (text.len(), true, false), "{case} by {size}");
            }
        }
        for (case, text) in [
            ("no host", "POST / HTTP/1.1\r\n\r\n"),
            ("a whole URL", "POST http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a target with a blank", "POST /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a request of 0.9", "GET /\r\n\r\n"),
            ("a tunnel", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("chunks of 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ] {
            assert_eq!(through(text, 5), (text.len(), true, false), "{case}");
        }
        let long = format!("{HEAD}X: {}\r\n\r\n", "x".repeat(LINE));
        assert!(through(&long, 4096).1);
    }

    #[test]
    fn bodies_with_two_readings_end_where_they_begin_to_have_them() {
        let head = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
        for (case, good, bad) in [
            ("an extension", "3", ";a=b\r\nabc\r\n0\r\n\r\n"),
            ("a blank behind the length", "3", " \r\nabc\r\n0\r\n\r\n"),
            ("no length", "", "\r\nabc\r\n0\r\n\r\n"),
            ("a sign", "", "-3\r\nabc\r\n0\r\n\r\n"),
            ("a prefix", "0", "x3\r\nabc\r\n0\r\n\r\n"),
            ("a length beyond all", "FFFFFFF", "F1\r\nabc\r\n0\r\n\r\n"),
            ("a bare line feed", "3", "\nabc\r\n0\r\n\r\n"),
            ("a chunk longer than it says", "3\r\nabc", "d\r\n0\r\n\r\n"),
            ("trailers", "3\r\nabc\r\n0\r\n", "Host: b\r\n\r\n"),
        ] {
            let text = format!("{head}{good}{bad}");
            for size in [1, 7, text.len()] {
                let wanted = (head.len() + good.len(), false, true);
                assert_eq!(through(&text, size), wanted, "{case} by {size}");
            }
        }
    }
}
