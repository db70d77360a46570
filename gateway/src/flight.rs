//! Calls running now under clauses that bound how many may: each has a [`Flight`], which lands when its record is written.
//!
//! Never here: counts over a period (the meter has those). What runs is known to this process alone, and a restart ends it.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use writ_model::TenantId;

type Key = (TenantId, String);

/// What runs under which clause of which tenant. Bounded by what is under way: an entry at zero is removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<BTreeMap<Key, u64>>>);

/// One call under way, under some clauses. Dropping it gives its places back.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    flights: Flights,
    keys: Vec<Key>,
}

impl Flights {
    /// How many calls run under a clause.
    pub(crate) fn running(&self, tenant: TenantId, clause: &str) -> u64 {
        self.0.lock().get(&(tenant, clause.to_owned())).copied().unwrap_or(0)
    }

    /// Takes a place under each clause, or none: the index of the first that has no place left.
    pub(crate) fn depart(&self, tenant: TenantId, bounds: &[(&str, u64)]) -> Result<Flight, usize> {
        let mut running = self.0.lock();
        let key = |clause: &str| (tenant, clause.to_owned());
        for (at, (clause, most)) in bounds.iter().enumerate() {
            if running.get(&key(clause)).copied().unwrap_or(0) >= *most {
                return Err(at);
            }
        }
        let mut keys: Vec<Key> = bounds.iter().map(|(clause, _)| key(clause)).collect();
        // Two bounds of one clause are one place.
        keys.sort_unstable();
        keys.dedup();
        for key in &keys {
            *running.entry(key.clone()).or_default() += 1;
        }
        drop(running);
        Ok(Flight { flights: self.clone(), keys })
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut running = self.flights.0.lock();
        for key in &self.keys {
            let Some(count) = running.get_mut(key) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 {
                running.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_together_and_given_back() {
        let flights = Flights::default();
        let tenant = TenantId::from_bytes([1; 16]);
        let first = flights.depart(tenant, &[("a", 1), ("b", 2)]).unwrap();
        assert_eq!(flights.depart(tenant, &[("b", 2), ("a", 1)]).unwrap_err(), 1);
        assert_eq!(flights.running(tenant, "b"), 1, "nothing is taken if one is missing");
        let other = flights.depart(TenantId::from_bytes([2; 16]), &[("a", 1)]).unwrap();
        let second = flights.depart(tenant, &[("b", 2), ("b", 5)]).unwrap();
        assert_eq!(flights.running(tenant, "b"), 2);
        drop((first, second, other));
        assert!(flights.0.lock().is_empty());
        drop(flights.depart(tenant, &[("a", 1)]).unwrap());
    }
}
