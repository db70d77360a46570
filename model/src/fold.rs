//! [`Fold`]: how a ledger's bytes become state. `store` follows logs with it and never learns what a line means.

use crate::TenantId;

/// State that is made by reading a ledger line by line.
pub trait Fold: Clone + Send + Sync + Sized + 'static {
    /// The version of this fold; a snapshot of another version is thrown away and refolded.
    const VERSION: u32;

    /// The state before the first line.
    fn empty(tenant: TenantId) -> Self;

    /// Takes one line. Must not change `self` if it fails.
    ///
    /// # Errors
    /// If the line is of a kind or version this build does not know: the tenant is then refused, never guessed at.
    fn fold(&mut self, index: u64, line: &[u8]) -> Result<(), BadLine>;

    /// Whether other processes may hear of a line when they next look, instead of at once: nobody may do more or less by it.
    /// False where in doubt.
    fn can_wait(_line: &[u8]) -> bool {
        false
    }

    /// The state as bytes, for a snapshot.
    ///
    /// # Errors
    /// If the state cannot be written.
    fn save(&self) -> Result<Vec<u8>, BadLine>;

    /// The state of a snapshot's bytes.
    ///
    /// # Errors
    /// If the bytes are not such a state.
    fn load(bytes: &[u8]) -> Result<Self, BadLine>;
}

/// A line, or a snapshot, that this build cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ledger line {index} cannot be read: {why}; a newer release may know it")]
pub struct BadLine {
    /// Which line.
    pub index: u64,
    /// What is wrong, in the reader's words.
    pub why: String,
}
