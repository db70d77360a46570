//! MCP has two generations: *session-based* (2024-11-05 to 2025-11-25: `initialize`, a session, a server that asks its client
//! in the middle of a call) and *stateless* (2026-07-28: everything in `_meta`, answers that ask, `subscriptions/listen`).
//! Here a message of one is said in the words of the other, and the state in between is kept.
//!
//! [`raise`]: what a session-based client says, for a stateless server, and the answers back. [`lower`]: the reverse.
//! [`ask`]: questions of a server to its client in both forms. [`edit`]: how a message is changed without touching the rest.
//! Never here: IO, a clock, HTTP, who may do what.
//! To add a revision: a line in [`words`], and what it lacks or has more in `raise` and `lower`.

#![forbid(unsafe_code)]

pub mod ask;
pub mod edit;
pub mod lower;
pub mod raise;
pub mod words;
