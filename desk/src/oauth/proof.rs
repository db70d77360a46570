//! The client's proof of its key (RFC 9449) at an endpoint of ours, over a nonce of this process.
//!
//! Never here: a request without a proof that goes on.

use axum::http::{HeaderMap, HeaderName};
use writ_identity::{
    DpopFault, Mark, Proof, Thumbprint,
    dpop::{self, NonceRule},
};
use writ_model::{TenantId, Timestamp};

use super::refused::Refused;
use crate::Desk;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The proof of a request to this URL; of this key, if one is known. It is not marked as used yet.
pub(super) fn proved(
    desk: &Desk,
    headers: &HeaderMap,
    url: &str,
    jkt: Option<&Thumbprint>,
) -> Result<Proof, Refused> {
    let now = desk.now();
    let proof = dpop::single(headers.get_all(DPOP)).map_err(|fault| Refused::of(&fault))?;
    let proof = proof.to_str().map_err(|_bytes| {
        Refused::new("invalid_dpop_proof", "the DPoP header is not a compact JWS")
    })?;
    let nonce = NonceRule::Asked(&desk.inner.nonces);
    let expect = dpop::Expect { method: "POST", url, now, nonce, ath: None, jkt, key: None };
    dpop::verify(proof, &expect).map_err(|fault: DpopFault| {
        let mut refused = Refused::of(&fault);
        if refused.error == "use_dpop_nonce" {
            refused.nonce = Some(desk.inner.nonces.current(now));
        }
        refused
    })
}

/// Marks a proof as used; a second use is refused.
pub(super) fn mark(
    desk: &Desk,
    tenant: TenantId,
    proof: &Proof,
    now: Timestamp,
) -> Result<(), Refused> {
    let mut marks = desk.inner.marks.lock();
    let mark = Mark::dpop(&marks.salt(), tenant, &proof.jkt, &proof.jti);
    marks.mark(mark, proof.keep_until(), now).map_err(|fault| {
        let why = format!("{fault}: {}", writ_identity::Fault::cure(&fault));
        Refused::new("invalid_dpop_proof", why)
    })
}
