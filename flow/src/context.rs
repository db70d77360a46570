//! What one context has read: its values, texts and labels, bounded, and kept as bytes.
//!
//! SECURITY: labels never shrink; what is forgotten as text stays known by the hashes of its words, and where even these
//! are too many, everything that nobody can place counts as a third party's. Never here: a judgment (`judge`).
//! To add something that is kept: a field of [`Kept`] with a default, the version raised, a case of `tests`.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod bytes;
mod said;

use crate::{
    classify::{Class, Origin, Sensitivity},
    index::Index,
    kinds::{Kinds, Topics},
    label::Label,
    leaves::{self, Leaf},
    orders::order,
    person::Person,
    values::hidden,
    words::tokens::{fold, parts, sentences},
};

use said::{chosen, cut, pieces, searches};

/// LIMIT: bytes of text that a context keeps findable: four times what a speed is promised for, so that a long
/// conversation is traced whole.
pub const TEXT: usize = 256 << 10;
/// LIMIT: bytes of the person's words; the first ones stay, later ones go beyond it unread.
pub const WORDS: usize = 64 << 10;
/// LIMIT: values and texts that a context keeps findable: each takes some 64 bytes besides what it says.
pub const LEAVES: usize = 20_000;
/// LIMIT: results that are known by their origin; the oldest go first.
pub const SOURCES: usize = 1_024;
/// LIMIT: hashes of words that were forgotten as text; beyond it everything unknown counts as a third party's.
pub const GONE: usize = 65_536;
/// LIMIT: bytes of a context as it is kept.
pub const BYTES: usize = 4 << 20;
/// The version of the bytes; older ones are read as well.
const VERSION: u32 = 2;

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
    /// Texts of the arguments that chose it, folded, with the names of the arguments.
    pub(crate) chosen: Vec<(String, String)>,
    /// True if it is one document.
    pub(crate) document: bool,
    pub(crate) origin: Origin,
    /// How many records it has.
    pub(crate) records: u32,
    /// True if these only narrowed a search.
    pub(crate) searched: bool,
    pub(crate) server: String,
    pub(crate) tool: String,
    pub(crate) topics: Topics,
}

/// What is kept of a context. INVARIANT: its members, and theirs, stand in the order of their names: that makes the bytes
/// canonical.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Something was read that cannot be looked into: a picture, a sound, a file.
    #[serde(default)]
    blind: bool,
    /// Empty once there were too many.
    #[serde(with = "bytes::hashes")]
    gone: BTreeSet<u64>,
    label: Label,
    #[serde(serialize_with = "bytes::leaves")]
    leaves: VecDeque<(u32, Leaf)>,
    /// What texts ordered that were forgotten.
    #[serde(default)]
    orders: Kinds,
    overflowed: bool,
    /// How clearly a text that was forgotten spoke to the agent itself.
    #[serde(default)]
    signs: u8,
    sources: Vec<Source>,
    tasks: Vec<String>,
    version: u32,
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
        let book = origin <= Origin::Own && from.class.topics.meets(Topics::CONTACT);
        if book && !tainted && !is_error {
            all.extend(leaves::cards::fields(&all));
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
            origin: match origin {
                // What others say is theirs, in fields as well.
                Origin::ThirdParty | Origin::Unknown => origin,
                Origin::Person | Origin::Own | Origin::OwnText if texts => {
                    origin.max(Origin::OwnText)
                }
                Origin::Person | Origin::Own | Origin::OwnText => origin.min(Origin::Own),
            },
            sensitivity: from.class.sensitivity,
        });
        let mut records: Vec<u32> = all.iter().map(|leaf| leaf.record).collect();
        records.sort_unstable();
        records.dedup();
        let source = self.source(from, origin, records.len());
        for leaf in all {
            for piece in pieces(leaf) {
                self.add(source, piece);
            }
        }
        self.forget();
    }

    /// Something of a result that cannot be looked into: whatever it said, nobody can place it.
    pub fn unseen(&mut self, from: &Read<'_>) {
        self.label_only(from.class.reads.max(Origin::ThirdParty), from.class.sensitivity);
        self.kept.blind = true;
    }

    /// Labels of text that is known by its class only: nothing in it can be traced.
    pub fn label_only(&mut self, origin: Origin, sensitivity: Sensitivity) {
        self.kept.label = self.kept.label.join(Label { origin, sensitivity });
    }

    /// What was read before is lost, and with it where its values came from: what nobody can place counts as a third
    /// party's from now on.
    pub fn lost(&mut self) {
        self.label_only(Origin::Unknown, Sensitivity::Secret);
        self.kept.overflowed = true;
    }

    /// A write that goes out: what comes back under these names later is as tainted as this context is. False if none of
    /// the names is new.
    pub fn wrote(&mut self, call: &Read<'_>) -> bool {
        if !call.class.kinds.meets(Kinds::CREATE.or(Kinds::UPDATE)) {
            return false;
        }
        let before = self.kept.written.len();
        for (_, text) in chosen(call.arguments) {
            // LIMIT: as many names as results; the later ones count.
            if self.kept.written.len() < SOURCES {
                self.kept.written.insert(text);
            }
        }
        self.kept.written.len() > before
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
        self.bytes += leaf.text.len() + leaf.key.len();
        self.kept.leaves.push_back((source, leaf));
    }

    /// Lets the oldest text go, down to three quarters of the bound, so that it is rarely done.
    fn forget(&mut self) {
        let many = self.kept.sources.len() > SOURCES || self.kept.leaves.len() > LEAVES;
        if self.bytes > TEXT || many {
            self.forget_to(TEXT / 4 * 3, LEAVES / 4 * 3);
        }
    }

    /// Lets the older half of what was read go: of a context whose bytes would be more than are kept.
    pub fn shrink(&mut self) {
        self.forget_to(self.bytes / 2, self.kept.leaves.len() / 2);
    }

    fn forget_to(&mut self, bytes: usize, leaves: usize) {
        let keep_sources = u32::try_from(SOURCES / 4 * 3).unwrap_or(u32::MAX);
        let newest = u32::try_from(self.kept.sources.len()).unwrap_or(u32::MAX);
        let oldest = newest.saturating_sub(keep_sources);
        while let Some((source, leaf)) = self.kept.leaves.front() {
            let enough = self.bytes <= bytes && self.kept.leaves.len() <= leaves;
            if enough && *source >= oldest {
                break;
            }
            self.bytes = self.bytes.saturating_sub(leaf.text.len() + leaf.key.len());
            if !self.kept.overflowed {
                let folded = fold(&leaf.text);
                let words = parts(&folded).filter(|word| word.len() >= 3).map(hash);
                // A value by itself orders nothing.
                let says = !leaf.field || folded.split(' ').nth(2).is_some();
                for sentence in sentences(&folded).into_iter().filter(|_| says) {
                    let said = order(sentence);
                    let hidden = if leaf.hidden { 2 } else { 0 };
                    self.kept.orders = self.kept.orders.or(said.kinds);
                    self.kept.signs = self.kept.signs.max(said.signs.saturating_add(hidden));
                }
                gone(&mut self.kept, words);
            }
            self.kept.leaves.pop_front();
        }
        let first = self.kept.leaves.front().map_or(newest, |(source, _)| *source);
        self.kept.sources.drain(..usize::try_from(first).unwrap_or(0).min(self.kept.sources.len()));
        self.kept.leaves.iter_mut().for_each(|(source, _)| *source = source.saturating_sub(first));
        self.reindex();
    }

    /// The index is made again when something is next looked for.
    fn reindex(&mut self) {
        self.index = Index::default();
        self.bytes =
            self.kept.leaves.iter().map(|(_, leaf)| leaf.text.len() + leaf.key.len()).sum();
    }

    /// Makes findable what was read, before something is looked for in it.
    pub(crate) fn findable(&self) {
        self.index.complete(&self.kept.leaves, &self.kept.sources);
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
        self.kept.overflowed |= other.kept.overflowed;
        self.kept.blind |= other.kept.blind;
        self.kept.orders = self.kept.orders.or(other.kept.orders);
        self.kept.signs = self.kept.signs.max(other.kept.signs);
        gone(&mut self.kept, other.kept.gone.iter().copied());
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

    /// The number of the newest leaf.
    pub(crate) fn last_leaf(&self) -> u32 {
        u32::try_from(self.kept.leaves.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// What was read from one source, each with its number. INVARIANT: leaves stand in the order of their sources.
    pub(crate) fn leaves_of(&self, source: u32) -> impl Iterator<Item = (u32, &Leaf)> {
        let first = self.kept.leaves.partition_point(|(of, _)| *of < source);
        let from = u32::try_from(first).unwrap_or(u32::MAX);
        let leaves = self.kept.leaves.iter().skip(first).take_while(move |(of, _)| *of == source);
        leaves.zip(from..).map(|((_, leaf), at)| (at, leaf))
    }

    /// True if free text was read, or fields of somebody else.
    pub(crate) fn has_read_text(&self) -> bool {
        let lost = self.kept.overflowed || self.kept.blind || !self.kept.gone.is_empty();
        // Whatever the fields of others look like, somebody else chose what they say.
        lost || self.kept.label.origin >= Origin::ThirdParty || {
            self.findable();
            self.index.has_text()
        }
    }

    /// True if something was read that cannot be looked into.
    pub(crate) const fn is_blind(&self) -> bool {
        self.kept.blind
    }

    /// What texts ordered that were forgotten, and how clearly they spoke to the agent itself. Once everything unknown
    /// counts as one of them, this would be said of every value.
    pub(crate) const fn forgotten_orders(&self) -> (Kinds, u8) {
        if self.kept.overflowed { (Kinds::NONE, 0) } else { (self.kept.orders, self.kept.signs) }
    }

    /// True if this value may have stood in a text that was forgotten.
    pub(crate) fn forgotten(&self, value: &str) -> bool {
        self.kept.overflowed
            || self.kept.blind
            || (!self.kept.gone.is_empty() && {
                let mut words = parts(value).filter(|word| word.len() >= 3).peekable();
                words.peek().is_some() && words.all(|word| self.kept.gone.contains(&hash(word)))
            })
    }

    /// The bytes by which a context is kept: canonical JSON (RFC 8785), because every object's keys are written in their
    /// order and nothing in it is a number with a fraction.
    ///
    /// # Errors
    /// Never in practice: every key is a text.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NotAContext> {
        // Marks and names around a text are about as long as a short one.
        let mut out = Vec::with_capacity(self.bytes * 2 + self.kept.gone.len() * 20 + 1_024);
        serde_json::to_writer(&mut out, &self.kept)
            .map_err(|why| NotAContext::Corrupted(why.to_string()))?;
        Ok(out)
    }

    /// A context from its bytes.
    ///
    /// # Errors
    /// [`NotAContext`] if they are too many, altered, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAContext> {
        if bytes.len() > BYTES {
            return Err(NotAContext::TooLarge(bytes.len()));
        }
        let kept = bytes::kept(bytes)?;
        let mut all = Self { kept, ..Self::default() };
        let known = u32::try_from(all.kept.sources.len()).unwrap_or(0);
        if all.kept.leaves.iter().any(|(source, _)| *source >= known) {
            return Err(NotAContext::Corrupted(
                "a text names a source that is not there".to_owned(),
            ));
        }
        if !all.kept.leaves.iter().is_sorted_by_key(|(source, _)| source) {
            return Err(NotAContext::Corrupted("texts stand out of order".to_owned()));
        }
        for task in &all.kept.tasks {
            all.person.add(task);
        }
        all.reindex();
        Ok(all)
    }
}

/// Words that are no longer kept as text. Once there are too many, everything unknown counts as one of them, and none says
/// more.
fn gone(kept: &mut Kept, words: impl Iterator<Item = u64>) {
    for word in words {
        if kept.overflowed {
            break;
        }
        kept.gone.insert(word);
        kept.overflowed = kept.gone.len() > GONE;
    }
    if kept.overflowed {
        kept.gone.clear();
    }
}

/// FNV-1a, 64 bits: only to recognize words as seen; a collision adds a doubt, never trust.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
