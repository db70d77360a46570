//! The seams and their adapters: the ledger, who follows it, the one writer of each tenant, the meter, the vault, the
//! data folder.
//!
//! Never here: what a fact means (a line is bytes; [`writ_model::Fold`] is handed in), HTTP, a decision.
//! To add a seam: one file with its port (a trait, its errors, its bounds), one file per adapter under `sqlite/` or
//! `memory/`, and a `contract.rs` beside the port that every adapter passes.

pub mod folder;
pub mod follow;
pub mod held;
pub mod ledger;
pub mod memory;
pub mod meter;
pub mod outbox;
pub mod proof;
pub mod secrets;
pub mod sequencer;
pub mod sqlite;

pub use folder::{DataFolder, FolderFault, Hold};
pub use follow::{Change, FollowError, Tenants, View};
pub use held::{Held, HeldFault, HeldRequest};
pub use ledger::{AppendError, Head, Ledger, ReadError, Snapshot};
pub use memory::{MemoryHeld, MemoryLedger, MemoryMeter, MemoryOutbox};
pub use meter::{Meter, MeterKey, MeterRefusal, Reservation};
pub use outbox::{Outbox, OutboxFault};
pub use proof::{LineProof, NoProof, prove_consistency, prove_line, root_at};
pub use secrets::{Sealer, Space, Vault, VaultFault};
pub use sequencer::{Committed, Sequencer, SubmitError};
pub use sqlite::{OpenFault, SqliteHeld, SqliteLedger, SqliteOutbox, SqliteVault};
