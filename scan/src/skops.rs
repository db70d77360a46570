//! skops archives: a schema of nodes, each with the module and the class that the loader would build.
//!
//! Never here: the nodes built. To add a kind of node: nothing, every node has the same two names.

use serde_json::Value;

use crate::{
    book::{Book, quoted},
    hidden, json,
    pickle::{Standing, standing},
    report::Finding::{Malicious, Suspicious, Unknown},
    source::{Source, read, wide},
};

/// LIMIT: bytes of a schema.
const SCHEMA: usize = 16 << 20;

/// Reads `schema.json`.
pub(crate) fn schema(source: &mut dyn Source, book: &mut Book<'_>) {
    let bytes = match read(source, 0, SCHEMA.min(book.limits.whole)) {
        Ok(bytes) if wide(bytes.len()) == source.len() => bytes,
        Ok(_) => {
            book.partial("a schema behind the limit of bytes");
            return;
        }
        Err(_unread) => {
            book.broken("source.unread", 0, "bytes could not be read");
            return;
        }
    };
    if json::members(&bytes) > book.values() {
        book.partial("a schema behind the limit of values");
        return;
    }
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
        book.broken("skops.schema", 0, "the schema is no JSON");
        return;
    };
    let mut open = vec![&value];
    while let Some(value) = open.pop() {
        if !book.step(1) {
            return;
        }
        match value {
            Value::Object(object) => {
                let word = |key: &str| object.get(key).and_then(Value::as_str);
                if let (Some(module), Some(class)) = (word("__module__"), word("__class__")) {
                    node(module, class, book);
                }
                if word("__loader__") == Some("MethodNode")
                    || word("__loader__") == Some("OperatorFuncNode")
                {
                    function(object.get("content").unwrap_or(&Value::Null), book);
                }
                open.extend(object.values());
            }
            Value::Array(items) => open.extend(items),
            Value::String(text) if text.len() > 64 => hidden::literal(book, text.as_bytes(), 0),
            _ => {}
        }
    }
}

fn node(module: &str, class: &str, book: &mut Book<'_>) {
    let told = quoted(&format!("{module}.{class}"));
    match standing(module, class) {
        Standing::Danger(_) => {
            let sentence = format!("it names `{told}`, which runs or reaches something");
            book.add(Malicious, "skops.type", 0, sentence);
        }
        Standing::Foreign => {
            let sentence = format!("it names `{told}`, which stands on no list of harmless names");
            book.add(Suspicious, "skops.type", 0, sentence);
        }
        Standing::Local => {
            let sentence = format!("it names `{told}`, code of the program that wrote it");
            book.add(Unknown, "skops.type", 0, sentence);
        }
        Standing::Make | Standing::Refer | Standing::When(_) => {}
    }
}

/// A method that is taken off an object: its name may reach outward.
fn function(content: &Value, book: &mut Book<'_>) {
    let named = content.get("func").or_else(|| content.get("attrs")).and_then(Value::as_str);
    if let Some(name) = named.filter(|name| name.starts_with("__") || crate::pickle::outward(name))
    {
        let sentence = format!("it takes the method `{}` off an object", quoted(name));
        book.add(Malicious, "skops.method", 0, sentence);
    }
}
