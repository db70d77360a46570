//! A person's word on the gateway itself: halting, draining, serving again; and its numbers.
//!
//! Nothing here asks the ledger: a gateway can be halted while nothing else is to be had. Whoever calls writes down who
//! said so and keeps a halt over a restart.
//! Never here: who may say so, the end of the process ([`Running::halt`]).

use std::time::Duration;

use tokio::time::timeout;
use writ_store::{Standing, lease::Why};

use crate::{
    core::Served,
    gateway::Running,
    health::ServerHealth,
    metrics::Metrics,
    standing,
    streams::{Because, Closing},
};

/// How many calls and streams were cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stopped {
    /// Calls whose answer was awaited.
    pub calls: u64,
    /// Streams that were open.
    pub streams: u64,
}

impl Running {
    /// Lets nothing through from now on, and cuts everything that is under way, at once. It serves again after
    /// [`Running::resume`].
    pub fn halt_now(&self) -> Stopped {
        let core = self.core();
        core.lease.stop(Why::Halt);
        let cut = core.streams.cut_all(Because::Halted);
        let stopped = Stopped { calls: cut.calls, streams: cut.streams };
        tracing::warn!(
            event = "gateway.halted",
            calls = stopped.calls,
            streams = stopped.streams,
            "the gateway was halted"
        );
        stopped
    }

    /// Takes nothing new from now on, and closes streams that only listen; what else is open goes on until it ends by
    /// itself. A halt stays a halt.
    pub fn drain(&self) {
        let core = self.core();
        core.lease.stop(Why::Drain);
        core.streams.close(Closing::Draining);
        let busy = core.streams.busy().len();
        tracing::warn!(event = "gateway.draining", busy, "the gateway takes nothing new");
    }

    /// Serves again after a halt or a drain.
    pub fn resume(&self) {
        self.core().lease.resume();
        tracing::warn!(event = "gateway.serves", "the gateway serves again");
    }

    /// Waits, at most so long, until nothing is under way; whether that came.
    pub async fn drained(&self, most: Duration) -> bool {
        let core = self.core();
        let all = async {
            loop {
                let open = core.streams.open();
                if open.is_empty() {
                    return;
                }
                open.left().await;
            }
        };
        timeout(most, all).await.is_ok()
    }

    /// What the lease and the recorder let it do now.
    pub fn standing(&self) -> Standing {
        let core = self.core();
        standing::standing(core, core.clock.monotonic_micros())
    }

    /// How each server behind it answers, by name; those of `writ wrap` answer elsewhere.
    pub fn servers(&self) -> Vec<ServerHealth> {
        let all = self.core().servers.values().flat_map(Served::all);
        all.filter(|one| one.upstream.is_some()).map(|one| one.health.now(one)).collect()
    }

    /// Its numbers now.
    pub fn metrics(&self) -> Metrics {
        let core = self.core();
        let now = core.clock.monotonic_micros();
        let taken = core.fair.taken();
        Metrics {
            counted: core.counted(),
            decision: core.counters.decision.now(),
            call: core.counters.call.now(),
            calls: taken.calls,
            streams: taken.streams,
            connections: taken.connections,
            servers_out: core.many.outages().len() as u64,
            sessions: taken.sessions,
            awaited: taken.awaited,
            children: taken.children,
            tenants: taken.tenants,
            queued: core.recorder.queue().used() as u64,
            shares_full: core.recorder.queue().crowded(),
            journaled: !core.recorder.queue().is_broken(),
            standing: standing::standing(core, now),
            stopped: core.lease.stopped().map(|why| match why {
                Why::Halt => "halted",
                Why::Drain => "draining",
            }),
            lease_age_us: standing::age_us(&core.lease, now),
            behind_us: core.recorder.behind().and_then(|age| u64::try_from(age.as_micros()).ok()),
        }
    }
}
