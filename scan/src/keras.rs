//! Keras' configurations, of HDF5 files and of archives: layers that carry code, and names outside Keras.
//!
//! A configuration names modules and classes that the loader imports; a Lambda layer carries bytecode or names a function.
//! Never here: the file around it. To add a name that reaches outward: a row in [`OUTWARD`].

use std::{collections::BTreeSet, sync::LazyLock};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::{
    book::{Book, quoted},
    bytecode, hidden, json, pickle,
    report::Finding::{Malicious, Suspicious},
    source::{Source, read, wide},
};

/// LIMIT: bytes of one configuration.
const CONFIG: usize = 8 << 20;
/// LIMIT: texts of one configuration that are looked into.
const TEXTS: usize = 4096;

/// Names inside Keras that load, fetch or unlock.
const OUTWARD: &[&str] = &[
    "enable_unsafe_deserialization",
    "get_file",
    "load_model",
    "load_weights",
    "save_img",
    "save_model",
    "TorchModuleWrapper",
    "TFSMLayer",
    "FlaxLayer",
    "JaxLayer",
    "deserialize_keras_object",
    "custom_object_scope",
    "get_custom_objects",
    "set_backend",
];

/// Modules whose classes are Keras' own.
const OWN: &[&str] =
    &["keras", "tf_keras", "tensorflow", "keras_nlp", "keras_hub", "keras_cv", "keras_core"];

/// Classes of Keras that a configuration may name without a module: layers, and what layers are given.
static CLASSES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| include_str!("keras/classes.txt").lines().collect());

/// Reads `config.json` of an archive.
pub(crate) fn config(source: &mut dyn Source, book: &mut Book<'_>) {
    match read(source, 0, CONFIG) {
        Ok(bytes) if wide(bytes.len()) == source.len() => check(&bytes, book),
        Ok(_) => book.partial("a configuration behind the limit of bytes"),
        Err(_unread) => book.broken("source.unread", 0, "bytes could not be read"),
    }
}

/// Walks a configuration.
pub(crate) fn check(bytes: &[u8], book: &mut Book<'_>) {
    if bytes.len() > CONFIG {
        book.partial("a configuration behind the limit of bytes");
        return;
    }
    if json::members(bytes) > book.values() {
        book.partial("a configuration behind the limit of values");
        return;
    }
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        book.broken("keras.config", 0, "the configuration is no JSON");
        return;
    };
    let mut open = vec![&value];
    let mut texts = 0;
    while let Some(value) = open.pop() {
        if !book.step(1) {
            return;
        }
        match value {
            Value::Object(object) => {
                layer(object, book);
                open.extend(object.values());
            }
            Value::Array(items) => open.extend(items),
            Value::String(text)
                if texts < TEXTS
                    && hidden::worth(
                        text.as_bytes().get(..text.len().min(96)).unwrap_or_default(),
                        wide(text.len()),
                    ) =>
            {
                texts += 1;
                hidden::literal(book, text.as_bytes(), 0);
                // Configurations stand in each other as text.
                if text.starts_with('{') && text.contains("class_name") {
                    book.inside("text", |book| check(text.as_bytes(), book));
                }
            }
            _ => {}
        }
    }
}

fn layer(object: &Map<String, Value>, book: &mut Book<'_>) {
    let word = |key: &str| object.get(key).and_then(Value::as_str);
    let class = word("class_name").unwrap_or("");
    if matches!(class, "Lambda" | "__lambda__") {
        lambda(class, object.get("config"), book);
    }
    let module = word("module").unwrap_or("");
    let config = word("config").unwrap_or("");
    let own = |module: &str| {
        OWN.iter().any(|own| {
            module == *own || module.strip_prefix(own).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    if object.contains_key("class_name") && !module.is_empty() && !own(module) {
        let named = if class == "function" { config } else { class };
        let danger = matches!(pickle::standing(module, named), pickle::Standing::Danger(_));
        let told = quoted(&format!("{module}.{named}"));
        if danger {
            let sentence = format!("it names `{told}`, which runs or reaches something");
            book.add(Malicious, "keras.module", 0, sentence);
        } else if module != "builtins" {
            let sentence = format!("it names `{told}`, which is not Keras' own");
            book.add(Suspicious, "keras.module", 0, sentence);
        }
    }
    if OUTWARD.contains(&class)
        || class == "function" && OUTWARD.contains(&config)
        || (!module.is_empty() && OUTWARD.contains(&config))
    {
        let sentence = format!(
            "it names `{}`, which loads, fetches or unlocks",
            quoted(if OUTWARD.contains(&class) { class } else { config })
        );
        book.add(Malicious, "keras.reaches", 0, sentence);
    }
    if class == "function" && pickle::outward(config) {
        let sentence = format!("it names the function `{}`", quoted(config));
        book.add(Malicious, "keras.reaches", 0, sentence);
    }
    if let Some(registered) = word("registered_name").filter(|name| name.contains('>'))
        && !registered.starts_with("keras")
    {
        let sentence = format!(
            "it has a custom object, `{}`: its code is not in the file",
            quoted(registered)
        );
        book.add(Suspicious, "keras.custom", 0, sentence);
    }
    // Keras 2 names no modules: a class that is not its own is somebody's.
    if module.is_empty()
        && !class.is_empty()
        && object.contains_key("config")
        && !CLASSES.contains(class)
    {
        let sentence = format!(
            "it has a class that is not Keras' own, `{}`: its code is not in the file",
            quoted(class)
        );
        book.add(Suspicious, "keras.custom", 0, sentence);
    }
    let lookup = class.ends_with("Lookup") || class == "TextVectorization";
    let inner = object.get("config").and_then(|config| config.get("vocabulary"));
    if lookup && inner.is_some_and(Value::is_string) {
        let sentence = "a layer reads its words from a path when it is loaded";
        book.add(Suspicious, "keras.path", 0, sentence);
    }
}

/// A layer of code: bytecode in base64, or a function's name.
fn lambda(class: &str, config: Option<&Value>, book: &mut Book<'_>) {
    let function =
        if class == "Lambda" { config.and_then(|config| config.get("function")) } else { config };
    let mut codes = Vec::new();
    match function {
        Some(Value::Array(items)) => codes.extend(items.first().and_then(Value::as_str)),
        Some(Value::Object(inner)) => {
            let config = inner.get("config").unwrap_or(&Value::Null);
            codes.extend(
                [inner.get("code"), config.get("code")]
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str),
            );
        }
        Some(Value::String(text)) => codes.push(text),
        _ => {}
    }
    let mut worst = Suspicious;
    for code in codes {
        let letters: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        let Ok(bytes) = BASE64_STANDARD.decode(letters) else {
            continue;
        };
        let tried = book.attempt("lambda", bytes.len(), |book| {
            bytecode::probe(book, &bytes);
            hidden::probe(book, &bytes, 0);
        });
        worst = worst.max(tried.finding());
        book.merge(tried);
    }
    let sentence = "a Lambda layer: code that runs when the model is loaded or used";
    book.add(worst, "keras.lambda", 0, sentence);
}
