//! [`Status`]: what a keeper tells metrics and pages.
//!
//! Never here: a decision; nothing may hang on a status.

use writ_model::Timestamp;

use crate::roster::Heard;

/// How a keeper fares. Counters only grow, and begin with the process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The last answer to a beat.
    pub heard: Option<Heard>,
    /// The roster's time before which everything in the ledger is applied.
    pub applied: Option<Timestamp>,
    /// Beats that were heard.
    pub beats: u64,
    /// Polls that were whole.
    pub polls: u64,
    /// Tenants' steps that polls applied.
    pub advanced: u64,
    /// Beats and polls that failed or were abandoned, and polls after which some tenant was behind.
    pub failures: u64,
    /// The last failure, in words; none since the last renewal.
    pub failure: Option<String>,
    /// Tenants that are refused: a line of theirs cannot be read, or their ledger is another one than before.
    pub refused: usize,
}
