//! How places and speed are shared, by a clock that the tests move.
//! To add a case: a test of one rule of the head of `fair.rs`.

use super::*;

const MILLI: u64 = 1_000;

fn tenant(number: u8) -> TenantId {
    TenantId::from_bytes([number; 16])
}

fn bounds() -> TenantBounds {
    TenantBounds { calls: 4, streams: 2, calls_per_second: 100, ..TenantBounds::default() }
}

/// Calls that a tenant makes in a second, evenly, of so many that it tries.
fn second(fair: &Fair, who: u8, at: u64, tries: u64) -> u64 {
    let made = |n: &u64| fair.enter(tenant(who), at + n * SECOND / tries).is_ok();
    (0..tries).filter(made).count() as u64
}

/// A token of these claims, as far as it is looked at.
fn token(claims: &str) -> String {
    format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

fn claims(who: u8) -> String {
    token(&format!(r#"{{"aud":"x","writ_tenant":"{}","writ_epoch":0}}"#, tenant(who)))
}

#[test]
fn places_are_each_tenants_own_and_come_back() {
    let fair = Fair::new(bounds());
    let (share, first) = fair.enter(tenant(1), 0).unwrap();
    let mut rest: Vec<_> = (0..3).map(|_| fair.enter(tenant(1), 0).unwrap().1).collect();
    assert_eq!(fair.enter(tenant(1), 0).unwrap_err().code.0, "GATE-0108");
    let (_, other) = fair.enter(tenant(2), 0).unwrap();
    assert!(rest[0].becomes(Of::Streams) && rest[1].becomes(Of::Streams));
    assert!(!rest[2].becomes(Of::Streams), "as many streams as there may be");
    assert!(rest[0].becomes(Of::Streams), "it is one already");
    let taken = Taken { calls: 3, streams: 2, tenants: 2, ..Taken::default() };
    assert_eq!(fair.taken(), taken);
    drop((first, rest, other));
    assert_eq!(fair.taken(), Taken { tenants: 2, ..Taken::default() });
    assert!(share.take(Of::Sessions).is_some());
}

#[test]
fn who_calls_alone_is_never_held_back() {
    let fair = Fair::new(bounds());
    for at in 0..5 {
        assert_eq!(second(&fair, 1, at * SECOND, 3_000), 3_000);
    }
}

#[test]
fn a_flood_is_held_to_the_guarantee_and_its_neighbours_are_not() {
    let fair = Fair::new(bounds());
    let mut flood = 0;
    for at in 0..20 {
        let made = second(&fair, 1, at * SECOND, 3_000);
        // The first second nobody knows of the neighbour yet.
        flood += if at < 2 { 0 } else { made };
        assert_eq!(second(&fair, 2, at * SECOND, 30), 30, "second {at}");
    }
    let most = 18 * 100 + 100;
    assert!((18 * 100 - 1..=most).contains(&flood), "{flood}");
}

#[test]
fn load_that_all_bring_alike_passes_however_much_it_is() {
    let fair = Fair::new(bounds());
    for at in 0..5 {
        for who in 1..=4 {
            assert_eq!(second(&fair, who, at * SECOND, 900), 900, "{who} in second {at}");
        }
    }
}

#[test]
fn a_neighbour_that_stays_away_for_a_minute_is_no_neighbour() {
    let fair = Fair::new(bounds());
    second(&fair, 2, 0, 1);
    for at in 1..ACTIVE {
        let made = second(&fair, 1, at * SECOND, 1_000);
        assert!(at < 3 || made <= 101, "{made} in second {at}");
    }
    second(&fair, 1, (ACTIVE + 1) * SECOND, 10);
    assert_eq!(second(&fair, 1, (ACTIVE + 2) * SECOND, 1_000), 1_000);
    assert_eq!(fair.taken().tenants, 1, "its share is gone");
}

#[test]
fn what_is_claimed_is_shed_only_while_it_is_overdrawn_and_never_charged() {
    let fair = Fair::new(bounds());
    let now = 10 * SECOND;
    for at in 8..10 {
        second(&fair, 2, at * SECOND, 10);
        second(&fair, 1, at * SECOND, 10);
    }
    assert!(!fair.sheds(&claims(1), now), "nobody is overdrawn");
    while fair.enter(tenant(1), now).is_ok() {}
    assert!(fair.sheds(&claims(1), now));
    assert!(!fair.sheds(&claims(2), now), "its neighbour is not");
    assert!(!fair.sheds(&claims(3), now), "nobody of that name has called");
    for odd in
        ["", "a.b.c", "a..c", &token("{}"), &token(r#"{"writ_tenant":"x"}"#), &"a.".repeat(9_000)]
    {
        assert!(!fair.sheds(odd, now), "{odd:.40}");
    }
    for _ in 0..1_000 {
        fair.sheds(&claims(2), now);
        fair.sheds(&claims(1), now);
    }
    assert!(fair.enter(tenant(2), now).is_ok(), "a claim costs nobody anything");
    assert!(!fair.sheds(&claims(1), now + 11 * MILLI), "one more call has come by then");
    assert!(fair.enter(tenant(1), now + 11 * MILLI).is_ok());
}

#[test]
fn a_tenant_with_all_its_places_taken_is_shed_too() {
    let fair = Fair::new(bounds());
    let held: Vec<_> = (0..4).map(|_| fair.enter(tenant(1), 0).unwrap()).collect();
    assert!(!fair.sheds(&claims(1), 0), "not before somebody was refused");
    assert!(fair.enter(tenant(1), 0).is_err());
    assert!(fair.sheds(&claims(1), 0));
    drop(held);
    assert!(!fair.sheds(&claims(1), 0));
}
