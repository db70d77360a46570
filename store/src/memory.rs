//! The adapters in memory: what needs no disk, and the ledger for tests and simulations.
//!
//! Never here: an unbounded map.

mod ledger;
mod meter;

pub use ledger::MemoryLedger;
pub use meter::MemoryMeter;
