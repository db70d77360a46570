//! `writ client export`: asks for everything that is a client's, writes it, and verifies what it wrote.
//!
//! Never here: a value taken from the desk's word where the book has it: keys are read from the verified lines.

use std::{fs, path::Path};

use serde_json::{Value, json};
use writ_authority::{Entry, Fact, State};
use writ_model::Fold as _;

use super::{LEDGER, NAMES, about::About, document, lines, write};
use crate::{
    api::{ApiClient, segment},
    book::{export, verify},
    cli::rows,
    fault::{Exit, Fault},
};

/// LIMIT: pages of receipts: with the desk's pages this is far more than a client signs in ten years.
const PAGES: usize = 10_000;

/// Writes everything of a client into a new folder; says what was written.
///
/// # Errors
/// If the desk refuses, the folder is not new, a file cannot be written, or what was written does not verify.
pub async fn export(api: &ApiClient, client: &str, dir: &Path) -> Result<Value, Fault> {
    let base = format!("/api/v1/clients/{}", segment(client));
    let book = dir.join(LEDGER);
    let exported = export::export(api, client, &book).await?;
    let told = api.get(&format!("{base}/ledger/checkpoint")).await?;
    let key = text(&told, "verifier_key");
    let verified = verify::verify(&book, Some(&key))?;
    let (_, head) = lines::checkpoint(&book)?;
    let state = folded(&book, head.size)?;
    document(dir, "register.json", &register(api, &base, head.size).await?)?;
    document(dir, "keys.json", &keys(&state, &key))?;
    // Without these the next provider sees whose seat it is, and nobody's name.
    document(dir, NAMES, &api.get(&format!("{base}/ledger/export/names.json")).await?)?;
    let receipts = receipts(api, &base, dir).await?;
    let seals = seals(&book)?;
    document(dir, "records/index.json", &json!({"v": 1, "seals": seals}))?;
    let about = About {
        name: state.party_name().to_owned(),
        lines: head.size,
        key: key.clone(),
        root: root(&state),
        witnesses: state.witnesses.values().filter(|one| one.removed_at.is_none()).count(),
        receipts,
        records: verified.get("records").and_then(Value::as_u64).unwrap_or_default(),
    };
    write(dir, "README.md", about.letter().as_bytes())?;
    Ok(json!({
        "client": about.name, "tenant": state.tenant, "folder": dir, "lines": head.size,
        "root": exported.get("root"), "key": key, "root_fingerprint": about.root,
        "receipts": receipts, "records": about.records, "verified": true,
    }))
}

/// A text member; empty if there is none.
fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The state that the lines of a verified export add up to.
pub(super) fn folded(book: &Path, size: u64) -> Result<State, Fault> {
    let mut state: Option<State> = None;
    let bad = |why: String| Fault::new(Exit::Unverified, why);
    lines::each(book, size, &mut |index, line| {
        let state = match &mut state {
            Some(state) => state,
            none @ None => {
                let first = Entry::from_line(line).map_err(bad)?;
                match first.fact {
                    Fact::LedgerFounded(founded) => none.insert(State::empty(founded.tenant)),
                    _ => {
                        return Err(bad(
                            "the first line does not say whose ledger it is".to_owned()
                        ));
                    }
                }
            }
        };
        state.fold(index, line).map_err(|fault| bad(fault.why))
    })?;
    state.ok_or_else(|| bad("the ledger is empty".to_owned()))
}

/// The fingerprint of the client's root of trust; after a move to where its keys could not sign, those of both contracts.
pub(super) fn root(state: &State) -> Option<String> {
    let roots = [state.former_root, state.root].into_iter().flatten();
    let keys = roots.filter_map(|root| state.passkeys.get(&root));
    let prints: Vec<String> = keys.map(|key| key.says.fingerprint()).collect();
    (!prints.is_empty()).then(|| prints.join(","))
}

async fn register(api: &ApiClient, base: &str, size: u64) -> Result<Value, Fault> {
    let list = async |name: &str| {
        let answer = api.get(&format!("{base}/{name}")).await?;
        Ok::<Value, Fault>(rows(&answer, name).clone())
    };
    let mut agents = Vec::new();
    for row in list("agents").await?.as_array().into_iter().flatten() {
        agents.push(api.get(&format!("{base}/agents/{}", segment(&text(row, "agent")))).await?);
    }
    Ok(json!({
        "v": 1, "lines": size, "people": list("people").await?, "groups": list("groups").await?,
        "agents": agents, "grants": list("grants").await?,
    }))
}

/// Public parts of every key in the book.
fn keys(state: &State, key: &str) -> Value {
    let passkeys = state.passkeys.values().map(|key| {
        json!({
            "says": key.says, "fingerprint": key.says.fingerprint(), "admitted": key.admitted,
            "at": key.at, "line": key.line, "revoked_at": key.revoked_at,
            "root": state.root == Some(key.says.passkey),
        })
    });
    let instances = state.instances.iter().map(|(id, one)| json!({"instance": id, "says": one}));
    let witnesses = state.witnesses.values().map(|one| json!(one));
    json!({
        "v": 1, "tenant": state.tenant, "checkpoint_key": key, "root_fingerprint": root(state),
        "passkeys": passkeys.collect::<Vec<_>>(), "instances": instances.collect::<Vec<_>>(),
        "witnesses": witnesses.collect::<Vec<_>>(),
    })
}

/// Writes each receipt; says how many.
async fn receipts(api: &ApiClient, base: &str, dir: &Path) -> Result<usize, Fault> {
    let (mut count, mut before) = (0, None);
    let folder = dir.join("receipts");
    fs::create_dir_all(&folder).map_err(|error| Fault::file(&folder, "create", &error))?;
    for _page in 0..PAGES {
        let path = match before {
            Some(line) => format!("{base}/receipts?before={line}"),
            None => format!("{base}/receipts"),
        };
        let page = api.get(&path).await?;
        for row in rows(&page, "rows").as_array().into_iter().flatten() {
            let line = row.get("line").and_then(Value::as_u64).unwrap_or_default();
            let receipt = api.get(&format!("{base}/receipts/{line}")).await?;
            document(dir, &format!("receipts/{line}.json"), &receipt)?;
            count += 1;
        }
        before = page.get("next").and_then(Value::as_u64);
        if before.is_none() {
            return Ok(count);
        }
    }
    Err(Fault::unreachable("the receipts have no end"))
}

/// The files of sealed records: which line seals each, and how many records are in it.
fn seals(book: &Path) -> Result<Vec<Value>, Fault> {
    let folder = book.join("activity");
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(line) = name.parse::<u64>() else { continue };
        let bytes = fs::read(&path).map_err(|error| Fault::file(&path, "read", &error))?;
        let records = bytes.split(|byte| *byte == b'\n').count().saturating_sub(1);
        found.push((line, records));
    }
    found.sort_unstable();
    let seal = |(line, records)| json!({"line": line, "file": format!("{LEDGER}/activity/{line}.ndjson"), "records": records});
    Ok(found.into_iter().map(seal).collect())
}
