//! What an agent did while it was only watched: what would have been refused, grouped, and what would allow it.
//!
//! Never here: a rule, or a number that is not counted from records.

use serde::Serialize;
use writ_model::{AgentId, CallId, Timestamp};

use super::ClientRef;

/// Somebody is being watched and not blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObservingRow {
    /// `agent`, `group` or `client`.
    pub kind: &'static str,
    /// Its id; the client's own if it is the client.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Until when.
    pub until: Timestamp,
    /// Since when.
    pub since: Timestamp,
    /// Who signed for it: their name.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// Whether it holds now.
    pub holds: bool,
}

/// Calls that would have been refused for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObserveRow {
    /// The code with which they would have been refused.
    pub code: String,
    /// What that means, one sentence.
    pub words: String,
    /// Whose.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// On which server.
    pub server: String,
    /// `tool`, `resource`, `prompt` or `server`.
    pub surface: String,
    /// The thing's name: the agent's words, cut. Render it quoted.
    pub name: String,
    /// How many calls.
    pub count: u64,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// One of them, to look at.
    pub example: CallId,
    /// The smallest grant that would allow them, in words, if a grant would.
    pub proposal: Option<String>,
    /// Why no grant would, if none would, and what would instead.
    pub why_not: Option<String>,
}

/// What enforcement would have refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObserveView {
    /// At which client.
    pub client: ClientRef,
    /// When it was true.
    pub at: Timestamp,
    /// What is being watched, and what was.
    pub observing: Vec<ObservingRow>,
    /// Records of this window were read.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Calls in it that would have been refused.
    pub refused: u64,
    /// Why, most frequent first.
    pub rows: Vec<ObserveRow>,
    /// Whether the window holds more records than are read at once: then `from` is later than what was asked for.
    pub cut: bool,
}
