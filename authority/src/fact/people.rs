//! Payloads of the facts about people: invitations, passkeys, recoveries, witnesses.
//! Never here: what they do to the state (`fold/people.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{
    Digest, InvitationId, PersonId, PersonName, RecoveryId, Role, Side, TenantId, Timestamp,
    WitnessId,
};

/// See [`crate::Fact::PersonInvited`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonInvited {
    /// The invitation.
    pub invitation: InvitationId,
    /// Who they will be.
    pub person: PersonId,
    /// Their name: sealed, but in ledgers from before names were.
    pub name: PersonName,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
    /// Digest of the code; the code itself is nowhere.
    pub code: Digest,
    /// Until when they may join.
    pub expires: Timestamp,
}

/// See [`crate::Fact::RecoveryAsked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryAsked {
    /// The recovery.
    pub recovery: RecoveryId,
    /// Who lost their passkeys.
    pub person: PersonId,
    /// Why, in words.
    pub reason: String,
    /// Digest of the code; the code itself is nowhere.
    pub code: Digest,
    /// Until when a new key may be offered.
    pub expires: Timestamp,
}

/// See [`crate::Fact::LedgerMoved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerMoved {
    /// The space of the new provider.
    pub provider: TenantId,
    /// Its name.
    pub name: String,
    /// The origin of its console: passkeys of the client that were made for another one cannot sign there.
    pub origin: String,
    /// The key that signs this ledger's checkpoints from this line on (C2SP signed-note form).
    pub checkpoint_key: String,
    /// The old provider's last checkpoint: over exactly the lines before this one.
    pub checkpoint: String,
}

/// See [`crate::Fact::WitnessNamed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessNamed {
    /// Its id here.
    pub witness: WitnessId,
    /// What it is called.
    pub name: String,
    /// Its verifier key (C2SP signed-note form).
    pub key: String,
    /// Whose it is.
    pub side: Side,
}
