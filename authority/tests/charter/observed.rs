//! Observing: nothing is blocked that an observation may pass, and everything else is.

use writ_authority::{
    Decision, Limit,
    decide::{
        self, Blind, CounterRead, Denied, denied,
        explain::{Recorded, Unused},
    },
    fact::{Fact, Subject},
    grant::{Period, Surface},
};
use writ_charter::{Bound, Limit as Most, Mode, Per};
use writ_model::{Code, Side, Span};

use crate::kit::{Call, DANA, MONEY, START, World, a_grant, approver, clause, id, person};

/// A stop, and the code it is answered with.
type Stop = (fn(&mut World), Code);

fn observed(decision: &Decision) -> Option<Code> {
    match decision {
        Decision::Permit(yes) => {
            let seen = yes.observed();
            assert_eq!(seen.is_some(), yes.reason().code == decide::OBSERVED);
            if seen.is_some() {
                assert!(yes.limits().is_empty() && yes.bounds().is_empty(), "counts for nothing");
                assert!(yes.approval().is_none());
            }
            seen
        }
        other => panic!("{other:?}"),
    }
}

const UNTIL: i64 = 30;

/// Observed as a whole for a month.
fn watched(clauses: Vec<writ_charter::Clause>) -> World {
    let mut world = World::under(clauses);
    world.observe(None, START + Span::days(UNTIL));
    world
}

#[test]
fn what_would_be_refused_or_held_goes_on_and_says_so() {
    let modes = [(approver(), decide::WAITS), (Mode::Propose, denied::PROPOSED)];
    for (mode, code) in modes {
        let world = watched(vec![clause("pay", &["payment.*"], mode)]);
        assert_eq!(observed(&world.pay()), Some(code));
        assert_eq!(observed(&world.call("mail", "send", "{}")), Some(denied::UNCOVERED));
    }
    let world = watched(vec![clause("all", &["*"], Mode::Act)]);
    assert_eq!(observed(&world.pay()), None, "what is permitted anyway is permitted as ever");
    assert_eq!(observed(&world.call("files", "read", "{}")), Some(denied::NO_GRANT));
    assert_eq!(observed(&world.session("files")), Some(denied::NO_SERVER));
    let Decision::Permit(yes) = world.call("files", "read", "{}") else { panic!() };
    assert!(yes.reason().words.contains("DENY-0011"), "{}", yes.reason().words);
    assert_eq!((yes.reason().grant, yes.clauses()), (None, &["all".to_owned()][..]));
}

#[test]
fn until_the_microsecond_and_for_whom_it_was_signed() {
    let group = id(40);
    let mut world = World::under(vec![clause("pay", &["payment.*"], approver())]);
    world.fact(Fact::GroupCreated { group, name: "Till".to_owned(), parent: None });
    world.employ(22, "till-bot", Some(group));
    world.grant(22, "bank", "*");
    let pay = |world: &World, n| {
        let call = Call { who: (id(n), id(n)), server: "bank", name: "pay", arguments: MONEY };
        world.decide(&call, &Unused).code()
    };
    let until = START + Span::hours(1);
    for (subject, one, two) in [
        (Subject::Agent(id(20)), decide::OBSERVED, decide::WAITS),
        (Subject::Group(group), decide::WAITS, decide::OBSERVED),
    ] {
        world.observe(Some(subject), until);
        world.now = until - Span::micros(1);
        assert_eq!((pay(&world, 20), pay(&world, 22)), (one, two));
        world.now = until;
        assert_eq!((pay(&world, 20), pay(&world, 22)), (decide::WAITS, decide::WAITS));
        world.now = START;
        world.fact(Fact::ObserveEnded { subject: Some(subject) });
        assert_eq!((pay(&world, 20), pay(&world, 22)), (decide::WAITS, decide::WAITS));
    }
}

#[test]
fn never_past_a_stop_or_a_clause_that_refuses() {
    let all = || vec![clause("all", &["*"], approver())];
    let stops: [Stop; 6] = [
        (|world| world.suspend(Side::Client, None), denied::SUSPENDED),
        (|world| world.suspend(Side::Provider, Some("all")), denied::SUSPENDED),
        (
            |world| world.fact(Fact::ClientFrozen { side: Side::Client, reason: "r".to_owned() }),
            denied::FROZEN,
        ),
        (
            |world| world.fact(Fact::AgentHeld { agent: id(20), reason: "r".to_owned() }),
            denied::HELD,
        ),
        (
            |world| {
                let instance = id(20);
                world.fact(Fact::InstanceEnded { instance, reason: "r".to_owned() });
            },
            denied::INSTANCE,
        ),
        (
            |world| {
                world.fact(Fact::PersonLeft { person: person(DANA) });
                world.later(Span::days(4));
            },
            denied::ANSWERS,
        ),
    ];
    for (stop, code) in stops {
        let mut world = watched(all());
        assert_eq!(observed(&world.pay()), Some(decide::WAITS));
        stop(&mut world);
        assert_eq!(world.pay().code(), code);
        assert!(
            !world.call("files", "read", "{}").permits(),
            "{code}: nor where a grant is missing"
        );
    }
    let mut clauses = all();
    clauses.push(clause("never", &["payment.*"], Mode::Refuse));
    let world = watched(clauses);
    assert_eq!(world.pay().code(), denied::REFUSED);
    assert_eq!(world.call("files", "pay", "{}").code(), decide::OBSERVED, "tool.use there");
    // A class that nothing covers does not hide a clause that refuses another class of the same call.
    let mut world = World::bare();
    let mut charter = world.charter(vec![clause("never", &["payment.*"], Mode::Refuse)]);
    charter.counts_as.push(crate::kit::naming("bank", "pay", "x.cash", None));
    world.sign(charter);
    world.observe(None, START + Span::days(UNTIL));
    assert_eq!(world.pay().code(), denied::REFUSED);
    let mut world = World::bare();
    world.observe(None, START + Span::days(UNTIL));
    assert_eq!(world.pay().code(), denied::NO_CHARTER);
    assert_eq!(world.session("bank").code(), denied::NO_CHARTER);
}

#[test]
fn a_clause_that_might_refuse_is_not_passed() {
    let mut large = clause("large", &["payment.*"], Mode::Refuse);
    large.when.amount_over = Some(crate::kit::euro("100"));
    let world = watched(vec![clause("pay", &["payment.*"], Mode::Act), large]);
    assert_eq!(world.pay().code(), denied::REFUSED);
    assert_eq!(world.call("bank", "pay", "{}").code(), denied::REFUSED, "an unknown amount");
    assert_eq!(world.call("bank", "pay", r#"{"amount":1}"#).code(), decide::BY_GRANT);
}

#[test]
fn a_persons_no_stands() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], approver())]);
    let hold = world.hold(&world.pay());
    world.refuse(hold, DANA);
    world.observe(None, START + Span::days(UNTIL));
    assert_eq!(world.pay().code(), denied::SAID_NO);
}

#[test]
fn a_persons_no_stands_though_something_else_would_have_stopped_it_first() {
    let mut pay = clause("pay", &["payment.*"], approver());
    pay.limits = vec![Most::Count { most: 2, per: Per::Hour }];
    let mut world = World::under(vec![pay]);
    let hold = world.hold(&world.pay());
    world.refuse(hold, DANA);
    world.observe(None, START + Span::days(UNTIL));
    let call = Call { who: World::pay_bot(), server: "bank", name: "pay", arguments: MONEY };
    assert_eq!(world.decide(&call, &Blind).code(), denied::SAID_NO, "a limit");
    let charter = world.charter(vec![clause("mail", &["mail.*"], Mode::Act)]);
    world.sign(charter);
    assert_eq!(world.pay().code(), denied::SAID_NO, "no clause");
    let other = Call { arguments: r#"{"amount":"1.00"}"#, ..call };
    assert_eq!(observed(&world.decide(&other, &Unused)), Some(denied::UNCOVERED));
}

#[test]
fn limits_are_seen_and_not_enforced() {
    let mut pay = clause("pay", &["payment.*"], Mode::Act);
    pay.limits = vec![Most::Count { most: 2, per: Per::Hour }];
    let mut world = watched(vec![pay]);
    let call = Call { who: World::pay_bot(), server: "bank", name: "pay", arguments: MONEY };
    assert_eq!(observed(&world.decide(&call, &Unused)), None);
    assert_eq!(observed(&world.decide(&call, &Blind)), Some(denied::CLAUSE_LIMIT));
    let Decision::Permit(yes) = world.decide(&call, &Unused) else { panic!() };
    let bound = Bound { clause: "pay".to_owned(), limit: Most::Count { most: 2, per: Per::Hour } };
    let late = Denied::clause_limit_reached(&world.state, &yes, &bound);
    let after = yes.overtaken(&world.state, late, world.now);
    assert_eq!(observed(&after), Some(denied::CLAUSE_LIMIT));

    let mut says = a_grant(Subject::Agent(id(20)), "till", "pay");
    says.limits = vec![Limit { count: 1, per: Period::Hour }];
    let grant = id(90);
    world.fact(Fact::GrantGiven { grant, says: Box::new(says) });
    let charter = world.charter(vec![clause("all", &["*"], Mode::Act)]);
    world.sign(charter);
    let call = Call { server: "till", ..call };
    let grants = vec![CounterRead { grant, per: Period::Hour, used: 1 }];
    let used = Recorded { grants: grants.clone(), clauses: Vec::new() };
    let Decision::Permit(yes) = world.decide(&call, &used) else { panic!() };
    assert_eq!((yes.observed(), yes.reads()), (Some(denied::LIMIT), &grants[..]));
}

#[test]
fn everything_is_listed_but_what_is_surely_refused() {
    let world = watched(vec![clause("never", &["payment.*"], Mode::Refuse)]);
    let lists = |server: &str, name: &str| {
        let call = Call { who: World::pay_bot(), server, name, arguments: "{}" };
        let thing = (Surface::Tool, name);
        world.with(&call, |ask| world.engine.lists(&world.state, ask, thing, world.now))
    };
    assert!(lists("mail", "send") && lists("files", "read"));
    assert!(!lists("bank", "pay"));
}

#[test]
fn told_when_it_acts_though_only_observed() {
    let world = watched(vec![clause("all", &["*"], Mode::NotifyAndAct)]);
    let Decision::Permit(yes) = world.call("files", "read", "{}") else { panic!() };
    assert!(yes.notify() && yes.observed() == Some(denied::NO_GRANT));
}
