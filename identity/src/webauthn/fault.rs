//! [`WebauthnFault`]: why a passkey's answer is refused, one variant for each rule.
//!
//! Never here: a reason that says which of several secrets was wrong, or text that came from outside.
//! To add a rule: a variant, its code here and in [`crate::fault::CODES`], its prose in `docs/errors.md`, a row in the
//! hostile tests.

use writ_model::{Code, json};

use crate::{Fault, webauthn::cbor::CborFault};

/// Why a registration or an assertion is refused (WebAuthn Level 3, sections 7.1 and 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebauthnFault {
    /// A part is larger than its limit.
    #[error("passkey answer: `{0}` is larger than the limit")]
    TooLarge(&'static str),
    /// A member of the browser's answer is missing or has a wrong form.
    #[error("passkey answer: `{0}` is missing or malformed")]
    Member(&'static str),
    /// The client data are not a strict JSON object.
    #[error("passkey client data are not strict JSON")]
    ClientData(#[source] json::Fault),
    /// `type` is another ceremony's.
    #[error("passkey client data are of another ceremony")]
    Type,
    /// `challenge` is not the one that was given out.
    #[error("passkey answer is to another challenge")]
    Challenge,
    /// `origin` is another.
    #[error("passkey answer is from another origin")]
    Origin,
    /// `crossOrigin` is not false, or there is a `topOrigin`.
    #[error("passkey answer is from a page within another page")]
    CrossOrigin,
    /// A part is not canonical CBOR.
    #[error("passkey answer is not canonical CBOR")]
    Cbor(#[source] CborFault),
    /// Authenticator data that end early or late.
    #[error("authenticator data have a wrong length")]
    AuthData,
    /// The hash is another relying party's.
    #[error("passkey answer is for another relying party")]
    RpId,
    /// UP is not set.
    #[error("the person was not present")]
    NotPresent,
    /// UV is not set.
    #[error("the person was not verified")]
    NotVerified,
    /// BS without BE, or an eligibility for backup other than at registration.
    #[error("the passkey's backup state contradicts itself")]
    Backup,
    /// A reserved flag, or attested data where they do not belong or not where they do.
    #[error("authenticator data carry flags that are not of this ceremony")]
    Flags,
    /// The public key is not one that we accept.
    #[error("the passkey's public key is not acceptable")]
    Key,
    /// An algorithm other than ES256, `EdDSA` and RS256.
    #[error("the passkey's algorithm is not allowed")]
    Algorithm,
    /// The credential id is empty, too long, or not the answer's.
    #[error("the passkey's credential id is not acceptable")]
    CredentialId,
    /// The attestation statement does not hold.
    #[error("the passkey's attestation does not hold")]
    Attestation,
    /// The signature is not this key's over these data.
    #[error("the passkey's signature does not verify")]
    Signature,
    /// The configured origin cannot have passkeys.
    #[error("no passkeys can be used at this origin")]
    RelyingParty,
    /// A certificate handed in as an anchor cannot be read.
    #[error("attestation anchor is not an X.509 certificate that we read")]
    Anchor,
}

impl Fault for WebauthnFault {
    fn code(&self) -> Code {
        Code(match self {
            Self::TooLarge(_) => "IDEN-0070",
            Self::Member(_) => "IDEN-0071",
            Self::ClientData(_) => "IDEN-0072",
            Self::Type => "IDEN-0073",
            Self::Challenge => "IDEN-0074",
            Self::Origin => "IDEN-0075",
            Self::CrossOrigin => "IDEN-0076",
            Self::Cbor(_) => "IDEN-0077",
            Self::AuthData => "IDEN-0078",
            Self::RpId => "IDEN-0079",
            Self::NotPresent => "IDEN-0080",
            Self::NotVerified => "IDEN-0081",
            Self::Backup => "IDEN-0082",
            Self::Flags => "IDEN-0083",
            Self::Key => "IDEN-0084",
            Self::Algorithm => "IDEN-0085",
            Self::CredentialId => "IDEN-0086",
            Self::Attestation => "IDEN-0087",
            Self::Signature => "IDEN-0088",
            Self::RelyingParty => "IDEN-0089",
            Self::Anchor => "IDEN-0090",
        })
    }

    fn oauth_error(&self) -> &'static str {
        match self {
            Self::RelyingParty | Self::Anchor => "server_error",
            _ => "access_denied",
        }
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::Member(_) | Self::ClientData(_) | Self::Cbor(_) => {
                "send what `PublicKeyCredential.toJSON()` gives, unchanged"
            }
            Self::Type | Self::Challenge => "start again: ask for new options and answer those",
            Self::Origin | Self::CrossOrigin | Self::RpId => {
                "open the console at its own address, in a window of its own"
            }
            Self::NotPresent | Self::NotVerified => {
                "confirm with the fingerprint, face or PIN of your passkey"
            }
            Self::AuthData | Self::Backup | Self::Flags | Self::Signature => {
                "try again; if it persists, use another passkey and revoke this one"
            }
            Self::Key | Self::Algorithm | Self::CredentialId | Self::Attestation => {
                "register another passkey: one with ES256, EdDSA or RS256"
            }
            Self::RelyingParty => {
                "set the console's origin to an https address with a domain name, or to http://localhost"
            }
            Self::Anchor => "hand in the vendor's root certificate in X.509 DER, unchanged",
        }
    }
}
