//! Offline verification of an export, from its files alone: every hash is computed again from the lines.
//!
//! Never here: a file system (reading is a trait handed in), a claim that was not recomputed, what a line means (the
//! caller may check each one).

use std::fmt;

use serde_json::Value;
use writ_model::{Code, Digest, Timestamp, canonical};

use crate::{
    Checkpoint, Exporter,
    note::{Note, NoteFault, NoteVerifier},
    tiles::{self, BadBundle, CHECKPOINT, ExportFile, MAX_BUNDLE, WIDTH},
};

/// The files of an export, by their path with `/`.
pub trait Files {
    /// A file's content, or nothing if there is no such file. The reader bounds what it reads at
    /// [`tiles::MAX_BUNDLE`] plus one byte.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String>;
}

/// What makes the keys that the first line names.
pub type FirstLine<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<Box<dyn NoteVerifier>>, String>;

/// Whose signature is believed.
#[derive(Clone, Copy)]
pub enum Trust<'a> {
    /// Every one of these keys must have signed.
    Keys(&'a [&'a dyn NoteVerifier]),
    /// The keys that the first line names. This shows that the log is whole and of one hand, not whose hand: compare
    /// the key with one you have from elsewhere.
    FirstLine(FirstLine<'a>),
}

impl fmt::Debug for Trust<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(keys) => write!(out, "Keys({})", keys.len()),
            Self::FirstLine(_) => out.write_str("FirstLine"),
        }
    }
}

/// How to verify.
#[derive(Debug, Clone, Copy)]
pub struct VerifyOptions<'a> {
    /// Whose signature is believed.
    pub trust: Trust<'a>,
    /// The origin the checkpoint must have, if it is known.
    pub origin: Option<&'a str>,
    /// The member of each line that holds its instant, for the report.
    pub time_key: &'a str,
}

/// What was found true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which log.
    pub origin: String,
    /// How many lines, each of them read and hashed.
    pub size: u64,
    /// The root, computed from the lines and equal to the signed one.
    pub root: Digest,
    /// The names of the keys that signed.
    pub signers: Vec<String>,
    /// The instant of the first line that has one.
    pub first: Option<Timestamp>,
    /// The instant of the last line that has one.
    pub last: Option<Timestamp>,
    /// Files compared byte by byte.
    pub files: u64,
}

/// The first thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A file is not there.
    #[error("{path} is missing")]
    Missing {
        /// Which file.
        path: String,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        why: String,
    },
    /// The checkpoint or its signature is refused.
    #[error("the checkpoint is refused: {0}")]
    Checkpoint(NoteFault),
    /// It is another log's.
    #[error("the checkpoint is of {found}, not of {wanted}")]
    Origin {
        /// What it says.
        found: String,
        /// What was asked.
        wanted: String,
    },
    /// The first line names no key that can be used.
    #[error("the first line names no key: {why}")]
    NoKey {
        /// Why.
        why: String,
    },
    /// A bundle is malformed.
    #[error("{path} is malformed at {at}")]
    Bundle {
        /// Which file.
        path: String,
        /// Where and why.
        at: BadBundle,
    },
    /// A line is refused.
    #[error("line {index} is refused: {why}")]
    Line {
        /// Which line.
        index: u64,
        /// Why.
        why: String,
    },
    /// A file is not what the lines make.
    #[error("{path} differs from what the lines make, first at byte {byte}")]
    Differs {
        /// Which file.
        path: String,
        /// The first byte that differs.
        byte: usize,
    },
    /// The root is not the signed one.
    #[error("the lines lead to the root {computed}, and the checkpoint says {stated}")]
    Root {
        /// From the lines.
        computed: Digest,
        /// From the checkpoint.
        stated: Digest,
    },
}

impl Fault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Checkpoint(fault) => fault.code(),
            Self::Missing { .. } | Self::Unreadable { .. } => Code("EVID-0004"),
            Self::Origin { .. } | Self::NoKey { .. } => Code("EVID-0005"),
            Self::Bundle { .. } | Self::Line { .. } => Code("EVID-0006"),
            Self::Differs { .. } | Self::Root { .. } => Code("EVID-0007"),
        }
    }
}

/// A check of the caller's own on each line, with its index.
pub type CheckLine<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), String>;

/// Verifies an export: signatures, every line, every tile, the root.
///
/// # Errors
/// With the first thing that is wrong.
pub fn verify_export(
    files: &dyn Files,
    options: &VerifyOptions<'_>,
    check_line: CheckLine<'_>,
) -> Result<Report, Fault> {
    let note = Note::parse(&read(files, CHECKPOINT)?).map_err(Fault::Checkpoint)?;
    let checkpoint = Checkpoint::parse(&note.text).map_err(Fault::Checkpoint)?;
    if let Some(wanted) = options.origin.filter(|wanted| **wanted != *checkpoint.origin) {
        return Err(Fault::Origin { found: checkpoint.origin, wanted: wanted.to_owned() });
    }
    let signers = match options.trust {
        Trust::Keys(keys) => note.verify_all(keys).map_err(Fault::Checkpoint)?,
        Trust::FirstLine(_) => Vec::new(),
    };
    let mut walk = Walk {
        files,
        options,
        note: &note,
        check_line,
        exporter: Exporter::new(),
        report: Report {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            root: checkpoint.root,
            signers,
            first: None,
            last: None,
            files: 0,
        },
    };
    let mut from = 0;
    while from < checkpoint.size {
        let width = WIDTH.min(checkpoint.size - from);
        walk.bundle(from, width)?;
        from += width;
    }
    walk.finish(&checkpoint)
}

struct Walk<'a> {
    files: &'a dyn Files,
    options: &'a VerifyOptions<'a>,
    note: &'a Note,
    check_line: CheckLine<'a>,
    exporter: Exporter,
    report: Report,
}

impl Walk<'_> {
    fn bundle(&mut self, from: u64, width: u64) -> Result<(), Fault> {
        let path = tiles::entries_path(from / WIDTH, width);
        let bytes = read(self.files, &path)?;
        let lines = tiles::read_bundle(&bytes, width).map_err(|at| Fault::Bundle { path, at })?;
        for (index, line) in (from..).zip(lines) {
            self.line(index, line).map_err(|why| Fault::Line { index, why })?;
            if index == 0 {
                self.trust_first(line)?;
            }
            let too_long = |why: tiles::TooLong| Fault::Line { index, why: why.to_string() };
            for file in self.exporter.push(line).map_err(too_long)? {
                self.compare(&file)?;
            }
        }
        Ok(())
    }

    fn trust_first(&mut self, line: &[u8]) -> Result<(), Fault> {
        let Trust::FirstLine(keys_of) = self.options.trust else { return Ok(()) };
        let keys = keys_of(line).map_err(|why| Fault::NoKey { why })?;
        let keys: Vec<&dyn NoteVerifier> = keys.iter().map(|key| &**key).collect();
        self.report.signers = self.note.verify_all(&keys).map_err(Fault::Checkpoint)?;
        Ok(())
    }

    fn line(&mut self, index: u64, line: &[u8]) -> Result<(), String> {
        let value: Value = serde_json::from_slice(line).map_err(|fault| fault.to_string())?;
        let spelt = canonical::to_vec(&value).map_err(|fault| fault.to_string())?;
        if spelt != line {
            return Err("it is not canonical JSON".to_owned());
        }
        let at = value.get(self.options.time_key).and_then(Value::as_str);
        if let Some(at) = at.and_then(|at| at.parse().ok()) {
            self.report.first.get_or_insert(at);
            self.report.last = Some(at);
        }
        (self.check_line)(index, line)
    }

    fn compare(&mut self, made: &ExportFile) -> Result<(), Fault> {
        let found = read(self.files, &made.path)?;
        self.report.files += 1;
        if found == made.bytes {
            return Ok(());
        }
        let same = found.iter().zip(&made.bytes).take_while(|(a, b)| a == b).count();
        Err(Fault::Differs { path: made.path.clone(), byte: same })
    }

    fn finish(mut self, checkpoint: &Checkpoint) -> Result<Report, Fault> {
        if checkpoint.size == 0 && matches!(self.options.trust, Trust::FirstLine(_)) {
            return Err(Fault::NoKey { why: "there is no line".to_owned() });
        }
        let (head, rest) = std::mem::take(&mut self.exporter).finish();
        for file in rest {
            self.compare(&file)?;
        }
        if head.root != checkpoint.root {
            return Err(Fault::Root { computed: head.root, stated: checkpoint.root });
        }
        Ok(self.report)
    }
}

fn read(files: &dyn Files, path: &str) -> Result<Vec<u8>, Fault> {
    let found = files.read(path).map_err(|why| Fault::Unreadable { path: path.to_owned(), why })?;
    let bytes = found.ok_or_else(|| Fault::Missing { path: path.to_owned() })?;
    if bytes.len() > MAX_BUNDLE {
        let why = format!("it has more than {MAX_BUNDLE} bytes");
        return Err(Fault::Unreadable { path: path.to_owned(), why });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
