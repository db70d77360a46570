//! Explanations: suppositions, and deciding again from what a record keeps.

use writ_authority::{
    What,
    decide::{
        self, Moment, denied,
        explain::{Recorded, Supposed, Unused},
    },
    grant::Surface,
};
use writ_charter::Mode;
use writ_model::{
    Span,
    json::{self, Limits},
};

use crate::kit::{ANA, Call, MONEY, START, World, approver, charter_id, clause};

fn paying<'a>() -> Call<'a> {
    Call { who: World::pay_bot(), server: "bank", name: "pay", arguments: MONEY }
}

#[test]
fn an_explanation_names_clauses_charter_and_approval() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], approver())]);
    let said = world.explain(&paying(), &Unused);
    assert_eq!((said.effect, said.code.as_str()), ("hold", decide::WAITS.0));
    assert_eq!(said.clauses, ["pay".to_owned()]);
    assert_eq!((said.charter, said.charter_version), (Some(charter_id(1)), Some(1)));
    assert!(said.cure.as_deref().is_some_and(|cure| cure.contains("Ana Ruiz")));
    let hold = world.hold(&world.pay());
    let before = world.state.clone();
    world.approve(hold, ANA);
    let then = world.state.clone();
    let said = world.explain(&paying(), &Unused);
    assert_eq!((said.effect, said.approval), ("permit", Some(hold)));
    assert_eq!(said.grant.is_some(), said.given_by_name.is_some());
    // What was permitted by approval is permitted when it is decided again on what was known then, used up or not.
    world.consume(hold);
    assert_eq!(world.explain(&paying(), &Unused).effect, "hold");
    let after = std::mem::replace(&mut world.state, then);
    assert!(world.explain(&paying(), &Unused).agrees(&said));
    world.state = before;
    assert!(!world.explain(&paying(), &Unused).agrees(&said));
    world.state = after;
}

#[test]
fn a_proposal_is_a_denial_and_an_observation_a_permit() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], Mode::Propose)]);
    let said = world.explain(&paying(), &Unused);
    assert_eq!((said.effect, said.code.as_str()), ("deny", denied::PROPOSED.0));
    world.observe(None, START + Span::days(1));
    let said = world.explain(&paying(), &Unused);
    assert_eq!((said.effect, said.code.as_str()), ("permit", decide::OBSERVED.0));
    assert_eq!(said.observed.as_deref(), Some(denied::PROPOSED.0));
    let json = serde_json::to_value(&said).unwrap();
    assert_eq!(json["observed"], "DENY-0025");
    assert_eq!(json["clauses"], serde_json::json!(["pay"]));
}

#[test]
fn agreement_is_of_effect_clauses_code_and_grant() {
    let world = World::under(vec![clause("pay", &["payment.*"], Mode::Act)]);
    let one = world.explain(&paying(), &Unused);
    let mut other = one.clone();
    other.words = "said otherwise".to_owned();
    assert!(one.agrees(&other));
    other.clauses = vec!["else".to_owned()];
    assert!(!one.agrees(&other));
}

#[test]
fn a_supposed_call_is_judged_without_a_copy() {
    let mut world = World::under(vec![clause("pay", &["payment.*"], approver())]);
    let hold = world.hold(&world.pay());
    world.approve(hold, ANA);
    let node = json::parse(MONEY.as_bytes(), &Limits::REQUEST).unwrap();
    let suppose = |world: &World| {
        let what = What::Call { surface: Surface::Tool, name: "pay", arguments: Some(&node) };
        let call = Supposed { agent: World::pay_bot().0, server: "bank", what };
        let moment = Moment { at: world.now, counters: &Unused };
        world.engine.suppose(&world.state, &call, &moment)
    };
    assert_eq!(suppose(&world).effect, "hold", "nobody's approval is used for a supposition");
    world.suspend(writ_model::Side::Client, None);
    assert_eq!(suppose(&world).code, denied::SUSPENDED.0);
}

#[test]
fn what_was_not_recorded_cannot_be_read_again() {
    let mut pay = clause("pay", &["payment.*"], Mode::Act);
    pay.limits = vec![writ_charter::Limit::Count { most: 5, per: writ_charter::Per::Day }];
    let world = World::under(vec![pay]);
    let then = world.explain(&paying(), &Unused);
    assert_eq!((then.effect, then.clause_reads.len()), ("permit", 1));
    let lost = Recorded::default();
    assert_eq!(world.explain(&paying(), &lost).code, denied::CLAUSE_LIMIT.0);
    let kept = Recorded { grants: then.reads.clone(), clauses: then.clause_reads.clone() };
    assert!(world.explain(&paying(), &kept).agrees(&then));
}
