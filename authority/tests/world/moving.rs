//! A ledger that goes on at another provider.

use writ_authority::{Command, Fact, Life, fact::LedgerMoved};
use writ_model::{Actor, PersonId, Role, Side, TenantId};

use crate::kit::{START, World};

fn elsewhere() -> TenantId {
    TenantId::from_parts(START, [9; 10])
}

fn moved(newcomer: PersonId) -> Command {
    moved_to(newcomer, crate::device::ORIGIN)
}

fn moved_to(newcomer: PersonId, origin: &str) -> Command {
    let moved = LedgerMoved {
        provider: elsewhere(),
        name: "Quay IT".to_owned(),
        origin: origin.to_owned(),
        checkpoint_key: "new+00000000+AQ==".to_owned(),
        checkpoint: "the old one\n".to_owned(),
    };
    Command::MoveLedger { moved, people: vec![(newcomer, "Nele Quay".into(), vec![Role::Owner])] }
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

#[test]
fn where_no_key_of_the_client_signs_it_makes_a_new_root_by_a_new_contract() {
    let mut world = World::new();
    let fingerprint =
        |world: &World| world.state.root.map(|root| world.state.passkeys[&root].says.fingerprint());
    let old = fingerprint(&world).unwrap();
    let nele = PersonId::from_parts(START, [8; 10]);
    world.system(moved_to(nele, "https://quay.example")).unwrap();
    assert_eq!((world.state.root, world.state.client_ever), (None, false));
    world.doubted(Some(old.clone())).unwrap();
    let add = vec![world.device(nele).key];
    world.system(Command::MirrorPasskeys { add, revoke: Vec::new() }).unwrap();
    let rosa = PersonId::from_parts(START, [40; 10]);
    world.bring(nele, rosa, ("Rosa Cole", Side::Client, &[Role::Owner]));
    let new = fingerprint(&world).unwrap();
    assert_ne!(old, new);
    // Only who insists on both contracts believes it; the old contract alone, the new one alone, or none, does not.
    let both = format!("{old},{new}");
    world.doubted(Some(both.clone())).unwrap();
    for pinned in [Some(old), Some(new), None] {
        let broken = world.doubted(pinned).unwrap_err();
        assert_eq!(broken.code, writ_authority::refusal::ROOT_PIN, "{broken}");
    }
    let again =
        world.invite(PersonId::from_parts(START, [41; 10]), ("Eve", Side::Client, &[Role::Owner]));
    assert!(world.by(nele, again).is_err(), "once");
    world.bring(
        rosa,
        PersonId::from_parts(START, [42; 10]),
        ("Ben Cole", Side::Client, &[Role::Approver]),
    );
    world.doubted(Some(both)).unwrap();
}
