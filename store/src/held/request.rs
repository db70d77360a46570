//! [`HeldRequest`]: what is held of a request, and its one sealed form, which the gateway writes and the desk reads.
//!
//! Plain form: one line of canonical JSON (`{"generation":…,"headers":…,"method":…,"server":…}`, with `origins` if it has some), a line feed, and then the
//! `params` of the message byte for byte. It is authenticated with the ids of its tenant and its hold, so that one put in
//! another's place does not open.
//! Never here: a credential; headers are the protocol's own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use writ_model::{HoldId, TenantId, canonical};

use crate::{Sealer, VaultFault};

/// A request without its id: what is executed when it was approved, byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldRequest {
    /// The server it was for.
    pub server: String,
    /// The protocol's method.
    pub method: String,
    /// The protocol's generation: it is executed in the one it was asked in.
    pub generation: String,
    /// Headers that repeat parts of the body and go with it.
    pub headers: BTreeMap<String, String>,
    /// Why it waits, where that is about values that others wrote: a sentence for each, with the value quoted.
    pub origins: Vec<String>,
    /// The `params` of the message, byte for byte; JSON.
    pub params: Vec<u8>,
}

impl std::fmt::Debug for HeldRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "HeldRequest({} on {}, {} bytes)", self.method, self.server, self.params.len())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    server: String,
    method: String,
    generation: String,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    origins: Vec<String>,
}

/// A held request that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BadRequest {
    /// It does not open: altered, moved to another hold, or under another key.
    #[error(transparent)]
    Sealed(#[from] VaultFault),
    /// It opens and is not of its form.
    #[error("a held request is not of its form")]
    Form,
}

/// What binds a sealed request to its place.
fn place(tenant: TenantId, hold: HoldId) -> Vec<u8> {
    [&b"writ held v1"[..], &tenant.to_bytes(), &hold.to_bytes()].concat()
}

impl HeldRequest {
    /// Seals it for one hold of one tenant.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn seal(
        &self,
        sealer: &Sealer,
        (tenant, hold): (TenantId, HoldId),
    ) -> Result<Vec<u8>, BadRequest> {
        let Self { server, method, generation, headers, origins, params } = self.clone();
        let envelope = Envelope { server, method, generation, headers, origins };
        let mut plain = canonical::to_vec(&envelope).map_err(|_never| BadRequest::Form)?;
        plain.push(b'\n');
        plain.extend_from_slice(&params);
        Ok(sealer.seal(&place(tenant, hold), &plain)?)
    }

    /// Opens what was sealed for this hold.
    ///
    /// # Errors
    /// If it does not open or is not of its form.
    pub fn open(
        sealer: &Sealer,
        (tenant, hold): (TenantId, HoldId),
        sealed: &[u8],
    ) -> Result<Self, BadRequest> {
        let plain = sealer.open(&place(tenant, hold), sealed)?;
        let mut parts = plain.expose().splitn(2, |byte| *byte == b'\n');
        let (Some(envelope), Some(params)) = (parts.next(), parts.next()) else {
            return Err(BadRequest::Form);
        };
        let envelope: Envelope =
            serde_json::from_slice(envelope).map_err(|_not_ours| BadRequest::Form)?;
        let Envelope { server, method, generation, headers, origins } = envelope;
        Ok(Self { server, method, generation, headers, origins, params: params.to_vec() })
    }
}
