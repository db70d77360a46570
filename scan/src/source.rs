//! Where bytes come from: a file, a slice, a part of another source. Reading is all that is asked of it.
//!
//! Never here: a path, an open file, a cache that grows. To add a source: `impl Source`, and `tests` below hold it to the rule.

/// Why bytes could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The one who holds the bytes said no.
    #[error("bytes could not be read: {0}")]
    Refused(String),
    /// A compressed layer was kept up to its limit only.
    #[error("bytes lie behind what was unpacked")]
    Beyond,
}

impl Unread {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "SCAN-0001",
            Self::Beyond => "SCAN-0002",
        }
    }
}

/// Bytes with a known length that can be read anywhere.
pub trait Source {
    /// Bytes there are.
    fn len(&self) -> u64;
    /// Fills as much of `buf` as there is from `at` on; 0 at the end.
    ///
    /// # Errors
    /// If the bytes cannot be read.
    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<usize, Unread>;
    /// Whether there is nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Bytes in memory.
#[derive(Debug, Clone, Copy)]
pub struct Slice<'b>(pub &'b [u8]);

impl Source for Slice<'_> {
    fn len(&self) -> u64 {
        wide(self.0.len())
    }

    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<usize, Unread> {
        let rest = self.0.get(narrow(at)..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

/// A part of another source.
pub(crate) struct Part<'s> {
    inner: &'s mut dyn Source,
    at: u64,
    len: u64,
}

impl<'s> Part<'s> {
    /// `len` bytes from `at` on, or as many as there are.
    pub(crate) fn new(inner: &'s mut dyn Source, at: u64, len: u64) -> Self {
        let there = inner.len().saturating_sub(at);
        Self { inner, at, len: len.min(there) }
    }
}

impl Source for Part<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<usize, Unread> {
        let most = narrow(self.len.saturating_sub(at)).min(buf.len());
        match buf.get_mut(..most) {
            Some(buf) if most > 0 => self.inner.read_at(self.at.saturating_add(at), buf),
            _ => Ok(0),
        }
    }
}

/// The beginning of a layer whose whole length is known or guessed: passing over the rest works, reading it does not.
pub(crate) struct Head<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) len: u64,
}

impl Source for Head<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<usize, Unread> {
        if at < self.len && at >= wide(self.bytes.len()) && !buf.is_empty() {
            return Err(Unread::Beyond);
        }
        Slice(self.bytes).read_at(at, buf)
    }
}

/// Up to `most` bytes from `at` on. The caller bounds `most`.
pub(crate) fn read(source: &mut dyn Source, at: u64, most: usize) -> Result<Vec<u8>, Unread> {
    let there = narrow(source.len().saturating_sub(at)).min(most);
    let mut bytes = vec![0; there];
    let mut done = 0;
    while let Some(buf) = bytes.get_mut(done..).filter(|buf| !buf.is_empty()) {
        match source.read_at(at.saturating_add(wide(done)), buf) {
            Ok(0) => break,
            Ok(count) => done += count.min(there - done),
            // What is there is given; who asks for more hears of it then.
            Err(_) if done > 0 => break,
            Err(other) => return Err(other),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

/// A length as a place.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A place as a length; beyond memory it is the greatest length, which no slice has.
pub(crate) fn narrow(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// A little-endian number out of up to eight bytes.
pub(crate) fn little(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// `len` bytes at `at` of a slice, if they are there.
pub(crate) fn piece(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// Where a needle first stands.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_reads_nothing_outside_itself() {
        let mut all = Slice(b"0123456789");
        let mut part = Part::new(&mut all, 2, 3);
        assert_eq!(part.len(), 3);
        assert_eq!(read(&mut part, 0, 100).unwrap(), b"234");
        assert_eq!(read(&mut part, 2, 100).unwrap(), b"4");
        assert_eq!(read(&mut part, 3, 100).unwrap(), b"");
        assert_eq!(Part::new(&mut all, 9, u64::MAX).len(), 1);
        assert_eq!(Part::new(&mut all, u64::MAX, 1).len(), 0);
    }

    #[test]
    fn small_helpers_hold_at_their_edges() {
        assert_eq!(little(&[1, 2]), 0x201);
        assert_eq!(little(&[0xff; 9]), u64::MAX);
        assert_eq!(find(b"aab", b"ab"), Some(1));
        assert_eq!(find(b"aab", b"c"), None);
        assert_eq!(piece(b"abc", 2, usize::MAX), None);
    }
}
