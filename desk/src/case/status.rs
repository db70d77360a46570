//! The installation: versions, gateways, sizes.

use std::sync::atomic::Ordering;

use writ_authority::decide;
use writ_model::TenantId;

use crate::{Desk, DeskError, view::StatusView};

impl Desk {
    /// The installation as it is now. For everybody with a credential; it names no client.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn status(&self) -> Result<StatusView, DeskError> {
        let heads = self.ledger().heads().await?;
        Ok(StatusView {
            version: self.inner.parts.version.clone(),
            engine: decide::ENGINE.to_owned(),
            at: self.now(),
            started_at: self.inner.started_at,
            desk: self.issuer().to_owned(),
            console: self.origin().to_owned(),
            gateways: self.inner.fleet.read().gateways(),
            founded: self.provider_id().is_ok(),
            tenants: heads.len(),
            restored: heads.iter().filter(|(tenant, _)| self.waits_restored(*tenant)).count(),
            lines: heads.iter().map(|(_, head)| head.size).sum(),
            tokens_issued: self.inner.issued.load(Ordering::Relaxed),
            tokens_refused: self.inner.refused.load(Ordering::Relaxed),
        })
    }

    /// Whether a client's agents wait because its ledger came out of a backup. Of what is in memory: a status must not
    /// fold every ledger.
    fn waits_restored(&self, tenant: TenantId) -> bool {
        let view = self.tenants().cached(tenant);
        view.is_some_and(|view| view.state.held_by_restore() > 0)
    }
}
