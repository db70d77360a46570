//! Reading forward through a source with one window, and looking back at spans of it.
//!
//! Never here: a length out of the file used before it is compared with what is there.

use crate::source::{Source, Unread, little, narrow, read, wide};

/// LIMIT: bytes of the window: few reads for large files, little memory for small ones.
const WINDOW: usize = 64 << 10;

/// Why reading ended before the format did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The bytes ended.
    End,
    /// The bytes are not what the format asks for.
    Broken,
    /// A limit was met.
    Limit,
    /// They could not be read.
    Unread,
}

fn stop(unread: &Unread) -> Stop {
    match unread {
        Unread::Refused(_) => Stop::Unread,
        Unread::Beyond => Stop::Limit,
    }
}

/// A place in a source.
pub(crate) struct Cursor<'s> {
    source: &'s mut dyn Source,
    window: Vec<u8>,
    start: u64,
    at: u64,
    len: u64,
}

impl<'s> Cursor<'s> {
    /// At the beginning.
    pub(crate) fn new(source: &'s mut dyn Source) -> Self {
        let len = source.len();
        Self { source, window: Vec::new(), start: 0, at: 0, len }
    }

    /// Bytes from the beginning.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes left.
    pub(crate) fn left(&self) -> u64 {
        self.len.saturating_sub(self.at)
    }

    /// Goes to a place.
    pub(crate) fn seek(&mut self, at: u64) {
        self.at = at.min(self.len);
    }

    /// What the window holds from `at` on, of at most its own size; refilled if `want` bytes are not in it.
    fn view(&mut self, at: u64, want: usize) -> Result<&[u8], Stop> {
        let inside = at.checked_sub(self.start).map(narrow);
        let there = inside.and_then(|from| self.window.len().checked_sub(from)).unwrap_or(0);
        if there < want.min(narrow(self.len.saturating_sub(at))) {
            let size = want.max(WINDOW);
            self.window.clear();
            self.start = at;
            self.window = read(self.source, at, size).map_err(|unread| stop(&unread))?;
        }
        let from = narrow(at.saturating_sub(self.start));
        Ok(self.window.get(from..).unwrap_or_default())
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> Result<u8, Stop> {
        let from = self.at.wrapping_sub(self.start);
        if let Some(byte) = usize::try_from(from).ok().and_then(|from| self.window.get(from)) {
            self.at += 1;
            return Ok(*byte);
        }
        let byte = *self.view(self.at, 1)?.first().ok_or(Stop::End)?;
        self.at += 1;
        Ok(byte)
    }

    /// A little-endian number of `count` bytes, at most eight.
    pub(crate) fn number(&mut self, count: usize) -> Result<u64, Stop> {
        let number = little(self.peek(count)?.get(..count).ok_or(Stop::End)?);
        self.at += wide(count);
        Ok(number)
    }

    /// What comes next: `count` bytes, or what there is of them in one window.
    pub(crate) fn peek(&mut self, count: usize) -> Result<&[u8], Stop> {
        let bytes = self.view(self.at, count.min(WINDOW))?;
        Ok(bytes.get(..count).unwrap_or(bytes))
    }

    /// Passes over bytes without reading them.
    pub(crate) fn skip(&mut self, count: u64) -> Result<(), Stop> {
        if count > self.left() {
            return Err(Stop::End);
        }
        self.at += count;
        Ok(())
    }

    /// Bytes up to a line feed, which is passed; the span's place and length.
    pub(crate) fn line(&mut self, most: usize) -> Result<(u64, u32), Stop> {
        let at = self.at;
        let mut length = 0;
        loop {
            let next = self.view(at + wide(length), 1)?;
            if next.is_empty() {
                return Err(Stop::End);
            }
            let there = next.len();
            match next.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    length += end;
                    break;
                }
                None => length += there,
            }
            if length > most {
                return Err(Stop::Limit);
            }
        }
        self.at = at + wide(length) + 1;
        Ok((at, u32::try_from(length).map_err(|_large| Stop::Limit)?))
    }

    /// A span again, cut to `most` bytes; the place does not change.
    pub(crate) fn span(&mut self, at: u64, length: u64, most: usize) -> Result<Vec<u8>, Stop> {
        let count = narrow(length).min(most);
        let inside = at.checked_sub(self.start).map(narrow);
        let held = inside.and_then(|from| self.window.get(from..from.checked_add(count)?));
        match held {
            Some(bytes) => Ok(bytes.to_vec()),
            None => read(self.source, at, count).map_err(|unread| stop(&unread)),
        }
    }

    /// `count` bytes, which are passed. The caller bounds `count`.
    pub(crate) fn take(&mut self, count: u64, most: usize) -> Result<Vec<u8>, Stop> {
        if count > self.left() {
            return Err(Stop::End);
        }
        if narrow(count) > most {
            return Err(Stop::Limit);
        }
        let bytes = self.span(self.at, count, most)?;
        if wide(bytes.len()) < count {
            return Err(Stop::End);
        }
        self.at += count;
        Ok(bytes)
    }
}
