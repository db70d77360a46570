//! A shadow is decided as the agent it stands for, and nothing of it is let through.

use writ_authority::{
    Decision,
    decide::{self, denied, explain::Unused},
    fact::{Fact, Subject},
};
use writ_charter::{Mode, Scope};
use writ_model::{Span, id};

use crate::kit::{Call, MONEY, START, World, approver, clause, id};

/// A drill on `pay-bot`.
fn drilled(clauses: Vec<writ_charter::Clause>) -> World {
    let mut world = World::under(clauses);
    world.fact(Fact::DrillBegun {
        drill: id::<id::Drill>(50),
        agent: id(20),
        shadow: id(51),
        name: "pay-bot (drill)".to_owned(),
    });
    world.enroll(51, 51);
    world
}

fn call(world: &World, server: &str, name: &str) -> Decision {
    let call = Call { who: (id(51), id(51)), server, name, arguments: MONEY };
    world.decide(&call, &Unused)
}

#[test]
fn a_shadow_has_the_grants_and_clauses_of_its_original() {
    let mut own = clause("own", &["payment.*"], Mode::Act);
    own.scope = Scope { agents: vec![id(20)], ..Scope::default() };
    let mut world = drilled(vec![own, clause("mail", &["mail.*"], Mode::Refuse)]);
    let Decision::Permit(yes) = call(&world, "bank", "pay") else { panic!() };
    assert_eq!((yes.reason().code, yes.rehearsal()), (decide::REHEARSED, true));
    assert_eq!(yes.clauses(), ["own".to_owned()]);
    assert_eq!(call(&world, "mail", "send").code(), denied::REFUSED);
    assert_eq!(call(&world, "files", "read").code(), denied::NO_GRANT);
    assert!(!world.pay().code().0.is_empty() && world.pay().code() == decide::BY_GRANT);
    // A grant that the original gets or loses is the shadow's at once.
    world.grant(20, "files", "read");
    assert_eq!(call(&world, "files", "read").code(), denied::UNCOVERED);
    world.fact(Fact::GrantRevoked { grant: id(101), reason: "r".to_owned() });
    assert_eq!(call(&world, "bank", "pay").code(), denied::NO_GRANT);
}

#[test]
fn a_rehearsal_asks_nobody() {
    for (mode, code) in [(approver(), decide::WAITS), (Mode::Propose, denied::PROPOSED)] {
        let world = drilled(vec![clause("pay", &["payment.*"], mode)]);
        let Decision::Deny(no) = call(&world, "bank", "pay") else { panic!() };
        assert_eq!(no.code, code);
        assert!(no.words.starts_with("rehearsed: "), "{}", no.words);
        assert!(matches!(world.pay(), Decision::Hold(_)));
    }
}

#[test]
fn a_rehearsal_uses_up_nothing_and_tells_nobody() {
    let mut pay = clause("pay", &["payment.*"], Mode::NotifyAndAct);
    pay.limits = vec![writ_charter::Limit::Count { most: 5, per: writ_charter::Per::Hour }];
    let world = drilled(vec![pay]);
    let Decision::Permit(yes) = call(&world, "bank", "pay") else { panic!() };
    assert!(yes.limits().is_empty() && yes.bounds().is_empty() && !yes.notify());
    assert_eq!(yes.clause_reads().len(), 1, "it is read all the same");
    let Decision::Permit(yes) = world.pay() else { panic!() };
    assert!(!yes.bounds().is_empty() && yes.notify());
}

#[test]
fn a_shadow_ends_alone_and_is_observed_as_its_original() {
    let mut world = drilled(vec![clause("pay", &["payment.*"], approver())]);
    world.observe(Some(Subject::Agent(id(20))), START + Span::days(1));
    let Decision::Permit(yes) = call(&world, "bank", "pay") else { panic!() };
    assert_eq!((yes.reason().code, yes.observed()), (decide::REHEARSED, Some(decide::WAITS)));
    assert!(yes.rehearsal());
    world.fact(Fact::AgentTerminated { agent: id(51), reason: "Drill.".to_owned() });
    assert_eq!(call(&world, "bank", "pay").code(), denied::TERMINATED);
    assert_eq!(world.pay().code(), decide::OBSERVED, "the agent itself goes on");
}
