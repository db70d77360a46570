//! What AI runs here, read from files and never by running any of them: clients and their servers, skills, hooks and rules,
//! agents in code, packages, keys, models, grants, and services named in logs. Each result says where it was found, by which
//! rule and how sure; what could not be resolved is unknown, never clean.
//!
//! Never here: IO (files come through [`Source`] and [`Files`]), a clock, a process, a whole key.
//! To add a place: a row in `data/`. To add a kind of file: a file in `discover/`, its arm in `look.rs`, its rules in `rules.rs`.

use std::{borrow::Cow, collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
pub use writ_scan::{Slice, Source, Unread};

mod clients;
mod code;
mod depend;
mod extensions;
mod frameworks;
mod grants;
mod keys;
mod logs;
mod look;
mod models;
mod names;
mod packages;
mod place;
mod resolve;
pub mod rules;
mod servers;
mod settings;
pub mod shape;
mod tables;
mod target;
mod texts;
mod yaml;

pub use clients::{Scope, System, clients, places};
pub use look::{Looked, Want, look, want};
pub use place::{Mode, Place};
pub use resolve::resolve;
pub use target::Target;

/// LIMIT: bytes of a configuration, lock file or source that are read; the largest lock files seen are half of it.
pub const MAX_TEXT: u64 = 16 << 20;
/// LIMIT: reasons kept of one result; more say nothing new.
pub const MAX_REASONS: usize = 24;
/// LIMIT: results of one file.
pub const MAX_OF_FILE: usize = 512;

/// Whether something was looked at to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// To its end.
    Complete,
    /// Up to a limit, or without a part that is named.
    Partial,
    /// Not at all, or it is broken.
    Error,
}

/// What was found in it, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing speaks against what was looked at; [`Status`] says whether that was all of it.
    Clean,
    /// It cannot be told.
    Unknown,
    /// A person should look before it is used.
    Suspicious,
    /// It does harm when it is used.
    Malicious,
}

impl Verdict {
    /// The word in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Unknown => "unknown",
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
        }
    }

    /// Whether a person has to act on it.
    pub const fn bad(self) -> bool {
        matches!(self, Self::Suspicious | Self::Malicious)
    }
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule, a stable word; [`rules::of`] says what cures it.
    pub rule: Cow<'static, str>,
    /// One sentence; what somebody else wrote is quoted and cut.
    pub sentence: String,
    /// Where inside the file; empty for all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
}

impl Reason {
    /// A reason by a rule of this crate.
    pub fn new(rule: &'static str, sentence: impl Into<String>, at: impl Into<String>) -> Self {
        Self { rule: Cow::Borrowed(rule), sentence: sentence.into(), at: at.into() }
    }
}

/// One file that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileVerdict {
    /// Where it is.
    pub path: String,
    /// What it is: `pickle`, `gguf`, `skill`, `rules`, `package`.
    pub kind: String,
    /// Whether it was looked at to its end.
    pub status: Status,
    /// What was found.
    pub finding: Verdict,
    /// The rules that spoke, each once.
    pub rules: Vec<Cow<'static, str>>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What of it was not looked at.
    pub not_looked_at: Vec<String>,
}

impl FileVerdict {
    /// A verdict from its reasons: the worst weight among them, or clean.
    pub fn of(path: &str, kind: &str, mut reasons: Vec<Reason>) -> Self {
        reasons.truncate(MAX_REASONS);
        let finding = rules::worst(&reasons).unwrap_or(Verdict::Clean);
        Self {
            path: path.to_owned(),
            kind: kind.to_owned(),
            status: Status::Complete,
            finding,
            rules: rules::named(&reasons),
            reasons,
            not_looked_at: Vec::new(),
        }
    }

    /// One that could not be looked at.
    pub fn unread(path: &str, kind: &str, why: &str) -> Self {
        Self {
            status: Status::Error,
            finding: Verdict::Unknown,
            not_looked_at: vec![why.to_owned()],
            ..Self::of(path, kind, Vec::new())
        }
    }
}

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A program by which people or jobs use models.
    Client,
    /// A server of tools that a client starts or calls.
    McpServer,
    /// A skill: instructions and scripts that an agent loads.
    Skill,
    /// A command that an agent's client runs by itself.
    Hook,
    /// A text that steers every answer of an agent.
    Rules,
    /// An extension or plugin.
    Extension,
    /// An agent, or a use of a model, in somebody's code.
    AgentCode,
    /// A package that makes something an AI system.
    Package,
    /// A file of a model.
    Model,
    /// A key or token.
    Key,
    /// What a directory granted to an AI application.
    Grant,
    /// An AI service that somebody here talks to.
    Service,
}

impl Kind {
    /// Every kind with its words for one and for several of it.
    pub const WORDS: [(Self, &'static str, &'static str); 12] = [
        (Self::Client, "AI client", "AI clients"),
        (Self::McpServer, "tool server", "tool servers"),
        (Self::Skill, "skill", "skills"),
        (Self::Hook, "hook", "hooks"),
        (Self::Rules, "rules file", "rules files"),
        (Self::Extension, "extension", "extensions"),
        (Self::AgentCode, "agent in code", "agents in code"),
        (Self::Package, "AI package", "AI packages"),
        (Self::Model, "model", "models"),
        (Self::Key, "key", "keys"),
        (Self::Grant, "grant", "grants"),
        (Self::Service, "AI service in logs", "AI services in logs"),
    ];
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// Its version, if it was found and not guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The client it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// For whom it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The account of the machine whose it is: a guess at the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file in which it was found.
    pub path: String,
    /// Where in the file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// By which rule it was found.
    pub rule: Cow<'static, str>,
    /// How sure it is that it is this, of 100.
    pub sure: u8,
    /// Whether it was looked at to its end.
    pub status: Status,
    /// What was found.
    pub finding: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// What of it was not looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_looked_at: Vec<String>,
    /// What pins it: SHA-256 of its bytes or of its definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What else is known, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<Cow<'static, str>, String>,
    /// What starts it, for what resolves it; never printed, because arguments hold secrets.
    #[serde(skip)]
    pub target: Option<Target>,
}

impl Component {
    /// One that was found here by this rule; nothing is known about whether it is good.
    pub fn new(kind: Kind, name: impl Into<String>, path: &str, rule: &'static str) -> Self {
        Self {
            kind,
            name: name.into(),
            version: None,
            client: None,
            scope: None,
            user: None,
            path: path.to_owned(),
            at: String::new(),
            rule: Cow::Borrowed(rule),
            sure: 95,
            status: Status::Complete,
            finding: Verdict::Clean,
            reasons: Vec::new(),
            not_looked_at: Vec::new(),
            digest: None,
            about: BTreeMap::new(),
            target: None,
        }
    }

    /// With one more thing known about it.
    #[must_use]
    pub fn about(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.about.insert(Cow::Borrowed(key), value.into());
        self
    }

    /// With these reasons, and the verdict that they make.
    #[must_use]
    pub fn because(mut self, reasons: Vec<Reason>) -> Self {
        self.add(reasons);
        self
    }

    /// Adds reasons; the verdict only gets worse.
    pub fn add(&mut self, reasons: Vec<Reason>) {
        if let Some(worst) = rules::worst(&reasons) {
            self.finding = self.finding.max(worst);
        }
        let room = MAX_REASONS.saturating_sub(self.reasons.len());
        self.reasons.extend(reasons.into_iter().take(room));
    }

    /// Says that a part of it was left out, which by itself makes it no worse.
    pub fn leave(&mut self, what: impl Into<String>) {
        self.status = self.status.max(Status::Partial);
        self.not_looked_at.push(what.into());
    }

    /// Says that a part of it cannot be told: it is no longer clean.
    pub fn unknown(&mut self, why: impl Into<String>) {
        self.finding = self.finding.max(Verdict::Unknown);
        self.status = self.status.max(Status::Partial);
        self.not_looked_at.push(why.into());
    }
}

/// What a folder has in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; bytes that are no UTF-8 are replaced in it.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// Files by their paths, for what one file says about another: read only, bounded, never a device or a pipe.
pub trait Files {
    /// What is in a folder, sorted by name; `None` if there is no such folder or it cannot be read.
    fn list(&self, folder: &Path) -> Option<Vec<Entry>>;
    /// The first bytes of a file, at most so many, and how long it is; `None` if it cannot be read.
    fn head(&self, file: &Path, most: u64) -> Option<(Vec<u8>, u64)>;
}

/// Reads the first bytes of a source.
///
/// # Errors
/// The reason in words if it cannot be read.
pub fn head(source: &mut dyn Source, most: u64) -> Result<Vec<u8>, String> {
    let want = usize::try_from(source.len().min(most)).unwrap_or(usize::MAX);
    let mut out = vec![0; want];
    let mut at = 0;
    while let Some(rest) = out.get_mut(at..).filter(|rest| !rest.is_empty()) {
        match source.read_at(u64::try_from(at).unwrap_or(u64::MAX), rest) {
            Ok(0) => break,
            Ok(read) => at += read,
            Err(error) => return Err(error.to_string()),
        }
    }
    out.truncate(at);
    Ok(out)
}

#[cfg(test)]
mod tests;
