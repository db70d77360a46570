//! Held requests in memory: for tests, and where a restart may forget what waits.
//!
//! Never here: a map without a bound.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_model::{HoldId, TenantId, Timestamp};

use crate::held::{Held, HeldFault, MAX_HELD, fits};

type OfTenant = BTreeMap<HoldId, (Vec<u8>, Timestamp)>;

/// Held requests in memory.
#[derive(Default)]
pub struct MemoryHeld(Mutex<BTreeMap<TenantId, OfTenant>>);

impl fmt::Debug for MemoryHeld {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MemoryHeld({} tenants)", self.0.lock().len())
    }
}

#[async_trait]
impl Held for MemoryHeld {
    async fn put(
        &self,
        (tenant, hold): (TenantId, HoldId),
        sealed: Vec<u8>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), HeldFault> {
        fits(&sealed)?;
        let mut all = self.0.lock();
        let own = all.entry(tenant).or_default();
        own.retain(|_, (_, until)| *until > now);
        if own.len() >= MAX_HELD && !own.contains_key(&hold) {
            return Err(HeldFault::Full { bound: MAX_HELD });
        }
        own.insert(hold, (sealed, expires));
        Ok(())
    }

    async fn get(
        &self,
        (tenant, hold): (TenantId, HoldId),
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, HeldFault> {
        let all = self.0.lock();
        let found = all.get(&tenant).and_then(|own| own.get(&hold));
        Ok(found.filter(|(_, until)| *until > now).map(|(sealed, _)| sealed.clone()))
    }

    async fn forget(&self, (tenant, hold): (TenantId, HoldId)) -> Result<bool, HeldFault> {
        let mut all = self.0.lock();
        let Some(own) = all.get_mut(&tenant) else { return Ok(false) };
        let there = own.remove(&hold).is_some();
        if own.is_empty() {
            all.remove(&tenant);
        }
        Ok(there)
    }
}
