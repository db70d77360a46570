//! The book: lines in plain words, proofs, checkpoints.

use serde::Serialize;
use writ_model::{AgentId, Digest, Timestamp};

use super::ClientRef;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineView {
    /// Its number.
    pub line: u64,
    /// When.
    pub at: Timestamp,
    /// Who wrote it: a name, or the part of Writ.
    pub by: String,
    /// The door they came through, if a person.
    pub via: Option<String>,
    /// Its kind, as in the fact: `agent_terminated`.
    pub kind: String,
    /// What became so, one sentence.
    pub says: String,
    /// The agent it is about, if one.
    pub agent: Option<AgentId>,
    /// The whole entry.
    pub entry: serde_json::Value,
}

/// Lines in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerPage {
    /// Whose.
    pub client: ClientRef,
    /// Lines in all.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Digest,
    /// The lines, oldest first.
    pub lines: Vec<LineView>,
    /// `from` of the next page, if there is one.
    pub next: Option<u64>,
}

/// One line with what it is proved by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineDetail {
    /// Whose.
    pub client: ClientRef,
    /// The line.
    #[serde(flatten)]
    pub line: LineView,
    /// Its bytes: canonical JSON.
    pub bytes: String,
    /// Their RFC 6962 leaf hash.
    pub leaf_hash: Digest,
    /// Lines in all.
    pub size: u64,
}

/// That a line is in a ledger. Everything here is checked offline by `writ ledger verify`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProofView {
    /// Whose.
    pub client: ClientRef,
    /// Which line.
    pub line: u64,
    /// In the ledger of how many lines.
    pub size: u64,
    /// Its leaf hash.
    pub leaf_hash: Digest,
    /// The audit path, lowest first (RFC 9162 section 2.1.3).
    pub path: Vec<Digest>,
    /// The root that path leads to.
    pub root: Digest,
    /// The signed checkpoint that states that root (C2SP tlog-checkpoint).
    pub checkpoint: String,
    /// The line's bytes: canonical JSON.
    pub bytes: String,
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckpointView {
    /// Whose.
    pub client: ClientRef,
    /// The ledger's origin line.
    pub origin: String,
    /// Lines in all.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Digest,
    /// The note, ready to be stored.
    pub note: String,
    /// The key that verifies it (C2SP signed-note form), as line 0 states it.
    pub verifier_key: String,
}
