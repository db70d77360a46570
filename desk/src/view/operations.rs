//! *Operations*: the processes of this installation, what each may do, what waits, what was dropped, and the backup.
//!
//! Never here: anything about what a client's agents do. To show one more thing: a field of `fleet::Report`, its row here.

use std::collections::BTreeMap;

use serde::Serialize;
use writ_model::{BootId, GatewayId, PersonId, TenantId, Timestamp};
use writ_store::{Standing, Wanted, roster::Role};

use super::ClientRef;
use crate::fleet::{BackupStatus, ServerStatus};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcessRow {
    /// Which, over all its runs.
    pub gateway: GatewayId,
    /// Which run.
    pub boot: BootId,
    /// What it does.
    pub roles: Vec<Role>,
    /// Where it is reached; empty if it serves nobody.
    pub url: String,
    /// Of which release.
    pub version: String,
    /// The newest format of facts that it reads.
    pub reads: u32,
    /// When it began, by its own clock.
    pub started_at: Timestamp,
    /// When it was last heard.
    pub seen: Timestamp,
    /// How long ago that was, in microseconds.
    pub age_us: u64,
    /// Whether it is there: it did not leave, and its lease may not be over yet.
    pub alive: bool,
    /// When it left, if it said so.
    pub left: Option<Timestamp>,
    /// When its lease is surely over if it is heard no more.
    pub over_at: Timestamp,
    /// Named leases that it holds: `soc`, `desk`.
    pub holds: Vec<String>,
}

/// One gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayRow {
    /// The process.
    pub process: ProcessRow,
    /// What its lease let it do when it was last heard: everything, only reads, nothing.
    pub standing: Standing,
    /// How far it was behind the ledger when it was last heard, in microseconds; none if it applied nothing yet.
    pub lag_us: Option<u64>,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// Who wants it, in words.
    pub wanted_by: Option<String>,
    /// What the provider's ledger says, if it is halted by it.
    pub halt: Option<HaltRow>,
    /// Streams open.
    pub streams: u64,
    /// Requests and calls by outcome.
    pub counters: BTreeMap<String, u64>,
    /// Servers behind it.
    pub servers: Vec<ServerStatus>,
}

/// A gateway that is halted, as the provider's ledger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HaltRow {
    /// Since when.
    pub at: Timestamp,
    /// Who did it: a person's name, or who was at the machine.
    pub by: String,
    /// The person, if one did it through the desk: then only a signature lets it serve again.
    pub person: Option<PersonId>,
    /// Why.
    pub reason: String,
    /// The ledger line.
    pub line: u64,
}

/// A named lease and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseRow {
    /// `soc` or `desk`.
    pub name: String,
    /// Who holds it; none if nobody that lives says so.
    pub holder: Option<GatewayId>,
    /// Its epoch: higher with each new holder.
    pub epoch: u64,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueRow {
    /// In which process.
    pub gateway: GatewayId,
    /// `outbox`, `held`, `lake`, `bus`, `spool`, `notes`.
    pub name: String,
    /// How many wait.
    pub waiting: u64,
    /// How many will not be tried again.
    pub given_up: u64,
    /// How long the oldest waits, in microseconds.
    pub oldest_us: Option<u64>,
    /// How many fit.
    pub limit: Option<u64>,
}

/// Something that was counted, over all processes that live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountRow {
    /// A code, or what was dropped.
    pub what: String,
    /// How often since each process began.
    pub count: u64,
}

/// What a process says of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreRow {
    /// In which process.
    pub gateway: GatewayId,
    /// `ledger`, `meter`, `bus`, `lake`.
    pub name: String,
    /// In words.
    pub says: String,
}

/// A client whose ledger is of an older format than this build writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormatRow {
    /// Whose.
    pub client: ClientRef,
    /// Its format.
    pub format: u32,
}

/// A ledger that came out of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoredRow {
    /// Whose.
    pub client: ClientRef,
    /// When it was restored.
    pub at: Timestamp,
    /// When the backup was made.
    pub backup_at: Timestamp,
    /// Lines that a witness misses; none if no witness was asked.
    pub gap: Option<u64>,
    /// Agents that are still on hold by it.
    pub held: usize,
    /// The ledger line.
    pub line: u64,
}

/// Formats of ledgers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormatsView {
    /// The newest that this build writes.
    pub newest: u32,
    /// The newest that every process of the roster reads.
    pub reads: u32,
    /// Clients below the newest; a ledger is raised when something first needs it. At most [`crate::Desk::LEDGERS`].
    pub below: Vec<FormatRow>,
    /// How many clients are below the newest.
    pub below_count: usize,
    /// Clients whose ledger this desk cannot read, and refuses. At most [`crate::Desk::LEDGERS`].
    pub unread: Vec<UnreadRow>,
    /// How many those are.
    pub unread_count: usize,
    /// How many clients there are; all were looked at.
    pub clients: usize,
}

/// A client whose ledger this desk cannot read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadRow {
    /// Which client.
    pub client: ClientRef,
    /// Why: `STOR-0007` if it was written by a newer release.
    pub code: String,
}

/// A client's ledger, if there is something to tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerRow {
    /// Which client.
    pub client: ClientRef,
    /// Its format, if it can be read.
    pub format: Option<u32>,
    /// Why it cannot be read here, as a code.
    pub unread: Option<String>,
    /// What is to be told if it came out of a backup.
    pub restored: Option<RestoredRow>,
}

/// A page of the ledgers that something is to be told of: below the newest format, out of a backup, or not read here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgersView {
    /// The newest format that this build writes.
    pub newest: u32,
    /// How many clients there are; all were looked at.
    pub clients: usize,
    /// In the order of the clients' ids, at most [`crate::Desk::LEDGERS`].
    pub ledgers: Vec<LedgerRow>,
    /// The last one's client, if there are more: what the next page is asked after.
    pub next: Option<TenantId>,
}

/// The gateways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewaysView {
    /// The roster's time.
    pub at: Timestamp,
    /// All of them, those that left or were lost lately included.
    pub gateways: Vec<GatewayRow>,
}

/// The installation as it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperationsView {
    /// The roster's time.
    pub at: Timestamp,
    /// The build of this desk.
    pub version: String,
    /// Every process.
    pub processes: Vec<ProcessRow>,
    /// Gateways among them.
    pub gateways: Vec<GatewayRow>,
    /// Named leases.
    pub leases: Vec<LeaseRow>,
    /// What waits.
    pub queues: Vec<QueueRow>,
    /// What was dropped or delayed.
    pub drops: Vec<CountRow>,
    /// What was refused, by code, the most often first.
    pub refusals: Vec<CountRow>,
    /// What processes say of their stores.
    pub stores: Vec<StoreRow>,
    /// The last backup, if this desk knows of one.
    pub backup: Option<BackupStatus>,
    /// How long ago that was, in microseconds.
    pub backup_age_us: Option<u64>,
    /// Formats of ledgers.
    pub formats: FormatsView,
    /// Ledgers that came out of a backup. At most [`crate::Desk::LEDGERS`].
    pub restored: Vec<RestoredRow>,
    /// How many those are.
    pub restored_count: usize,
}

/// What became of a wish about a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayWanted {
    /// Which.
    pub gateway: GatewayId,
    /// What is wanted of it now.
    pub wanted: Wanted,
    /// The line of the provider's ledger that says so; draining is not written.
    pub line: Option<u64>,
    /// In words.
    pub says: String,
}
