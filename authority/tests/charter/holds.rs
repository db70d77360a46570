//! Holds: held, approved, permitted once, held again; and nothing else passes with somebody else's yes.
//! Never here: who may approve (`tests/world`).

use writ_authority::{
    Decision,
    decide::{self, OnHold, denied, explain::Unused},
    fact::Fact,
};
use writ_charter::{Mode, Seat, Waits};
use writ_model::{Role, Side, Span};

use crate::kit::{ANA, Call, DANA, MILO, MONEY, World, approver, clause, digest, id};

fn asking() -> World {
    World::under(vec![clause("pay", &["payment.*"], approver())])
}

fn held(decision: Decision) -> OnHold {
    match decision {
        Decision::Hold(held) => *held,
        other => panic!("{other:?}"),
    }
}

#[test]
fn held_approved_permitted_used_up_and_held_again() {
    let mut world = asking();
    let first = world.pay();
    let on_hold = held(first.clone());
    assert_eq!((on_hold.code, on_hold.existing), (decide::WAITS, None));
    assert_eq!(on_hold.call.digest, digest("bank", "pay", MONEY));
    assert_eq!(on_hold.call.clauses, ["pay".to_owned()]);
    assert_eq!(on_hold.call.amount.as_ref().map(|money| money.amount.as_str()), Some("120.00"));
    assert_eq!(on_hold.call.expires, world.now + Span::minutes(60));
    assert!(on_hold.cure.contains("Ana Ruiz (approver of the client)"), "{}", on_hold.cure);
    let hold = world.hold(&first);
    assert_eq!(held(world.pay()).existing, Some(hold), "written down once");
    world.approve(hold, ANA);
    let Decision::Permit(yes) = world.pay() else { panic!("{:?}", world.pay()) };
    assert_eq!((yes.reason().code, yes.approval()), (decide::BY_APPROVAL, Some(hold)));
    assert!(!yes.notify());
    world.consume(hold);
    assert_eq!(held(world.pay()).existing, None, "used up: a new hold");
}

#[test]
fn an_approval_is_of_exactly_this_call() {
    let mut world = asking();
    let hold = world.hold(&world.pay());
    world.approve(hold, ANA);
    let copy = world.enroll(20, 21);
    world.employ(22, "other-bot", None);
    world.grant(22, "bank", "*");
    world.grant(20, "till", "pay");
    let mut charter = world.charter(vec![clause("pay", &["*"], approver())]);
    charter.version = 1;
    let call = |who, server, name, arguments| {
        let call = Call { who, server, name, arguments };
        world.decide(&call, &Unused)
    };
    let own = World::pay_bot();
    assert!(call(own, "bank", "pay", MONEY).permits());
    let spaced = r#"{ "to" : "Lumen Paper", "amount" : "120.00" }"#;
    assert!(call(own, "bank", "pay", spaced).permits(), "the same, spelled otherwise");
    for (who, server, name, arguments) in [
        (own, "bank", "pay", r#"{"amount":"120.01","to":"Lumen Paper"}"#),
        (own, "bank", "pay", r#"{"amount":120.00,"to":"Lumen Paper"}"#),
        (own, "bank", "pay", r#"{"amount":"120.00","to":"Lumen Paper","x":1}"#),
        (own, "bank", "pay", r#"{"amount":"120.00"}"#),
        (own, "bank", "pay_now", MONEY),
        ((own.0, copy), "bank", "pay", MONEY),
        ((id(22), id(22)), "bank", "pay", MONEY),
    ] {
        let code = call(who, server, name, arguments).code();
        assert_eq!(code, decide::WAITS, "{server} {name} {arguments}");
    }
    assert_eq!(call((id(22), own.1), "bank", "pay", MONEY).code(), denied::INSTANCE);
    assert_eq!(call(own, "till", "pay", MONEY).code(), denied::UNCOVERED, "another server");
}

#[test]
fn an_approval_holds_until_its_expiry_to_the_microsecond() {
    let mut world = asking();
    let hold = world.hold(&world.pay());
    world.approve(hold, ANA);
    let start = world.now;
    world.now = start + Span::minutes(60) - Span::micros(1);
    assert!(world.pay().permits());
    world.now = start + Span::minutes(60);
    assert_eq!(held(world.pay()).existing, None);
}

#[test]
fn a_refused_call_is_refused_until_the_hold_is_over() {
    let mut world = asking();
    let start = world.now;
    let hold = world.hold(&world.pay());
    world.refuse(hold, DANA);
    let Decision::Deny(no) = world.pay() else { panic!() };
    assert_eq!(no.code, denied::SAID_NO);
    assert!(no.words.contains("Dana Cole") && no.words.contains("Not this one."), "{}", no.words);
    assert_eq!(no.clauses, ["pay".to_owned()]);
    world.now = start + Span::minutes(60) - Span::micros(1);
    assert_eq!(world.pay().code(), denied::SAID_NO);
    let other = world.call("bank", "pay", r#"{"amount":"1.00"}"#);
    assert_eq!(other.code(), decide::WAITS, "asked differently it may be asked");
    world.now = start + Span::minutes(60);
    assert_eq!(held(world.pay()).existing, None);
}

#[test]
fn a_refusal_stands_above_approvals_that_came_before() {
    let mut world = asking();
    let hold = world.hold(&world.pay());
    world.approve(hold, ANA);
    world.refuse(hold, MILO);
    assert_eq!(world.pay().code(), denied::SAID_NO);
}

#[test]
fn all_seats_of_a_quorum_are_taken_by_different_people() {
    let both = Mode::Approve {
        quorum: vec![
            Seat { party: Side::Client, role: Role::Approver, n: 1 },
            Seat { party: Side::Provider, role: Role::Owner, n: 1 },
        ],
    };
    let mut world = World::under(vec![clause("pay", &["payment.*"], both)]);
    let hold = world.hold(&world.pay());
    world.approve(hold, ANA);
    assert_eq!(held(world.pay()).existing, Some(hold));
    world.approve(hold, ANA);
    assert!(!world.pay().permits(), "one person counts once");
    world.approve(hold, DANA);
    assert!(!world.pay().permits(), "an owner is no approver, and of the wrong party");
    world.approve(hold, MILO);
    assert!(world.pay().permits());
}

#[test]
fn what_was_approved_is_decided_again() {
    let stops: [(fn(&mut World), _); 5] = [
        (|world| world.suspend(Side::Client, None), denied::SUSPENDED),
        (|world| world.suspend(Side::Provider, Some("pay")), denied::SUSPENDED),
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
                let grant = id(101);
                world.fact(Fact::GrantRevoked { grant, reason: "r".to_owned() });
            },
            denied::NO_GRANT,
        ),
    ];
    for (stop, code) in stops {
        let mut world = asking();
        let hold = world.hold(&world.pay());
        world.approve(hold, ANA);
        assert!(world.pay().permits());
        stop(&mut world);
        assert_eq!(world.pay().code(), code);
    }
}

#[test]
fn an_approval_does_not_outlive_its_charter() {
    let mut world = asking();
    let hold = world.hold(&world.pay());
    world.approve(hold, ANA);
    let two = Mode::Approve { quorum: vec![Seat { party: Side::Client, role: Role::Owner, n: 1 }] };
    let charter = world.charter(vec![clause("pay", &["payment.*"], two)]);
    world.sign(charter);
    assert_eq!(held(world.pay()).existing, None, "asked anew");
    let charter = world.charter(vec![clause("pay", &["payment.*"], Mode::Refuse)]);
    world.sign(charter);
    assert_eq!(world.pay().code(), denied::REFUSED);
}

#[test]
fn a_quorum_that_grows_with_the_hour_is_asked_in_full() {
    let mut night = clause(
        "night",
        &["payment.*"],
        Mode::Approve { quorum: vec![Seat { party: Side::Client, role: Role::Owner, n: 1 }] },
    );
    night.when.hours = Some(writ_charter::Hours::Outside);
    let mut day = clause("pay", &["payment.*"], approver());
    day.waits = Waits { expires_minutes: 1_440, escalate_minutes: None };
    let mut world = World::under(vec![day, night]);
    let hold = world.hold(&world.pay());
    world.approve(hold, ANA);
    assert!(world.pay().permits());
    world.later(Span::hours(8));
    assert_eq!(held(world.pay()).existing, None, "at night an owner has to say yes too");
}

#[test]
fn a_proposal_is_kept_once_and_never_permitted() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], Mode::Propose)]);
    let first = world.pay();
    let on_hold = held(first.clone());
    assert_eq!(on_hold.code, denied::PROPOSED);
    assert_eq!(on_hold.call.mode, Mode::Propose);
    assert!(on_hold.cure.contains("kept as a proposal"), "{}", on_hold.cure);
    let hold = world.hold(&first);
    world.approve(hold, ANA);
    world.approve(hold, DANA);
    let again = held(world.pay());
    assert_eq!((again.code, again.existing), (denied::PROPOSED, Some(hold)));
    world.refuse(hold, DANA);
    assert_eq!(world.pay().code(), denied::SAID_NO);
}

#[test]
fn waiting_is_as_short_as_the_shortest_clause() {
    let mut one = clause("one", &["payment.*"], approver());
    one.waits = Waits { expires_minutes: 30, escalate_minutes: Some(10) };
    let mut two = clause("two", &["*"], approver());
    two.waits = Waits { expires_minutes: 90, escalate_minutes: Some(5) };
    let world = World::under(vec![one, two]);
    let on_hold = held(world.pay());
    assert_eq!(on_hold.call.expires, world.now + Span::minutes(30));
    assert_eq!(on_hold.call.escalate_at, Some(world.now + Span::minutes(5)));
}
