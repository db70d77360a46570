//! Keepers over a ledger and a roster that hang, fail and come back: when a lease is renewed, and when never.

mod heard;
mod interleave;
mod postgres;

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use writ_evidence::Subtree;
use writ_model::{BootId, Digest, GatewayId, Span, TenantId, Timestamp};
use writ_testkit::FakeClock;

use super::*;
use crate::{
    AppendError, Head, Ledger, MemoryLedger, MemoryRoster, RosterFault, Snapshot, Standing, Terms,
    follow::tests::{Sum, tenant},
    ledger::Hint,
    roster::{
        Note, Seen, Wish,
        contract::{beat, boot, gateway},
    },
};

/// How the other side behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Works,
    Fails,
    Hangs,
}

/// What a call has to pass.
#[derive(Debug)]
struct Gate {
    mood: watch::Sender<Mood>,
    /// Calls that came, whatever became of them.
    calls: AtomicU64,
}

impl Gate {
    fn open() -> Self {
        Self { mood: watch::channel(Mood::Works).0, calls: AtomicU64::new(0) }
    }
    fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }
    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
    async fn pass(&self) -> Result<(), String> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut mood = self.mood.subscribe();
        let mood = *mood.wait_for(|mood| *mood != Mood::Hangs).await.unwrap();
        if mood == Mood::Works { Ok(()) } else { Err("away".to_owned()) }
    }
}

/// A ledger whose heads and lines have a gate each.
#[derive(Debug)]
struct Gated {
    inner: MemoryLedger,
    heads: Gate,
    lines: Gate,
    damaged: Gate,
}

#[async_trait]
impl Ledger for Gated {
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        self.inner.append(tenant, expected, lines).await
    }
    async fn read(&self, tenant: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError> {
        self.lines.pass().await.map_err(|why| ReadError::Faulted { why })?;
        let damaged = |why| ReadError::Damaged { tenant, index: from, why };
        self.damaged.pass().await.map_err(damaged)?;
        self.inner.read(tenant, from, max).await
    }
    async fn head(&self, tenant: TenantId) -> Result<Head, ReadError> {
        self.inner.head(tenant).await
    }
    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError> {
        self.heads.pass().await.map_err(|why| ReadError::Faulted { why })?;
        self.inner.heads().await
    }
    fn watch(&self) -> Receiver<Hint> {
        self.inner.watch()
    }
    async fn subtrees(
        &self,
        tenant: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError> {
        self.inner.subtrees(tenant, wanted).await
    }
    async fn save_snapshot(&self, tenant: TenantId, snapshot: Snapshot) -> Result<(), AppendError> {
        self.inner.save_snapshot(tenant, snapshot).await
    }
    async fn load_snapshot(&self, tenant: TenantId) -> Result<Option<Snapshot>, ReadError> {
        self.inner.load_snapshot(tenant).await
    }
}

/// A roster with a gate before its beats, which takes its time.
#[derive(Debug)]
struct Slow {
    inner: MemoryRoster,
    beats: Gate,
    clock: Arc<FakeClock>,
    takes: Span,
}

#[async_trait]
impl Roster for Slow {
    async fn beat(&self, beat: Beat) -> Result<Heard, RosterFault> {
        self.beats.pass().await.map_err(|why| RosterFault::Faulted { why })?;
        self.clock.advance(self.takes);
        self.inner.beat(beat).await
    }
    async fn list(&self) -> Result<(Timestamp, Vec<Seen>), RosterFault> {
        self.inner.list().await
    }
    async fn want(&self, of: GatewayId, wanted: Wanted, by: String) -> Result<bool, RosterFault> {
        self.inner.want(of, wanted, by).await
    }
    async fn want_unless_halted(
        &self,
        of: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<Wish, RosterFault> {
        self.inner.want_unless_halted(of, wanted, by).await
    }
    async fn leave(&self, gateway: GatewayId, boot: BootId) -> Result<(), RosterFault> {
        self.inner.leave(gateway, boot).await
    }
    async fn note(&self, note: Note) -> Result<(), RosterFault> {
        self.inner.note(note).await
    }
    async fn notes(&self, after: u64, most: usize) -> Result<Vec<(u64, Note)>, RosterFault> {
        self.inner.notes(after, most).await
    }
    async fn noted(&self, ids: &[u64]) -> Result<(), RosterFault> {
        self.inner.noted(ids).await
    }
    async fn hold(&self, name: &str, of: BootId, span: Span) -> Result<Option<u64>, RosterFault> {
        self.beats.pass().await.map_err(|why| RosterFault::Faulted { why })?;
        self.clock.advance(self.takes);
        self.inner.hold(name, of, span).await
    }
    async fn give_back(&self, name: &str, holder: BootId) -> Result<(), RosterFault> {
        self.inner.give_back(name, holder).await
    }
    async fn publish(&self, key: &str, value: Vec<u8>) -> Result<(), RosterFault> {
        self.inner.publish(key, value).await
    }
    async fn published(&self, key: &str) -> Result<Option<Vec<u8>>, RosterFault> {
        self.inner.published(key).await
    }
}

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<Gated>,
    roster: Arc<Slow>,
    tenants: Arc<Tenants<Sum>>,
    keeper: Arc<Keeper<Sum>>,
}

impl World {
    fn new() -> Self {
        Self::hooked(|_| {})
    }

    fn hooked(hook: impl Fn(Wanted) + Send + Sync + 'static) -> Self {
        let clock = Arc::new(FakeClock::at(Timestamp::from_micros(1_800_000_000_000_000)));
        let gates = || Gate::open();
        let (heads, lines, damaged) = (gates(), gates(), gates());
        let ledger = Arc::new(Gated { inner: MemoryLedger::new(), heads, lines, damaged });
        let inner = MemoryRoster::new(Arc::<FakeClock>::clone(&clock));
        let (beats, takes) = (Gate::open(), Span::millis(40));
        let roster = Arc::new(Slow { inner, beats, clock: Arc::clone(&clock), takes });
        let tenants = Arc::new(Tenants::new(Arc::<Gated>::clone(&ledger)));
        let keeper = Keeper::new(
            Arc::clone(&tenants),
            Arc::<Slow>::clone(&roster),
            Arc::new(Lease::new(Terms::default())),
            beat(1, 1).member,
            Arc::<FakeClock>::clone(&clock),
        );
        Self { clock, ledger, roster, tenants, keeper: Arc::new(keeper.on_wanted(hook)) }
    }

    async fn write(&self, n: u8, line: &'static [u8]) {
        let size = self.ledger.inner.head(tenant(n)).await.unwrap().size;
        self.ledger.append(tenant(n), size, vec![Bytes::from_static(line)]).await.unwrap();
    }

    /// One whole round, one half after the other.
    async fn round(&self) {
        self.keeper.beat(b"{}".to_vec()).await;
        self.keeper.poll(PATIENCE).await;
    }

    fn standing(&self) -> Standing {
        self.keeper.lease.standing(self.clock.monotonic_micros())
    }

    fn age(&self) -> Option<Span> {
        self.keeper.lease.age(self.clock.monotonic_micros())
    }

    fn start(&self, report: &'static [u8]) -> (CancellationToken, tokio::task::JoinHandle<()>) {
        let (keeper, stop) = (Arc::clone(&self.keeper), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move { keeper.run(|| report.to_vec(), stopped).await });
        (stop, task)
    }
}

/// Waits for something to come true.
async fn until(what: &str, is: impl Fn() -> bool) {
    let mut ticks = interval(Duration::from_millis(1));
    let waiting = async {
        while !is() {
            ticks.tick().await;
        }
    };
    assert!(timeout(Duration::from_secs(20), waiting).await.is_ok(), "in vain: {what}");
}

#[tokio::test]
async fn a_whole_round_renews_from_before_its_beat() {
    let world = World::new();
    assert_eq!(world.standing(), Standing::Nothing);
    world.keeper.beat(b"{}".to_vec()).await;
    assert_eq!(world.age(), None, "half a round is none");
    world.clock.advance(Span::millis(10));
    world.keeper.poll(PATIENCE).await;
    assert_eq!(
        world.age(),
        Some(Span::millis(50)),
        "the beat took 40 ms and the poll came after 10"
    );
    assert_eq!(world.standing(), Standing::Full);
    let status = world.keeper.status();
    assert_eq!((status.beats, status.polls, status.failures), (1, 1, 0));
    assert_eq!(status.applied, status.heard.map(|heard| heard.at));
    // What was applied is told with the next beat.
    world.round().await;
    let seen = world.roster.list().await.unwrap().1;
    assert_eq!((seen[0].beat.applied, seen[0].beat.standing), (status.applied, Standing::Full));
}

#[tokio::test]
async fn a_poll_that_began_before_the_beat_was_heard_does_not_renew() {
    let world = World::new();
    world.ledger.heads.set(Mood::Hangs);
    let polling = {
        let keeper = Arc::clone(&world.keeper);
        tokio::spawn(async move { keeper.poll(LONGEST_POLL).await })
    };
    until("the poll began", || world.ledger.heads.calls() == 1).await;
    world.keeper.beat(Vec::new()).await;
    world.ledger.heads.set(Mood::Works);
    polling.await.unwrap();
    assert_eq!((world.keeper.status().polls, world.age()), (1, None));
    world.keeper.poll(PATIENCE).await;
    assert_eq!(world.age(), Some(Span::millis(40)));
    world.clock.advance(Span::millis(500));
    world.keeper.poll(PATIENCE).await;
    assert_eq!(world.age(), Some(Span::millis(540)), "a poll alone renews nothing");
}

#[tokio::test]
async fn a_tenant_that_stays_behind_holds_the_lease_and_an_unreadable_one_does_not() {
    let world = World::new();
    for n in [1, 2] {
        world.write(n, b"1").await;
        world.tenants.view(tenant(n)).await.unwrap();
    }
    world.write(1, b"2").await;
    world.ledger.lines.set(Mood::Fails);
    world.round().await;
    assert_eq!(world.age(), None, "its line could not be read: it is served from an old view");
    assert!(world.keeper.status().failure.unwrap().contains("away"));
    assert_eq!(world.keeper.status().applied, None);
    // Nor does the next beat alone: the tenant is still behind.
    world.round().await;
    assert_eq!((world.age(), world.keeper.status().failures), (None, 2));
    world.ledger.lines.set(Mood::Works);
    world.round().await;
    assert_eq!(world.tenants.cached(tenant(1)).unwrap().state.total, 3);
    assert_eq!((world.standing(), world.keeper.status().failure), (Standing::Full, None));
    world.write(2, b"not a number").await;
    world.clock.advance(Span::seconds(3));
    world.round().await;
    assert_eq!(world.standing(), Standing::Full, "it is refused whole; the others live");
    assert!(world.tenants.cached(tenant(2)).is_none());
    assert_eq!(world.keeper.status().refused, 1);
    world.round().await;
    assert_eq!(world.keeper.status().refused, 1, "for as long as it is, though nothing moved");
}

#[tokio::test]
async fn a_damaged_tenant_that_is_still_in_memory_holds_the_lease() {
    let world = World::new();
    world.write(1, b"1").await;
    world.tenants.view(tenant(1)).await.unwrap();
    world.write(1, b"2").await;
    world.ledger.damaged.set(Mood::Fails);
    world.round().await;
    let served = world.tenants.cached(tenant(1)).is_some();
    assert_eq!(world.age().is_none(), served, "renewed only if nobody is served from its old view");
    world.tenants.forget(tenant(1));
    world.round().await;
    assert_eq!(world.standing(), Standing::Full);
}

#[tokio::test]
async fn a_lease_runs_out_without_either_half_and_only_a_whole_round_brings_it_back() {
    for cut in ["ledger", "roster"] {
        let world = World::new();
        let gate = if cut == "ledger" { &world.ledger.heads } else { &world.roster.beats };
        world.round().await;
        gate.set(Mood::Fails);
        world.clock.advance(Span::millis(960));
        world.round().await;
        assert_eq!(world.standing(), Standing::Reading, "{cut}");
        world.clock.advance(Span::seconds(4));
        world.round().await;
        assert_eq!(world.standing(), Standing::Nothing, "{cut}");
        gate.set(Mood::Works);
        if cut == "ledger" {
            // The beat that was heard while the ledger was away is no promise any more.
            world.keeper.poll(PATIENCE).await;
        } else {
            world.keeper.beat(Vec::new()).await;
        }
        assert_eq!(world.standing(), Standing::Nothing, "{cut}: half a round");
        world.round().await;
        assert_eq!(world.standing(), Standing::Full, "{cut}");
    }
}

#[tokio::test]
async fn what_is_wanted_is_told_before_the_renewal_and_stays_while_nothing_is_heard() {
    let told: Arc<Mutex<Vec<Wanted>>> = Arc::default();
    let listener = Arc::clone(&told);
    let world = World::hooked(move |wanted| listener.lock().push(wanted));
    let wanted = world.keeper.wanted();
    world.roster.inner.beat(beat(1, 7)).await.unwrap();
    world.roster.want(gateway(1), Wanted::Halt, "ann".to_owned()).await.unwrap();
    world.keeper.beat(Vec::new()).await;
    assert_eq!((told.lock().as_slice(), world.age()), (&[Wanted::Halt][..], None));
    world.keeper.poll(PATIENCE).await;
    assert_eq!(*wanted.borrow(), Wanted::Halt);
    world.roster.want(gateway(1), Wanted::Serve, "ann".to_owned()).await.unwrap();
    world.roster.beats.set(Mood::Fails);
    world.round().await;
    assert_eq!((told.lock().len(), *wanted.borrow()), (1, Wanted::Halt), "nothing was heard");
    world.roster.beats.set(Mood::Works);
    world.round().await;
    assert_eq!(
        (told.lock().as_slice(), *wanted.borrow()),
        (&[Wanted::Halt, Wanted::Serve][..], Wanted::Serve)
    );
}

#[tokio::test]
async fn a_running_keeper_outlives_a_database_that_hangs_and_leaves_when_it_is_stopped() {
    let world = World::new();
    let (stop, task) = world.start(b"{}");
    until("the first renewal", || world.standing() == Standing::Full).await;
    world.roster.beats.set(Mood::Hangs);
    world.ledger.heads.set(Mood::Hangs);
    world.write(1, b"1").await;
    let (beats, polls) = (world.roster.beats.calls(), world.ledger.heads.calls());
    // Each is abandoned and asked again although no earlier call ever came back.
    until("both are asked again", || {
        world.roster.beats.calls() >= beats + 2 && world.ledger.heads.calls() >= polls + 2
    })
    .await;
    world.clock.advance(Span::seconds(5));
    assert_eq!(world.standing(), Standing::Nothing);
    world.roster.beats.set(Mood::Works);
    world.ledger.heads.set(Mood::Works);
    until("it is renewed", || world.standing() == Standing::Full).await;
    stop.cancel();
    task.await.unwrap();
    assert!(world.roster.list().await.unwrap().1[0].left.is_some());
}

#[tokio::test]
async fn a_hint_is_followed_although_the_roster_hangs() {
    let world = World::new();
    world.write(1, b"1").await;
    world.tenants.view(tenant(1)).await.unwrap();
    world.roster.beats.set(Mood::Hangs);
    let (stop, task) = world.start(b"{}");
    until("it beats", || world.roster.beats.calls() > 0).await;
    world.write(1, b"5").await;
    until("the line is followed", || {
        world.tenants.cached(tenant(1)).is_some_and(|view| view.state.total == 6)
    })
    .await;
    assert_eq!((world.keeper.status().beats, world.age()), (0, None));
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn a_report_that_is_too_large_is_left_out_and_costs_no_beat() {
    let world = World::new();
    world.keeper.beat(vec![b' '; MAX_REPORT + 1]).await;
    assert_eq!(world.keeper.status().beats, 1);
    assert_eq!(world.roster.list().await.unwrap().1[0].beat.report, b"");
}

#[tokio::test]
async fn a_slow_ledger_gets_more_time_while_beats_are_heard_and_a_hanging_one_does_not() {
    let world = World::new();
    world.ledger.heads.set(Mood::Hangs);
    let short = Duration::from_millis(20);
    assert_eq!(world.keeper.poll(short).await, PATIENCE, "no beat was heard: it hangs");
    let polling = {
        let keeper = Arc::clone(&world.keeper);
        tokio::spawn(async move { keeper.poll(PATIENCE).await })
    };
    until("the poll began", || world.ledger.heads.calls() == 2).await;
    world.keeper.beat(Vec::new()).await;
    assert_eq!(polling.await.unwrap(), PATIENCE * 2);
    world.ledger.heads.set(Mood::Works);
    assert_eq!(world.keeper.poll(PATIENCE * 2).await, PATIENCE);
}

fn post(world: &World, name: &'static str, n: u8) -> Post {
    let (roster, clock) =
        (Arc::<Slow>::clone(&world.roster), Arc::<FakeClock>::clone(&world.clock));
    Post::new(roster, name, boot(n), clock)
}

#[tokio::test]
async fn a_post_is_held_by_its_own_clock_and_given_up_before_it_is_over() {
    let world = World::new();
    let post = |n| post(&world, "soc", n);
    let (one, two) = (post(1), post(2));
    let told = one.epoch();
    one.ask().await;
    two.ask().await;
    assert_eq!((one.holds(), *told.borrow(), two.holds()), (Some(1), Some(1), None));
    // Renewals are lost: it ends by the clock, and is told of while there is time.
    world.roster.beats.set(Mood::Fails);
    world.clock.advance(Span::millis(2930));
    one.ask().await;
    assert_eq!(
        (one.holds(), *told.borrow()),
        (None, None),
        "before the next look it might be over"
    );
    world.roster.beats.set(Mood::Works);
    two.ask().await;
    assert_eq!(two.holds(), None, "not before the first one's span is over");
    world.clock.advance(Span::millis(2100));
    two.ask().await;
    assert_eq!(two.holds(), Some(2));
    one.ask().await;
    assert_eq!(one.holds(), None);
    world.clock.advance(Span::millis(4999 - 40 - 40));
    assert_eq!(two.holds(), Some(2));
    world.clock.advance(Span::millis(1));
    assert_eq!(two.holds(), None, "by its own clock, from before it asked");
}

#[tokio::test]
async fn a_post_that_is_stopped_is_given_back_at_once() {
    let world = World::new();
    let stop = CancellationToken::new();
    let post = |n| post(&world, "desk", n);
    let one = Arc::new(post(1));
    let running = tokio::spawn({
        let (one, stop) = (Arc::clone(&one), stop.clone());
        async move { one.run(stop).await }
    });
    until("it is held", || one.holds() == Some(1)).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!((one.holds(), *one.epoch().borrow()), (None, None));
    let two = post(2);
    two.ask().await;
    assert_eq!(two.holds(), Some(2));
}
