//! What the gateway keeps of a tenant for the length of a run: the key that seals arguments, the sequence of its records,
//! and that its counters were warmed after a restart.
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
use writ_authority::State;
use writ_charter::Per;
use writ_lake::{Activity, MinuteUse};
use writ_model::{Span, TenantId, Timestamp};
use writ_store::{Meter, Reservation, Sealer, Space, Vault};

use crate::{
    limits,
    refusal::{self, Refusal},
};

/// Periods of limits are a day at most: older use does not count.
const LOOK_BACK: Span = Span::days(1);

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
    lake: Arc<Activity>,
    meter: Arc<dyn Meter>,
}

impl Tenancies {
    pub(crate) fn new(vault: Arc<dyn Vault>, lake: Arc<Activity>, meter: Arc<dyn Meter>) -> Self {
        Self { known: RwLock::default(), opening: tokio::sync::Mutex::new(()), vault, lake, meter }
    }

    /// The tenancy, opened on its first call of this run.
    pub(crate) async fn of(&self, state: &State, now: Timestamp) -> Result<Arc<Tenancy>, Refusal> {
        if let Some(known) = self.known.read().get(&state.tenant) {
            return Ok(Arc::clone(known));
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(known) = self.known.read().get(&state.tenant) {
            return Ok(Arc::clone(known));
        }
        let sealer = self.vault.sealer(Space::Tenant(state.tenant)).await.map_err(|fault| {
            tracing::error!(tenant = %state.tenant, error = %fault, "the vault has no key");
            refusal::NOT_RECORDED
        })?;
        self.warm(state, now).await?;
        let holding = tokio::sync::Mutex::new(());
        let seq = AtomicU64::new(0);
        let tenancy = Arc::new(Tenancy { tenant: state.tenant, sealer, seq, holding });
        self.known.write().insert(state.tenant, Arc::clone(&tenancy));
        Ok(tenancy)
    }

    /// Counts again what was used before a restart, so that restarting never refills a limit.
    async fn warm(&self, state: &State, now: Timestamp) -> Result<(), Refusal> {
        for (grant, given) in &state.grants {
            if given.revoked_at.is_some() || given.says.limits.is_empty() {
                continue;
            }
            let uses = self.lake.uses_since(*grant, now - LOOK_BACK).await.map_err(|fault| {
                tracing::error!(tenant = %state.tenant, error = %fault, "use cannot be counted");
                refusal::NOT_RECORDED
            })?;
            for (minute, count) in uses {
                let wanted: Vec<Reservation> = given
                    .says
                    .limits
                    .iter()
                    .map(|limit| Reservation {
                        limit: u64::MAX,
                        amount: count,
                        ..limits::reservation(state.tenant, *grant, *limit)
                    })
                    .collect();
                self.count(state.tenant, minute, &wanted)?;
            }
        }
        self.warm_clauses(state.tenant, now).await
    }

    /// The same for clauses, whatever charter says them now.
    async fn warm_clauses(&self, tenant: TenantId, now: Timestamp) -> Result<(), Refusal> {
        let uses = self.lake.clause_uses_since(tenant, now - LOOK_BACK).await.map_err(|fault| {
            tracing::error!(%tenant, error = %fault, "use of clauses cannot be counted");
            refusal::NOT_RECORDED
        })?;
        for MinuteUse { clause, currency, minute, calls, money } in uses {
            let (currency, amount) = match &*currency {
                "" => (None, calls),
                currency => (Some(currency), money),
            };
            let wanted = [Per::Hour, Per::Day].map(|per| Reservation {
                key: limits::clause_key(tenant, &clause, per, currency),
                window: per.span(),
                limit: u64::MAX,
                amount,
            });
            self.count(tenant, minute, &wanted)?;
        }
        Ok(())
    }

    fn count(
        &self,
        tenant: TenantId,
        at: Timestamp,
        wanted: &[Reservation],
    ) -> Result<(), Refusal> {
        self.meter.reserve(tenant, at, wanted).map_err(|fault| {
            tracing::error!(%tenant, error = %fault, "the meter is full");
            refusal::NOT_RECORDED
        })
    }
}
