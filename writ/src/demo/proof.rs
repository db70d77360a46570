//! What the demo proves at its end: what the tool servers received, and what the ledgers hold, exported and verified
//! from the files alone.
//!
//! Never here: a figure taken from memory. To prove one more thing: a function here, its place in the summary.

use std::{fs, path::Path};

use serde_json::Value;

use super::{servers::seed::STRANGER, stage::text};
use crate::{
    api::ApiClient,
    book::{export, verify},
    fault::Fault,
};

/// What stood in `upstream.ndjson`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upstream {
    /// Calls that reached a tool server.
    pub calls: u64,
    /// Lines that name the stranger: must be none.
    pub to_stranger: u64,
    /// Payments above the limit: must be none.
    pub over_limit: u64,
    /// Streams that were cut from the other side.
    pub cut: u64,
}

/// Reads what the tool servers received.
///
/// # Errors
/// If the file cannot be read.
pub fn upstream(path: &Path, limit: f64) -> Result<Upstream, Fault> {
    let log = fs::read_to_string(path).map_err(|error| Fault::file(path, "read", &error))?;
    let mut found = Upstream { calls: 0, to_stranger: 0, over_limit: 0, cut: 0 };
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let method = text(&line, "method");
        if matches!(method.as_str(), "tools/call" | "resources/read" | "prompts/get") {
            found.calls += 1;
        }
        let arguments = line.get("arguments").unwrap_or(&Value::Null);
        found.to_stranger += u64::from(arguments.to_string().contains(STRANGER));
        let amount = arguments.get("amount").and_then(Value::as_f64).unwrap_or_default();
        found.over_limit += u64::from(text(&line, "name") == "pay" && amount > limit);
        found.cut += u64::from(text(&line, "how") == "cut");
    }
    Ok(found)
}

/// What the exported ledgers add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledgers {
    /// Ledgers verified.
    pub verified: u64,
    /// Their lines.
    pub lines: u64,
    /// Sealed records of calls.
    pub records: u64,
    /// A changed letter in a copy was found.
    pub change_found: bool,
}

/// Exports each ledger into a folder of its own and verifies it there, insisting on the key that the desk names; then
/// changes one letter of one copy, which must be found.
///
/// # Errors
/// If one cannot be exported, or does not verify.
pub async fn ledgers(api: &ApiClient, names: &[&str], folder: &Path) -> Result<Ledgers, Fault> {
    let mut sum = Ledgers::default();
    for name in names {
        let dir = folder.join(name);
        export::export(api, name, &dir).await?;
        let checkpoint = api.get(&format!("/api/v1/clients/{name}/ledger/checkpoint")).await?;
        let key = text(&checkpoint, "verifier_key");
        let report = verify::verify(&dir, Some(&key))?;
        let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        sum.verified += 1;
        sum.lines += count("lines");
        sum.records += count("records");
    }
    if let Some(first) = names.first() {
        sum.change_found = change_is_found(&folder.join(first))?;
    }
    Ok(sum)
}

/// Changes one letter in a bundle, verifies, and puts it back.
fn change_is_found(dir: &Path) -> Result<bool, Fault> {
    let entries = dir.join("tile/entries");
    let bundle = fs::read_dir(&entries)
        .ok()
        .and_then(|mut found| found.find_map(Result::ok))
        .map(|entry| entry.path())
        .ok_or_else(|| Fault::unreachable("the export has no entries"))?;
    let file = if bundle.is_dir() {
        let inner = fs::read_dir(&bundle).ok().and_then(|mut found| found.find_map(Result::ok));
        inner.map(|entry| entry.path()).unwrap_or(bundle)
    } else {
        bundle
    };
    let whole = fs::read(&file).map_err(|error| Fault::file(&file, "read", &error))?;
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    if let Some(byte) = changed.get_mut(middle) {
        *byte ^= 1;
    }
    let write =
        |bytes: &[u8]| fs::write(&file, bytes).map_err(|error| Fault::file(&file, "write", &error));
    write(&changed)?;
    let found = verify::verify(dir, None).is_err();
    write(&whole)?;
    Ok(found && verify::verify(dir, None).is_ok())
}
