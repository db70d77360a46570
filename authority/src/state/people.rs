//! What a tenant's ledger adds up to about its people: invitations, passkeys, recoveries, witnesses; and the questions
//! asked of it. Never here: how a line changes it (`fold/people.rs`), or who may do what (`command/`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use writ_model::{Digest, PasskeyId, PersonId, Role, Side, TenantId, Timestamp};

use super::{Person, State};
use crate::{
    fact::{PersonInvited, RecoveryAsked, WitnessNamed},
    passkey::{Key, Passkey},
};

/// An invitation and its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// What it says.
    pub says: PersonInvited,
    /// Who invited.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
    /// When its person was seated.
    pub admitted_at: Option<Timestamp>,
}

/// Somebody who followed an invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Their passkey, without authority until they are admitted.
    pub key: Arc<Passkey>,
    /// When.
    pub at: Timestamp,
    /// The ledger line.
    pub line: u64,
}

/// A recovery and its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// What it says.
    pub says: RecoveryAsked,
    /// Who asked for it.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// The new passkey, once offered, and when.
    pub offered: Option<(Arc<Passkey>, Timestamp)>,
    /// Who confirmed.
    pub confirmed: Vec<PersonId>,
    /// When it was called off.
    pub refused_at: Option<Timestamp>,
    /// When the new passkey was admitted.
    pub done_at: Option<Timestamp>,
}

/// A witness and its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watcher {
    /// What it is.
    pub says: WitnessNamed,
    /// Since when.
    pub at: Timestamp,
    /// When it was removed.
    pub removed_at: Option<Timestamp>,
}

/// A signature that was used, kept until it could not be used again anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Digest of the challenge that was signed.
    pub challenge: Digest,
    /// Until when its request could be signed.
    pub expires: Timestamp,
}

impl Invitation {
    /// Whether somebody could still be seated by it: not taken back, not used up.
    pub fn open(&self) -> bool {
        self.withdrawn_at.is_none() && self.admitted_at.is_none()
    }
}

impl Recovery {
    /// Not called off and not done.
    pub fn open(&self) -> bool {
        self.refused_at.is_none() && self.done_at.is_none()
    }
}

impl State {
    /// Whose ledger this is: the provider's own, or a client's.
    pub fn own_side(&self) -> Option<Side> {
        self.founded.as_ref().map(|founded| founded.side)
    }

    /// Where this ledger is kept: the provider that founded it, or the last one it moved to.
    pub fn provider(&self) -> Option<TenantId> {
        match &self.moved {
            Some((_, moved)) => Some(moved.provider),
            None => self.founded.as_ref().and_then(|founded| founded.provider),
        }
    }

    /// The key that signs this ledger's checkpoints now (C2SP signed-note form).
    pub fn checkpoint_key(&self) -> Option<&str> {
        match &self.moved {
            Some((_, moved)) => Some(&moved.checkpoint_key),
            None => self.founded.as_ref().map(|founded| founded.checkpoint_key.as_str()),
        }
    }

    /// A person's live passkeys here.
    pub fn live_keys(&self, person: PersonId) -> impl Iterator<Item = (PasskeyId, &Arc<Key>)> {
        self.passkeys
            .iter()
            .filter(move |(_, key)| key.says.person == person && key.live())
            .map(|(id, key)| (*id, key))
    }

    /// People of a side who are seated now.
    pub fn seated(&self, side: Side) -> impl Iterator<Item = (PersonId, &Person)> {
        self.people
            .iter()
            .filter(move |(_, person)| person.active() && person.side == side)
            .map(|(id, person)| (*id, person.as_ref()))
    }

    /// Owners of a side who are seated now and can sign.
    pub fn keyed_owners(&self, side: Side) -> impl Iterator<Item = (PersonId, &Person)> {
        self.seated(side).filter(|(_, person)| person.has(Role::Owner) && person.keys > 0)
    }

    /// Witnesses of a side that are asked now.
    pub fn watching(&self, side: Side) -> impl Iterator<Item = &Watcher> {
        let of_side = move |one: &&Arc<Watcher>| one.says.side == side && one.removed_at.is_none();
        self.witnesses.values().filter(of_side).map(AsRef::as_ref)
    }

    /// Until when a person may have this ledger exported, if they ever allowed themselves.
    pub fn export_until(&self, person: PersonId) -> Option<Timestamp> {
        self.exports.get(&person).copied()
    }
}
