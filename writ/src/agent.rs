//! The agent's side of the door: its key, its tokens and proofs, and the helpers for clients and servers that know
//! nothing of either (`connect`, `wrap`).
//!
//! Never here: a ledger, a grant, or a decision: these doors carry one agent's credential and ask the gateway.
//! To add a door: one file that sends through [`crate::carry::Carrier`].

pub mod connect;
pub mod enroll;
#[cfg(test)]
pub(crate) mod fake;
pub mod holder;
pub mod keyfile;
pub mod wrap;

pub use holder::Holder;
pub use keyfile::KeyFile;
