//! The limit, over many meters on one bank: in every order of steps, crashes and faults, and under load on PostgreSQL.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use writ_model::Entropy;
use writ_testkit::SeededEntropy;

use super::*;
use crate::postgres::tests::{fresh, migrated};

const CAP: u64 = 60;
const METERS: usize = 4;

/// Random numbers below a bound.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_be_bytes(bytes) % bound
    }
}

/// What was spent of each window, and what may be lost of it.
#[derive(Default)]
struct Truth {
    spent: BTreeMap<i64, u64>,
    crashed: bool,
}

/// One random walk: after each step nothing is over the cap, and spent and held is what the bank says or less.
async fn walk(seed: u64) {
    let mut dice = Dice(SeededEntropy::new(seed));
    let bank = Moody::well();
    let mut meters: Vec<LeasedMeter> = (0..METERS).map(|_| meter(&bank)).collect();
    let (mut now, mut truth) = (at(0), Truth::default());
    let mut reserved: Vec<(usize, Timestamp, Reservation)> = Vec::new();
    let start = |now: Timestamp| now.seconds() / 60 * 60;
    for step in 0..400 {
        let who = usize::try_from(dice.below(4)).unwrap();
        let amount = 1 + dice.below(4);
        match dice.below(20) {
            0..=10 => {
                let want = Reservation { amount, ..want(1, MINUTE, CAP) };
                if take(&meters[who], now, &[want]).await.is_ok() {
                    *truth.spent.entry(start(now)).or_default() += amount;
                    reserved.push((who, now, want));
                }
            }
            11 | 12 if !reserved.is_empty() => {
                let index = usize::try_from(dice.below(reserved.len() as u64)).unwrap();
                let (owner, at, want) = reserved.swap_remove(index);
                meters[owner].settle(tenant(1), at, &[want]);
                *truth.spent.entry(start(at)).or_default() -= want.amount;
            }
            13..=15 => meters[who].tidy(now).await,
            16 => now = now + Span::millis(i64::try_from(dice.below(9_000)).unwrap()),
            17 => {
                meters[who] = meter(&bank);
                reserved.retain(|(owner, ..)| *owner != who);
                truth.crashed = true;
            }
            18 => {
                let moods = [Mood::Away, Mood::Forgets, Mood::Keeps];
                bank.be(moods[usize::try_from(dice.below(3)).unwrap()]);
                truth.crashed = true;
            }
            _ => bank.be(Mood::Well),
        }
        let spent = truth.spent.get(&start(now)).copied().unwrap_or(0);
        let drawn = total(&bank, 1, MINUTE, start(now)).await;
        assert!(spent <= drawn && drawn <= CAP, "seed {seed}, step {step}: {spent} of {drawn}");
    }
    bank.be(Mood::Well);
    let spent = truth.spent.get(&start(now)).copied().unwrap_or(0);
    for meter in &meters {
        meter.close(now).await;
    }
    let drawn = total(&bank, 1, MINUTE, start(now)).await;
    assert!(truth.crashed || drawn == spent, "seed {seed}: nothing is lost without a crash");
    let (mut more, fresh) = (0, meter(&bank));
    while take(&fresh, now, &[want(1, MINUTE, CAP)]).await.is_ok() {
        more += 1;
    }
    assert_eq!(drawn + more, CAP, "seed {seed}: all that is not lost can be used");
}

#[tokio::test]
async fn in_any_order_of_steps_crashes_and_faults_the_cap_holds() {
    for seed in 0..150 {
        walk(seed).await;
    }
}

/// 4 meters by 50 callers on one cap; one is lost on the way. Gives what was let through, and what was lost.
async fn load(bank: Arc<dyn Bank>, cap: u64, now: Timestamp) -> (u64, u64) {
    let let_through = Arc::new(AtomicU64::new(0));
    let stop = tokio_util::sync::CancellationToken::new();
    let mut meters: Vec<LeasedMeter> =
        (1..=4).map(|n| LeasedMeter::new(Arc::clone(&bank), boot(n))).collect();
    let lost = meters.pop().unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for (number, meter) in meters.iter().chain([&lost]).enumerate() {
        for _ in 0..50 {
            let (meter, let_through) = (meter.clone(), Arc::clone(&let_through));
            let stop = if number == 3 { stop.clone() } else { <_>::default() };
            callers.spawn(async move {
                while !stop.is_cancelled() {
                    match take(&meter, now, &[want(1, HOUR, cap)]).await {
                        Ok(()) => drop(let_through.fetch_add(1, Ordering::SeqCst)),
                        Err(MeterRefusal::Exceeded { .. }) => return,
                        Err(other) => panic!("{other}"),
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
    }
    // In the middle of it: its callers stop, and what it holds is never given back.
    while let_through.load(Ordering::SeqCst) < cap / 3 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    let window = Window { key: key(1), length: HOUR, start: window_start(now, HOUR) };
    while let Some(done) = callers.join_next().await {
        done.unwrap();
        let through = let_through.load(Ordering::SeqCst);
        let drawn = bank.read(tenant(1), &[window]).await.unwrap()[0];
        assert!(through <= drawn && drawn <= cap, "{through} of {drawn}");
    }
    let held = lost.till.held(tenant(1));
    drop(lost);
    // What idle gateways held near the end they have given back; one of them uses the rest.
    for meter in &meters {
        meter.close(now).await;
    }
    while take(&meters[0], now + KNOWN, &[want(1, HOUR, cap)]).await.is_ok() {
        let_through.fetch_add(1, Ordering::SeqCst);
    }
    (let_through.load(Ordering::SeqCst), held)
}

fn window_start(now: Timestamp, window: Span) -> Timestamp {
    crate::meter::window_start(now, window).unwrap()
}

#[tokio::test]
async fn four_meters_and_fifty_callers_each_never_pass_the_cap_in_memory() {
    for cap in [100, 997, 20_000] {
        let (through, lost) = load(Arc::new(MemoryBank::default()), cap, at(7_200)).await;
        assert_eq!(through + lost, cap, "the cap is used up to what was lost");
        assert!(lost <= cap / 8 + 1, "{lost} of {cap}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_meters_and_fifty_callers_each_never_pass_the_cap_on_postgres() {
    let (pg, _database) = fresh().await;
    let now = pg.now().await.unwrap();
    for (round, cap) in [100, 5_000].into_iter().enumerate() {
        let hours = Span::hours(i64::try_from(round).unwrap());
        let (through, lost) = load(Arc::new(pg.bank()), cap, now + hours).await;
        assert_eq!(through + lost, cap, "the cap is used up to what was lost");
        assert!(lost <= cap / 8 + 1, "{lost} of {cap}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_a_crash_of_postgres_the_cap_holds() {
    const CAP: u64 = 4_000;
    let server = writ_testkit::Postgres::start().unwrap();
    let pg = migrated(&server.url(), &server.owner_url()).await;
    let now = pg.now().await.unwrap();
    let (through, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let up = tokio::sync::watch::Sender::new(true);
    let crashed = tokio::sync::watch::Sender::new(false);
    let mut callers = tokio::task::JoinSet::new();
    for n in 1..=2 {
        let meter = LeasedMeter::new(Arc::new(pg.bank()), boot(n));
        for _ in 0..10 {
            let (meter, mut up) = (meter.clone(), up.subscribe());
            let mut crashed = crashed.subscribe();
            let (through, refused) = (Arc::clone(&through), Arc::clone(&refused));
            callers.spawn(async move {
                loop {
                    if through.load(Ordering::SeqCst) > CAP / 2 {
                        crashed.wait_for(|crashed| *crashed).await.unwrap();
                    }
                    match take(&meter, now, &[want(1, HOUR, CAP)]).await {
                        Ok(()) => drop(through.fetch_add(1, Ordering::SeqCst)),
                        Err(MeterRefusal::Exceeded { .. }) => return,
                        Err(MeterRefusal::Unreachable) => {
                            refused.fetch_add(1, Ordering::SeqCst);
                            up.wait_for(|up| *up).await.unwrap();
                        }
                        Err(other) => panic!("{other}"),
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
    }
    while through.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    up.send_replace(false);
    server.kill9().unwrap();
    crashed.send_replace(true);
    while refused.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    server.start_again().unwrap();
    up.send_replace(true);
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    let window = Window { key: key(1), length: HOUR, start: window_start(now, HOUR) };
    let drawn = pg.bank().read(tenant(1), &[window]).await.unwrap()[0];
    let through = through.load(Ordering::SeqCst);
    assert!(through <= drawn && drawn == CAP, "{through} of {drawn}");
    assert!(through >= CAP - 2 * (CAP / 8) - 20, "only what was under way is lost: {through}");
}
