//! The meter's port: counters in fixed windows, and places for what runs at once; both taken before an act and never
//! after it.
//!
//! INVARIANT: what all gateways together have spent and hold is never more than the limit. A gateway spends from a share
//! that it has drawn from the [`Bank`]; what was drawn and never given back counts as spent.
//! Never here: a grant of anything (a missing, full, failing or unreachable meter refuses), replay marks (`identity` has
//! them).
//! To add a counter: a slot number where it is reserved; the meter does not know what it counts.

use std::fmt;

use async_trait::async_trait;
use writ_model::{Code, Id, Span, TenantId, Timestamp};

pub mod bank;
pub mod leased;

pub use bank::{Bank, BankFault};
pub use leased::LeasedMeter;

/// What is counted: two ids and a slot, so that a key is 33 bytes and costs nothing to make.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeterKey {
    subject: [u8; 16],
    object: [u8; 16],
    slot: u8,
}

impl MeterKey {
    /// The counter `slot` of a subject (an agent, an instance) against an object (a grant, a group).
    pub fn new<S: writ_model::Kind, O: writ_model::Kind>(
        subject: Id<S>,
        object: Id<O>,
        slot: u8,
    ) -> Self {
        Self { subject: subject.to_bytes(), object: object.to_bytes(), slot }
    }

    /// As a bank keeps it: subject, object, slot.
    pub fn to_bytes(self) -> [u8; 33] {
        let mut out = [self.slot; 33];
        let ids = self.subject.into_iter().chain(self.object);
        out.iter_mut().zip(ids).for_each(|(to, from)| *to = from);
        out
    }
}

impl fmt::Debug for MeterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, object) =
            (u128::from_be_bytes(self.subject), u128::from_be_bytes(self.object));
        write!(out, "MeterKey({subject:032x}/{object:032x}/{})", self.slot)
    }
}

/// So much of one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// Which counter.
    pub key: MeterKey,
    /// The length of its window; windows are aligned to the epoch, so all processes agree on them.
    pub window: Span,
    /// How much one window may hold.
    pub limit: u64,
    /// How much is wanted; one call is 1.
    pub amount: u64,
}

/// One place among what runs at once under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Under what.
    pub key: MeterKey,
    /// How many may run at once, on all gateways together.
    pub most: u64,
}

/// Why a reservation was not made. Nothing of it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MeterRefusal {
    /// A limit would be passed.
    #[error("the limit would be passed: {used} used in the window that ends {resets}")]
    Exceeded {
        /// Which reservation of the list, from 0.
        index: usize,
        /// How much was used before.
        used: u64,
        /// When its window ends.
        resets: Timestamp,
    },
    /// No place is free.
    #[error("no place is free: {running} run already")]
    Occupied {
        /// Which place of the list, from 0.
        index: usize,
        /// How many run, on all gateways.
        running: u64,
    },
    /// The share at hand does not do: it has to be drawn, which takes a moment.
    #[error("the share at hand is too small: draw from the bank")]
    Short {
        /// Which entry of the list, from 0.
        index: usize,
    },
    /// The bank of shares cannot be asked, so nothing can be promised.
    #[error("the bank of shares cannot be reached")]
    Unreachable,
    /// The meter is at its own bound, so it can promise nothing.
    #[error("the meter holds its {bound} counters and none has expired")]
    Full {
        /// The bound.
        bound: usize,
    },
    /// A window must be longer than nothing.
    #[error("a window must be longer than nothing")]
    NoWindow {
        /// Which reservation of the list, from 0.
        index: usize,
    },
}

impl MeterRefusal {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Exceeded { .. } => "STOR-0011",
            Self::Full { .. } => "STOR-0012",
            Self::NoWindow { .. } => "STOR-0013",
            Self::Unreachable => "STOR-0060",
            Self::Short { .. } => "STOR-0061",
            Self::Occupied { .. } => "STOR-0062",
        })
    }
}

/// The start of the window that an instant is in. Windows of one length are aligned to the epoch.
pub fn window_start(now: Timestamp, window: Span) -> Option<Timestamp> {
    let length = window.as_micros();
    (length > 0).then(|| Timestamp::from_micros(now.micros() - now.micros().rem_euclid(length)))
}

/// Counters and places of every tenant. What is on the road of each call is synchronous and without IO; only a share that
/// is used up is drawn from the bank, and that waits.
#[async_trait]
pub trait Meter: Send + Sync + fmt::Debug {
    /// How much of a counter is used in the window of this instant, as far as is known here; 0 if nothing is known.
    /// It is no promise either way: [`Meter::reserve`] is.
    fn read(&self, tenant: TenantId, key: &MeterKey, window: Span, now: Timestamp) -> u64;

    /// Counts all reservations from the share at hand, or none of them.
    ///
    /// # Errors
    /// [`MeterRefusal::Short`] if [`Meter::draw_and_reserve`] has to be asked; anything else refuses the act.
    fn reserve(
        &self,
        tenant: TenantId,
        now: Timestamp,
        wanted: &[Reservation],
    ) -> Result<(), MeterRefusal>;

    /// Counts all reservations or none of them, drawing from the bank what is missing. It waits for a bounded time.
    ///
    /// # Errors
    /// If a limit would be passed, or the bank cannot be asked: the act must then be refused. Never
    /// [`MeterRefusal::Short`].
    async fn draw_and_reserve(
        &self,
        tenant: TenantId,
        now: Timestamp,
        wanted: &[Reservation],
    ) -> Result<(), MeterRefusal>;

    /// Gives back what was reserved at an instant and surely never used: a call that did not leave, the rest of a stream's
    /// maximum. Of a window that is over nothing is given back.
    fn settle(&self, tenant: TenantId, at: Timestamp, unused: &[Reservation]);

    /// How many run under a key on all gateways, as far as is known here.
    fn running(&self, tenant: TenantId, key: &MeterKey, now: Timestamp) -> u64;

    /// Takes a place under each key from those at hand, or none. A key named twice is one place.
    ///
    /// # Errors
    /// [`MeterRefusal::Short`] if [`Meter::draw_and_occupy`] has to be asked; anything else refuses the act.
    fn occupy(
        &self,
        tenant: TenantId,
        now: Timestamp,
        places: &[Place],
    ) -> Result<(), MeterRefusal>;

    /// Takes a place under each key or none, asking the bank for those that are missing. It waits for a bounded time.
    ///
    /// # Errors
    /// If all places of a key are taken, or the bank cannot be asked. Never [`MeterRefusal::Short`].
    async fn draw_and_occupy(
        &self,
        tenant: TenantId,
        now: Timestamp,
        places: &[Place],
    ) -> Result<(), MeterRefusal>;

    /// Gives the place under each key back.
    fn vacate(&self, tenant: TenantId, keys: &[MeterKey]);

    /// Whether the bank answered when it was last asked. While it does not, calls that act are refused too.
    fn reachable(&self) -> bool;

    /// Renews the lease on places, gives back shares that lie idle, and forgets windows that are over. To be called every
    /// [`leased::TIDY`].
    async fn tidy(&self, now: Timestamp);

    /// Gives everything back. Called once, when nothing runs any more.
    async fn close(&self, now: Timestamp);
}
