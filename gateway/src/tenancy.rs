//! What the gateway keeps of a tenant for the length of a run: the key that seals arguments, and the sequence of its
//! records.
//!
//! Never here: the tenant's state (`store` follows the ledger).

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::RwLock;
use writ_model::TenantId;
use writ_store::{Sealer, Space, Vault};

use crate::refusal::{self, Refusal};

/// One tenant during one run.
#[derive(Debug)]
pub(crate) struct Tenancy {
    pub(crate) tenant: TenantId,
    pub(crate) sealer: Arc<Sealer>,
    seq: AtomicU64,
    /// Held by who makes a hold, so that two calls of the same kind at once make one.
    pub(crate) holding: tokio::sync::Mutex<()>,
}

impl Tenancy {
    /// The next position in this tenant's records of this run.
    pub(crate) fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::Relaxed)
    }
}

/// The tenants seen in this run. INVARIANT: one is never dropped, because its sequence must not begin anew.
#[derive(Debug)]
pub(crate) struct Tenancies {
    known: RwLock<BTreeMap<TenantId, Arc<Tenancy>>>,
    opening: tokio::sync::Mutex<()>,
    vault: Arc<dyn Vault>,
}

impl Tenancies {
    pub(crate) fn new(vault: Arc<dyn Vault>) -> Self {
        Self { known: RwLock::default(), opening: tokio::sync::Mutex::new(()), vault }
    }

    /// The tenancy, opened on its first call of this run.
    pub(crate) async fn of(&self, tenant: TenantId) -> Result<Arc<Tenancy>, Refusal> {
        if let Some(known) = self.known.read().get(&tenant) {
            return Ok(Arc::clone(known));
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(known) = self.known.read().get(&tenant) {
            return Ok(Arc::clone(known));
        }
        let sealer = self.vault.sealer(Space::Tenant(tenant)).await.map_err(|fault| {
            tracing::error!(%tenant, error = %fault, "the vault has no key");
            refusal::NOT_RECORDED
        })?;
        let holding = tokio::sync::Mutex::new(());
        let seq = AtomicU64::new(0);
        let tenancy = Arc::new(Tenancy { tenant, sealer, seq, holding });
        self.known.write().insert(tenant, Arc::clone(&tenancy));
        Ok(tenancy)
    }
}
