//! Receipts: the list, and the file that a third party verifies offline (`writ receipt verify`).
//!
//! To change the file: a new `v`; a verifier refuses versions that it does not know.

use serde::{Deserialize, Serialize};
use writ_authority::Receipt as Signed;
use writ_model::{Digest, PasskeyId, SigningId, TenantId, Timestamp};

use super::ClientRef;

/// The version of receipt files.
pub const RECEIPT_FILE: u32 = 1;

/// One signed act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptRow {
    /// The ledger line that holds the signature.
    pub line: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The signing.
    pub signing: SigningId,
    /// Who signed: their name.
    pub person: String,
    /// With which passkey.
    pub passkey: PasskeyId,
    /// What, in a few words.
    pub title: String,
}

/// Signed acts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptPage {
    /// Whose ledger.
    pub client: ClientRef,
    /// Lines in all.
    pub size: u64,
    /// The acts.
    pub rows: Vec<ReceiptRow>,
    /// `before` of the next page, if there is one.
    pub next: Option<u64>,
}

/// A ledger line and where it stands in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenLine {
    /// Which line.
    pub index: u64,
    /// Its bytes: canonical JSON.
    pub bytes: String,
    /// The audit path to the root of the checkpoint, lowest first (RFC 9162 section 2.1.3).
    pub path: Vec<Digest>,
}

/// A receipt with everything that proves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptFile {
    /// [`RECEIPT_FILE`].
    pub v: u32,
    /// Whose ledger.
    pub tenant: TenantId,
    /// The ledger's origin line.
    pub origin: String,
    /// What was signed and the signature; the same stands in `line`.
    pub receipt: Signed,
    /// The line that holds it.
    pub line: ProvenLine,
    /// Line 0: whose ledger it is and which key signs its checkpoints.
    pub founding: ProvenLine,
    /// The last move to another provider, if there was one: it names the key that signs from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<ProvenLine>,
    /// The line that admitted the passkey.
    pub key_line: ProvenLine,
    /// Every other line of the ledger that is about that passkey, oldest first.
    pub history: Vec<ProvenLine>,
    /// The signed checkpoint of these paths, with its cosignatures.
    pub checkpoint: String,
    /// Its size.
    pub size: u64,
}
