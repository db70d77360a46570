//! The seams and their adapters: the ledger, who follows it, the one writer of each tenant, the meter, the vault, the
//! data folder.
//!
//! Never here: what a fact means (a line is bytes; [`writ_model::Fold`] is handed in), HTTP, a decision.
//! To add a seam: one file with its port (a trait, its errors, its bounds), one file per adapter under `sqlite/` or
//! `memory/`, and a `contract.rs` beside the port that every adapter passes.

pub mod bus;
pub mod contexts;
pub mod definitions;
pub mod folder;
pub mod follow;
pub mod held;
pub mod jetstream;
pub mod keep;
pub mod lease;
pub mod ledger;
pub mod memory;
pub mod meter;
pub mod outbox;
pub mod postgres;
pub mod proof;
pub mod roster;
pub mod secrets;
pub mod sequencer;
pub mod sqlite;

pub use bus::{Bounds, Bus, BusFault, Consumer, Delivery, Message};
pub use contexts::{ContextOf, Contexts, ContextsFault};
pub use definitions::{Definitions, DefinitionsFault};
pub use folder::{DataFolder, FolderFault, Hold};
pub use follow::{Change, FollowError, Tenants, View};
pub use held::{Held, HeldFault, HeldRequest};
pub use jetstream::{JetStream, JetStreamOptions};
pub use keep::Keeper;
pub use lease::{HEARTBEAT, Lease, Standing, Terms};
pub use ledger::{AppendError, Head, Hint, Ledger, Mark, Moved, ReadError, Snapshot, Turn};
pub use memory::{
    MemoryBank, MemoryContexts, MemoryDefinitions, MemoryHeld, MemoryLedger, MemoryOutbox,
    MemoryRoster,
};
pub use meter::{Bank, BankFault, LeasedMeter, Meter, MeterKey, MeterRefusal, Place, Reservation};
pub use outbox::{Outbox, OutboxFault};
pub use postgres::{
    Pg, PgBank, PgContexts, PgDefinitions, PgFault, PgHeld, PgLedger, PgOptions, PgOutbox,
    PgRoster, PgVault,
};
pub use proof::{LineProof, NoProof, prove_consistency, prove_line, root_at};
pub use roster::{Beat, Heard, Member, Note, Roster, RosterFault, Seen, Wanted, Wish};
pub use secrets::{NameKey, SealedPage, SealedSpaces, Sealer, Space, Vault, VaultFault};
pub use sequencer::{Committed, Sequencer, SubmitError};
pub use sqlite::{
    LocalLog, OpenFault, SqliteBank, SqliteContexts, SqliteDefinitions, SqliteHeld, SqliteLedger,
    SqliteOutbox, SqliteRows, SqliteVault,
};
