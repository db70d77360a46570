//! Replay: what another charter would have said of the same calls.

use writ_authority::{
    decide::{self, Moment, denied, explain::Unused},
    replay::Replay,
};
use writ_charter::{Limit, Mode, Per};
use writ_model::Span;

use crate::kit::{Call, MONEY, START, World, approver, clause, euro};

fn paying<'a>() -> Call<'a> {
    Call { who: World::pay_bot(), server: "bank", name: "pay", arguments: MONEY }
}

#[test]
fn another_charter_answers_otherwise_and_changes_nothing() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], Mode::Act)]);
    let mut tried = world.charter(vec![clause("ask", &["payment.*"], approver())]);
    tried.from = Some(START + Span::days(30));
    for one in &mut tried.clauses {
        one.from = tried.from;
    }
    let moment = Moment { at: world.now, counters: &Unused };
    let would = world.with(&paying(), |ask| world.engine.would(&world.state, &tried, ask, &moment));
    assert_eq!((would.effect, would.code.as_str()), ("hold", decide::WAITS.0));
    assert_eq!((would.clauses, would.charter_version), (vec!["ask".to_owned()], Some(2)));
    assert_eq!(world.pay().code(), decide::BY_GRANT, "what is in force decides as before");
    let bare = World::bare();
    let would = bare.with(&paying(), |ask| bare.engine.would(&bare.state, &tried, ask, &moment));
    assert_eq!(would.effect, "hold", "also where none was in force yet");
}

#[test]
fn life_credential_and_stops_are_those_of_then() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], approver())]);
    let tried = world.charter(vec![clause("all", &["*"], Mode::Act)]);
    let would = |world: &World| {
        let moment = Moment { at: world.now, counters: &Unused };
        world.with(&paying(), |ask| world.engine.would(&world.state, &tried, ask, &moment)).code
    };
    assert_eq!(would(&world), decide::BY_GRANT.0);
    world.suspend(writ_model::Side::Client, None);
    assert_eq!(would(&world), denied::SUSPENDED.0);
}

#[test]
fn the_limits_of_a_new_clause_are_counted_along() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], Mode::Act)]);
    let mut pay = clause("pay", &["payment.*"], Mode::Act);
    pay.limits = vec![
        Limit::Count { most: 3, per: Per::Hour },
        Limit::Money { most: euro("600"), per: Per::Day },
        Limit::Concurrent { most: 1 },
    ];
    let tried = world.charter(vec![pay]);
    let mut replay = Replay::new(&world.engine, &tried);
    let mut codes = Vec::new();
    for minute in [0, 1, 2, 3, 60, 61, 62] {
        let at = START + Span::minutes(minute);
        let would = world.with(&paying(), |ask| replay.would(&world.state, ask, at, (&[], None)));
        codes.push(would.code);
    }
    let (yes, no) = (decide::BY_GRANT.0, denied::CLAUSE_LIMIT.0);
    // Three in the hour, then a new hour, then 600 euros are reached.
    assert_eq!(codes, [yes, yes, yes, no, yes, yes, no].map(str::to_owned));
}
