//! Limits of grants and of clauses on the meter: the same keys for reading before the decision and for reserving after it.
//!
//! Never here: a permit. A meter that refuses makes a denial.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};
use writ_authority::{
    decide::Counters,
    grant::{Limit, Period},
};
use writ_charter::{Bound, Limit as ClauseLimit, Per};
use writ_model::{CharterId, Digest, GrantId, TenantId, Timestamp, json::decimal4};
use writ_store::{Meter, MeterKey, Reservation, meter::leased::TIDY};

use crate::core::Core;

/// The counter of a grant's period. A grant's count is shared by everybody who has the grant.
pub fn key(tenant: TenantId, grant: GrantId, per: Period) -> MeterKey {
    let slot = match per {
        Period::Minute => 0,
        Period::Hour => 1,
        Period::Day => 2,
    };
    MeterKey::new(tenant, grant, slot)
}

/// One call under a limit.
pub fn reservation(tenant: TenantId, grant: GrantId, limit: Limit) -> Reservation {
    Reservation {
        key: key(tenant, grant, limit.per),
        window: limit.per.span(),
        limit: limit.count,
        amount: 1,
    }
}

/// The counter of a clause's period: of calls, or of money of one currency. It is the clause's by its key, whatever
/// version of the charter says it, so that a new version never refills a limit.
pub fn clause_key(tenant: TenantId, clause: &str, per: Per, currency: Option<&str>) -> MeterKey {
    let slot = match per {
        Per::Hour => 8,
        Per::Day => 9,
    };
    clause_slot(tenant, (clause, currency.unwrap_or_default()), slot)
}

/// The places of what runs at once under a clause.
pub fn place_key(tenant: TenantId, clause: &str) -> MeterKey {
    clause_slot(tenant, (clause, ""), 10)
}

fn clause_slot(tenant: TenantId, (clause, currency): (&str, &str), slot: u8) -> MeterKey {
    let digest = Digest::of(format!("clause\n{clause}\n{currency}").as_bytes());
    let mut half = [0; 16];
    half.iter_mut().zip(digest.0).for_each(|(to, from)| *to = from);
    MeterKey::new(tenant, CharterId::from_bytes(half), slot)
}

/// What a bound counts of a call that moves so many ten-thousandths; nothing for what runs at once,
/// which has places.
pub fn clause_reservation(tenant: TenantId, bound: &Bound, moved: u64) -> Option<Reservation> {
    let clause = &*bound.clause;
    match &bound.limit {
        ClauseLimit::Count { most, per } => Some(Reservation {
            key: clause_key(tenant, clause, *per, None),
            window: per.span(),
            limit: *most,
            amount: 1,
        }),
        ClauseLimit::Money { most, per } => Some(Reservation {
            key: clause_key(tenant, clause, *per, Some(&most.currency)),
            window: per.span(),
            // What cannot be read lets nothing through.
            limit: decimal4(&most.amount).and_then(|most| u64::try_from(most).ok()).unwrap_or(0),
            amount: moved,
        }),
        ClauseLimit::Concurrent { .. } => None,
    }
}

/// A tenant's counters, as a decision reads them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metered<'a> {
    /// The meter.
    pub(crate) meter: &'a dyn Meter,
    /// Whose counters.
    pub(crate) tenant: TenantId,
}

impl Counters for Metered<'_> {
    fn used(&self, grant: GrantId, per: Period, at: Timestamp) -> Option<u64> {
        let key = key(self.tenant, grant, per);
        Some(self.meter.read(self.tenant, &key, per.span(), at))
    }

    fn clause_used(&self, clause: &str, limit: &ClauseLimit, at: Timestamp) -> Option<u64> {
        let (per, currency) = match limit {
            ClauseLimit::Count { per, .. } => (*per, None),
            ClauseLimit::Money { most, per } => (*per, Some(&*most.currency)),
            ClauseLimit::Concurrent { .. } => {
                let key = place_key(self.tenant, clause);
                return Some(self.meter.running(self.tenant, &key, at));
            }
        };
        let key = clause_key(self.tenant, clause, per, currency);
        Some(self.meter.read(self.tenant, &key, per.span(), at))
    }
}

/// Keeps the meter in order until the gateway ends: leases renewed, idle shares given back, old windows forgotten.
pub(crate) async fn upkeep(core: Arc<Core>) {
    let mut ticks = interval(TIDY.to_std());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = core.halt.cancelled() => return,
            _ = ticks.tick() => core.meter.tidy(core.clock.now()).await,
        }
    }
}
