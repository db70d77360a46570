//! Facts: the lines of a tenant's ledger, and the only things with authority.
//!
//! A line is the canonical JSON of an [`Entry`]: `{"actor":…,"at":…,"fact":{"<kind>":{…}},"v":1}`. A kind is never
//! changed once written: a new meaning is a new kind, and old lines fold forever.
//! Never here: what a fact does to the state (`fold.rs`), or whether it may be written (`command/`).

use serde::{Deserialize, Serialize};
use writ_charter::{Charter, Template};
use writ_model::{
    AgentId, CharterId, Digest, DrillId, EnrollmentId, GatewayId, GrantId, GroupId, HoldId,
    InstanceId, InvitationId, PasskeyId, PersonId, RecoveryId, Side, Timestamp, WitnessId,
};

use crate::{
    grant::Grant,
    passkey::{Admitted, KeyPolicy, Passkey},
    signed::Receipt,
};

mod approval;
mod catalog;
mod drill;
mod ending;
mod entry;
pub(crate) mod format;
mod keeping;
mod lives;
mod people;
mod upstream;

pub use approval::{HeldAct, HeldCall, Notified};
pub use catalog::{
    DefinitionApproved, DefinitionRefused, DefinitionsSeen, SEEN_A_LINE, Seen, Thing, WhyHeld,
};
pub use drill::{DrillResult, DrillStep};
pub use ending::{
    AgentsTerminated, Confirmation, ENDED_A_LINE, Ended, How, Measured, REACHED_A_LINE, Target,
    TerminationReached,
};
pub use entry::Entry;
pub use format::{FIRST, NEWEST, THIRD};
pub use keeping::{GatewayHalted, GatewayResumed, LedgerRestored, Witnessed};
pub use lives::{
    ActivitySealed, AgentDescribed, ClientAdded, LedgerFounded, PersonSeated, TerminationConfirmed,
};
pub use people::{LedgerMoved, PersonInvited, RecoveryAsked, WitnessNamed};
pub use upstream::{Holder, UpstreamConnected};

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
    /// The key of a person's name is destroyed: nobody reads it in this ledger again, and every line stays as it was.
    PersonErased {
        /// Whose.
        person: PersonId,
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
    /// A charter is proposed; it takes the place of a draft that nobody signed yet, or not everybody.
    CharterProposed {
        /// The whole of it.
        charter: Box<Charter>,
    },
    /// A draft is off.
    CharterWithdrawn {
        /// Which.
        charter: CharterId,
        /// Why, in words.
        reason: String,
    },
    /// A party signed the draft, letter for letter.
    CharterSigned {
        /// Which.
        charter: CharterId,
        /// Of its canonical form.
        digest: Digest,
        /// Who signed.
        person: PersonId,
        /// For which party.
        side: Side,
    },
    /// Everybody signed: from this line on it decides, and the one before does not.
    CharterInForce {
        /// Which.
        charter: CharterId,
        /// Of its canonical form.
        digest: Digest,
    },
    /// A party took back what it delegated: one clause refuses, or all of them.
    DelegationSuspended {
        /// Which clause; all if none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        clause: Option<String>,
        /// Which party.
        side: Side,
        /// Why, in words.
        reason: String,
    },
    /// That party delegates again.
    DelegationResumed {
        /// Which clause; all if none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        clause: Option<String>,
        /// Which party.
        side: Side,
    },
    /// Nothing of this client acts any more, until the party that said so lets it.
    ClientFrozen {
        /// Which party.
        side: Side,
        /// Why, in words.
        reason: String,
    },
    /// That party lets it go on.
    ClientThawed {
        /// Which party.
        side: Side,
    },
    /// A call waits for people.
    CallHeld(Box<HeldCall>),
    /// A person's act waits for people.
    ApprovalAsked(Box<HeldAct>),
    /// A person said yes to exactly this.
    ApprovalGiven {
        /// To which.
        hold: HoldId,
        /// Who.
        person: PersonId,
        /// Of what was read: the call with its arguments, or the act.
        digest: Digest,
        /// In whose place, if not in their own.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        deputy_of: Option<PersonId>,
        /// What they said with it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        words: Option<String>,
    },
    /// A person said no; it is over.
    ApprovalRefused {
        /// To which.
        hold: HoldId,
        /// Who.
        person: PersonId,
        /// Why, in words.
        words: String,
    },
    /// The approvals of a hold are used up: what waited is done now, once.
    ApprovalConsumed {
        /// Of which.
        hold: HoldId,
        /// By which gateway, if it was a call.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        gateway: Option<GatewayId>,
    },
    /// An agent does something that people are told of at once.
    ActNotified(Box<Notified>),
    /// A person is away, and who counts in their place.
    AwaySet {
        /// Who.
        person: PersonId,
        /// Who stands in.
        deputy: PersonId,
        /// Until when.
        until: Timestamp,
    },
    /// They are back.
    AwayEnded {
        /// Who.
        person: PersonId,
    },
    /// An agent, a group or everything here is watched instead of blocked, for a while.
    ObserveSet {
        /// What; everything of the client if none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        subject: Option<Subject>,
        /// Until when.
        until: Timestamp,
        /// Why, in words.
        reason: String,
    },
    /// It is blocked again.
    ObserveEnded {
        /// What; everything of the client if none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        subject: Option<Subject>,
    },
    /// A shadow of an agent exists, to rehearse its ending with: it is decided like the agent, and never let through.
    DrillBegun {
        /// Which drill.
        drill: DrillId,
        /// Of which agent.
        agent: AgentId,
        /// The shadow.
        shadow: AgentId,
        /// Its name.
        name: String,
    },
    /// What a drill measured.
    DrillDone(Box<DrillResult>),
    /// In the provider's ledger: clauses to begin a charter from.
    TemplateSet {
        /// The whole of it.
        template: Box<Template>,
    },
    /// From here on lines of this format may stand: every process that follows this ledger reads them.
    FormatRaised {
        /// Which.
        format: u32,
    },
    /// Agents are ended for good, many in one act.
    AgentsTerminated(Box<AgentsTerminated>),
    /// An agent acts for another one: only while that one may act, and no longer than it lives.
    AgentDelegated {
        /// Which.
        agent: AgentId,
        /// For which.
        by: AgentId,
    },
    /// An ending reached gateways that did not confirm it agent by agent.
    TerminationReached(Box<TerminationReached>),
    /// In the provider's ledger: a gateway lets nothing through until it is told to serve again.
    GatewayHalted(Box<GatewayHalted>),
    /// In the provider's ledger: a halted gateway serves again.
    GatewayResumed(Box<GatewayResumed>),
    /// This ledger came out of a backup. Every active agent is on hold by it, what waited is over, offers and exports are
    /// void, and tokens from before it count no more.
    LedgerRestored(Box<LedgerRestored>),
    /// A gateway saw definitions of a server's for the first time, or changed ones.
    DefinitionsSeen(Box<DefinitionsSeen>),
    /// A person lets a definition be used.
    DefinitionApproved(Box<DefinitionApproved>),
    /// A person refuses a definition.
    DefinitionRefused(Box<DefinitionRefused>),
    /// An account at a protected server may be used for this holder's agents.
    UpstreamConnected(Box<UpstreamConnected>),
    /// It may not be used any more.
    UpstreamDisconnected {
        /// At which server.
        server: String,
        /// For whom.
        holder: Holder,
        /// Why, in words.
        reason: String,
    },
}
