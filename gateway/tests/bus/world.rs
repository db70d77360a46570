//! What these tests stand on: a recorder over a bus, and a lake at its other end.

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use writ_gateway::{
    Recorder as _,
    bus::{BusRecorder, Ingest},
};
use writ_lake::{Activity, CallFilter, Record};
use writ_model::{BootId, GatewayId, TenantId, Timestamp};
use writ_store::{Bounds, Bus, JetStream, JetStreamOptions};
use writ_testkit::{FakeClock, Nats};

use crate::made;

/// More than any of this may take; a test that comes near it has failed.
pub(crate) const LONG: Duration = Duration::from_mins(1);

pub(crate) fn gateway(n: u8) -> GatewayId {
    GatewayId::from_bytes([n; 16])
}

pub(crate) fn clock() -> Arc<FakeClock> {
    Arc::new(FakeClock::at(Timestamp::from_micros(1)))
}

/// A bus on these servers, as one process connects to it.
pub(crate) async fn bus(servers: &Nats) -> Arc<dyn Bus> {
    bus_at(servers.urls()).await
}

/// A bus at these addresses.
pub(crate) async fn bus_at(servers: Vec<String>) -> Arc<dyn Bus> {
    let redeliver = Duration::from_secs(2);
    let bounds = Bounds { bytes: 1 << 30, redeliver, ..Bounds::default() };
    let options = JetStreamOptions { bounds, ..JetStreamOptions::of(servers) };
    Arc::new(JetStream::connect(options).await.unwrap())
}

pub(crate) fn recorder(folder: &Path, bus: &Arc<dyn Bus>, clock: &Arc<FakeClock>) -> BusRecorder {
    let spool = folder.join("spool.db");
    BusRecorder::open(&spool, BusRecorder::SPOOL, Arc::clone(bus), clock.clone()).unwrap()
}

pub(crate) async fn write(recorder: &BusRecorder, tenant: u8, seqs: std::ops::Range<u64>) {
    for seq in seqs {
        let record = made::record(tenant, 1, seq);
        recorder.place(record.tenant).await.unwrap().write(record);
    }
    recorder.flushed().await.unwrap();
}

/// A lake with what brings records into it.
pub(crate) struct Lake {
    #[expect(clippy::struct_field_names, reason = "it is what the lake is on")]
    pub(crate) lake: Arc<Activity>,
    pub(crate) ingest: Arc<Ingest>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Lake {
    pub(crate) fn open(folder: &Path, bus: &Arc<dyn Bus>) -> Self {
        Self::of_gateway(50, folder, bus)
    }

    pub(crate) fn of_gateway(id: u8, folder: &Path, bus: &Arc<dyn Bus>) -> Self {
        Self::stopped(id, folder, bus).begin()
    }

    /// One that takes nothing yet.
    pub(crate) fn open_stopped(folder: &Path, bus: &Arc<dyn Bus>) -> Self {
        Self::stopped(50, folder, bus)
    }

    fn stopped(id: u8, folder: &Path, bus: &Arc<dyn Bus>) -> Self {
        let lake = Activity::open(&folder.join("lake.db")).unwrap();
        let ingest = Arc::new(Ingest::new(Arc::clone(bus), gateway(id), Arc::clone(&lake)));
        Self { lake, ingest, stop: CancellationToken::new(), task: tokio::spawn(async {}) }
    }

    /// Begins to take what is on the bus.
    pub(crate) fn begin(mut self) -> Self {
        let (stop, run) = (self.stop.clone(), Arc::clone(&self.ingest));
        self.task = tokio::spawn(async move { run.run(stop).await });
        self
    }

    /// Ends it, as a process does that stops.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
        self.lake.close().await;
    }

    /// Waits until so many records of a tenant are here.
    pub(crate) async fn until(&self, tenant: u8, count: usize) {
        let here = || async move { self.of(tenant).await.len() >= count };
        until(here).await.unwrap_or_else(|| panic!("{count} records of {tenant} do not come"));
    }

    /// The records of a tenant, by boot and number.
    pub(crate) async fn of(&self, tenant: u8) -> Vec<Record> {
        let tenant = Some(TenantId::from_bytes([tenant; 16]));
        let mut filter = CallFilter { tenant, limit: 500, ..CallFilter::default() };
        let mut found = Vec::new();
        loop {
            let page = self.lake.page(filter).await.unwrap();
            found.extend(page.calls.into_iter().map(|call| call.record));
            let Some(next) = page.next else { break };
            filter.before = Some(next);
        }
        found.sort_by_key(|record| (record.boot, record.seq));
        found
    }

    /// Their numbers in one boot.
    pub(crate) async fn seqs(&self, tenant: u8, boot: u8) -> Vec<u64> {
        let boot = BootId::from_bytes([boot; 16]);
        let of = self.of(tenant).await;
        of.iter().filter(|one| one.boot == boot).map(|record| record.seq).collect()
    }
}

/// Waits for a condition; nothing if it does not come.
pub(crate) async fn until<F, R>(mut condition: F) -> Option<()>
where
    F: FnMut() -> R,
    R: Future<Output = bool>,
{
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let met = async {
        while !condition().await {
            look.tick().await;
        }
    };
    timeout(LONG, met).await.ok()
}
