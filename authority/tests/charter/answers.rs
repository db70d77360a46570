//! What becomes of what answers carry: the clause that names its class decides, everything else is as it is anyway.

use writ_authority::{decide::Answered, fact::Subject};
use writ_charter::{Clause, Mode, Scope};
use writ_model::Span;

use crate::kit::{World, approver, clause};

const CARD: &str = "answer.card";

/// What becomes of a card's number on a server, where it would stay anyway.
fn card(world: &World, server: &str, unsaid: Answered) -> Answered {
    world.state.answered((World::pay_bot().0, server), (CARD, unsaid), world.now)
}

#[test]
fn the_clause_that_names_the_class_decides() {
    for (mode, wanted) in [
        (Mode::Act, Answered::Stays),
        (Mode::NotifyAndAct, Answered::Stays),
        (Mode::Propose, Answered::Masked),
        (approver(), Answered::Masked),
        (Mode::Refuse, Answered::Refused),
    ] {
        for class in [CARD, "answer.*"] {
            let world = World::under(vec![
                clause("all", &["*"], Mode::Act),
                clause("answers", &[class], mode.clone()),
            ]);
            assert!(world.state.speaks_of_answers());
            assert_eq!(card(&world, "bank", Answered::Masked), wanted, "{mode:?} {class}");
        }
    }
}

#[test]
fn a_clause_for_everything_or_for_others_says_nothing() {
    let others = Scope { servers: vec!["mail".to_owned()], ..Scope::default() };
    let elsewhere = Clause { scope: others, ..clause("answers", &[CARD], Mode::Refuse) };
    let world = World::under(vec![clause("all", &["*"], Mode::Refuse), elsewhere]);
    assert_eq!(card(&world, "bank", Answered::Masked), Answered::Masked);
    assert_eq!(card(&world, "mail", Answered::Stays), Answered::Refused);
    let plain = World::under(vec![clause("all", &["*"], Mode::Act)]);
    assert!(!plain.state.speaks_of_answers());
}

#[test]
fn for_an_agent_that_is_only_observed_nothing_is_masked_and_what_is_refused_is() {
    for (mode, wanted) in [(approver(), Answered::Stays), (Mode::Refuse, Answered::Refused)] {
        let mut world = World::under(vec![clause("answers", &[CARD], mode)]);
        world.observe(Some(Subject::Agent(World::pay_bot().0)), world.now + Span::days(30));
        assert_eq!(card(&world, "bank", Answered::Masked), wanted);
    }
}
