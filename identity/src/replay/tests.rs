//! Once each, until the time is over; full refuses; the same story as a plain ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;
use writ_model::Span;

use super::*;
use crate::scrub::tests::Seeded;

const KEEP: Span = Span::seconds(120);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000) + Span::seconds(seconds)
}

fn marks(capacity: usize) -> ReplayMarks {
    ReplayMarks::new(capacity, &Seeded::new(5))
}

fn mark(salt: &Salt, jti: u64) -> Mark {
    Mark::dpop(salt, TenantId::from_bytes([1; 16]), &Thumbprint([2; 32]), &jti.to_string())
}

#[test]
fn once_within_the_window_and_again_after_it() {
    let mut set = marks(100);
    let one = mark(&set.salt(), 1);
    assert_eq!(set.mark(one, at(0) + KEEP, at(0)), Ok(()));
    assert_eq!(set.mark(one, at(0) + KEEP, at(0)), Err(ReplayFault::Replayed));
    assert_eq!(set.mark(one, at(0) + KEEP, at(120)), Err(ReplayFault::Replayed));
    assert_eq!(set.mark(one, at(121) + KEEP, at(121)), Ok(()), "its credential is dead by now");
    assert_eq!((set.replayed(), set.refused_full(), set.held()), (2, 0, 1));
}

#[test]
fn marks_differ_by_every_part() {
    let salt = marks(1).salt();
    let (tenant, print, ins) =
        (TenantId::from_bytes([1; 16]), Thumbprint([2; 32]), InstanceId::from_bytes([3; 16]));
    let base = Mark::dpop(&salt, tenant, &print, "a");
    for other in [
        Mark::dpop(&salt, TenantId::from_bytes([9; 16]), &print, "a"),
        Mark::dpop(&salt, tenant, &Thumbprint([9; 32]), "a"),
        Mark::dpop(&salt, tenant, &print, "b"),
        Mark::assertion(&salt, tenant, ins, "a"),
        Mark::dpop(&ReplayMarks::new(1, &Seeded::new(6)).salt(), tenant, &print, "a"),
    ] {
        assert_ne!(base, other);
    }
    assert_eq!(base, Mark::dpop(&salt, tenant, &print, "a"));
}

#[test]
fn full_refuses_and_forgets_nothing_until_time_passes() {
    let mut set = marks(50);
    let salt = set.salt();
    for jti in 0..50 {
        assert_eq!(set.mark(mark(&salt, jti), at(0) + KEEP, at(0)), Ok(()), "{jti}");
    }
    for second in 0..120 {
        let fresh = mark(&salt, 1000);
        assert_eq!(set.mark(fresh, at(second) + KEEP, at(second)), Err(ReplayFault::Full));
    }
    for jti in 0..50 {
        assert_eq!(set.mark(mark(&salt, jti), at(0) + KEEP, at(120)), Err(ReplayFault::Replayed));
    }
    assert_eq!(set.refused_full(), 120);
    for jti in 1000..1050 {
        assert_eq!(set.mark(mark(&salt, jti), at(121) + KEEP, at(121)), Ok(()));
    }
    assert_eq!(set.held(), 50);
}

#[test]
fn many_tables_hold_their_capacity() {
    let mut set = marks(40_000);
    let salt = set.salt();
    for jti in 0..40_000 {
        assert_eq!(set.mark(mark(&salt, jti), at(0) + KEEP, at(0)), Ok(()), "{jti}");
    }
    for jti in 0..40_000 {
        assert_eq!(set.mark(mark(&salt, jti), at(9) + KEEP, at(9)), Err(ReplayFault::Replayed));
    }
    let slots: usize = set.tables.iter().map(|table| table.slots.len()).sum();
    assert!(slots * 16 <= 40_000 * 64, "{slots} slots");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn tells_the_same_story_as_an_ordered_map(
        uses in proptest::collection::vec((0_u64..60, 0_i64..3, 1_i64..40), 1..400)
    ) {
        let (mut set, mut model, mut now) = (marks(64), BTreeMap::new(), 0);
        let salt = set.salt();
        for (jti, step, keep) in uses {
            now += step;
            let wanted = match model.get(&jti) {
                Some(until) if *until >= now => Err(ReplayFault::Replayed),
                _ => Ok(()),
            };
            prop_assert_eq!(set.mark(mark(&salt, jti), at(now + keep), at(now)), wanted);
            if wanted.is_ok() {
                model.insert(jti, now + keep);
            }
        }
    }
}
