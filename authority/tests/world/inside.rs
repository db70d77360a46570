//! Acts on a group or on everything, under clauses about what is inside. Never here: acts on one agent (`charter.rs`).

use writ_authority::{Command, Fact, fact::Subject, refusal};
use writ_charter::Mode;
use writ_model::Span;

use crate::{
    charter::clause,
    kit::{World, everything, grant_by, new_agent},
};

/// A clause about one agent, or about a group below, is not passed by acting on what they are in.
#[test]
fn what_is_refused_for_one_agent_is_refused_for_all_that_holds_it() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let group = |world: &mut World, name: &str, parent| {
        let made = world.by(milo, Command::CreateGroup { name: name.to_owned(), parent }).unwrap();
        let Some(Fact::GroupCreated { group, .. }) = made.first() else { panic!("{made:?}") };
        *group
    };
    let (outer, other) = (group(&mut world, "outer", None), group(&mut world, "other", None));
    let inner = group(&mut world, "inner", Some(outer));
    let mut inside = new_agent("inside");
    inside.group = Some(inner);
    let made = world.by(milo, Command::Propose(inside)).unwrap();
    let Some(Fact::AgentProposed(agent)) = made.first() else { panic!("{made:?}") };
    let agent = agent.agent;
    let grant = |group| {
        let mut given = grant_by(agent, dana);
        given.subject = Subject::Group(group);
        Command::GiveGrant(Box::new(given))
    };
    let watch = |world: &World, subject| Command::SetObserve {
        subject,
        until: world.now + Span::days(3),
        reason: "a test".to_owned(),
    };
    let mut about_agent = clause("not-this-one", &["agent.*"], Mode::Refuse);
    about_agent.scope.agents = vec![agent];
    let mut about_group = clause("not-these", &["agent.*"], Mode::Refuse);
    about_group.scope.groups = vec![inner];
    for never in [about_agent, about_group] {
        world.agree(vec![everything(), never]);
        for subject in [Some(Subject::Group(outer)), Some(Subject::Group(inner)), None] {
            let act = watch(&world, subject);
            assert_eq!(world.by(dana, act), Err(refusal::CLAUSE), "{subject:?}");
        }
        assert_eq!(world.by(dana, grant(outer)), Err(refusal::CLAUSE));
        world.by(dana, grant(other)).unwrap();
        let act = watch(&world, Some(Subject::Group(other)));
        world.by(dana, act).unwrap();
        world.by(dana, Command::EndObserve { subject: Some(Subject::Group(other)) }).unwrap();
    }
    // An exception for the agent leaves it uncovered, and so the group too.
    let mut but = everything();
    but.unless = vec![writ_charter::Unless::default()];
    if let Some(one) = but.unless.first_mut() {
        one.scope.agents = vec![agent];
    }
    world.agree(vec![but]);
    assert_eq!(world.by(dana, grant(outer)), Err(refusal::UNCOVERED));
}
