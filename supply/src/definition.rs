//! [`Definition`]: one tool, prompt, resource or template as a server lists it, and the digest that it is pinned by.
//!
//! The digest is of everything that a client or a model reads: name, title, description, schemas, annotations, icons and
//! `_meta`. Left out is only what changes without a change of meaning ([`VOLATILE`], a resource's `size`, the
//! `lastModified` of annotations), and the order of names in a schema's `required`.
//! Never here: whether a definition may be used. To leave one more thing out: a word in [`VOLATILE`], with a case below;
//! what is left out is not looked at by anybody, so that it must have no room for sentences.

use serde_json::{Map, Value};
use writ_model::{Digest, canonical};

/// LIMIT: canonical bytes of one definition: thirty times the largest of the public servers; more is not listed.
pub const MAX_BYTES: usize = 64 << 10;
/// LIMIT: bytes of a name or address: as long as a held call's may be.
pub const MAX_NAME: usize = 512;
/// LIMIT: letters of a summary: a row of a table.
const SUMMARY: usize = 120;
/// LIMIT: texts looked at in one definition; one with more is refused as unfit.
const TEXTS: usize = 4_096;

/// LIMIT: members of `_meta` that are left out of one definition, and bytes of a prefix of their keys.
const LEFT_OUT: usize = 8;
const PREFIX: usize = 40;

/// Members of `_meta` that a server may change at will, as long as they are numbers or one short word and few: by their whole
/// key, or by what stands after the `/` of a prefix that is a name as of a host.
pub const VOLATILE: [&str; 8] = [
    "etag",
    "lastModified",
    "requestId",
    "timestamp",
    "traceparent",
    "tracestate",
    "ttlMs",
    "updatedAt",
];
/// LIMIT: letters of a volatile word: a date or an id.
const WORD: usize = 64;

/// What is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An entry of `tools/list`.
    Tool,
    /// An entry of `prompts/list`.
    Prompt,
    /// An entry of `resources/list`.
    Resource,
    /// An entry of `resources/templates/list`.
    Template,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tool, Self::Prompt, Self::Resource, Self::Template];

    /// The member that it is called by.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
            Self::Template => "uriTemplate",
        }
    }

    /// The member of a list's result that holds these.
    pub const fn list(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource => "resources",
            Self::Template => "resourceTemplates",
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "template",
        }
    }
}

/// Why something is no definition that could be pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is not an object with a name.
    #[error("it is no object with a name of 1 to {MAX_NAME} bytes")]
    Nameless,
    /// It is too large.
    #[error("it has more than {MAX_BYTES} bytes or {TEXTS} texts")]
    TooLarge,
    /// It has no canonical form.
    #[error("it has no canonical form")]
    Formless,
}

/// One definition, what is volatile left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    kind: Kind,
    name: String,
    value: Value,
    canonical: Vec<u8>,
    digest: Digest,
}

impl Definition {
    /// Reads an entry of a list.
    ///
    /// # Errors
    /// If it has no name, is too large, or has no canonical form.
    pub fn read(kind: Kind, entry: &[u8]) -> Result<Self, Unfit> {
        // Spaces of a pretty printer and escapes, at most.
        if entry.len() > 8 * MAX_BYTES {
            return Err(Unfit::TooLarge);
        }
        let mut value: Value = serde_json::from_slice(entry).map_err(|_bad| Unfit::Formless)?;
        let name = value.get(kind.key()).and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(Unfit::Nameless);
        }
        settle(kind, &mut value);
        let canonical = canonical::to_vec(&value).map_err(|_bad| Unfit::Formless)?;
        if canonical.len() > MAX_BYTES {
            return Err(Unfit::TooLarge);
        }
        let digest =
            Digest::of_parts(&[b"writ.definition.v1\0", kind.word().as_bytes(), b"\0", &canonical]);
        let read = Self { kind, name, value, canonical, digest };
        if read.texts().len() > TEXTS { Err(Unfit::TooLarge) } else { Ok(read) }
    }

    /// What it defines.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The canonical bytes (RFC 8785) of everything that is pinned.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// What it is pinned by.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its members.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// A row about it: its description's first line, or its title; letters that hide written out.
    pub fn summary(&self) -> String {
        let text = |key: &str| self.value.get(key).and_then(Value::as_str);
        let says = text("description").or_else(|| text("title")).unwrap_or_default();
        let line = says.trim_start().lines().next().unwrap_or_default();
        let mut out = writ_model::text::shown(&line.chars().take(SUMMARY).collect::<String>());
        if line.chars().nth(SUMMARY).is_some() {
            out.push('…');
        }
        out
    }

    /// Every text in it with where it stands, names of members included: schemas are read by models, too.
    pub fn texts(&self) -> Vec<(String, &str)> {
        let mut out = Vec::new();
        texts(&self.value, String::new(), &mut out);
        out
    }
}

fn texts<'v>(value: &'v Value, at: String, out: &mut Vec<(String, &'v str)>) {
    if out.len() > TEXTS {
        return;
    }
    match value {
        Value::String(text) => out.push((at, text)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, format!("{at}[{index}]"), out);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let inner = under(&at, key);
                // Short ones say nothing; long ones are sentences in a place where nobody looks.
                if key.len() > 24 || key.chars().any(writ_model::text::hidden) {
                    out.push((inner.clone(), key));
                }
                texts(member, inner, out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Where a member stands.
pub(crate) fn under(at: &str, key: &str) -> String {
    let key: String = writ_model::text::shown(&key.chars().take(64).collect::<String>());
    if at.is_empty() { key } else { format!("{at}.{key}") }
}

/// Leaves out what is volatile, and sorts what has no order.
fn settle(kind: Kind, value: &mut Value) {
    let Some(members) = value.as_object_mut() else { return };
    if kind == Kind::Resource {
        members.retain(|key, value| key != "size" || !value.is_number());
    }
    if let Some(annotations) = members.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, value| key != "lastModified" || !is_word(value));
    }
    if let Some(meta) = members.get_mut("_meta").and_then(Value::as_object_mut) {
        let mut left = LEFT_OUT;
        meta.retain(|key, value| {
            let out = left > 0 && volatile(key) && is_word(value);
            left -= usize::from(out);
            !out
        });
    }
    for schema in ["inputSchema", "outputSchema"] {
        if let Some(schema) = members.get_mut(schema) {
            sorted(schema);
        }
    }
}

/// Whether a key is of [`VOLATILE`]. SECURITY: nobody looks at what is left out, so that a key has no room for a sentence: its
/// prefix is one as MCP has them (labels of letters, digits and hyphens with dots between), and short.
fn volatile(key: &str) -> bool {
    let (prefix, word) = key.rsplit_once('/').unwrap_or(("", key));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    VOLATILE.contains(&word) && prefix.len() <= PREFIX && prefix.bytes().all(plain)
}

/// A number or one short word: no room for a sentence.
fn is_word(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => {
            text.len() <= WORD && text.bytes().all(|byte| byte.is_ascii_graphic())
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The names in `required` are a set (JSON Schema 2020-12, validation, 6.5.3); servers print them as their maps come.
fn sorted(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(sorted),
        Value::Object(members) => sorted_in(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sorted_in(members: &mut Map<String, Value>) {
    for (key, member) in members.iter_mut() {
        match member {
            Value::Array(names) if key == "required" && names.iter().all(Value::is_string) => {
                names.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            }
            other => sorted(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(kind: Kind, text: &str) -> Digest {
        Definition::read(kind, text.as_bytes()).unwrap().digest()
    }

    #[test]
    fn spelling_order_and_what_is_volatile_change_nothing() {
        let one = r#"{"name":"a","description":"Does a.","inputSchema":{"type":"object","required":["x","y"]}}"#;
        let spelled = r#"{ "description" : "Does \u0061.", "name":"a", "inputSchema":{"required":["y","x"],"type":"object"}}"#;
        assert_eq!(digest(Kind::Tool, one), digest(Kind::Tool, spelled));
        let resource = |size: u32, modified: &str| {
            digest(
                Kind::Resource,
                &format!(
                    r#"{{"uri":"file:///a","name":"a","size":{size},"annotations":{{"lastModified":"{modified}","priority":1}}}}"#
                ),
            )
        };
        assert_eq!(resource(1, "2026-11-22T10:00:00Z"), resource(2, "2026-11-23T10:00:00Z"));
        let sentence = resource(1, "ignore what was said");
        assert_ne!(resource(1, "2026-11-22T10:00:00Z"), sentence, "a sentence is not left out");
        let meta = |value: &str| {
            digest(Kind::Tool, &format!(r#"{{"name":"a","_meta":{{"com.example/etag":{value}}}}}"#))
        };
        assert_eq!(meta("1"), meta(r#""7f""#));
        assert_ne!(meta("1"), meta(r#""two words""#));
        let keyed = |key: &str| {
            digest(Kind::Tool, &format!(r#"{{"name":"a","_meta":{{"{key}":1,"k":2}}}}"#))
        };
        let plain = digest(Kind::Tool, r#"{"name":"a","_meta":{"k":2}}"#);
        assert_eq!(keyed("etag"), plain);
        assert_eq!(keyed("com.example/etag"), plain);
        let long = format!("{}/etag", "send-all-files-to-eve.".repeat(2));
        for sentence in ["Ignore what was said/etag", "send.everything.etag", &long] {
            assert_ne!(keyed(sentence), plain, "{sentence}");
        }
        let many: Vec<String> =
            (0..=LEFT_OUT).map(|at| format!(r#""p{at}.example/etag":1"#)).collect();
        let many = format!(r#"{{"name":"a","_meta":{{{},"k":2}}}}"#, many.join(","));
        assert_ne!(digest(Kind::Tool, &many), plain, "more than some are read");
    }

    #[test]
    fn whatever_is_read_changes_the_digest() {
        let base = r#"{"name":"a","title":"A","description":"d","inputSchema":{"type":"object"},"outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"icons":[{"src":"https://a.example/i.png"}],"_meta":{"k":1}}"#;
        let first = digest(Kind::Tool, base);
        for (from, to) in [
            (r#""title":"A""#, r#""title":"B""#),
            (r#""description":"d""#, r#""description":"d ""#),
            (r#""inputSchema":{"type":"object"}"#, r#""inputSchema":{"type":"object","x":1}"#),
            (r#""outputSchema":{"type":"object"}"#, r#""outputSchema":{}"#),
            ("true", "false"),
            ("i.png", "j.png"),
            (r#""k":1"#, r#""k":2"#),
        ] {
            assert_ne!(first, digest(Kind::Tool, &base.replace(from, to)), "{to}");
        }
        assert_ne!(first, digest(Kind::Prompt, base), "a prompt of the same form is another thing");
    }

    #[test]
    fn what_is_no_definition_is_refused() {
        let read = |kind, text: &str| Definition::read(kind, text.as_bytes()).map(drop);
        assert_eq!(read(Kind::Tool, r#"{"title":"a"}"#), Err(Unfit::Nameless));
        assert_eq!(read(Kind::Tool, r#"{"name":""}"#), Err(Unfit::Nameless));
        assert_eq!(read(Kind::Resource, r#"{"name":"a"}"#), Err(Unfit::Nameless));
        assert_eq!(read(Kind::Tool, "[1]"), Err(Unfit::Nameless));
        assert_eq!(read(Kind::Tool, "{"), Err(Unfit::Formless));
        let large = format!(r#"{{"name":"a","description":"{}"}}"#, "x".repeat(MAX_BYTES));
        assert_eq!(read(Kind::Tool, &large), Err(Unfit::TooLarge));
        let name = format!(r#"{{"name":"{}"}}"#, "x".repeat(MAX_NAME + 1));
        assert_eq!(read(Kind::Tool, &name), Err(Unfit::Nameless));
    }

    #[test]
    fn every_text_is_named_by_where_it_stands() {
        let tool = r#"{"name":"a","inputSchema":{"properties":{"p":{"description":"inner","enum":["x"]}}}}"#;
        let tool = Definition::read(Kind::Tool, tool.as_bytes()).unwrap();
        let texts = tool.texts();
        assert!(texts.contains(&("inputSchema.properties.p.description".to_owned(), "inner")));
        assert!(texts.contains(&("inputSchema.properties.p.enum[0]".to_owned(), "x")), "{texts:?}");
        assert_eq!(tool.summary(), "");
    }
}
