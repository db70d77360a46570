//! Limits of clauses: counts, money, how many at once; the smaller of two holds, and what cannot be read refuses.

use std::{collections::BTreeMap, sync::Arc};

use writ_authority::{
    Command, Decision, command,
    decide::{self, ClauseRead, Counted, Counters, Denied, denied, explain::Recorded},
    fact::{Fact, Subject},
    grant::Period,
    refusal,
};
use writ_charter::{Bound, Clause, Limit, Mode, Per};
use writ_model::{Actor, Cx, Digest, EnrollmentId, GrantId, Span, Timestamp};
use writ_testkit::SeededEntropy;

use crate::kit::{Call, DANA, MONEY, World, a_grant, clause, euro, id, person};

/// What each clause's counter stands at.
#[derive(Debug, Default)]
struct At(BTreeMap<(String, Counted), u64>);

impl At {
    fn new(list: &[(&str, Counted, u64)]) -> Self {
        let one = |(key, counted, used): &(&str, Counted, u64)| {
            (((*key).to_owned(), counted.clone()), *used)
        };
        Self(list.iter().map(one).collect())
    }
}

impl Counters for At {
    fn used(&self, _: GrantId, _: Period, _: Timestamp) -> Option<u64> {
        Some(0)
    }
    fn clause_used(&self, clause: &str, limit: &Limit, _: Timestamp) -> Option<u64> {
        self.0.get(&(clause.to_owned(), Counted::by(limit))).copied()
    }
}

fn limited(key: &str, limits: Vec<Limit>) -> Clause {
    let mut one = clause(key, &["payment.*"], Mode::Act);
    one.limits = limits;
    one
}

fn pay(world: &World, arguments: &str, at: &[(&str, Counted, u64)]) -> Decision {
    let call = Call { who: World::pay_bot(), server: "bank", name: "pay", arguments };
    world.decide(&call, &At::new(at))
}

fn euros() -> Counted {
    Counted::Money(Per::Day, "EUR".to_owned())
}

#[test]
fn counts_stop_at_their_number() {
    let world = World::under(vec![limited("c", vec![Limit::Count { most: 3, per: Per::Hour }])]);
    let calls = || Counted::Calls(Per::Hour);
    let Decision::Permit(yes) = pay(&world, MONEY, &[("c", calls(), 2)]) else { panic!() };
    assert_eq!(yes.bounds().len(), 1, "to be reserved before it goes out");
    assert_eq!(
        yes.clause_reads(),
        [ClauseRead { clause: "c".to_owned(), counted: calls(), used: 2 }]
    );
    let Decision::Deny(no) = pay(&world, MONEY, &[("c", calls(), 3)]) else { panic!() };
    assert_eq!(no.code, denied::CLAUSE_LIMIT);
    assert_eq!(no.clause_reads.len(), 1);
    assert!(no.words.contains("3 calls an hour"), "{}", no.words);
    let Decision::Deny(no) = pay(&world, MONEY, &[]) else { panic!() };
    assert_eq!(no.code, denied::CLAUSE_LIMIT);
    assert!(no.words.contains("cannot be read"), "{}", no.words);
}

#[test]
fn money_stops_at_its_sum_to_the_ten_thousandth() {
    let limit = Limit::Money { most: euro("500"), per: Per::Day };
    let world = World::under(vec![limited("c", vec![limit])]);
    for (used, code) in [
        (0, decide::BY_GRANT),
        (3_800_000, decide::BY_GRANT),
        (3_800_001, denied::CLAUSE_LIMIT),
        (u64::MAX, denied::CLAUSE_LIMIT),
    ] {
        assert_eq!(pay(&world, MONEY, &[("c", euros(), used)]).code(), code, "{used}");
    }
    for unknown in ["{}", r#"{"amount":"much"}"#, r#"{"amount":-1}"#, r#"{"amount":[1]}"#] {
        let Decision::Deny(no) = pay(&world, unknown, &[("c", euros(), 0)]) else { panic!() };
        assert_eq!(no.code, denied::AMOUNT, "{unknown}");
        assert!(no.cure.contains("plain number"), "{}", no.cure);
    }
    assert_eq!(pay(&world, r#"{"amount":0}"#, &[("c", euros(), 0)]).code(), decide::BY_GRANT);
}

#[test]
fn money_of_another_currency_is_not_counted_as_this_one() {
    let most = writ_charter::Money { amount: "500".to_owned(), currency: "USD".to_owned() };
    let limit = Limit::Money { most, per: Per::Day };
    let world = World::under(vec![limited("c", vec![limit])]);
    let dollars = Counted::Money(Per::Day, "USD".to_owned());
    assert_eq!(pay(&world, MONEY, &[("c", dollars, 0)]).code(), denied::AMOUNT);
}

#[test]
fn so_many_at_once() {
    let world = World::under(vec![limited("c", vec![Limit::Concurrent { most: 2 }])]);
    assert!(pay(&world, MONEY, &[("c", Counted::Running, 1)]).permits());
    assert_eq!(pay(&world, MONEY, &[("c", Counted::Running, 2)]).code(), denied::CLAUSE_LIMIT);
}

#[test]
fn the_smaller_of_two_clauses_holds() {
    let world = World::under(vec![
        limited("wide", vec![Limit::Count { most: 100, per: Per::Day }]),
        limited("narrow", vec![Limit::Count { most: 10, per: Per::Day }]),
    ]);
    let calls = || Counted::Calls(Per::Day);
    let at =
        |wide, narrow| pay(&world, MONEY, &[("wide", calls(), wide), ("narrow", calls(), narrow)]);
    let Decision::Permit(yes) = at(9, 9) else { panic!() };
    assert_eq!((yes.bounds().len(), yes.clause_reads().len()), (2, 2));
    let Decision::Deny(no) = at(10, 10) else { panic!() };
    assert!(no.words.contains("narrow"), "{}", no.words);
    assert_eq!(no.clause_reads.len(), 2, "everything that was read is kept");
    assert_eq!(at(100, 5).code(), denied::CLAUSE_LIMIT);
    let one_unread = pay(&world, MONEY, &[("wide", calls(), 0)]);
    assert_eq!(one_unread.code(), denied::CLAUSE_LIMIT);
}

#[test]
fn every_limit_of_one_clause_holds() {
    let limits = vec![
        Limit::Count { most: 5, per: Per::Hour },
        Limit::Money { most: euro("500"), per: Per::Day },
        Limit::Concurrent { most: 1 },
    ];
    let world = World::under(vec![limited("c", limits)]);
    let at = |calls, money, running| {
        let calls = ("c", Counted::Calls(Per::Hour), calls);
        pay(&world, MONEY, &[calls, ("c", euros(), money), ("c", Counted::Running, running)])
    };
    assert!(at(4, 3_800_000, 0).permits());
    for (calls, money, running) in [(5, 0, 0), (0, 3_800_001, 0), (0, 0, 1)] {
        assert_eq!(at(calls, money, running).code(), denied::CLAUSE_LIMIT);
    }
}

#[test]
fn what_was_recorded_is_read_again() {
    let world = World::under(vec![limited("c", vec![Limit::Count { most: 3, per: Per::Hour }])]);
    let call = Call { who: World::pay_bot(), server: "bank", name: "pay", arguments: MONEY };
    for used in [0, 2, 3, 9] {
        let counters = At::new(&[("c", Counted::Calls(Per::Hour), used)]);
        let then = world.explain(&call, &counters);
        let text = serde_json::to_string(&then.clause_reads).unwrap();
        let clauses: Vec<ClauseRead> = serde_json::from_str(&text).unwrap();
        let recorded = Recorded { grants: then.reads.clone(), clauses };
        assert!(then.agrees(&world.explain(&call, &recorded)));
        assert_eq!(then.code == denied::CLAUSE_LIMIT.0, used >= 3);
    }
}

#[test]
fn a_limit_that_is_reached_late_is_a_denial() {
    let limit = Limit::Count { most: 3, per: Per::Hour };
    let world = World::under(vec![limited("c", vec![limit.clone()])]);
    let at = [("c", Counted::Calls(Per::Hour), 2)];
    let Decision::Permit(yes) = pay(&world, MONEY, &at) else { panic!() };
    let bound = Bound { clause: "c".to_owned(), limit };
    let late = Denied::clause_limit_reached(&world.state, &yes, &bound);
    let clauses = yes.clauses().to_vec();
    let Decision::Deny(no) = yes.overtaken(&world.state, late, world.now) else { panic!() };
    assert_eq!((no.code, no.clauses), (denied::CLAUSE_LIMIT, clauses));
}

#[test]
fn many_acts_of_one_kind_refill_no_limit_of_another() {
    let mut few = clause("few", &["agent.widen"], Mode::Act);
    few.limits = vec![Limit::Count { most: 1, per: Per::Day }];
    let mut world = World::under(vec![few]);
    let dana = || Actor::Person { id: person(DANA), via: "test".to_owned() };
    let says = || Box::new(a_grant(Subject::Agent(id(20)), "bank", "pay"));
    let cx = Cx::new(world.now, Arc::new(SeededEntropy::new(1)), world.state.tenant, dana());
    let give = |world: &World| command::rehearse(&world.state, &Command::GiveGrant(says()), &cx);
    assert!(give(&world).is_ok());
    world.by(dana(), Fact::GrantGiven { grant: id(200), says: says() });
    assert_eq!(give(&world).unwrap_err().code, refusal::CLAUSE);
    for number in 0..5_000_u32 {
        let code = Digest::of(&number.to_be_bytes());
        let enrollment = EnrollmentId::from_bytes(u128::from(number).to_be_bytes());
        let expires = world.now + Span::hours(1);
        world.by(dana(), Fact::EnrollmentOffered { enrollment, agent: id(20), code, expires });
    }
    assert!(world.state.acted.len() <= 4_097, "{}", world.state.acted.len());
    assert_eq!(give(&world).unwrap_err().code, refusal::CLAUSE, "still once a day");
}
