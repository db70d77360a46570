//! [`LeasedMeter`]: spends from shares drawn from the bank. A call takes from the share at hand without waiting; when that
//! is used up, one draw at a time is under way for each tenant.
//!
//! INVARIANT: a share is at hand only after the bank has said that it was drawn, and is given back only after it was taken
//! out of what is at hand. Whatever is lost in between is spent.
//! Never here: a limit (the caller says it), a clock, a retry of something whose outcome is not known.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use writ_model::{BootId, Span, TenantId, Timestamp};

use super::{Meter, MeterKey, MeterRefusal, Place, Reservation, bank::Bank};

mod counter;
mod spot;
mod till;

use counter::Counters;
use till::Till;

/// How often [`Meter::tidy`] is to be called: a lease on places outlives many missed renewals.
pub const TIDY: Span = Span::millis(500);
/// A share nothing was spent of for so long is given back.
pub const IDLE: Span = Span::seconds(1);
/// For so long what the bank said of others is believed: then a refusal asks it again.
pub const KNOWN: Span = Span::seconds(1);

/// LIMIT: counters and places of one tenant: an agent with a few windowed grants has a few; this is ten thousand busy agents.
const MAX_PER_TENANT: usize = 65_536;
/// LIMIT: counters and places of all tenants: about 150 MB at the very worst.
const MAX_COUNTERS: usize = 1 << 20;

/// A meter on a bank.
#[derive(Clone)]
pub struct LeasedMeter {
    till: Arc<Till>,
}

impl fmt::Debug for LeasedMeter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bank, held) = (self.till.bank(), self.till.total());
        write!(out, "LeasedMeter({held} counters, {bank:?})")
    }
}

/// What somebody waits for. If nobody does any more when it is had, it is given back.
struct Had {
    till: Arc<Till>,
    tenant: TenantId,
    at: Timestamp,
    what: Option<Wanted>,
}

enum Wanted {
    Counted(Vec<Reservation>),
    Placed(Vec<Place>),
}

impl Drop for Had {
    fn drop(&mut self) {
        let Some(what) = self.what.take() else { return };
        let mut shard = self.till.shard(self.tenant).lock();
        let Some(purse) = shard.get_mut(&self.tenant) else { return };
        match what {
            Wanted::Counted(list) => purse.counters.unspend(self.at, &list),
            Wanted::Placed(list) => purse.spots.vacate(&keys(&list)),
        }
    }
}

/// The keys of a list, each once.
fn keys(places: &[Place]) -> Vec<MeterKey> {
    let mut keys: Vec<MeterKey> = places.iter().map(|place| place.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl LeasedMeter {
    /// The meter of this run on a bank.
    pub fn new(bank: Arc<dyn Bank>, boot: BootId) -> Self {
        Self::bounded(bank, boot, (MAX_PER_TENANT, MAX_COUNTERS))
    }

    /// A meter with bounds of its own: for one tenant, for all.
    pub fn bounded(bank: Arc<dyn Bank>, boot: BootId, (per_tenant, bound): (usize, usize)) -> Self {
        Self { till: Arc::new(Till::new(bank, boot, (per_tenant, bound))) }
    }

    /// Counters and places at hand, for metrics.
    pub fn at_hand(&self) -> usize {
        self.till.total()
    }
}

#[async_trait]
impl Meter for LeasedMeter {
    fn read(&self, tenant: TenantId, key: &MeterKey, window: Span, now: Timestamp) -> u64 {
        let shard = self.till.shard(tenant).lock();
        shard.get(&tenant).map_or(0, |purse| purse.counters.read(key, window, now))
    }

    fn reserve(
        &self,
        tenant: TenantId,
        now: Timestamp,
        wanted: &[Reservation],
    ) -> Result<(), MeterRefusal> {
        if wanted.is_empty() {
            return Ok(());
        }
        let mut shard = self.till.shard(tenant).lock();
        match shard.get_mut(&tenant) {
            Some(purse) => purse.counters.spend(now, wanted),
            None => Counters::default().check(now, wanted),
        }
    }

    async fn draw_and_reserve(
        &self,
        tenant: TenantId,
        now: Timestamp,
        wanted: &[Reservation],
    ) -> Result<(), MeterRefusal> {
        let (till, wanted) = (Arc::clone(&self.till), wanted.to_vec());
        // A task of its own: a caller that leaves in the middle must not lose a share.
        let drawn = tokio::spawn(async move {
            till.reserve((tenant, now), &wanted).await?;
            let what = Some(Wanted::Counted(wanted));
            Ok(Had { till, tenant, at: now, what })
        });
        received(drawn).await
    }

    fn settle(&self, tenant: TenantId, at: Timestamp, unused: &[Reservation]) {
        let mut shard = self.till.shard(tenant).lock();
        if let Some(purse) = shard.get_mut(&tenant) {
            purse.counters.unspend(at, unused);
        }
    }

    fn running(&self, tenant: TenantId, key: &MeterKey, now: Timestamp) -> u64 {
        let shard = self.till.shard(tenant).lock();
        shard.get(&tenant).map_or(0, |purse| purse.spots.running(key, now))
    }

    fn occupy(
        &self,
        tenant: TenantId,
        now: Timestamp,
        places: &[Place],
    ) -> Result<(), MeterRefusal> {
        if places.is_empty() {
            return Ok(());
        }
        let leased = self.till.lease(now).is_some();
        let mut shard = self.till.shard(tenant).lock();
        match shard.get_mut(&tenant).filter(|_| leased) {
            Some(purse) => purse.spots.occupy(now, places),
            None => Err(MeterRefusal::Short { index: 0 }),
        }
    }

    async fn draw_and_occupy(
        &self,
        tenant: TenantId,
        now: Timestamp,
        places: &[Place],
    ) -> Result<(), MeterRefusal> {
        let (till, places) = (Arc::clone(&self.till), places.to_vec());
        let drawn = tokio::spawn(async move {
            till.occupy((tenant, now), &places).await?;
            let what = Some(Wanted::Placed(places));
            Ok(Had { till, tenant, at: now, what })
        });
        received(drawn).await
    }

    fn vacate(&self, tenant: TenantId, keys: &[MeterKey]) {
        let mut shard = self.till.shard(tenant).lock();
        if let Some(purse) = shard.get_mut(&tenant) {
            purse.spots.vacate(keys);
        }
    }

    fn reachable(&self) -> bool {
        self.till.is_reachable()
    }

    async fn tidy(&self, now: Timestamp) {
        // While the bank does not answer nothing is given back: it would be lost.
        if self.till.renew(now).await.is_ok() {
            self.till.give_back(now, false).await;
            self.till.fade(now).await;
        }
    }

    async fn close(&self, now: Timestamp) {
        if self.till.renew(now).await.is_ok() {
            self.till.give_back(now, true).await;
        }
    }
}

/// What a task has had, for who waited for it.
async fn received(
    drawn: tokio::task::JoinHandle<Result<Had, MeterRefusal>>,
) -> Result<(), MeterRefusal> {
    match drawn.await {
        Ok(had) => {
            had?.what = None;
            Ok(())
        }
        Err(_ended) => Err(MeterRefusal::Unreachable),
    }
}

#[cfg(test)]
mod tests;
