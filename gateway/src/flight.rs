//! What a permitted call has taken: its places among what runs now, until its record is written; and what was counted for
//! it, which is given back if it never left.
//!
//! Never here: a limit, or where counts are kept (the meter has them, for all gateways together).

use std::sync::Arc;

use writ_model::{TenantId, Timestamp};
use writ_store::{Meter, MeterKey, Reservation};

/// What one call has taken. Dropping it gives its places back; dropping it before [`Flight::leaves`] also what was counted.
#[derive(Debug, Default)]
pub(crate) struct Flight(Option<Box<Taken>>);

#[derive(Debug)]
struct Taken {
    meter: Arc<dyn Meter>,
    tenant: TenantId,
    at: Timestamp,
    places: Vec<MeterKey>,
    charge: Vec<Reservation>,
}

impl Flight {
    /// A call that has taken places under these keys, each once. None of them costs nothing.
    pub(crate) fn under(
        meter: &Arc<dyn Meter>,
        (tenant, at): (TenantId, Timestamp),
        places: Vec<MeterKey>,
    ) -> Self {
        let mut flight = Self::default();
        if !places.is_empty() {
            flight.taken(meter, (tenant, at)).places = places;
        }
        flight
    }

    /// What was counted for it.
    pub(crate) fn charged(
        mut self,
        meter: &Arc<dyn Meter>,
        (tenant, at): (TenantId, Timestamp),
        charge: Vec<Reservation>,
    ) -> Self {
        if !charge.is_empty() {
            self.taken(meter, (tenant, at)).charge = charge;
        }
        self
    }

    /// The call leaves: what was counted for it stays counted, whatever comes of it.
    pub(crate) fn leaves(mut self) -> Self {
        if let Some(taken) = &mut self.0 {
            taken.charge.clear();
        }
        self
    }

    fn taken(&mut self, meter: &Arc<dyn Meter>, (tenant, at): (TenantId, Timestamp)) -> &mut Taken {
        self.0.get_or_insert_with(|| {
            let (meter, places, charge) = (Arc::clone(meter), Vec::new(), Vec::new());
            Box::new(Taken { meter, tenant, at, places, charge })
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.charge.is_empty() {
            self.meter.settle(self.tenant, self.at, &self.charge);
        }
        if !self.places.is_empty() {
            self.meter.vacate(self.tenant, &self.places);
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_model::{BootId, GrantId, Span};
    use writ_store::{LeasedMeter, MemoryBank, Place};

    use super::*;

    #[tokio::test]
    async fn what_never_left_is_given_back_and_what_left_stays_counted() {
        let bank = Arc::new(MemoryBank::default());
        let meter: Arc<dyn Meter> = Arc::new(LeasedMeter::new(bank, BootId::from_bytes([1; 16])));
        let tenant = TenantId::from_bytes([1; 16]);
        let now = Timestamp::from_micros(1_000_000);
        let key = MeterKey::new(tenant, GrantId::from_bytes([2; 16]), 0);
        let want = Reservation { key, window: Span::hours(1), limit: 2, amount: 2 };
        let take = async || {
            meter.draw_and_occupy(tenant, now, &[Place { key, most: 1 }]).await.unwrap();
            meter.draw_and_reserve(tenant, now, &[want]).await.unwrap();
            let flight = Flight::under(&meter, (tenant, now), vec![key]);
            flight.charged(&meter, (tenant, now), vec![want])
        };
        let flight = take().await;
        let used =
            || (meter.read(tenant, &key, want.window, now), meter.running(tenant, &key, now));
        assert_eq!(used(), (2, 1));
        drop(flight);
        assert_eq!(used(), (0, 0));
        let flight = take().await.leaves();
        assert_eq!(used(), (2, 1));
        drop(flight);
        assert_eq!(used(), (2, 0));
        drop(Flight::default().leaves());
    }
}
