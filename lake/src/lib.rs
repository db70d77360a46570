//! Recent activity: one [`Record`] for each decided call, indexed for pages, and the batches whose Merkle roots are
//! sealed in the ledger.
//!
//! Evidence rests on sequence numbers and sealed roots, not on each write being flushed: records are written behind
//! (`synchronous = NORMAL`), so a killed process may lose the records of its last moments and a power cut the last ones
//! that were written. What is missing before a later record of its run is a gap that shows; the lost end of a run does not,
//! because nothing of that run comes after it.
//! Never here: HTTP, a decision, the content of a sealed argument.
//! To add a column: [`record::Record`], `sql.rs` (table, insert, select, in one order), a line in the round-trip test.

pub mod activity;
pub mod copy;
pub mod fault;
mod gaps;
pub mod ingest;
pub mod query;
pub mod queue;
pub mod record;
pub mod seal;
pub mod sealing;
mod sql;
pub mod wire;
mod writer;

pub use activity::Activity;
pub use copy::Copier;
pub use fault::LakeFault;
pub use gaps::{Conflict, Gap};
pub use ingest::{Ingested, Mirrored};
pub use query::{CallFilter, Page, Stored, Use};
pub use queue::{Queue, Slot, Work};
pub use record::{ClauseUse, Inputs, Record};
pub use seal::{Batch, Run, Seal};
pub use sealing::{Due, Sealed};
