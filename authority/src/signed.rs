//! What a person signs and what a signature is: a request, its exact text, the assertion over it, the receipt of both.
//!
//! `challenge = nonce (32 bytes) ‖ SHA-256(canonical JSON of the request)`. The receipt stands in the ledger directly
//! before the facts it authorises. **Format:** a request carries its [`Command`], so a command that can be signed is part
//! of the ledger's format: its fields never change their meaning; a new meaning is a new command.
//! Never here: cryptography (handed in as [`CheckAssertion`]), or who may do what (`command/`).
//! To let another command be signed: its arm in `needs_signature`, in `text.rs` and in `names.rs`, a golden text.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use writ_model::{
    Cx, Digest, PasskeyId, PersonId, SigningId, Span, TenantId, Timestamp, canonical,
};

use crate::{
    command::{self, Command},
    passkey::Passkey,
    refusal::{self, Refusal, cut},
    state::State,
};

/// Commands that are never signed, spelled out so that a new one has to be thought about.
macro_rules! unsigned {
    () => {
        Command::Found { .. }
            | Command::AddClient { .. }
            | Command::CreateGroup { .. }
            | Command::Observe(_)
            | Command::Propose(_)
            | Command::Hold { .. }
            | Command::Quarantine { .. }
            | Command::ConfirmTermination(_)
            | Command::OfferEnrollment { .. }
            | Command::Enroll { .. }
            | Command::EndInstance { .. }
            | Command::RevokeGrant { .. }
            | Command::SealActivity(_)
            | Command::Sweep
            | Command::Signed { .. }
            | Command::WithdrawInvitation { .. }
            | Command::Join { .. }
            | Command::BootstrapPasskey { .. }
            | Command::OfferRecoveryKey { .. }
            | Command::RefuseRecovery { .. }
            | Command::MirrorPasskeys { .. }
            | Command::MoveLedger { .. }
            | Command::UnlinkLogin { .. }
            | Command::ProposeCharter { .. }
            | Command::WithdrawCharter { .. }
            | Command::SuspendDelegation { .. }
            | Command::Freeze { .. }
            | Command::HoldCall(_)
            | Command::ConsumeApproval { .. }
            | Command::NotifyAct(_)
            | Command::RefuseApproval { .. }
            | Command::EndAway {}
            | Command::EndObserve { .. }
            | Command::BeginDrill { .. }
            | Command::FinishDrill(_)
            | Command::SetTemplate { .. }
            | Command::RaiseFormat { .. }
            | Command::ReachTermination(_)
            | Command::HaltGateway { .. }
            | Command::NoteHalt(_)
            | Command::NoteServed(_)
            | Command::RestoreLedger(_)
            | Command::SeeDefinitions(_)
            | Command::RefuseDefinition(_)
            | Command::ConnectUpstream(_)
            | Command::DisconnectUpstream { .. }
    };
}

mod holds;
mod names;
mod text;

pub use holds::says as hold_says;
pub(crate) use names::of_charter as charter_names;

/// The version of requests this build makes and reads.
pub const VERSION: u32 = 1;
/// LIMIT: how long a request may wait for its signature: long enough for a second device, short enough that the reader
/// still knows why they were asked.
pub const LIFE: Span = Span::minutes(10);

/// What a person is asked to sign. Its text is a pure function of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`VERSION`].
    pub v: u32,
    /// In whose space.
    pub tenant: TenantId,
    /// Who signs.
    pub person: PersonId,
    /// The origin of the page that asks.
    pub origin: String,
    /// When it was asked.
    pub made: Timestamp,
    /// Until when it may be signed.
    pub expires: Timestamp,
    /// What it makes so.
    pub act: Box<Command>,
    /// Name of every id that the text shows, as the ledger says.
    pub names: BTreeMap<String, String>,
}

/// A `WebAuthn` assertion; each part base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Credential id.
    pub credential: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// The signature over both.
    pub signature: String,
}

/// A signed request: what a third party can check without Writ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Its id.
    pub signing: SigningId,
    /// What was signed.
    pub request: Request,
    /// 32 random bytes, base64url without padding.
    pub nonce: String,
    /// With which passkey.
    pub passkey: PasskeyId,
    /// The signature.
    pub assertion: Assertion,
}

/// What a checked assertion says of its authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its signature counter.
    pub counter: u32,
    /// Whether the key is copied elsewhere now.
    pub backed_up: bool,
}

/// The cryptographic check of an assertion (`WebAuthn` Level 3, section 7.2, without the counter), handed in.
pub trait CheckAssertion {
    /// Checks type, challenge, origin, relying party, presence, user verification and signature.
    ///
    /// # Errors
    /// In one line, what is wrong.
    fn check(&self, key: &Passkey, challenge: &[u8], assertion: &Assertion)
    -> Result<Seen, String>;
}

impl Request {
    /// A request for the acting person to sign. The act is decided first, so that nobody is asked for a signature that
    /// would change nothing.
    ///
    /// # Errors
    /// As deciding the act would, or if it needs no signature.
    pub fn new(
        state: &State,
        cx: &Cx,
        origin: &str,
        life: Span,
        mut act: Command,
    ) -> Result<Self, Refusal> {
        let person = cx.actor().person().ok_or_else(|| {
            let what = "only a person signs".to_owned();
            Refusal::new(refusal::ROLE, "actor", what, "Sign in as a person.")
        })?;
        let keyless = state.people.get(&person).is_some_and(|known| known.keys == 0);
        if keyless {
            let what = format!("{} has no passkey here", state.person_name(person));
            let cure = "Add a passkey first, or have a lost one recovered.";
            return Err(Refusal::new(refusal::PASSKEY, "actor", what, cure));
        }
        if let Command::GiveGrant(grant) = &mut act {
            grant.given_by = person;
        }
        command::rehearse(state, &act, cx)?;
        if !act.needs_signature(state, cx.actor()) {
            let what = "this takes no signature".to_owned();
            return Err(Refusal::new(refusal::RECEIPT_REFUSED, "act", what, "Just do it."));
        }
        let life = life.clamp(Span::seconds(1), LIFE);
        let names = names::of(state, person, &act);
        Ok(Self {
            v: VERSION,
            tenant: state.tenant,
            person,
            origin: origin.to_owned(),
            made: cx.now(),
            expires: cx.now() + life,
            act: Box::new(act),
            names,
        })
    }

    /// Its canonical bytes: what the digest is of.
    ///
    /// # Errors
    /// Never for requests of this crate; kept as a refusal rather than a panic.
    pub fn canonical(&self) -> Result<Vec<u8>, Refusal> {
        canonical::to_vec(self).map_err(|error| Refusal::internal("request", &error.to_string()))
    }

    /// SHA-256 of its canonical bytes.
    ///
    /// # Errors
    /// As [`Request::canonical`].
    pub fn digest(&self) -> Result<Digest, Refusal> {
        Ok(Digest::of(&self.canonical()?))
    }

    /// The 64 bytes that a passkey signs: the nonce, then the digest.
    ///
    /// # Errors
    /// As [`Request::canonical`].
    pub fn challenge(&self, nonce: &[u8; 32]) -> Result<Vec<u8>, Refusal> {
        Ok([&nonce[..], self.digest()?.as_bytes()].concat())
    }

    /// Whether its names are what this state says.
    pub fn named_as(&self, state: &State) -> bool {
        self.names == names::of(state, self.person, &self.act)
    }

    /// The exact text that is signed: short sentences, a pure function of the request. What stands between “ and ” is
    /// somebody's own text, with hidden letters made visible.
    pub fn text(&self) -> Vec<String> {
        text::of(self)
    }

    /// What it is about, in a few words.
    pub fn title(&self) -> String {
        text::title(self)
    }
}

impl Receipt {
    /// The challenge that was signed.
    ///
    /// # Errors
    /// If the nonce is not 32 bytes.
    pub fn challenge(&self) -> Result<Vec<u8>, Refusal> {
        let nonce = decode(&self.nonce).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let nonce = nonce.ok_or_else(|| {
            let what = format!("nonce `{}` is not 32 bytes in base64url", cut(&self.nonce));
            Refusal::new(refusal::RECEIPT_SIGNATURE, "nonce", what, "Ask for the signature again.")
        })?;
        self.request.challenge(&nonce)
    }

    /// The signature counter that its authenticator data states (`WebAuthn` Level 3, section 6.1, bytes 33 to 36).
    ///
    /// # Errors
    /// If there are fewer bytes.
    pub fn counter(&self) -> Result<u32, Refusal> {
        decode(&self.assertion.authenticator_data)
            .and_then(|bytes| Some(u32::from_be_bytes(bytes.get(33..37)?.try_into().ok()?)))
            .ok_or_else(|| {
                let what = "the authenticator data is shorter than 37 bytes".to_owned();
                let cure = "Ask for the signature again.";
                Refusal::new(refusal::RECEIPT_SIGNATURE, "assertion", what, cure)
            })
    }
}

/// LIMIT: one base64url part of a receipt, in characters; authenticators' data are a few hundred bytes.
const PART: usize = 16_384;

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > PART {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()
}
