//! A result taken apart: the fields of its records, and the free text in it.
//!
//! SECURITY: what is taken for a field of an own record counts as trusted, so nothing inside a free text may become one: a
//! quoted text ends at its own mark, a document is text as a whole, a field of free words is text. Never here: what a
//! value means. To add a notation: a function that fills [`Parts`], its arm in [`leaves`], a case that tries to break out.

use std::{borrow::Cow, collections::BTreeSet, sync::LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::repair;

pub(crate) mod cards;
mod inline;
mod lines;
mod printed;
mod xml;

/// LIMIT: leaves of one result and levels of it; what is over is one text.
const MOST: usize = 8_192;
const DEPTH: usize = 24;
/// LIMIT: values of one JSON text: more is text, which takes less room than they do.
const VALUES: usize = 100_000;
/// LIMIT: bytes of a text that is read as records; likewise.
const RECORDS: usize = 1 << 20;

/// One value or text of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaf {
    /// The name of its field, folded; empty without one.
    pub(crate) key: String,
    /// The record in which it stands, counted within the result.
    pub(crate) record: u32,
    /// What it says.
    pub(crate) text: String,
    /// True if it was written so that a person does not see it.
    pub(crate) hidden: bool,
    /// True if it is a short field of a record.
    pub(crate) field: bool,
}

/// Leaves on the way.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) all: Vec<Leaf>,
    pub(crate) record: u32,
    records: u32,
}

impl Parts {
    pub(crate) fn begin(&mut self) -> u32 {
        self.records += 1;
        std::mem::replace(&mut self.record, self.records)
    }

    pub(crate) fn push(&mut self, key: &str, text: &str, field: bool) {
        let text = text.trim();
        if tells(key) && self.all.len() < MOST {
            self.add(String::new(), key.trim(), false);
        }
        if text.is_empty() || self.all.len() >= MOST {
            return;
        }
        let key = crate::words::tokens::fold(key.trim());
        let field = field && short(text) && !free(&key);
        self.add(key, text, field);
    }

    fn add(&mut self, key: String, text: &str, field: bool) {
        let (record, text) = (self.record, text.to_owned());
        self.all.push(Leaf { key, record, text, hidden: false, field });
    }
}

/// True for a name that may hold what leads somewhere, as the line `Pay to DE89…:` does: then it is a text as well.
fn tells(key: &str) -> bool {
    key.contains(['@', '/']) || key.bytes().filter(u8::is_ascii_digit).count() >= 6
}

/// True if a text is short enough for a value: seven words on one line.
fn short(text: &str) -> bool {
    text.len() <= 100 && !text.contains('\n') && text.split_whitespace().count() <= 7
}

/// True for fields that people fill with words of their own: nothing in them is a value of the record.
pub(crate) fn free(key: &str) -> bool {
    const FREE: &str = "body text content contents message messages description subject comment comments note notes review reviews snippet summary bio remark remarks memo purpose reason details html markdown preview readme caption verwendungszweck betreff nachricht beschreibung zweck reference topic about answer result output feedback status_message alt instructions nachrichtentext texte corps objet mensaje asunto cuerpo";
    static WORDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| FREE.split(' ').collect());
    // A folded name has no capitals that would part it.
    crate::words::tokens::parts(key).any(|word| WORDS.contains(word))
}

/// The leaves of a result. `document` says that it is one text, whatever it looks like.
pub(crate) fn leaves(content: &Value, document: bool) -> Vec<Leaf> {
    let mut parts = Parts::default();
    walk(content, "", DEPTH, document, &mut parts);
    if parts.all.len() >= MOST {
        let rest = content.to_string();
        parts.all.push(Leaf {
            key: String::new(),
            record: 0,
            text: rest,
            hidden: false,
            field: false,
        });
    }
    parts.all
}

fn walk(value: &Value, key: &str, depth: usize, document: bool, parts: &mut Parts) {
    match value {
        Value::Null => {}
        Value::Bool(yes) => parts.push(key, if *yes { "true" } else { "false" }, !document),
        Value::Number(number) => parts.push(key, &number.to_string(), !document),
        Value::String(text) => string(text, key, depth, document, parts),
        Value::Array(_) | Value::Object(_) if depth == 0 => {
            parts.push(key, &value.to_string(), false);
        }
        Value::Array(all) => {
            for one in all {
                // Each object of a list is a record; an object inside one belongs to it.
                let record = one.is_object() || one.is_array();
                let outer = if record { parts.begin() } else { parts.record };
                walk(one, key, depth - 1, document, parts);
                parts.record = outer;
            }
        }
        // MCP 2025-06-18, content of a result: `{"type":"text","text":…}` is its text.
        Value::Object(all) if block(all).is_some() => {
            string(block(all).unwrap_or(""), "", depth - 1, document, parts);
        }
        Value::Object(all) => {
            // Records by their ids: the id is a field of each.
            let by_id = !all.is_empty()
                && all.iter().all(|(id, one)| {
                    one.is_object() && id.bytes().any(|byte| byte.is_ascii_digit())
                });
            for (name, one) in all {
                if by_id {
                    let outer = parts.begin();
                    parts.push("id", name, !document);
                    walk(one, "", depth - 1, document, parts);
                    parts.record = outer;
                } else {
                    walk(one, name, depth - 1, document, parts);
                }
            }
        }
    }
}

fn block(all: &serde_json::Map<String, Value>) -> Option<&str> {
    let text = all.get("type").and_then(Value::as_str) == Some("text") && all.len() <= 4;
    all.get("text").and_then(Value::as_str).filter(|_| text)
}

fn string(text: &str, key: &str, depth: usize, document: bool, parts: &mut Parts) {
    let trimmed = text.trim();
    // Only a whole result or a whole block is parsed again: a field that holds JSON is somebody's text.
    let whole = key.is_empty();
    let looks_so = whole && repair::looks_so(trimmed.as_bytes());
    if looks_so
        && depth > 0
        && let Ok(value) = repair::value(trimmed.as_bytes(), VALUES)
        && !value.is_string()
    {
        return walk(&value, "", depth - 1, document, parts);
    }
    // An object a line.
    if looks_so && depth > 0 && trimmed.contains('\n') {
        let rows = trimmed.lines().filter(|row| !row.trim().is_empty());
        let read = |row: &str| repair::value(row.trim().as_bytes(), VALUES).ok();
        if let Some(all) = rows.map(read).collect::<Option<Vec<Value>>>() {
            return walk(&Value::Array(all), "", depth - 1, document, parts);
        }
    }
    if whole
        && !document
        && trimmed.starts_with(['{', '[', '('])
        && depth > 0
        && let Some(value) = printed::value(trimmed)
    {
        return walk(&value, "", depth - 1, document, parts);
    }
    let fits = (4..=RECORDS).contains(&trimmed.len());
    if whole
        && !document
        && fits
        && (xml::records(trimmed, parts)
            || inline::records(trimmed, parts)
            || lines::records(trimmed, parts))
    {
        return;
    }
    // What is no JSON after all is read with its escapes as what they stand for.
    let text = if looks_so { repair::plain(text) } else { Cow::Borrowed(text) };
    // A whole result of several words is text; one word is what a tool was asked for.
    let value = !whole || trimmed.split_whitespace().count() == 1;
    parts.push(key, &text, !document && value);
}

#[cfg(test)]
mod tests;
