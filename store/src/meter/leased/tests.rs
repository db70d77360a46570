//! Shares, windows, bounds, crashes, a bank that fails; and that the limit holds through all of it.

mod bank;
mod many;
mod places;

use std::sync::Arc;

use writ_model::{AgentId, GrantId};
use writ_testkit::TempDir;

use self::bank::{Mood, Moody};
use super::*;
use crate::{
    MemoryBank, SqliteBank,
    meter::bank::{MAX_DRAWS, Window},
};

const MINUTE: Span = Span::minutes(1);
const HOUR: Span = Span::hours(1);

fn tenant(n: u8) -> TenantId {
    TenantId::from_bytes([n; 16])
}

fn boot(n: u8) -> BootId {
    BootId::from_bytes([n; 16])
}

fn key(n: u8) -> MeterKey {
    MeterKey::new(AgentId::from_bytes([n; 16]), GrantId::from_bytes([n; 16]), 0)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn want(n: u8, window: Span, limit: u64) -> Reservation {
    Reservation { key: key(n), window, limit, amount: 1 }
}

fn meter(bank: &Arc<Moody>) -> LeasedMeter {
    LeasedMeter::new(Arc::<Moody>::clone(bank), boot(1))
}

/// As the gateway takes: from the share at hand, and if that is short, from the bank.
async fn take(
    meter: &LeasedMeter,
    now: Timestamp,
    wanted: &[Reservation],
) -> Result<(), MeterRefusal> {
    match meter.reserve(tenant(1), now, wanted) {
        Err(MeterRefusal::Short { .. }) => meter.draw_and_reserve(tenant(1), now, wanted).await,
        other => other,
    }
}

fn used(meter: &LeasedMeter, n: u8, window: Span, now: Timestamp) -> u64 {
    meter.read(tenant(1), &key(n), window, now)
}

async fn total(bank: &Moody, n: u8, length: Span, start: i64) -> u64 {
    let window = Window { key: key(n), length, start: at(start) };
    bank.inner.read(tenant(1), &[window]).await.unwrap()[0]
}

#[tokio::test]
async fn a_window_holds_its_limit_and_the_next_one_starts_afresh() {
    let meter = meter(&Moody::well());
    for n in 0..3 {
        assert_eq!(used(&meter, 1, MINUTE, at(30)), n);
        assert_eq!(take(&meter, at(30), &[want(1, MINUTE, 3)]).await, Ok(()));
    }
    let refused = take(&meter, at(59), &[want(1, MINUTE, 3)]).await;
    assert_eq!(refused, Err(MeterRefusal::Exceeded { index: 0, used: 3, resets: at(60) }));
    assert_eq!(used(&meter, 1, MINUTE, at(60)), 0);
    assert_eq!(take(&meter, at(60), &[want(1, MINUTE, 3)]).await, Ok(()));
    assert_eq!(used(&meter, 1, MINUTE, at(61)), 1);
    // A straggler from the window before neither passes its limit nor disturbs the new one.
    let late = take(&meter, at(59), &[want(1, MINUTE, 3)]).await;
    assert_eq!(late, Err(MeterRefusal::Exceeded { index: 0, used: 3, resets: at(60) }));
    assert_eq!(take(&meter, at(59), &[want(1, MINUTE, 4)]).await, Ok(()));
    assert_eq!(used(&meter, 1, MINUTE, at(61)), 1);
}

#[tokio::test]
async fn a_list_is_counted_whole_or_not_at_all() {
    let bank = Moody::well();
    let meter = meter(&bank);
    take(&meter, at(0), &[want(2, HOUR, 1)]).await.unwrap();
    let list = [want(1, MINUTE, 9), want(2, HOUR, 1), want(3, HOUR, 9)];
    let refused = take(&meter, at(1), &list).await.unwrap_err();
    assert_eq!(refused, MeterRefusal::Exceeded { index: 1, used: 1, resets: at(3600) });
    for n in [1, 3] {
        assert_eq!((used(&meter, n, MINUTE, at(1)), used(&meter, n, HOUR, at(1))), (0, 0));
        assert_eq!((total(&bank, n, MINUTE, 0).await, total(&bank, n, HOUR, 0).await), (0, 0));
    }
    // The same counter twice in one list is counted twice.
    let twice = [want(4, MINUTE, 1), want(4, MINUTE, 1)];
    let refused = take(&meter, at(1), &twice).await.unwrap_err();
    assert!(matches!(refused, MeterRefusal::Exceeded { .. }), "{refused}");
    let twice = [want(4, MINUTE, 2), want(4, MINUTE, 2)];
    assert_eq!(take(&meter, at(1), &twice).await, Ok(()));
    assert_eq!(used(&meter, 4, MINUTE, at(1)), 2);
    let beyond = Reservation { amount: u64::MAX, ..want(5, MINUTE, u64::MAX) };
    assert!(take(&meter, at(1), &[beyond]).await.is_err(), "more than a bank can count");
    let nothing = want(6, Span::seconds(0), 5);
    let refused = take(&meter, at(1), &[nothing]).await;
    assert_eq!(refused, Err(MeterRefusal::NoWindow { index: 0 }));
    let free = Reservation { amount: 0, ..want(7, MINUTE, 0) };
    assert_eq!(meter.reserve(tenant(1), at(1), &[free]), Ok(()), "nothing is always there");
    let many = vec![want(8, MINUTE, 1_000_000); MAX_DRAWS + 9];
    assert_eq!(take(&meter, at(1), &many).await, Ok(()), "one counter is one draw");
}

#[tokio::test]
async fn a_busy_counter_asks_seldom_and_a_quiet_one_holds_nothing() {
    let bank = Moody::well();
    let meter = meter(&bank);
    for _ in 0..1000 {
        take(&meter, at(0), &[want(1, HOUR, 1_000_000)]).await.unwrap();
    }
    assert!(bank.draws() <= 11, "{} draws", bank.draws());
    let before = bank.draws();
    for second in 0..20 {
        take(&meter, at(second * 2), &[want(2, HOUR, 1_000_000)]).await.unwrap();
        assert_eq!(total(&bank, 2, HOUR, 0).await, u64::try_from(second).unwrap() + 1);
    }
    assert_eq!(bank.draws() - before, 20);
}

#[tokio::test]
async fn near_the_limit_only_what_is_needed_is_drawn() {
    let bank = Moody::well();
    let meter = meter(&bank);
    for n in 1..=100 {
        take(&meter, at(0), &[want(1, HOUR, 100)]).await.unwrap();
        let ahead = total(&bank, 1, HOUR, 0).await - n;
        assert!(ahead <= (100 - n).div_ceil(8) + 1, "{ahead} at {n}");
    }
    let refused = take(&meter, at(0), &[want(1, HOUR, 100)]).await;
    assert_eq!(refused, Err(MeterRefusal::Exceeded { index: 0, used: 100, resets: at(3600) }));
}

#[tokio::test]
async fn idle_shares_go_back_and_what_was_never_used_too() {
    let bank = Moody::well();
    let meter = meter(&bank);
    for _ in 0..5 {
        take(&meter, at(0), &[want(1, HOUR, 800)]).await.unwrap();
    }
    assert!(total(&bank, 1, HOUR, 0).await > 5);
    meter.tidy(Timestamp::from_micros(999_999)).await;
    assert!(total(&bank, 1, HOUR, 0).await > 5, "not idle for long enough");
    meter.tidy(at(1)).await;
    assert_eq!(total(&bank, 1, HOUR, 0).await, 5);
    meter.settle(tenant(1), at(0), &[Reservation { amount: 2, ..want(1, HOUR, 800) }]);
    assert_eq!(used(&meter, 1, HOUR, at(1)), 3);
    // Nobody can give back what was never taken.
    meter.settle(tenant(1), at(0), &[Reservation { amount: 99, ..want(1, HOUR, 800) }]);
    meter.tidy(at(5)).await;
    assert_eq!((total(&bank, 1, HOUR, 0).await, used(&meter, 1, HOUR, at(5))), (0, 0));
    // Of a window that is over nothing is given back.
    take(&meter, at(5), &[want(1, MINUTE, 8)]).await.unwrap();
    take(&meter, at(65), &[want(1, MINUTE, 8)]).await.unwrap();
    meter.settle(tenant(1), at(5), &[want(1, MINUTE, 8)]);
    meter.tidy(at(70)).await;
    assert_eq!((total(&bank, 1, MINUTE, 0).await, total(&bank, 1, MINUTE, 60).await), (1, 1));
}

#[tokio::test]
async fn a_limit_that_was_lowered_holds_for_the_share_at_hand_too() {
    let bank = Moody::well();
    let meter = meter(&bank);
    for _ in 0..20 {
        take(&meter, at(0), &[want(1, HOUR, 800)]).await.unwrap();
    }
    let refused = take(&meter, at(0), &[want(1, HOUR, 20)]).await;
    assert!(matches!(refused, Err(MeterRefusal::Exceeded { .. })), "{refused:?}");
    meter.tidy(at(1)).await;
    let refused = take(&meter, at(1), &[want(1, HOUR, 20)]).await;
    assert!(matches!(refused, Err(MeterRefusal::Exceeded { used: 20, .. })), "{refused:?}");
    assert_eq!(take(&meter, at(1), &[want(1, HOUR, 21)]).await, Ok(()));
}

#[tokio::test]
async fn what_others_used_is_believed_for_a_moment_only() {
    let bank = Moody::well();
    let (one, two) = (meter(&bank), meter(&bank));
    take(&one, at(0), &[Reservation { amount: 5, ..want(1, HOUR, 5) }]).await.unwrap();
    let refused = take(&two, at(0), &[want(1, HOUR, 5)]).await;
    assert!(matches!(refused, Err(MeterRefusal::Exceeded { used: 5, .. })), "{refused:?}");
    assert_eq!(used(&two, 1, HOUR, at(0)), 5);
    let asked = bank.draws();
    take(&two, at(0), &[want(1, HOUR, 5)]).await.unwrap_err();
    assert_eq!(bank.draws(), asked, "a refusal that is known costs nothing");
    one.settle(tenant(1), at(0), &[Reservation { amount: 5, ..want(1, HOUR, 5) }]);
    one.tidy(at(2)).await;
    assert_eq!(used(&two, 1, HOUR, at(2)), 0);
    assert_eq!(take(&two, at(2), &[want(1, HOUR, 5)]).await, Ok(()));
}

#[tokio::test]
async fn a_full_meter_refuses_until_something_expires_and_forgets_what_is_over() {
    let bank = Moody::well();
    let meter = LeasedMeter::bounded(Arc::<Moody>::clone(&bank), boot(1), (2, 3));
    let go = async |who: u8, now, list: &[Reservation]| {
        meter.draw_and_reserve(tenant(who), now, list).await
    };
    go(1, at(0), &[want(1, MINUTE, 9), want(2, HOUR, 9)]).await.unwrap();
    let full = |bound| Err(MeterRefusal::Full { bound });
    assert_eq!(go(1, at(1), &[want(3, MINUTE, 9)]).await, full(2));
    assert_eq!(go(1, at(1), &[want(1, MINUTE, 9)]).await, Ok(()), "it is known");
    go(17, at(1), &[want(1, MINUTE, 9)]).await.unwrap();
    assert_eq!(go(2, at(1), &[want(1, MINUTE, 9)]).await, full(3));
    assert_eq!(meter.at_hand(), 3);
    assert_eq!(go(1, at(61), &[want(1, MINUTE, 9), want(3, MINUTE, 9)]).await, full(2));
    assert_eq!(go(1, at(61), &[want(3, MINUTE, 9)]).await, Ok(()));
    assert_eq!(go(17, at(4000), &[want(8, MINUTE, 9)]).await, Ok(()));
    meter.tidy(at(9000)).await;
    assert_eq!((meter.at_hand(), meter.till.known()), (0, 0), "all windows are over");
    meter.tidy(at(9000) + crate::meter::bank::GRACE + KNOWN).await;
    assert_eq!(total(&bank, 2, HOUR, 0).await, 0, "and the bank has forgotten them too");
}

#[tokio::test]
async fn an_embedded_meter_keeps_its_counts_over_restarts() {
    let dir = TempDir::new().unwrap();
    let open = || LeasedMeter::new(Arc::new(SqliteBank::open(dir.path()).unwrap()), boot(1));
    let fifty = Reservation { amount: 50, ..want(1, HOUR, 800) };
    let meter = open();
    for _ in 0..3 {
        take(&meter, at(0), &[fifty]).await.unwrap();
    }
    meter.close(at(0)).await;
    drop(meter);
    let meter = open();
    let rest = Reservation { amount: 651, ..want(1, HOUR, 800) };
    let refused = take(&meter, at(0), &[rest]).await;
    assert!(matches!(refused, Err(MeterRefusal::Exceeded { used: 150, .. })), "{refused:?}");
    for _ in 0..3 {
        take(&meter, at(0), &[want(1, HOUR, 800)]).await.unwrap();
    }
    // This time it crashes: what it held is spent, at most an eighth of what was left.
    drop(meter);
    let meter = open();
    let mut more = 0;
    while take(&meter, at(0), &[want(1, HOUR, 800)]).await.is_ok() {
        more += 1;
    }
    assert!((647 - 647 / 8..=647).contains(&more), "{more}");
    assert_eq!(used(&meter, 1, HOUR, at(0)), 800);
    take(&meter, at(3600), &[want(1, HOUR, 800)]).await.unwrap();
}

#[tokio::test]
async fn while_the_bank_is_away_what_is_limited_is_refused() {
    let bank = Moody::well();
    let meter = meter(&bank);
    for _ in 0..6 {
        take(&meter, at(0), &[want(1, HOUR, 800)]).await.unwrap();
    }
    let held = total(&bank, 1, HOUR, 0).await - 6;
    assert!(held > 0 && meter.reachable());
    bank.be(Mood::Away);
    assert_eq!(take(&meter, at(0), &[want(2, HOUR, 9)]).await, Err(MeterRefusal::Unreachable));
    assert_eq!(MeterRefusal::Unreachable.code().0, "STOR-0060");
    assert!(!meter.reachable());
    assert_eq!(meter.reserve(tenant(1), at(0), &[]), Ok(()), "what is not limited goes on");
    for _ in 0..held {
        assert_eq!(take(&meter, at(0), &[want(1, HOUR, 800)]).await, Ok(()), "it is drawn");
    }
    assert_eq!(take(&meter, at(0), &[want(1, HOUR, 800)]).await, Err(MeterRefusal::Unreachable));
    meter.settle(tenant(1), at(0), &[want(1, HOUR, 800)]);
    meter.tidy(at(9)).await;
    bank.be(Mood::Well);
    assert_eq!(total(&bank, 1, HOUR, 0).await, 6 + held, "nothing was given back into the void");
    meter.tidy(at(9)).await;
    assert!(meter.reachable());
    assert_eq!(total(&bank, 1, HOUR, 0).await, 5 + held);
    assert_eq!(take(&meter, at(9), &[want(2, HOUR, 9)]).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_bank_that_hangs_is_waited_for_a_moment_and_not_by_each_in_turn() {
    let bank = Moody::well();
    let meter = meter(&bank);
    bank.be(Mood::Hangs);
    let begun = tokio::time::Instant::now();
    let all = (0..50).map(|_| async {
        let list = [want(1, HOUR, 9)];
        take(&meter, at(0), &list).await
    });
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(|one| *one == Err(MeterRefusal::Unreachable)));
    assert!(begun.elapsed().as_secs() <= 2, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_may_have_been_drawn_is_spent() {
    let bank = Moody::well();
    let meter = meter(&bank);
    bank.be(Mood::Forgets);
    assert_eq!(take(&meter, at(0), &[want(1, HOUR, 2)]).await, Err(MeterRefusal::Unreachable));
    bank.be(Mood::Well);
    assert_eq!(take(&meter, at(0), &[want(1, HOUR, 2)]).await, Ok(()));
    let refused = take(&meter, at(0), &[want(1, HOUR, 2)]).await;
    assert!(matches!(refused, Err(MeterRefusal::Exceeded { used: 2, .. })), "{refused:?}");
    // An idle share whose return was not acknowledged is not given back twice.
    for _ in 0..5 {
        take(&meter, at(0), &[want(2, HOUR, 800)]).await.unwrap();
    }
    let drawn = total(&bank, 2, HOUR, 0).await;
    bank.be(Mood::Keeps);
    meter.tidy(at(2)).await;
    bank.be(Mood::Well);
    meter.tidy(at(4)).await;
    assert_eq!(total(&bank, 2, HOUR, 0).await, drawn);
}

#[tokio::test]
async fn a_caller_that_leaves_in_the_middle_loses_nothing() {
    let bank = Moody::well();
    let meter = meter(&bank);
    bank.be(Mood::Waits);
    let list = [want(1, HOUR, 9)];
    let places = [Place { key: key(1), most: 1 }];
    let mut draw = Box::pin(meter.draw_and_reserve(tenant(1), at(0), &list));
    assert!(futures_util::poll!(&mut draw).is_pending());
    bank.asked().await;
    drop(draw);
    bank.be(Mood::Well);
    // Who comes next waits for its turn, and so for what was under way.
    take(&meter, at(0), &[want(2, HOUR, 9)]).await.unwrap();
    while used(&meter, 1, HOUR, at(0)) > 0 {
        tokio::task::yield_now().await;
    }
    meter.tidy(at(2)).await;
    assert_eq!(total(&bank, 1, HOUR, 0).await, 0);
    meter.draw_and_occupy(tenant(1), at(0), &places).await.unwrap();
    meter.vacate(tenant(1), &[key(1)]);
    meter.close(at(2)).await;
    bank.be(Mood::Waits);
    let mut draw = Box::pin(meter.draw_and_occupy(tenant(1), at(3), &places));
    assert!(futures_util::poll!(&mut draw).is_pending());
    bank.asked().await;
    drop(draw);
    bank.be(Mood::Well);
    meter.draw_and_reserve(tenant(1), at(3), &[want(2, HOUR, 9)]).await.unwrap();
    while meter.running(tenant(1), &key(1), at(3)) > 0 {
        tokio::task::yield_now().await;
    }
    meter.draw_and_occupy(tenant(1), at(3), &places).await.unwrap();
}
