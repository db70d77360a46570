//! Places: over gateways, leases that are over, a bank that fails.

use super::*;
use crate::meter::bank::TERM;

fn place(n: u8, most: u64) -> Place {
    Place { key: key(n), most }
}

fn meters(bank: &Arc<Moody>) -> [LeasedMeter; 2] {
    [1, 2].map(|n| LeasedMeter::new(Arc::<Moody>::clone(bank), boot(n)))
}

async fn sit(meter: &LeasedMeter, now: Timestamp, places: &[Place]) -> Result<(), MeterRefusal> {
    match meter.occupy(tenant(1), now, places) {
        Err(MeterRefusal::Short { .. }) => meter.draw_and_occupy(tenant(1), now, places).await,
        other => other,
    }
}

#[tokio::test]
async fn no_more_run_than_may_on_all_gateways_together() {
    let [one, two] = meters(&Moody::well());
    assert_eq!(sit(&one, at(0), &[place(1, 3)]).await, Ok(()));
    assert_eq!(sit(&one, at(0), &[place(1, 3), place(1, 9)]).await, Ok(()), "one key, one place");
    assert_eq!(sit(&two, at(0), &[place(1, 3)]).await, Ok(()));
    let full = Err(MeterRefusal::Occupied { index: 1, running: 3 });
    assert_eq!(sit(&two, at(0), &[place(2, 1), place(1, 3)]).await, full);
    assert_eq!(sit(&one, at(0), &[place(2, 1)]).await, Ok(()), "nothing of the list was taken");
    assert_eq!(
        (two.running(tenant(1), &key(1), at(0)), two.running(tenant(1), &key(2), at(0))),
        (3, 0)
    );
    // What ended is at hand at once, and goes to the others with the second tidying.
    one.vacate(tenant(1), &[key(1)]);
    assert_eq!(one.occupy(tenant(1), at(0), &[place(1, 3)]), Ok(()));
    one.vacate(tenant(1), &[key(1)]);
    one.tidy(at(0)).await;
    let refused = sit(&two, at(1), &[place(1, 3)]).await;
    assert!(matches!(refused, Err(MeterRefusal::Occupied { .. })), "{refused:?}");
    one.tidy(at(1)).await;
    assert_eq!(sit(&two, at(2), &[place(1, 3)]).await, Ok(()));
    assert_eq!(two.running(tenant(1), &key(1), at(2)), 3);
    let lowered = sit(&two, at(2), &[place(1, 2)]).await;
    assert!(matches!(lowered, Err(MeterRefusal::Occupied { .. })), "{lowered:?}");
    assert_eq!(sit(&two, at(2), &[place(1, u64::MAX)]).await, Ok(()), "observed only");
    for meter in [&one, &two] {
        meter.vacate(tenant(1), &[key(1), key(2)]);
        meter.vacate(tenant(1), &[key(1), key(1), key(1)]);
        meter.close(at(3)).await;
        meter.tidy(at(4)).await;
        assert_eq!(meter.till.known(), 0, "nothing is kept of what is over");
    }
}

#[tokio::test]
async fn a_gateway_that_is_gone_has_no_places_once_its_lease_is_surely_over() {
    let bank = Moody::well();
    let [one, two] = meters(&bank);
    sit(&one, at(0), &[place(1, 1)]).await.unwrap();
    drop(one);
    let mut now = at(0);
    let taken = loop {
        now = now + Span::seconds(1);
        two.tidy(now).await;
        if sit(&two, now, &[place(1, 1)]).await.is_ok() {
            break now;
        }
    };
    assert!(taken > at(0) + TERM && taken <= at(20), "{taken}");
}

#[tokio::test]
async fn a_gateway_that_stood_still_has_lost_its_places_and_says_what_still_runs() {
    let bank = Moody::well();
    let [one, two] = meters(&bank);
    sit(&one, at(0), &[place(1, 2)]).await.unwrap();
    sit(&one, at(0), &[place(1, 2)]).await.unwrap();
    one.vacate(tenant(1), &[key(1)]);
    assert_eq!(
        one.occupy(tenant(1), at(10), &[place(1, 2)]),
        Err(MeterRefusal::Short { index: 0 }),
        "its lease is over by its own clock, before the bank's"
    );
    sit(&two, at(30), &[place(1, 2)]).await.unwrap();
    sit(&two, at(30), &[place(1, 2)]).await.unwrap();
    let refused = sit(&one, at(30), &[place(1, 2)]).await;
    assert_eq!(refused, Err(MeterRefusal::Occupied { index: 0, running: 3 }));
    one.tidy(at(31)).await;
    two.vacate(tenant(1), &[key(1)]);
    two.tidy(at(31)).await;
    two.tidy(at(31)).await;
    assert!(sit(&two, at(32), &[place(1, 2)]).await.is_err(), "one runs there, one here");
    one.vacate(tenant(1), &[key(1)]);
    one.close(at(33)).await;
    assert_eq!(sit(&two, at(33), &[place(1, 2)]).await, Ok(()));
}

#[tokio::test]
async fn a_bank_that_fails_gives_no_place_and_is_told_afterwards_how_it_is() {
    let bank = Moody::well();
    let [one, two] = meters(&bank);
    one.tidy(at(0)).await;
    bank.be(Mood::Forgets);
    assert_eq!(sit(&one, at(0), &[place(1, 1)]).await, Err(MeterRefusal::Unreachable));
    bank.be(Mood::Well);
    assert!(sit(&two, at(0), &[place(1, 1)]).await.is_err(), "the bank believes it was taken");
    one.tidy(at(0)).await;
    assert_eq!(sit(&two, at(1), &[place(1, 1)]).await, Ok(()));
    bank.be(Mood::Away);
    assert_eq!(sit(&two, at(1), &[place(2, 1)]).await, Err(MeterRefusal::Unreachable));
    two.vacate(tenant(1), &[key(1)]);
    assert_eq!(two.occupy(tenant(1), at(1), &[place(1, 1)]), Ok(()), "it is at hand");
    assert_eq!(two.occupy(tenant(1), at(1), &[]), Ok(()));
}
