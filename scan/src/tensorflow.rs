//! TensorFlow's graphs, as saved models and frozen: operators that touch files or call Python.
//!
//! Never here: variables and checkpoints. To add an operator: a row in [`OPERATORS`]; message numbers are those of
//! `saved_model.proto`, `meta_graph.proto`, `graph.proto` and `function.proto`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use crate::{
    book::{Book, quoted},
    cursor::{Cursor, Stop},
    hidden, keras, proto,
    report::{Finding, Kind},
    source::Source,
};

/// LIMIT: bytes of an operator's name.
const NAME: usize = 256;
/// LIMIT: bytes of a layer's note.
const NOTE: u64 = 8 << 20;

/// LIMIT: different names of operators that are not TensorFlow's, and of functions.
const NAMES: usize = 8192;

/// Every operator of TensorFlow 2.21.
static KNOWN: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| include_str!("tensorflow/operators.txt").lines().collect());

/// Operators that reach outside the graph, and what they do.
const OPERATORS: &[(&str, Finding, &str)] = &[
    ("ReadFile", Finding::Malicious, "reads files"),
    ("WriteFile", Finding::Malicious, "writes files"),
    ("PyFunc", Finding::Malicious, "calls Python"),
    ("PyFuncStateless", Finding::Malicious, "calls Python"),
    ("EagerPyFunc", Finding::Malicious, "calls Python"),
    ("Py_Call", Finding::Malicious, "calls Python"),
    ("MatchingFiles", Finding::Suspicious, "lists files"),
    ("MatchingFilesDataset", Finding::Suspicious, "lists files"),
    ("ImmutableConst", Finding::Suspicious, "maps a file"),
    ("DatasetToTFRecord", Finding::Suspicious, "writes files"),
    ("ExperimentalDatasetToTFRecord", Finding::Suspicious, "writes files"),
    ("SaveDataset", Finding::Suspicious, "writes files"),
    ("SaveDatasetV2", Finding::Suspicious, "writes files"),
    ("LoadDataset", Finding::Suspicious, "reads files"),
    ("TextLineDataset", Finding::Suspicious, "reads files"),
    ("TextLineReader", Finding::Suspicious, "reads files"),
    ("WholeFileReader", Finding::Suspicious, "reads files"),
    ("WholeFileReaderV2", Finding::Suspicious, "reads files"),
    ("FixedLengthRecordDataset", Finding::Suspicious, "reads files"),
    ("FixedLengthRecordDatasetV2", Finding::Suspicious, "reads files"),
    ("SqlDataset", Finding::Suspicious, "reads a database"),
    ("GcsConfigureCredentials", Finding::Suspicious, "takes credentials"),
    ("RpcCall", Finding::Suspicious, "speaks to the network"),
    ("RpcClient", Finding::Suspicious, "speaks to the network"),
    ("RpcServer", Finding::Suspicious, "speaks to the network"),
    ("DataServiceDataset", Finding::Suspicious, "speaks to the network"),
    ("DebugIdentity", Finding::Suspicious, "writes what it sees to an address"),
    ("DebugIdentityV2", Finding::Suspicious, "writes what it sees to an address"),
    ("SummaryWriter", Finding::Suspicious, "writes files"),
    ("CreateSummaryFileWriter", Finding::Suspicious, "writes files"),
    ("CreateSummaryDbWriter", Finding::Suspicious, "writes files"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Saved,
    Meta,
    Graph,
    Library,
    Function,
    Signature,
    Node,
    Attribute,
    Entry,
    Tensor,
}

struct Walk<'s, 'b, 'l> {
    cursor: Cursor<'s>,
    book: &'b mut Book<'l>,
    nodes: u64,
    /// Operators that TensorFlow does not have, and where.
    foreign: BTreeMap<String, u64>,
    /// Functions that the graph brings along: nodes name them like operators.
    own: BTreeSet<String>,
}

/// Whether a beginning is one of a saved model: version 1, then a message.
pub(crate) fn plausible(head: &[u8]) -> bool {
    matches!(head, [0x08, 0x01, 0x12, _, _, ..])
        && head.iter().take(4096).filter(|byte| **byte == 0x0a).count() > 3
}

/// Reads a graph.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let len = source.len();
    let mut walk = Walk {
        cursor: Cursor::new(source),
        book,
        nodes: 0,
        foreign: BTreeMap::new(),
        own: BTreeSet::new(),
    };
    // A saved model begins with its version; a graph with its first node.
    let first = walk.cursor.peek(1).ok().and_then(|head| head.first().copied());
    let message = if first == Some(0x0a) { Message::Graph } else { Message::Saved };
    match walk.message(message, len, 0) {
        Ok(()) => {}
        Err(Stop::Limit) => walk.book.partial("a graph behind a limit"),
        Err(_) => {
            let at = walk.cursor.at();
            walk.book.broken("tensorflow.broken", at, "a field ends early or is of no known type");
        }
    }
    let foreign = std::mem::take(&mut walk.foreign);
    for (name, at) in foreign {
        if !walk.own.contains(&name) {
            let sentence =
                format!("the operator `{}` needs a library that is not in the file", quoted(&name));
            walk.book.add(Finding::Suspicious, "tensorflow.custom", at, sentence);
        }
    }
    if walk.nodes == 0 && len > 256 {
        walk.book.add(Finding::Unknown, "tensorflow.empty", 0, "no operator was found");
    }
    Kind::TensorFlow
}

impl Walk<'_, '_, '_> {
    fn message(&mut self, message: Message, end: u64, depth: usize) -> Result<(), Stop> {
        while let Some(field) = proto::field(&mut self.cursor, end)? {
            if !self.book.step(1) {
                return Err(Stop::Limit);
            }
            let Some(at) = field.at else {
                continue;
            };
            let inner = match (message, field.number) {
                (Message::Saved, 2) => Message::Meta,
                (Message::Meta, 2) => Message::Graph,
                (Message::Graph, 1) | (Message::Function, 3) => Message::Node,
                (Message::Graph, 2) => Message::Library,
                (Message::Library, 1) => Message::Function,
                (Message::Function, 1) => Message::Signature,
                (Message::Signature, 1) => {
                    let name = proto::text(&mut self.cursor, field, NAME);
                    if self.own.len() < NAMES {
                        self.own.insert(name);
                    }
                    continue;
                }
                (Message::Node, 5) => Message::Entry,
                (Message::Entry, 2) => Message::Attribute,
                (Message::Attribute, 8) => Message::Tensor,
                (Message::Node, 2) => {
                    let name = proto::text(&mut self.cursor, field, NAME);
                    self.operator(&name, at);
                    continue;
                }
                // A text of a constant, or a text that an attribute is.
                (Message::Tensor, 8) | (Message::Attribute, 2) => {
                    let bytes = self.cursor.span(at, field.value, 1 << 20)?;
                    // Where `PrintV2` prints to.
                    if bytes.starts_with(b"file://") {
                        let sentence = "an operator writes to a file";
                        self.book.add(Finding::Suspicious, "tensorflow.file", at, sentence);
                    }
                    hidden::literal(self.book, &bytes, at);
                    continue;
                }
                _ => continue,
            };
            let behind = self.cursor.at();
            // Notes of Keras about its layers have the shape of nodes, and JSON in the fifth field.
            if inner == Message::Entry && self.note(at, field.value)? {
                self.cursor.seek(behind);
                continue;
            }
            if depth > 12 {
                return Err(Stop::Limit);
            }
            self.cursor.seek(at);
            self.message(inner, at + field.value, depth + 1)?;
            self.cursor.seek(behind);
        }
        Ok(())
    }

    /// A note of Keras instead of an attribute.
    fn note(&mut self, at: u64, length: u64) -> Result<bool, Stop> {
        if self.cursor.span(at, length, 1)? != b"{" || length > NOTE {
            return Ok(false);
        }
        let bytes = self.cursor.span(at, length, 8 << 20)?;
        self.nodes += 1;
        self.book.inside("keras_metadata", |book| keras::check(&bytes, book));
        Ok(true)
    }

    fn operator(&mut self, name: &str, at: u64) {
        self.nodes += 1;
        if let Some((_, finding, does)) = OPERATORS.iter().find(|(known, ..)| *known == name) {
            let sentence = format!("the operator `{name}` {does}");
            self.book.add(*finding, "tensorflow.operator", at, sentence);
        } else if !KNOWN.contains(name) && self.foreign.len() < NAMES {
            self.foreign.insert(name.to_owned(), at);
        }
    }
}
