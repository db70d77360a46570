//! Every code and every mode, in the order of the questions. Never here: holds (`holds.rs`), counters (`limits.rs`).

use writ_authority::{
    Decision,
    decide::{self, denied},
    fact::Fact,
    grant::Surface,
};
use writ_charter::{Calendar, Hours, Mode, Scope, When};
use writ_model::{Code, Side, Span};

use crate::kit::{Call, DANA, MONEY, START, World, approver, charter_id, clause, euro, id, person};

fn everything(mode: Mode) -> World {
    World::under(vec![clause("everything", &["*"], mode)])
}

fn denied(decision: Decision) -> decide::Denied {
    match decision {
        Decision::Deny(denied) => denied,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_charter_in_force_nothing_acts() {
    let mut world = World::bare();
    let no = denied(world.pay());
    assert_eq!(no.code, denied::NO_CHARTER);
    for name in ["Milo Park (owner of the provider)", "Dana Cole (owner of the client)"] {
        assert!(no.cure.contains(name), "{}", no.cure);
    }
    assert_eq!(world.session("bank").code(), denied::NO_CHARTER);
    let charter = world.charter(vec![clause("everything", &["*"], Mode::Act)]);
    let (id, digest) = (charter.charter, charter.digest());
    world.fact(Fact::CharterProposed { charter: Box::new(charter) });
    let (side, signer) = (Side::Provider, person(crate::kit::MILO));
    world.fact(Fact::CharterSigned { charter: id, digest, person: signer, side });
    let no = denied(world.pay());
    assert_eq!(no.code, denied::NO_CHARTER, "half signed is not signed");
    assert!(no.cure.contains("waits for Dana Cole") && !no.cure.contains("Milo"), "{}", no.cure);
    world.fact(Fact::CharterSigned {
        charter: id,
        digest,
        person: person(DANA),
        side: Side::Client,
    });
    world.fact(Fact::CharterInForce { charter: id, digest });
    assert_eq!(world.pay().code(), decide::BY_GRANT);
    assert_eq!(world.session("bank").code(), decide::BY_SESSION);
}

#[test]
fn a_permit_says_what_it_stands_on() {
    let world = World::under(vec![
        clause("pay", &["payment.*"], Mode::Act),
        clause("told", &["*"], Mode::NotifyAndAct),
        clause("mail", &["mail.*"], Mode::Refuse),
    ]);
    let Decision::Permit(yes) = world.pay() else { panic!() };
    assert_eq!(yes.reason().code, decide::BY_GRANT);
    assert_eq!(yes.clauses(), ["told", "pay"].map(str::to_owned), "strictest first");
    assert_eq!(yes.actions(), ["payment.release".to_owned()]);
    assert_eq!(yes.charter(), Some((charter_id(1), 1)));
    assert!(yes.notify() && yes.approval().is_none() && yes.observed().is_none());
    assert_eq!(yes.amount().map(|amount| amount.value), Some(1_200_000));
    assert!(yes.reason().words.contains("Dana Cole granted"), "{}", yes.reason().words);
    assert!(yes.reason().words.contains("charter version 1: told, pay"));
    assert!(!yes.rehearsal());
}

#[test]
fn each_mode_has_its_answer() {
    for (mode, code) in [
        (Mode::Act, decide::BY_GRANT),
        (Mode::NotifyAndAct, decide::BY_GRANT),
        (approver(), decide::WAITS),
        (Mode::Propose, denied::PROPOSED),
        (Mode::Refuse, denied::REFUSED),
    ] {
        assert_eq!(everything(mode.clone()).pay().code(), code, "{mode:?}");
    }
}

#[test]
fn a_clause_that_refuses_binds_everybody_and_says_who_could_change_it() {
    let world = World::under(vec![
        clause("all", &["*"], Mode::Act),
        clause("never", &["payment.release"], Mode::Refuse),
    ]);
    let no = denied(world.pay());
    assert_eq!(no.code, denied::REFUSED);
    assert_eq!(no.clauses.first().map(String::as_str), Some("never"));
    assert_eq!(no.charter, Some((charter_id(1), 1)));
    assert!(
        no.words.contains("“Clause never” of the charter (version 1) refuses it"),
        "{}",
        no.words
    );
    assert!(no.cure.contains("Milo Park") && no.cure.contains("Dana Cole"), "{}", no.cure);
    assert!(no.grant.is_some(), "the grant that would have let it");
    assert_eq!(world.call("mail", "send", "{}").code(), decide::BY_GRANT);
}

#[test]
fn what_no_clause_covers_is_refused_also_in_part() {
    let mut world = World::under(vec![clause("mail", &["mail.*"], Mode::Act)]);
    let no = denied(world.pay());
    assert_eq!(no.code, denied::UNCOVERED);
    assert!(no.words.contains("payment.release"), "{}", no.words);
    assert_eq!(world.call("mail", "archive", "{}").code(), denied::UNCOVERED, "tool.use");
    let mut charter = world.charter(vec![clause("mail", &["mail.*"], Mode::Act)]);
    charter.counts_as.push(crate::kit::naming("mail", "send_as", "mail.send_as_person", None));
    charter.counts_as.push(crate::kit::naming("mail", "send_as", "payment.release", None));
    world.sign(charter);
    assert_eq!(world.call("mail", "send_as", "{}").code(), denied::UNCOVERED, "each class counts");
}

#[test]
fn a_charter_and_its_clauses_hold_from_then_until_then() {
    let mut world = World::bare();
    let until = START + Span::hours(2);
    let mut charter = world.charter(vec![clause("all", &["*"], Mode::Act)]);
    charter.from = Some(START + Span::hours(1));
    charter.until = Some(until);
    world.sign(charter);
    assert_eq!(world.pay().code(), denied::NO_CHARTER);
    assert_eq!(world.session("bank").code(), denied::NO_CHARTER);
    world.now = until - Span::micros(1);
    assert_eq!(world.pay().code(), decide::BY_GRANT);
    world.now = until;
    assert_eq!(world.pay().code(), denied::NO_CHARTER);
    assert!(denied(world.pay()).words.contains("is over"));
    assert_eq!(world.session("bank").code(), denied::NO_CHARTER);
}

#[test]
fn either_party_alone_stops() {
    for side in [Side::Provider, Side::Client] {
        let mut world = everything(Mode::Act);
        world.suspend(side, None);
        let no = denied(world.pay());
        assert_eq!(no.code, denied::SUSPENDED);
        let who = if side == Side::Client { "Dana Cole" } else { "Milo Park" };
        assert!(no.cure.contains(who), "{}", no.cure);
        assert_eq!(world.session("bank").code(), denied::SUSPENDED);
        world.fact(Fact::DelegationResumed { clause: None, side });
        assert_eq!(world.pay().code(), decide::BY_GRANT);
        world.suspend(side, Some("everything"));
        assert_eq!(world.pay().code(), denied::SUSPENDED);
        assert_eq!(world.session("bank").code(), decide::BY_SESSION, "one clause is not all");
        let reason = "Something is wrong.".to_owned();
        world.fact(Fact::ClientFrozen { side, reason });
        let no = denied(world.pay());
        assert_eq!(no.code, denied::FROZEN);
        assert!(no.cure.contains(who) && no.words.contains("Something is wrong."), "{no:?}");
        assert_eq!(world.session("bank").code(), denied::FROZEN);
        world.fact(Fact::ClientThawed { side });
        assert_eq!(world.pay().code(), denied::SUSPENDED);
    }
}

#[test]
fn life_and_credential_come_first_and_a_freeze_before_answers() {
    let mut world = World::bare();
    world.fact(Fact::ClientFrozen { side: Side::Client, reason: "r".to_owned() });
    let (agent, _) = World::pay_bot();
    let stranger = Call { who: (agent, id(99)), server: "bank", name: "pay", arguments: MONEY };
    let code = |world: &World| world.decide(&stranger, &decide::explain::Unused).code();
    assert_eq!(code(&world), denied::INSTANCE);
    world.fact(Fact::PersonLeft { person: person(DANA) });
    world.later(Span::days(4));
    assert_eq!(world.pay().code(), denied::FROZEN);
    world.fact(Fact::ClientThawed { side: Side::Client });
    assert_eq!(world.pay().code(), denied::ANSWERS);
    world.fact(Fact::AgentHeld { agent, reason: "r".to_owned() });
    assert_eq!(world.pay().code(), denied::HELD);
}

#[test]
fn what_is_not_known_counts_as_the_stricter() {
    let over = |mode, amount: &str| {
        let mut one = clause("large", &["payment.*"], mode);
        one.when.amount_over = Some(euro(amount));
        one
    };
    let small = clause("small", &["payment.*"], Mode::Act);
    let world = World::under(vec![small.clone(), over(approver(), "100")]);
    assert_eq!(world.pay().code(), decide::WAITS, "120 is over 100");
    assert_eq!(world.call("bank", "pay", r#"{"amount":100}"#).code(), decide::BY_GRANT);
    for unknown in ["{}", r#"{"amount":"a lot"}"#, r#"{"amount":-5}"#, r#"{"amount":0.00001}"#] {
        assert_eq!(world.call("bank", "pay", unknown).code(), decide::WAITS, "{unknown}");
    }
    // A condition on something unknown never permits: severity is not known of a call.
    let mut severe = clause("severe", &["payment.*"], Mode::Act);
    severe.when.severity = Some(writ_charter::Severity::Low);
    assert_eq!(World::under(vec![severe.clone()]).pay().code(), denied::UNCOVERED);
    severe.mode = Mode::Refuse;
    assert_eq!(World::under(vec![small, severe]).pay().code(), denied::REFUSED);
}

#[test]
fn hours_and_exceptions_decide_with_the_moment() {
    let mut night = clause("night", &["payment.*"], Mode::Refuse);
    night.when = When { hours: Some(Hours::Outside), ..When::default() };
    let mut elsewhere = clause("elsewhere", &["*"], Mode::Act);
    elsewhere.scope = Scope { servers: vec!["bank".to_owned()], ..Scope::default() };
    let mut world = World::bare();
    let mut charter = world.charter(vec![night, elsewhere]);
    charter.calendar = Calendar { zone: "Europe/Berlin".to_owned(), ..charter.calendar };
    world.sign(charter);
    assert_eq!(world.pay().code(), decide::BY_GRANT, "15:03 in Berlin");
    assert_eq!(world.call("mail", "send", "{}").code(), denied::UNCOVERED);
    world.later(Span::hours(9));
    assert_eq!(world.pay().code(), denied::REFUSED);
}

#[test]
fn lists_leave_out_what_can_never_be() {
    let mut large = clause("large", &["payment.*"], Mode::Refuse);
    large.when.amount_over = Some(euro("100"));
    let mut world = World::under(vec![
        clause("pay", &["payment.*"], Mode::Act),
        large,
        clause("no-mail", &["mail.send"], Mode::Refuse),
        clause("read", &["mail.read"], approver()),
    ]);
    let lists = |world: &World, server: &str, name: &str| {
        let call = Call { who: World::pay_bot(), server, name, arguments: "{}" };
        let thing = (Surface::Tool, name);
        world.with(&call, |ask| world.engine.lists(&world.state, ask, thing, world.now))
    };
    assert!(lists(&world, "bank", "pay"), "refused only sometimes");
    assert!(!lists(&world, "mail", "send"), "always refused");
    assert!(lists(&world, "mail", "read"), "may be approved");
    assert!(!lists(&world, "mail", "archive"), "no clause covers it");
    assert!(!lists(&world, "files", "read"), "no grant");
    world.suspend(Side::Client, Some("read"));
    assert!(!lists(&world, "mail", "read") && lists(&world, "bank", "pay"));
    world.fact(Fact::DelegationResumed { clause: Some("read".to_owned()), side: Side::Client });
    assert!(lists(&world, "mail", "read"));
    world.fact(Fact::ClientFrozen { side: Side::Client, reason: "r".to_owned() });
    assert!(!lists(&world, "bank", "pay"));
    let world = World::bare();
    assert!(!lists(&world, "bank", "pay"), "no charter");
}

#[test]
fn a_new_charter_takes_the_place_of_the_old_at_once() {
    let mut world = everything(Mode::Act);
    let before = world.state.clone();
    assert_eq!(world.pay().code(), decide::BY_GRANT);
    let charter = world.charter(vec![clause("everything", &["*"], Mode::Refuse)]);
    world.sign(charter);
    assert_eq!(world.pay().code(), denied::REFUSED);
    assert_eq!(denied(world.pay()).charter, Some((charter_id(2), 2)));
    let now = std::mem::replace(&mut world.state, before);
    assert_eq!(world.pay().code(), decide::BY_GRANT, "the past is decided as the past");
    world.state = now;
    assert_eq!(world.pay().code(), denied::REFUSED);
}

#[test]
fn one_engine_follows_charters_back_and_forth() {
    // A grant of exactly one thing, so that the reading of the charter is kept with the compiled grants.
    let mut world = World::under(vec![clause("all", &["*"], Mode::Act)]);
    world.grant(20, "till", "pay");
    let modes = [Mode::Act, Mode::Refuse, approver(), Mode::NotifyAndAct];
    let codes = [decide::BY_GRANT, denied::REFUSED, decide::WAITS, decide::BY_GRANT];
    let mut states = Vec::new();
    for mode in modes {
        let charter = world.charter(vec![clause("till", &["tool.*"], mode)]);
        world.sign(charter);
        states.push(world.state.clone());
    }
    for round in 0..3 {
        for (state, code) in states.iter().zip(codes) {
            world.state = state.clone();
            assert_eq!(world.call("till", "pay", "{}").code(), code, "{round}");
        }
    }
}

#[test]
fn every_cure_names_somebody_or_a_step() {
    let worlds = [
        World::bare(),
        everything(Mode::Refuse),
        everything(approver()),
        everything(Mode::Propose),
        World::under(vec![clause("mail", &["mail.*"], Mode::Act)]),
    ];
    for world in worlds {
        let (code, cure): (Code, String) = match world.pay() {
            Decision::Deny(denied) => (denied.code, denied.cure),
            Decision::Hold(held) => (held.code, held.cure),
            Decision::Permit(yes) => panic!("{yes:?}"),
        };
        let named = ["Dana Cole", "Milo Park", "Ana Ruiz"].iter().any(|name| cure.contains(name));
        assert!(named, "{code}: {cure}");
    }
}
