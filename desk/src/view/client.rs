//! Provider, clients, people, groups, the queue, the installation's status.

use serde::Serialize;
use writ_authority::queue::Waiting;
use writ_model::{GroupId, PersonId, Role, Side, TenantId, Timestamp};

use super::{AnswersView, MissingView};
use crate::fleet::GatewayStatus;

/// A client, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientRef {
    /// Its space.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Its short name, as in addresses.
    pub slug: String,
}

/// A person, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonRef {
    /// Who.
    pub person: PersonId,
    /// Their name, or their id where they are not known here.
    pub name: String,
    /// For which party, if they are known here.
    pub side: Option<Side>,
    /// Still seated here.
    pub active: bool,
    /// Live passkeys here.
    pub keys: u32,
}

/// A group, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupRef {
    /// Which.
    pub group: GroupId,
    /// Its name.
    pub name: String,
}

/// A client in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientRow {
    /// Which.
    #[serde(flatten)]
    pub client: ClientRef,
    /// Since when it is in the register.
    pub since: Option<Timestamp>,
    /// Agents that are not ended.
    pub agents: usize,
    /// Agents that may act now.
    pub active: usize,
    /// Decisions waiting.
    pub waiting: usize,
    /// People seated now.
    pub people: usize,
    /// Lines of its ledger.
    pub lines: u64,
}

/// The provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderView {
    /// Its space.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
    /// Its people, those who left included.
    pub people: Vec<PersonRow>,
    /// How many clients it lists.
    pub clients: usize,
    /// Lines of its ledger.
    pub lines: u64,
    /// Who asks.
    pub you: PersonRef,
}

/// A person and their seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonRow {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
    /// Since when.
    pub seated_at: Timestamp,
    /// When they left, if they did.
    pub left_at: Option<Timestamp>,
    /// When their name was erased, if it was.
    pub erased_at: Option<Timestamp>,
    /// Live passkeys here.
    pub keys: u32,
}

/// A group and who answers for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupRow {
    /// Which.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What it inherits from.
    pub parent: Option<GroupRef>,
    /// Agents in it that are not ended, its sub-groups' left out.
    pub agents: usize,
    /// Its answers, inheritance resolved; `from` of one that is set on it is its own name.
    pub answers: AnswersView,
    /// What an agent that only inherits from it would lack.
    pub missing: Vec<MissingView>,
}

/// A decision waiting, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueItem {
    /// At which client.
    pub client: ClientRef,
    /// What waits.
    #[serde(flatten)]
    pub waiting: Waiting,
}

/// Everything that waits for a person, most pressing first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueView {
    /// When it was true.
    pub at: Timestamp,
    /// What waits; at most [`crate::Desk::QUEUE`].
    pub items: Vec<QueueItem>,
    /// How many wait in all.
    pub total: usize,
    /// How many clients were looked at.
    pub clients: usize,
}

/// The installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusView {
    /// The build.
    pub version: String,
    /// The decision engine.
    pub engine: String,
    /// The instant of this answer.
    pub at: Timestamp,
    /// When this process opened the store.
    pub started_at: Timestamp,
    /// The desk's base address, which is also the issuer of tokens.
    pub desk: String,
    /// The console's origin, as browsers see it: what passkeys are bound to.
    pub console: String,
    /// Gateways, with their counters.
    pub gateways: Vec<GatewayStatus>,
    /// Whether a provider is founded.
    pub founded: bool,
    /// Spaces with a ledger, the provider's included.
    pub tenants: usize,
    /// Lines over all ledgers.
    pub lines: u64,
    /// Ledgers that came out of a backup and have agents on hold by it; of those that are read in this process.
    pub restored: usize,
    /// Access tokens given since the start.
    pub tokens_issued: u64,
    /// Token requests refused since the start.
    pub tokens_refused: u64,
}

/// What one sealing wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sealed {
    /// Ranges sealed.
    pub seals: usize,
    /// Records in them.
    pub records: u64,
    /// Ranges that could not be sealed; they are offered again.
    pub failed: usize,
}

/// What one sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Swept {
    /// Clients looked at.
    pub clients: usize,
    /// Agents put on hold.
    pub held: usize,
    /// Clients that could not be swept; the next sweep tries again.
    pub failed: usize,
}
