//! The meter's port: counters in fixed windows, reserved before an act and never after it.
//!
//! Never here: a grant of anything (a missing, full or failing meter refuses), replay marks (`identity` has them).
//! To add a counter: a slot number where it is reserved; the meter does not know what it counts.

use std::fmt;

use writ_model::{Code, Id, Span, TenantId, Timestamp};

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
        })
    }
}

/// The start of the window that an instant is in. Windows of one length are aligned to the epoch.
pub fn window_start(now: Timestamp, window: Span) -> Option<Timestamp> {
    let length = window.as_micros();
    (length > 0).then(|| Timestamp::from_micros(now.micros() - now.micros().rem_euclid(length)))
}

/// Counters of every tenant. Synchronous and without IO: it is on the road of each call.
pub trait Meter: Send + Sync + fmt::Debug {
    /// How much of a counter is used in the window of this instant; 0 if nothing is known of it.
    fn read(&self, tenant: TenantId, key: &MeterKey, window: Span, now: Timestamp) -> u64;

    /// Counts all reservations, or none of them.
    ///
    /// # Errors
    /// If a limit would be passed or the meter is full: the act must then be refused.
    fn reserve(
        &self,
        tenant: TenantId,
        now: Timestamp,
        wanted: &[Reservation],
    ) -> Result<(), MeterRefusal>;
}
