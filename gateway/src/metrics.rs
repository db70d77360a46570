//! [`Metrics`]: a gateway's numbers at one moment, as plain data for whoever shows them, and the histograms they come from.
//!
//! Never here: a label that an attacker chooses, a name of a metrics format, a clock.
//! To add a number: a field of [`Metrics`], and its reading in `Running::metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use writ_store::lease::Standing;

use crate::counters::Counted;

/// Upper bounds of the buckets, in microseconds; what is longer is in one more. Fixed, so that the numbers of many gateways
/// and releases add up.
pub const BUCKETS_US: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];
const COUNTS: usize = BUCKETS_US.len() + 1;

/// How long something took, counted in [`BUCKETS_US`].
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [AtomicU64; COUNTS],
    sum_us: AtomicU64,
}

impl Histogram {
    pub(crate) fn took(&self, micros: u64) {
        let at = BUCKETS_US.partition_point(|most| *most < micros);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Latencies {
        let mut counts = [0; COUNTS];
        for (to, from) in counts.iter_mut().zip(&self.counts) {
            *to = from.load(Ordering::Relaxed);
        }
        Latencies { counts, sum_us: self.sum_us.load(Ordering::Relaxed) }
    }
}

/// A histogram at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Latencies {
    /// How many took at most as long as the bound of the same place in [`BUCKETS_US`], and longer than the one before; the
    /// last counts what took longer than all. Not cumulative.
    pub counts: [u64; COUNTS],
    /// Microseconds of all of them together.
    pub sum_us: u64,
}

impl Latencies {
    /// How many were measured.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Microseconds within which this share of them, in hundredths, came: the bound of their bucket. None if nothing was
    /// measured, or if they took longer than every bound.
    pub fn within(&self, hundredths: u64) -> Option<u64> {
        let wanted = (self.total() * hundredths).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = |count: &u64| {
            seen += count;
            seen >= wanted
        };
        let at = self.counts.iter().position(reached)?;
        BUCKETS_US.get(at).copied()
    }
}

/// A gateway's numbers at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// Calls by effect, refusals by code.
    pub counted: Counted,
    /// From a request's arrival to its decision: credentials, register, decision, limits.
    pub decision: Latencies,
    /// From a decision until its call was answered, failed or cut.
    pub call: Latencies,
    /// Calls under way.
    pub calls: u64,
    /// Streams open.
    pub streams: u64,
    /// Connections on which somebody has shown a good credential.
    pub connections: u64,
    /// Servers that do not answer the one endpoint as they should, over all tenants.
    pub servers_out: u64,
    /// MCP sessions known.
    pub sessions: u64,
    /// Calls of `writ wrap` whose outcome is awaited.
    pub awaited: u64,
    /// Processes of servers that are commands.
    pub children: u64,
    /// Tenants that called within the last minute or have something open.
    pub tenants: u64,
    /// Records given and not yet kept.
    pub queued: u64,
    /// How often a call waited because its tenant had its whole share of the places for records.
    pub shares_full: u64,
    /// Whether records can be journaled; while they cannot, nothing is let through.
    pub journaled: bool,
    /// What the lease and the recorder let it do.
    pub standing: Standing,
    /// Whether a person stopped it: `halted` or `draining`.
    pub stopped: Option<&'static str>,
    /// Microseconds since the lease's last renewal began; none if it never was, or needs none.
    pub lease_age_us: Option<u64>,
    /// Microseconds since records could last be brought to where they belong; none while that works.
    pub behind_us: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 10_000_000, 10_000_001, 999] {
            histogram.took(micros);
        }
        let now = histogram.now();
        assert_eq!((now.counts[0], now.counts[1], now.counts[3]), (2, 1, 1));
        assert_eq!((now.counts[15], now.counts[16], now.total()), (1, 1, 6));
        assert_eq!(now.sum_us, 20_001_201);
        assert!(BUCKETS_US.is_sorted());
    }

    #[test]
    fn a_share_came_within_the_bound_of_its_bucket() {
        let histogram = Histogram::default();
        assert_eq!(histogram.now().within(50), None);
        for micros in [90, 240, 900, 900_000] {
            histogram.took(micros);
        }
        let now = histogram.now();
        assert_eq!(
            (now.within(25), now.within(50), now.within(99)),
            (Some(100), Some(250), Some(1_000_000))
        );
        histogram.took(u64::MAX / 2);
        assert_eq!(histogram.now().within(100), None, "longer than every bound");
    }
}
