//! People: their passkeys, sessions, invitations, recoveries, the policy for keys.
//!
//! Never here: a code, a cookie, or a key's private part.

use serde::Serialize;
use writ_authority::{Admitted, Attestation, KeyPolicy};
use writ_model::{InvitationId, PasskeyId, PersonId, RecoveryId, Role, SessionId, Side, Timestamp};

use super::{ClientRef, PersonRef};

/// The person a credential stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Me {
    /// Who.
    #[serde(flatten)]
    pub person: PersonRef,
    /// Where their keys are kept: the provider's space for its people, else their client's.
    pub home: ClientRef,
    /// Their passkeys, newest first, revoked ones included.
    pub passkeys: Vec<PasskeyRow>,
    /// How this session was opened: `link`, `passkey`, `oidc`; none for the command line.
    pub signed_in_by: Option<&'static str>,
    /// Whether a second passkey should be made: fewer than two live ones.
    pub needs_second: bool,
    /// Sign-ins at the provider's own identity provider that are linked to them.
    pub logins: Vec<LoginRow>,
}

/// A linked sign-in of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginRow {
    /// Whose.
    pub person: PersonId,
    /// The issuer.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
}

/// One passkey as a ledger admitted it.
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own in the JSON")]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PasskeyRow {
    /// Which.
    pub passkey: PasskeyId,
    /// Whose.
    pub person: PersonId,
    /// What its person calls it.
    pub label: String,
    /// Its fingerprint, as on paper.
    pub fingerprint: String,
    /// `ES256`, `EdDSA` or `RS256`.
    pub alg: String,
    /// Model of the authenticator.
    pub aaguid: String,
    /// Whether it is copied between devices (backup eligible), or bound to one.
    pub synced: bool,
    /// Whether a copy existed when it was made.
    pub backed_up: bool,
    /// What its maker attests.
    pub attestation: Attestation,
    /// How it got in.
    pub admitted: Admitted,
    /// In one sentence: what kind of key it is and who let it in.
    pub says: String,
    /// Whether it is the client's root of trust, whose fingerprint stands in the paper contract.
    pub root: bool,
    /// Whether it was that before the ledger moved to another provider: whoever verifies then insists on both.
    pub former_root: bool,
    /// When it was admitted.
    pub at: Timestamp,
    /// By which line.
    pub line: u64,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// An open session. What signs requests in is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionRow {
    /// Its public id.
    pub session: SessionId,
    /// Whose.
    pub person: PersonRef,
    /// How it was opened: `link`, `passkey`, `oidc`.
    pub signed_in_by: &'static str,
    /// The passkey it was opened with, if it was.
    pub passkey: Option<PasskeyId>,
    /// The browser, as it calls itself, cut. Not to be trusted.
    pub agent: String,
    /// Since when.
    pub opened_at: Timestamp,
    /// Its last request.
    pub used_at: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvitationRow {
    /// Which.
    pub invitation: InvitationId,
    /// Who they will be.
    pub person: PersonId,
    /// Their name, as the inviter wrote it.
    pub name: String,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
    /// Who invited.
    pub invited_by: PersonRef,
    /// When.
    pub at: Timestamp,
    /// Until when it can be used.
    pub expires: Timestamp,
    /// `open`, `joined` (waits for admission), `admitted`, `withdrawn`, `expired`.
    pub state: &'static str,
    /// The fingerprint of the key they made, once they joined: to be compared with what they read out.
    pub fingerprint: Option<String>,
    /// What that key is, one sentence.
    pub key: Option<String>,
    /// Whether it is the client's first person: then a call-back on a known number is recorded with the admission.
    pub first: bool,
}

/// A recovery of lost keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecoveryRow {
    /// Which.
    pub recovery: RecoveryId,
    /// Whose keys.
    pub person: PersonRef,
    /// Who asked.
    pub asked_by: PersonRef,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Until when.
    pub expires: Timestamp,
    /// `asked` (waits for the new key), `offered` (waits for confirmations), `confirmed`, `refused`, `expired`.
    pub state: &'static str,
    /// The fingerprint of the new key, once it is there.
    pub fingerprint: Option<String>,
    /// Who confirmed already; two people are needed.
    pub confirmed_by: Vec<PersonRef>,
}

/// Which keys the people of a tenant's own side may have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyPolicyView {
    /// The policy.
    pub policy: KeyPolicy,
    /// In one sentence.
    pub says: String,
}
