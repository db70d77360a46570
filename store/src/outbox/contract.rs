//! The contract of the outbox's port, run against every adapter.
//!
//! To add an adapter: a module of its own in `suite!`. To add a rule: one function, one line there.

use std::sync::Arc;

use writ_model::{Digest, Span, TenantId, Timestamp};
use writ_testkit::TempDir;

use super::{
    Closed, Due, FIRST_PAUSE, GIVE_UP, Item, LONGEST_PAUSE, MAX_BODY, MAX_ENDED, MAX_PUT,
    MAX_WAITING, Mark, Outbox, OutboxFault, Outcome, Put, Row, Stage, Step, pause,
};
use crate::{MemoryOutbox, SqliteOutbox};

type Shared = Arc<dyn Outbox>;

fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(0) + Span::seconds(seconds)
}

fn id(n: u64) -> Digest {
    Digest::of(&n.to_be_bytes())
}

fn item(n: u64) -> Item {
    Item {
        id: id(n),
        channel: "webhook:soar".to_owned(),
        recipient: "soar".to_owned(),
        kind: "approval_asked".to_owned(),
        line: Some(n),
        due: at(0),
        expires: at(1_000_000),
        body: format!("sealed {n}").into_bytes(),
    }
}

fn step(lines: Option<(Option<u64>, u64)>, items: Vec<Item>, seconds: i64) -> Step {
    Step { lines, items, at: at(seconds) }
}

fn nothing(seconds: i64) -> Step {
    step(None, Vec::new(), seconds)
}

fn failed(why: &str) -> Outcome {
    Outcome::Failed { why: why.to_owned(), not_before: None }
}

async fn due(outbox: &Shared, seconds: i64) -> Vec<Digest> {
    let rows = outbox.due(at(seconds), usize::MAX).await.unwrap();
    rows.into_iter().map(|row| row.item.id).collect()
}

async fn only(outbox: &Shared, n: u8) -> Row {
    let rows = outbox.rows(tenant(n), 10).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().unwrap()
}

async fn a_row_is_put_once_with_its_mark(outbox: Shared) {
    assert_eq!(outbox.mark(tenant(1)).await.unwrap(), Mark::default());
    let first = step(Some((None, 7)), vec![item(1), item(2), item(1)], 1);
    let put = outbox.put(tenant(1), first).await.unwrap();
    assert_eq!(put, Put { new: 2, known: 1, dropped: 0 });
    assert_eq!(outbox.mark(tenant(1)).await.unwrap().lines, Some(7));
    let mut other = item(1);
    other.body = b"another".to_vec();
    let again = outbox.put(tenant(1), step(Some((Some(7), 9)), vec![other], 2)).await.unwrap();
    assert_eq!(again, Put { new: 0, known: 1, dropped: 0 });
    let rows = outbox.due(at(5), 10).await.unwrap();
    let wanted = |n| Due { tenant: tenant(1), item: item(n), failures: 0 };
    assert_eq!(rows, [wanted(1), wanted(2)], "the first body stays");
}

async fn a_stale_mark_puts_nothing(outbox: Shared) {
    outbox.put(tenant(1), step(Some((None, 7)), vec![item(1)], 1)).await.unwrap();
    for expected in [None, Some(6), Some(8)] {
        let fault = outbox.put(tenant(1), step(Some((expected, 9)), vec![item(2)], 1)).await;
        let (tenant, found) = (tenant(1), Some(7));
        assert_eq!(fault, Err(OutboxFault::Stale { tenant, expected, found }));
    }
    assert_eq!(due(&outbox, 9).await, [id(1)]);
    // Rows of no line ask for no mark and move none.
    outbox.put(tenant(1), step(None, vec![item(3)], 1)).await.unwrap();
    assert_eq!(outbox.mark(tenant(1)).await.unwrap().lines, Some(7));
}

async fn tenants_never_see_each_other(outbox: Shared) {
    outbox.put(tenant(1), step(Some((None, 1)), vec![item(1)], 1)).await.unwrap();
    assert_eq!(outbox.rows(tenant(2), 10).await.unwrap(), []);
    assert_eq!(outbox.mark(tenant(2)).await.unwrap(), Mark::default());
    assert_eq!(outbox.settle(tenant(2), id(1), Outcome::Done, nothing(2)).await, Ok(None));
    let put = outbox.put(tenant(2), step(None, vec![item(1)], 1)).await.unwrap();
    assert_eq!(put.new, 1, "the same id is another row there");
    assert_eq!(only(&outbox, 1).await.stage, Stage::Waiting);
}

async fn what_is_due_comes_in_order_and_in_time(outbox: Shared) {
    let later = Item { due: at(100), ..item(1) };
    let soon = Item { due: at(50), ..item(2) };
    outbox.put(tenant(1), step(None, vec![later, soon, item(3)], 1)).await.unwrap();
    assert_eq!(due(&outbox, 49).await, [id(3)]);
    assert_eq!(due(&outbox, 100).await, [id(3), id(2), id(1)]);
    let one = outbox.due(at(100), 1).await.unwrap();
    assert_eq!(one.len(), 1);
}

async fn a_failure_waits_twice_as_long_each_time(outbox: Shared) {
    outbox.put(tenant(1), step(None, vec![item(1)], 0)).await.unwrap();
    let mut now = 0;
    for (failures, pause) in [(1, 5), (2, 10), (3, 20), (4, 40)] {
        let stage = outbox.settle(tenant(1), id(1), failed("away"), nothing(now)).await.unwrap();
        assert_eq!(stage, Some(Stage::Waiting));
        let row = only(&outbox, 1).await;
        assert_eq!(
            (row.failures, row.due, row.why.as_deref()),
            (failures, at(now + pause), Some("away"))
        );
        assert_eq!(due(&outbox, now + pause - 1).await, []);
        assert_eq!(due(&outbox, now + pause).await, [id(1)]);
        now += pause;
    }
    let asked = Outcome::Failed { why: "busy".to_owned(), not_before: Some(Span::seconds(600)) };
    outbox.settle(tenant(1), id(1), asked, nothing(now)).await.unwrap();
    assert_eq!(only(&outbox, 1).await.due, at(now + 600), "what the other side asks for counts");
    outbox.settle(tenant(1), id(1), Outcome::Done, nothing(now + 601)).await.unwrap();
    let row = only(&outbox, 1).await;
    assert_eq!((row.stage, row.ended, row.why), (Stage::Done, Some(at(now + 601)), None));
    assert_eq!(due(&outbox, i64::from(u32::MAX)).await, []);
    assert_eq!((pause(1), pause(2), pause(99)), (FIRST_PAUSE, Span::seconds(10), LONGEST_PAUSE));
}

async fn what_fails_for_a_day_or_past_its_end_is_given_up(outbox: Shared) {
    outbox.put(tenant(1), step(None, vec![item(1)], 0)).await.unwrap();
    let (mut now, mut tries) = (at(0), 0);
    loop {
        let stage = outbox
            .settle(tenant(1), id(1), failed("away"), Step { lines: None, items: vec![], at: now })
            .await
            .unwrap();
        tries += 1;
        assert!(tries < 100);
        if stage == Some(Stage::GivenUp) {
            break;
        }
        now = only(&outbox, 1).await.due;
    }
    assert!(
        now < at(0) + GIVE_UP && now > at(0) + GIVE_UP - LONGEST_PAUSE - LONGEST_PAUSE,
        "{now}"
    );
    let short = Item { expires: at(12), ..item(2) };
    outbox.put(tenant(2), step(None, vec![short], 0)).await.unwrap();
    outbox.settle(tenant(2), id(2), failed("away"), nothing(1)).await.unwrap();
    assert_eq!(only(&outbox, 2).await.stage, Stage::Waiting);
    outbox.settle(tenant(2), id(2), failed("away"), nothing(6)).await.unwrap();
    assert_eq!(only(&outbox, 2).await.stage, Stage::GivenUp, "its next try comes too late");
    outbox.put(tenant(3), step(None, vec![item(3)], 0)).await.unwrap();
    outbox.settle(tenant(3), id(3), Outcome::Never("x".repeat(9_000)), nothing(1)).await.unwrap();
    let row = only(&outbox, 3).await;
    assert_eq!((row.stage, row.why.map(|why| why.len())), (Stage::GivenUp, Some(512)));
}

async fn an_ended_row_stays_as_it_is_and_is_not_put_again(outbox: Shared) {
    outbox.put(tenant(1), step(None, vec![item(1)], 0)).await.unwrap();
    let moot = Outcome::Moot("it was approved".to_owned());
    outbox.settle(tenant(1), id(1), moot, nothing(1)).await.unwrap();
    let again = outbox.settle(tenant(1), id(1), failed("x"), nothing(2)).await.unwrap();
    assert_eq!(again, Some(Stage::Moot));
    let put = outbox.put(tenant(1), step(None, vec![item(1)], 3)).await.unwrap();
    assert_eq!(put, Put { new: 0, known: 1, dropped: 0 });
    let row = only(&outbox, 1).await;
    assert_eq!((row.stage, row.ended), (Stage::Moot, Some(at(1))));
    assert_eq!(due(&outbox, 100).await, []);
}

async fn what_follows_is_put_with_the_end(outbox: Shared) {
    outbox.put(tenant(1), step(None, vec![item(1)], 0)).await.unwrap();
    let then = step(None, vec![item(2), item(3)], 1);
    outbox.settle(tenant(1), id(1), Outcome::Done, then.clone()).await.unwrap();
    assert_eq!(due(&outbox, 5).await, [id(2), id(3)]);
    // A second end of the same row puts nothing.
    let then = step(None, vec![item(4)], 2);
    outbox.settle(tenant(1), id(1), Outcome::Done, then).await.unwrap();
    assert_eq!(due(&outbox, 5).await, [id(2), id(3)]);
}

async fn more_than_fits_is_dropped_and_counted(outbox: Shared) {
    let many = |from: u64, count: usize| (from..).take(count).map(item).collect::<Vec<_>>();
    outbox.put(tenant(1), step(Some((None, 1)), many(0, MAX_WAITING - 1), 0)).await.unwrap();
    let put = outbox.put(tenant(1), step(Some((Some(1), 2)), many(10_000, 3), 0)).await.unwrap();
    assert_eq!(put, Put { new: 1, known: 0, dropped: 2 });
    let mark = outbox.mark(tenant(1)).await.unwrap();
    assert_eq!(mark, Mark { lines: Some(2), dropped: 2 }, "the ledger is read on");
    assert_eq!(outbox.put(tenant(2), step(None, many(0, 1), 0)).await.unwrap().new, 1);
    let over = outbox.put(tenant(3), step(None, many(0, MAX_PUT + 1), 0)).await;
    assert!(matches!(over, Err(OutboxFault::TooLarge { what: "rows", .. })), "{over:?}");
    let large = Item { body: vec![0; MAX_BODY + 1], ..item(1) };
    let over = outbox.put(tenant(3), step(Some((None, 1)), vec![large], 0)).await;
    assert!(matches!(over, Err(OutboxFault::TooLarge { .. })), "{over:?}");
    assert_eq!(outbox.mark(tenant(3)).await.unwrap(), Mark::default());
}

async fn only_the_last_ended_rows_are_kept(outbox: Shared) {
    let all = u64::try_from(MAX_ENDED + 3).unwrap();
    outbox.put(tenant(1), step(None, (0..all).map(item).collect(), 0)).await.unwrap();
    outbox.put(tenant(1), step(None, vec![item(50_000)], 0)).await.unwrap();
    for n in 0..all {
        let then = nothing(i64::try_from(n).unwrap());
        outbox.settle(tenant(1), id(n), Outcome::Done, then).await.unwrap();
    }
    for gone in 0..3 {
        assert_eq!(outbox.settle(tenant(1), id(gone), Outcome::Done, nothing(9)).await, Ok(None));
    }
    let kept = outbox.settle(tenant(1), id(3), Outcome::Done, nothing(9)).await;
    assert_eq!(kept, Ok(Some(Stage::Done)));
    assert_eq!(due(&outbox, 9).await, [id(50_000)], "what waits is never removed");
}

async fn a_way_is_put_off_and_closed_as_a_whole(outbox: Shared) {
    let mail = Item { channel: "mail".to_owned(), ..item(2) };
    outbox.put(tenant(1), step(None, vec![item(1), mail], 0)).await.unwrap();
    outbox.put(tenant(2), step(None, vec![item(1)], 0)).await.unwrap();
    assert_eq!(outbox.defer("webhook:soar", at(30)).await, Ok(2));
    assert_eq!(outbox.defer("webhook:soar", at(20)).await, Ok(0), "never earlier");
    assert_eq!(due(&outbox, 29).await, [id(2)]);
    assert_eq!(only(&outbox, 2).await.failures, 0);
    let closed = |why: &str, seconds| Closed {
        channel: "webhook:soar".to_owned(),
        why: why.to_owned(),
        at: at(seconds),
    };
    outbox.close(closed("it is gone (410)", 1)).await.unwrap();
    outbox.close(closed("again", 2)).await.unwrap();
    assert_eq!(outbox.closed().await.unwrap(), [closed("it is gone (410)", 1)]);
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                let dir = TempDir::new().unwrap();
                super::$rule(Arc::new(SqliteOutbox::open(dir.path()).unwrap())).await;
            })*
        }
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(Arc::new(MemoryOutbox::default())).await;
            })*
        }
        mod postgres {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                let (pg, _database) = crate::postgres::tests::fresh().await;
                super::$rule(Arc::new(pg.outbox())).await;
            })*
        }
    };
}

suite!(
    a_row_is_put_once_with_its_mark,
    a_stale_mark_puts_nothing,
    tenants_never_see_each_other,
    what_is_due_comes_in_order_and_in_time,
    a_failure_waits_twice_as_long_each_time,
    what_fails_for_a_day_or_past_its_end_is_given_up,
    an_ended_row_stays_as_it_is_and_is_not_put_again,
    what_follows_is_put_with_the_end,
    more_than_fits_is_dropped_and_counted,
    only_the_last_ended_rows_are_kept,
    a_way_is_put_off_and_closed_as_a_whole,
);

#[tokio::test]
async fn sqlite_keeps_everything_over_a_restart() {
    let dir = TempDir::new().unwrap();
    let open = || -> Shared { Arc::new(SqliteOutbox::open(dir.path()).unwrap()) };
    let outbox = open();
    outbox.put(tenant(1), step(Some((None, 3)), vec![item(1), item(2)], 0)).await.unwrap();
    outbox.settle(tenant(1), id(1), Outcome::Done, nothing(1)).await.unwrap();
    outbox.settle(tenant(1), id(2), failed("away"), nothing(1)).await.unwrap();
    let rows = outbox.rows(tenant(1), 10).await.unwrap();
    drop(outbox);
    let outbox = open();
    assert_eq!(outbox.rows(tenant(1), 10).await.unwrap(), rows);
    assert_eq!(outbox.mark(tenant(1)).await.unwrap().lines, Some(3));
    let waits = outbox.due(at(6), 10).await.unwrap();
    assert_eq!(
        waits,
        [Due { tenant: tenant(1), item: Item { due: at(6), ..item(2) }, failures: 1 }]
    );
}
