//! Which keys came by a person's consent. Their running copies get tokens by the consent's code and refresh token only: as
//! clients of their own they would outlive it and reach further.
//!
//! Never here: what a consent allows (`family.rs`). A key that was enrolled by a code is not marked when a consent uses it.

use writ_identity::Thumbprint;
use writ_model::{Secret, TenantId};
use writ_store::Space;

use super::refused::Refused;
use crate::Desk;

fn name(jkt: &Thumbprint) -> String {
    format!("oauth/consented/{jkt}")
}

/// Marks a key that is about to be enrolled by a consent. LIMIT: one for each running copy that was let in.
pub(super) async fn mark(desk: &Desk, tenant: TenantId, jkt: &Thumbprint) -> Result<(), Refused> {
    let vault = &desk.inner.parts.vault;
    let put = vault.put(Space::Tenant(tenant), &name(jkt), Secret::new(b"1".to_vec())).await;
    put.map_err(|fault| Refused::server(&fault))
}

/// Whether a key came by a consent.
pub(super) async fn is(desk: &Desk, tenant: TenantId, jkt: &Thumbprint) -> Result<bool, Refused> {
    let known = desk.inner.parts.vault.get(Space::Tenant(tenant), &name(jkt)).await;
    Ok(known.map_err(|fault| Refused::server(&fault))?.is_some())
}
