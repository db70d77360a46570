//! The bank of shares in memory, for tests and simulations; and who sits where, for every bank of a single process.
//!
//! Never here: a window that outlives its end by more than the next `expire`, a map without a bound.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_model::{BootId, TenantId, Timestamp};

use crate::meter::{
    MeterKey,
    bank::{
        Bank, BankFault, Draw, Drawn, GRACE, Holder, MAX_WINDOWS, RECLAIM, Rest, Seated, Seats,
        Window, share,
    },
};

/// LIMIT: keys of one tenant under which somebody has places: a charter has far fewer clauses.
const MAX_KEYS: usize = 4_096;
/// LIMIT: runs whose lease is remembered: every restart within a lease's length.
const MAX_RUNS: usize = 4_096;

type Drawings = BTreeMap<(TenantId, Window), u64>;

/// What is drawn, lost with the process.
#[derive(Default)]
pub struct MemoryBank {
    drawn: Mutex<Drawings>,
    seating: Mutex<Seating>,
}

impl fmt::Debug for MemoryBank {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MemoryBank({} windows)", self.drawn.lock().len())
    }
}

/// What becomes of a list of draws, by what is drawn of each window so far.
pub(crate) fn judge(draws: &[Draw], totals: &[u64]) -> Vec<Drawn> {
    let shares: Vec<_> =
        draws.iter().zip(totals).map(|(draw, total)| (share(draw, *total), *total)).collect();
    let all = shares.iter().all(|(share, _)| share.is_some());
    shares
        .into_iter()
        .map(|(share, before)| {
            let now = share.filter(|_| all).unwrap_or(0);
            Drawn { fits: share.is_some(), now, total: before.saturating_add(now) }
        })
        .collect()
}

/// Forgets a tenant's windows that are long over; how many.
fn sweep(drawn: &mut Drawings, tenant: TenantId, now: Timestamp) -> u64 {
    let mut gone = 0;
    drawn.retain(|(owner, window), _| {
        let stays = *owner != tenant || window.end() + GRACE > now;
        gone += u64::from(!stays);
        stays
    });
    gone
}

#[async_trait]
impl Bank for MemoryBank {
    async fn draw(
        &self,
        tenant: TenantId,
        now: Timestamp,
        draws: &[Draw],
    ) -> Result<Vec<Drawn>, BankFault> {
        let mut drawn = self.drawn.lock();
        let new = draws.iter().filter(|one| !drawn.contains_key(&(tenant, one.window))).count();
        if new > 0 {
            sweep(&mut drawn, tenant, now);
            let known = drawn.keys().filter(|(owner, _)| *owner == tenant).count();
            if known + new > MAX_WINDOWS {
                return Err(BankFault::Full { what: "windows", bound: MAX_WINDOWS });
            }
        }
        let known = |window: Window| drawn.get(&(tenant, window)).copied();
        let totals: Vec<u64> = draws.iter().map(|one| known(one.window).unwrap_or(0)).collect();
        let out = judge(draws, &totals);
        for (draw, outcome) in draws.iter().zip(&out).filter(|(_, outcome)| outcome.now > 0) {
            drawn.insert((tenant, draw.window), outcome.total);
        }
        Ok(out)
    }

    async fn give_back(&self, tenant: TenantId, rests: &[Rest]) -> Result<(), BankFault> {
        let mut drawn = self.drawn.lock();
        for rest in rests {
            if let Some(total) = drawn.get_mut(&(tenant, rest.window)) {
                *total = total.saturating_sub(rest.amount);
            }
        }
        Ok(())
    }

    async fn read(&self, tenant: TenantId, windows: &[Window]) -> Result<Vec<u64>, BankFault> {
        let drawn = self.drawn.lock();
        Ok(windows.iter().map(|one| drawn.get(&(tenant, *one)).copied().unwrap_or(0)).collect())
    }

    async fn expire(&self, tenant: TenantId, now: Timestamp) -> Result<u64, BankFault> {
        let gone = sweep(&mut self.drawn.lock(), tenant, now);
        Ok(gone + self.seating.lock().expire(tenant, now))
    }

    async fn renew(&self, boot: BootId, now: Timestamp) -> Result<u64, BankFault> {
        self.seating.lock().renew(boot, now)
    }

    async fn seat(
        &self,
        tenant: TenantId,
        now: Timestamp,
        holder: Holder,
        seats: &[Seats],
    ) -> Result<Vec<Seated>, BankFault> {
        self.seating.lock().seat((tenant, now), holder, seats)
    }
}

/// Who holds how many places, in memory: enough for any bank that only one process uses, because a place ends with what
/// runs in it.
#[derive(Debug, Default)]
pub(crate) struct Seating {
    runs: BTreeMap<BootId, Run>,
    seats: BTreeMap<(TenantId, MeterKey), BTreeMap<BootId, (u64, u64)>>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    epoch: u64,
    until: Timestamp,
}

impl Seating {
    /// Renews the lease of a run.
    pub(crate) fn renew(&mut self, boot: BootId, now: Timestamp) -> Result<u64, BankFault> {
        if self.runs.len() >= MAX_RUNS && !self.runs.contains_key(&boot) {
            self.runs.retain(|_, run| run.until > now);
            if self.runs.len() >= MAX_RUNS {
                return Err(BankFault::Full { what: "holders", bound: MAX_RUNS });
            }
        }
        let until = now + RECLAIM;
        // An epoch is the instant of its beginning, so that a forgotten run never begins an old one anew.
        let begun = Run { epoch: now.micros().unsigned_abs(), until };
        match self.runs.entry(boot) {
            Entry::Vacant(free) => Ok(free.insert(begun).epoch),
            Entry::Occupied(mut known) => {
                let run = known.get_mut();
                if run.until <= now {
                    *run = Run { epoch: begun.epoch.max(run.epoch + 1), until };
                }
                run.until = until.max(run.until);
                Ok(run.epoch)
            }
        }
    }

    fn live(runs: &BTreeMap<BootId, Run>, holder: Holder, now: Timestamp) -> bool {
        runs.get(&holder.boot).is_some_and(|run| run.epoch == holder.epoch && run.until > now)
    }

    /// Sets how many places a holder has.
    pub(crate) fn seat(
        &mut self,
        (tenant, now): (TenantId, Timestamp),
        holder: Holder,
        seats: &[Seats],
    ) -> Result<Vec<Seated>, BankFault> {
        if !Self::live(&self.runs, holder, now) {
            return Err(BankFault::Lapsed);
        }
        let mut out = Vec::with_capacity(seats.len());
        for want in seats {
            let others = self.seats.get_mut(&(tenant, want.key)).map_or(0, |held| {
                held.retain(|boot, (epoch, _)| {
                    Self::live(&self.runs, Holder { boot: *boot, epoch: *epoch }, now)
                });
                let others = held.iter().filter(|(boot, _)| **boot != holder.boot);
                others.map(|(_, (_, count))| *count).sum()
            });
            let fits = others.saturating_add(want.mine) <= want.most;
            out.push(Seated { fits, others });
        }
        if out.iter().any(|one| !one.fits) {
            return Ok(out);
        }
        let new = seats.iter().filter(|want| !self.seats.contains_key(&(tenant, want.key)));
        let new = new.count();
        if new > 0 && self.of(tenant).count() + new > MAX_KEYS {
            return Err(BankFault::Full { what: "keys with places", bound: MAX_KEYS });
        }
        for want in seats {
            let held = self.seats.entry((tenant, want.key)).or_default();
            if want.mine == 0 {
                held.remove(&holder.boot);
            } else {
                held.insert(holder.boot, (holder.epoch, want.mine));
            }
            if held.is_empty() {
                self.seats.remove(&(tenant, want.key));
            }
        }
        Ok(out)
    }

    fn of(&self, tenant: TenantId) -> impl Iterator<Item = &(TenantId, MeterKey)> {
        self.seats.keys().filter(move |(owner, _)| *owner == tenant)
    }

    /// Forgets what holders had that are gone.
    pub(crate) fn expire(&mut self, tenant: TenantId, now: Timestamp) -> u64 {
        let mut gone = 0;
        let Self { runs, seats } = self;
        seats.retain(|(owner, _), held| {
            if *owner == tenant {
                held.retain(|boot, (epoch, _)| {
                    let stays = Self::live(runs, Holder { boot: *boot, epoch: *epoch }, now);
                    gone += u64::from(!stays);
                    stays
                });
            }
            !held.is_empty()
        });
        gone
    }
}
