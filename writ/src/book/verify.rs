//! `writ ledger verify DIR`: an export, verified from its files alone: signature, every hash, every line folded as this
//! build knows it, every sealed record.
//!
//! Never here: a server, a clock, or trust in a file that was not recomputed. To check one more thing of a line:
//! `Lines::take`.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Component, Path, PathBuf},
};

use serde_json::{Value, json};
use writ_authority::{Entry, Fact, State};
use writ_evidence::{
    Files, NoteVerifier, Trust, VerifierKey, VerifyOptions, note::ED25519, tiles::MAX_BUNDLE,
    verify_export,
};
use writ_identity::verify_ed25519;
use writ_model::Fold as _;

use super::activity::{self, Seals};
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

/// An Ed25519 key that signs checkpoints.
struct Key(VerifierKey, [u8; 32]);

impl Key {
    fn parse(text: &str) -> Result<Self, String> {
        let key = VerifierKey::parse(text).map_err(|fault| fault.to_string())?;
        if key.algorithm != ED25519 {
            return Err("it is not an Ed25519 key".to_owned());
        }
        let public = key.key.as_slice().try_into();
        let public = public.map_err(|_length| "its key is not 32 bytes".to_owned())?;
        Ok(Self(key, public))
    }
}

impl NoteVerifier for Key {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn key_id(&self) -> [u8; 4] {
        self.0.key_id()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        signature.try_into().is_ok_and(|signature| verify_ed25519(&self.1, text, signature))
    }
}

/// The lines read so far, as this build understands them.
struct Lines<'a> {
    folder: &'a Folder,
    state: Option<State>,
    seals: Seals,
}

impl Lines<'_> {
    fn take(&mut self, index: u64, line: &[u8]) -> Result<(), String> {
        let entry = Entry::from_line(line)?;
        let state = match (&mut self.state, &entry.fact) {
            (Some(state), _) => state,
            (state @ None, Fact::LedgerFounded(founded)) => {
                state.insert(State::empty(founded.tenant))
            }
            (None, _) => return Err("the first line does not say whose ledger this is".to_owned()),
        };
        state.fold(index, line).map_err(|bad| bad.why)?;
        if let Fact::ActivitySealed(seal) = &entry.fact {
            let path = activity::path(index);
            let records = self.folder.bounded(&path, RECORDS)?;
            let records = records.ok_or_else(|| format!("its records are missing: {path}"))?;
            let tenant = state.tenant;
            self.seals.take(tenant, seal, &records).map_err(|why| format!("{path}: {why}"))?;
        }
        Ok(())
    }
}

/// Verifies an export; the report says what was found true. `key` is a verifier key to insist on.
///
/// # Errors
/// [`Exit::Unverified`] with the first thing that is wrong; [`Exit::Usage`] for a key that is none.
pub fn verify(dir: &Path, key: Option<&str>) -> Result<Value, Fault> {
    if !dir.is_dir() {
        return Err(Fault::unreachable(format!("`{}` is not a folder", dir.display()))
            .cure("export first: `writ ledger export --tenant T DIR`"));
    }
    let folder = Folder::new(dir);
    let insisted = key.map(Key::parse).transpose().map_err(|why| {
        Fault::usage(format!("the key to insist on is none: {why}")).cure("write name+hash+base64")
    })?;
    let first_line = |line: &[u8]| -> Result<Vec<Box<dyn NoteVerifier>>, String> {
        match Entry::from_line(line)?.fact {
            Fact::LedgerFounded(founded) => {
                Ok(vec![Box::new(Key::parse(&founded.checkpoint_key)?)])
            }
            _ => Err("it does not found a ledger".to_owned()),
        }
    };
    let keys: Vec<&dyn NoteVerifier> =
        insisted.iter().map(|key| key as &dyn NoteVerifier).collect();
    let trust = if keys.is_empty() { Trust::FirstLine(&first_line) } else { Trust::Keys(&keys) };
    let options = VerifyOptions { trust, origin: None, time_key: "at" };
    let mut lines = Lines { folder: &folder, state: None, seals: Seals::default() };
    let report = verify_export(&folder, &options, &mut |index, line| lines.take(index, line));
    let report = report.map_err(|fault| {
        Fault::new(Exit::Unverified, fault.to_string()).code(fault.code().to_string()).cure(
            "do not rely on this copy; export again, and if that fails too, tell the other party",
        )
    })?;
    let state = lines.state.as_ref();
    let founded = state.and_then(|state| state.founded.as_deref());
    Ok(json!({
        "verified": true,
        "origin": report.origin,
        "tenant": state.map(|state| state.tenant),
        "name": founded.map(|founded| founded.name.clone()),
        "lines": report.size,
        "root": report.root,
        "signers": report.signers,
        "key": founded.map(|founded| founded.checkpoint_key.clone()),
        "key_insisted_on": key.is_some(),
        "first": report.first,
        "last": report.last,
        "files": report.files,
        "seals": lines.seals.count,
        "records": lines.seals.records,
    }))
}

#[cfg(test)]
mod tests;
