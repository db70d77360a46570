//! A provider with the disk, the domain and every server key writes what it likes; the client's verifier names what is
//! wrong. Each test is one shortcut. Never here: cryptography (`device.rs` stands in for it).

use writ_authority::{
    Admitted, Broken, Chain, Command, Fact, KeyPolicy, Receipt, Request, State,
    fact::{Entry, LedgerFounded, PersonInvited, PersonSeated, RecoveryAsked, WitnessNamed},
    refusal,
};
use writ_model::{
    Actor, Code, Digest, InvitationId, PersonId, RecoveryId, Role, Side, Span, TenantId, WitnessId,
};

use crate::{
    device::{Device, Hashes},
    kit::{START, World, doubt},
};

fn person(number: u8) -> PersonId {
    PersonId::from_parts(START, [number; 10])
}

pub(crate) fn line(world: &World, actor: &Actor, fact: Fact) -> Vec<u8> {
    Entry::by(actor.clone(), world.now, fact).to_line().unwrap()
}

pub(crate) fn as_person(id: PersonId) -> Actor {
    Actor::Person { id, via: "console".to_owned() }
}

/// What the verifier says of the ledger with these lines appended.
pub(crate) fn appended(world: &World, actor: &Actor, facts: Vec<Fact>) -> Broken {
    let mut lines = world.lines.clone();
    lines.extend(facts.into_iter().map(|fact| line(world, actor, fact)));
    doubt(world.state.tenant, &lines, None).unwrap_err()
}

pub(crate) fn refused(world: &World, actor: &Actor, facts: Vec<Fact>, code: Code) {
    let broken = appended(world, actor, facts);
    assert_eq!(broken.code, code, "{broken}");
}

/// A request that an honest desk would not make: another act, other names.
fn bent(world: &World, signer: PersonId, act: Command, names: &[(String, &str)]) -> Request {
    let (name, side, roles) = ("Bent".to_owned(), Side::Provider, vec![Role::Engineer]);
    let honest = Command::SeatPerson { person: None, name: name.into(), side, roles };
    let mut request = world.request(signer, honest).unwrap();
    *request.act = act;
    request.names.extend(names.iter().map(|(id, name)| (id.clone(), (*name).to_owned())));
    request
}

pub(crate) fn signed(world: &mut World, signer: PersonId, request: Request) -> Receipt {
    world.devices.get_mut(&signer).unwrap().sign(request)
}

pub(crate) fn act_signed(receipt: Receipt) -> Fact {
    Fact::ActSigned(Box::new(receipt))
}

fn seated(person: PersonId, side: Side) -> Fact {
    let (name, roles) = ("Mallory".to_owned(), vec![Role::Owner]);
    Fact::PersonSeated(PersonSeated { person, name: name.into(), side, roles })
}

fn invited(world: &World, number: u8) -> PersonInvited {
    PersonInvited {
        invitation: InvitationId::from_parts(START, [number; 10]),
        person: person(number),
        name: "Mallory".into(),
        side: Side::Client,
        roles: vec![Role::Owner],
        code: Digest::of(&[number]),
        expires: world.now + Span::days(1),
    }
}

fn invite(new: &PersonInvited) -> Command {
    Command::InvitePerson {
        invitation: new.invitation,
        person: new.person,
        name: new.name.clone(),
        side: new.side,
        roles: new.roles.clone(),
        code: new.code,
        expires: new.expires,
    }
}

#[test]
fn client_people_cannot_be_added_without_the_client() {
    let world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let writ = Actor::system("reconciler");
    let new = invited(&world, 66);
    let key = |number, whose| Box::new(Device::new(number, whose, "fake").key);
    for actor in [writ, as_person(milo), as_person(dana)] {
        for fact in [
            seated(person(66), Side::Client),
            seated(dana, Side::Provider),
            Fact::PersonInvited(new.clone()),
            Fact::PersonLeft { person: dana },
            Fact::PasskeyAdded { key: key(66, dana), admitted: Admitted::Own },
            Fact::PasskeyAdded { key: key(66, dana), admitted: Admitted::Mirrored },
            Fact::PasskeyAdded { key: key(66, dana), admitted: Admitted::Admission },
            Fact::PasskeyAdded { key: key(66, person(67)), admitted: Admitted::Mirrored },
            Fact::KeyPolicySet { policy: KeyPolicy::Any },
            Fact::WitnessNamed(WitnessNamed {
                witness: WitnessId::from_parts(START, [1; 10]),
                name: "ours".to_owned(),
                key: "ours+00000000+BA==".to_owned(),
                side: Side::Client,
            }),
            Fact::RecoveryAsked(RecoveryAsked {
                recovery: RecoveryId::from_parts(START, [1; 10]),
                person: dana,
                reason: "lost".to_owned(),
                code: Digest::of(b"x"),
                expires: world.now + Span::hours(1),
            }),
        ] {
            refused(&world, &actor, vec![fact], refusal::CLIENT_PEOPLE);
        }
    }
}

#[test]
fn a_founding_with_client_people_is_no_root() {
    let mut world = World::founded(Side::Client);
    let lines = world.lines.clone();
    world.now = world.now + Span::seconds(1);
    refused(
        &world,
        &Actor::system("founding"),
        vec![seated(world.dana, Side::Client)],
        refusal::CLIENT_PEOPLE,
    );
    let with_root = doubt(world.state.tenant, &lines, Some("k7qf-93td".to_owned())).unwrap_err();
    assert_eq!(with_root.code, refusal::ROOT_PIN, "no root at all");
}

#[test]
fn the_provider_makes_no_second_root() {
    let mut world = World::new();
    let milo = world.milo;
    let new = invited(&world, 66);
    assert_eq!(world.request(milo, invite(&new)).unwrap_err(), refusal::PARTY);
    let request = bent(&world, milo, invite(&new), &[]);
    let receipt = signed(&mut world, milo, request);
    let facts = vec![act_signed(receipt), Fact::PersonInvited(new)];
    refused(&world, &as_person(milo), facts, refusal::SECOND_ROOT);

    // Dana invites somebody, and Milo admits them with a key of his own.
    let dana = world.dana;
    let mut new = invited(&world, 67);
    new.expires = world.now + Span::days(6);
    world.by(dana, invite(&new)).unwrap();
    let key = Device::new(67, person(67), "fake").key;
    let join = Command::Join { code: new.code, key: Box::new(key.clone()) };
    world.through(person(67), "join", join).unwrap();
    let (fingerprint, called) = (key.fingerprint(), Some("a number".to_owned()));
    let admit = Command::AdmitPerson { person: person(67), fingerprint, called };
    let names = [
        (person(67).to_string(), "Mallory"),
        (format!("as:{}", person(67)), "owner of the client"),
    ];
    let request = bent(&world, milo, admit, &names);
    let receipt = signed(&mut world, milo, request);
    refused(&world, &as_person(milo), vec![act_signed(receipt)], refusal::SECOND_ROOT);
}

#[test]
fn before_the_root_there_is_one_invitation_and_it_is_called_back() {
    let mut world = World::founded(Side::Client);
    let milo = world.milo;
    let (one, two) = (invited(&world, 2), invited(&world, 66));
    world.by(milo, invite(&one)).unwrap();
    assert_eq!(world.by(milo, invite(&two)), Err(refusal::INVITATION));
    let request = bent(&world, milo, invite(&two), &[]);
    let receipt = signed(&mut world, milo, request);
    refused(&world, &as_person(milo), vec![act_signed(receipt)], refusal::SECOND_ROOT);
    let key = Device::new(2, person(2), "root").key;
    let join = Command::Join { code: one.code, key: Box::new(key.clone()) };
    world.through(person(2), "join", join).unwrap();
    let admit = |called: Option<&str>| Command::AdmitPerson {
        person: person(2),
        fingerprint: key.fingerprint(),
        called: called.map(str::to_owned),
    };
    assert_eq!(world.by(milo, admit(None)), Err(refusal::INVITATION), "nobody was called");
    let facts = world.by(milo, admit(Some("Mallory, on the contract's number"))).unwrap();
    assert!(matches!(
        facts.as_slice(),
        [
            Fact::CallBackRecorded { .. },
            Fact::PersonSeated(_),
            Fact::PasskeyAdded { admitted: Admitted::Admission, .. },
        ]
    ));
    // The paper contract names the key: the right one is accepted, and any other is not.
    let chain = world.doubted(Some(key.fingerprint())).unwrap();
    let report = chain.report();
    assert_eq!(report.root.as_ref().map(|(print, _)| print.as_str()), Some(&*key.fingerprint()));
    assert_eq!((report.receipts, report.client_people, report.keys), (2, 1, 2));
    let other = Device::new(9, person(2), "other").key.fingerprint();
    let broken = world.doubted(Some(other)).unwrap_err();
    assert_eq!(broken.code, refusal::ROOT_PIN, "{broken}");
    assert_eq!(Some(broken.index), report.root.map(|(_, line)| line), "at the line of the root");
}

#[test]
fn somebody_invited_by_the_client_is_not_taken_over() {
    let mut world = World::new();
    let dana = world.dana;
    let new = invited(&world, 67);
    world.by(dana, invite(&new)).unwrap();
    // Seated as the provider's with a copied key, they would keep that key once the client admits them.
    let writ = Actor::system("reconciler");
    refused(&world, &writ, vec![seated(person(67), Side::Provider)], refusal::CLIENT_PEOPLE);
    let seat = Command::SeatPerson {
        person: Some(person(67)),
        name: "Mallory".into(),
        side: Side::Provider,
        roles: vec![Role::Owner],
    };
    assert_eq!(world.system(seat), Err(refusal::INVITATION));
    // Nor may anybody join twice, or under another id.
    let key = |number, whose| Box::new(Device::new(number, whose, "first").key);
    let join = Command::Join { code: new.code, key: key(67, person(67)) };
    world.through(person(67), "join", join).unwrap();
    let again = Fact::PersonJoined { invitation: new.invitation, key: key(68, person(67)) };
    let by = Actor::Person { id: person(67), via: "join".to_owned() };
    refused(&world, &by, vec![again], refusal::RECEIPT_REFUSED);
    // A fingerprint that nobody read out admits nobody.
    let fingerprint = key(68, person(67)).fingerprint();
    let admit = Command::AdmitPerson { person: person(67), fingerprint, called: None };
    assert_eq!(world.by(dana, admit), Err(refusal::PASSKEY));
}

#[test]
fn the_provider_does_not_recover_or_remove_for_the_client() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(5, "Ana Ruiz", &[Role::Approver]);
    let recovery = RecoveryId::from_parts(START, [1; 10]);
    let (code, expires) = (Digest::of(b"recover"), world.now + Span::hours(1));
    let ask = |person| Command::AskRecovery {
        recovery,
        person,
        reason: "lost".to_owned(),
        code,
        expires,
    };
    let name = |id: PersonId, name: &'static str| (id.to_string(), name);
    let witness = WitnessId::from_parts(START, [1; 10]);
    let key = world.devices[&ana].key.clone();
    let cases = [
        (ask(ana), vec![name(ana, "Ana Ruiz")]),
        (Command::PersonLeaves { person: dana }, vec![name(dana, "Dana Cole")]),
        (
            Command::RevokePasskey { passkey: key.passkey, reason: "x".to_owned() },
            vec![(key.passkey.to_string(), &*key.label), (format!("owner:{ana}"), "Ana Ruiz")],
        ),
        (Command::SetKeyPolicy { policy: KeyPolicy::Any }, Vec::new()),
        (
            Command::NameWitness {
                witness,
                name: "ours".to_owned(),
                key: "ours+00000000+BA==".to_owned(),
                side: Side::Client,
            },
            Vec::new(),
        ),
    ];
    for (act, names) in cases {
        let request = bent(&world, milo, act.clone(), &names);
        let receipt = signed(&mut world, milo, request);
        let broken = appended(&world, &as_person(milo), vec![act_signed(receipt)]);
        assert_eq!(broken.code, refusal::CLIENT_PEOPLE, "{act:?}: {broken}");
    }
    // Dana asks; the key is the provider's; nobody confirmed it but on paper.
    world.by(dana, ask(ana)).unwrap();
    let fake = Device::new(66, ana, "fake").key;
    let offer = Command::OfferRecoveryKey { code, key: Box::new(fake.clone()) };
    world.through(ana, "recover", offer).unwrap();
    for by in [milo, dana] {
        let confirmed = Fact::RecoveryConfirmed { recovery, person: by };
        refused(&world, &as_person(by), vec![confirmed], refusal::UNSIGNED);
    }
    let added = Fact::PasskeyAdded {
        key: Box::new(fake.clone()),
        admitted: Admitted::Recovery { recovery },
    };
    refused(&world, &Actor::system("x"), vec![added], refusal::CLIENT_PEOPLE);
    let fingerprint = fake.fingerprint();
    let confirm = Command::ConfirmRecovery { recovery, fingerprint };
    let request = bent(&world, milo, confirm, &[(recovery.to_string(), "Ana Ruiz")]);
    let receipt = signed(&mut world, milo, request);
    refused(&world, &as_person(milo), vec![act_signed(receipt)], refusal::CLIENT_PEOPLE);
    // Writ may stop a key that was copied, but not the last with which the client answers for itself.
    let revoked = |passkey| Fact::PasskeyRevoked { passkey, reason: "copied".to_owned() };
    let last = world.devices[&dana].key.passkey;
    refused(&world, &Actor::system("desk"), vec![revoked(last)], refusal::RECEIPT_REFUSED);
    world.append(line(&world, &Actor::system("desk"), revoked(key.passkey)));
    world.doubted(None).unwrap();
}

#[test]
fn a_copied_key_takes_no_clients_place() {
    let world = World::new();
    let milo = world.milo;
    let writ = Actor::system("mirror");
    let dana = world.devices[&world.dana].key.clone();
    for steal in [
        |key: &mut writ_authority::Passkey, from: &writ_authority::Passkey| {
            key.passkey = from.passkey;
        },
        |key: &mut writ_authority::Passkey, from: &writ_authority::Passkey| {
            key.credential.clone_from(&from.credential);
        },
        |key: &mut writ_authority::Passkey, from: &writ_authority::Passkey| {
            key.jwk.clone_from(&from.jwk);
        },
    ] {
        let mut key = Device::new(66, milo, "copy").key;
        steal(&mut key, &dana);
        let added = Fact::PasskeyAdded { key: Box::new(key), admitted: Admitted::Mirrored };
        refused(&world, &writ, vec![added], refusal::RECEIPT_REFUSED);
    }
}

#[test]
fn a_ledger_begins_once_and_is_canonical() {
    let world = World::new();
    let founded = world.state.founded.as_deref().unwrap().clone();
    let writ = Actor::system("founding");
    refused(&world, &writ, vec![Fact::LedgerFounded(founded.clone())], refusal::CHAIN_LINE);
    let mut lines = world.lines.clone();
    lines.remove(0);
    assert_eq!(doubt(world.state.tenant, &lines, None).unwrap_err().code, refusal::CHAIN_LINE);
    let other = TenantId::from_parts(START, [9; 10]);
    assert_eq!(doubt(other, &world.lines, None).unwrap_err().code, refusal::CHAIN_LINE);
    let mut lines = world.lines.clone();
    let spaced = String::from_utf8(lines[3].clone()).unwrap().replacen(':', ": ", 1);
    lines[3] = spaced.into_bytes();
    let broken = doubt(world.state.tenant, &lines, None).unwrap_err();
    assert_eq!((broken.index, broken.code), (3, refusal::CHAIN_LINE));
    // A client's ledger that claims to be a provider's would have no root to insist on.
    let provider = LedgerFounded { side: Side::Provider, ..founded };
    let mut chain = Chain::new(world.state.tenant, Some("k7qf".to_owned()));
    let first = line(&world, &writ, Fact::LedgerFounded(provider));
    assert_eq!(chain.take(0, &first, &Hashes).unwrap_err().code, refusal::ROOT_PIN);
    assert_eq!(
        chain.state(),
        &State::empty(world.state.tenant),
        "a line that breaks changes nothing"
    );
}

#[test]
fn no_line_writes_over_what_was_signed_for() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let group = |world: &mut World, name: &str| {
        let made = Command::CreateGroup { name: name.to_owned(), parent: None };
        let facts = world.by(milo, made).unwrap();
        let [Fact::GroupCreated { group, .. }] = facts.as_slice() else { panic!() };
        *group
    };
    let (poor, rich) = (group(&mut world, "poor"), group(&mut world, "rich"));
    let (active, instance) = world.active("mailer");
    let (ended, _) = world.active("old");
    let end = Command::Terminate { agent: ended, reason: "done".to_owned() };
    world.by(dana, end).unwrap();
    let said = world.agent(active).described.clone();
    let key = world.state.instances[&instance].clone();
    let (enrollment, offer) = world.state.offers.iter().next().unwrap();
    let (enrollment, offer) = (*enrollment, offer.clone());
    let reason = || "x".to_owned();
    for fact in [
        Fact::GroupCreated { group: poor, name: "poor".to_owned(), parent: Some(rich) },
        Fact::AgentProposed(said.clone()),
        Fact::AgentObserved(said),
        Fact::AgentHeld { agent: ended, reason: reason() },
        Fact::AgentQuarantined { agent: ended, reason: reason() },
        Fact::AgentTerminated { agent: ended, reason: reason() },
        Fact::EnrollmentOffered {
            enrollment,
            agent: active,
            code: offer.code,
            expires: world.now + Span::hours(1),
        },
        Fact::InstanceEnrolled {
            enrollment,
            agent: active,
            instance,
            label: key.label.clone(),
            jkt: key.jkt.clone(),
            jwk: key.jwk.clone(),
        },
    ] {
        for actor in [Actor::system("reconciler"), as_person(milo)] {
            refused(&world, &actor, vec![fact.clone()], refusal::RECEIPT_REFUSED);
        }
    }
    world.doubted(None).unwrap();
}
