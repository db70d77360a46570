//! `writ ledger verify DIR`: an export, verified from its files alone: signature, cosignatures, every hash, every line
//! replayed as this build knows it with every signature of a person checked again, every sealed record.
//!
//! Never here: a server, a clock, or trust in a file that was not recomputed. To check one more thing of a line:
//! `Lines::take`. To insist on one more thing: a member of [`Insist`].

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Component, Path, PathBuf},
};

use serde_json::{Value, json};
use writ_authority::{Broken, Chain, ChainReport, Entry, Fact, State, refusal};
use writ_desk::{CheckpointVerifier, WebauthnCheck};
use writ_evidence::{
    Disagreement, Files, Frontier, Note, NoteVerifier, Report, Trust, VerifyOptions, WitnessKey,
    cosignature::{CosignatureVerifier, time_of},
    leaf_hash,
    tiles::{CHECKPOINT, MAX_BUNDLE},
    verify_export,
};
use writ_identity::verify_ed25519;
use writ_model::{Digest, Timestamp};

use super::{
    activity::{self, Seals},
    moves,
};
use crate::fault::{Exit, Fault};

/// LIMIT: bytes of one file of sealed records: a minute of one busy tenant.
const RECORDS: usize = 1 << 30;

/// The folder of an export.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// This folder.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn bounded(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, String> {
        let relative = Path::new(path);
        if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err("it stands outside the export".to_owned());
        }
        let file = match File::open(self.0.join(relative)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let mut bytes = Vec::new();
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(format!("it has more than {limit} bytes"));
        }
        Ok(Some(bytes))
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        self.bounded(path, MAX_BUNDLE)
    }
}

/// What whoever verifies has from elsewhere and insists on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Insist<'a> {
    /// The ledger's own verifier key; without one, the key that line 0 names, or the last move to another provider.
    pub key: Option<&'a str>,
    /// Verifier keys of witnesses that must have cosigned.
    pub witnesses: &'a [String],
    /// Fingerprint of the client's first key, as the paper contract prints it.
    pub root: Option<&'a str>,
}

/// A line that somebody else showed, and the log it was shown in: the export must hold both.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Which line.
    pub index: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// How many lines the log had.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// What was found true of an export.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Of its files.
    pub report: Report,
    /// Of its people and their signatures.
    pub chain: ChainReport,
    /// For people and scripts.
    pub answer: Value,
}

/// The lines read so far, as this build understands them.
struct Lines<'a> {
    folder: &'a Folder,
    root: Option<String>,
    chain: Option<Chain>,
    seals: Seals,
    shown: Option<Shown<'a>>,
    /// Whether it was ever moved to another provider.
    moved: bool,
    edge: Frontier,
    /// Why a line is refused, with its own code.
    why: Option<Fault>,
}

impl Lines<'_> {
    fn take(&mut self, index: u64, line: &[u8]) -> Result<(), String> {
        let entry = Entry::from_line(line)?;
        let chain = match (&mut self.chain, &entry.fact) {
            (Some(chain), _) => chain,
            (chain @ None, Fact::LedgerFounded(founded)) => {
                chain.insert(Chain::new(founded.tenant, self.root.clone()))
            }
            (None, _) => return Err("the first line does not say whose ledger this is".to_owned()),
        };
        if let Fact::LedgerMoved(moved) = &entry.fact {
            moves::handed_over(chain.state().checkpoint_key(), moved, &self.edge)?;
        }
        if let Err(broken) = chain.take(index, line, &WebauthnCheck) {
            let what = broken.what.clone();
            self.why = Some(by_rule(&broken));
            return Err(what);
        }
        if let Fact::ActivitySealed(seal) = &entry.fact {
            let path = activity::path(index);
            let records = self.folder.bounded(&path, RECORDS)?;
            let records = records.ok_or_else(|| format!("its records are missing: {path}"))?;
            let tenant = chain.state().tenant;
            self.seals.take(tenant, seal, &records).map_err(|why| format!("{path}: {why}"))?;
        }
        if self.moved || self.shown.is_some() {
            self.edge.push(leaf_hash(line));
        }
        self.compare(index, line)
    }

    /// Holds the line and the tree against what somebody else was shown.
    fn compare(&mut self, index: u64, line: &[u8]) -> Result<(), String> {
        let Some(shown) = self.shown else { return Ok(()) };
        let (size, found) = (self.edge.size(), self.edge.root());
        let forked = if shown.index == index && shown.bytes != line {
            Some(format!("line {index} is another one here than in the receipt"))
        } else if shown.size == size && shown.root != found {
            let (seen, offered) = (shown.root, found);
            Some(Disagreement::Forked { size, seen, offered }.to_string())
        } else {
            None
        };
        let Some(what) = forked else { return Ok(()) };
        self.why = Some(Fault::unverified(what.clone()).code("EVID-0012").cure(KEEP));
        Err(what)
    }
}

const KEEP: &str = "two histories exist: keep both copies, and tell the other party";

/// The fault of a rule that a ledger breaks.
pub fn by_rule(broken: &Broken) -> Fault {
    Fault::unverified(format!("line {}: {}", broken.index, broken.what))
        .code(broken.code.to_string())
        .cure("this ledger was not written by those who had the right: keep it, and tell the other party")
}

/// Reads the keys of witnesses.
///
/// # Errors
/// [`Exit::Usage`] for one that is none.
pub fn witness_keys(texts: &[String]) -> Result<Vec<CosignatureVerifier>, Fault> {
    let read = |text: &String| {
        let key = WitnessKey::parse(text).map_err(|fault| {
            Fault::usage(format!("`{text}` is no witness's key: {fault}"))
                .cure("write name+hash+base64, as `writ witness init` printed it")
        })?;
        Ok(key.verifier(verify_ed25519))
    };
    texts.iter().map(read).collect()
}

/// The witnesses among the signers of a note, and when each says that it cosigned.
pub fn cosigned(note: &Note, keys: &[CosignatureVerifier]) -> Vec<Value> {
    let line = |key: &CosignatureVerifier| {
        let by = |one: &&writ_evidence::note::NoteSignature| {
            one.name == key.name() && one.key_id == key.key_id()
        };
        let at = time_of(&note.signatures.iter().find(by)?.signature)?;
        let at = Timestamp::from_micros(i64::try_from(at).ok()?.checked_mul(1_000_000)?);
        Some(json!({"name": key.name(), "at": at}))
    };
    keys.iter().filter_map(line).collect()
}

/// The witnesses that cosigned, each with the party that named it in the ledger; none if nobody did. SECURITY: one that only
/// the provider named says nothing for the client.
fn whose(state: &State, note: &Note, keys: &[String]) -> Vec<Value> {
    let of = |text: &String| {
        let key = WitnessKey::parse(text).ok()?;
        let named = state.witnesses.values().find(|one| {
            one.removed_at.is_none() && WitnessKey::parse(&one.says.key).as_ref() == Ok(&key)
        });
        let mut row = cosigned(note, &[key.verifier(verify_ed25519)]).pop()?;
        row.as_object_mut()?.insert("named_by".to_owned(), json!(named.map(|one| one.says.side)));
        Some(row)
    };
    keys.iter().filter_map(of).collect()
}

/// Verifies an export; the report says what was found true. `key` is a verifier key to insist on.
///
/// # Errors
/// As [`verify_with`].
pub fn verify(dir: &Path, key: Option<&str>) -> Result<Value, Fault> {
    Ok(verify_with(dir, &Insist { key, ..Insist::default() }, None)?.answer)
}

/// Verifies an export against what is insisted on, and against what somebody else was shown.
///
/// # Errors
/// [`Exit::Unverified`] with the first thing that is wrong; [`Exit::Usage`] for a key that is none.
pub fn verify_with(
    dir: &Path,
    insist: &Insist<'_>,
    shown: Option<Shown<'_>>,
) -> Result<Verified, Fault> {
    if !dir.is_dir() {
        return Err(Fault::unreachable(format!("`{}` is not a folder", dir.display()))
            .cure("export first: `writ ledger export --tenant T DIR`"));
    }
    let folder = Folder::new(dir);
    let insisted = insist.key.map(log_key).transpose()?;
    let witnesses = witness_keys(insist.witnesses)?;
    let moved = moves::last_key(dir);
    let first_line = |line: &[u8]| -> Result<Vec<Box<dyn NoteVerifier>>, String> {
        let Fact::LedgerFounded(founded) = Entry::from_line(line)?.fact else {
            return Err("it does not found a ledger".to_owned());
        };
        let log = CheckpointVerifier::parse(moved.as_ref().unwrap_or(&founded.checkpoint_key))
            .ok_or("its checkpoint key is not an Ed25519 key")?;
        let mut keys: Vec<Box<dyn NoteVerifier>> = vec![Box::new(log)];
        keys.extend(witnesses.iter().cloned().map(|key| Box::new(key) as Box<dyn NoteVerifier>));
        Ok(keys)
    };
    let mut keys: Vec<&dyn NoteVerifier> =
        insisted.iter().map(|key| key as &dyn NoteVerifier).collect();
    keys.extend(witnesses.iter().map(|key| key as &dyn NoteVerifier));
    let trust = if insisted.is_none() { Trust::FirstLine(&first_line) } else { Trust::Keys(&keys) };
    let options = VerifyOptions { trust, origin: None, time_key: "at" };
    let mut lines = Lines {
        folder: &folder,
        root: insist.root.map(str::to_owned),
        chain: None,
        seals: Seals::default(),
        shown,
        moved: moved.is_some(),
        edge: Frontier::new(),
        why: None,
    };
    let report = verify_export(&folder, &options, &mut |index, line| lines.take(index, line));
    let report = report.map_err(|fault| {
        lines.why.take().unwrap_or_else(|| {
            Fault::new(Exit::Unverified, fault.to_string()).code(fault.code().to_string()).cure(
                "do not rely on this copy; export again, and if that fails too, tell the other party",
            )
        })
    })?;
    if let Some(shown) = shown.filter(|shown| shown.size > report.size) {
        let gone = Disagreement::Smaller { seen: shown.size, offered: report.size };
        return Err(Fault::unverified(gone.to_string()).code(gone.code().to_string()).cure(KEEP));
    }
    finish(&lines, report, insist)
}

/// What only the whole ledger shows, and the answer.
fn finish(lines: &Lines<'_>, report: Report, insist: &Insist<'_>) -> Result<Verified, Fault> {
    let Some(chain) = &lines.chain else {
        return Err(Fault::unverified("there is no line").code("EVID-0005"));
    };
    chain.finish().map_err(|broken| by_rule(&broken))?;
    let people = chain.report();
    if insist.root.is_some() && people.root.is_none() {
        let what = "the client has no first key in this ledger, and one is insisted on";
        return Err(Fault::unverified(what).code(refusal::ROOT_PIN.to_string()));
    }
    let state = chain.state();
    let wanted = format!("writ-ledger/{}", state.tenant);
    if report.origin != wanted {
        let what = format!("the checkpoint is of {}, and its lines are of {wanted}", report.origin);
        return Err(Fault::unverified(what).code("EVID-0005").cure(KEEP));
    }
    let founded = state.founded.as_deref();
    let checkpoint = lines.folder.bounded(CHECKPOINT, MAX_BUNDLE).ok().flatten();
    let note = checkpoint.and_then(|bytes| Note::parse(&bytes).ok());
    let answer = json!({
        "verified": true,
        "origin": report.origin,
        "tenant": state.tenant,
        "name": founded.map(|founded| founded.name.clone()),
        "lines": report.size,
        "root": report.root,
        "signers": report.signers,
        "key": state.checkpoint_key(),
        "moved": state.moved.as_ref().map(|(line, moved)| {
            json!({"line": line, "to": moved.name, "provider": moved.provider})
        }),
        "key_insisted_on": insist.key.is_some(),
        "witnesses": note.map(|note| whose(state, &note, insist.witnesses)),
        "first": report.first,
        "last": report.last,
        "files": report.files,
        "seals": lines.seals.count,
        "records": lines.seals.records,
        "receipts": people.receipts,
        "client_root": people.root.as_ref().map(|(fingerprint, line)| {
            json!({"fingerprint": fingerprint, "line": line})
        }),
        "client_root_insisted_on": insist.root.is_some(),
        "passkeys": people.keys,
        "client_people": people.client_people,
    });
    Ok(Verified { report, chain: people, answer })
}

/// Reads the ledger's own key.
///
/// # Errors
/// [`Exit::Usage`] if it is none.
pub fn log_key(text: &str) -> Result<CheckpointVerifier, Fault> {
    CheckpointVerifier::parse(text).ok_or_else(|| {
        Fault::usage("the key to insist on is none of a ledger").cure("write name+hash+base64")
    })
}

#[cfg(test)]
mod tests;
