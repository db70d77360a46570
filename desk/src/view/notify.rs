//! A person's address, and what was told at a client: by which way, to whom, and what came of it.
//!
//! Never here: an address of somebody else, or what a message says.

use serde::Serialize;
use writ_model::Timestamp;

use super::ClientRef;

/// Where one's own messages go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactView {
    /// One's own mail address, if there is one.
    pub mail: Option<String>,
    /// Whether this installation sends mail at all.
    pub sends: bool,
}

/// A way that messages of a client take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayRow {
    /// `mail`, `webhook soar`, `Teams chat service-desk`.
    pub way: String,
    /// Whether it is open.
    pub open: bool,
    /// Why it is closed, if it is.
    pub why: Option<String>,
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationRow {
    /// When it was put.
    pub at: Timestamp,
    /// By which way.
    pub way: String,
    /// Whom: a person's name, or the way's own name.
    pub to: String,
    /// About what, in words without content.
    pub about: String,
    /// Its kind.
    pub kind: String,
    /// `waiting`, `delivered`, `given up` or `not needed any more`.
    pub state: &'static str,
    /// Tries that failed.
    pub tries: u32,
    /// Why its last try failed, or why it ended.
    pub why: Option<String>,
    /// When it is tried next, while it waits.
    pub next: Option<Timestamp>,
    /// The ledger line it speaks of.
    pub line: Option<u64>,
    /// The id that a webhook gets, the same at each try.
    pub id: String,
}

/// What was told at a client, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationPage {
    /// At which client.
    pub client: ClientRef,
    /// The ways there are.
    pub ways: Vec<WayRow>,
    /// No way leads out: whoever does not look at Writ does not learn that something waits.
    pub only_queue: bool,
    /// Messages.
    pub rows: Vec<NotificationRow>,
    /// Messages that were dropped because too many waited.
    pub dropped: u64,
}

/// What a test came to: rows are tried within seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestView {
    /// Messages that were put.
    pub sent: usize,
    /// By which ways.
    pub ways: Vec<WayRow>,
}

/// The public key of signed webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookKey {
    /// `whpk_…`.
    pub key: String,
}
