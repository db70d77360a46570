//! Random chains of agents that act for each other, ended in any order.

use std::collections::BTreeSet;

use proptest::prelude::*;
use writ_authority::{Command, command::Whom};
use writ_model::AgentId;

use crate::{
    kit::World,
    scale::{delegate, many, raise, why},
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever acts for whomever, an ending takes exactly what it names and what is below, and never leaves an agent that
    /// acts for a dead one.
    #[test]
    fn nothing_outlives_what_it_acts_for(
        pairs in prop::collection::vec((0_usize..9, 0_usize..9), 0..14),
        ends in prop::collection::vec((0_usize..9, any::<bool>()), 1..5),
    ) {
        let mut world = World::new();
        raise(&mut world);
        let (dana, milo) = (world.dana, world.milo);
        let all: Vec<AgentId> = (0..9).map(|n| world.propose(&format!("bot {n}"))).collect();
        for (one, by) in pairs {
            let _refused = world.by(milo, delegate(all[one], all[by]));
        }
        for (n, alone) in ends {
            let before: BTreeSet<AgentId> = living(&world);
            let below: BTreeSet<AgentId> = world.state.below(all[n]).into_iter().collect();
            let act = if alone {
                Command::Terminate { agent: all[n], reason: why() }
            } else {
                many(Whom::Agents(vec![all[n]]))
            };
            let done = world.by(dana, act);
            prop_assert_eq!(done.is_ok(), before.contains(&all[n]));
            let gone: BTreeSet<AgentId> = before.difference(&living(&world)).copied().collect();
            let due: BTreeSet<AgentId> = match done {
                Ok(_) => below.into_iter().chain([all[n]]).collect(),
                Err(_) => BTreeSet::new(),
            };
            prop_assert_eq!(gone, due);
            for (agent, by) in &world.state.acting_for {
                prop_assert!(!world.agent(*agent).lives() || world.agent(*by).lives());
            }
        }
    }
}

fn living(world: &World) -> BTreeSet<AgentId> {
    let agents = world.state.agents.iter();
    agents.filter(|(_, agent)| agent.lives()).map(|(id, _)| *id).collect()
}
