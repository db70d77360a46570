//! What has been found so far, and what may still be spent: handed from reader to reader.
//!
//! Never here: a format. A reader says what it saw; only the sum is made here.

use writ_model::text::shown;

use crate::{
    limits::Limits,
    report::{At, Finding, Kind, Reason, Report, Status},
    source::wide,
};

/// LIMIT: lines about what was not looked at.
const SKIPPED: usize = 32;
/// LIMIT: letters of a name out of the file that a sentence or a path shows.
const SHOWN: usize = 120;
/// LIMIT: bytes of a path inside a file.
const PATH: usize = 600;
/// Unpacked bytes beside which there is room for everything else.
const ROOMY: u64 = 8 << 20;
/// LIMIT: steps of all attempts inside attempts together, whatever is in the file: what hides in several layers needs
/// thousands. Without it a few hundred bytes that fit into each other could be tried in more ways than there is time for.
const POOL: u64 = 4_000_000;
/// Steps for each byte of a stretch that is tried on top of that: ten times what honest bytes need.
const FUND: u64 = 64;
/// Steps that an attempt costs by itself: its book, its walk's tables.
const ATTEMPT: u64 = 64;

/// The book of one file, or of one part that may turn out to be nothing.
pub(crate) struct Book<'l> {
    pub(crate) limits: &'l Limits,
    steps: u64,
    pool: u64,
    /// Attempts around this one.
    nested: usize,
    /// Something hidden was not tried because a limit was met.
    untried: bool,
    path: String,
    depth: usize,
    /// Bytes of unpacked layers that are held around what is examined now.
    held: u64,
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
            pool: POOL,
            nested: 0,
            untried: false,
            path: String::new(),
            depth: 0,
            held: 0,
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

    /// Whether a rule has spoken.
    pub(crate) fn ruled(&self, rule: &str) -> bool {
        self.rules.binary_search(&rule).is_ok()
    }

    /// Bytes that a compressed layer may become here: half as many at each depth.
    pub(crate) fn room(&self) -> usize {
        let halved = self.limits.unpacked >> self.depth.min(16);
        usize::try_from(halved.max(64 << 10)).unwrap_or(usize::MAX)
    }

    /// Values that may be held here: half as many where an unpacked layer takes the room.
    pub(crate) fn values(&self) -> usize {
        self.limits.values / if self.held > ROOMY { 2 } else { 1 }
    }

    /// Examines something inside that was unpacked into memory for it.
    pub(crate) fn unpacked(&mut self, name: &str, bytes: usize, examine: impl FnOnce(&mut Self)) {
        self.held = self.held.saturating_add(wide(bytes));
        self.inside(name, examine);
        self.held = self.held.saturating_sub(wide(bytes));
    }

    /// How many times bytes contradicted their format.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Takes `count` steps; false if there are none left, which is told once.
    pub(crate) fn step(&mut self, count: u64) -> bool {
        self.spend(count, self.nested > 1)
    }

    /// Takes the steps of looking into so many bytes for something hidden: few for what stands in the file, more for what
    /// was unpacked or found in something hidden.
    pub(crate) fn probe(&mut self, bytes: usize, layer: usize) -> bool {
        let inner = layer > 0 || self.nested > 1;
        self.spend(wide(bytes / if inner { 2 } else { 64 }).saturating_add(1), inner)
    }

    fn spend(&mut self, count: u64, inner: bool) -> bool {
        if self.steps >= count && (!inner || self.pool >= count) {
            self.steps -= count;
            self.pool -= if inner { count } else { 0 };
            return true;
        }
        if self.steps < count {
            self.steps = 0;
        }
        self.untried = true;
        self.partial("what comes after the limit of steps was met");
        false
    }

    /// Something hidden is not tried, because a limit was met.
    pub(crate) fn untried(&mut self) {
        self.untried = true;
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

    /// Tries `bytes` bytes that may be nothing: what it writes stands in a book of its own until [`Self::merge`]. What was not
    /// tried to its end is told by the outermost one.
    pub(crate) fn attempt(
        &mut self,
        name: &str,
        bytes: usize,
        examine: impl FnOnce(&mut Self),
    ) -> Book<'l> {
        if self.nested == 0 {
            self.pool = self.pool.saturating_add(wide(bytes).saturating_mul(FUND)).min(self.steps);
        }
        let mut other = Self::new(self.limits);
        if self.depth >= self.limits.depth || self.nested > 0 && !self.step(ATTEMPT) {
            self.untried = true;
        } else {
            other.path = below(&self.path, name);
            other.depth = self.depth + 1;
            other.nested = self.nested + 1;
            (other.steps, other.pool, other.held) = (self.steps, self.pool, self.held);
            examine(&mut other);
            (self.steps, self.pool) = (other.steps, other.pool);
            self.untried |= other.untried;
        }
        if self.nested == 0 && std::mem::take(&mut self.untried) {
            self.partial("what is hidden in more layers, or in more ways, than are tried");
        }
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
    let end = text.char_indices().nth(SHOWN).map(|(at, _)| at);
    let mut cut = shown(text.get(..end.unwrap_or(text.len())).unwrap_or_default());
    if end.is_some() {
        cut.push('…');
    }
    cut
}
