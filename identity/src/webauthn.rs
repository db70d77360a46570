//! Passkeys: registration and assertion as a relying party checks them (W3C WebAuthn Level 3, sections 7.1 and 7.2).
//!
//! Never here: which command needs a signature (`authority`), the challenge's making or its one use, the comparison of
//! counters (the caller keeps the counter; [`counter_grew`] is the rule), or a network call for metadata. Presence and
//! verification of the person are demanded always: there is no switch.
//! To add a rule: a variant of [`WebauthnFault`], its check in the part it is about, a row in `webauthn/tests.rs`. To add
//! an attestation format: an arm in `attestation::judge`.

mod attestation;
mod auth_data;
mod cbor;
mod certificate;
mod client_data;
mod cose;
mod der;
mod fault;
mod options;
mod origin;
mod response;
mod soft;

pub use attestation::AttestationResult;
pub use cbor::CborFault;
pub use certificate::{Anchors, MAX_ANCHORS};
pub use fault::WebauthnFault;
pub use options::{Creation, Requesting, creation_options, request_options};
pub use origin::RelyingParty;
pub use response::{AssertionResponse, RegistrationResponse};
pub use soft::{Knobs, SoftFault, SoftKind, SoftPasskey};

use client_data::Ceremony;

use crate::key_of_others::{EcdsaForm, KeyOfOthers};

/// LIMIT: bytes of a credential id (section 4, "Credential ID").
pub const MAX_CREDENTIAL_ID: usize = 1023;
/// LIMIT: bytes of client data: a challenge of 64 bytes, an origin, and what browsers add.
pub const MAX_CLIENT_DATA: usize = 4 << 10;
/// LIMIT: bytes of an attestation object: some certificates of 2 KiB, or a TPM's statement, with room.
pub const MAX_ATTESTATION: usize = 32 << 10;
/// LIMIT: bytes of the authenticator data of an assertion: 37, and extensions that nobody asked for.
pub const MAX_AUTH_DATA: usize = 1 << 10;
/// LIMIT: bytes of a signature: RSA of 4096 bits.
pub const MAX_SIGNATURE: usize = 512;

/// A passkey that was registered just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The credential id.
    pub credential: Vec<u8>,
    /// The public key as canonical JSON: the required members only (RFC 7638 section 3).
    pub jwk: String,
    /// `ES256`, `EdDSA` or `RS256`.
    pub alg: &'static str,
    /// The model of the authenticator: a hyphenated lower-case UUID; all zero where it does not say.
    pub aaguid: String,
    /// May be copied to other devices (BE).
    pub synced: bool,
    /// Is copied to other devices now (BS).
    pub backed_up: bool,
    /// What the authenticator proved about itself.
    pub attestation: AttestationResult,
    /// The signature counter; zero if the authenticator keeps none.
    pub counter: u32,
}

/// An assertion that was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The signature counter.
    pub counter: u32,
    /// BS now.
    pub backed_up: bool,
    /// BE; must be what it was at registration: [`Checked::must_be`].
    pub synced: bool,
}

impl Checked {
    /// Holds the eligibility for backup against that of the registration (section 7.2: it never changes).
    ///
    /// # Errors
    /// [`WebauthnFault::Backup`].
    pub fn must_be(self, synced: bool) -> Result<Self, WebauthnFault> {
        if self.synced == synced { Ok(self) } else { Err(WebauthnFault::Backup) }
    }
}

/// What a passkey answers to a request to sign.
#[derive(Debug, Clone, Copy)]
pub struct AssertionParts<'a> {
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `clientDataJSON`, byte for byte.
    pub client_data_json: &'a [u8],
    /// `signature`: DER for ES256.
    pub signature: &'a [u8],
}

/// Whether a counter may follow another (section 7.2, "signature counter"): both zero, or grown.
#[must_use]
pub const fn counter_grew(stored: u32, seen: u32) -> bool {
    (stored == 0 && seen == 0) || seen > stored
}

/// Checks a registration (section 7.1). `challenge` is what was given out; its one use is the caller's to see to, and so
/// is that no credential of this id is known.
///
/// # Errors
/// Any [`WebauthnFault`] but `Signature`, `RelyingParty` and `Anchor`.
pub fn register(
    rp: &RelyingParty,
    challenge: &[u8],
    client_data_json: &[u8],
    attestation_object: &[u8],
    anchors: &Anchors,
) -> Result<Registered, WebauthnFault> {
    let client = client_data::check(client_data_json, Ceremony::Create, challenge, &rp.origin)?;
    let object = attestation::read(attestation_object)?;
    let data = auth_data::read(object.auth_data)?;
    data.check(&rp.rp_id)?;
    let attested = data.attested.as_ref().ok_or(WebauthnFault::Flags)?;
    let attestation = attestation::judge(&object, attested, &client, anchors)?;
    Ok(Registered {
        credential: attested.credential.to_vec(),
        jwk: attested.key.to_json(),
        alg: attested.key.alg(),
        aaguid: attested.aaguid_text(),
        synced: data.synced(),
        backed_up: data.backed_up(),
        attestation,
        counter: data.counter,
    })
}

/// Checks an assertion (section 7.2) by the key of this canonical JWK. The caller has found the key by the credential id
/// that was answered, compares the counter ([`counter_grew`]) and the eligibility ([`Checked::must_be`]), and sees to the
/// challenge's one use.
///
/// # Errors
/// Any [`WebauthnFault`] but `Attestation`, `RelyingParty` and `Anchor`.
pub fn check(
    rp: &RelyingParty,
    jwk: &str,
    challenge: &[u8],
    answer: &AssertionParts<'_>,
) -> Result<Checked, WebauthnFault> {
    for (name, part, limit) in [
        ("authenticatorData", answer.authenticator_data, MAX_AUTH_DATA),
        ("signature", answer.signature, MAX_SIGNATURE),
    ] {
        if part.len() > limit {
            return Err(WebauthnFault::TooLarge(name));
        }
    }
    let key = KeyOfOthers::parse_canonical(jwk).ok_or(WebauthnFault::Key)?;
    let client = client_data::check(answer.client_data_json, Ceremony::Get, challenge, &rp.origin)?;
    let data = auth_data::read(answer.authenticator_data)?;
    data.check(&rp.rp_id)?;
    if data.attested.is_some() {
        return Err(WebauthnFault::Flags);
    }
    let signed = client_data::signed(answer.authenticator_data, &client);
    if !key.verify(EcdsaForm::Der, &signed, answer.signature) {
        return Err(WebauthnFault::Signature);
    }
    Ok(Checked { counter: data.counter, backed_up: data.backed_up(), synced: data.synced() })
}

#[cfg(test)]
mod tests;
