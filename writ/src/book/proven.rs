//! Lines of a ledger in a file of their own: each with its path to a checkpoint that the ledger's key has signed.
//!
//! Never here: what a line says (`receipt.rs`, `drill.rs`), a server, or a claim that was not recomputed.

use writ_authority::{Entry, Fact, refusal};
use writ_desk::{CheckpointVerifier, view::ProvenLine};
use writ_evidence::{
    Checkpoint, Note, NoteVerifier, leaf_hash, merkle::verify_inclusion, note::NoteFault,
};
use writ_model::{Code, TenantId};

use super::verify::{Insist, log_key, witness_keys};
use crate::fault::Fault;

/// The file and the ledger lines in it contradict each other.
pub(super) const CONTRADICTS: Code = Code("EVID-0017");

/// What a file says of the log that its lines stand in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log<'a> {
    /// Whose ledger.
    pub(super) tenant: TenantId,
    /// The ledger's origin line.
    pub(super) origin: &'a str,
    /// Line 0.
    pub(super) founding: &'a ProvenLine,
    /// The last move to another provider.
    pub(super) moved: Option<&'a ProvenLine>,
    /// The signed checkpoint.
    pub(super) checkpoint: &'a str,
    /// Its size.
    pub(super) size: u64,
}

impl Log<'_> {
    /// The checkpoint, signed by the ledger's key and by every witness that is asked for; line 0 and the last move are
    /// in it.
    ///
    /// # Errors
    /// With the rule that does not hold.
    pub(super) fn checked(&self, insist: &Insist<'_>) -> Result<(Checkpoint, Note), Fault> {
        let refused = |fault: NoteFault| broken(fault.code(), format!("the checkpoint: {fault}"));
        let log = match insist.key {
            Some(key) => log_key(key)?,
            None => self.named_key()?,
        };
        let witnesses = witness_keys(insist.witnesses)?;
        let mut keys: Vec<&dyn NoteVerifier> = vec![&log];
        keys.extend(witnesses.iter().map(|key| key as &dyn NoteVerifier));
        let note = Note::parse(self.checkpoint.as_bytes()).map_err(refused)?;
        note.verify_all(&keys).map_err(refused)?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(refused)?;
        let wanted = format!("writ-ledger/{}", self.tenant);
        if checkpoint.origin != wanted || self.origin != wanted {
            let what = format!("the checkpoint is of {}, not of {wanted}", checkpoint.origin);
            return Err(broken(Code("EVID-0005"), what));
        }
        if checkpoint.size != self.size {
            return Err(broken(CONTRADICTS, "the file's size is not its checkpoint's"));
        }
        let founding = held(self.founding, &checkpoint)?;
        self.moved.map(|line| held(line, &checkpoint)).transpose()?;
        match &founding.fact {
            _ if self.founding.index != 0 => {
                Err(broken(CONTRADICTS, "the founding line is not line 0"))
            }
            Fact::LedgerFounded(founded) if founded.tenant == self.tenant => Ok((checkpoint, note)),
            _ => Err(broken(CONTRADICTS, "line 0 does not found this ledger")),
        }
    }

    /// The key that signs now, as line 0 or the last move names it. Whether that line is in the log is checked afterwards.
    fn named_key(&self) -> Result<CheckpointVerifier, Fault> {
        let named = self.moved.unwrap_or(self.founding);
        let key = match Entry::from_line(named.bytes.as_bytes()).map(|entry| entry.fact) {
            Ok(Fact::LedgerFounded(founded)) => Some(founded.checkpoint_key),
            Ok(Fact::LedgerMoved(moved)) => Some(moved.checkpoint_key),
            _ => None,
        };
        key.and_then(|key| CheckpointVerifier::parse(&key))
            .ok_or_else(|| broken(Code("EVID-0005"), "the ledger names no key that can be used"))
    }
}

/// The entry of a line that is in the log.
///
/// # Errors
/// If it is not, or this build does not know it.
pub(super) fn held(line: &ProvenLine, checkpoint: &Checkpoint) -> Result<Entry, Fault> {
    let (leaf, root) = (leaf_hash(line.bytes.as_bytes()), &checkpoint.root);
    verify_inclusion(&leaf, line.index, checkpoint.size, &line.path, root).map_err(|why| {
        broken(Code("EVID-0010"), format!("line {} is not in the log: {why}", line.index))
    })?;
    Entry::from_line(line.bytes.as_bytes())
        .map_err(|why| broken(refusal::CHAIN_LINE, format!("line {}: {why}", line.index)))
}

/// A file that does not hold.
pub(super) fn broken(code: Code, what: impl Into<String>) -> Fault {
    Fault::unverified(what)
        .code(code.to_string())
        .cure("do not rely on this file; keep it, and tell the other party")
}
