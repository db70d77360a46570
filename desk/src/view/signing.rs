//! What somebody is asked to sign with their passkey, and what an inviter gets back.
//!
//! Never here: a rule. `text` and `digest` are of `authority::Request`: the page and the second device show the same.

use serde::Serialize;
use serde_json::Value;
use writ_model::{Digest, InvitationId, PersonId, RecoveryId, SigningId, TenantId, Timestamp};

use super::{Acted, ClientRef, PersonRef};

/// Where a signing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningState {
    /// It waits for the passkey.
    Waiting,
    /// It is signed and done; `outcome` is the act's own answer.
    Signed,
    /// Nobody signed it in time.
    Expired,
    /// Its person refused it, too many bad signatures came, or the act was refused when it was signed.
    Refused,
}

impl SigningState {
    /// Its word, as in the JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Signed => "signed",
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }
}

/// An act that waits for its person's passkey.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SigningView {
    /// Which.
    pub signing: SigningId,
    /// Its short code, for opening it on a second device.
    pub code: String,
    /// The page that shows it.
    pub url: String,
    /// What it is, in a few words.
    pub title: String,
    /// The exact text that is signed, one sentence each. Names in it are quoted.
    pub text: Vec<String>,
    /// SHA-256 over the canonical request: what the passkey signs, beside a nonce.
    pub digest: Digest,
    /// Who signs; nobody else sees it.
    pub person: PersonRef,
    /// In whose ledger.
    pub client: ClientRef,
    /// When it was asked.
    pub made: Timestamp,
    /// Until when it can be signed.
    pub expires: Timestamp,
    /// Where it stands.
    pub state: SigningState,
    /// `PublicKeyCredentialRequestOptionsJSON`, for the browser.
    pub options: Value,
    /// The act's own answer once it is signed (`Acted`, [`super::Receipt`], [`Invited`] or [`RecoveryAsked`]), or the
    /// problem it was refused with.
    pub outcome: Option<Value>,
    /// The console's page to go to afterwards; made of what is signed, never of what a request said.
    pub next: String,
}

/// What a page does after a door: a local path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextView {
    /// A path of this server.
    pub next: String,
}

/// What the browser needs to make or use a passkey at a door.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptionsView {
    /// The ceremony, for the log; the challenge in `options` is what counts.
    pub challenge: String,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
    /// What is said above the button: which party, as whom. Empty where nobody is known yet.
    pub says: Vec<String>,
}

/// An invitation that was made. The link is shown here and nowhere again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invited {
    /// The line.
    #[serde(flatten)]
    pub acted: Acted,
    /// Which.
    pub invitation: InvitationId,
    /// Who is invited.
    pub person: PersonId,
    /// What they open on their own device, once.
    pub link: String,
    /// Until when.
    pub expires: Timestamp,
}

/// A recovery that was asked for. The link is shown here and nowhere again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecoveryAsked {
    /// The line.
    #[serde(flatten)]
    pub acted: Acted,
    /// Which.
    pub recovery: RecoveryId,
    /// Whose keys.
    pub person: PersonId,
    /// What they open on their new device, once.
    pub link: String,
    /// Until when.
    pub expires: Timestamp,
}

/// Somebody made their passkey at a door and now waits for somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// In whose ledger.
    pub tenant: TenantId,
    /// That party's name.
    pub client: String,
    /// Who they are now.
    pub person: PersonId,
    /// Their name, as the inviter wrote it.
    pub name: String,
    /// The fingerprint of the key they made: to be read out on the call-back.
    pub fingerprint: String,
    /// What happens next, one sentence each.
    pub says: Vec<String>,
}
