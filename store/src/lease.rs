//! [`Lease`]: for how long a process may act on what it last heard of the ledger. Pure: instants are handed in.
//!
//! Never here: a clock, IO, a wait. Whoever renews hands in the monotonic instant taken *before* the beat was sent and the
//! ledger was read, so a lease never outlives what its process knew by more than [`Terms`] says.
//! To add a standing: here, in `standing_of` (the model check explores it), and wherever a `match` then asks for it.

use std::{
    fmt,
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};
use writ_model::{Span, Timestamp};

/// How often a process beats and reads the heads, if no hint comes earlier.
pub const HEARTBEAT: Span = Span::millis(250);
/// What is added to a lease's end before others rely on it: a beat is committed without waiting for the disk, so a crash of
/// the database may lose the last one (at most three times its writer's delay, 600 ms by default), and clocks drift.
pub const MARGIN: Span = Span::seconds(1);
/// [`Terms::acting`] if nobody says otherwise.
pub const ACTING: Span = Span::seconds(1);
/// [`Terms::staleness_max`] if nobody says otherwise.
pub const STALENESS_MAX: Span = Span::seconds(5);

/// For how long a process goes on without the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// After so long nothing may act any more, and streams close.
    pub acting: Span,
    /// After so long everything refuses.
    pub staleness_max: Span,
}

impl Default for Terms {
    fn default() -> Self {
        Self { acting: ACTING, staleness_max: STALENESS_MAX }
    }
}

/// What a process may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing: everything refuses.
    Nothing,
    /// What only reads: acting calls refuse, and streams close.
    Reading,
    /// Everything.
    Full,
}

impl Standing {
    /// Its word, for metrics and pages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Reading => "reading",
            Self::Full => "full",
        }
    }
}

/// The rule itself: what may be done so long after the renewal's beginning.
pub const fn standing_of(age: Span, terms: Terms) -> Standing {
    let age = age.as_micros();
    if age >= terms.staleness_max.as_micros() {
        Standing::Nothing
    } else if age >= terms.acting.as_micros() {
        Standing::Reading
    } else {
        Standing::Full
    }
}

/// From when on others may rely on a process's lease being over, if the roster saw its last beat then.
///
/// A lease runs from *before* its beat was sent, and its poll came after the beat. So where what matters is that one line is
/// obeyed, `seen` may also be the roster's time when that line was known to be in the ledger, whichever is earlier: a poll
/// that does not have the line began before it, and so did the lease that hangs on that poll.
pub fn over_at(seen: Timestamp, staleness: Span) -> Timestamp {
    seen + staleness + MARGIN
}

/// LIMIT: how long what a gateway cuts for an ending may take to let go, before the ending is confirmed without it. Who was not
/// told waits as long after the gateway has read the line.
pub const LETTING_GO: Span = Span::seconds(2);

/// Why a process was stopped by a person, whatever its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It takes nothing new, and what is open ends by itself.
    Drain,
    /// It refuses everything, and what is open is cut.
    Halt,
}

const RUNS: u8 = 0;
const DRAINS: u8 = 1;
const HALTED: u8 = 2;
/// Never renewed; a renewal is stored as its instant and one.
const NEVER: u64 = 0;

/// A process's lease on the ledger, read by every call and renewed by one keeper.
pub struct Lease {
    terms: Terms,
    /// Embedded: reader and writer are one process, so nothing can be stale.
    always: bool,
    renewed: AtomicU64,
    stopped: AtomicU8,
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renewed = self.renewed.load(Ordering::Relaxed).checked_sub(1);
        write!(out, "Lease(renewed {renewed:?}, stopped {:?})", self.stopped())
    }
}

impl Lease {
    /// A lease that is over until it is renewed for the first time.
    pub fn new(terms: Terms) -> Self {
        Self { terms, always: false, renewed: AtomicU64::new(NEVER), stopped: AtomicU8::new(RUNS) }
    }

    /// The lease of a process that is its ledger's only one: never stale.
    pub fn always() -> Self {
        Self { always: true, ..Self::new(Terms::default()) }
    }

    /// For how long it goes on without the ledger.
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// Whether it is one of [`Lease::always`].
    pub fn is_always(&self) -> bool {
        self.always
    }

    /// Renews it from an instant of the monotonic clock: the one taken before the beat was sent, once the beat was heard and
    /// everything in the ledger was read and applied. An instant before an earlier one changes nothing.
    pub fn renew(&self, begun_monotonic_micros: u64) {
        self.renewed.fetch_max(begun_monotonic_micros.saturating_add(1), Ordering::AcqRel);
    }

    /// What may be done at an instant of the same monotonic clock. Whether a person stopped it is [`Lease::stopped`].
    pub fn standing(&self, now_monotonic_micros: u64) -> Standing {
        if self.always {
            return Standing::Full;
        }
        self.age(now_monotonic_micros).map_or(Standing::Nothing, |age| standing_of(age, self.terms))
    }

    /// How long ago the last renewal began; none if there was none.
    pub fn age(&self, now_monotonic_micros: u64) -> Option<Span> {
        let begun = self.renewed.load(Ordering::Acquire).checked_sub(1)?;
        let age = now_monotonic_micros.saturating_sub(begun);
        Some(Span::micros(i64::try_from(age).unwrap_or(i64::MAX)))
    }

    /// Stops it by a person's word. A drain does not weaken a halt.
    pub fn stop(&self, why: Why) {
        let why = match why {
            Why::Drain => DRAINS,
            Why::Halt => HALTED,
        };
        self.stopped.fetch_max(why, Ordering::AcqRel);
    }

    /// Whether and how a person stopped it.
    pub fn stopped(&self) -> Option<Why> {
        match self.stopped.load(Ordering::Acquire) {
            RUNS => None,
            DRAINS => Some(Why::Drain),
            _ => Some(Why::Halt),
        }
    }

    /// Takes a stop back.
    pub fn resume(&self) {
        self.stopped.store(RUNS, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1000;

    #[test]
    fn a_lease_is_over_until_renewed_and_then_runs_out_in_two_steps() {
        let lease = Lease::new(Terms::default());
        assert_eq!((lease.standing(0), lease.age(0)), (Standing::Nothing, None));
        lease.renew(0);
        for (now, standing) in [
            (0, Standing::Full),
            (1000 * MILLI - 1, Standing::Full),
            (1000 * MILLI, Standing::Reading),
            (5000 * MILLI - 1, Standing::Reading),
            (5000 * MILLI, Standing::Nothing),
            (u64::MAX, Standing::Nothing),
        ] {
            assert_eq!(lease.standing(now), standing, "after {now} µs");
        }
        lease.renew(5000 * MILLI);
        assert_eq!(lease.standing(5100 * MILLI), Standing::Full);
    }

    #[test]
    fn an_earlier_beginning_never_takes_a_later_one_back_nor_a_later_call_further() {
        let lease = Lease::new(Terms::default());
        lease.renew(700);
        lease.renew(300);
        assert_eq!(lease.age(1_000), Some(Span::micros(300)));
        assert_eq!(lease.age(600), Some(Span::micros(0)), "another thread's clock reading");
    }

    #[test]
    fn the_embedded_lease_is_never_stale_and_can_still_be_stopped() {
        let lease = Lease::always();
        assert_eq!(lease.standing(u64::MAX), Standing::Full);
        assert!(lease.is_always() && lease.stopped().is_none());
        lease.stop(Why::Drain);
        assert_eq!(lease.stopped(), Some(Why::Drain));
        lease.stop(Why::Halt);
        lease.stop(Why::Drain);
        assert_eq!(lease.stopped(), Some(Why::Halt), "a drain does not weaken a halt");
        lease.resume();
        assert_eq!(lease.stopped(), None);
    }

    #[test]
    fn a_bound_of_nothing_and_one_below_the_acting_term_refuse_at_once() {
        let none = Terms { acting: Span::micros(0), staleness_max: Span::micros(0) };
        assert_eq!(standing_of(Span::micros(0), none), Standing::Nothing);
        let short = Terms { acting: Span::seconds(1), staleness_max: Span::millis(500) };
        assert_eq!(standing_of(Span::millis(500), short), Standing::Nothing);
        assert_eq!(standing_of(Span::millis(499), short), Standing::Full);
        assert!(Standing::Nothing < Standing::Reading && Standing::Reading < Standing::Full);
    }

    #[test]
    fn others_rely_on_the_end_only_after_the_margin() {
        let seen = Timestamp::from_micros(1_000_000);
        assert_eq!(over_at(seen, STALENESS_MAX), seen + Span::seconds(6));
    }
}
