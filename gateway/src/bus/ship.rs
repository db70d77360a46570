//! The shipper: what is spooled goes to the bus, in order, and leaves the spool when the bus has it.
//!
//! Never here: giving up. A bus that is away is tried until it is back; the spool's bound is what makes callers wait.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use writ_lake::wire;
use writ_model::{Clock, Span, TenantId};
use writ_store::{Bus, BusFault, Consumer, Delivery, LocalLog, Message};

use super::{join, leave_too_long, pause};

/// The name under which the spool is consumed.
pub(super) const SHIP: &str = "ship";
/// LIMIT: packs that are taken from the spool at once.
const MOST: usize = 512;
/// LIMIT: tenants whose packs are on their way at once. A bus that flushes each message takes them one after the other: with
/// more, a gateway would wait for those of all others before it heard anything.
const LANES: usize = 16;

/// The state of shipping that others may see.
#[derive(Debug)]
pub(super) struct Shipping {
    clock: Arc<dyn Clock>,
    /// Monotonic microseconds, and one, since which nothing of what is in hand could be shipped; 0 while nothing is in hand.
    since: AtomicU64,
    /// Moves with every batch that was shipped.
    shipped: watch::Sender<u64>,
}

impl Shipping {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, since: AtomicU64::new(0), shipped: watch::Sender::new(0) }
    }

    /// For how long nothing of what is in hand could be shipped. A bus that is slow and takes one pack after the other has not
    /// been lost: what it does not take yet is durable in the spool, whose bound makes callers wait.
    pub(super) fn behind(&self) -> Option<Span> {
        let since = self.since.load(Ordering::Acquire).checked_sub(1)?;
        let age = self.clock.monotonic_micros().saturating_sub(since);
        Some(Span::micros(i64::try_from(age).unwrap_or(i64::MAX)))
    }

    /// Returns when the spool has nothing left to ship.
    pub(super) async fn empty(&self, log: &LocalLog) {
        let mut shipped = self.shipped.subscribe();
        while !log.lag(SHIP).await.is_ok_and(|lag| lag == 0) {
            if shipped.changed().await.is_err() {
                return;
            }
        }
    }

    pub(super) async fn run(
        self: Arc<Self>,
        log: LocalLog,
        bus: Arc<dyn Bus>,
        stop: CancellationToken,
    ) {
        let work = async {
            loop {
                match log.consume(SHIP).await {
                    Ok(mut spooled) => {
                        while self.step(&mut *spooled, &*bus, &stop).await.is_ok() {}
                    }
                    Err(fault) => self.failed(&fault, "the spool cannot be read"),
                }
                pause(&stop).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    /// Ships what is there. It stays in the spool unless all of it is on the bus.
    pub(super) async fn step(
        &self,
        spooled: &mut dyn Consumer,
        bus: &dyn Bus,
        stop: &CancellationToken,
    ) -> Result<(), BusFault> {
        let unread = |fault| {
            self.failed(&fault, "the spool cannot be read");
            fault
        };
        let found = spooled.next(MOST).await.map_err(unread)?;
        let Some(last) = found.last().map(|delivery| delivery.seq) else {
            // Nothing is in hand: a fault of before is over.
            self.since.store(0, Ordering::Release);
            return Ok(());
        };
        self.begin();
        // Everything of a run is on the bus before anything of the next one: so a lake that sees a gateway's next run knows
        // that the one before is whole. Packs are joined within a run only.
        let run = |delivery: &Delivery| wire::run_of(&delivery.message.body);
        for of_run in found.chunk_by(|one, other| run(one) == run(other)) {
            self.publish(of_run, bus, stop).await;
        }
        spooled.ack(last).await.map_err(unread)?;
        self.since.store(0, Ordering::Release);
        self.shipped.send_modify(|shipped| *shipped += 1);
        Ok(())
    }

    /// Brings all of it onto the bus, each tenant's in its order.
    async fn publish(&self, found: &[Delivery], bus: &dyn Bus, stop: &CancellationToken) {
        let mut messages = join(found.iter().map(|delivery| delivery.message.clone()));
        while let Err((fault, rest)) = self.once(messages, bus).await {
            messages = rest;
            if matches!(fault, BusFault::TooLong { .. }) {
                leave_too_long(&mut messages);
                continue;
            }
            self.failed(&fault, "records wait for the bus");
            pause(stop).await;
        }
    }

    /// One try; what is left of it, and why. All tenants' packs are driven to their end even if one's fail: nothing is left
    /// under way to overtake a later try.
    async fn once(
        &self,
        messages: Vec<Message>,
        bus: &dyn Bus,
    ) -> Result<(), (BusFault, Vec<Message>)> {
        let mut lanes: BTreeMap<TenantId, Vec<Message>> = BTreeMap::new();
        for message in messages {
            lanes.entry(message.tenant).or_default().push(message);
        }
        let mut under_way = stream::iter(lanes.into_values())
            .map(|lane| async move { (bus.publish(lane.clone()).await, lane) })
            .buffer_unordered(LANES);
        let (mut first, mut rest) = (None, Vec::new());
        while let Some((done, lane)) = under_way.next().await {
            match done {
                Ok(()) => self.moved(),
                Err(fault) => {
                    first.get_or_insert(fault);
                    rest.extend(lane);
                }
            }
        }
        first.map_or(Ok(()), |fault| Err((fault, rest)))
    }

    /// Something arrived; the rest is in hand from now on.
    fn moved(&self) {
        self.since.store(self.clock.monotonic_micros().saturating_add(1), Ordering::Release);
    }

    /// From now on something is in hand.
    fn begin(&self) {
        // What was in hand before stays older; only the shipper writes here.
        if self.since.load(Ordering::Acquire) == 0 {
            self.since.store(self.clock.monotonic_micros().saturating_add(1), Ordering::Release);
        }
    }

    fn failed(&self, fault: &BusFault, what: &str) {
        self.begin();
        tracing::warn!(code = fault.code().0, %fault, what);
    }
}
