//! Limits of grants on the meter: the same keys for reading before the decision and for reserving after it.
//!
//! Never here: a permit. A meter that refuses makes a denial.

use writ_authority::{
    decide::Counters,
    grant::{Limit, Period},
};
use writ_model::{GrantId, TenantId, Timestamp};
use writ_store::{Meter, MeterKey, Reservation};

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

/// A tenant's counters, as a decision reads them.
#[derive(Debug, Clone, Copy)]
pub struct Metered<'a> {
    /// The meter.
    pub meter: &'a dyn Meter,
    /// Whose counters.
    pub tenant: TenantId,
}

impl Counters for Metered<'_> {
    fn used(&self, grant: GrantId, per: Period, at: Timestamp) -> Option<u64> {
        let key = key(self.tenant, grant, per);
        Some(self.meter.read(self.tenant, &key, per.span(), at))
    }
}
