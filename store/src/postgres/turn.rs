//! A writer's turn among processes: a lock that PostgreSQL hands out in the order of asking.
//!
//! Never here: a fence. A holder that stands still is cut off by the server and goes on without noticing; what it then
//! appends is checked against the head like any other.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use writ_model::{Digest, TenantId};

use super::{
    Pg, PgFault,
    lent::{Lent, open, roll_back},
    pool,
};
use crate::ledger::Turn;

/// How long one waits for a turn: as long as several holders that stand still, one after the other, are let be.
const WAIT: Duration = Duration::from_secs(12);

/// LIMIT: a holder that says nothing for a second loses its turn; an honest one reads some lines and appends.
const TAKE: &str = "
BEGIN;
SET LOCAL idle_in_transaction_session_timeout = '1s';
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '11s'";
const LOCK: &str = "SELECT pg_advisory_xact_lock($1)::text";

/// The turns this process holds: an append of theirs need not ask for one.
#[derive(Debug, Clone, Default)]
pub(super) struct Mine(Arc<Mutex<BTreeMap<TenantId, u32>>>);

impl Mine {
    pub(super) fn has(&self, tenant: TenantId) -> bool {
        self.0.lock().contains_key(&tenant)
    }

    fn add(&self, tenant: TenantId) {
        *self.0.lock().entry(tenant).or_default() += 1;
    }

    fn remove(&self, tenant: TenantId) {
        let mut held = self.0.lock();
        if let Some(count) = held.get_mut(&tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&tenant);
            }
        }
    }
}

/// A turn that is held: dropping it gives it back.
struct Held {
    /// `None` only while it is being dropped.
    lent: Option<Lent>,
    tenant: TenantId,
    mine: Mine,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.mine.remove(self.tenant);
        if let Some(lent) = self.lent.take() {
            roll_back(lent);
        }
    }
}

/// The number of a tenant's lock. Two tenants that share one only wait for each other.
pub(super) fn lock_of(tenant: TenantId) -> i64 {
    let digest = Digest::of_parts(&[b"writ turn", &tenant.to_bytes()]);
    let first = digest.as_bytes().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(first)
}

/// Waits for the tenant's turn.
pub(super) async fn take(pg: &Pg, tenant: TenantId, mine: &Mine) -> Result<Turn, PgFault> {
    let mut lent = pool::lend(&pg.inner.turns, &pg.inner.refusal).await?;
    lent.patience(WAIT);
    let mut lent = open(lent, TAKE).await?;
    let locked = lent.rows(LOCK, &[&lock_of(tenant)]).await;
    if let Err(fault) = locked {
        roll_back(lent);
        return Err(fault);
    }
    mine.add(tenant);
    Ok(Turn::held(Held { lent: Some(lent), tenant, mine: mine.clone() }))
}
