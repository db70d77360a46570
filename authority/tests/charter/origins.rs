//! Origins: what speaks against a call by where its values came from counts where a clause names it, and nowhere else.
//! Never here: where a value came from (`writ_flow`).

use writ_authority::{
    Decision,
    decide::{
        self, Flow, FlowSays, Moment, OnHold, Traced, denied,
        explain::{Explanation, Unused},
    },
};
use writ_charter::{Clause, Mode, Scope, UNTRUSTED};
use writ_model::Span;

use crate::kit::{ANA, Call, DANA, MONEY, START, World, approver, clause};

const HELD: Flow<'_> =
    Flow { says: FlowSays::Hold, words: "what stands at /to comes from what others wrote" };
const DENIED: Flow<'_> = Flow { says: FlowSays::Deny, ..HELD };

/// Everything acts, and origins are followed in this mode.
fn world(mode: Mode) -> World {
    World::under(vec![clause("all", &["*"], Mode::Act), clause("origins", &[UNTRUSTED], mode)])
}

fn call() -> Call<'static> {
    Call { who: World::pay_bot(), server: "bank", name: "pay", arguments: MONEY }
}

fn pay(world: &World, flow: Option<Flow<'_>>) -> Decision {
    world.with(&call(), |ask| {
        let moment = Moment { at: world.now, counters: &Unused };
        world.engine.decide_traced(&world.state, ask, &moment, flow)
    })
}

fn explained(world: &World, flow: Option<Flow<'_>>) -> Explanation {
    world.with(&call(), |ask| {
        let moment = Moment { at: world.now, counters: &Unused };
        world.engine.explain_traced(&world.state, ask, &moment, flow)
    })
}

fn held(decision: Decision) -> OnHold {
    match decision {
        Decision::Hold(held) => *held,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_clause_that_names_it_decides() {
    for (mode, says, code) in [
        (Mode::Act, HELD, decide::BY_GRANT),
        (Mode::NotifyAndAct, HELD, decide::BY_GRANT),
        (approver(), HELD, decide::ORIGIN),
        (Mode::Propose, HELD, denied::PROPOSED),
        (Mode::Refuse, HELD, denied::REFUSED),
        (Mode::Act, DENIED, decide::BY_GRANT),
        (approver(), DENIED, denied::UNTRUSTED_VALUE),
        (Mode::Refuse, DENIED, denied::REFUSED),
    ] {
        let world = world(mode.clone());
        assert_eq!(pay(&world, Some(says)).code(), code, "{mode:?} {says:?}");
        assert_eq!(
            pay(&world, None).code(),
            decide::BY_GRANT,
            "{mode:?}: nothing speaks against it"
        );
    }
    let Decision::Permit(told) = pay(&world(Mode::NotifyAndAct), Some(HELD)) else { panic!() };
    assert!(told.notify() && told.reason().words.contains(HELD.words), "{}", told.reason().words);
    assert!(told.actions().contains(&UNTRUSTED.to_owned()), "{:?}", told.actions());
}

#[test]
fn a_clause_for_everything_or_for_others_does_not_switch_it_on() {
    let others = Scope { servers: vec!["mail".to_owned()], ..Scope::default() };
    let elsewhere = Clause { scope: others, ..clause("origins", &[UNTRUSTED], approver()) };
    for clauses in
        [vec![clause("all", &["*"], Mode::Act)], vec![clause("all", &["*"], Mode::Act), elsewhere]]
    {
        let world = World::under(clauses);
        assert_eq!(pay(&world, Some(HELD)).code(), decide::BY_GRANT);
    }
    assert_eq!(World::bare().state.traces(World::pay_bot().0, START), None);
    for pattern in [UNTRUSTED, "origin.*"] {
        let world = World::under(vec![clause("origins", &[pattern], approver())]);
        assert_eq!(world.state.traces(World::pay_bot().0, world.now), Some(approver()));
    }
}

#[test]
fn it_waits_once_and_a_yes_lets_exactly_it_pass_once() {
    let mut world = world(approver());
    let first = pay(&world, Some(HELD));
    let on_hold = held(first.clone());
    assert!(on_hold.waits() && on_hold.existing.is_none());
    assert!(on_hold.words.starts_with(HELD.words), "{}", on_hold.words);
    assert_eq!(on_hold.call.actions, ["payment.release".to_owned(), UNTRUSTED.to_owned()]);
    assert_eq!(on_hold.clauses(), ["origins".to_owned(), "all".to_owned()]);
    let hold = world.hold(&first);
    assert_eq!(held(pay(&world, Some(HELD))).existing, Some(hold));
    assert!(pay(&world, None).permits(), "what nothing speaks against waits for nobody");
    world.approve(hold, ANA);
    let Decision::Permit(yes) = pay(&world, Some(HELD)) else { panic!() };
    assert_eq!((yes.reason().code, yes.approval()), (decide::BY_APPROVAL, Some(hold)));
    assert_eq!(pay(&world, Some(DENIED)).code(), denied::UNTRUSTED_VALUE, "a rule stands above");
    world.consume(hold);
    assert_eq!(held(pay(&world, Some(HELD))).existing, None);
    let hold = world.hold(&pay(&world, Some(HELD)));
    world.refuse(hold, DANA);
    assert_eq!(pay(&world, Some(HELD)).code(), denied::SAID_NO);
}

#[test]
fn what_is_only_observed_goes_on_and_says_so() {
    let mut world = world(approver());
    world.observe(None, START + Span::days(30));
    for (flow, code) in [(HELD, decide::ORIGIN), (DENIED, denied::UNTRUSTED_VALUE)] {
        let Decision::Permit(yes) = pay(&world, Some(flow)) else { panic!("{flow:?}") };
        assert_eq!((yes.reason().code, yes.observed()), (decide::OBSERVED, Some(code)));
    }
}

#[test]
fn a_decision_comes_out_the_same_again_from_what_was_found() {
    let world = world(approver());
    let said = explained(&world, Some(HELD));
    assert_eq!((said.effect, said.code.as_str()), ("hold", decide::ORIGIN.0));
    let found = Traced {
        says: FlowSays::Hold,
        words: HELD.words.to_owned(),
        sentences: vec!["“Lumen Paper” was first read in a mail (third party)".to_owned()],
    };
    let kept = serde_json::to_string(&found).unwrap();
    let again: Traced = serde_json::from_str(&kept).unwrap();
    assert!(explained(&world, Some(again.flow())).agrees(&said));
    assert!(!explained(&world, None).agrees(&said), "without it, it comes out otherwise");
    assert!(explained(&world, Some(Traced::unreadable().flow())).agrees(&said));
}
