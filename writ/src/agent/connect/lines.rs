//! Lines of JSON on stdio: read with a bound, written by one task in the order they come.
//!
//! Never here: what a line means. To bound something else: a constant with its reason.

use std::io;

use bytes::Bytes;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
};

/// LIMIT: one line from a client: as large as a request may be.
pub const FROM_CLIENT: u64 = 1 << 20;
/// LIMIT: one line from a server: as large as an answer may be.
pub const FROM_SERVER: u64 = 16 << 20;
/// LIMIT: lines waiting to be written; beyond it whoever wants to write waits.
const QUEUE: usize = 256;

/// One line read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line, without its end.
    Whole(Bytes),
    /// A line longer than the limit; its rest was skipped.
    TooLong,
    /// Nothing more comes.
    End,
}

/// Reads one line.
///
/// # Errors
/// If the reader fails.
pub async fn read<R: AsyncBufRead + Unpin>(reader: &mut R, limit: u64) -> io::Result<Line> {
    loop {
        let mut line = Vec::new();
        let count = (&mut *reader).take(limit + 1).read_until(b'\n', &mut line).await?;
        if count == 0 {
            return Ok(Line::End);
        }
        if line.last() != Some(&b'\n') && line.len() as u64 > limit {
            skip(reader).await?;
            return Ok(Line::TooLong);
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        if !line.is_empty() {
            return Ok(Line::Whole(Bytes::from(line)));
        }
    }
}

async fn skip<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(());
        }
        let (used, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        reader.consume(used);
        if ended {
            return Ok(());
        }
    }
}

/// Where lines to be written are put. Cheap to clone; the writer ends when the last one is gone.
#[derive(Debug, Clone)]
pub struct Outbox(mpsc::Sender<Bytes>);

impl Outbox {
    /// An outbox, and what must be driven for its lines to be written.
    pub fn new() -> (Self, Writer) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), Writer(receiver))
    }

    /// Puts one message in; line ends inside it (which JSON allows between values only) become spaces. False if nobody
    /// writes any more.
    pub async fn put(&self, message: impl Into<Bytes>) -> bool {
        let mut message: Bytes = message.into();
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if message.iter().any(ends) {
            message = message.iter().map(|byte| if ends(byte) { b' ' } else { *byte }).collect();
        }
        self.0.send(message).await.is_ok()
    }
}

/// The other end of an [`Outbox`].
#[derive(Debug)]
pub struct Writer(mpsc::Receiver<Bytes>);

impl Writer {
    /// Writes lines until every [`Outbox`] is gone or the output is closed.
    ///
    /// # Errors
    /// If the output fails.
    pub async fn run<W: AsyncWrite + Unpin>(mut self, mut output: W) -> io::Result<()> {
        while let Some(line) = self.0.recv().await {
            output.write_all(&line).await?;
            output.write_all(b"\n").await?;
            if self.0.is_empty() {
                output.flush().await?;
            }
        }
        output.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_bounded_and_blank_ones_skipped() {
        let mut input = tokio::io::BufReader::with_capacity(4, &b"abc\r\n\n\n1234567890\nlast"[..]);
        assert_eq!(read(&mut input, 8).await.unwrap(), Line::Whole(Bytes::from_static(b"abc")));
        assert_eq!(read(&mut input, 8).await.unwrap(), Line::TooLong);
        assert_eq!(read(&mut input, 8).await.unwrap(), Line::Whole(Bytes::from_static(b"last")));
        assert_eq!(read(&mut input, 8).await.unwrap(), Line::End);
    }

    #[tokio::test]
    async fn a_message_stays_one_line() {
        let (outbox, writer) = Outbox::new();
        assert!(outbox.put("{\n \"a\":1}").await);
        drop(outbox);
        let mut out = Vec::new();
        writer.run(&mut out).await.unwrap();
        assert_eq!(out, b"{  \"a\":1}\n");
    }
}
