//! The till: what every tenant has at hand, and the one who talks to the bank about it.
//!
//! Never here: whether a caller waits (`leased` says that), arithmetic of a counter or of a place.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use parking_lot::{Mutex, MutexGuard};
use tokio::{
    sync::{Mutex as Gate, OwnedMutexGuard},
    time::timeout,
};
use writ_model::{BootId, TenantId, Timestamp};

use super::{KNOWN, counter::Counters, spot::Spots};
use crate::meter::{
    MeterRefusal, Place, Reservation,
    bank::{Bank, BankFault, GRACE, Holder, MAX_DRAWS, TERM},
};

/// LIMIT: how long the bank may take: a caller waits, and a refusal that comes late is a refusal all the same.
const PATIENCE: Duration = Duration::from_secs(1);
/// LIMIT: tenants whose windows the bank is told to forget: what does not fit here is forgotten with their next draw.
const MAX_FADING: usize = 4_096;
/// LIMIT: tenants that are tidied at once.
const TIDY_AT_ONCE: usize = 8;
/// LIMIT: locks: more than cores, so that tenants do not wait for each other.
const SHARDS: usize = 16;

/// What one tenant has at hand.
#[derive(Debug, Default)]
pub(super) struct Purse {
    pub(super) counters: Counters,
    pub(super) spots: Spots,
    /// Held by who talks to the bank about this tenant.
    gate: Arc<Gate<()>>,
    /// Callers that wait for it.
    waiting: u64,
}

impl Purse {
    fn len(&self) -> usize {
        self.counters.len() + self.spots.len()
    }

    fn is_needed(&self) -> bool {
        self.len() > 0 || self.waiting > 0 || Arc::strong_count(&self.gate) > 1
    }
}

pub(super) type Shard = BTreeMap<TenantId, Purse>;

/// The lease on places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    epoch: u64,
    until: Timestamp,
}

pub(super) struct Till {
    bank: Arc<dyn Bank>,
    boot: BootId,
    shards: [Mutex<Shard>; SHARDS],
    total: AtomicUsize,
    per_tenant: usize,
    bound: usize,
    lease: Mutex<Option<Lease>>,
    /// Tenants whose windows are over, and when the bank may forget them.
    fading: Mutex<BTreeMap<TenantId, Timestamp>>,
    reachable: AtomicBool,
    /// How often the bank has failed: who waited behind a failure does not wait for one of its own.
    faults: AtomicU64,
}

impl Till {
    pub(super) fn new(bank: Arc<dyn Bank>, boot: BootId, bounds: (usize, usize)) -> Self {
        let (per_tenant, bound) = bounds;
        Self {
            bank,
            boot,
            shards: std::array::from_fn(|_| Mutex::default()),
            total: AtomicUsize::new(0),
            per_tenant,
            bound,
            lease: Mutex::new(None),
            fading: Mutex::default(),
            reachable: AtomicBool::new(true),
            faults: AtomicU64::new(0),
        }
    }

    pub(super) fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    pub(super) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    pub(super) fn bank(&self) -> &Arc<dyn Bank> {
        &self.bank
    }

    pub(super) fn shard(&self, tenant: TenantId) -> &Mutex<Shard> {
        let [first, ..] = &self.shards;
        let low = tenant.to_bytes().last().copied().unwrap_or(0);
        self.shards.get(usize::from(low) % SHARDS).unwrap_or(first)
    }

    /// Asks the bank, for a bounded time.
    async fn ask<T>(
        &self,
        answer: impl Future<Output = Result<T, BankFault>>,
    ) -> Result<T, BankFault> {
        let late = || BankFault::Faulted { why: "it took too long".to_owned() };
        let answer = timeout(PATIENCE, answer).await.unwrap_or_else(|_late| Err(late()));
        match &answer {
            Err(BankFault::Faulted { why }) => {
                self.faults.fetch_add(1, Ordering::Relaxed);
                if self.reachable.swap(false, Ordering::Relaxed) {
                    let code = BankFault::Faulted { why: String::new() }.code().0;
                    tracing::error!(event = "meter.unreachable", code, why, "the bank of shares");
                }
            }
            Ok(_) | Err(BankFault::Full { .. } | BankFault::Lapsed) => {
                if !self.reachable.swap(true, Ordering::Relaxed) {
                    tracing::info!(event = "meter.reachable", "the bank of shares answers again");
                }
            }
        }
        answer
    }

    /// Tenants of whom anything is kept.
    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Drawn for a tenant and not spent.
    #[cfg(test)]
    pub(super) fn held(&self, tenant: TenantId) -> u64 {
        self.change(tenant, |purse| purse.counters.held())
    }

    /// Makes room for so many new entries of a tenant, in its own bound and in everybody's.
    fn make_room(
        &self,
        shard: &mut MutexGuard<'_, Shard>,
        (tenant, now): (TenantId, Timestamp),
        new: impl Fn(&Purse) -> usize,
    ) -> Result<(), MeterRefusal> {
        let purse = shard.entry(tenant).or_default();
        if purse.len() + new(purse) > self.per_tenant {
            self.swept(tenant, now, purse);
        }
        if purse.len() + new(purse) > self.per_tenant {
            return Err(MeterRefusal::Full { bound: self.per_tenant });
        }
        if self.total() + new(purse) > self.bound {
            for (owner, purse) in shard.iter_mut() {
                self.swept(*owner, now, purse);
            }
        }
        let purse = shard.entry(tenant).or_default();
        if self.total() + new(purse) > self.bound {
            return Err(MeterRefusal::Full { bound: self.bound });
        }
        Ok(())
    }

    fn swept(&self, tenant: TenantId, now: Timestamp, purse: &mut Purse) {
        let gone = purse.counters.sweep(now);
        if gone > 0 {
            self.total.fetch_sub(gone, Ordering::Relaxed);
            let mut fading = self.fading.lock();
            if fading.len() < MAX_FADING || fading.contains_key(&tenant) {
                fading.insert(tenant, now + GRACE + KNOWN);
            }
        }
    }

    /// Changes a purse and keeps the count of all entries.
    fn change<T>(&self, tenant: TenantId, with: impl FnOnce(&mut Purse) -> T) -> T {
        let mut shard = self.shard(tenant).lock();
        let purse = shard.entry(tenant).or_default();
        self.counted(purse, with)
    }

    fn counted<T>(&self, purse: &mut Purse, with: impl FnOnce(&mut Purse) -> T) -> T {
        let before = purse.len();
        let out = with(purse);
        let after = purse.len();
        self.total.fetch_add(after.saturating_sub(before), Ordering::Relaxed);
        self.total.fetch_sub(before.saturating_sub(after), Ordering::Relaxed);
        out
    }

    /// Waits for this tenant's turn with the bank; refuses if the bank failed while it waited.
    async fn turn(&self, tenant: TenantId) -> Result<OwnedMutexGuard<()>, MeterRefusal> {
        let faults = self.faults.load(Ordering::Relaxed);
        let gate = self.change(tenant, |purse| {
            purse.waiting += 1;
            Arc::clone(&purse.gate)
        });
        let turn = gate.lock_owned().await;
        self.change(tenant, |purse| purse.waiting = purse.waiting.saturating_sub(1));
        if self.faults.load(Ordering::Relaxed) != faults && !self.reachable.load(Ordering::Relaxed)
        {
            return Err(MeterRefusal::Unreachable);
        }
        Ok(turn)
    }

    pub(super) async fn reserve(
        &self,
        (tenant, now): (TenantId, Timestamp),
        wanted: &[Reservation],
    ) -> Result<(), MeterRefusal> {
        let _turn = self.turn(tenant).await?;
        let plan = {
            let mut shard = self.shard(tenant).lock();
            let purse = shard.entry(tenant).or_default();
            match purse.counters.spend(now, wanted) {
                Err(MeterRefusal::Short { .. }) => {}
                // Somebody before has drawn enough for this one too, or has heard that there is no more.
                other => return other,
            }
            let missing = |purse: &Purse| purse.counters.missing(wanted);
            self.make_room(&mut shard, (tenant, now), missing)?;
            let purse = shard.entry(tenant).or_default();
            let waiting = purse.waiting.saturating_add(1);
            self.counted(purse, |purse| purse.counters.plan(now, wanted, waiting))
        };
        if plan.draws.len() > MAX_DRAWS {
            self.change(tenant, |purse| purse.counters.undo(&plan));
            return Err(MeterRefusal::Full { bound: MAX_DRAWS });
        }
        match self.ask(self.bank.draw(tenant, now, &plan.draws)).await {
            Ok(drawn) => self.change(tenant, |purse| purse.counters.settle(now, &plan, &drawn)),
            Err(fault) => {
                self.change(tenant, |purse| purse.counters.undo(&plan));
                Err(fault.refusal())
            }
        }
    }

    pub(super) async fn occupy(
        &self,
        (tenant, now): (TenantId, Timestamp),
        places: &[Place],
    ) -> Result<(), MeterRefusal> {
        let _turn = self.turn(tenant).await?;
        // LIMIT: twice: a lease that was over is renewed once.
        for _ in 0..2 {
            let lease = match self.lease(now) {
                Some(lease) => lease,
                None => self.renew(now).await.map_err(|fault| fault.refusal())?,
            };
            let seats = {
                let mut shard = self.shard(tenant).lock();
                let purse = shard.entry(tenant).or_default();
                match purse.spots.occupy(now, places) {
                    Err(MeterRefusal::Short { .. }) => {}
                    other => return other,
                }
                let missing = |purse: &Purse| purse.spots.missing(places);
                self.make_room(&mut shard, (tenant, now), missing)?;
                let purse = shard.entry(tenant).or_default();
                self.counted(purse, |purse| purse.spots.plan(places))
            };
            let holder = Holder { boot: self.boot, epoch: lease.epoch };
            match self.ask(self.bank.seat(tenant, now, holder, &seats)).await {
                Ok(seated) => {
                    return self.change(tenant, |purse| {
                        purse.spots.settle(now, (places, &seats), &seated)
                    });
                }
                Err(fault) => {
                    self.change(tenant, |purse| purse.spots.undo(&seats));
                    if fault != BankFault::Lapsed {
                        return Err(fault.refusal());
                    }
                    *self.lease.lock() = None;
                }
            }
        }
        Err(MeterRefusal::Unreachable)
    }

    /// The lease, while it lasts.
    pub(super) fn lease(&self, now: Timestamp) -> Option<Lease> {
        self.lease.lock().filter(|lease| now < lease.until)
    }

    /// Renews the lease. Another epoch means that the bank knows of no place of ours any more.
    pub(super) async fn renew(&self, now: Timestamp) -> Result<Lease, BankFault> {
        let epoch = self.ask(self.bank.renew(self.boot, now)).await?;
        let lease = Lease { epoch, until: now + TERM };
        let before = self.lease.lock().replace(lease);
        if before.is_none_or(|before| before.epoch != epoch) {
            for shard in &self.shards {
                for purse in shard.lock().values_mut() {
                    self.counted(purse, |purse| purse.spots.lapse());
                }
            }
        }
        Ok(lease)
    }

    /// Gives back what lies idle, or everything, of the tenants that have something.
    pub(super) async fn give_back(&self, now: Timestamp, all: bool) {
        let mut tenants = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            for (tenant, purse) in shard.iter_mut() {
                self.swept(*tenant, now, purse);
            }
            shard.retain(|_, purse| purse.is_needed());
            tenants.extend(shard.iter().map(|(tenant, purse)| (*tenant, purse.gate.clone())));
        }
        stream::iter(tenants)
            .for_each_concurrent(TIDY_AT_ONCE, |(tenant, gate)| async move {
                let turn = if all {
                    timeout(PATIENCE, gate.lock_owned()).await.ok()
                } else {
                    // Who talks to the bank now has nothing idle; the next time, then.
                    gate.try_lock_owned().ok()
                };
                if let Some(_turn) = turn {
                    self.give_back_of(tenant, now, all).await;
                }
            })
            .await;
    }

    async fn give_back_of(&self, tenant: TenantId, now: Timestamp, all: bool) {
        let (rests, seats) =
            self.change(tenant, |purse| (purse.counters.idle(now, all), purse.spots.idle(all)));
        if !rests.is_empty()
            && let Err(fault) = self.ask(self.bank.give_back(tenant, &rests)).await
        {
            // Whether it was taken back is not known, so it is spent.
            tracing::warn!(%tenant, error = %fault, "an idle share is lost for its window");
        }
        let lease = self.lease.lock().map(|lease| lease.epoch);
        if let Some(epoch) = lease.filter(|_| !seats.is_empty()) {
            let holder = Holder { boot: self.boot, epoch };
            match self.ask(self.bank.seat(tenant, now, holder, &seats)).await {
                Ok(seated) => self.change(tenant, |purse| purse.spots.told(now, &seats, &seated)),
                // They are told again the next time; after a lapse the bank has dropped them itself.
                Err(fault) => tracing::debug!(%tenant, error = %fault, "places are not told"),
            }
        }
    }

    /// Has the bank forget windows that are long over.
    pub(super) async fn fade(&self, now: Timestamp) {
        let due: Vec<TenantId> = {
            let fading = self.fading.lock();
            let due = fading.iter().filter(|(_, at)| **at <= now).map(|(tenant, _)| *tenant);
            due.take(TIDY_AT_ONCE).collect()
        };
        for tenant in due {
            if self.ask(self.bank.expire(tenant, now)).await.is_err() {
                return;
            }
            self.fading.lock().remove(&tenant);
        }
    }
}
