//! JSON that goes with models: templates of chats, code that a repository asks to be loaded, Keras' configurations.
//!
//! Never here: a whole tree of a large file; it is walked as it is read. To add a key that matters: an arm of `visit_map`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{
    book::Book,
    jinja, keras,
    report::{Finding, Kind},
    source::{Source, read as read_at, wide},
};

/// LIMIT: bytes of a file that is read; the greatest list of tokens has thirty million.
const READ: usize = 48 << 20;
/// LIMIT: templates of one file, and bytes of all of them.
const TEMPLATES: usize = 1024;
const LETTERS: usize = 4 << 20;

/// Members and items of a text of JSON, counted without reading it: what a tree of it would hold. Never less than there are.
pub(crate) fn members(bytes: &[u8]) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' | b'[' | b'{' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

/// Whether a beginning is one of JSON and not a pickle's `}` or `]`.
pub(crate) fn plausible(head: &[u8]) -> bool {
    let mut rest = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (rest.next(), rest.next()) {
        (Some(b'{'), Some(next)) => matches!(next, b'"' | b'}'),
        (Some(b'['), Some(next)) => {
            matches!(next, b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
        }
        _ => false,
    }
}

#[derive(Debug, Default)]
struct Seen {
    templates: Vec<String>,
    letters: usize,
    /// There were more templates than are looked at.
    more: bool,
    remote: bool,
    keras: bool,
}

struct Look<'s> {
    seen: &'s mut Seen,
    /// Inside a template: a text here is one.
    template: bool,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _value: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _value: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _value: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if !self.template {
            return Ok(());
        }
        self.seen.letters = self.seen.letters.saturating_add(value.len());
        if self.seen.templates.len() < TEMPLATES && self.seen.letters <= LETTERS {
            self.seen.templates.push(value.to_owned());
        } else {
            self.seen.more = true;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items
            .next_element_seed(Look { seen: &mut *self.seen, template: self.template })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "auto_map" => {
                    entries.next_value::<IgnoredAny>()?;
                    self.seen.remote = true;
                    continue;
                }
                "class_name" | "registered_name" => self.seen.keras = true,
                _ => {}
            }
            let template = self.template || key == "chat_template";
            entries.next_value_seed(Look { seen: &mut *self.seen, template })?;
        }
        Ok(())
    }
}

/// Reads a file of JSON.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let bytes = match read_at(source, 0, READ.min(book.limits.whole)) {
        Ok(bytes) => bytes,
        Err(_unread) => {
            book.broken("source.unread", 0, "bytes could not be read");
            return Kind::Json;
        }
    };
    if wide(bytes.len()) < source.len() {
        book.partial("JSON behind the limit of bytes");
        return Kind::Json;
    }
    let mut seen = Seen::default();
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    // One value, or one behind the other, as logs and data sets have them.
    loop {
        if (Look { seen: &mut seen, template: false }).deserialize(&mut reader).is_err() {
            book.broken("json.broken", 0, "it is no JSON");
            break;
        }
        if reader.end().is_ok() {
            break;
        }
    }
    if seen.more {
        book.partial("templates behind the limit of templates");
    }
    for template in &seen.templates {
        jinja::check(template, 0, book);
    }
    if seen.remote {
        let sentence = "it asks for code of its repository to be loaded with the model";
        book.add(Finding::Suspicious, "config.auto_map", 0, sentence);
    }
    if seen.keras {
        keras::check(&bytes, book);
    }
    Kind::Json
}
