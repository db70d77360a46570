//! Facts: the lines of a tenant's ledger, and the only things with authority.
//!
//! A line is the canonical JSON of an [`Entry`]: `{"actor":…,"at":…,"fact":{"<kind>":{…}},"v":1}`. A kind is never
//! changed once written: a new meaning is a new kind, and old lines fold forever.
//! Never here: what a fact does to the state (`fold.rs`), or whether it may be written (`command/`).

use serde::{Deserialize, Serialize};
use writ_model::{
    Actor, AgentId, BootId, Cx, Digest, EnrollmentId, GatewayId, GrantId, GroupId, InstanceId,
    InvitationId, PasskeyId, PersonId, RecoveryId, Role, Side, TenantId, Timestamp, WitnessId,
    canonical,
};

use crate::{
    agent::{AgentKind, Autonomy},
    grant::Grant,
    passkey::{Admitted, KeyPolicy, Passkey},
    refusal::Refusal,
    signed::Receipt,
};

mod people;

pub use people::{LedgerMoved, PersonInvited, RecoveryAsked, WitnessNamed};

/// The format this build writes.
pub const FORMAT: u32 = 1;

/// One line of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who wrote it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What became so.
    pub fact: Fact,
    /// Format of the line.
    pub v: u32,
}

impl Entry {
    /// The entry for a fact of this act.
    pub fn new(cx: &Cx, fact: Fact) -> Self {
        Self { actor: cx.actor().clone(), at: cx.now(), fact, v: FORMAT }
    }

    /// Its canonical bytes: what is stored and hashed.
    ///
    /// # Errors
    /// Never for facts built by this crate; kept as a refusal rather than a panic.
    pub fn to_line(&self) -> Result<Vec<u8>, Refusal> {
        canonical::to_vec(self).map_err(|error| Refusal::internal("fact", &error.to_string()))
    }

    /// The entry of a line.
    ///
    /// # Errors
    /// If the line is no entry of a kind this build knows.
    pub fn from_line(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| error.to_string())
    }
}

/// An agent or a group: what accountability and grants attach to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One agent.
    Agent(AgentId),
    /// A group and everything in it.
    Group(GroupId),
}

/// What became so. Kinds are in the order of a client's life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// Line 0 of every ledger: whose it is and the key that signs its checkpoints.
    LedgerFounded(LedgerFounded),
    /// In the provider's ledger: a client exists.
    ClientAdded(ClientAdded),
    /// A person is seated here, for one side.
    PersonSeated(PersonSeated),
    /// A person no longer has a seat here.
    PersonLeft {
        /// Who.
        person: PersonId,
    },
    /// A group exists.
    GroupCreated {
        /// Its id.
        group: GroupId,
        /// Its name.
        name: String,
        /// The group it inherits from.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        parent: Option<GroupId>,
    },
    /// A running identity was noticed; it has a deadline to be governed or ended.
    AgentObserved(AgentDescribed),
    /// An agent was proposed, or an observed one taken into the register.
    AgentProposed(AgentDescribed),
    /// Who answers for an agent or a group. Replaces what was set there before.
    AccountabilitySet {
        /// For what.
        subject: Subject,
        /// Who authorised it, if said here.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        authorizer: Option<PersonId>,
        /// Who audits it, if said here.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        auditor: Option<PersonId>,
        /// Who can end it, if said here; empty inherits.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        terminators: Vec<PersonId>,
    },
    /// The agent's three answers were complete and its authorizer's party said yes.
    AgentChartered {
        /// Which.
        agent: AgentId,
        /// The answers as they stood, inherited ones included.
        authorizer: PersonId,
        /// Who audits.
        auditor: PersonId,
        /// Who can end it.
        terminators: Vec<PersonId>,
    },
    /// The agent may act, inside its grants.
    AgentActivated {
        /// Which.
        agent: AgentId,
    },
    /// The agent may not act until released: an answer is missing, or somebody says wait.
    AgentHeld {
        /// Which.
        agent: AgentId,
        /// Why, in words.
        reason: String,
    },
    /// A held or quarantined agent may act again.
    AgentReleased {
        /// Which.
        agent: AgentId,
    },
    /// The agent may not act; its tokens and streams are ended.
    AgentQuarantined {
        /// Which.
        agent: AgentId,
        /// Why, in words.
        reason: String,
    },
    /// The agent is ended for good.
    AgentTerminated {
        /// Which.
        agent: AgentId,
        /// Why, in words.
        reason: String,
    },
    /// A gateway confirms that an ended agent can do nothing through it any more.
    TerminationConfirmed(TerminationConfirmed),
    /// A code was made that binds one instance of an agent.
    EnrollmentOffered {
        /// The offer.
        enrollment: EnrollmentId,
        /// Of which agent.
        agent: AgentId,
        /// Digest of the code; the code itself is nowhere.
        code: Digest,
        /// Until when.
        expires: Timestamp,
    },
    /// A key made elsewhere is now an instance of the agent.
    InstanceEnrolled {
        /// The offer it used up.
        enrollment: EnrollmentId,
        /// Of which agent.
        agent: AgentId,
        /// The instance: its OAuth `client_id`.
        instance: InstanceId,
        /// What it calls itself.
        label: String,
        /// Thumbprint of its key (RFC 7638), base64url.
        jkt: String,
        /// The public key, a JWK in canonical JSON.
        jwk: String,
    },
    /// An instance is ended; the agent's others live.
    InstanceEnded {
        /// Which.
        instance: InstanceId,
        /// Why, in words.
        reason: String,
    },
    /// An agent or group may do this.
    GrantGiven {
        /// Its id.
        grant: GrantId,
        /// What it says.
        says: Box<Grant>,
    },
    /// A grant no longer holds.
    GrantRevoked {
        /// Which.
        grant: GrantId,
        /// Why, in words.
        reason: String,
    },
    /// A range of one gateway's records, by the root of its Merkle tree.
    ActivitySealed(ActivitySealed),
    /// A person signed an act; the facts that it makes so are the next lines.
    ActSigned(Box<Receipt>),
    /// Somebody may become a person of a party here.
    PersonInvited(PersonInvited),
    /// An invitation no longer holds.
    InvitationWithdrawn {
        /// Which.
        invitation: InvitationId,
        /// Why, in words.
        reason: String,
    },
    /// Somebody followed an invitation and made a passkey; they have no authority until admitted.
    PersonJoined {
        /// Which invitation.
        invitation: InvitationId,
        /// Their passkey.
        key: Box<Passkey>,
    },
    /// Who was called, on which known number, to hear a fingerprint from them.
    CallBackRecorded {
        /// Who was called.
        person: PersonId,
        /// The fingerprint they read out.
        fingerprint: String,
        /// On which number, known from where, in words.
        called: String,
    },
    /// A person can sign with this passkey here.
    PasskeyAdded {
        /// The passkey.
        key: Box<Passkey>,
        /// By whose authority.
        admitted: Admitted,
    },
    /// A passkey signs nothing here any more.
    PasskeyRevoked {
        /// Which.
        passkey: PasskeyId,
        /// Why, in words.
        reason: String,
    },
    /// A person lost their passkeys and may offer a new one.
    RecoveryAsked(RecoveryAsked),
    /// Somebody followed a recovery's link and made a passkey; it counts for nothing until two people confirm it.
    RecoveryKeyOffered {
        /// Which recovery.
        recovery: RecoveryId,
        /// The new passkey.
        key: Box<Passkey>,
    },
    /// One person of the party confirmed that the new key is whose it says.
    RecoveryConfirmed {
        /// Which recovery.
        recovery: RecoveryId,
        /// Who confirmed.
        person: PersonId,
    },
    /// A recovery is off.
    RecoveryRefused {
        /// Which.
        recovery: RecoveryId,
        /// Why, in words.
        reason: String,
    },
    /// In the provider's ledger: a person works for it no more; they are refused everywhere at once.
    PersonOffboarded {
        /// Who.
        person: PersonId,
        /// Why, in words.
        reason: String,
    },
    /// Somebody's program watches this ledger and cosigns it.
    WitnessNamed(WitnessNamed),
    /// A witness is not asked any more.
    WitnessRemoved {
        /// Which.
        witness: WitnessId,
        /// Why, in words.
        reason: String,
    },
    /// A person may have this ledger exported, for a while.
    ExportAllowed {
        /// Who.
        person: PersonId,
        /// Until when.
        until: Timestamp,
    },
    /// Which passkeys the people of this ledger's own party may use.
    KeyPolicySet {
        /// Which.
        policy: KeyPolicy,
    },
    /// In a client's ledger: it goes on at another provider. Every active agent is on hold by it, and the seats of the old
    /// provider's people end; the client's own people stay as they are.
    LedgerMoved(LedgerMoved),
    /// In the provider's ledger: a person may sign in through an identity provider.
    LoginLinked {
        /// Who.
        person: PersonId,
        /// The identity provider's issuer.
        issuer: String,
        /// Who they are there (`sub`).
        subject: String,
    },
    /// A login signs nobody in any more.
    LoginUnlinked {
        /// Whose it was.
        person: PersonId,
        /// The identity provider's issuer.
        issuer: String,
        /// Who they were there.
        subject: String,
    },
}

/// See [`Fact::LedgerFounded`].
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

/// See [`Fact::ClientAdded`].
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

/// See [`Fact::PersonSeated`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonSeated {
    /// Who: the same id at every client they work for.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
}

/// See [`Fact::AgentObserved`] and [`Fact::AgentProposed`].
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

/// See [`Fact::TerminationConfirmed`]. Times are microseconds since the ended fact was appended.
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

/// See [`Fact::ActivitySealed`].
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
