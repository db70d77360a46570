//! A server that is killed, hangs or is replaced by its standby: nothing acknowledged is lost, nothing hangs.

use std::process::Command;

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Duration, Instant, timeout},
};

use super::*;
use crate::{FollowError, Ledger, ReadError, Sequencer, Tenants, follow::tests::Sum};

const LONG: Duration = Duration::from_mins(1);

/// Appends numbers to one tenant until told to stop, whatever happens; gives those that were acknowledged.
async fn write(pg: Pg, n: u8, acks: mpsc::Sender<()>, stop: CancellationToken) -> Vec<u64> {
    let ledger: Arc<dyn Ledger> = Arc::new(pg.ledger());
    let sequencer = Sequencer::<Sum>::new(Arc::new(Tenants::new(ledger)));
    let (mut acknowledged, mut number) = (Vec::new(), 0_u64);
    while !stop.is_cancelled() {
        number += 1;
        let line = move |_: &_| Ok::<_, String>(vec![Bytes::from(number.to_string())]);
        match sequencer.submit(tenant(n), Box::new(line)).await {
            Ok(_) => {
                acknowledged.push(number);
                // Only the first few are waited for.
                acks.try_send(()).unwrap_or_default();
            }
            Err(_) => tokio::task::yield_now().await,
        }
    }
    acknowledged
}

/// What was acknowledged is there, in order, and what was not is there at most once.
async fn verify(pg: &Pg, n: u8, acknowledged: &[u64]) {
    let ledger: Arc<dyn Ledger> = Arc::new(pg.ledger());
    let mut found: Vec<u64> = Vec::new();
    loop {
        let lines = ledger.read(tenant(n), found.len() as u64, usize::MAX).await.unwrap();
        if lines.is_empty() {
            break;
        }
        let numbers = lines.iter().map(|line| std::str::from_utf8(line).unwrap().parse::<u64>());
        found.extend(numbers.map(Result::unwrap));
    }
    assert!(found.is_sorted_by(|a, b| a < b), "in order, none twice: {found:?}");
    for number in acknowledged {
        assert!(found.contains(number), "{number} of tenant {n} was acknowledged and is lost");
    }
    let view = Tenants::<Sum>::new(Arc::clone(&ledger)).view(tenant(n)).await.unwrap();
    assert_eq!(view.root(), ledger.head(tenant(n)).await.unwrap().root);
}

async fn heard(acks: &mut mpsc::Receiver<()>, count: usize) {
    while acks.try_recv().is_ok() {}
    for _ in 0..count {
        timeout(LONG, acks.recv()).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_comes_back_has_everything_it_acknowledged() {
    let server = Postgres::start().unwrap();
    let pg = migrated(&server.url(), &server.owner_url()).await;
    let (told, mut acks) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let writers: Vec<_> =
        (0..3).map(|n| tokio::spawn(write(pg.clone(), n, told.clone(), stop.clone()))).collect();
    let follower = Tenants::<Sum>::new(Arc::new(pg.ledger()));
    for _ in 0..3 {
        heard(&mut acks, 64).await;
        follower.view(tenant(1)).await.unwrap();
        server.kill9().unwrap();
        let fault = follower.poll().await;
        assert!(matches!(fault, Err(ReadError::Faulted { .. })), "{fault:?}");
        server.start_again().unwrap();
        heard(&mut acks, 64).await;
        let size = pg.ledger().head(tenant(1)).await.unwrap().size;
        follower.poll().await.unwrap();
        assert!(follower.cached(tenant(1)).unwrap().size >= size, "its mark still holds");
    }
    stop.cancel();
    for (n, writer) in (0..).zip(writers) {
        verify(&pg, n, &writer.await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_takes_over_has_everything_that_was_acknowledged() {
    let server = Postgres::start().unwrap();
    let standby = server.standby().unwrap();
    let url = |role| {
        format!("postgresql://{role}@127.0.0.1:{},127.0.0.1:{}/writ", server.port(), standby.port())
    };
    let pg = migrated(&url("writ_app"), &url("writ_owner")).await;
    let (told, mut acks) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let writers: Vec<_> =
        (0..3).map(|n| tokio::spawn(write(pg.clone(), n, told.clone(), stop.clone()))).collect();
    heard(&mut acks, 64).await;
    let follower = Tenants::<Sum>::new(Arc::new(pg.ledger()));
    for n in 0..3 {
        follower.view(tenant(n)).await.unwrap();
    }
    // Numbers that no log line records: the new server begins below the mark. A tenant that stands still is told too.
    let mark = pg.ledger();
    mark.append(tenant(9), 0, vec![Bytes::from_static(b"1")]).await.unwrap();
    for _ in 0..50 {
        let mut tx = pg.fleet_tx().await.unwrap();
        tx.rows("SELECT pg_current_xact_id()::text", &[]).await.unwrap();
    }
    let before = mark.heads_since(None).await.unwrap().mark;
    follower.poll().await.unwrap();
    server.kill9().unwrap();
    standby.promote().unwrap();
    heard(&mut acks, 64).await;
    let told = mark.heads_since(Some(before)).await.unwrap();
    assert_eq!(told.heads.len(), 4, "another run of the cluster: everything is told");
    stop.cancel();
    for (n, writer) in (0..).zip(writers) {
        verify(&pg, n, &writer.await.unwrap()).await;
    }
    follower.poll().await.unwrap();
    for n in 0..3 {
        let head = pg.ledger().head(tenant(n)).await.unwrap();
        assert_eq!(follower.cached(tenant(n)).unwrap().size, head.size);
    }
}

fn line(number: &'static str) -> Vec<Bytes> {
    vec![Bytes::from_static(number.as_bytes())]
}

/// Appends once the connections that are gone are known to be.
async fn append(pg: &Pg, n: u8, expected: u64, number: &'static str) {
    let ledger = pg.ledger();
    let appended = async {
        while ledger.append(tenant(n), expected, line(number)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, appended).await.unwrap();
}

/// The first poll that could read the ledger: a lease is renewed by it.
async fn first_poll(follower: &Tenants<Sum>) -> crate::follow::Polled {
    let polled = async {
        loop {
            match follower.poll().await {
                Ok(polled) => return polled,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    timeout(LONG, polled).await.unwrap()
}

#[tokio::test]
async fn what_is_written_after_a_crash_is_told_though_its_number_was_there_before() {
    // Nothing is flushed that no commit waits for.
    let server = Postgres::start_with(&["wal_writer_delay=10s"]).unwrap();
    let pg = migrated(&server.url(), &server.owner_url()).await;
    append(&pg, 1, 0, "1").await;
    let follower = Tenants::<Sum>::new(Arc::new(pg.ledger()));
    follower.view(tenant(1)).await.unwrap();
    // Its writer flushes every ten seconds nevertheless: a round in which it just did shows nothing, and is followed by
    // another one. LIMIT: rounds.
    let (mut again, mut round) = (0, 0);
    while again < 2 {
        round += 1;
        assert!(round < 20, "no number was handed out again");
        for _ in 0..200 {
            let mut tx = pg.fleet_tx().await.unwrap();
            tx.rows("SELECT pg_current_xact_id()::text", &[]).await.unwrap();
        }
        for _ in 0..2 {
            follower.poll().await.unwrap();
        }
        let mark = pg.ledger().heads_since(None).await.unwrap().mark.at;
        server.kill9().unwrap();
        server.start_again().unwrap();
        append(&pg, 1, round, "1").await;
        let moved = server.sql("writ", "SELECT moved FROM writ.heads").unwrap();
        again += u64::from(moved.parse::<u64>().unwrap() < mark);
        let polled = first_poll(&follower).await;
        assert_eq!((polled.advanced, polled.refused), (1, Vec::new()));
        assert_eq!(follower.cached(tenant(1)).unwrap().size, round + 1);
    }
}

#[tokio::test]
async fn a_failover_that_lost_a_tail_is_noticed_and_its_tenants_are_refused() {
    let server = Postgres::start().unwrap();
    let standby = server.standby().unwrap();
    let url = |role| {
        format!("postgresql://{role}@127.0.0.1:{},127.0.0.1:{}/writ", server.port(), standby.port())
    };
    let pg = migrated(&url("writ_app"), &url("writ_owner")).await;
    for n in 1..=4 {
        append(&pg, n, 0, "1").await;
    }
    // From here on nothing reaches the standby, and nobody waits for it.
    server.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''").unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()").unwrap();
    standby.sql("postgres", "ALTER SYSTEM SET primary_conninfo = ''").unwrap();
    standby.sql("postgres", "SELECT pg_reload_conf()").unwrap();
    let cut = async {
        while server.sql("postgres", "SELECT count(*) FROM pg_stat_replication").unwrap() != "0" {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, cut).await.unwrap();
    append(&pg, 1, 1, "2").await;
    append(&pg, 2, 1, "2").await;
    append(&pg, 5, 0, "2").await;
    let follower = Tenants::<Sum>::new(Arc::new(pg.ledger()));
    for n in 1..=5 {
        follower.view(tenant(n)).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(follower.poll().await.unwrap().refused, []);
    }
    server.kill9().unwrap();
    standby.promote().unwrap();
    // One lost its tail, one has another line in its place, one is gone; one is as it was, and one goes on.
    append(&pg, 2, 1, "3").await;
    append(&pg, 4, 1, "3").await;
    let polled = first_poll(&follower).await;
    assert_eq!((polled.advanced, polled.refused.len()), (1, 3), "{:?}", polled.refused);
    assert_eq!(follower.in_memory(), [tenant(3), tenant(4)]);
    append(&pg, 1, 1, "3").await;
    assert_eq!(follower.poll().await.unwrap().refused, []);
    for n in [1, 2, 5] {
        let fault = follower.view(tenant(n)).await.unwrap_err();
        assert!(matches!(fault, FollowError::Read(ReadError::Damaged { .. })), "{n}: {fault}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_its_late_answers_reach_nobody() {
    let server = Postgres::start().unwrap();
    let pg = migrated(&server.url(), &server.owner_url()).await;
    let ledger = pg.ledger();
    ledger.append(tenant(1), 0, vec![Bytes::from_static(b"1")]).await.unwrap();
    let pids = "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE usename = 'writ_app'";
    let pids = server.sql("postgres", pids).unwrap();
    let signal = |name: &str| {
        let all = Command::new("kill").arg(name).args(pids.split(' ')).status().unwrap();
        assert!(all.success());
    };
    signal("-STOP");
    let begun = Instant::now();
    let fault = timeout(LONG, ledger.append(tenant(1), 1, vec![Bytes::from_static(b"2")])).await;
    assert!(matches!(fault, Ok(Err(crate::AppendError::Faulted { .. }))), "{fault:?}");
    assert!(begun.elapsed() < ANSWER * 3);
    // Others get connections of their own meanwhile, and whatever the hung ones say later is nobody's answer.
    assert_eq!(ledger.head(tenant(2)).await.unwrap().size, 0);
    signal("-CONT");
    for _ in 0..50 {
        assert_eq!(ledger.head(tenant(2)).await.unwrap().size, 0);
        assert!([1, 2].contains(&ledger.head(tenant(1)).await.unwrap().size));
    }
}
