//! A ledger that goes on at another provider.

use writ_authority::{Command, Fact, Life, fact::LedgerMoved};
use writ_model::{Actor, PersonId, Role, Side, TenantId};

use crate::kit::{START, World};

fn elsewhere() -> TenantId {
    TenantId::from_parts(START, [9; 10])
}

fn moved(newcomer: PersonId) -> Command {
    let moved = LedgerMoved {
        provider: elsewhere(),
        name: "Quay IT".to_owned(),
        checkpoint_key: "new+00000000+AQ==".to_owned(),
        checkpoint: "the old one\n".to_owned(),
    };
    Command::MoveLedger {
        moved,
        people: vec![(newcomer, "Nele Quay".to_owned(), vec![Role::Owner])],
    }
}

#[test]
fn one_line_ends_the_old_provider_and_leaves_the_client_as_it_is() {
    let mut world = World::new();
    let (agent, instance) = world.active("mailer");
    world.give(agent, |_| ()).unwrap();
    assert!(world.call((agent, instance), "send", "{}").permits());
    let root = world.state.passkeys[&world.state.root.unwrap()].says.fingerprint();
    let epoch = world.agent(agent).epoch;
    let nele = PersonId::from_parts(START, [8; 10]);
    let facts = world.system(moved(nele)).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::LedgerMoved(_), Fact::PersonSeated(_)]));

    let held = world.agent(agent);
    assert!(matches!(&held.life, Life::Held { reason } if reason.contains("Quay IT")));
    assert!(held.epoch > epoch, "its tokens are refused from here on");
    assert!(!world.call((agent, instance), "send", "{}").permits());
    let (dana, milo) = (world.dana, world.milo);
    let state = &world.state;
    assert!(!state.people[&milo].active() && state.people[&nele].active());
    assert!(state.people[&dana].active() && state.live_keys(dana).count() == 1);
    assert_eq!(state.seated(Side::Provider).count(), 1);
    assert_eq!(state.provider(), Some(elsewhere()));
    assert_eq!(state.checkpoint_key(), Some("new+00000000+AQ=="));
    world.doubted(Some(root)).unwrap();
    assert!(world.by(milo, Command::Release { agent }).is_err(), "the old provider is gone");
    assert!(world.system(moved(nele)).is_err(), "it is there already");
}

#[test]
fn nobody_but_writ_moves_a_ledger_and_only_a_clients() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let nele = PersonId::from_parts(START, [8; 10]);
    for person in [dana, milo] {
        let actor = Actor::Person { id: person, via: "api".to_owned() };
        assert!(world.run(actor, moved(nele)).is_err());
    }
    assert!(world.system(moved(dana)).is_err(), "the client's owner is nobody's to seat");
    let Command::MoveLedger { moved: told, .. } = moved(nele) else { return };
    assert!(world.system(Command::MoveLedger { moved: told, people: Vec::new() }).is_err());
    assert!(World::founded(Side::Provider).system(moved(nele)).is_err());
}
