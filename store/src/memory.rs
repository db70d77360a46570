//! The adapters in memory: what needs no disk, and the ledger for tests and simulations.
//!
//! Never here: an unbounded map.

mod contexts;
mod definitions;
mod held;
mod ledger;
mod meter;
mod outbox;
mod roster;

pub use contexts::MemoryContexts;
pub use definitions::MemoryDefinitions;
pub use held::MemoryHeld;
pub use ledger::MemoryLedger;
pub use meter::MemoryBank;
pub(crate) use meter::{Seating, judge};
pub use outbox::MemoryOutbox;
pub use roster::MemoryRoster;
