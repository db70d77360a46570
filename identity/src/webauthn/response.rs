//! What browsers answer: the JSON that `PublicKeyCredential.toJSON()` gives (WebAuthn Level 3, section 5.1), its binary
//! parts decoded.
//!
//! Never here: trust. The members that browsers add for convenience (`publicKey`, `authenticatorData` of a registration,
//! `transports`, extension results) are not signed and are not read.
//! To add a member: a field here and in the raw form, its bound in `part`.

use serde::Deserialize;
use writ_model::json::{self, Limits};

use crate::{
    b64,
    webauthn::{
        AssertionParts, MAX_ATTESTATION, MAX_AUTH_DATA, MAX_CLIENT_DATA, MAX_CREDENTIAL_ID,
        MAX_SIGNATURE, WebauthnFault,
    },
};

/// LIMIT: one answer: an attestation object twice (browsers repeat its parts), in base64url, with room.
const LIMITS: Limits = Limits { bytes: 128 << 10, depth: 8, nodes: 512 };
/// LIMIT: bytes of a user handle (section 5.4.3).
const MAX_USER_HANDLE: usize = 64;

/// `RegistrationResponseJSON`, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct RegistrationResponse {
    /// The credential id.
    pub credential: Vec<u8>,
    /// `clientDataJSON`, byte for byte.
    pub client_data_json: Vec<u8>,
    /// `attestationObject`.
    pub attestation_object: Vec<u8>,
}

/// `AuthenticationResponseJSON`, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct AssertionResponse {
    /// The credential id: which key signed.
    pub credential: Vec<u8>,
    /// `clientDataJSON`, byte for byte.
    pub client_data_json: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `signature`.
    pub signature: Vec<u8>,
    /// The person's id as it was given at registration. Present whenever the key was not named in the question.
    pub user_handle: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    id: String,
    #[serde(rename = "rawId")]
    again: String,
    #[serde(rename = "type")]
    kind: String,
    response: RawResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawResponse {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    attestation_object: Option<String>,
    authenticator_data: Option<String>,
    signature: Option<String>,
    user_handle: Option<String>,
}

fn part(name: &'static str, text: &str, limit: usize) -> Result<Vec<u8>, WebauthnFault> {
    // Four characters for three bytes; decoded only if it can fit.
    if text.len() > limit.div_ceil(3) * 4 {
        return Err(WebauthnFault::TooLarge(name));
    }
    let bytes = b64::decode(text).ok_or(WebauthnFault::Member(name))?;
    if bytes.len() > limit { Err(WebauthnFault::TooLarge(name)) } else { Ok(bytes) }
}

fn needed(
    name: &'static str,
    text: Option<&String>,
    limit: usize,
) -> Result<Vec<u8>, WebauthnFault> {
    part(name, text.ok_or(WebauthnFault::Member(name))?, limit)
}

impl Raw {
    fn credential(&self) -> Result<Vec<u8>, WebauthnFault> {
        if self.kind != "public-key" {
            return Err(WebauthnFault::Member("type"));
        }
        if self.id != self.again {
            return Err(WebauthnFault::CredentialId);
        }
        let id = part("id", &self.id, MAX_CREDENTIAL_ID)?;
        if id.is_empty() { Err(WebauthnFault::CredentialId) } else { Ok(id) }
    }

    fn client_data(&self) -> Result<Vec<u8>, WebauthnFault> {
        part("clientDataJSON", &self.response.client_data_json, MAX_CLIENT_DATA)
    }
}

impl TryFrom<Raw> for RegistrationResponse {
    type Error = WebauthnFault;

    fn try_from(raw: Raw) -> Result<Self, WebauthnFault> {
        let object = raw.response.attestation_object.as_ref();
        Ok(Self {
            credential: raw.credential()?,
            client_data_json: raw.client_data()?,
            attestation_object: needed("attestationObject", object, MAX_ATTESTATION)?,
        })
    }
}

impl TryFrom<Raw> for AssertionResponse {
    type Error = WebauthnFault;

    fn try_from(raw: Raw) -> Result<Self, WebauthnFault> {
        let response = &raw.response;
        let handle = match &response.user_handle {
            None => None,
            Some(text) => {
                let bytes = part("userHandle", text, MAX_USER_HANDLE)?;
                let text = String::from_utf8(bytes);
                Some(text.map_err(|_not_utf8| WebauthnFault::Member("userHandle"))?)
            }
        };
        let data = response.authenticator_data.as_ref();
        Ok(Self {
            credential: raw.credential()?,
            client_data_json: raw.client_data()?,
            authenticator_data: needed("authenticatorData", data, MAX_AUTH_DATA)?,
            signature: needed("signature", response.signature.as_ref(), MAX_SIGNATURE)?,
            user_handle: handle,
        })
    }
}

/// A strict reading first, so that no member stands twice.
fn read<T: TryFrom<Raw, Error = WebauthnFault>>(bytes: &[u8]) -> Result<T, WebauthnFault> {
    let node = json::parse(bytes, &LIMITS).map_err(|fault| match fault.rule {
        json::Rule::TooLarge => WebauthnFault::TooLarge("response"),
        _ => WebauthnFault::Member("response"),
    })?;
    let raw: Raw = serde_json::from_value(node.to_serde())
        .map_err(|_shape| WebauthnFault::Member("response"))?;
    T::try_from(raw)
}

impl RegistrationResponse {
    /// Reads an answer strictly. Going through `serde` instead is as good where the outer reader was strict.
    ///
    /// # Errors
    /// `Member`, `TooLarge`, `CredentialId`.
    pub fn parse(bytes: &[u8]) -> Result<Self, WebauthnFault> {
        read(bytes)
    }
}

impl AssertionResponse {
    /// Reads an answer strictly. Going through `serde` instead is as good where the outer reader was strict.
    ///
    /// # Errors
    /// `Member`, `TooLarge`, `CredentialId`.
    pub fn parse(bytes: &[u8]) -> Result<Self, WebauthnFault> {
        read(bytes)
    }

    /// What is checked of it.
    pub fn parts(&self) -> AssertionParts<'_> {
        AssertionParts {
            authenticator_data: &self.authenticator_data,
            client_data_json: &self.client_data_json,
            signature: &self.signature,
        }
    }
}

#[cfg(test)]
mod tests;
