//! Who lets a ledger be taken out, and who watches it.
//! Never here: the export itself, or a witness's own checks.

use writ_authority::{
    Command,
    command::{self, EXPORT},
    queue::{self, Ask},
    refusal,
};
use writ_model::{Actor, Code, Role, Side, Span, WitnessId};

use crate::kit::{START, World};

fn asks(world: &World) -> Vec<Ask> {
    queue::waiting(&world.state, world.now).into_iter().map(|one| one.ask).collect()
}

#[test]
fn exports_are_allowed_by_signature_and_for_an_hour() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(5, "Ana Ruiz", &[Role::Approver]);
    let may = |world: &World, id| -> Result<(), Code> {
        let cx = world.cx(Actor::Person { id, via: "console".to_owned() });
        command::may_export(&world.state, &cx).map_err(|refusal| refusal.code)
    };
    assert_eq!(may(&world, dana), Err(refusal::EXPORT));
    let allow = |until| Command::AllowExport { until };
    assert_eq!(world.by(ana, allow(world.now + EXPORT)), Err(refusal::ROLE));
    assert_eq!(world.by(dana, allow(world.now + EXPORT + Span::micros(1))), Err(refusal::BOUND));
    assert_eq!(world.by(dana, allow(world.now)), Err(refusal::BOUND));
    world.by(dana, allow(world.now + EXPORT)).unwrap();
    assert_eq!(may(&world, dana), Ok(()));
    assert_eq!(may(&world, milo), Err(refusal::EXPORT), "each for themself");
    world.now = world.now + EXPORT;
    assert_eq!(may(&world, dana), Err(refusal::EXPORT));
}

#[test]
fn each_party_names_its_own_witnesses() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let name = |number: u8, side: Side, key: &str| Command::NameWitness {
        witness: WitnessId::from_parts(START, [number; 10]),
        name: format!("witness {number}"),
        key: key.to_owned(),
        side,
    };
    assert_eq!(asks(&world), [Ask::WitnessMissing]);
    assert_eq!(world.by(milo, name(1, Side::Client, "a+00000000+BA==")), Err(refusal::PARTY));
    for bad in ["", "a", "a+b", "a b+00000000+BA==", "++"] {
        assert_eq!(world.by(dana, name(1, Side::Client, bad)), Err(refusal::WITNESS), "{bad}");
    }
    world.by(milo, name(1, Side::Provider, "a+00000000+BA==")).unwrap();
    assert_eq!(asks(&world), [Ask::WitnessMissing], "the provider's does not count");
    assert_eq!(
        world.by(dana, name(2, Side::Client, "a+00000000+BA==")),
        Err(refusal::WITNESS),
        "a key of its own"
    );
    world.by(dana, name(2, Side::Client, "b+00000000+BA==")).unwrap();
    assert_eq!(asks(&world), []);
    let remove = |number: u8| Command::RemoveWitness {
        witness: WitnessId::from_parts(START, [number; 10]),
        reason: "the machine broke".to_owned(),
    };
    assert_eq!(world.by(milo, remove(2)), Err(refusal::PARTY));
    world.by(dana, remove(2)).unwrap();
    assert_eq!(world.by(dana, remove(2)), Err(refusal::WITNESS));
    assert_eq!(asks(&world), [Ask::WitnessMissing]);
}
