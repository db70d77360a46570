//! Witnesses: the doors they use, and the latest thing each of them said. A witness reads the whole ledger, so its door
//! asks for a proof of its key, which the ledger names.
//!
//! Never here: what a witness decides (`evidence::witness`, `authority::chain`), or a fact: cosignatures stand beside the
//! ledger, because each one in it would ask for the next.
//! To add a door: a route in `doors.rs`, behind [`Desk::watching`].

mod board;
mod credential;
mod doors;

pub(crate) use board::{Board, Kept};
pub use credential::WITNESS_TYPE;
pub(crate) use doors::witness_doors;
