//! The meter in memory.
//!
//! Never here: a counter that outlives its window by more than the next sweep, a map without a bound.

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use parking_lot::Mutex;
use writ_model::{Span, TenantId, Timestamp};

use crate::meter::{Meter, MeterKey, MeterRefusal, Reservation, window_start};

/// LIMIT: counters of one tenant: an agent with a few windowed grants has a few; this is ten thousand busy agents.
const MAX_PER_TENANT: usize = 65_536;
/// Counters of all tenants: about 150 MB at the very worst.
const MAX_COUNTERS: usize = 1 << 20;
/// Locks: more than cores, so that tenants do not wait for each other.
const SHARDS: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Counter {
    start: Timestamp,
    used: u64,
}

type ByKey = BTreeMap<(MeterKey, Span), Counter>;

#[derive(Debug)]
struct Counters {
    by_key: ByKey,
    /// No counter expires before: a sweep before it would find nothing.
    next_expiry: Timestamp,
}

impl Default for Counters {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), next_expiry: Timestamp::from_micros(i64::MAX) }
    }
}

impl Counters {
    fn used(&self, key: &MeterKey, window: Span, start: Timestamp) -> u64 {
        let counter = self.by_key.get(&(*key, window));
        counter.filter(|counter| counter.start == start).map_or(0, |counter| counter.used)
    }

    /// Drops what has expired and gives how many that were.
    fn sweep(&mut self, now: Timestamp) -> usize {
        if now < self.next_expiry {
            return 0;
        }
        let before = self.by_key.len();
        self.by_key.retain(|(_, window), counter| counter.start + *window > now);
        let ends = self.by_key.iter().map(|((_, window), counter)| counter.start + *window);
        self.next_expiry = ends.min().unwrap_or(Timestamp::from_micros(i64::MAX));
        before - self.by_key.len()
    }
}

type Shard = Mutex<BTreeMap<TenantId, Counters>>;

/// Counters in memory: lost with the process, so the limits of a window start again after a restart.
pub struct MemoryMeter {
    shards: [Shard; SHARDS],
    total: AtomicUsize,
    per_tenant: usize,
    bound: usize,
}

impl fmt::Debug for MemoryMeter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MemoryMeter({} counters)", self.total.load(Ordering::Relaxed))
    }
}

impl Default for MemoryMeter {
    fn default() -> Self {
        Self::bounded(MAX_PER_TENANT, MAX_COUNTERS)
    }
}

impl MemoryMeter {
    /// A meter with bounds of its own.
    pub fn bounded(per_tenant: usize, all: usize) -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, total: AtomicUsize::new(0), per_tenant, bound: all }
    }

    fn shard(&self, tenant: TenantId) -> &Shard {
        let [first, ..] = &self.shards;
        let low = tenant.to_bytes().last().copied().unwrap_or(0);
        self.shards.get(usize::from(low) % SHARDS).unwrap_or(first)
    }

    /// Makes room for the counters of a list that are not there, first in its tenant, then in the whole shard.
    fn make_room(
        &self,
        shard: &mut BTreeMap<TenantId, Counters>,
        tenant: TenantId,
        (list, now): (&ByKey, Timestamp),
    ) -> Result<(), MeterRefusal> {
        let (mut own, mut new) = census(shard, tenant, list);
        if own + new > self.per_tenant
            && let Some(counters) = shard.get_mut(&tenant)
        {
            let swept = counters.sweep(now);
            self.total.fetch_sub(swept, Ordering::Relaxed);
            (own, new) = census(shard, tenant, list);
        }
        if own + new > self.per_tenant {
            return Err(MeterRefusal::Full { bound: self.per_tenant });
        }
        if self.total.load(Ordering::Relaxed) + new > self.bound {
            let swept: usize = shard.values_mut().map(|counters| counters.sweep(now)).sum();
            self.total.fetch_sub(swept, Ordering::Relaxed);
            shard.retain(|_, counters| !counters.by_key.is_empty());
            (_, new) = census(shard, tenant, list);
        }
        // Taken before they are made, so that shards together cannot pass the bound.
        let total = self.total.fetch_add(new, Ordering::Relaxed);
        if total + new > self.bound {
            self.total.fetch_sub(new, Ordering::Relaxed);
            return Err(MeterRefusal::Full { bound: self.bound });
        }
        Ok(())
    }
}

/// How many counters a tenant has, and how many of a list it has not.
fn census(shard: &BTreeMap<TenantId, Counters>, tenant: TenantId, list: &ByKey) -> (usize, usize) {
    shard.get(&tenant).map_or((0, list.len()), |counters| {
        let new = list.keys().filter(|place| !counters.by_key.contains_key(place)).count();
        (counters.by_key.len(), new)
    })
}

impl Meter for MemoryMeter {
    fn read(&self, tenant: TenantId, key: &MeterKey, window: Span, now: Timestamp) -> u64 {
        let Some(start) = window_start(now, window) else { return 0 };
        let shard = self.shard(tenant).lock();
        shard.get(&tenant).map_or(0, |counters| counters.used(key, window, start))
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
        let mut shard = self.shard(tenant).lock();
        let known = shard.get(&tenant);
        // One counter may be wanted twice in one list: what the earlier entries take is counted.
        let mut after = ByKey::new();
        for (index, want) in wanted.iter().enumerate() {
            let start = window_start(now, want.window).ok_or(MeterRefusal::NoWindow { index })?;
            let place = (want.key, want.window);
            let used = after.get(&place).map_or_else(
                || known.map_or(0, |counters| counters.used(&want.key, want.window, start)),
                |counter| counter.used,
            );
            let sum = used.saturating_add(want.amount);
            if sum > want.limit {
                let resets = start + want.window;
                return Err(MeterRefusal::Exceeded { index, used, resets });
            }
            after.insert(place, Counter { start, used: sum });
        }
        self.make_room(&mut shard, tenant, (&after, now))?;
        let counters = shard.entry(tenant).or_default();
        for (place, counter) in after {
            counters.next_expiry = counters.next_expiry.min(counter.start + place.1);
            counters.by_key.insert(place, counter);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
