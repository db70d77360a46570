//! What one context has read: its values, texts and labels, bounded, and kept as bytes.
//!
//! SECURITY: labels never shrink; what is forgotten as text stays known by the hashes of its words, and where even these
//! are too many, everything that nobody can place counts as a third party's. Never here: a judgment (`judge`).
//! To add something that is kept: a field of [`Kept`] with a default, the version raised, a case of `tests`.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    classify::{Class, Origin, Sensitivity},
    index::Index,
    kinds::{Kinds, Topics},
    label::Label,
    leaves::{self, Leaf},
    person::Person,
    values::hidden,
    words::tokens::{fold, parts},
};

/// LIMIT: bytes of text that a context keeps findable: four times what a speed is promised for, so that a long
/// conversation is traced whole.
pub const TEXT: usize = 256 << 10;
/// LIMIT: bytes of the person's words; the first ones stay, later ones go beyond it unread.
pub const WORDS: usize = 64 << 10;
/// LIMIT: results that are known by their origin; the oldest go first.
pub const SOURCES: usize = 1_024;
/// LIMIT: hashes of words that were forgotten as text; beyond it everything unknown counts as a third party's.
pub const GONE: usize = 65_536;
/// LIMIT: bytes of a context as it is kept.
pub const BYTES: usize = 4 << 20;
/// The version of the bytes.
const VERSION: u32 = 1;

/// A result as it is heard.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// The server that gave it.
    pub server: &'a str,
    /// The tool.
    pub tool: &'a str,
    /// What the tool is taken for.
    pub class: &'a Class,
    /// With what it was called.
    pub arguments: &'a Value,
}

/// Where leaves came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) server: String,
    pub(crate) tool: String,
    /// Texts of the arguments that chose it, folded, with the names of the arguments.
    pub(crate) chosen: Vec<(String, String)>,
    /// True if these only narrowed a search.
    pub(crate) searched: bool,
    /// True if it is one document.
    pub(crate) document: bool,
    /// How many records it has.
    pub(crate) records: u32,
    pub(crate) origin: Origin,
    pub(crate) topics: Topics,
}

/// What is kept of a context.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    tasks: Vec<String>,
    label: Label,
    sources: Vec<Source>,
    leaves: VecDeque<(u32, Leaf)>,
    gone: BTreeSet<u64>,
    overflowed: bool,
    written: BTreeSet<String>,
}

/// What one context has read.
#[derive(Debug, Clone, Default)]
pub struct Context {
    kept: Kept,
    bytes: usize,
    pub(crate) index: Index,
    pub(crate) person: Person,
}

/// Why bytes are no context.
#[derive(Debug, thiserror::Error)]
pub enum NotAContext {
    /// Altered or cut.
    #[error("these bytes are no context: {0}")]
    Corrupted(String),
    /// From another version.
    #[error(
        "a context of version {0}; this engine reads version {VERSION}: start the context again"
    )]
    Version(u32),
    /// Beyond the bound.
    #[error("a context of {0} bytes; at most {BYTES} are kept: start the context again")]
    TooLarge(usize),
}

impl NotAContext {
    /// The stable code.
    pub const fn code(&self) -> writ_model::Code {
        writ_model::Code(match self {
            Self::Corrupted(_) | Self::TooLarge(_) => "FLOW-0001",
            Self::Version(_) => "FLOW-0002",
        })
    }
}

impl Context {
    /// A context that has read nothing.
    pub fn new() -> Self {
        Self { kept: Kept { version: VERSION, ..Kept::default() }, ..Self::default() }
    }

    /// The person's words.
    pub fn task(&mut self, text: &str) {
        let used: usize = self.kept.tasks.iter().map(String::len).sum();
        let room = WORDS.saturating_sub(used);
        let text: String = text.chars().take(room).collect();
        if text.len() <= room && !text.is_empty() {
            self.person.add(&text);
            self.kept.tasks.push(text);
        }
    }

    /// A result: its values and texts, before it is released. An error's text is read as any other.
    pub fn result(&mut self, from: &Read<'_>, content: &Value, is_error: bool) {
        let tainted = self.is_tainted(from);
        let origin =
            if tainted { from.class.reads.max(self.kept.label.origin) } else { from.class.reads };
        let mut all = leaves::leaves(content, from.class.document || is_error);
        // What the agent wrote comes back as text: fields of it would launder what it had read.
        if tainted {
            for leaf in &mut all {
                leaf.field = false;
            }
        }
        let hiding: Vec<Leaf> = all
            .iter()
            .filter(|leaf| leaf.text.len() >= 12)
            .flat_map(|leaf| {
                hidden::found(&leaf.text).into_iter().map(|text| Leaf {
                    text,
                    hidden: true,
                    field: false,
                    ..leaf.clone()
                })
            })
            .collect();
        all.extend(hiding);
        let texts = all.iter().any(|leaf| !leaf.field);
        self.kept.label = self.kept.label.join(Label {
            origin: if texts { origin.max(Origin::OwnText) } else { origin.min(Origin::Own) },
            sensitivity: from.class.sensitivity,
        });
        let records: BTreeSet<u32> = all.iter().map(|leaf| leaf.record).collect();
        let source = self.source(from, origin, records.len());
        for leaf in all {
            self.add(source, leaf);
        }
        self.forget();
    }

    /// Labels of text that is known by its class only: nothing in it can be traced.
    pub fn label_only(&mut self, origin: Origin, sensitivity: Sensitivity) {
        self.kept.label = self.kept.label.join(Label { origin, sensitivity });
    }

    /// A write that went out: what comes back under these names later is as tainted as this context is.
    pub fn wrote(&mut self, call: &Read<'_>) {
        if !call.class.kinds.meets(Kinds::CREATE.or(Kinds::UPDATE)) {
            return;
        }
        for (_, text) in chosen(call.arguments) {
            // LIMIT: as many names as results; the later ones count.
            if self.kept.written.len() < SOURCES {
                self.kept.written.insert(text);
            }
        }
    }

    fn is_tainted(&self, from: &Read<'_>) -> bool {
        !self.kept.written.is_empty()
            && self.kept.label.origin > Origin::Own
            && chosen(from.arguments).iter().any(|(_, text)| self.kept.written.contains(text))
    }

    fn source(&mut self, from: &Read<'_>, origin: Origin, records: usize) -> u32 {
        self.kept.sources.push(Source {
            server: cut(from.server),
            tool: cut(from.tool),
            chosen: chosen(from.arguments),
            records: u32::try_from(records).unwrap_or(u32::MAX),
            document: from.class.document,
            searched: !from.class.document && searches(from.tool),
            origin,
            topics: from.class.topics,
        });
        u32::try_from(self.kept.sources.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn add(&mut self, source: u32, leaf: Leaf) {
        let at = u32::try_from(self.kept.leaves.len()).unwrap_or(u32::MAX);
        self.bytes += leaf.text.len() + leaf.key.len();
        self.index.add(at, &leaf);
        self.kept.leaves.push_back((source, leaf));
    }

    /// Lets the oldest text go, down to three quarters of the bound, so that it is rarely done.
    fn forget(&mut self) {
        if self.bytes <= TEXT && self.kept.sources.len() <= SOURCES {
            return;
        }
        let keep_sources = u32::try_from(SOURCES / 4 * 3).unwrap_or(u32::MAX);
        let newest = u32::try_from(self.kept.sources.len()).unwrap_or(u32::MAX);
        let oldest = newest.saturating_sub(keep_sources);
        while let Some((source, leaf)) = self.kept.leaves.front() {
            if self.bytes <= TEXT / 4 * 3 && *source >= oldest {
                break;
            }
            self.bytes = self.bytes.saturating_sub(leaf.text.len() + leaf.key.len());
            for word in parts(&fold(&leaf.text)).filter(|word| word.len() >= 3) {
                if self.kept.gone.len() < GONE {
                    self.kept.gone.insert(hash(word));
                } else {
                    self.kept.overflowed = true;
                }
            }
            self.kept.leaves.pop_front();
        }
        let first = self.kept.leaves.front().map_or(newest, |(source, _)| *source);
        self.kept.sources.drain(..usize::try_from(first).unwrap_or(0).min(self.kept.sources.len()));
        self.kept.leaves.iter_mut().for_each(|(source, _)| *source = source.saturating_sub(first));
        self.reindex();
    }

    fn reindex(&mut self) {
        self.index = Index::default();
        self.bytes = 0;
        for (at, (_, leaf)) in self.kept.leaves.iter().enumerate() {
            self.bytes += leaf.text.len() + leaf.key.len();
            self.index.add(u32::try_from(at).unwrap_or(u32::MAX), leaf);
        }
    }

    /// Where what is still findable came from: server, tool and origin, the oldest first.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str, Origin)> {
        self.kept.sources.iter().map(|one| (&*one.server, &*one.tool, one.origin))
    }

    /// The join of everything that was read.
    pub const fn label(&self) -> Label {
        self.kept.label
    }

    /// Everything that another context has read is read here too: of a parent, a sub-agent, an exchanged token.
    pub fn join(&mut self, other: &Self) {
        for task in &other.kept.tasks {
            if !self.kept.tasks.contains(task) {
                self.task(task);
            }
        }
        self.kept.label = self.kept.label.join(other.kept.label);
        let offset = u32::try_from(self.kept.sources.len()).unwrap_or(u32::MAX);
        self.kept.sources.extend(other.kept.sources.iter().cloned());
        for (source, leaf) in &other.kept.leaves {
            self.add(source.saturating_add(offset), leaf.clone());
        }
        for one in &other.kept.gone {
            if self.kept.gone.len() < GONE {
                self.kept.gone.insert(*one);
            } else {
                self.kept.overflowed = true;
            }
        }
        self.kept.overflowed |= other.kept.overflowed;
        for name in &other.kept.written {
            if self.kept.written.len() < SOURCES {
                self.kept.written.insert(name.clone());
            }
        }
        self.forget();
    }

    /// What a sub-agent was told by an agent: nobody's words but the context's; the person's stay the person's.
    pub fn told(&mut self, text: &str) {
        let class = Class { reads: Origin::OwnText, document: true, ..Class::unknown() };
        let none = Value::Null;
        let read = Read { server: "agent", tool: "told", class: &class, arguments: &none };
        self.result(&read, &Value::String(text.to_owned()), false);
    }

    /// The leaf with this number and where it came from.
    pub(crate) fn leaf(&self, at: u32) -> Option<(&Source, &Leaf, u32)> {
        let (source, leaf) = self.kept.leaves.get(usize::try_from(at).ok()?)?;
        Some((self.kept.sources.get(usize::try_from(*source).ok()?)?, leaf, *source))
    }

    /// True if free text was read, or fields of somebody else.
    pub(crate) fn has_read_text(&self) -> bool {
        !self.index.sentences.is_empty() || !self.kept.gone.is_empty() || self.kept.overflowed
    }

    /// True if this value may have stood in a text that was forgotten.
    pub(crate) fn forgotten(&self, value: &str) -> bool {
        self.kept.overflowed
            || (!self.kept.gone.is_empty() && {
                let mut words = parts(value).filter(|word| word.len() >= 3).peekable();
                words.peek().is_some() && words.all(|word| self.kept.gone.contains(&hash(word)))
            })
    }

    /// The bytes by which a context is kept: canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// Never in practice: every key is a text and no number has a fraction.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NotAContext> {
        writ_model::canonical::to_vec(&Hex(&self.kept))
            .map_err(|why| NotAContext::Corrupted(why.to_string()))
    }

    /// A context from its bytes.
    ///
    /// # Errors
    /// [`NotAContext`] if they are too many, altered, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAContext> {
        if bytes.len() > BYTES {
            return Err(NotAContext::TooLarge(bytes.len()));
        }
        let corrupted = |why: serde_json::Error| NotAContext::Corrupted(why.to_string());
        let mut value: Value = serde_json::from_slice(bytes).map_err(corrupted)?;
        let version = value.get("version").and_then(Value::as_u64).unwrap_or(0);
        if version != u64::from(VERSION) {
            return Err(NotAContext::Version(u32::try_from(version).unwrap_or(u32::MAX)));
        }
        unhex(&mut value)?;
        let kept: Kept = serde_json::from_value(value).map_err(corrupted)?;
        let mut all = Self { kept, ..Self::default() };
        let known = u32::try_from(all.kept.sources.len()).unwrap_or(0);
        if all.kept.leaves.iter().any(|(source, _)| *source >= known) {
            return Err(NotAContext::Corrupted(
                "a text names a source that is not there".to_owned(),
            ));
        }
        for task in &all.kept.tasks {
            all.person.add(task);
        }
        all.reindex();
        Ok(all)
    }
}

/// Hashes need 64 bits, which a JSON number does not hold (RFC 7493): they are written as hexadecimal text.
struct Hex<'a>(&'a Kept);

impl Serialize for Hex<'_> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(self.0).map_err(serde::ser::Error::custom)?;
        let gone: Vec<Value> =
            self.0.gone.iter().map(|one| Value::String(format!("{one:016x}"))).collect();
        if let Some(all) = value.as_object_mut() {
            all.insert("gone".to_owned(), Value::Array(gone));
        }
        value.serialize(out)
    }
}

fn unhex(value: &mut Value) -> Result<(), NotAContext> {
    let wrong =
        || NotAContext::Corrupted("a hash of a forgotten word is no hexadecimal number".to_owned());
    let Some(gone) = value.get_mut("gone").and_then(Value::as_array_mut) else { return Ok(()) };
    for one in gone {
        let text = one.as_str().ok_or_else(wrong)?;
        *one = Value::from(u64::from_str_radix(text, 16).ok().ok_or_else(wrong)?);
    }
    Ok(())
}

/// FNV-1a, 64 bits: only to recognize words as seen; a collision adds a doubt, never trust.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// True if a tool's name says that it searches or lists.
fn searches(tool: &str) -> bool {
    let all = ["search", "find", "query", "list", "such", "busc", "cherch", "filter"];
    crate::words::tokens::name_words(tool)
        .iter()
        .any(|word| all.iter().any(|one| word.starts_with(one)))
}

/// LIMIT: letters of a name of a server or tool as it is kept.
fn cut(name: &str) -> String {
    name.chars().take(128).collect()
}

/// The short texts among arguments, with the names of their arguments: what chose a source. LIMIT: sixteen.
fn chosen(arguments: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, key: &str, depth: usize, out: &mut Vec<(String, String)>) {
        match value {
            _ if out.len() >= 16 || depth == 0 => {}
            Value::String(text) if text.len() >= 2 && text.len() <= 300 => {
                out.push((key.to_owned(), fold(text.trim())));
            }
            Value::Number(number) => out.push((key.to_owned(), number.to_string())),
            Value::Array(all) => all.iter().for_each(|one| walk(one, key, depth - 1, out)),
            Value::Object(all) => {
                all.iter().for_each(|(key, one)| walk(one, &fold(key), depth - 1, out));
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(arguments, "", 4, &mut out);
    out
}

#[cfg(test)]
mod tests;
