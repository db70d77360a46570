//! What holds for every bank.

use std::sync::Arc;

use async_trait::async_trait;
use writ_model::{AgentId, GrantId};
use writ_testkit::TempDir;

use super::*;
use crate::{MemoryBank, Pg, SqliteBank, postgres::tests::fresh};

fn tenant(n: u8) -> TenantId {
    TenantId::from_bytes([n; 16])
}

fn boot(n: u8) -> BootId {
    BootId::from_bytes([n; 16])
}

pub(crate) fn key(n: u8) -> MeterKey {
    MeterKey::new(AgentId::from_bytes([n; 16]), GrantId::from_bytes([n; 16]), n)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn window(n: u8, start: i64) -> Window {
    Window { key: key(n), length: Span::minutes(1), start: at(start) }
}

fn draw(n: u8, limit: u64, need: u64, want: u64) -> Draw {
    Draw { window: window(n, 0), limit, need, want }
}

fn drawn(fits: bool, now: u64, total: u64) -> Drawn {
    Drawn { fits, now, total }
}

fn seats(n: u8, most: u64, mine: u64) -> Seats {
    Seats { key: key(n), most, mine }
}

/// A bank, and how a lease's time passes for it.
#[async_trait]
trait Tried: Send + Sync {
    fn bank(&self) -> Arc<dyn Bank>;
    /// The instant of its leases now.
    fn now(&self) -> Timestamp;
    /// So much time passes.
    async fn passes(&mut self, span: Span);
}

#[test]
fn a_share_is_an_eighth_of_what_is_left_unless_more_is_needed() {
    for (limit, need, want, total, wanted) in [
        (100, 1, 50, 0, Some(12)),
        (100, 1, 5, 0, Some(5)),
        (100, 20, 50, 0, Some(20)),
        (100, 1, 50, 93, Some(1)),
        (100, 7, 0, 93, Some(7)),
        (100, 8, 0, 93, None),
        (100, 0, 0, 100, Some(0)),
        (100, 0, 0, 101, None),
        (0, 1, 1, 0, None),
        (u64::MAX, 1, u64::MAX, 0, Some(i64::MAX.unsigned_abs() / 8)),
        (u64::MAX, i64::MAX.unsigned_abs() + 1, 0, 0, None),
    ] {
        assert_eq!(share(&draw(1, limit, need, want), total), wanted, "{limit} {need} {total}");
    }
}

async fn a_window_is_drawn_to_its_limit_and_not_beyond(tried: impl Tried) {
    let (bank, one) = (tried.bank(), tenant(1));
    let go = async |list: &[Draw]| bank.draw(one, at(1), list).await.unwrap();
    assert_eq!(go(&[draw(1, 80, 1, 80)]).await, [drawn(true, 10, 10)]);
    assert_eq!(go(&[draw(1, 80, 69, 80)]).await, [drawn(true, 69, 79)]);
    assert_eq!(go(&[draw(1, 80, 2, 80)]).await, [drawn(false, 0, 79)]);
    assert_eq!(go(&[draw(1, 80, 1, 80)]).await, [drawn(true, 1, 80)]);
    assert_eq!(go(&[draw(1, 80, 0, 0)]).await, [drawn(true, 0, 80)]);
    assert_eq!(go(&[draw(1, 79, 0, 0)]).await, [drawn(false, 0, 80)], "a limit that was lowered");
    // Windows, lengths and tenants are apart.
    let next = Draw { window: window(1, 60), ..draw(1, 80, 1, 1) };
    let longer = Window { length: Span::hours(1), ..window(1, 0) };
    let long = Draw { window: longer, ..draw(1, 80, 3, 1) };
    assert_eq!(go(&[next, long]).await, [drawn(true, 1, 1), drawn(true, 3, 3)]);
    assert_eq!(bank.read(tenant(2), &[window(1, 0)]).await.unwrap(), [0]);
    let all = [window(1, 0), window(1, 60), longer, window(2, 0)];
    assert_eq!(bank.read(one, &all).await.unwrap(), [80, 1, 3, 0]);
}

async fn of_a_list_all_is_drawn_or_nothing(tried: impl Tried) {
    let (bank, one) = (tried.bank(), tenant(1));
    bank.draw(one, at(1), &[draw(2, 1, 1, 1)]).await.unwrap();
    let list = [draw(3, 9, 1, 1), draw(2, 1, 1, 1), draw(1, 9, 1, 1)];
    let out = bank.draw(one, at(1), &list).await.unwrap();
    assert_eq!(out, [drawn(true, 0, 0), drawn(false, 0, 1), drawn(true, 0, 0)]);
    let all = [window(1, 0), window(2, 0), window(3, 0)];
    assert_eq!(bank.read(one, &all).await.unwrap(), [0, 1, 0]);
}

async fn what_is_given_back_can_be_drawn_again(tried: impl Tried) {
    let (bank, one) = (tried.bank(), tenant(1));
    let all = [draw(1, 10, 10, 0), draw(2, 10, 4, 0)];
    bank.draw(one, at(1), &all).await.unwrap();
    let rest = |n, amount| Rest { window: window(n, 0), amount };
    bank.give_back(one, &[rest(2, 9), rest(1, 3), rest(7, 1)]).await.unwrap();
    bank.give_back(tenant(2), &[rest(1, 3)]).await.unwrap();
    let windows = [window(1, 0), window(2, 0), window(7, 0)];
    assert_eq!(bank.read(one, &windows).await.unwrap(), [7, 0, 0], "never below nothing");
    assert_eq!(bank.draw(one, at(1), &[draw(1, 10, 4, 0)]).await.unwrap(), [drawn(false, 0, 7)]);
    assert_eq!(bank.draw(one, at(1), &[draw(1, 10, 3, 0)]).await.unwrap(), [drawn(true, 3, 10)]);
}

async fn windows_are_forgotten_after_a_grace(tried: impl Tried) {
    let (bank, one) = (tried.bank(), tenant(1));
    bank.draw(one, at(1), &[draw(1, 9, 1, 0)]).await.unwrap();
    bank.draw(tenant(2), at(1), &[draw(1, 9, 1, 0)]).await.unwrap();
    let end = window(1, 0).end() + GRACE;
    assert_eq!(bank.expire(one, end - Span::micros(1)).await.unwrap(), 0);
    assert_eq!(bank.read(one, &[window(1, 0)]).await.unwrap(), [1]);
    assert_eq!(bank.expire(one, end).await.unwrap(), 1);
    assert_eq!(bank.read(one, &[window(1, 0)]).await.unwrap(), [0]);
    assert_eq!(bank.read(tenant(2), &[window(1, 0)]).await.unwrap(), [1], "another's stay");
    // A new window of a tenant sweeps its old ones.
    let later = window(3, 6_000);
    let new = Draw { window: later, ..draw(3, 9, 1, 0) };
    bank.draw(tenant(2), later.start, &[new]).await.unwrap();
    assert_eq!(bank.read(tenant(2), &[window(1, 0), later]).await.unwrap(), [0, 1]);
}

async fn of_many_draws_at_once_no_more_is_given_than_there_is(tried: impl Tried) {
    let bank = tried.bank();
    let mut all = tokio::task::JoinSet::new();
    for n in 0..40_u64 {
        let bank = Arc::clone(&bank);
        all.spawn(async move {
            let mut list = vec![draw(1, 100, 1 + n % 3, n % 7), draw(2, 90, 1, n % 5)];
            if n % 2 == 0 {
                list.reverse();
            }
            let out = bank.draw(tenant(1), at(1), &list).await.unwrap();
            let (one, two) = if n % 2 == 0 { (out[1], out[0]) } else { (out[0], out[1]) };
            (one.now, two.now)
        });
    }
    let got = all.join_all().await;
    let sums = got.iter().fold((0, 0), |sums, got| (sums.0 + got.0, sums.1 + got.1));
    let total = bank.read(tenant(1), &[window(1, 0), window(2, 0)]).await.unwrap();
    assert_eq!(total, [sums.0, sums.1]);
    assert!(sums.0 <= 100 && sums.1 <= 90 && sums.0 > 60, "{sums:?}");
}

async fn places_are_held_to_the_bound_by_all_together(tried: impl Tried) {
    let (bank, now) = (tried.bank(), tried.now());
    let mut holders = Vec::new();
    for n in [1, 2] {
        holders.push(Holder { boot: boot(n), epoch: bank.renew(boot(n), now).await.unwrap() });
    }
    let seat = async |who: usize, list: &[Seats]| {
        let out = bank.seat(tenant(1), now, holders[who], list).await.unwrap();
        out.iter().map(|one| (one.fits, one.others)).collect::<Vec<_>>()
    };
    assert_eq!(seat(0, &[seats(1, 3, 2)]).await, [(true, 0)]);
    assert_eq!(seat(1, &[seats(1, 3, 2)]).await, [(false, 2)]);
    assert_eq!(seat(1, &[seats(2, 3, 1), seats(1, 3, 2)]).await, [(true, 0), (false, 2)]);
    assert_eq!(seat(0, &[seats(2, 3, 3)]).await, [(true, 0)], "nothing of the list was taken");
    assert_eq!(seat(1, &[seats(1, 3, 1)]).await, [(true, 2)]);
    assert_eq!(seat(0, &[seats(1, u64::MAX, 5)]).await, [(true, 1)], "what is so is said");
    assert_eq!(seat(0, &[seats(1, 3, 0)]).await, [(true, 1)]);
    assert_eq!(seat(1, &[seats(1, 3, 3)]).await, [(true, 0)]);
    let other = bank.seat(tenant(2), now, holders[0], &[seats(1, 1, 1)]).await.unwrap();
    assert!(other[0].fits, "another tenant's");
}

async fn places_of_a_holder_that_is_gone_are_free_and_it_has_none(mut tried: impl Tried) {
    let bank = tried.bank();
    let unknown = Holder { boot: boot(9), epoch: 1 };
    let asked = bank.seat(tenant(1), tried.now(), unknown, &[seats(1, 9, 1)]).await;
    assert_eq!(asked, Err(BankFault::Lapsed));
    let epoch = bank.renew(boot(1), tried.now()).await.unwrap();
    let one = Holder { boot: boot(1), epoch };
    bank.seat(tenant(1), tried.now(), one, &[seats(1, 2, 2)]).await.unwrap();
    tried.passes(TERM).await;
    assert_eq!(bank.renew(boot(1), tried.now()).await.unwrap(), epoch, "renewed in time");
    tried.passes(Span::seconds(14)).await;
    let two = Holder { boot: boot(2), epoch: bank.renew(boot(2), tried.now()).await.unwrap() };
    let go = async |who, now| bank.seat(tenant(1), now, who, &[seats(1, 2, 1)]).await;
    assert!(!go(two, tried.now()).await.unwrap()[0].fits, "surely over means surely");
    tried.passes(Span::seconds(2)).await;
    assert_eq!(bank.expire(tenant(1), tried.now()).await.unwrap(), 1);
    assert!(go(two, tried.now()).await.unwrap()[0].fits);
    assert_eq!(go(one, tried.now()).await, Err(BankFault::Lapsed));
    let again = bank.renew(boot(1), tried.now()).await.unwrap();
    assert!(again > epoch, "a lapsed lease begins anew");
    let seated = go(Holder { boot: boot(1), epoch: again }, tried.now()).await.unwrap();
    assert_eq!(seated, [Seated { fits: true, others: 1 }]);
}

/// A bank whose leases go by the instants it is told.
struct Told {
    bank: Arc<dyn Bank>,
    now: Timestamp,
    _dir: Option<TempDir>,
}

#[async_trait]
impl Tried for Told {
    fn bank(&self) -> Arc<dyn Bank> {
        Arc::clone(&self.bank)
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    async fn passes(&mut self, span: Span) {
        self.now = self.now + span;
    }
}

/// A bank whose leases go by the server's clock: that cannot be moved, so what it said is.
struct Served {
    pg: Pg,
    database: String,
}

impl Served {
    async fn new() -> Self {
        let (pg, database) = fresh().await;
        Self { pg, database: database.name().to_owned() }
    }
}

#[async_trait]
impl Tried for Served {
    fn bank(&self) -> Arc<dyn Bank> {
        Arc::new(self.pg.bank())
    }
    fn now(&self) -> Timestamp {
        at(0)
    }
    async fn passes(&mut self, span: Span) {
        let micros = span.as_micros();
        let sql =
            format!("UPDATE writ.holders SET until = until - {micros} * interval '1 microsecond'");
        writ_testkit::Postgres::shared().sql(&self.database, &sql).unwrap();
    }
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                let bank = Arc::new(MemoryBank::default());
                super::$rule(Told { bank, now: at(0), _dir: None }).await;
            })*
        }
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                let dir = TempDir::new().unwrap();
                let bank = Arc::new(SqliteBank::open(dir.path()).unwrap());
                super::$rule(Told { bank, now: at(0), _dir: Some(dir) }).await;
            })*
        }
        mod postgres {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(Served::new().await).await;
            })*
        }
    };
}

suite!(
    a_window_is_drawn_to_its_limit_and_not_beyond,
    of_a_list_all_is_drawn_or_nothing,
    what_is_given_back_can_be_drawn_again,
    windows_are_forgotten_after_a_grace,
    of_many_draws_at_once_no_more_is_given_than_there_is,
    places_are_held_to_the_bound_by_all_together,
    places_of_a_holder_that_is_gone_are_free_and_it_has_none,
);

#[tokio::test]
async fn sqlite_keeps_what_is_drawn_over_a_restart_and_frees_places() {
    let dir = TempDir::new().unwrap();
    for round in 1..4 {
        let bank = SqliteBank::open(dir.path()).unwrap();
        let out = bank.draw(tenant(1), at(1), &[draw(1, 9, 2, 0)]).await.unwrap();
        assert_eq!(out[0].total, round * 2);
        let holder = Holder { boot: boot(1), epoch: bank.renew(boot(1), at(1)).await.unwrap() };
        let seated = bank.seat(tenant(1), at(1), holder, &[seats(1, 1, 1)]).await.unwrap();
        assert!(seated[0].fits);
    }
}
