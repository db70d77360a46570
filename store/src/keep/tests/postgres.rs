//! Keepers over a real database: one that is killed, and a database that goes away and comes back.

use writ_testkit::Postgres;

use super::*;
use crate::{
    Pg, PgRoster,
    postgres::tests::{fresh, migrated},
};

struct Process {
    clock: Arc<FakeClock>,
    tenants: Arc<Tenants<Sum>>,
    keeper: Arc<Keeper<Sum>>,
    running: tokio::task::JoinHandle<()>,
}

impl Process {
    fn start(pg: &Pg, n: u8) -> Self {
        let clock = Arc::new(FakeClock::at(Timestamp::from_micros(1_800_000_000_000_000)));
        let tenants = Arc::new(Tenants::new(Arc::new(pg.ledger())));
        let keeper = Arc::new(Keeper::new(
            Arc::clone(&tenants),
            Arc::new(pg.roster()),
            Arc::new(Lease::new(Terms::default())),
            beat(n, n).member,
            Arc::<FakeClock>::clone(&clock),
        ));
        let kept = Arc::clone(&keeper);
        let run = async move { kept.run(|| b"{}".to_vec(), CancellationToken::new()).await };
        Self { clock, tenants, keeper, running: tokio::spawn(run) }
    }

    fn standing(&self) -> Standing {
        self.keeper.lease.standing(self.clock.monotonic_micros())
    }
}

async fn seen_of(roster: &PgRoster, n: u8) -> Seen {
    let (_, all) = roster.list().await.unwrap();
    all.into_iter().find(|seen| seen.beat.member.gateway == gateway(n)).unwrap()
}

#[tokio::test]
async fn a_killed_process_stands_still_and_the_other_follows_on() {
    let (pg, _database) = fresh().await;
    let (one, two) = (Process::start(&pg, 1), Process::start(&pg, 2));
    for process in [&one, &two] {
        until("it has a lease", || process.standing() == Standing::Full).await;
    }
    let ledger = pg.ledger();
    ledger.append(tenant(1), 0, vec![Bytes::from_static(b"4")]).await.unwrap();
    for process in [&one, &two] {
        process.tenants.view(tenant(1)).await.unwrap();
    }
    one.running.abort();
    until("it is dead", || one.running.is_finished()).await;
    let last = seen_of(&pg.roster(), 1).await;
    ledger.append(tenant(1), 1, vec![Bytes::from_static(b"5")]).await.unwrap();
    // Until its lease is surely over, by the roster's time.
    loop {
        let (now, all) = pg.roster().list().await.unwrap();
        let [dead, living] = &all[..] else { panic!("{all:?}") };
        assert_eq!((dead, dead.left), (&last, None));
        assert_eq!(living.beat.member.gateway, gateway(2));
        if now > dead.over_at() {
            let behind = Span::seconds(1);
            assert!(
                now - living.seen < behind
                    && living.beat.applied.unwrap() > dead.over_at() - behind
            );
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(two.tenants.cached(tenant(1)).unwrap().state.total, 9);
    assert_eq!(one.tenants.cached(tenant(1)).unwrap().state.total, 4);
    assert_eq!(two.keeper.status().failures, 0);
}

#[tokio::test]
async fn a_lease_ends_with_the_database_and_comes_back_with_it() {
    let server = Postgres::start().unwrap();
    let pg = migrated(&server.url(), &server.owner_url()).await;
    let process = Process::start(&pg, 1);
    until("it has a lease", || process.standing() == Standing::Full).await;
    let before = seen_of(&pg.roster(), 1).await;
    server.kill9().unwrap();
    let failures = process.keeper.status().failures;
    until("it notices", || process.keeper.status().failures >= failures + 3).await;
    process.clock.advance(Span::seconds(5));
    assert_eq!(process.standing(), Standing::Nothing);
    server.start_again().unwrap();
    until("it is renewed", || process.standing() == Standing::Full).await;
    let after = seen_of(&pg.roster(), 1).await;
    assert!(after.seen > before.seen && after.beat.member == before.beat.member);
}

#[tokio::test]
async fn a_full_pool_costs_no_lease() {
    let (pg, _database) = fresh().await;
    let process = Process::start(&pg, 1);
    until("it has a lease", || process.standing() == Standing::Full).await;
    // Every connection of the pool is lent, and more are asked for.
    let mut lent = Vec::new();
    for n in 1..=8 {
        lent.push(pg.tenant_tx(tenant(n)).await.unwrap());
    }
    assert!(timeout(Duration::from_millis(20), pg.tenant_tx(tenant(9))).await.is_err());
    process.clock.advance(Span::seconds(9));
    until("it is renewed", || process.standing() == Standing::Full).await;
    assert_eq!((process.keeper.status().failures, lent.len()), (0, 8));
}

/// How many server processes have this role's questions, and how many of those wait for the standby.
fn backends(server: &Postgres) -> (u32, u32) {
    let counted = "SELECT count(*), count(*) FILTER (WHERE wait_event = 'SyncRep')
        FROM pg_stat_activity WHERE usename = 'writ_app'";
    let told = server.sql("postgres", counted).unwrap();
    let (all, waiting) = told.split_once('|').unwrap();
    (all.parse().unwrap(), waiting.parse().unwrap())
}

#[tokio::test]
async fn what_waits_for_a_lost_standby_does_not_fill_the_server() {
    const ROUNDS: u8 = 80;
    let server = Postgres::start().unwrap();
    let pg = migrated(&server.url(), &server.owner_url()).await;
    let (roster, ledger) = (pg.roster(), pg.ledger());
    roster.beat(beat(1, 1)).await.unwrap();
    let standby = server.standby().unwrap();
    roster.beat(beat(1, 1)).await.unwrap();
    standby.freeze().unwrap();
    let given_up = Duration::from_millis(100);
    // Beats wait for the first one's row, and the server itself ends those after two seconds.
    for _ in 0..ROUNDS / 2 {
        let beat = timeout(given_up, roster.beat(beat(1, 1))).await;
        assert!(!matches!(beat, Ok(Ok(_))), "heard without the standby");
    }
    let (all, waiting) = backends(&server);
    println!("{} beats given up: {waiting} wait, {all} server processes", ROUNDS / 2);
    assert!(all <= 40 && waiting <= 2, "{all} server processes, {waiting} wait");
    // Lines of many tenants wait side by side, each with a server process that nobody may end.
    let mut refused = 0;
    for n in 1..=ROUNDS {
        let append = ledger.append(tenant(n), 0, vec![Bytes::from_static(b"4")]);
        match timeout(given_up, append).await {
            Ok(Ok(head)) => panic!("acknowledged without the standby: {head:?}"),
            Ok(Err(fault)) => refused += u32::from(fault.to_string().contains("its standby")),
            Err(_given_up) => {}
        }
    }
    let (all, waiting) = backends(&server);
    println!(
        "{ROUNDS} appends given up: {refused} refused, {waiting} wait, {all} server processes"
    );
    assert!(refused > 0 && waiting < u32::from(ROUNDS) / 2, "{refused} refused, {waiting} wait");
    standby.thaw().unwrap();
    until("nobody waits any more", || backends(&server).1 == 0).await;
    let mut ticks = interval(COALESCE);
    let heard = async {
        while roster.beat(beat(1, 1)).await.is_err() {
            ticks.tick().await;
        }
    };
    assert!(timeout(Duration::from_secs(20), heard).await.is_ok(), "no beat is heard again");
    // What was given up on may stand, and is read before it is repeated.
    let there = ledger.heads().await.unwrap().len();
    assert!(
        there + 1 >= usize::try_from(waiting).unwrap(),
        "{there} of {waiting}, a beat among them"
    );
}
