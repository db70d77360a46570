//! One line of a ledger and its bytes.
//! Never here: what became so (`fact.rs`), or which format a kind is of (`format.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{Actor, Cx, Timestamp, canonical};

use super::Fact;
use crate::refusal::Refusal;

/// One line of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who wrote it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What became so.
    pub fact: Fact,
    /// Format of the line: that of its fact's kind.
    pub v: u32,
}

impl Entry {
    /// The entry for a fact of this act.
    pub fn new(cx: &Cx, fact: Fact) -> Self {
        Self::by(cx.actor().clone(), cx.now(), fact)
    }

    /// The entry for a fact that somebody wrote then.
    pub fn by(actor: Actor, at: Timestamp, fact: Fact) -> Self {
        let v = fact.format();
        Self { actor, at, fact, v }
    }

    /// Its canonical bytes: what is stored and hashed.
    ///
    /// # Errors
    /// Never for facts built by this crate; kept as a refusal rather than a panic.
    pub fn to_line(&self) -> Result<Vec<u8>, Refusal> {
        canonical::to_vec(self).map_err(|error| Refusal::internal("fact", &error.to_string()))
    }

    /// The entry of a line.
    ///
    /// # Errors
    /// If the line is no entry of a kind this build knows.
    pub fn from_line(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| error.to_string())
    }
}
