//! Witnesses as people see them.

use serde::Serialize;
use writ_model::{Side, Timestamp, WitnessId};

/// A witness and how far it has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WitnessRow {
    /// Its id here.
    pub witness: WitnessId,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub side: Side,
    /// Its verifier key (C2SP signed-note form).
    pub key: String,
    /// Since when it is named.
    pub named_at: Timestamp,
    /// Lines it has cosigned, if it ever has.
    pub seen_size: Option<u64>,
    /// When its last cosignature came.
    pub seen_at: Option<Timestamp>,
    /// Lines it has not cosigned yet.
    pub behind: u64,
    /// Why it does not cosign, if it says so.
    pub disagrees: Option<String>,
}
