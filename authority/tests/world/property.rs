//! Random histories of people: whatever they try, in whatever order, the client keeps its root and somebody who can
//! sign, nothing is admitted with fewer signatures than it takes, and the verifier accepts exactly what was decided.

use proptest::prelude::*;
use writ_authority::{Admitted, Command, Fact, KeyPolicy, fact::Entry};
use writ_model::{Digest, PersonId, RecoveryId, Role, Side, Span};

use crate::{
    device::Device,
    kit::{START, World},
};

/// Who may be meant: two of the provider, four of the client or to be.
fn person(world: &World, number: u8) -> PersonId {
    match number % 6 {
        0 => world.milo,
        1 => world.dana,
        other => PersonId::from_parts(START, [20 + other; 10]),
    }
}

/// One try: what, by whom, about whom, and a number that varies it.
type Try = (u8, u8, u8, u8);

/// People and every device any of them ever made.
struct Crowd {
    world: World,
    made: Vec<Device>,
}

impl Crowd {
    /// A new device; it signs once its key is admitted.
    fn device(&mut self, person: PersonId) -> Device {
        let number = u8::try_from(self.made.len() % 200).unwrap() + 40;
        let device = Device::new(number, person, &format!("number {}", self.made.len()));
        self.made.push(device.clone());
        device
    }

    /// The newest device of a person of which the key was made known.
    fn newest(&self, person: PersonId) -> Option<&Device> {
        self.made.iter().rev().find(|device| device.key.person == person)
    }

    /// By a person with a device that signs, if they have one.
    fn by(&mut self, person: PersonId, command: Command) -> bool {
        if let Some(held) = self.world.devices.remove(&person) {
            self.made.retain(|device| device.key.passkey != held.key.passkey);
            self.made.insert(0, held);
        }
        let live = |device: &&Device| {
            let known = self.world.state.passkeys.get(&device.key.passkey);
            device.key.person == person && known.is_some_and(|key| key.live())
        };
        let Some(device) = self.made.iter().find(live).cloned() else {
            return false;
        };
        self.world.devices.insert(person, device);
        self.world.by(person, command).is_ok()
    }

    /// Confirms or refuses the first recovery that is open.
    fn answer(&mut self, by: PersonId, vary: u8) {
        let open =
            |one: &&RecoveryId| self.world.state.recoveries.get(*one).is_some_and(|one| one.open());
        let ids: Vec<RecoveryId> = self.world.state.recoveries.keys().copied().collect();
        let Some(recovery) = ids.iter().find(open).copied() else { return };
        let offered = self.world.state.recoveries.get(&recovery).unwrap().offered.clone();
        let fingerprint = offered.map(|(key, _)| key.fingerprint()).unwrap_or_default();
        let command = Command::ConfirmRecovery { recovery, fingerprint };
        if vary.is_multiple_of(8) {
            let reason = "it is not lost".to_owned();
            self.by(by, Command::RefuseRecovery { recovery, reason });
        } else {
            self.by(by, command);
        }
    }

    fn attempt(&mut self, (what, by, about, vary): Try) {
        let (by, person) = (person(&self.world, by), person(&self.world, about));
        let code = Digest::of(&[about, vary, 0]);
        match what % 14 {
            0..=3 => {
                let side = if vary.is_multiple_of(7) { Side::Provider } else { Side::Client };
                let role = [Role::Owner, Role::Approver, Role::Owner, Role::Auditor];
                let roles = [*role.get(usize::from(vary % 4)).unwrap()];
                let invite = self.world.invite(person, ("Somebody", side, &roles));
                let Command::InvitePerson { code, .. } = invite else { return };
                self.by(by, invite);
                let key = Box::new(self.device(person).key);
                let fingerprint = key.fingerprint();
                drop(self.world.through(person, "join", Command::Join { code, key }));
                let called = (!vary.is_multiple_of(5)).then(|| "a number".to_owned());
                self.by(by, Command::AdmitPerson { person, fingerprint, called });
            }
            4 | 5 => {
                let recovery = RecoveryId::from_parts(self.world.now, [about; 10]);
                let (reason, expires) = ("lost".to_owned(), self.world.now + Span::hours(1));
                self.by(by, Command::AskRecovery { recovery, person, reason, code, expires });
                let key = Box::new(self.device(person).key);
                drop(self.world.through(
                    person,
                    "recover",
                    Command::OfferRecoveryKey { code, key },
                ));
            }
            6..=8 => self.answer(by, vary),
            9 => drop(self.by(by, Command::PersonLeaves { person })),
            10 => {
                let key = Box::new(self.device(by).key);
                self.by(by, Command::AddPasskey { key });
            }
            11 => {
                let passkey = self.newest(person).map(|device| device.key.passkey);
                let first = self.world.state.live_keys(person).next().map(|one| one.0);
                let Some(passkey) = first.or(passkey) else { return };
                let revoke = Command::RevokePasskey { passkey, reason: "lost".to_owned() };
                if vary.is_multiple_of(3) {
                    drop(self.world.system(revoke));
                } else {
                    self.by(by, revoke);
                }
            }
            12 => {
                let policy =
                    if vary.is_multiple_of(3) { KeyPolicy::DeviceBound } else { KeyPolicy::Any };
                self.by(by, Command::SetKeyPolicy { policy });
            }
            _ => {
                let (name, roles) = ("Seated".to_owned(), vec![Role::Owner]);
                let side = Side::Provider;
                let seat =
                    Command::SeatPerson { person: Some(person), name: name.into(), side, roles };
                self.by(by, seat);
                let (add, revoke) = (vec![self.device(person).key], Vec::new());
                drop(self.world.system(Command::MirrorPasskeys { add, revoke }));
            }
        }
    }
}

fn side(world: &World, person: PersonId) -> Option<Side> {
    world.state.people.get(&person).map(|known| known.side)
}

/// Every key of the client's came the way it says, counted from the lines alone.
fn signatures(world: &World) {
    let facts: Vec<Fact> =
        world.lines.iter().map(|line| Entry::from_line(line).unwrap().fact).collect();
    let mut confirmed: Vec<(RecoveryId, PersonId)> = Vec::new();
    let mut roots = 0;
    for (at, fact) in facts.iter().enumerate() {
        match fact {
            Fact::RecoveryConfirmed { recovery, person } => confirmed.push((*recovery, *person)),
            Fact::PasskeyAdded { key, admitted } => {
                let recent = facts.iter().take(at).rev().take(3);
                let receipt = recent.into_iter().find_map(|fact| match fact {
                    Fact::ActSigned(receipt) => Some(receipt),
                    _ => None,
                });
                match admitted {
                    Admitted::Mirrored => assert_eq!(side(world, key.person), Some(Side::Provider)),
                    Admitted::Recovery { recovery } => {
                        let by = confirmed.iter().filter(|(id, _)| id == recovery);
                        let by: Vec<_> = by.map(|(_, person)| *person).collect();
                        assert!(by.len() >= 2 && !by.contains(&key.person), "{by:?}");
                        assert!(by.iter().all(|one| side(world, *one) == Some(Side::Client)));
                    }
                    Admitted::Own => assert_eq!(receipt.unwrap().request.person, key.person),
                    Admitted::Admission => {
                        let by = receipt.unwrap().request.person;
                        roots += u32::from(side(world, by) == Some(Side::Provider));
                        assert_ne!(by, key.person);
                    }
                    Admitted::Bootstrap => panic!("not in a client's ledger"),
                }
            }
            _ => {}
        }
    }
    assert!(roots <= 1, "the provider admits at most the first");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_people_try(
        tries in proptest::collection::vec(any::<Try>(), 1..160),
        rooted in any::<bool>(),
    ) {
        let mut world = if rooted { World::new() } else { World::founded(Side::Client) };
        if rooted {
            for (number, name) in [(22, "Ana Ruiz"), (23, "Bo Quist")] {
                let person = PersonId::from_parts(START, [number; 10]);
                world.bring(world.dana, person, (name, Side::Client, &[Role::Owner]));
            }
        }
        let mut crowd = Crowd { world, made: Vec::new() };
        for one in tries {
            crowd.attempt(one);
            crowd.world.now = crowd.world.now + Span::seconds(20);
            let state = &crowd.world.state;
            prop_assert_eq!(state.client_ever, state.root.is_some());
            prop_assert!(!state.client_ever || state.keyed_owners(Side::Client).count() > 0);
            for (id, person) in &state.people {
                prop_assert_eq!(person.keys as usize, state.live_keys(*id).count());
                prop_assert_eq!(person.keys == 0, person.keyless_since.is_some());
            }
        }
        signatures(&crowd.world);
        // The world refolds its lines and doubts them when it is dropped.
    }
}
