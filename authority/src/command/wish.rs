//! The commands themselves: what somebody can want to become so.
//!
//! A command that can be signed stands in receipts, so its fields are part of the ledger's format and never change.
//! Never here: whether it may.

use serde::{Deserialize, Serialize};
use writ_charter::{Charter, Template};
use writ_model::{
    AgentId, CharterId, Digest, DrillId, GatewayId, GrantId, GroupId, HoldId, InstanceId,
    InvitationId, PasskeyId, PersonId, PersonName, RecoveryId, Role, Side, TenantId, Timestamp,
    WitnessId,
};

use super::NewAgent;
use crate::{
    fact::{
        ActivitySealed, DefinitionApproved, DefinitionRefused, DefinitionsSeen, DrillResult,
        GatewayHalted, GatewayResumed, HeldCall, Holder, LedgerFounded, LedgerMoved,
        LedgerRestored, Notified, Subject, TerminationConfirmed, TerminationReached,
        UpstreamConnected,
    },
    grant::Grant,
    passkey::{KeyPolicy, Passkey},
    signed::Receipt,
};

/// What somebody wants to become so.
///
/// A command that can be signed stands in receipts, so its fields are part of the ledger's format and never change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Begin a ledger: line 0, with its first people.
    Found {
        /// Whose.
        founded: LedgerFounded,
        /// Its first people: at least one.
        people: Vec<(PersonId, PersonName, Side, Vec<Role>)>,
    },
    /// List a client in the provider's ledger, once its own ledger is founded.
    AddClient {
        /// Its space.
        client: TenantId,
        /// Its name.
        name: String,
        /// Its short name.
        slug: String,
    },
    /// Seat a person.
    SeatPerson {
        /// A person known from another client; new if none.
        person: Option<PersonId>,
        /// Their name.
        name: PersonName,
        /// For which party.
        side: Side,
        /// In which roles.
        roles: Vec<Role>,
    },
    /// End a person's seat.
    PersonLeaves {
        /// Whose.
        person: PersonId,
    },
    /// Make a group.
    CreateGroup {
        /// Its name.
        name: String,
        /// What it inherits from.
        parent: Option<GroupId>,
    },
    /// Write down an identity that runs ungoverned.
    Observe(NewAgent),
    /// Propose an agent, or take an observed one of the same name into the register.
    Propose(NewAgent),
    /// Say who answers.
    SetAccountability {
        /// For what.
        subject: Subject,
        /// Who authorises.
        authorizer: Option<PersonId>,
        /// Who audits.
        auditor: Option<PersonId>,
        /// Who can end it.
        terminators: Vec<PersonId>,
    },
    /// Switch an agent on.
    Activate {
        /// Which.
        agent: AgentId,
    },
    /// Make an agent wait.
    Hold {
        /// Which.
        agent: AgentId,
        /// Why.
        reason: String,
    },
    /// Let a held or quarantined agent go on.
    Release {
        /// Which.
        agent: AgentId,
    },
    /// Stop an agent on suspicion.
    Quarantine {
        /// Which.
        agent: AgentId,
        /// Why.
        reason: String,
    },
    /// End an agent for good.
    Terminate {
        /// Which.
        agent: AgentId,
        /// Why.
        reason: String,
    },
    /// A gateway confirms an ended agent.
    ConfirmTermination(TerminationConfirmed),
    /// Offer to bind one instance.
    OfferEnrollment {
        /// Of which agent.
        agent: AgentId,
        /// Digest of the code.
        code: Digest,
        /// Until when.
        expires: Timestamp,
    },
    /// Bind an instance with a code.
    Enroll {
        /// Digest of the code.
        code: Digest,
        /// What the instance calls itself.
        label: String,
        /// Thumbprint of its key.
        jkt: String,
        /// The key, canonical JSON.
        jwk: String,
    },
    /// End one instance.
    EndInstance {
        /// Which.
        instance: InstanceId,
        /// Why.
        reason: String,
    },
    /// Give a grant; who gives it is the actor.
    GiveGrant(Box<Grant>),
    /// Take a grant back.
    RevokeGrant {
        /// Which.
        grant: GrantId,
        /// Why.
        reason: String,
    },
    /// Write down the root of a range of records.
    SealActivity(ActivitySealed),
    /// Put on hold what has lost its answers for longer than the grace period.
    Sweep,
    /// Do what a person signed.
    Signed {
        /// What they signed, and their signature.
        receipt: Box<Receipt>,
    },
    /// Let somebody become a person of a party here.
    InvitePerson {
        /// The invitation's id.
        invitation: InvitationId,
        /// The person's id.
        person: PersonId,
        /// Their name.
        name: PersonName,
        /// For which party.
        side: Side,
        /// In which roles.
        roles: Vec<Role>,
        /// Digest of the code.
        code: Digest,
        /// Until when they may join; at most seven days.
        expires: Timestamp,
    },
    /// Take an invitation back.
    WithdrawInvitation {
        /// Which.
        invitation: InvitationId,
        /// Why.
        reason: String,
    },
    /// Follow an invitation with a passkey; the actor is the invited person.
    Join {
        /// Digest of the code.
        code: Digest,
        /// The passkey.
        key: Box<Passkey>,
    },
    /// Seat somebody who joined.
    AdmitPerson {
        /// Whom.
        person: PersonId,
        /// Fingerprint of their key, as they said it.
        fingerprint: String,
        /// Who was called on which known number; the client's first person needs it.
        called: Option<String>,
    },
    /// Add a passkey of one's own.
    AddPasskey {
        /// The passkey.
        key: Box<Passkey>,
    },
    /// Add the very first passkey of a provider.
    BootstrapPasskey {
        /// The passkey.
        key: Box<Passkey>,
    },
    /// Revoke a passkey.
    RevokePasskey {
        /// Which.
        passkey: PasskeyId,
        /// Why.
        reason: String,
    },
    /// Begin giving somebody who lost their passkeys a new one.
    AskRecovery {
        /// The recovery's id.
        recovery: RecoveryId,
        /// Whom.
        person: PersonId,
        /// Why.
        reason: String,
        /// Digest of the code.
        code: Digest,
        /// Until when a key may be offered; at most a day.
        expires: Timestamp,
    },
    /// Follow a recovery's link with a new passkey; the actor is the person.
    OfferRecoveryKey {
        /// Digest of the code.
        code: Digest,
        /// The passkey.
        key: Box<Passkey>,
    },
    /// Confirm that a new key is whose it says.
    ConfirmRecovery {
        /// Which recovery.
        recovery: RecoveryId,
        /// Fingerprint of the key, as its person said it.
        fingerprint: String,
    },
    /// Call a recovery off.
    RefuseRecovery {
        /// Which.
        recovery: RecoveryId,
        /// Why.
        reason: String,
    },
    /// End a person's work for the provider.
    Offboard {
        /// Whose.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// Destroy the key of the name of somebody who left.
    ErasePerson {
        /// Whose.
        person: PersonId,
    },
    /// Copy changes of provider people's passkeys into a client's ledger.
    MirrorPasskeys {
        /// New ones.
        add: Vec<Passkey>,
        /// Those that are revoked at the provider.
        revoke: Vec<PasskeyId>,
    },
    /// Have this ledger watched and cosigned.
    NameWitness {
        /// The witness's id.
        witness: WitnessId,
        /// What it is called.
        name: String,
        /// Its verifier key (C2SP signed-note form).
        key: String,
        /// Whose it is.
        side: Side,
    },
    /// Ask a witness no more.
    RemoveWitness {
        /// Which.
        witness: WitnessId,
        /// Why.
        reason: String,
    },
    /// Let oneself have this ledger exported for a while.
    AllowExport {
        /// Until when; at most an hour.
        until: Timestamp,
    },
    /// Say which passkeys the people of this ledger's own party may use.
    SetKeyPolicy {
        /// Which.
        policy: KeyPolicy,
    },
    /// Go on with a client's ledger at another provider.
    MoveLedger {
        /// Where to, and whose key signs from now on.
        moved: LedgerMoved,
        /// People of the new provider who are seated by it: who, their name, in which roles.
        people: Vec<(PersonId, PersonName, Vec<Role>)>,
    },
    /// Let oneself sign in through an identity provider.
    LinkLogin {
        /// Its issuer.
        issuer: String,
        /// Who one is there.
        subject: String,
    },
    /// End that.
    UnlinkLogin {
        /// Its issuer.
        issuer: String,
        /// Who one is there.
        subject: String,
    },
    /// Propose a charter; it takes the place of the draft there is.
    ProposeCharter {
        /// The whole of it.
        charter: Box<Charter>,
    },
    /// Take a draft back.
    WithdrawCharter {
        /// Which.
        charter: CharterId,
        /// Why.
        reason: String,
    },
    /// Sign the draft for one's party. It carries the whole charter, so that what is read is what is signed.
    SignCharter {
        /// The whole of it.
        charter: Box<Charter>,
    },
    /// Take back what one's party delegated, at once.
    SuspendDelegation {
        /// By which clause; by all if none.
        clause: Option<String>,
        /// Why.
        reason: String,
    },
    /// Delegate again what one's own party took back.
    ResumeDelegation {
        /// By which clause; by all if none.
        clause: Option<String>,
    },
    /// Stop everything of this client at once.
    Freeze {
        /// Why.
        reason: String,
    },
    /// Lift the freeze of one's own party.
    Thaw {},
    /// A gateway writes down a call that waits for people.
    HoldCall(Box<HeldCall>),
    /// A gateway uses up the approvals of a call, right before it lets it through.
    ConsumeApproval {
        /// Of which.
        hold: HoldId,
        /// Which gateway.
        gateway: GatewayId,
    },
    /// A gateway writes down a call that people are told of, right before it lets it through.
    NotifyAct(Box<Notified>),
    /// Say yes to exactly this.
    Approve {
        /// To which.
        hold: HoldId,
        /// Of what was read.
        digest: Digest,
        /// What is said with it.
        words: Option<String>,
    },
    /// Say no.
    RefuseApproval {
        /// To which.
        hold: HoldId,
        /// Why.
        words: String,
    },
    /// Let somebody of one's own party count in one's place for a while.
    SetAway {
        /// Who.
        deputy: PersonId,
        /// Until when; at most sixty days.
        until: Timestamp,
    },
    /// Be back.
    EndAway {},
    /// Watch an agent, a group or everything instead of blocking it.
    SetObserve {
        /// What; everything of the client if none.
        subject: Option<Subject>,
        /// Until when; at most ninety days.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// Block it again.
    EndObserve {
        /// What; everything of the client if none.
        subject: Option<Subject>,
    },
    /// Make a shadow of an agent to rehearse its ending with.
    BeginDrill {
        /// The drill's id.
        drill: DrillId,
        /// Of which agent.
        agent: AgentId,
        /// The shadow's id.
        shadow: AgentId,
    },
    /// Write down what a drill measured.
    FinishDrill(Box<DrillResult>),
    /// Keep clauses to begin charters from.
    SetTemplate {
        /// The whole of it.
        template: Box<Template>,
    },
    /// Let lines of this format be written from here on.
    RaiseFormat {
        /// Which.
        format: u32,
    },
    /// End many agents for good, in one act.
    TerminateMany {
        /// Which.
        whom: Whom,
        /// Why.
        reason: String,
    },
    /// Say that an agent acts for another one.
    Delegate {
        /// Which.
        agent: AgentId,
        /// For which.
        by: AgentId,
    },
    /// Write down which gateways an ending reached.
    ReachTermination(Box<TerminationReached>),
    /// Stop a gateway: it lets nothing through until it is told to serve again.
    HaltGateway {
        /// Which.
        gateway: GatewayId,
        /// Why.
        reason: String,
    },
    /// Let a halted gateway serve again.
    ServeGateway {
        /// Which.
        gateway: GatewayId,
    },
    /// Write down that a gateway was halted at its machine.
    NoteHalt(Box<GatewayHalted>),
    /// Write down that a gateway halted at its machine was let serve again there.
    NoteServed(Box<GatewayResumed>),
    /// Write down that this ledger came out of a backup.
    RestoreLedger(Box<LedgerRestored>),
    /// A gateway writes down what it saw of a server's list.
    SeeDefinitions(Box<DefinitionsSeen>),
    /// Let a definition that waits, or that was refused, be used.
    ApproveDefinition(Box<DefinitionApproved>),
    /// Refuse a definition: one that waits, or the one that is used.
    RefuseDefinition(Box<DefinitionRefused>),
    /// Let an account at a protected server be used.
    ConnectUpstream(Box<UpstreamConnected>),
    /// Let it be used no more.
    DisconnectUpstream {
        /// At which server.
        server: String,
        /// For whom.
        holder: Holder,
        /// Why.
        reason: String,
    },
}

/// Which agents an act ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Whom {
    /// Every agent of the client.
    All,
    /// Every agent of a group and of the groups below it.
    Group(GroupId),
    /// Every agent with a model of this vendor: a word, or words in a row, of the model's name, in any case.
    Vendor(String),
    /// These.
    Agents(Vec<AgentId>),
}
