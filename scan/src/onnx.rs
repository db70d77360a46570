//! ONNX: operators of foreign domains, which need a library, and numbers that stand in other files.
//!
//! Never here: the numbers. To add a message: an arm of [`Walk::message`]; numbers are those of `onnx.proto`, IR version 10.

use std::collections::BTreeSet;

use crate::{
    book::{Book, quoted},
    cursor::{Cursor, Stop},
    hidden,
    proto::{self, Field},
    report::{Finding, Kind},
    source::Source,
};

/// LIMIT: messages inside each other: graphs in attributes of nodes.
const DEPTH: usize = 32;
/// LIMIT: bytes of a name or a path.
const TEXT: usize = 4096;
/// LIMIT: different domains and operators that are told.
const NAMES: usize = 1024;

/// Domains whose operators the runtimes bring along.
const DOMAINS: &[&str] = &[
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.microsoft.experimental",
    "com.ms.internal.nhwc",
    "org.pytorch.aten",
    "ai.onnx.internal.nhwc",
];
/// Operators that call Python or load something, whatever their domain.
const OPERATORS: &[&str] =
    &["PyOp", "PythonOp", "PythonOpGrad", "PyCustomOp", "ATen", "EPContext", "TfLiteOp"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    Function,
    Training,
}

struct Walk<'s, 'b, 'l> {
    cursor: Cursor<'s>,
    book: &'b mut Book<'l>,
    foreign: BTreeSet<(String, String, u64)>,
    /// Domains whose functions the file brings along itself.
    own: BTreeSet<String>,
    nodes: u64,
    /// Whether the model says which sets of operators it is written for; every whole one does.
    sets: bool,
}

/// Whether a beginning is one of a model: the version, then the producer or an operator set.
pub(crate) fn plausible(head: &[u8]) -> bool {
    match head {
        // Version, then the producer's name as text: a TensorFlow graph has a message there.
        [0x08, 1..=20, 0x12, length, rest @ ..] => {
            let name = rest.get(..usize::from(*length)).unwrap_or_default();
            let known = rest
                .get(usize::from(*length))
                .is_some_and(|next| matches!(next, 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42));
            known && name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        }
        [0x08, 3..=20, 0x3a | 0x42, ..] => true,
        _ => false,
    }
}

/// Reads a model.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let len = source.len();
    let mut walk = Walk {
        cursor: Cursor::new(source),
        book,
        foreign: BTreeSet::new(),
        own: BTreeSet::new(),
        nodes: 0,
        sets: false,
    };
    match walk.message(Message::Model, len, 0) {
        Ok(()) => {}
        Err(Stop::Limit) => walk.book.partial("a model behind a limit"),
        Err(_) => {
            let at = walk.cursor.at();
            walk.book.broken("onnx.broken", at, "a field ends early or is of no known type");
        }
    }
    if !walk.sets {
        walk.book.broken("onnx.truncated", len, "the model does not say which operators it has");
    }
    if walk.nodes == 0 {
        walk.book.add(Finding::Unknown, "onnx.empty", 0, "no operator was found");
    }
    let foreign = std::mem::take(&mut walk.foreign);
    for (domain, operator, at) in foreign {
        if !walk.own.contains(&domain) || OPERATORS.contains(&operator.as_str()) {
            let sentence = format!(
                "the operator `{}` of the domain `{}` needs a library that is not in the file",
                quoted(&operator),
                quoted(&domain)
            );
            walk.book.add(Finding::Suspicious, "onnx.operator", at, sentence);
        }
    }
    walk.book.pass("weights: not examined, carry no code");
    Kind::Onnx
}

impl Walk<'_, '_, '_> {
    fn message(&mut self, message: Message, end: u64, depth: usize) -> Result<(), Stop> {
        if depth > DEPTH {
            return Err(Stop::Limit);
        }
        let (mut operator, mut domain) = (String::new(), String::new());
        let start = self.cursor.at();
        while let Some(field) = proto::field(&mut self.cursor, end)? {
            if !self.book.step(1) {
                return Err(Stop::Limit);
            }
            let inner = match (message, field.number) {
                (Message::Model, 7) | (Message::Attribute, 6 | 11) | (Message::Training, 1 | 2) => {
                    Message::Graph
                }
                (Message::Model, 20) => Message::Training,
                (Message::Model, 25) => Message::Function,
                (Message::Graph, 1) | (Message::Function, 7) => Message::Node,
                (Message::Graph, 5) | (Message::Attribute, 5 | 10) | (Message::Sparse, 1 | 2) => {
                    Message::Tensor
                }
                (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Message::Sparse,
                (Message::Node, 5) => Message::Attribute,
                (Message::Node, 4) => {
                    operator = proto::text(&mut self.cursor, field, TEXT);
                    continue;
                }
                (Message::Node, 7) => {
                    domain = proto::text(&mut self.cursor, field, TEXT);
                    continue;
                }
                (Message::Model, 8) => {
                    self.sets = true;
                    continue;
                }
                (Message::Function, 10) => {
                    let domain = proto::text(&mut self.cursor, field, TEXT);
                    if self.own.len() < NAMES {
                        self.own.insert(domain);
                    }
                    continue;
                }
                (Message::Tensor, 13) => {
                    self.outside(field)?;
                    continue;
                }
                (Message::Attribute, 4) | (Message::Model, 14) => {
                    self.bytes(field);
                    continue;
                }
                _ => continue,
            };
            let (Some(at), behind) = (field.at, self.cursor.at()) else {
                return Err(Stop::Broken);
            };
            self.cursor.seek(at);
            self.message(inner, at + field.value, depth + 1)?;
            self.cursor.seek(behind);
        }
        if message == Message::Node {
            self.nodes += 1;
            let foreign =
                !DOMAINS.contains(&domain.as_str()) || OPERATORS.contains(&operator.as_str());
            if foreign && self.foreign.len() < NAMES {
                self.foreign.insert((domain, operator, start));
            }
        }
        Ok(())
    }

    /// An attribute's bytes or a note: what is hidden in them.
    fn bytes(&mut self, field: Field) {
        let bytes = field
            .at
            .and_then(|at| self.cursor.span(at, field.value, 1 << 20).ok())
            .unwrap_or_default();
        hidden::literal(self.book, &bytes, field.at.unwrap_or(0));
    }

    /// Where a tensor's numbers stand: a key and a value.
    fn outside(&mut self, field: Field) -> Result<(), Stop> {
        let behind = self.cursor.at();
        let Some(at) = field.at else {
            return Err(Stop::Broken);
        };
        self.cursor.seek(at);
        let (mut key, mut value) = (String::new(), String::new());
        while let Some(inner) = proto::field(&mut self.cursor, at + field.value)? {
            match inner.number {
                1 => key = proto::text(&mut self.cursor, inner, TEXT),
                2 => value = proto::text(&mut self.cursor, inner, TEXT),
                _ => {}
            }
        }
        self.cursor.seek(behind);
        if key == "location" {
            let out = value.split(['/', '\\']).any(|piece| piece == "..");
            let away =
                value.starts_with(['/', '\\', '~']) || value.contains(':') || value.contains('\0');
            if out || away {
                let sentence = format!(
                    "numbers are read from `{}`, outside the model's folder",
                    quoted(&value)
                );
                self.book.add(Finding::Malicious, "onnx.external", at, sentence);
            } else {
                self.book.pass("weights in other files: not examined, carry no code");
            }
        }
        Ok(())
    }
}
