//! Names and calls: what is reached, what is called with what, and what is put into what was made.
//!
//! A name is judged when it is met, called or not: a loader imports it. An allowed function is called only as its rule says.
//! Never here: the lists (see `names`). To add a rule: a variant of `Rule` and an arm of [`Machine::rule`].

use crate::{
    book::quoted,
    cursor::Stop,
    hidden,
    pickle::{
        machine::{Machine, Setting},
        names::{self, Deed, Rule, Standing},
        value::{Node, Value},
    },
    report::{
        Finding::{Malicious, Suspicious, Unknown},
        Kind,
    },
    source::wide,
};

/// LIMIT: bytes of a module's or a name's letters; Python's own limit does not exist, real ones have fifty.
const NAME: usize = 1024;
/// LIMIT: different names of one stream.
const NAMES: usize = 20_000;
/// LIMIT: letters of all of them together; real streams have some thousands.
const LETTERS: usize = 2 << 20;
/// LIMIT: bytes of an argument that is itself a file.
const NESTED: usize = 16 << 20;

impl Machine<'_, '_, '_> {
    pub(super) fn act(&mut self, op: u8) -> Result<(), Stop> {
        match op {
            b'c' => {
                let name = self.lines()?;
                self.push(name)
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                let name = self.looked_up(module, name);
                self.push(name)
            }
            b'i' => {
                let who = self.lines()?;
                let items = self.marked()?;
                let with = self.arena.tuple(items);
                let made = self.call(who, with)?;
                self.push(made)
            }
            b'o' => {
                let mut items = self.marked()?;
                if items.is_empty() {
                    return Err(Stop::Broken);
                }
                let who = items.remove(0);
                let with = self.arena.tuple(items);
                let made = self.call(who, with)?;
                self.push(made)
            }
            b'R' | 0x81 => {
                let with = self.pop()?;
                let who = self.pop()?;
                let made = self.call(who, with)?;
                self.push(made)
            }
            0x92 => {
                let named = self.pop()?;
                let with = self.pop()?;
                let who = self.pop()?;
                let made = self.call(who, with)?;
                self.given(made, named);
                self.push(made)
            }
            b'b' => self.build(),
            b'P' => {
                self.cursor.line(NAME)?;
                self.persistent(None)
            }
            b'Q' => {
                let id = self.pop()?;
                self.persistent(Some(id))
            }
            _ => self.extension(op),
        }
    }

    /// A module and a name as two lines.
    fn lines(&mut self) -> Result<Value, Stop> {
        let at = self.cursor.at();
        let mut words = [String::new(), String::new()];
        for word in &mut words {
            let (at, length) = self.cursor.line(NAME)?;
            let bytes = self.cursor.span(at, u64::from(length), NAME)?;
            String::from_utf8_lossy(&bytes).trim_end_matches('\r').clone_into(word);
        }
        let [module, name] = words;
        Ok(self.name(module, name, at))
    }

    /// A module and a name from the stack.
    fn looked_up(&mut self, module: Value, name: Value) -> Value {
        let at = self.cursor.at();
        if let (Ok(module), Ok(name)) = (self.text(module, NAME), self.text(name, NAME)) {
            return self.name(module, name, at);
        }
        let sentence = "a name is computed while loading; what it is cannot be told";
        self.book.add(Suspicious, "pickle.global.unresolved", at, sentence);
        self.met += 1;
        self.arena.add(Node::Unnamed)
    }

    /// Judges a name the first time it is met.
    fn name(&mut self, module: String, name: String, at: u64) -> Value {
        self.met += 1;
        let key = (module, name);
        if let Some(number) = self.known.get(&key) {
            return self.arena.add(Node::Name(*number));
        }
        let (module, name) = &key;
        // What a look costs goes with its letters; that none are left is met at the next opcodes.
        let _left = self.book.step(wide((module.len() + name.len()) / 4));
        let own = self.setting == Setting::Script && module.starts_with("__torch__");
        let standing = if own { Standing::Make } else { names::standing(module, name) };
        let told = quoted(&format!("{module}.{name}"));
        match standing {
            Standing::Danger(deed) => {
                let (finding, rule, does) = deed_of(deed);
                self.book.add(finding, rule, at, format!("it names `{told}`, which {does}"));
            }
            Standing::Foreign => {
                let sentence =
                    format!("it names `{told}`, which stands on no list of harmless names");
                self.book.add(Suspicious, "pickle.global.foreign", at, sentence);
            }
            Standing::Local => {
                let sentence = format!(
                    "it names `{told}`, code of the program that wrote it, which is not in the file"
                );
                self.book.add(Unknown, "pickle.global.local", at, sentence);
            }
            Standing::Make | Standing::Refer | Standing::When(_) => {}
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.letters = self.letters.saturating_add(module.len() + name.len());
        if self.names.len() >= NAMES || self.letters > LETTERS {
            self.book.partial("names after the limit of different names");
            return self.arena.add(Node::Unnamed);
        }
        self.names.push((module.clone(), name.clone(), standing));
        self.known.insert(key, number);
        self.arena.add(Node::Name(number))
    }

    /// The name that a value is.
    pub(super) fn named(&self, value: Value) -> Option<&(String, String, Standing)> {
        match self.arena.node(value)? {
            Node::Name(number) => self.names.get(usize::try_from(*number).ok()?),
            _ => None,
        }
    }

    /// Calls something with a tuple.
    fn call(&mut self, who: Value, with: Value) -> Result<Value, Stop> {
        self.met += 1;
        self.called = true;
        let at = self.cursor.at().saturating_sub(1);
        if let Some((module, name, standing)) = self.named(who) {
            let told = quoted(&format!("{module}.{name}"));
            match *standing {
                Standing::When(rule) => self.rule(rule, &told, with, at)?,
                Standing::Refer => {
                    let sentence = format!("it calls `{told}`, which data only refers to");
                    self.book.add(Suspicious, "pickle.call.reference", at, sentence);
                }
                Standing::Foreign | Standing::Local => {
                    let sentence = format!("it calls `{told}`, which nobody here knows");
                    self.book.add(
                        if *standing == Standing::Local { Unknown } else { Suspicious },
                        "pickle.call.foreign",
                        at,
                        sentence,
                    );
                }
                Standing::Danger(deed) => {
                    let (finding, _, does) = deed_of(deed);
                    let sentence = format!("it calls `{told}`, which {does}, when it is loaded");
                    self.book.add(finding, "pickle.call.danger", at, sentence);
                }
                Standing::Make => {}
            }
        } else if self.arena.node(who) != Some(&Node::Unnamed) {
            let sentence =
                "it calls something that is not a name: the result of another call, or a value";
            self.book.add(Suspicious, "pickle.call.computed", at, sentence);
        }
        if let Some(inner) = self.inner(who, with, at) {
            return Ok(inner);
        }
        let made = self.arena.add(Node::Made(who, with, Value::Plain));
        let brought = self.arena.items(with).iter().copied().find(|one| self.mapping(*one));
        if let Some(brought) = brought {
            self.given(made, brought);
        }
        Ok(made)
    }

    /// `getattr(Outer, "Inner")` is how protocols before 4 write a name with a dot in it.
    fn inner(&mut self, who: Value, with: Value, at: u64) -> Option<Value> {
        let called = self.named(who)?.1.clone();
        // dill and cloudpickle fetch types of Python itself by their names.
        if let ([word], "_load_type" | "_builtin_type") = (self.arena.items(with), called.as_str())
        {
            let word = *word;
            let word = self.text(word, NAME).ok()?;
            let known = matches!(names::standing("builtins", &word), Standing::Make);
            return known.then(|| self.name("builtins".to_owned(), word, at));
        }
        if called != "getattr" {
            return None;
        }
        let [outer, word] = self.arena.items(with) else {
            return None;
        };
        let (outer, word) = (*outer, *word);
        let word = self.text(word, NAME).ok()?;
        let (module, name, _) = self.named(outer)?;
        let (module, dotted) = (module.clone(), format!("{name}.{word}"));
        let known = matches!(names::standing(&module, &dotted), Standing::Make | Standing::When(_));
        known.then(|| self.name(module, dotted, at))
    }

    /// Holds a call to the rule of its name.
    fn rule(&mut self, rule: Rule, told: &str, with: Value, at: u64) -> Result<(), Stop> {
        let items: Vec<Value> = self.arena.items(with).to_vec();
        let first = items.first().copied();
        let kept = match rule {
            // What the function calls in turn may not be one with a condition of its own.
            Rule::First => first.and_then(|first| self.named(first)).is_some_and(|(_, _, of)| {
                matches!(of, Standing::When(Rule::First))
                    || !matches!(of, Standing::Refer | Standing::When(_))
            }),
            Rule::Named => first.is_none_or(|first| !self.made(first)),
            Rule::Plain => {
                !items.iter().any(|item| self.made(*item) || self.named(*item).is_some())
            }
            Rule::Type => match (items.as_slice(), first) {
                ([Value::Text(..)], Some(word)) => {
                    let word = self.text(word, NAME)?;
                    !matches!(
                        word.as_str(),
                        "CodeType" | "FunctionType" | "ModuleType" | "LambdaType"
                    )
                }
                ([_one], _) => true,
                _ => false,
            },
            Rule::Getattr => match items.as_slice() {
                [of, word @ Value::Text(..)] => {
                    let word = self.text(*word, NAME)?;
                    let reached = matches!(
                        self.named(*of),
                        Some((_, _, Standing::Make | Standing::Refer | Standing::When(_)))
                    );
                    let built = self.made(*of) && !self.made_by(*of, "getattr");
                    (reached || built)
                        && self.fetches(*of, &word)
                        && !word.starts_with("__")
                        && !word.contains('.')
                        && !names::outward(&word)
                }
                _ => false,
            },
            Rule::Encode => return self.encode(&items, at),
            Rule::Scalar => {
                first.is_some_and(|first| self.dtype(first).is_some_and(|(object, _)| !object))
            }
            Rule::Ufunc => match items.as_slice() {
                [module @ Value::Text(..), name @ Value::Text(..)] => {
                    let module = self.text(*module, NAME)?;
                    let name = self.text(*name, NAME)?;
                    let known = module.starts_with("numpy") || module.starts_with("scipy.special");
                    known && !matches!(names::standing(&module, &name), Standing::Danger(_))
                }
                _ => false,
            },
            Rule::Zone => match first {
                Some(word @ Value::Text(..)) => {
                    let word = self.text(word, NAME)?;
                    !word.contains("..") && !word.starts_with('/') && !word.contains('\\')
                }
                _ => false,
            },
            Rule::Nested => return self.nested(first, at),
        };
        if !kept {
            let sentence = format!("it calls `{told}` in a way that data never does");
            self.book.add(Suspicious, "pickle.call.condition", at, sentence);
        }
        Ok(())
    }

    fn made(&self, value: Value) -> bool {
        matches!(self.arena.node(value), Some(Node::Made(..) | Node::Unnamed | Node::Persistent))
            || value == Value::Forgotten
    }

    fn made_by(&self, value: Value, name: &str) -> bool {
        let Some(Node::Made(who, ..)) = self.arena.node(value) else {
            return false;
        };
        self.named(*who).is_some_and(|(_, called, _)| called == name)
    }

    /// `_codecs.encode(text, "latin1")` is how protocol 2 writes bytes; what they are is looked into.
    fn encode(&mut self, items: &[Value], at: u64) -> Result<(), Stop> {
        let codec = match items.get(1) {
            Some(codec) => self.text(*codec, 32).unwrap_or_default(),
            None => String::new(),
        };
        let plain = ["latin1", "latin-1", "utf-8", "utf8", "ascii", "iso-8859-1", "latin_1"];
        match items.first() {
            Some(text @ Value::Text(..)) if plain.contains(&codec.as_str()) => {
                let text = self.text(*text, 1 << 20)?;
                hidden::literal(self.book, &hidden::latin(&text), at);
            }
            _ => {
                let sentence = "it encodes something with a codec that data is not written with";
                self.book.add(Suspicious, "pickle.call.condition", at, sentence);
            }
        }
        Ok(())
    }

    /// Bytes that the loader loads again.
    fn nested(&mut self, first: Option<Value>, at: u64) -> Result<(), Stop> {
        let bytes = match first {
            Some(Value::Bytes(at, length)) => self.cursor.span(at, u64::from(length), NESTED)?,
            Some(made) if self.made_by(made, "encode") => {
                let inner = match self.arena.node(made) {
                    Some(Node::Made(_, with, _)) => self.arena.items(*with).first().copied(),
                    _ => None,
                };
                match inner {
                    Some(text) => hidden::latin(&self.text(text, NESTED)?),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        if bytes.is_empty() || bytes.len() >= NESTED {
            self.book.partial("bytes that are loaded again");
        }
        let mut kind = Kind::Other;
        self.book.inside(&format!("bytes@{at}"), |book| {
            kind = crate::sniff::part("nested.pt", &mut crate::Slice(&bytes), book);
        });
        if !matches!(kind, Kind::Torch | Kind::TorchLegacy) {
            let sentence = "it loads bytes again that are no file of torch";
            self.book.add(Suspicious, "pickle.call.condition", at, sentence);
        }
        Ok(())
    }

    fn build(&mut self) -> Result<(), Stop> {
        let state = self.pop()?;
        let target = self.top()?;
        let at = self.cursor.at();
        match self.arena.node(target) {
            Some(Node::Name(_) | Node::Unnamed) => {
                let sentence = "it changes a named class or function itself";
                self.book.add(Suspicious, "pickle.build.name", at, sentence);
            }
            Some(Node::Made(who, ..)) => {
                let wrapper = self.named(*who).is_some_and(|(module, name, _)| {
                    name == "NumpyArrayWrapper" && module.contains("joblib")
                }) || self.wrapped(target);
                self.hooks(state, at)?;
                if wrapper {
                    return self.raw(state);
                }
                self.built(target, state, at);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether `copyreg._reconstructor` made an array's wrapper (protocols 0 and 1).
    fn wrapped(&self, target: Value) -> bool {
        let Some(Node::Made(_, with, _)) = self.arena.node(target) else {
            return false;
        };
        let first = self.arena.items(*with).first().and_then(|first| self.named(*first));
        first.is_some_and(|(module, name, _)| {
            name == "NumpyArrayWrapper" && module.contains("joblib")
        })
    }

    /// Torch's storages; anything else is for a loader that is not known.
    fn persistent(&mut self, id: Option<Value>) -> Result<(), Stop> {
        let items: Vec<Value> = id.map(|id| self.arena.items(id).to_vec()).unwrap_or_default();
        let word = match items.first() {
            Some(word @ Value::Text(..)) => self.text(*word, 32).unwrap_or_default(),
            _ => String::new(),
        };
        let storage =
            items.get(1).and_then(|of| self.named(*of)).is_some_and(|(module, _, standing)| {
                module.starts_with("torch") && *standing == Standing::Make
            });
        if storage {
            self.stored(&items);
        }
        let script = self.setting == Setting::Script;
        // Before 1.6 torch put the source of a module's class beside it, for a warning; what it becomes is the class.
        if let ("module", Some(class), 4) = (word.as_str(), items.get(1), items.len()) {
            return self.push(*class);
        }
        if !(word == "storage" && (storage || script)) {
            let at = self.cursor.at();
            let sentence = "it has a persistent id that is no storage of torch: what it becomes only its loader knows";
            self.book.add(Suspicious, "pickle.persistent", at, sentence);
        }
        let node = self.arena.add(Node::Persistent);
        self.push(node)
    }

    /// Remembers how many bytes a storage has: behind an old file stand that many.
    fn stored(&mut self, items: &[Value]) {
        /// LIMIT: storages of one file.
        const STORAGES: usize = 65_536;
        let [_, of, key @ Value::Text(..), _, Value::Int(count), ..] = items else {
            return;
        };
        let size = match self.named(*of).map_or("", |(_, name, _)| name.as_str()) {
            "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
            "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
            "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
            "ComplexDoubleStorage" => 16,
            _ => 1,
        };
        let (count, key) = (u64::try_from(*count).unwrap_or(0), *key);
        if let Ok(key) = self.text(key, 64)
            && self.storages.len() < STORAGES
        {
            self.storages.insert(key, count.saturating_mul(size));
        }
    }

    fn extension(&mut self, op: u8) -> Result<(), Stop> {
        let at = self.cursor.at();
        let number = self.cursor.number(1 << (op - 0x82))?;
        let sentence =
            format!("it names entry {number} of the extension registry, which is not in the file");
        self.book.add(Suspicious, "pickle.extension", at, sentence);
        self.met += 1;
        let node = self.arena.add(Node::Unnamed);
        self.push(node)
    }
}

fn deed_of(deed: Deed) -> (crate::Finding, &'static str, &'static str) {
    match deed {
        Deed::Run => (Malicious, "pickle.global.run", "runs commands or code"),
        Deed::Load => (Malicious, "pickle.global.load", "loads more code"),
        Deed::Net => (Malicious, "pickle.global.net", "speaks to the network"),
        Deed::File => (Malicious, "pickle.global.file", "opens or changes files"),
        Deed::Reach => (Malicious, "pickle.global.reach", "reaches anything by its name"),
        Deed::Code => (Suspicious, "pickle.global.code", "builds functions out of the file"),
    }
}
