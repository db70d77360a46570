//! The book outside the server: exported into a folder, verified there without any server.
//!
//! Never here: a signing key, or a claim that was not recomputed. To verify one more thing: `book/verify.rs`.

pub mod activity;
pub mod drill;
pub mod export;
pub mod moves;
mod proven;
pub mod receipt;
pub mod verify;
