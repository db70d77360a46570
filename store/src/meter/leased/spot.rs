//! One tenant's places at hand: how many this gateway has under each key, and how many run.
//!
//! Never here: IO, waiting, whether the lease on them lasts (`leased` asks that first).

use std::collections::BTreeMap;

use writ_model::Timestamp;

use super::KNOWN;
use crate::meter::{
    MeterKey, MeterRefusal, Place,
    bank::{Seated, Seats},
};

#[derive(Debug, Clone, Copy, Default)]
struct Spot {
    /// Held at the bank.
    have: u64,
    running: u64,
    /// Held by others, when the bank last said so.
    others: u64,
    heard: Option<Timestamp>,
    /// Something began or ended since the last tidying.
    touched: bool,
    /// The bank may believe something else.
    unsure: bool,
}

impl Spot {
    fn others(&self, now: Timestamp) -> Option<u64> {
        let fresh = |heard: &Timestamp| (now - *heard).as_micros().abs() < KNOWN.as_micros();
        self.heard.filter(fresh).map(|_| self.others)
    }
}

/// The places of one tenant.
#[derive(Debug, Default)]
pub(super) struct Spots(BTreeMap<MeterKey, Spot>);

impl Spots {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn missing(&self, places: &[Place]) -> usize {
        places.iter().filter(|place| !self.0.contains_key(&place.key)).count()
    }

    pub(super) fn running(&self, key: &MeterKey, now: Timestamp) -> u64 {
        let spot = self.0.get(key);
        spot.map_or(0, |spot| spot.running.saturating_add(spot.others(now).unwrap_or(0)))
    }

    /// Whether the places at hand do for a list.
    fn check(&self, now: Timestamp, places: &[Place]) -> Result<(), MeterRefusal> {
        let mut short = None;
        for (index, place) in places.iter().enumerate() {
            let spot = self.0.get(&place.key).copied().unwrap_or_default();
            let with = spot.running.saturating_add(1);
            if with <= spot.have && with.saturating_add(spot.others) <= place.most {
                continue;
            }
            let running = spot.running.saturating_add(spot.others(now).unwrap_or(0));
            if running >= place.most {
                return Err(MeterRefusal::Occupied { index, running });
            }
            short = short.or(Some(index));
        }
        short.map_or(Ok(()), |index| Err(MeterRefusal::Short { index }))
    }

    /// Takes a place under each key from those at hand, if they do.
    pub(super) fn occupy(&mut self, now: Timestamp, places: &[Place]) -> Result<(), MeterRefusal> {
        self.check(now, places)?;
        self.take(places);
        Ok(())
    }

    /// Takes a place under each key, once.
    fn take(&mut self, places: &[Place]) {
        for (index, place) in places.iter().enumerate() {
            if places.iter().take(index).all(|one| one.key != place.key) {
                let spot = self.0.entry(place.key).or_default();
                spot.running = spot.running.saturating_add(1);
                spot.touched = true;
            }
        }
    }

    /// Takes them before they are had, and says what the bank has to be told for it. What lies idle goes with it: from
    /// here on nobody takes it.
    pub(super) fn plan(&mut self, places: &[Place]) -> Vec<Seats> {
        self.take(places);
        let mut out: Vec<Seats> = Vec::with_capacity(places.len());
        for place in places {
            if let Some(known) = out.iter_mut().find(|one| one.key == place.key) {
                known.most = known.most.min(place.most);
            } else if let Some(spot) = self.0.get_mut(&place.key) {
                spot.unsure |= spot.have > spot.running;
                spot.have = spot.have.min(spot.running);
                out.push(Seats { key: place.key, most: place.most, mine: spot.running });
            }
        }
        out
    }

    /// The bank has said how it is.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        (places, seats): (&[Place], &[Seats]),
        seated: &[Seated],
    ) -> Result<(), MeterRefusal> {
        let fit = seated.len() == seats.len() && seated.iter().all(|one| one.fits);
        let mut refused = None;
        for (seat, outcome) in seats.iter().zip(seated) {
            let Some(spot) = self.0.get_mut(&seat.key) else { continue };
            spot.others = outcome.others;
            spot.heard = Some(now);
            if fit {
                spot.have = seat.mine;
                spot.unsure = false;
            } else {
                spot.running = spot.running.saturating_sub(1);
            }
            if !outcome.fits {
                let index = places.iter().position(|one| one.key == seat.key).unwrap_or(0);
                let running = spot.others.saturating_add(spot.running);
                refused = refused.or(Some(MeterRefusal::Occupied { index, running }));
            }
        }
        if fit { Ok(()) } else { Err(refused.unwrap_or(MeterRefusal::Unreachable)) }
    }

    /// The bank did not answer: nothing was taken here, and it may believe that it was.
    pub(super) fn undo(&mut self, seats: &[Seats]) {
        for seat in seats {
            if let Some(spot) = self.0.get_mut(&seat.key) {
                spot.running = spot.running.saturating_sub(1);
                spot.unsure = true;
            }
        }
    }

    pub(super) fn vacate(&mut self, keys: &[MeterKey]) {
        for key in keys {
            if let Some(spot) = self.0.get_mut(key) {
                spot.running = spot.running.saturating_sub(1);
                spot.touched = true;
            }
        }
    }

    /// The lease was over: the bank knows of nothing any more.
    pub(super) fn lapse(&mut self) {
        for spot in self.0.values_mut() {
            spot.have = 0;
            spot.unsure = spot.running > 0;
        }
        self.forget();
    }

    /// What the bank is to be told: places that lay idle since the last time are given back, or all that are idle; and
    /// where it may believe something else, how it is.
    pub(super) fn idle(&mut self, all: bool) -> Vec<Seats> {
        let mut out = Vec::new();
        for (key, spot) in &mut self.0 {
            let idle = spot.have > spot.running && (all || !spot.touched);
            spot.touched = false;
            if idle || spot.unsure {
                spot.have = spot.running;
                spot.unsure = true;
                out.push(Seats { key: *key, most: u64::MAX, mine: spot.running });
            }
        }
        out
    }

    /// The bank was told.
    pub(super) fn told(&mut self, now: Timestamp, seats: &[Seats], seated: &[Seated]) {
        for (seat, outcome) in seats.iter().zip(seated) {
            if let Some(spot) = self.0.get_mut(&seat.key) {
                spot.unsure = false;
                spot.others = outcome.others;
                spot.heard = Some(now);
            }
        }
        self.forget();
    }

    /// Keys with nothing at hand are forgotten.
    fn forget(&mut self) {
        self.0.retain(|_, spot| spot.have > 0 || spot.running > 0 || spot.unsure);
    }
}
