//! Leaving: everything that is a client's in one folder, in documented formats, and its arrival at another provider.
//!
//! Never here: anything that is the provider's own (its ledger, its prices, its secrets), or a private key of anybody.
//! To take one more thing along: a file in `leave/export.rs`, its paragraph in [`about`] and in `docs/records.md`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::fault::Fault;

pub mod about;
pub mod export;
pub mod import;
pub mod lines;
pub mod records;

/// The keys of the names in the ledger, in the folder of a client.
pub const NAMES: &str = "names.json";
/// The folder of the ledger's export in the folder of a client.
pub const LEDGER: &str = "ledger";

/// Writes a file of the folder, making the folders above it.
fn write(dir: &Path, path: &str, bytes: &[u8]) -> Result<(), Fault> {
    let path = dir.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| Fault::file(parent, "create", &error))?;
    }
    fs::write(&path, bytes).map_err(|error| Fault::file(&path, "write", &error))
}

/// A JSON document of the folder, for people to read too.
fn document(dir: &Path, path: &str, value: &Value) -> Result<(), Fault> {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    write(dir, path, text.as_bytes())
}
