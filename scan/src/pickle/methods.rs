//! Methods that a loader calls without being told to: what fills a container, what takes a state.
//!
//! APPEND, APPENDS and ADDITEMS call `append`, `extend` or `add` of what is no plain container, BUILD calls `__setstate__`; and all of
//! them may have been put into the object by the pickle itself, as anything it can name.
//! Never here: what a name means (see `names`). To add a method: a word of [`HOOKS`], or a case of [`Machine::filled`].

use crate::{
    cursor::Stop,
    pickle::{
        machine::Machine,
        names::Standing,
        value::{Coding, Node, Value},
    },
    report::Finding::Suspicious,
};

/// Methods of loading.
const HOOKS: &[&str] = &["__setstate__", "__reduce__", "__reduce_ex__"];
/// Functions that give a container of their own kind, beside classes, whose names begin with a great letter.
const CONTAINERS: &[&str] = &["deque", "list", "set", "array", "bytearray"];
/// Methods of numpy's functions that are pickled as attributes of them.
const OF_FUNCTIONS: &[&str] = &["reduce", "accumulate", "reduceat", "outer", "at"];
/// LIMIT: bytes of a key that may spell a hook: every letter escaped.
const SPELLED: u32 = 140;

impl Machine<'_, '_, '_> {
    /// Pairs are put into something: an object whose entries are its attributes has been given them.
    pub(super) fn entered(&mut self, into: Value) {
        self.changed(into);
        self.given(into, Value::Bool(true));
    }

    /// A class or a function is changed for everybody.
    fn changed(&mut self, into: Value) {
        if matches!(self.arena.node(into), Some(Node::Name(_) | Node::Unnamed)) {
            let at = self.cursor.at();
            let sentence = "something is put into a named class or function itself";
            self.book.add(Suspicious, "pickle.fill.name", at, sentence);
        }
    }

    /// Values are put into something: of anything but a container that calls a method, which it may have been given.
    pub(super) fn filled(&mut self, into: Value) {
        self.changed(into);
        let Some(Node::Made(who, _, state)) = self.arena.node(into) else {
            return;
        };
        let (who, state, at) = (*who, *state, self.cursor.at());
        let container = self.named(who).is_none_or(|(_, name, standing)| {
            let class = name.trim_start_matches('_').starts_with(|one: char| one.is_uppercase());
            class || CONTAINERS.contains(&name.as_str()) || *standing == Standing::Local
        });
        if !container || state != Value::Plain {
            let sentence =
                "something is put into what a call made, by a method that it may have been given";
            self.book.add(Suspicious, "pickle.fill.method", at, sentence);
        }
    }

    /// Remembers that an object has been given something that may have become its attributes.
    pub(super) fn given(&mut self, made: Value, what: Value) {
        let empty = matches!(self.arena.node(what), Some(Node::Mapping(pairs)) if pairs.is_empty());
        if empty || what == Value::Plain {
            return;
        }
        if let Some(Node::Made(.., given @ Value::Plain)) = self.arena.node_mut(made) {
            *given = Value::Bool(true);
        }
    }

    /// A state is given; no honest writer gives two, and the first may bring along what takes the second.
    pub(super) fn built(&mut self, target: Value, state: Value, at: u64) {
        let Some(Node::Made(.., given)) = self.arena.node_mut(target) else {
            return;
        };
        let again = !matches!(given, Value::Plain | Value::Bool(true));
        if !again || state != Value::Plain {
            *given = state;
        }
        if again {
            let sentence =
                "an object is given a second state, which a method of the first may take";
            self.book.add(Suspicious, "pickle.build.twice", at, sentence);
        }
    }

    /// Whether a value is a mapping.
    pub(super) fn mapping(&self, value: Value) -> bool {
        matches!(self.arena.node(value), Some(Node::Mapping(_)))
    }

    /// Whether an attribute of a name is one that data has: a function that is only referred to may as well be a module.
    pub(super) fn fetches(&self, of: Value, word: &str) -> bool {
        self.named(of).is_none_or(|(module, name, standing)| {
            let class = name.trim_start_matches('_').starts_with(|one: char| one.is_uppercase());
            let function = module.starts_with("numpy") || module.starts_with("scipy.special");
            *standing != Standing::Refer || class || function && OF_FUNCTIONS.contains(&word)
        })
    }

    /// A state that brings methods of loading along.
    pub(super) fn hooks(&mut self, state: Value, at: u64) -> Result<(), Stop> {
        let mut states = vec![state];
        states.extend(self.arena.items(state).iter().take(2));
        for state in states {
            let Some(Node::Mapping(pairs)) = self.arena.node(state) else {
                continue;
            };
            let keys: Vec<Value> = pairs.iter().map(|(key, _)| *key).collect();
            for key in keys {
                self.hook(key, at)?;
            }
        }
        Ok(())
    }

    /// Pairs that are put into something: each of them, also those of which nothing is kept. What is no object calls nothing.
    pub(super) fn brought(&mut self, items: &[Value]) -> Result<(), Stop> {
        for pair in items.chunks_exact(2) {
            if let [key, Value::Node(_) | Value::Forgotten] = pair {
                let at = self.cursor.at();
                self.hook(*key, at)?;
            }
        }
        Ok(())
    }

    /// Tells a key that is the name of a method of loading.
    fn hook(&mut self, key: Value, at: u64) -> Result<(), Stop> {
        let worth = match key {
            Value::Text(_, length, Coding::Raw) => {
                HOOKS.iter().any(|word| u32::try_from(word.len()) == Ok(length))
            }
            Value::Text(_, length, _) => length <= SPELLED,
            _ => false,
        };
        if !worth {
            return Ok(());
        }
        let word = self.text(key, 256)?;
        if HOOKS.contains(&word.as_str()) {
            let sentence = format!("a state brings the method `{word}` along");
            self.book.add(Suspicious, "pickle.build.hook", at, sentence);
        }
        Ok(())
    }
}
