//! Payloads of the facts about ledgers, seats, agents and their records.
//! Never here: what they do to the state (`fold.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{
    AgentId, BootId, Digest, GatewayId, GroupId, PersonId, PersonName, Role, Side, TenantId,
    Timestamp,
};

use crate::agent::{AgentKind, Autonomy};

/// See [`crate::Fact::LedgerFounded`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerFounded {
    /// Whose space.
    pub tenant: TenantId,
    /// The provider's own, or a client's.
    pub side: Side,
    /// The party's name.
    pub name: String,
    /// Short name for addresses: lower-case letters, digits, hyphens.
    pub slug: String,
    /// The provider that serves it, if a client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<TenantId>,
    /// Verifier key of its checkpoints (C2SP signed-note form).
    pub checkpoint_key: String,
}

/// See [`crate::Fact::ClientAdded`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientAdded {
    /// Its space.
    pub client: TenantId,
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
}

/// See [`crate::Fact::PersonSeated`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonSeated {
    /// Who: the same id at every client they work for.
    pub person: PersonId,
    /// Their name: sealed, but in ledgers from before names were.
    pub name: PersonName,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
}

/// See [`crate::Fact::AgentObserved`] and [`crate::Fact::AgentProposed`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDescribed {
    /// Its id.
    pub agent: AgentId,
    /// Its name, unique among the living of this tenant.
    pub name: String,
    /// What kind of identity.
    pub kind: AgentKind,
    /// What it is for, one sentence.
    pub purpose: String,
    /// Whose it is in daily work, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<PersonId>,
    /// The group it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<GroupId>,
    /// Models it uses, by their makers' names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub models: Vec<String>,
    /// Classes of data it touches.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub data_classes: Vec<String>,
    /// How far it acts without a person.
    #[serde(default)]
    pub autonomy: Autonomy,
    /// When an observed one must be governed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<Timestamp>,
}

/// See [`crate::Fact::TerminationConfirmed`]. Times are microseconds since the ended fact was appended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminationConfirmed {
    /// Which agent.
    pub agent: AgentId,
    /// Which gateway says so.
    pub gateway: GatewayId,
    /// In which boot.
    pub boot: BootId,
    /// Until its tokens were refused here.
    pub tokens_refused_us: u64,
    /// Until its last stream was cut and its last child ended.
    pub last_cut_us: u64,
    /// Streams cut.
    pub streams: u64,
    /// Calls in flight that were dropped.
    pub calls: u64,
    /// Stdio children ended.
    pub children: u64,
}

/// See [`crate::Fact::ActivitySealed`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivitySealed {
    /// Which gateway.
    pub gateway: GatewayId,
    /// In which boot.
    pub boot: BootId,
    /// First sequence number in the range, for this tenant.
    pub first: u64,
    /// Last sequence number in the range.
    pub last: u64,
    /// Records in the range.
    pub count: u64,
    /// Root of the records' Merkle tree (RFC 6962 over the stored bytes, in sequence order).
    pub root: Digest,
}
