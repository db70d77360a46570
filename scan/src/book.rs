//! What has been found so far, and what may still be spent: handed from reader to reader.
//!
//! Never here: a format. A reader says what it saw; only the sum is made here.

use writ_model::text::shown;

use crate::{
    limits::Limits,
    report::{At, Finding, Kind, Reason, Report, Status},
};

/// LIMIT: lines about what was not looked at.
const SKIPPED: usize = 32;
/// LIMIT: letters of a name out of the file that a sentence or a path shows.
const SHOWN: usize = 120;
/// LIMIT: bytes of a path inside a file.
const PATH: usize = 600;

/// The book of one file, or of one part that may turn out to be nothing.
pub(crate) struct Book<'l> {
    pub(crate) limits: &'l Limits,
    steps: u64,
    path: String,
    depth: usize,
    status: Status,
    failed: u32,
    finding: Finding,
    rules: Vec<&'static str>,
    reasons: Vec<Reason>,
    skipped: Vec<String>,
}

impl<'l> Book<'l> {
    /// An empty one.
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            steps: limits.steps,
            path: String::new(),
            depth: 0,
            status: Status::Complete,
            failed: 0,
            finding: Finding::Clean,
            rules: Vec::new(),
            reasons: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// What was found up to now.
    pub(crate) fn finding(&self) -> Finding {
        self.finding
    }

    /// Bytes that a compressed layer may become here: half as many at each depth.
    pub(crate) fn room(&self) -> usize {
        let halved = self.limits.unpacked >> self.depth.min(16);
        usize::try_from(halved.max(64 << 10)).unwrap_or(usize::MAX)
    }

    /// How many times bytes contradicted their format.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Takes `count` steps; false if there are none left, which is told once.
    pub(crate) fn step(&mut self, count: u64) -> bool {
        if self.steps >= count {
            self.steps -= count;
            return true;
        }
        self.steps = 0;
        self.partial("what comes after the limit of steps was met");
        false
    }

    /// Writes a finding down.
    pub(crate) fn add(
        &mut self,
        finding: Finding,
        rule: &'static str,
        at: u64,
        sentence: impl Into<String>,
    ) {
        self.finding = self.finding.max(finding);
        if let Err(place) = self.rules.binary_search(&rule) {
            self.rules.insert(place, rule);
        }
        let sentence = sentence.into();
        let told = |one: &Reason| one.rule == rule && one.sentence == sentence;
        if self.reasons.len() < self.limits.reasons && !self.reasons.iter().any(told) {
            let at = At { path: self.path.clone(), offset: at };
            self.reasons.push(Reason { rule, sentence, at });
        }
    }

    /// Something is known to carry no code and was passed over.
    pub(crate) fn pass(&mut self, what: &str) {
        self.skip(what);
    }

    /// Something that could carry code was not looked at: never clean.
    pub(crate) fn partial(&mut self, what: &str) {
        self.status = self.status.max(Status::Partial);
        self.finding = self.finding.max(Finding::Unknown);
        self.skip(what);
    }

    /// The bytes contradict their format: never clean.
    pub(crate) fn broken(&mut self, rule: &'static str, at: u64, sentence: impl Into<String>) {
        self.status = Status::Error;
        self.failed = self.failed.saturating_add(1);
        self.add(Finding::Unknown, rule, at, sentence);
    }

    fn skip(&mut self, what: &str) {
        let line =
            if self.path.is_empty() { what.to_owned() } else { format!("{}: {what}", self.path) };
        if self.skipped.len() < SKIPPED && !self.skipped.contains(&line) {
            self.skipped.push(line);
        }
    }

    /// Examines something inside; nothing happens, and is told, if that is too deep.
    pub(crate) fn inside(&mut self, name: &str, examine: impl FnOnce(&mut Self)) {
        if self.depth >= self.limits.depth {
            self.partial("what lies deeper than the limit of layers");
            return;
        }
        let path = below(&self.path, name);
        let outside = std::mem::replace(&mut self.path, path);
        self.depth += 1;
        examine(self);
        self.depth -= 1;
        self.path = outside;
    }

    /// Tries something that may be nothing: what it writes stands in a book of its own until [`Self::merge`].
    pub(crate) fn attempt(&mut self, name: &str, examine: impl FnOnce(&mut Self)) -> Book<'l> {
        let mut other = Self::new(self.limits);
        other.path = below(&self.path, name);
        other.depth = self.depth + 1;
        other.steps = self.steps;
        if other.depth <= self.limits.depth {
            examine(&mut other);
        }
        self.steps = other.steps;
        other
    }

    /// Takes over what was found in an attempt. Its status does not count: the part was not promised to be readable.
    pub(crate) fn merge(&mut self, other: Book<'_>) {
        self.finding = self.finding.max(other.finding);
        for rule in other.rules {
            if let Err(place) = self.rules.binary_search(&rule) {
                self.rules.insert(place, rule);
            }
        }
        for reason in other.reasons {
            if self.reasons.len() < self.limits.reasons && !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
    }

    /// The report.
    pub(crate) fn close(self, kind: Kind) -> Report {
        Report {
            kind,
            status: self.status,
            finding: self.finding,
            rules: self.rules,
            reasons: self.reasons,
            not_looked_at: self.skipped,
        }
    }
}

fn below(path: &str, name: &str) -> String {
    let name = quoted(name);
    let all = if path.is_empty() { name } else { format!("{path}!{name}") };
    if all.len() <= PATH { all } else { all.chars().take(PATH / 4).collect::<String>() + "…" }
}

/// Something out of the file, fit for a sentence: letters that hide written out, cut.
pub(crate) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    let mark = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{mark}", shown(&cut))
}
