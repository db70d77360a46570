//! Attestation: what an authenticator proves about its own model (WebAuthn Level 3, sections 6.5 and 8).
//!
//! Never here: trust in a format that is not checked: it becomes [`AttestationResult::Unchecked`], which no policy takes
//! for a proof. A statement that is checked and does not hold refuses the registration.
//! To add a format: an arm in [`judge`] and its verification procedure, section by section.

use writ_model::Digest;

use crate::{
    key_of_others::EcdsaForm,
    webauthn::{
        Anchors, MAX_ATTESTATION, WebauthnFault,
        auth_data::Attested,
        cbor::{self, Value},
        certificate::{Certificate, MAX_CHAIN},
        client_data,
    },
};

/// LIMIT: characters of a format's name (RFC 8809 section 2.1).
const MAX_FORMAT: usize = 32;

/// What an authenticator proved about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttestationResult {
    /// Nothing (format `none`).
    None,
    /// That it holds the new key: the statement is signed with that key (format `packed` without certificates).
    SelfSigned,
    /// Nothing that we could check: another format, or certificates that lead to no anchor.
    Unchecked {
        /// The format's name.
        format: String,
    },
    /// Its model: the statement's certificates lead to this anchor.
    Checked {
        /// SHA-256 of the anchor's DER.
        root: Digest,
    },
}

/// An attestation object in its parts (section 6.5.4).
#[derive(Debug)]
pub(crate) struct Object<'a> {
    pub(crate) format: &'a str,
    pub(crate) statement: Value<'a>,
    pub(crate) auth_data: &'a [u8],
}

/// Reads an attestation object: these three members and no other.
pub(crate) fn read(bytes: &[u8]) -> Result<Object<'_>, WebauthnFault> {
    if bytes.len() > MAX_ATTESTATION {
        return Err(WebauthnFault::TooLarge("attestationObject"));
    }
    let object = cbor::parse(bytes).map_err(WebauthnFault::Cbor)?;
    if object.as_map().is_none_or(|members| members.len() != 3) {
        return Err(WebauthnFault::Member("attestationObject"));
    }
    // RFC 8809 section 2.1: printable ASCII without quote and backslash.
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let format = object
        .get("fmt")
        .and_then(Value::as_text)
        .filter(|format| (1..=MAX_FORMAT).contains(&format.len()) && format.bytes().all(plain));
    Ok(Object {
        format: format.ok_or(WebauthnFault::Member("fmt"))?,
        statement: object.get("attStmt").cloned().ok_or(WebauthnFault::Member("attStmt"))?,
        auth_data: object
            .get("authData")
            .and_then(Value::as_bytes)
            .ok_or(WebauthnFault::Member("authData"))?,
    })
}

/// Judges the statement (section 7.1, verification of the attestation statement).
pub(crate) fn judge(
    object: &Object<'_>,
    attested: &Attested<'_>,
    client: &Digest,
    anchors: &Anchors,
) -> Result<AttestationResult, WebauthnFault> {
    match object.format {
        // Section 8.7: an empty map.
        "none" if object.statement.as_map().is_some_and(<[_]>::is_empty) => {
            Ok(AttestationResult::None)
        }
        "none" => Err(WebauthnFault::Attestation),
        "packed" => packed(object, attested, client, anchors).ok_or(WebauthnFault::Attestation),
        other => Ok(AttestationResult::Unchecked { format: other.to_owned() }),
    }
}

/// Format `packed` (section 8.2).
fn packed(
    object: &Object<'_>,
    attested: &Attested<'_>,
    client: &Digest,
    anchors: &Anchors,
) -> Option<AttestationResult> {
    let statement = &object.statement;
    let members = statement.as_map()?.len();
    let alg = statement.get("alg")?.as_int()?;
    let signature = statement.get("sig")?.as_bytes()?;
    let signed = client_data::signed(object.auth_data, client);
    let Some(list) = statement.get("x5c") else {
        // Self attestation: the credential's own key and algorithm.
        let good = members == 2
            && alg == attested.alg
            && attested.key.verify(EcdsaForm::Der, &signed, signature);
        return good.then_some(AttestationResult::SelfSigned);
    };
    let list = list.as_array()?;
    if members != 3 || list.is_empty() || list.len() > MAX_CHAIN {
        return None;
    }
    let chain: Vec<_> = list
        .iter()
        .map(|item| item.as_bytes().and_then(Certificate::read))
        .collect::<Option<_>>()?;
    let leaf = chain.first()?;
    if !leaf.verifies(alg, &signed, signature) || !leaf.is_attestation_of(&attested.aaguid) {
        return None;
    }
    Some(match anchors.root_of(&chain) {
        Some(root) => AttestationResult::Checked { root },
        None => AttestationResult::Unchecked { format: "packed".to_owned() },
    })
}
