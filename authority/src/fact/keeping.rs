//! Payloads of the facts about running Writ: gateways that were halted, a ledger that came out of a backup.
//! Never here: what they do to the state (`fold/keeping.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{BootId, Digest, GatewayId, Timestamp};

/// See [`crate::Fact::GatewayHalted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayHalted {
    /// Which.
    pub gateway: GatewayId,
    /// In which boot, if it said so itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub boot: Option<BootId>,
    /// When.
    pub at: Timestamp,
    /// Who did it at its machine, in words; otherwise it was who wrote the line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// See [`crate::Fact::GatewayResumed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayResumed {
    /// Which.
    pub gateway: GatewayId,
    /// When.
    pub at: Timestamp,
    /// Who did it at its machine, in words; otherwise it was who wrote the line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
}

/// How far a witness had seen a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witnessed {
    /// Lines.
    pub size: u64,
    /// Root of their Merkle tree.
    pub root: Digest,
}

/// See [`crate::Fact::LedgerRestored`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRestored {
    /// When the backup was made.
    pub backup_at: Timestamp,
    /// Lines that were in it.
    pub size: u64,
    /// The last checkpoint that a witness has, if one was asked and answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub witnessed: Option<Witnessed>,
    /// Lines that the witness has seen and the backup does not have: they are lost.
    pub gap: u64,
}
