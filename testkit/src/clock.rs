//! [`FakeClock`]: an instant that a test sets.
//!
//! Never here: the system's clock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use writ_model::{Clock, Span, Timestamp};

/// A clock that stands still until a test moves it.
#[derive(Debug, Default)]
pub struct FakeClock {
    now: AtomicI64,
    monotonic: AtomicU64,
}

impl FakeClock {
    /// A clock that shows this instant.
    pub fn at(now: Timestamp) -> Self {
        Self { now: AtomicI64::new(now.micros()), monotonic: AtomicU64::new(0) }
    }

    /// Moves time on; the monotonic clock follows by the same span. A negative span moves only the wall clock, as a
    /// system's clock may step while its monotonic one may not.
    pub fn advance(&self, span: Span) {
        self.now.fetch_add(span.as_micros(), Ordering::SeqCst);
        if span.as_micros() > 0 {
            self.monotonic.fetch_add(span.as_micros().unsigned_abs(), Ordering::SeqCst);
        }
    }

    /// Steps the wall clock to an instant; the monotonic clock follows only forward.
    pub fn set(&self, now: Timestamp) {
        self.advance(now - Timestamp::from_micros(self.now.load(Ordering::SeqCst)));
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn monotonic_micros(&self) -> u64 {
        self.monotonic.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_still_and_the_monotonic_clock_never_goes_back() {
        let clock = FakeClock::at(Timestamp::from_micros(10));
        assert_eq!((clock.now(), clock.monotonic_micros()), (Timestamp::from_micros(10), 0));
        clock.advance(Span::micros(5));
        clock.set(Timestamp::from_micros(3));
        assert_eq!((clock.now(), clock.monotonic_micros()), (Timestamp::from_micros(3), 5));
    }
}
