//! [`Word`]: what a witness last saw of a ledger, as it says itself: in its folder, in a file, or at its address.
//!
//! SECURITY: the checkpoint in it is signed by the ledger's own key, so a witness cannot make a ledger seem longer than it
//! was. It can keep silent about lines: so several may be asked, and the longest word counts.
//! Never here: trust in a size that the ledger's key has not signed. To ask in another way: an arm in [`ask`].

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;
use writ_desk::CheckpointVerifier;
use writ_evidence::{Checkpoint, Disagreement, Note, note::MAX_NOTE};
use writ_model::{Digest, TenantId};

use super::{check::Checked, fault, object};
use crate::{
    api::{HttpTransport, OutsideTransport, Transport},
    fault::Fault,
    net::{self, Http},
    system::SystemClock,
    witness::Seen,
};

/// LIMIT: bytes of what a witness keeps on its disk.
const SEEN: u64 = 256 << 20;
/// LIMIT: witnesses in one folder: one for each client of a provider.
const FOLDERS: usize = 20_000;
/// The way to a witness's last checkpoint.
pub const PATH: &str = "/checkpoint";

/// What one witness last saw.
#[derive(Debug, Clone)]
pub struct Word {
    /// Where it was asked.
    pub from: String,
    /// Of which ledger.
    pub tenant: TenantId,
    /// Lines it saw.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    note: Note,
}

impl Word {
    /// Reads a signed checkpoint. Its signature is checked by [`compare`], against the key in the ledger's own lines.
    ///
    /// # Errors
    /// If it is none of a ledger of ours.
    pub fn parse(from: &str, bytes: &[u8]) -> Result<Self, Fault> {
        let bad = |why: &dyn std::fmt::Display| fault::witness(from, why);
        let note = Note::parse(bytes).map_err(|error| bad(&error))?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(|error| bad(&error))?;
        let tenant = checkpoint.origin.strip_prefix("writ-ledger/").and_then(|id| id.parse().ok());
        let tenant = tenant.ok_or_else(|| bad(&"it is of another log"))?;
        let (size, root) = (checkpoint.size, checkpoint.root);
        Ok(Self { from: from.to_owned(), tenant, size, root, note })
    }
}

/// Asks a witness: the folder of one or of several, a file with a checkpoint, or an address.
///
/// # Errors
/// If it cannot be had, or says nothing.
pub async fn ask(place: &str) -> Result<Vec<Word>, Fault> {
    if place.contains("://") {
        return Ok(vec![Word::parse(place, &fetch(place).await?)?]);
    }
    let path = Path::new(place);
    if !path.is_dir() {
        let bytes = object::read(path, SEEN)?;
        let bytes = bytes.ok_or_else(|| fault::witness(place, "there is nothing"))?;
        return Ok(vec![Word::parse(place, &note_in(&bytes))?]);
    }
    let mut words = Vec::new();
    for folder in homes(path)? {
        let from = folder.display().to_string();
        let Some(bytes) = object::read(&folder.join("seen.json"), SEEN)? else { continue };
        let seen: Seen =
            serde_json::from_slice(&bytes).map_err(|error| fault::witness(&from, error))?;
        if let Some(note) = seen.checkpoint {
            words.push(Word::parse(&from, note.as_bytes())?);
        }
    }
    if words.is_empty() {
        return Err(fault::witness(place, "it has seen nothing yet"));
    }
    Ok(words)
}

/// The folder itself, or those in it.
fn homes(path: &Path) -> Result<Vec<PathBuf>, Fault> {
    if path.join("seen.json").exists() {
        return Ok(vec![path.to_owned()]);
    }
    let fault = |error: std::io::Error| Fault::file(path, "read", &error);
    let mut out = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fault)?.take(FOLDERS) {
        out.push(entry.map_err(fault)?.path());
    }
    out.sort();
    Ok(out)
}

/// The note itself, or the one in what `writ witness show --json` printed.
fn note_in(bytes: &[u8]) -> Vec<u8> {
    let shown: Option<Value> = serde_json::from_slice(bytes).ok();
    let note = shown.as_ref().and_then(|shown| shown.get("checkpoint")?.as_str());
    note.map_or_else(|| bytes.to_vec(), |note| note.as_bytes().to_vec())
}

async fn fetch(url: &str) -> Result<Bytes, Fault> {
    let base = url.trim_end_matches('/').trim_end_matches(PATH);
    let transport: Arc<dyn Transport> = if base.starts_with("http://") {
        Arc::new(HttpTransport::new(Http::new(), base)?)
    } else {
        Arc::new(OutsideTransport::new(Arc::new(SystemClock), base, None)?)
    };
    let request = Request::get(PATH).body(Full::new(Bytes::new()));
    let request = request.map_err(|error| Fault::usage(error.to_string()))?;
    let response = transport.send(request).await?;
    if !response.status().is_success() {
        return Err(fault::witness(url, format!("it answers {}", response.status())));
    }
    let body = Limited::new(response.into_body(), MAX_NOTE).collect().await;
    Ok(body.map_err(|error| fault::witness(url, net::chain(error.as_ref())))?.to_bytes())
}

/// What the witnesses say of a generation, by ledger: the longest word of each.
#[derive(Debug, Default)]
pub struct Compared {
    /// Lines and root that somebody saw.
    pub seen: BTreeMap<TenantId, (u64, Digest)>,
    /// Ledgers that somebody saw and the backup does not have at all, and how many lines they had.
    pub absent: BTreeMap<TenantId, u64>,
}

/// Holds the words of witnesses against a generation that is whole.
///
/// # Errors
/// If one is not signed by the ledger's key, or saw another history of the same lines.
pub fn compare(checked: &Checked, words: &[Word]) -> Result<Compared, Fault> {
    let mut out = Compared::default();
    for word in words {
        let heads = &checked.manifest.heads;
        let Ok(at) = heads.binary_search_by(|head| head.tenant.cmp(&word.tenant)) else {
            // Nothing here names its key, so its size is only what the witness says.
            let lines = out.absent.entry(word.tenant).or_default();
            *lines = word.size.max(*lines);
            continue;
        };
        let size = heads.get(at).map_or(0, |head| head.size);
        let key = checked.log_keys.get(&word.tenant);
        let key = key.and_then(|key| CheckpointVerifier::parse(key));
        let key = key.ok_or_else(|| fault::witness(&word.from, "the ledger names no key"))?;
        word.note.verify_all(&[&key]).map_err(|error| fault::witness(&word.from, error))?;
        if let Some(found) = checked.roots.get(&(word.tenant, word.size)) {
            if *found != word.root {
                let (size, seen, offered) = (word.size, word.root, *found);
                let forked = Disagreement::Forked { size, seen, offered };
                return Err(Fault::unverified(format!("{}: {forked}", word.tenant))
                    .code(forked.code().to_string())
                    .cure("this backup is of another history than the witness saw: keep both, and tell the client"));
            }
        } else if word.size > 0 && word.size <= size {
            return Err(fault::witness(&word.from, "its size was not looked at"));
        }
        let longest = out.seen.entry(word.tenant).or_insert((word.size, word.root));
        if word.size > longest.0 {
            *longest = (word.size, word.root);
        }
    }
    Ok(out)
}
