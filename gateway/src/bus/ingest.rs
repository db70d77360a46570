//! [`Ingest`]: brings what is on the bus into a lake, and acknowledges it when the lake has it.
//!
//! Never here: an acknowledgement before the commit, or a record left out without a word.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use writ_lake::{Activity, LakeFault, Record, wire, wire::WireFault};
use writ_model::{Digest, GatewayId};
use writ_store::{Bus, BusFault, Consumer, Delivery};

use super::pause;

/// LIMIT: packs that are taken from the bus at once: one transaction of the lake.
const MOST: usize = 512;

/// What has arrived since the start, for metrics and pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrived {
    /// Records that are new in the lake.
    pub new: u64,
    /// Records that were there already.
    pub known: u64,
    /// Records under whose number another one is kept.
    pub conflicts: u64,
    /// Packs that are no records: whatever they were is missing.
    pub damaged: u64,
    /// Why nothing arrives at the moment.
    pub stalled: Option<String>,
}

#[derive(Debug, Default)]
struct Counts {
    new: AtomicU64,
    known: AtomicU64,
    conflicts: AtomicU64,
    damaged: AtomicU64,
    taken: AtomicU64,
    stalled: Mutex<Option<String>>,
}

/// Brings records into a lake.
#[derive(Debug)]
pub struct Ingest {
    bus: Arc<dyn Bus>,
    name: String,
    lake: Arc<Activity>,
    counts: Counts,
}

enum Step {
    Done,
    /// The lake is closed: all ends.
    Closed,
}

impl Ingest {
    /// For the lake of the process with this id: each lake takes everything under a name of its own.
    pub fn new(bus: Arc<dyn Bus>, of: GatewayId, lake: Arc<Activity>) -> Self {
        Self { bus, name: Self::name(of), lake, counts: Counts::default() }
    }

    /// The name under which a process's lake consumes.
    pub fn name(of: GatewayId) -> String {
        format!("lake-{of}")
    }

    /// What has arrived.
    pub fn arrived(&self) -> Arrived {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        Arrived {
            new: count(&self.counts.new),
            known: count(&self.counts.known),
            conflicts: count(&self.counts.conflicts),
            damaged: count(&self.counts.damaged),
            stalled: self.counts.stalled.lock().clone(),
        }
    }

    /// Messages on the bus that this lake does not have yet.
    ///
    /// # Errors
    /// If the bus does not answer.
    pub async fn lag(&self) -> Result<u64, BusFault> {
        self.bus.lag(&self.name).await
    }

    /// Messages that were acknowledged since the start: the lake has what they brought.
    pub fn taken(&self) -> u64 {
        self.counts.taken.load(Ordering::Acquire)
    }

    /// Works until it is stopped or the lake is closed.
    pub async fn run(&self, stop: CancellationToken) {
        let work = async {
            loop {
                match self.bus.consume(&self.name).await {
                    Ok(mut consumer) => loop {
                        match self.step(&mut *consumer).await {
                            Ok(Step::Done) => {}
                            Ok(Step::Closed) => return,
                            Err(()) => break,
                        }
                    },
                    Err(fault) => self.stalls(fault.code().0, &fault),
                }
                // Taken up anew: what was in hand comes again, in order.
                pause(&stop).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn step(&self, consumer: &mut dyn Consumer) -> Result<Step, ()> {
        let failed = |fault: BusFault| self.stalls(fault.code().0, &fault);
        let found = consumer.next(MOST).await.map_err(failed)?;
        let (records, last, newer) = self.read(&found);
        if let Some(last) = last {
            match self.keep(records).await {
                Ok(()) => {}
                Err(LakeFault::Closed) => return Ok(Step::Closed),
                Err(fault) => {
                    self.stalls(fault.code().0, &fault);
                    return Err(());
                }
            }
            consumer.ack(last).await.map_err(failed)?;
            let taken = found.partition_point(|delivery| delivery.seq <= last) as u64;
            self.counts.taken.fetch_add(taken, Ordering::Release);
        }
        if let Some(fault) = newer {
            self.stalls(fault.code().0, &fault);
            return Err(());
        }
        *self.counts.stalled.lock() = None;
        Ok(Step::Done)
    }

    /// The records of messages, up to the first that only a newer release can read, and the last message they are of.
    fn read(&self, found: &[Delivery]) -> (Vec<Record>, Option<u64>, Option<WireFault>) {
        let (mut records, mut last) = (Vec::new(), None);
        for Delivery { seq, message, .. } in found {
            match wire::decode(&message.body) {
                Ok(read) if read.iter().all(|record| record.tenant == message.tenant) => {
                    records.extend(read);
                }
                Ok(_) => self.damaged(*seq, &message.body, &"it has another client's records"),
                Err(fault @ WireFault::Newer { .. }) => return (records, last, Some(fault)),
                Err(fault) => self.damaged(*seq, &message.body, &fault),
            }
            last = Some(*seq);
        }
        (records, last, None)
    }

    async fn keep(&self, records: Vec<Record>) -> Result<(), LakeFault> {
        let kept = self.lake.ingest(records).await?;
        let add = |to: &AtomicU64, count: usize| to.fetch_add(count as u64, Ordering::Relaxed);
        add(&self.counts.new, kept.new);
        add(&self.counts.known, kept.known);
        add(&self.counts.conflicts, kept.conflicts);
        Ok(())
    }

    /// Nobody can make records of it. It is told and counted, and what is missing shows as a gap.
    fn damaged(&self, seq: u64, body: &[u8], why: &dyn Display) {
        self.counts.damaged.fetch_add(1, Ordering::Relaxed);
        let digest = Digest::of(body);
        tracing::error!(seq, bytes = body.len(), %digest, %why, "a message on the bus is no pack of records");
    }

    fn stalls(&self, code: &'static str, fault: &dyn Display) {
        tracing::warn!(code, %fault, "no records arrive");
        *self.counts.stalled.lock() = Some(format!("{fault} ({code})"));
    }
}
