//! Who may bring, keep, recover and remove people and passkeys, and what waits for a decision meanwhile.
//! Never here: who writes what nobody decided (`hostile.rs`).

use writ_authority::{
    Admitted, Attestation, Command, Fact, KeyPolicy,
    accountability::Missing,
    command::{self, INVITED, OFFER},
    decide::{GRACE, denied},
    queue::{self, Ask},
    refusal,
};
use writ_model::{Actor, Digest, InvitationId, PasskeyId, PersonId, RecoveryId, Role, Side, Span};

use crate::{
    device::Device,
    kit::{START, World},
};

fn person(number: u8) -> PersonId {
    PersonId::from_parts(START, [number; 10])
}

fn revoke(passkey: PasskeyId) -> Command {
    Command::RevokePasskey { passkey, reason: "lost".to_owned() }
}

fn asks(world: &World) -> Vec<Ask> {
    queue::waiting(&world.state, world.now).into_iter().map(|one| one.ask).collect()
}

#[test]
fn after_the_first_only_the_clients_owners_bring_people() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(5, "Ana Ruiz", &[Role::Approver]);
    let who = |number| (person(number), ("Bo Quist", Side::Client, &[Role::Auditor] as &[Role]));
    for (by, code) in [(milo, refusal::PARTY), (ana, refusal::ROLE)] {
        let (id, bo) = who(6);
        let invite = world.invite(id, bo);
        assert_eq!(world.by(by, invite), Err(code));
    }
    let (id, bo) = who(6);
    let mut invite = world.invite(id, bo);
    if let Command::InvitePerson { expires, .. } = &mut invite {
        *expires = world.now + INVITED + Span::micros(1);
    }
    assert_eq!(world.by(dana, invite.clone()), Err(refusal::BOUND), "longer than a week");
    if let Command::InvitePerson { expires, side, .. } = &mut invite {
        (*expires, *side) = (world.now + INVITED, Side::Provider);
    }
    assert_eq!(world.by(dana, invite.clone()), Err(refusal::INVITATION), "seated, not invited");
    if let Command::InvitePerson { side, .. } = &mut invite {
        *side = Side::Client;
    }
    assert_eq!(world.system(invite.clone()), Err(refusal::ROLE), "not by Writ itself");
    let Command::InvitePerson { invitation, code, .. } = invite.clone() else { panic!() };
    world.by(dana, invite.clone()).unwrap();
    assert_eq!(world.by(dana, invite), Err(refusal::INVITATION), "not twice");
    let seat = Command::SeatPerson {
        person: None,
        name: "Bo Quist".into(),
        side: Side::Client,
        roles: vec![Role::Owner],
    };
    assert_eq!(world.by(dana, seat), Err(refusal::PARTY));

    // The code opens the door until it is used, withdrawn or too old.
    let join = |key: &Device| Command::Join { code, key: Box::new(key.key.clone()) };
    let key = world.device(id);
    let early =
        Command::AdmitPerson { person: id, fingerprint: key.key.fingerprint(), called: None };
    assert_eq!(world.by(dana, early.clone()), Err(refusal::INVITATION), "has not joined");
    let guess = Command::Join { code: Digest::of(b"guess"), key: Box::new(key.key.clone()) };
    assert_eq!(world.through(id, "join", guess), Err(refusal::INVITATION));
    assert_eq!(world.through(id, "console", join(&key)), Err(refusal::INTERNAL));
    let start = world.now;
    world.now = start + INVITED;
    assert_eq!(world.through(id, "join", join(&key)), Err(refusal::INVITATION), "too late");
    world.now = start;
    world.through(id, "join", join(&key)).unwrap();
    assert!(asks(&world).contains(&Ask::Admit));
    assert!(!world.state.people.contains_key(&id), "no authority yet");
    let other = world.device(id);
    assert_eq!(world.through(id, "join", join(&other)), Err(refusal::INVITATION), "once");
    assert_eq!(world.by(ana, early.clone()), Err(refusal::ROLE));
    assert_eq!(world.by(milo, early.clone()), Err(refusal::PARTY));
    let reason = || "somebody else joined".to_owned();
    let withdraw = || Command::WithdrawInvitation { invitation, reason: reason() };
    assert_eq!(world.by(milo, withdraw()), Err(refusal::PARTY));
    world.by(dana, withdraw()).unwrap();
    assert_eq!(world.by(dana, early), Err(refusal::INVITATION));
    assert!(!asks(&world).contains(&Ask::Admit));
}

#[test]
fn a_party_takes_the_keys_that_its_policy_allows() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let mut synced = Device::new(70, dana, "synced");
    synced.key.synced = true;
    let bound = Device::new(71, dana, "bound");
    let mut checked = Device::new(72, dana, "checked");
    checked.key.attestation = Attestation::Checked { root: Digest::of(b"").to_string() };
    let add = |device: &Device| Command::AddPasskey { key: Box::new(device.key.clone()) };
    let policy = |policy| Command::SetKeyPolicy { policy };
    assert_eq!(world.by(milo, policy(KeyPolicy::DeviceBound)), Err(refusal::PARTY));
    let bad = KeyPolicy::Attested { aaguids: vec!["x".to_owned()] };
    assert_eq!(world.by(dana, policy(bad)), Err(refusal::PASSKEY));
    world.by(dana, policy(KeyPolicy::DeviceBound)).unwrap();
    assert_eq!(world.by(dana, add(&synced)), Err(refusal::PASSKEY));
    world.by(dana, add(&bound)).unwrap();
    assert_eq!(world.by(dana, add(&bound)), Err(refusal::PASSKEY), "known already");
    world.by(dana, policy(KeyPolicy::Attested { aaguids: Vec::new() })).unwrap();
    assert_eq!(world.by(dana, add(&Device::new(73, dana, "none"))), Err(refusal::PASSKEY));
    world.by(dana, add(&checked)).unwrap();
    let mut not_listed = Device::new(74, dana, "model");
    not_listed.key.attestation = checked.key.attestation.clone();
    let list = vec!["aaaaaaaa-0000-0000-0000-000000000000".to_owned()];
    world.by(dana, policy(KeyPolicy::Attested { aaguids: list })).unwrap();
    assert_eq!(world.by(dana, add(&not_listed)), Err(refusal::PASSKEY));
    // The provider's people bring what their own party allows.
    world.staff(11, "Eve", &[Role::Engineer]);
}

#[test]
fn keys_that_are_not_well_formed_are_refused() {
    let mut world = World::new();
    let dana = world.dana;
    let spoil: [fn(&mut writ_authority::Passkey); 9] = [
        |key| key.jwk = "{}".to_owned(),
        |key| key.jwk = key.jwk.replace("\"kty\"", "\"d\":\"secret\",\"kty\""),
        |key| key.jwk = key.jwk.replace(':', ": "),
        |key| key.jwk = "not json".to_owned(),
        |key| key.alg = "RS256".to_owned(),
        |key| key.credential = "not+base64url".to_owned(),
        |key| key.credential = String::new(),
        |key| key.aaguid = "A".repeat(36),
        |key| key.aaguid = "00000000000000000000000000000000".to_owned(),
    ];
    for (at, spoil) in spoil.into_iter().enumerate() {
        let mut device = Device::new(70, dana, "spoilt");
        spoil(&mut device.key);
        let add = Command::AddPasskey { key: Box::new(device.key) };
        assert_eq!(world.by(dana, add), Err(refusal::PASSKEY), "{at}");
    }
    let mut hidden = Device::new(70, dana, "a");
    hidden.key.label = "lap\u{202e}top".to_owned();
    let add = Command::AddPasskey { key: Box::new(hidden.key) };
    assert_eq!(world.by(dana, add), Err(refusal::TEXT));
    for number in 100..115 {
        let key = Box::new(Device::new(number, dana, "many").key);
        world.by(dana, Command::AddPasskey { key }).unwrap();
    }
    let key = Box::new(Device::new(115, dana, "many").key);
    assert_eq!(world.by(dana, Command::AddPasskey { key }), Err(refusal::BOUND), "sixteen");
}

#[test]
fn a_party_never_loses_its_last_key() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let first = world.devices[&dana].clone();
    assert_eq!(world.by(dana, revoke(first.key.passkey)), Err(refusal::PASSKEY));
    assert_eq!(world.system(revoke(first.key.passkey)), Err(refusal::PASSKEY), "nor by Writ");
    assert_eq!(world.by(milo, revoke(first.key.passkey)), Err(refusal::PARTY));
    let leave = |person| Command::PersonLeaves { person };
    assert_eq!(world.by(dana, leave(dana)), Err(refusal::ANSWERS));
    let ana = world.client(5, "Ana Ruiz", &[Role::Owner]);
    let anas = world.devices[&ana].key.passkey;
    // A key that was copied is stopped, and then its owner no longer counts.
    world.system(revoke(anas)).unwrap();
    assert_eq!(world.by(dana, leave(dana)), Err(refusal::ANSWERS), "Ana cannot sign");
    assert_eq!(world.by(dana, revoke(first.key.passkey)), Err(refusal::PASSKEY));
    let second = Device::new(70, dana, "second");
    world.by(dana, Command::AddPasskey { key: Box::new(second.key.clone()) }).unwrap();
    world.by(dana, revoke(first.key.passkey)).unwrap();
    assert_eq!(world.by(dana, Command::Sweep), Err(refusal::INTERNAL));
    world.devices.insert(dana, second);
    assert_eq!(world.by(dana, revoke(first.key.passkey)), Err(refusal::PASSKEY), "once");
    world.by(dana, leave(ana)).unwrap();
    // The root stays what the contract names, whatever became of it.
    assert_eq!(world.state.root, Some(first.key.passkey));
    world.doubted(Some(first.key.fingerprint())).unwrap();
}

fn recovery(number: u8) -> RecoveryId {
    RecoveryId::from_parts(START, [number; 10])
}

fn ask(world: &World, number: u8, person: PersonId) -> Command {
    Command::AskRecovery {
        recovery: recovery(number),
        person,
        reason: "the telephone is gone".to_owned(),
        code: Digest::of(&[number, 1]),
        expires: world.now + OFFER,
    }
}

fn offer(number: u8, device: &Device) -> Command {
    Command::OfferRecoveryKey { code: Digest::of(&[number, 1]), key: Box::new(device.key.clone()) }
}

fn confirm(number: u8, device: &Device) -> Command {
    let fingerprint = device.key.fingerprint();
    Command::ConfirmRecovery { recovery: recovery(number), fingerprint }
}

#[test]
fn a_lost_key_comes_back_by_two_people_of_the_right_party() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(5, "Ana Ruiz", &[Role::Approver]);
    let bo = world.client(6, "Bo Quist", &[Role::Owner]);
    let cy = world.client(7, "Cy Adler", &[Role::Auditor]);
    let old = world.devices[&ana].clone();
    assert_eq!(world.by(milo, ask(&world, 1, ana)), Err(refusal::PARTY));
    assert_eq!(world.by(cy, ask(&world, 1, ana)), Err(refusal::ROLE));
    assert_eq!(world.by(ana, ask(&world, 1, ana)), Err(refusal::RECOVERY), "not herself");
    assert_eq!(world.by(dana, ask(&world, 1, milo)), Err(refusal::FOUNDED), "not the provider's");
    world.by(dana, ask(&world, 1, ana)).unwrap();
    assert_eq!(world.by(dana, ask(&world, 2, ana)), Err(refusal::RECOVERY), "one at a time");
    let new = Device::new(70, ana, "new phone");
    assert_eq!(world.by(dana, confirm(1, &new)), Err(refusal::RECOVERY), "no key yet");
    assert_eq!(world.through(bo, "recover", offer(1, &new)), Err(refusal::INTERNAL));
    world.through(ana, "recover", offer(1, &new)).unwrap();
    let again = Device::new(71, ana, "another");
    assert_eq!(world.through(ana, "recover", offer(1, &again)), Err(refusal::RECOVERY), "once");
    assert!(asks(&world).contains(&Ask::Recovery));
    assert_eq!(world.by(dana, confirm(1, &again)), Err(refusal::PASSKEY), "another fingerprint");
    assert_eq!(world.by(ana, confirm(1, &new)), Err(refusal::RECOVERY), "not with the old key");
    let facts = world.by(dana, confirm(1, &new)).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::RecoveryConfirmed { .. }]), "one is not enough");
    assert_eq!(world.by(dana, confirm(1, &new)), Err(refusal::RECOVERY), "nor the same twice");
    assert_eq!(world.by(milo, confirm(1, &new)), Err(refusal::PARTY));
    assert_eq!(world.by(cy, confirm(1, &new)), Err(refusal::ROLE));
    let facts = world.by(bo, confirm(1, &new)).unwrap();
    let [
        Fact::RecoveryConfirmed { .. },
        Fact::PasskeyAdded { admitted: Admitted::Recovery { .. }, .. },
        Fact::PasskeyRevoked { passkey, .. },
    ] = facts.as_slice()
    else {
        panic!("{facts:?}")
    };
    assert_eq!(*passkey, old.key.passkey);
    assert!(!asks(&world).contains(&Ask::Recovery));
    assert_eq!(world.by(bo, confirm(1, &new)), Err(refusal::RECOVERY), "done");
    world.devices.insert(ana, new);
    let own = Command::AddPasskey { key: Box::new(Device::new(72, ana, "third").key) };
    world.by(ana, own).unwrap();
}

#[test]
fn a_recovery_can_be_refused_runs_out_and_needs_confirmers_who_are_still_there() {
    let mut world = World::new();
    let dana = world.dana;
    let ana = world.client(5, "Ana Ruiz", &[Role::Approver]);
    let bo = world.client(6, "Bo Quist", &[Role::Owner]);
    let di = world.client(8, "Di Mora", &[Role::Owner]);
    let new = Device::new(70, ana, "new phone");
    let refuse = |number| Command::RefuseRecovery {
        recovery: recovery(number),
        reason: "I have it".to_owned(),
    };
    world.by(dana, ask(&world, 1, ana)).unwrap();
    world.by(ana, refuse(1)).unwrap();
    assert_eq!(world.through(ana, "recover", offer(1, &new)), Err(refusal::RECOVERY));
    world.by(dana, ask(&world, 2, ana)).unwrap();
    world.now = world.now + OFFER;
    assert_eq!(world.through(ana, "recover", offer(2, &new)), Err(refusal::RECOVERY), "too late");
    world.by(dana, ask(&world, 3, ana)).unwrap();
    world.through(ana, "recover", offer(3, &new)).unwrap();
    world.by(bo, confirm(3, &new)).unwrap();
    world.by(dana, Command::PersonLeaves { person: bo }).unwrap();
    let facts = world.by(dana, confirm(3, &new)).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::RecoveryConfirmed { .. }]), "Bo counts no more");
    assert_eq!(world.by(di, confirm(3, &new)).unwrap().len(), 3);
    assert_eq!(world.by(di, refuse(3)), Err(refusal::RECOVERY), "done is done");
}

#[test]
fn an_answer_without_a_passkey_is_none() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(5, "Ana Ruiz", &[Role::Owner]);
    let who = world.active("invoice-bot");
    world.give(who.0, |_| {}).unwrap();
    assert!(world.call(who, "send", "{}").permits());
    let lost = world.devices[&dana].key.passkey;
    world.by(ana, revoke(lost)).unwrap();
    let answers = world.state.answers(world.agent(who.0));
    assert_eq!(
        world.state.missing(&answers),
        [Missing::NoPasskey(dana), Missing::Terminator(Side::Client)]
    );
    let since = world.now;
    assert!(asks(&world).contains(&Ask::AnswerLost));
    world.now = since + GRACE - Span::micros(1);
    assert!(world.call(who, "send", "{}").permits());
    world.now = since + GRACE;
    assert_eq!(world.call(who, "send", "{}").code(), denied::ANSWERS);
    world.system(Command::Sweep).unwrap();
    let bo = world.bring(ana, person(6), ("Bo Quist", Side::Client, &[Role::Owner]));
    world.by(ana, ask(&world, 1, dana)).unwrap();
    let new = Device::new(70, dana, "new phone");
    world.through(dana, "recover", offer(1, &new)).unwrap();
    world.by(ana, confirm(1, &new)).unwrap();
    world.by(bo, confirm(1, &new)).unwrap();
    world.by(milo, Command::Release { agent: who.0 }).unwrap();
    assert!(world.call(who, "send", "{}").permits());
}

#[test]
fn a_provider_begins_with_one_link_and_lets_people_go() {
    let mut world = World::founded(Side::Provider);
    let milo = world.milo;
    let key = Box::new(Device::new(70, milo, "again").key);
    let again = Command::BootstrapPasskey { key };
    assert_eq!(world.through(milo, "bootstrap", again), Err(refusal::PASSKEY), "only the first");
    let eve = world.bring(milo, person(11), ("Eve", Side::Provider, &[Role::Engineer]));
    let pat = world.bring(milo, person(12), ("Pat", Side::Provider, &[Role::Owner]));
    let client = world.invite(person(13), ("Dana", Side::Client, &[Role::Owner]));
    assert_eq!(world.by(milo, client), Err(refusal::INVITATION));
    let seat = Command::SeatPerson {
        person: None,
        name: "Cy".into(),
        side: Side::Provider,
        roles: vec![Role::Owner],
    };
    assert_eq!(world.by(milo, seat), Err(refusal::FOUNDED), "invited, not seated");
    let add = vec![Device::new(71, eve, "x").key];
    let mirror = Command::MirrorPasskeys { add, revoke: Vec::new() };
    assert_eq!(world.system(mirror), Err(refusal::FOUNDED));

    let login = |subject: &str| ("https://id.example".to_owned(), subject.to_owned());
    let link = |subject| {
        let (issuer, subject) = login(subject);
        Command::LinkLogin { issuer, subject }
    };
    let unlink = |subject| {
        let (issuer, subject) = login(subject);
        Command::UnlinkLogin { issuer, subject }
    };
    world.by(eve, link("eve")).unwrap();
    assert_eq!(world.by(pat, link("eve")), Err(refusal::LOGIN));
    assert_eq!(world.state.logins.get(&login("eve")), Some(&eve));
    assert_eq!(world.by(pat, unlink("eve")), Err(refusal::LOGIN));
    world.by(eve, unlink("eve")).unwrap();

    let offboard = |person| Command::Offboard { person, reason: "left the firm".to_owned() };
    assert_eq!(world.by(eve, offboard(pat)), Err(refusal::ROLE));
    world.by(pat, offboard(milo)).unwrap();
    assert_eq!(world.by(pat, offboard(pat)), Err(refusal::ANSWERS), "the last owner");
    assert_eq!(world.by(milo, offboard(eve)), Err(refusal::NOT_SEATED), "he is gone");
}

#[test]
fn copies_follow_the_provider_and_touch_nobody_else() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let eve = world.staff(11, "Eve", &[Role::Engineer]);
    let mirror = |add: Vec<Device>, revoke: Vec<PasskeyId>| {
        let add = add.into_iter().map(|device| device.key).collect();
        Command::MirrorPasskeys { add, revoke }
    };
    let (one, two) = (Device::new(70, eve, "one"), Device::new(71, dana, "two"));
    assert_eq!(world.by(milo, mirror(vec![one.clone()], Vec::new())), Err(refusal::INTERNAL));
    assert_eq!(world.system(mirror(vec![two], Vec::new())), Err(refusal::PARTY));
    let danas = world.devices[&dana].key.passkey;
    assert_eq!(world.system(mirror(Vec::new(), vec![danas])), Err(refusal::PARTY));
    let twice = vec![one.clone(), one.clone()];
    assert_eq!(world.system(mirror(twice, Vec::new())), Err(refusal::PASSKEY));
    let first = world.devices[&eve].key.passkey;
    assert_eq!(world.system(mirror(vec![one], vec![first])).unwrap().len(), 2);
    assert_eq!(world.state.people[&eve].keys, 1);
    assert_eq!(world.system(mirror(Vec::new(), vec![first])), Ok(Vec::new()), "idempotent");
    let own = Command::AddPasskey { key: Box::new(Device::new(72, milo, "own").key) };
    assert_eq!(world.by(milo, own), Err(refusal::FOUNDED), "at home, not here");
    let milos = world.devices[&milo].key.passkey;
    assert_eq!(world.by(milo, revoke(milos)), Err(refusal::FOUNDED));
    // Whom the provider let go, goes everywhere, even if nobody of the provider is left here.
    world.system(Command::PersonLeaves { person: eve }).unwrap();
    world.system(Command::PersonLeaves { person: milo }).unwrap();
    assert_eq!(world.system(Command::PersonLeaves { person: dana }), Err(refusal::ROLE));
    let stranger = Actor::Person { id: milo, via: "console".to_owned() };
    let cx = world.cx(stranger.clone());
    assert_eq!(command::may_export(&world.state, &cx).unwrap_err().code, refusal::NOT_SEATED);
}

#[test]
fn nobody_is_invited_under_a_used_id_or_code() {
    let mut world = World::new();
    let dana = world.dana;
    let base = world.invite(person(20), ("Bo", Side::Client, &[Role::Auditor]));
    world.by(dana, base.clone()).unwrap();
    let spoil: [fn(&mut Command, &World); 4] = [
        |command, _| {
            let Command::InvitePerson { person, code, .. } = command else { return };
            (*person, *code) = (PersonId::from_parts(START, [21; 10]), Digest::of(b"other"));
        },
        |command, world| {
            let Command::InvitePerson { invitation, code, person, .. } = command else { return };
            *invitation = InvitationId::from_parts(START, [99; 10]);
            (*code, *person) = (Digest::of(b"other"), world.milo);
        },
        |command, _| {
            let Command::InvitePerson { invitation, code, .. } = command else { return };
            *invitation = InvitationId::from_parts(START, [99; 10]);
            *code = Digest::of(b"other");
        },
        |command, _| {
            let Command::InvitePerson { invitation, person, .. } = command else { return };
            *invitation = InvitationId::from_parts(START, [99; 10]);
            *person = PersonId::from_parts(START, [21; 10]);
        },
    ];
    for (at, spoil) in spoil.into_iter().enumerate() {
        let mut command = base.clone();
        spoil(&mut command, &world);
        assert_eq!(world.by(dana, command), Err(refusal::INVITATION), "{at}");
    }
}

#[test]
fn nobody_makes_or_removes_an_owner_who_is_none() {
    let mut world = World::founded(Side::Provider);
    let milo = world.milo;
    let tess = world.bring(milo, person(9), ("Tess", Side::Provider, &[Role::Approver]));
    let owner = world.invite(person(4), ("Puppet", Side::Provider, &[Role::Owner]));
    assert_eq!(world.by(tess, owner), Err(refusal::ROLE));
    world.bring(tess, person(5), ("Sam", Side::Provider, &[Role::Engineer]));
    let nora = world.bring(milo, person(6), ("Nora", Side::Provider, &[Role::Owner]));
    assert_eq!(world.by(tess, Command::PersonLeaves { person: nora }), Err(refusal::ROLE));
    world.by(milo, Command::PersonLeaves { person: nora }).unwrap();

    let mut world = World::new();
    let tess = world.staff(7, "Tess", &[Role::Approver]);
    let seat = |roles: &[Role]| Command::SeatPerson {
        person: Some(person(8)),
        name: "Puppet".into(),
        side: Side::Provider,
        roles: roles.to_vec(),
    };
    assert_eq!(world.by(tess, seat(&[Role::Owner])), Err(refusal::ROLE));
    world.by(tess, seat(&[Role::Engineer])).unwrap();
}
