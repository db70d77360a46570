//! Windows, atomicity, bounds, expiry, tenants.

use writ_model::{AgentId, GrantId};

use super::*;

fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}

fn key(n: u8) -> MeterKey {
    let at = Timestamp::from_micros(2_000_000);
    MeterKey::new(AgentId::from_parts(at, [n; 10]), GrantId::from_parts(at, [n; 10]), 0)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

const MINUTE: Span = Span::minutes(1);
const HOUR: Span = Span::hours(1);

fn want(n: u8, window: Span, limit: u64) -> Reservation {
    Reservation { key: key(n), window, limit, amount: 1 }
}

#[test]
fn a_window_holds_its_limit_and_the_next_one_starts_afresh() {
    let meter = MemoryMeter::default();
    for n in 0..3 {
        assert_eq!(meter.read(tenant(1), &key(1), MINUTE, at(30)), n);
        assert_eq!(meter.reserve(tenant(1), at(30), &[want(1, MINUTE, 3)]), Ok(()));
    }
    let refused = meter.reserve(tenant(1), at(59), &[want(1, MINUTE, 3)]);
    assert_eq!(refused, Err(MeterRefusal::Exceeded { index: 0, used: 3, resets: at(60) }));
    assert_eq!(meter.read(tenant(1), &key(1), MINUTE, at(60)), 0);
    assert_eq!(meter.reserve(tenant(1), at(60), &[want(1, MINUTE, 3)]), Ok(()));
    assert_eq!(meter.read(tenant(1), &key(1), MINUTE, at(61)), 1);
}

#[test]
fn a_list_is_counted_whole_or_not_at_all() {
    let meter = MemoryMeter::default();
    meter.reserve(tenant(1), at(0), &[want(2, HOUR, 1)]).unwrap();
    let list = [want(1, MINUTE, 9), want(2, HOUR, 1), want(3, HOUR, 9)];
    let refused = meter.reserve(tenant(1), at(1), &list).unwrap_err();
    assert_eq!(refused, MeterRefusal::Exceeded { index: 1, used: 1, resets: at(3600) });
    for n in [1, 3] {
        assert_eq!(meter.read(tenant(1), &key(n), MINUTE, at(1)), 0);
        assert_eq!(meter.read(tenant(1), &key(n), HOUR, at(1)), 0);
    }
    // The same counter twice in one list is counted twice.
    let twice = [want(4, MINUTE, 1), want(4, MINUTE, 1)];
    let refused = meter.reserve(tenant(1), at(1), &twice).unwrap_err();
    assert!(matches!(refused, MeterRefusal::Exceeded { index: 1, used: 1, .. }));
    let amount = Reservation { amount: u64::MAX, ..want(5, MINUTE, u64::MAX) };
    assert_eq!(meter.reserve(tenant(1), at(1), &[amount]), Ok(()));
    assert!(meter.reserve(tenant(1), at(1), &[want(5, MINUTE, u64::MAX - 1)]).is_err());
    let nothing = want(6, Span::seconds(0), 5);
    assert_eq!(
        meter.reserve(tenant(1), at(1), &[nothing]),
        Err(MeterRefusal::NoWindow { index: 0 })
    );
}

#[test]
fn tenants_have_counters_of_their_own() {
    let meter = MemoryMeter::default();
    meter.reserve(tenant(1), at(0), &[want(1, MINUTE, 1)]).unwrap();
    assert_eq!(meter.read(tenant(2), &key(1), MINUTE, at(0)), 0);
    assert_eq!(meter.reserve(tenant(2), at(0), &[want(1, MINUTE, 1)]), Ok(()));
}

#[test]
fn a_full_meter_refuses_until_something_expires_and_its_count_is_right() {
    let meter = MemoryMeter::bounded(2, 3);
    meter.reserve(tenant(1), at(0), &[want(1, MINUTE, 9), want(2, HOUR, 9)]).unwrap();
    let full = |bound| Err(MeterRefusal::Full { bound });
    assert_eq!(meter.reserve(tenant(1), at(1), &[want(3, MINUTE, 9)]), full(2));
    assert_eq!(meter.reserve(tenant(1), at(1), &[want(1, MINUTE, 9)]), Ok(()), "it is known");
    meter.reserve(tenant(17), at(1), &[want(1, MINUTE, 9)]).unwrap();
    assert_eq!(meter.reserve(tenant(2), at(1), &[want(1, MINUTE, 9)]), full(3));
    assert_eq!(meter.total.load(Ordering::Relaxed), 3);
    // After a minute two have expired; one of them comes back in the same list as a new one.
    let list = [want(1, MINUTE, 9), want(3, MINUTE, 9)];
    assert_eq!(meter.reserve(tenant(1), at(61), &list), full(2), "the hour still counts");
    assert_eq!(meter.reserve(tenant(1), at(61), &[want(3, MINUTE, 9)]), Ok(()));
    assert_eq!(meter.read(tenant(1), &key(2), HOUR, at(61)), 1);
    let count = || -> usize {
        meter
            .shards
            .iter()
            .flat_map(|s| s.lock().values().map(|c| c.by_key.len()).collect::<Vec<_>>())
            .sum()
    };
    assert_eq!(meter.total.load(Ordering::Relaxed), count());
    let both = [want(2, HOUR, 9), want(3, MINUTE, 9)];
    assert_eq!(meter.reserve(tenant(1), at(4000), &both), Ok(()));
    assert_eq!(meter.reserve(tenant(17), at(4000), &[want(8, MINUTE, 9)]), Ok(()));
    assert_eq!(meter.total.load(Ordering::Relaxed), count());
}
