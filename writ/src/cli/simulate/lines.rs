//! Lines of a file, one at a time, each within a bound.
//! Never here: what is in a line.

use std::{
    io::{BufRead, Read as _},
    path::Path,
};

use crate::fault::Fault;

/// Lines of something that is read.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    most: usize,
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most so many bytes.
    pub(super) fn new(from: R, most: usize) -> Self {
        Self { from, most, number: 0, line: Vec::new() }
    }

    /// The next line, with its number from 1.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is too long or no UTF-8.
    pub(super) fn next(&mut self, path: &Path) -> Result<Option<(u64, &str)>, Fault> {
        self.line.clear();
        let bound = u64::try_from(self.most).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.from.by_ref().take(bound).read_until(b'\n', &mut self.line);
        if read.map_err(|why| Fault::file(path, "read", &why))? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() > self.most {
            return Err(Fault::usage(format!(
                "line {} of `{}` has more than {} bytes",
                self.number,
                path.display(),
                self.most
            ))
            .cure("shorten its content: what is longer is not read by the gateway either"));
        }
        let number = self.number;
        let line = std::str::from_utf8(&self.line).map_err(|_why| {
            Fault::usage(format!("line {number} of `{}` is no UTF-8", path.display()))
        })?;
        Ok(Some((number, line.trim())))
    }
}
