//! [`Parts`]: the parts of this process that are measured, and what they say: for the roster and the pages as a report, for
//! Prometheus as a page.
//!
//! Never here: a label that somebody outside can choose; a client's name. To measure one more thing: a line in the
//! function of its part, and its row in `docs/operations.md`.

use std::{
    fs,
    sync::{Arc, OnceLock},
};

use parking_lot::RwLock;
use writ_authority::State;
use writ_desk::{HeldLease, QueueStatus, Report, ServerAnswers, ServerStatus};
use writ_gateway::{
    Latencies, Metrics, Recorder as _, Running, ServerHealth,
    bus::{Arrived, BusRecorder, Ingest, Mirror, Reflected},
    metrics::BUCKETS_US,
};
use writ_lake::Activity;
use writ_model::{Clock, Timestamp};
use writ_store::{Keeper, Tenants, keep::Post};

use crate::metrics::Page;

/// Bytes of a page of memory on the machines that we build for.
const PAGE: u64 = 4_096;
/// LIMIT: servers of which a report says how they answer: some 300 bytes each, in a report of 32 KiB.
const ANSWERING: usize = 48;

/// What is measured. What a process does not have is left empty.
#[derive(Debug)]
pub struct Parts {
    clock: Arc<dyn Clock>,
    tenants: Arc<Tenants<State>>,
    servers: Vec<ServerStatus>,
    gateway: OnceLock<Arc<Running>>,
    keeper: OnceLock<Arc<Keeper<State>>>,
    lake: OnceLock<Arc<Activity>>,
    recorder: OnceLock<Arc<BusRecorder>>,
    arriving: OnceLock<(Arc<Ingest>, Arc<Mirror>)>,
    posts: RwLock<Vec<(&'static str, Arc<Post>)>>,
    held: RwLock<Vec<HeldLease>>,
}

impl Parts {
    /// A process that follows these registers.
    pub fn new(
        clock: Arc<dyn Clock>,
        tenants: Arc<Tenants<State>>,
        servers: Vec<ServerStatus>,
    ) -> Self {
        Self {
            clock,
            tenants,
            servers,
            gateway: OnceLock::new(),
            keeper: OnceLock::new(),
            lake: OnceLock::new(),
            recorder: OnceLock::new(),
            arriving: OnceLock::new(),
            posts: RwLock::default(),
            held: RwLock::default(),
        }
    }

    /// Hands in the gateway.
    pub fn set_gateway(&self, gateway: &Arc<Running>) {
        self.gateway.get_or_init(|| Arc::clone(gateway));
    }

    /// Hands in what keeps the lease.
    pub fn set_keeper(&self, keeper: &Arc<Keeper<State>>) {
        self.keeper.get_or_init(|| Arc::clone(keeper));
    }

    /// Hands in the lake.
    pub fn set_lake(&self, lake: &Arc<Activity>) {
        self.lake.get_or_init(|| Arc::clone(lake));
    }

    /// Hands in what brings records to the bus.
    pub fn set_recorder(&self, recorder: &Arc<BusRecorder>) {
        self.recorder.get_or_init(|| Arc::clone(recorder));
    }

    /// Hands in what brings records and seals into the lake.
    pub fn set_arriving(&self, ingest: &Arc<Ingest>, mirror: &Arc<Mirror>) {
        self.arriving.get_or_init(|| (Arc::clone(ingest), Arc::clone(mirror)));
    }

    /// Hands in a named lease.
    pub fn add_post(&self, name: &'static str, post: &Arc<Post>) {
        self.posts.write().push((name, Arc::clone(post)));
    }

    /// Named leases that are held now, each since when it was first seen to be.
    fn leases(&self) -> Vec<HeldLease> {
        let now: Timestamp = self.clock.now();
        let mut known = self.held.write();
        let held: Vec<HeldLease> = self
            .posts
            .read()
            .iter()
            .filter_map(|(name, post)| {
                let epoch = post.holds()?;
                let same = |one: &&HeldLease| one.name == *name && one.epoch == epoch;
                let since = known.iter().find(same).map_or(now, |one| one.since);
                Some(HeldLease { name: (*name).to_owned(), epoch, since })
            })
            .collect();
        known.clone_from(&held);
        held
    }

    /// What this process says of itself, for the roster and the pages.
    pub fn report(&self) -> Report {
        let mut report = Report { leases: self.leases(), ..Report::default() };
        if let Some(gateway) = self.gateway.get() {
            let metrics = gateway.metrics();
            let counted = &metrics.counted;
            for (name, count) in [
                ("requests", counted.requests),
                ("allowed", counted.allowed),
                ("blocked", counted.blocked),
                ("errored", counted.errored),
                ("forwarded", counted.forwarded),
            ] {
                report.counters.insert(name.to_owned(), count);
            }
            let refused = counted.refused.iter();
            report.refusals = refused.map(|(code, count)| ((*code).to_owned(), *count)).collect();
            report.streams = metrics.streams;
            report.servers = answering(&self.servers, gateway.servers());
            report.queues.push(queue("records", metrics.queued));
        }
        if let Some(lake) = self.lake.get() {
            report.queues.push(queue("lake", count(lake.queued())));
        }
        if let Some(recorder) = self.recorder.get() {
            let spooled = recorder.spooled();
            let limit = Some(BusRecorder::SPOOL);
            report.queues.push(QueueStatus { limit, ..queue("spool", spooled) });
            let words = recorder.behind().map_or_else(
                || "reached".to_owned(),
                |behind| format!("not reached for {} s", behind.as_micros() / 1_000_000),
            );
            report.stores.insert("bus".to_owned(), words);
        }
        if let Some((ingest, mirror)) = self.arriving.get() {
            let (arrived, reflected) = (ingest.arrived(), mirror.reflected());
            for (what, count) in [
                ("records under a number that another has", arrived.conflicts),
                ("packs that are no records", arrived.damaged),
                ("seals of other records than are here", reflected.contradicted),
            ] {
                report.drops.insert(what.to_owned(), count);
            }
            report.queues.push(queue("seals", count(reflected.waiting)));
            let words = arrived.stalled.unwrap_or_else(|| "filled".to_owned());
            report.stores.insert("lake".to_owned(), words);
        }
        if let Some(keeper) = self.keeper.get() {
            let status = keeper.status();
            let words = status.failure.unwrap_or_else(|| "followed".to_owned());
            report.stores.insert("ledger".to_owned(), words);
        }
        report
    }

    /// Adds everything measured to a page.
    pub fn measure(&self, page: &mut Page) {
        process(page);
        let help = "Clients whose registers are in memory.";
        page.gauge(
            "writ_tenants_in_memory",
            help,
            &[],
            wide(count(self.tenants.in_memory().len())),
        );
        if let Some(gateway) = self.gateway.get() {
            calls(page, &gateway.metrics());
            standing(page, &gateway.metrics());
        }
        if let Some(keeper) = self.keeper.get() {
            following(page, keeper, self.clock.as_ref());
        }
        if let Some(lake) = self.lake.get() {
            let help = "Records that wait to be kept in the lake.";
            page.gauge("writ_lake_queued", help, &[], wide(count(lake.queued())));
        }
        if let Some(recorder) = self.recorder.get() {
            let help = "Bytes of records that wait in the spool.";
            page.gauge("writ_spool_bytes", help, &[], wide(recorder.spooled()));
        }
        if let Some((ingest, mirror)) = self.arriving.get() {
            arriving(page, &ingest.arrived(), mirror.reflected());
        }
        let help = "Whether this process holds the named lease (1), and under which epoch.";
        for (name, post) in self.posts.read().iter() {
            let held = if post.holds().is_some() { 1.0 } else { 0.0 };
            page.gauge("writ_post_held", help, &[("post", name)], held);
        }
    }
}

fn queue(name: &str, waiting: u64) -> QueueStatus {
    QueueStatus { name: name.to_owned(), waiting, ..QueueStatus::default() }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// As the format has numbers.
#[expect(clippy::cast_precision_loss, reason = "a metric beyond 2^53 is exact enough")]
fn wide(number: u64) -> f64 {
    number as f64
}

fn seconds(micros: u64) -> f64 {
    wide(micros) / 1e6
}

fn process(page: &mut Page) {
    let version = env!("CARGO_PKG_VERSION");
    page.gauge("writ_build_info", "The release.", &[("version", version)], 1.0);
    let resident = fs::read_to_string("/proc/self/statm").ok().and_then(|text| {
        text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok())
    });
    if let Some(pages) = resident {
        let help = "Memory of this process that is in use.";
        page.gauge("writ_process_resident_bytes", help, &[], wide(pages * PAGE));
    }
}

fn calls(page: &mut Page, metrics: &Metrics) {
    let counted = &metrics.counted;
    page.counter("writ_requests_total", "HTTP requests.", &[], counted.requests);
    page.counter("writ_forwarded_total", "Messages sent to servers.", &[], counted.forwarded);
    let help = "Messages of servers that nobody read in time.";
    page.counter("writ_messages_dropped_total", help, &[], counted.dropped);
    let help = "Decided calls by what became of them.";
    for (effect, calls) in
        [("allowed", counted.allowed), ("blocked", counted.blocked), ("errored", counted.errored)]
    {
        page.counter("writ_calls_total", help, &[("effect", effect)], calls);
    }
    let help = "Requests refused before a decision, by code.";
    for (code, refused) in &counted.refused {
        page.counter("writ_refusals_total", help, &[("code", code)], *refused);
    }
    let help =
        "Calls that waited because their client had its whole share of the places for records.";
    page.counter("writ_records_share_full_total", help, &[], metrics.shares_full);
    let help = "Whether records can be journaled (1); if not, nothing is let through.";
    page.gauge("writ_records_journaled", help, &[], f64::from(u8::from(metrics.journaled)));
    latency(page, ("writ_decision_seconds", "From arrival to decision."), &metrics.decision);
    latency(page, ("writ_call_seconds", "From decision to the end of the answer."), &metrics.call);
    for (name, help, open) in [
        ("writ_calls_open", "Calls under way.", metrics.calls),
        ("writ_streams_open", "Streams open.", metrics.streams),
        ("writ_connections_open", "Connections with a good credential.", metrics.connections),
        ("writ_sessions", "MCP sessions known.", metrics.sessions),
        ("writ_servers_out", "Servers that `/mcp` goes on without.", metrics.servers_out),
        ("writ_calls_awaited", "Calls of writ wrap whose outcome is awaited.", metrics.awaited),
        ("writ_tenants_active", "Clients that called within a minute.", metrics.tenants),
        ("writ_records_queued", "Records given and not yet kept.", metrics.queued),
    ] {
        page.gauge(name, help, &[], wide(open));
    }
}

fn latency(page: &mut Page, names: (&'static str, &'static str), took: &Latencies) {
    let bounds = BUCKETS_US.iter().zip(took.counts.iter());
    let buckets: Vec<(f64, u64)> = bounds.map(|(most, count)| (seconds(*most), *count)).collect();
    let over = took.counts.last().copied().unwrap_or_default();
    page.histogram(names, &[], &buckets, (over, seconds(took.sum_us)));
}

fn standing(page: &mut Page, metrics: &Metrics) {
    let help = "What the gateway may do now: full, reading (nothing that acts), nothing.";
    for word in ["full", "reading", "nothing"] {
        let now = if metrics.standing.word() == word { 1.0 } else { 0.0 };
        page.gauge("writ_gateway_standing", help, &[("standing", word)], now);
    }
    let help = "Whether a person stopped the gateway.";
    for word in ["halted", "draining"] {
        let now = if metrics.stopped == Some(word) { 1.0 } else { 0.0 };
        page.gauge("writ_gateway_stopped", help, &[("how", word)], now);
    }
    if let Some(age) = metrics.lease_age_us {
        let help = "Since the last renewal of the lease on the ledger began.";
        page.gauge("writ_lease_age_seconds", help, &[], seconds(age));
    }
    let help = "Since records could last be brought to the bus; 0 while that works.";
    page.gauge(
        "writ_bus_behind_seconds",
        help,
        &[],
        seconds(metrics.behind_us.unwrap_or_default()),
    );
}

fn arriving(page: &mut Page, arrived: &Arrived, reflected: Reflected) {
    let help = "Records that came by the bus: new ones, known ones, ones under another's number.";
    for (what, records) in
        [("new", arrived.new), ("known", arrived.known), ("conflict", arrived.conflicts)]
    {
        page.counter("writ_lake_arrived_total", help, &[("what", what)], records);
    }
    let help = "Packs on the bus that are no records.";
    page.counter("writ_lake_damaged_total", help, &[], arrived.damaged);
    let help = "Whether nothing arrives because of a fault (1).";
    let stalled = if arrived.stalled.is_some() { 1.0 } else { 0.0 };
    page.gauge("writ_lake_stalled", help, &[], stalled);
    page.counter("writ_seals_mirrored_total", "Seals kept here.", &[], reflected.kept);
    let help = "Seals whose records are not here yet.";
    page.gauge("writ_seals_waiting", help, &[], wide(count(reflected.waiting)));
    let help = "Seals whose records here are not the sealed ones.";
    page.counter("writ_seals_contradicted_total", help, &[], reflected.contradicted);
}

fn following(page: &mut Page, keeper: &Keeper<State>, clock: &dyn Clock) {
    let status = keeper.status();
    for (name, help, number) in [
        ("writ_ledger_beats_total", "Beats that the roster heard.", status.beats),
        ("writ_ledger_polls_total", "Whole looks at all ledgers.", status.polls),
        (
            "writ_ledger_steps_total",
            "Steps of clients' ledgers that were applied.",
            status.advanced,
        ),
        ("writ_ledger_failures_total", "Beats and looks that failed.", status.failures),
    ] {
        page.counter(name, help, &[], number);
    }
    let help = "Clients that are refused because a line of theirs cannot be read.";
    page.gauge("writ_ledger_tenants_refused", help, &[], wide(count(status.refused)));
    if let Some(age) = keeper.lease().age(clock.monotonic_micros()) {
        let help = "For how long the ledger was not followed.";
        let age = u64::try_from(age.as_micros()).unwrap_or_default();
        page.gauge("writ_ledger_lag_seconds", help, &[], seconds(age));
    }
}

/// The servers of the operator's file, the busiest with how they answer.
fn answering(servers: &[ServerStatus], mut seen: Vec<ServerHealth>) -> Vec<ServerStatus> {
    seen.retain(|one| one.answered_at.is_some() || one.failed_at.is_some());
    seen.sort_by_key(|one| std::cmp::Reverse(one.latency.total() + one.failed));
    seen.truncate(ANSWERING);
    let of = |one: &ServerStatus| {
        let same = |two: &&ServerHealth| two.name == one.name && two.client == one.client;
        let health = seen.iter().find(same)?;
        Some(ServerAnswers {
            revisions: health.revisions.iter().map(|one| (*one).to_owned()).collect(),
            answered: health.latency.total(),
            failed: health.failed,
            half_within_us: health.latency.within(50),
            most_within_us: health.latency.within(99),
            answered_at: health.answered_at,
            failed_at: health.failed_at.map(|(at, _)| at),
            failure: health.failed_at.map(|(_, code)| code.0.to_owned()),
        })
    };
    servers.iter().map(|one| ServerStatus { answers: of(one), ..one.clone() }).collect()
}
