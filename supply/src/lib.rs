//! What is supplied from outside: definitions of tools, prompts and resources, their digests, what differs between two of
//! them, flags in their texts and names; and what AI runs on a machine, found in its files.
//!
//! Never here: IO, a clock, running what is examined, a decision: a flag says where, what, why and how sure, and somebody
//! else decides what follows from it.
//! To add a rule about texts: a row in `text/orders.rs`, or a check in a file under `text/`; cases for it in `tests/data`.
//! To add something that is discovered: `discover.rs` says where.

pub mod definition;
pub mod difference;
pub mod discover;
pub mod flags;
pub mod found;
pub mod lock;
pub mod names;
pub mod report;
pub mod text;

pub use definition::{Definition, Kind, Unfit};
pub use difference::{Change, difference};
pub use flags::{Neighbor, flags};
pub use text::{Finding, SERIOUS, serious};
