//! What the servers of a client list, as people see it.

use serde::Serialize;
use writ_authority::fact::{Thing, WhyHeld};
use writ_model::{Digest, Timestamp};
use writ_supply::{Change, Finding};

use super::PersonRef;

/// The servers of a client and what each lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolsView {
    /// Whether the ledger takes pins yet: not before every process reads them, and the first list was seen.
    pub guarded: bool,
    /// How many wait for a person.
    pub held: usize,
    /// What is listed: what waits first, then by server, kind and name.
    pub rows: Vec<ToolRow>,
}

/// Whether a thing may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolState {
    /// It waits for a person: neither listed nor called.
    Held,
    /// Agents with a grant may use it as it is pinned.
    Pinned,
    /// A person refused the only definition there was.
    Refused,
}

/// One thing that a server lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolRow {
    /// Its id in addresses: made of server, kind and name.
    pub id: String,
    /// The server.
    pub server: String,
    /// What it is.
    pub thing: Thing,
    /// Its name, or its address.
    pub name: String,
    /// A row about it, in the server's words.
    pub summary: String,
    /// Whether it may be used.
    pub state: ToolState,
    /// Why it waits, if it does.
    pub why: Option<WhyHeld>,
    /// Rules that flag it, or what waits.
    pub flags: Vec<String>,
    /// The definition that may be used, or could before another one came.
    pub pinned: Option<Digest>,
    /// Who said so; nobody where the first sight was trusted.
    pub by: Option<PersonRef>,
    /// Since when it is as it is.
    pub at: Timestamp,
    /// The ledger line that says so.
    pub line: u64,
    /// The definition that waits.
    pub waits: Option<Digest>,
}

/// One thing with its definition, and what is different in the one that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolView {
    /// The thing.
    pub row: ToolRow,
    /// The pinned definition, if its text is kept.
    pub definition: Option<serde_json::Value>,
    /// The definition that waits, if its text is kept.
    pub waiting: Option<serde_json::Value>,
    /// What differs, field by field; nothing for a first one.
    pub changes: Vec<Change>,
    /// What is flagged in the definition that waits, or in the pinned one.
    pub findings: Vec<Finding>,
}
