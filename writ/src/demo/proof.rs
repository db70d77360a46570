//! What the demo proves at its end: what the tool servers received, and what the ledgers hold, exported and verified
//! from the files alone.
//!
//! Never here: a figure taken from memory. To prove one more thing: a function here, its place in the summary.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{servers::seed::STRANGER, stage::text};
use crate::{
    api::ApiClient,
    book::{
        export,
        receipt::{self, Against},
        verify::{self, Insist},
    },
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

/// A ledger, and what its readers have from elsewhere.
#[derive(Debug, Clone)]
pub struct Book<'a> {
    /// Whose: its short name.
    pub name: &'a str,
    /// The fingerprint in the paper contract, if it is a client's.
    pub root: Option<&'a str>,
    /// The verifier key of the witness that must have cosigned, if one watches.
    pub witness: Option<String>,
}

/// Allows the exports, each with a signature, and seals what was recorded, so that nothing is written any more while the
/// witnesses catch up.
///
/// # Errors
/// If the desk refuses.
pub async fn allow(api: &ApiClient, books: &[Book<'_>]) -> Result<(), Fault> {
    for book in books {
        let base = format!("/api/v1/clients/{}", book.name);
        api.post(&format!("{base}/export/allow"), &json!({})).await?;
        api.post(&format!("{base}/ledger/seal"), &json!({})).await?;
    }
    Ok(())
}

/// Exports each ledger into a folder of its own and verifies it there, insisting on the key that the desk names, on the
/// client's root and on its witness; then changes one letter of one copy, which must be found.
///
/// # Errors
/// If one cannot be exported, or does not verify.
pub async fn ledgers(api: &ApiClient, books: &[Book<'_>], folder: &Path) -> Result<Ledgers, Fault> {
    let mut sum = Ledgers::default();
    for book in books {
        let (name, dir) = (book.name, folder.join(book.name));
        export::export(api, name, &dir).await?;
        let checkpoint = api.get(&format!("/api/v1/clients/{name}/ledger/checkpoint")).await?;
        let key = text(&checkpoint, "verifier_key");
        let witnesses: Vec<String> = book.witness.iter().cloned().collect();
        let insist = Insist { key: Some(&key), witnesses: &witnesses, root: book.root };
        let report = verify::verify_with(&dir, &insist, None)?.answer;
        let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        sum.verified += 1;
        sum.lines += count("lines");
        sum.records += count("records");
    }
    if let Some(first) = books.first() {
        sum.change_found = change_is_found(&folder.join(first.name))?;
    }
    Ok(sum)
}

/// Receipts that verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    /// How many.
    pub count: u64,
    /// The words of the newest one that ends an agent.
    pub words: Vec<String>,
}

/// Verifies every receipt of the newest page of a client against its exported book, its root and its witness.
///
/// # Errors
/// If one does not verify.
pub async fn receipts(
    api: &ApiClient,
    (client, root): (&str, &str),
    witness: Option<String>,
    book: &Path,
) -> Result<Receipts, Fault> {
    let base = format!("/api/v1/clients/{client}/receipts");
    let page = api.get(&base).await?;
    let witnesses: Vec<String> = witness.into_iter().collect();
    let insist = Insist { key: None, witnesses: &witnesses, root: Some(root) };
    let mut out = Receipts::default();
    for row in page.get("rows").and_then(Value::as_array).into_iter().flatten() {
        let line = row.get("line").and_then(Value::as_u64).unwrap_or_default();
        let file = api.get(&format!("{base}/{line}")).await?.to_string();
        let against = Against { insist, ledger: Some(book), ..Against::default() };
        let answer = receipt::verify(file.as_bytes(), &against)?;
        out.count += 1;
        if out.words.is_empty() && text(row, "title").starts_with("End ") {
            let words = answer.get("text").and_then(Value::as_array).into_iter().flatten();
            out.words = words.filter_map(Value::as_str).map(str::to_owned).collect();
        }
    }
    Ok(out)
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
