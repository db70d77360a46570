//! The text of everything that can be signed, as a file that a reviewer reads: `UPDATE=1 cargo test -p writ-authority
//! --test world` writes it. A change there changes what people have signed; say why in the commit.

use std::{env, fmt::Write as _, fs, path::Path};

use writ_authority::{
    ArgRule, Command, Condition, Grant, KeyPolicy, Limit, Request, Window,
    command::{self, Whom},
    fact::Subject,
    grant::{Period, Surface},
};
use writ_model::{
    Digest, GroupId, InvitationId, PasskeyId, PersonId, RecoveryId, Role, Side, Span, WitnessId,
};

use crate::{
    approvals::{CLIENT_OWNER, asking, waits, yes},
    charter::clause,
    device::Device,
    kit::{START, World, everything, grant_by},
};

fn grant(world: &World, subject: Subject) -> Grant {
    let rule = |path: &str, must: Condition, optional: bool| ArgRule {
        path: path.to_owned(),
        must,
        optional,
    };
    let words = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    Grant {
        subject,
        name: "send_*".to_owned(),
        rules: vec![
            rule("/to", Condition::Domains(words(&["harborbooks.example"])), false),
            rule("/cc", Condition::Absent, false),
            rule("/kind", Condition::OneOf(words(&["invoice", "reminder", "offer"])), false),
            rule("/note", Condition::NoneOf(words(&["x"])), true),
            rule("/id", Condition::Like(words(&["INV-*"])), false),
            rule("/amount", Condition::AtMost("500".to_owned()), true),
            rule("/count", Condition::AtLeast("1".to_owned()), true),
            rule("/urgent", Condition::Is(false), true),
            rule("/file", Condition::Under(words(&["/srv/books"])), true),
            rule("/body", Condition::Size(2_000), true),
        ],
        only_named_arguments: true,
        window: Some(Window {
            zone: "Europe/Berlin".to_owned(),
            days: vec![1, 2, 3, 4, 5],
            from_minute: 480,
            to_minute: 1080,
        }),
        limits: vec![Limit { count: 10, per: Period::Hour }],
        from: Some(START),
        until: Some(START + Span::days(90)),
        reason: "It answers customers.".to_owned(),
        ..grant_by(writ_model::AgentId::from_bytes([0; 16]), world.milo)
    }
}

fn agents(world: &mut World) -> Vec<(PersonId, Command)> {
    let (dana, milo) = (world.dana, world.milo);
    let one = world.propose("invoice-bot");
    world.answer(one);
    let (two, _) = world.active("mail-bot");
    world.by(milo, Command::Quarantine { agent: two, reason: "odd mail".to_owned() }).unwrap();
    let command = Command::CreateGroup { name: "office".to_owned(), parent: None };
    let group = match world.by(milo, command).unwrap().as_slice() {
        [writ_authority::Fact::GroupCreated { group, .. }] => *group,
        other => panic!("{other:?}"),
    };
    let _: GroupId = group;
    let reason = "it mailed a stranger” and “nobody\u{202e}saw".replace('\u{202e}', " ");
    let whole = Grant { name: "*".to_owned(), rules: Vec::new(), ..grant_by(one, milo) };
    let prompt = Grant { surface: Surface::Prompt, name: "greeting".to_owned(), ..whole.clone() };
    vec![
        (dana, Command::Activate { agent: one }),
        (dana, Command::Release { agent: two }),
        (dana, Command::Terminate { agent: two, reason }),
        (
            dana,
            Command::SetAccountability {
                subject: Subject::Agent(two),
                authorizer: Some(dana),
                auditor: None,
                terminators: vec![dana, milo],
            },
        ),
        (dana, Command::GiveGrant(Box::new(grant(world, Subject::Agent(one))))),
        (dana, Command::GiveGrant(Box::new(grant(world, Subject::Group(group))))),
        (dana, Command::GiveGrant(Box::new(whole))),
        (dana, Command::GiveGrant(Box::new(prompt))),
    ]
}

fn seats(world: &mut World) -> Vec<(PersonId, Command)> {
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(5, "Ana Ruiz", &[Role::Approver, Role::Owner]);
    let new = PersonId::from_parts(START, [6; 10]);
    let invite = world.invite(new, ("Bo Quist", Side::Client, &[Role::Approver]));
    let Command::InvitePerson { code, .. } = invite else { panic!() };
    world.by(dana, invite.clone()).unwrap();
    let key = Device::new(60, new, "Bo's phone").key;
    let fingerprint = key.fingerprint();
    world.through(new, "join", Command::Join { code, key: Box::new(key) }).unwrap();
    let mut other = invite;
    if let Command::InvitePerson { invitation, person, code, .. } = &mut other {
        *invitation = InvitationId::from_parts(START, [61; 10]);
        *person = PersonId::from_parts(START, [61; 10]);
        *code = Digest::of(b"other");
    }
    let seat = Command::SeatPerson {
        person: Some(PersonId::from_parts(START, [62; 10])),
        name: "Eve Lund".into(),
        side: Side::Provider,
        roles: vec![Role::Engineer],
    };
    let called = Some("Bo, on the number in the address book".to_owned());
    vec![
        (milo, seat),
        (dana, Command::PersonLeaves { person: ana }),
        (ana, Command::PersonLeaves { person: ana }),
        (dana, other),
        (dana, Command::AdmitPerson { person: new, fingerprint, called }),
        (ana, Command::AllowExport { until: world.now + Span::hours(1) }),
    ]
}

fn keys(world: &mut World) -> Vec<(PersonId, Command)> {
    let dana = world.dana;
    let ana = PersonId::from_parts(START, [5; 10]);
    let anas: PasskeyId = world.devices.get(&ana).map(|device| device.key.passkey).unwrap();
    let mut synced = Device::new(63, dana, "new laptop").key;
    synced.synced = true;
    let (recovery, code) = (RecoveryId::from_parts(START, [1; 10]), Digest::of(b"recover"));
    let ask = |recovery, code| Command::AskRecovery {
        recovery,
        person: ana,
        reason: "the telephone is gone".to_owned(),
        code,
        expires: START + Span::hours(24),
    };
    world.by(dana, ask(recovery, code)).unwrap();
    let new = Device::new(64, ana, "new phone").key;
    let fingerprint = new.fingerprint();
    world.through(ana, "recover", Command::OfferRecoveryKey { code, key: Box::new(new) }).unwrap();
    let witness = |n| WitnessId::from_parts(START, [n; 10]);
    let name = |n: u8| Command::NameWitness {
        witness: witness(n),
        name: format!("shop {n}"),
        key: format!("shop.example+0000000{n}+BA=="),
        side: Side::Client,
    };
    world.by(dana, name(1)).unwrap();
    let policy = |policy| (dana, Command::SetKeyPolicy { policy });
    vec![
        (dana, Command::AddPasskey { key: Box::new(synced) }),
        (dana, Command::RevokePasskey { passkey: anas, reason: "stolen".to_owned() }),
        (dana, Command::ConfirmRecovery { recovery, fingerprint }),
        (dana, name(2)),
        (dana, Command::RemoveWitness { witness: witness(1), reason: "it broke".to_owned() }),
        policy(KeyPolicy::Any),
        policy(KeyPolicy::DeviceBound),
        policy(KeyPolicy::Attested { aaguids: Vec::new() }),
        policy(KeyPolicy::Attested {
            aaguids: vec!["aaaaaaaa-0000-0000-0000-000000000000".to_owned()],
        }),
    ]
}

fn at_the_provider() -> Vec<Request> {
    let mut world = World::founded(Side::Provider);
    let milo = world.milo;
    let staff: &[Role] = &[Role::Engineer, Role::Approver];
    let eve = PersonId::from_parts(START, [11; 10]);
    let eve = world.bring(milo, eve, ("Eve Lund", Side::Provider, staff));
    let pat = PersonId::from_parts(START, [12; 10]);
    let pat = world.bring(milo, pat, ("Pat Moss", Side::Provider, staff));
    let (issuer, subject) = ("https://id.example".to_owned(), "248289761001".to_owned());
    let ask = Command::AskRecovery {
        recovery: RecoveryId::from_parts(START, [1; 10]),
        person: pat,
        reason: "the key broke".to_owned(),
        code: Digest::of(b"x"),
        expires: START + Span::hours(24),
    };
    [
        Command::Offboard { person: eve, reason: "left the firm".to_owned() },
        Command::LinkLogin { issuer, subject },
        ask,
    ]
    .into_iter()
    .map(|act| world.request(milo, act).unwrap())
    .collect()
}

/// Charters, stops, approvals, standing in, watching.
fn about_authority() -> Vec<Request> {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(5, "Ana Ruiz", &[Role::Approver]);
    let call = waits(&mut world, who, "{}");
    let mut out = vec![world.request(dana, yes(&world, call)).unwrap()];
    world.by(dana, Command::Freeze { reason: "odd mail".to_owned() }).unwrap();
    out.push(world.request(dana, Command::Thaw {}).unwrap());
    world.by(dana, Command::Thaw {}).unwrap();
    for clause in [None, Some("everything".to_owned())] {
        let reason = "odd mail".to_owned();
        world.by(dana, Command::SuspendDelegation { clause: clause.clone(), reason }).unwrap();
        let resume = Command::ResumeDelegation { clause };
        out.push(world.request(dana, resume.clone()).unwrap());
        world.by(dana, resume).unwrap();
    }
    let until = world.now + Span::days(7);
    out.push(world.request(dana, Command::SetAway { deputy: ana, until }).unwrap());
    for subject in [Some(Subject::Agent(who.0)), None] {
        let observe = Command::SetObserve { subject, until, reason: "to see".to_owned() };
        out.push(world.request(dana, observe).unwrap());
    }
    let quorum = writ_charter::Mode::Approve { quorum: vec![CLIENT_OWNER] };
    let mut widen = clause("widen", &["agent.widen"], quorum);
    widen.scope.agents = vec![who.0];
    let mut charter = world.charter(vec![everything(), widen]);
    charter.counts_as = vec![writ_charter::Naming::new("mail", "tool", "send", "mail.send")];
    let charter = world.draft(charter);
    out.push(world.request(dana, Command::SignCharter { charter: charter.clone() }).unwrap());
    for person in [dana, milo] {
        world.by(person, Command::SignCharter { charter: charter.clone() }).unwrap();
    }
    world.by(milo, Command::GiveGrant(Box::new(grant_by(who.0, milo)))).unwrap();
    let held = world.state.holds.values().find(|hold| hold.act().is_some()).unwrap();
    let (act, digest) = (held.id(), held.digest());
    let words = Some("as we said on the telephone".to_owned());
    out.push(world.request(dana, Command::Approve { hold: act, digest, words }).unwrap());
    out
}

/// Many agents in one act, agents that act for others, a gateway that serves again.
fn at_scale() -> Vec<Request> {
    let mut world = World::new();
    crate::scale::raise(&mut world);
    let (dana, milo) = (world.dana, world.milo);
    let command = Command::CreateGroup { name: "office".to_owned(), parent: None };
    let made = world.by(milo, command).unwrap();
    let [writ_authority::Fact::GroupCreated { group, .. }] = made[..] else { panic!() };
    let (one, two) = (world.propose("planner"), world.propose("mail-bot"));
    world.by(milo, Command::Delegate { agent: two, by: one }).unwrap();
    let (three, _) = world.active("drafter");
    let vendor = Whom::Vendor("Example” Labs".to_owned());
    let named = Whom::Agents(vec![two, one]);
    let whom = [Whom::All, Whom::Group(group), vendor, named, Whom::Agents(vec![three])];
    let mut acts: Vec<Command> = whom.into_iter().map(crate::scale::many).collect();
    acts.push(Command::Terminate { agent: one, reason: "odd mail".to_owned() });
    acts.push(Command::Delegate { agent: three, by: one });
    acts.into_iter()
        .map(|act| match act {
            // A vendor that nobody uses cannot be ended; its text stands all the same.
            Command::TerminateMany { whom: Whom::Vendor(_), .. } => {
                let honest = world.request(dana, crate::scale::many(Whom::All)).unwrap();
                Request { act: Box::new(act), ..honest }
            }
            Command::TerminateMany { whom: Whom::Group(_), .. } => {
                let new = crate::kit::new_agent("clerk");
                let new = command::NewAgent { group: Some(group), ..new };
                world.by(milo, Command::Propose(new)).unwrap();
                world.request(dana, act).unwrap()
            }
            act => world.request(dana, act).unwrap(),
        })
        .chain([serving()])
        .collect()
}

fn serving() -> Request {
    let mut world = World::founded(Side::Provider);
    crate::scale::raise(&mut world);
    let (milo, gateway) = (world.milo, writ_model::GatewayId::from_parts(START, [1; 10]));
    let reason = "it answers oddly".to_owned();
    world.by(milo, Command::HaltGateway { gateway, reason }).unwrap();
    world.request(milo, Command::ServeGateway { gateway }).unwrap()
}

#[test]
fn every_text_is_the_one_in_the_file() {
    let mut world = World::new();
    let mut acts = agents(&mut world);
    acts.extend(seats(&mut world));
    acts.extend(keys(&mut world));
    let requests = acts.into_iter().map(|(by, act)| world.request(by, act).unwrap());
    let mut out = String::new();
    for request in requests.chain(at_the_provider()).chain(about_authority()).chain(at_scale()) {
        let kind = serde_json::to_value(&request.act).unwrap();
        let kind = kind.as_object().unwrap().keys().next().unwrap().clone();
        writeln!(out, "# {kind}: {}", request.title()).unwrap();
        for line in request.text() {
            writeln!(out, "{line}").unwrap();
        }
        writeln!(out, "= {}\n", request.digest().unwrap()).unwrap();
        // Read again from its canonical bytes, it is the same request with the same text.
        let again: Request = serde_json::from_slice(&request.canonical().unwrap()).unwrap();
        assert_eq!((&again, again.text()), (&request, request.text()));
        let loud = |line: &String| line.chars().any(char::is_control) || line.contains('\u{202e}');
        assert!(!request.text().iter().any(loud));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/signed.txt");
    #[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
    if env::var("UPDATE").is_ok() {
        fs::write(&path, &out).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), out);
}

#[test]
fn a_text_never_hides_what_it_quotes() {
    let world = World::new();
    let until = world.now + Span::minutes(5);
    let mut request = world.request(world.dana, Command::AllowExport { until }).unwrap();
    let party = request.tenant.to_string();
    for (name, shown) in [
        ("a” of “b", r"“a\u{201d} of \u{201c}b”"),
        ("line\nbreak", r"“line\u{a}break”"),
        ("\u{202e}evil", r"“\u{202e}evil”"),
        ("soft\u{ad}zero\u{200b}", r"“soft\u{ad}zero\u{200b}”"),
        (r"\u{202e}", r"“\u{5c}u{202e}”"),
        ("Dana's Köşk 书店 & Co.", "“Dana's Köşk 书店 & Co.”"),
    ] {
        request.names.insert(party.clone(), name.to_owned());
        assert!(request.text()[0].contains(shown), "{:?}", request.text());
        assert!(!request.named_as(&world.state));
    }
    request.names.insert(party.clone(), "x".repeat(50_000));
    assert!(request.text()[0].len() < 1_000 && request.text()[0].contains("49400 more letters"));
    request.names.remove(&party);
    assert!(request.text()[0].contains(&party), "without a name the id stands");
}
