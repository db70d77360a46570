//! `examine PATH…`: one line of JSON for each file, for those who compare scanners.
//!
//! Never here: a rule. To add a field: in `Report`.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    os::unix::fs::FileExt as _,
};

use writ_scan::{Limits, Source, Unread, examine};

struct Open(File, u64);

impl Source for Open {
    fn len(&self) -> u64 {
        self.1
    }

    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<usize, Unread> {
        self.0.read_at(buf, at).map_err(|error| Unread::Refused(error.to_string()))
    }
}

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for path in std::env::args_os().skip(1) {
        let name = path.to_string_lossy().into_owned();
        let file = File::open(&path)?;
        let len = file.metadata()?.len();
        let report = examine(&name, &mut Open(file, len), &Limits::default());
        let mut line = serde_json::to_value(&report)?;
        if let Some(line) = line.as_object_mut() {
            line.insert("path".to_owned(), name.into());
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}
