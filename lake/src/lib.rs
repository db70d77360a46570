//! Recent activity: one [`Record`] for each decided call, indexed for pages, and the batches whose Merkle roots are
//! sealed in the ledger.
//!
//! Records are written behind (`synchronous = NORMAL`), and stand in a journal before their calls are answered: a killed
//! process loses none. A power cut may take what was written in the last moments, save what was flushed before it was let
//! out. What is missing before a later record of its run is a gap that shows; the lost end of a run does not, because
//! nothing of that run comes after it, and the next start says that the machine went down.
//! Never here: HTTP, a decision, the content of a sealed argument.
//! To add a column: [`record::Record`], `sql.rs` (table, insert, select, in one order), a line in the round-trip test.

pub mod activity;
pub mod copy;
pub mod fault;
mod gaps;
pub mod ingest;
pub mod journal;
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
pub use journal::{Journal, Left};
pub use query::{CallFilter, Page, Stored, Use};
pub use queue::{Queue, SHARE, Slot, Work};
pub use record::{ClauseUse, Inputs, Record};
pub use seal::{Batch, Run, Seal};
pub use sealing::{Due, Part, Sealed};
