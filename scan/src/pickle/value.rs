//! What a pickle would build, as far as it matters: places of literals, names, and what was called with what.
//!
//! Never here: an object, or bytes of the file. A literal is a place and a length; it is read again when somebody asks.

/// LIMIT: values of one container that are kept: arguments are few, and what a name in a list means was said when it came.
const KEPT: usize = 24;
/// LIMIT: of each ten values that may be held, containers, names and calls of one stream. Sixty bytes each.
const NODES: usize = 6;
/// LIMIT: for each value that may be held, values that all containers keep together.
const ALL: usize = 2;

/// How a text stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Raw,
    /// In quotes, with Python's escapes (protocol 0, `S`).
    Quoted,
    /// With `\u` escapes (protocol 0, `V`).
    Escaped,
}

/// One value on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// A number, a truth value, nothing.
    Plain,
    /// A small number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// The number that a torch file of before 1.6 begins with.
    Magic,
    /// A text.
    Text(u64, u32, Coding),
    /// Bytes.
    Bytes(u64, u32),
    /// A container, a name, a call.
    Node(u32),
    /// There was no room to remember it.
    Forgotten,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A name: its number in the list of names.
    Name(u32),
    /// A name that could not be told.
    Unnamed,
    /// A tuple; all of it, if it is short.
    Tuple(Vec<Value>),
    /// A list, a set: the first values.
    List(Vec<Value>),
    /// A mapping: the first pairs.
    Mapping(Vec<(Value, Value)>),
    /// What a call gives: who was called, with what, and the state it was given afterwards.
    Made(Value, Value, Value),
    /// What the loader puts in.
    Persistent,
}

/// All nodes of one stream.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    nodes: Vec<Node>,
    most: usize,
    /// Values that the containers may still keep.
    room: usize,
    /// Whether one did not fit.
    pub(crate) full: bool,
}

impl Arena {
    /// An empty one, where so many values may be held.
    pub(crate) fn new(values: usize) -> Self {
        Self { most: values / 10 * NODES, room: values.saturating_mul(ALL), ..Self::default() }
    }

    /// Takes room for so many values; how many there is room for.
    fn take(&mut self, wanted: usize) -> usize {
        let taken = wanted.min(self.room);
        self.full |= taken < wanted;
        self.room -= taken;
        taken
    }

    /// Remembers a node.
    pub(crate) fn add(&mut self, node: Node) -> Value {
        match u32::try_from(self.nodes.len()) {
            Ok(at) if self.nodes.len() < self.most => {
                self.nodes.push(node);
                Value::Node(at)
            }
            _ => {
                self.full = true;
                Value::Forgotten
            }
        }
    }

    /// The node of a value.
    pub(crate) fn node(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(at) => self.nodes.get(usize::try_from(at).ok()?),
            _ => None,
        }
    }

    /// The same, to change it.
    pub(crate) fn node_mut(&mut self, value: Value) -> Option<&mut Node> {
        match value {
            Value::Node(at) => self.nodes.get_mut(usize::try_from(at).ok()?),
            _ => None,
        }
    }

    /// A tuple.
    pub(crate) fn tuple(&mut self, mut items: Vec<Value>) -> Value {
        items.truncate(self.take(items.len().min(KEPT)));
        items.shrink_to_fit();
        self.add(Node::Tuple(items))
    }

    /// A list.
    pub(crate) fn list(&mut self, mut items: Vec<Value>) -> Value {
        items.truncate(self.take(items.len().min(KEPT)));
        items.shrink_to_fit();
        self.add(Node::List(items))
    }

    /// Puts values into a list.
    pub(crate) fn extend(&mut self, list: Value, items: &[Value]) {
        let Some(Node::List(kept)) = self.node(list) else {
            return;
        };
        let room = self.take(KEPT.saturating_sub(kept.len()).min(items.len()));
        if let Some(Node::List(kept)) = self.node_mut(list) {
            kept.extend(items.iter().take(room));
        }
    }

    /// Puts pairs into a mapping, or into what a call made that stands for one.
    pub(crate) fn put(&mut self, mapping: Value, items: &[Value]) {
        let Some(Node::Mapping(kept)) = self.node(mapping) else {
            return;
        };
        let wanted = KEPT.saturating_sub(kept.len()).min(items.len() / 2);
        let room = self.take(wanted.saturating_mul(2)) / 2;
        if let Some(Node::Mapping(kept)) = self.node_mut(mapping) {
            let pairs = items.chunks_exact(2).filter_map(|pair| match pair {
                [key, value] => Some((*key, *value)),
                _ => None,
            });
            kept.extend(pairs.take(room));
        }
    }

    /// The values of a tuple or a list.
    pub(crate) fn items(&self, value: Value) -> &[Value] {
        match self.node(value) {
            Some(Node::Tuple(items) | Node::List(items)) => items,
            _ => &[],
        }
    }
}
