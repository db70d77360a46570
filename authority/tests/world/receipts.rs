//! Receipts that are bent, kept back, repeated or followed by something else: the verifier names what is wrong.
//! Never here: lines without a receipt (`hostile.rs`).

use writ_authority::{Chain, Command, Fact, Receipt, refusal};
use writ_model::{Actor, Code, Role, SigningId, Span};

use crate::{
    device::{Device, Hashes},
    hostile::{act_signed, appended, as_person, line, refused, signed},
    kit::{START, World, doubt, grant_by},
};

#[test]
fn what_follows_a_receipt_is_what_was_signed() {
    let mut world = World::new();
    world.client(5, "Ana Ruiz", &[Role::Approver]);
    let seat = |line: &Vec<u8>| String::from_utf8_lossy(line).contains("Ana Ruiz\",\"person\"");
    let at = world.lines.iter().rposition(seat).unwrap();
    let text = String::from_utf8(world.lines[at].clone()).unwrap();
    assert!(text.contains(r#""person_seated""#) && text.contains(r#"["approver"]"#), "{text}");
    let check = |lines: &[Vec<u8>], code: Code, why: &str| {
        let broken = doubt(world.state.tenant, lines, None).unwrap_err();
        assert_eq!(broken.code, code, "{why}: {broken}");
    };
    let mut lines = world.lines.clone();
    lines[at] = text.replace(r#"["approver"]"#, r#"["owner"]"#).into_bytes();
    check(&lines, refusal::RECEIPT_ACT, "another role");
    lines[at] = text.replace("Ana Ruiz", "Ana Cruz").into_bytes();
    check(&lines, refusal::RECEIPT_ACT, "another name");
    let mut lines = world.lines.clone();
    lines.remove(at);
    check(&lines, refusal::RECEIPT_ACT, "a fact is left out");
    let held = Fact::GroupCreated {
        group: writ_model::GroupId::from_parts(START, [1; 10]),
        name: "between".to_owned(),
        parent: None,
    };
    let mut lines = world.lines.clone();
    lines.insert(at, line(&world, &Actor::system("x"), held));
    check(&lines, refusal::RECEIPT_ACT, "a line between");
    let mut lines = world.lines.clone();
    lines.truncate(at);
    check(&lines, refusal::RECEIPT_ACT, "the log ends early");
}

#[test]
fn a_signature_for_one_agent_starts_no_other() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let [one, two] = ["invoice-bot", "evil-bot"].map(|name| {
        let agent = world.propose(name);
        world.answer(agent);
        agent
    });
    let honest = world.receipt(dana, Command::Activate { agent: one }).unwrap();
    let charter = |agent| Fact::AgentChartered {
        agent,
        authorizer: dana,
        auditor: milo,
        terminators: vec![dana, milo],
    };
    let by = as_person(dana);
    let facts = |receipt: &Receipt, agent| {
        vec![act_signed(receipt.clone()), charter(agent), Fact::AgentActivated { agent }]
    };
    let broken = appended(&world, &by, facts(&honest, two));
    assert_eq!((broken.code, broken.index), (refusal::RECEIPT_ACT, world.state.size + 1));
    // The act in the receipt is changed to fit: then the signature does not.
    let mut receipt = honest.clone();
    *receipt.request.act = Command::Activate { agent: two };
    refused(&world, &by, facts(&receipt, two), refusal::RECEIPT_SIGNATURE);
    let mut receipt = honest.clone();
    receipt.assertion.signature = receipt.assertion.signature.replace(['a', 'b', 'c'], "d");
    refused(&world, &by, facts(&receipt, one), refusal::RECEIPT_SIGNATURE);
    // A page that shows the name of one agent and has the other one signed.
    let mut request = honest.request.clone();
    *request.act = Command::Activate { agent: two };
    request.names.remove(&one.to_string());
    request.names.insert(two.to_string(), "invoice-bot".to_owned());
    let shown = signed(&mut world, dana, request);
    refused(&world, &by, facts(&shown, two), refusal::RECEIPT_NAMES);
    // In somebody else's name, and by nobody at all.
    refused(&world, &as_person(milo), facts(&honest, one), refusal::RECEIPT_REFUSED);
    for actor in [by, as_person(milo), Actor::system("gateway")] {
        let facts = vec![charter(two), Fact::AgentActivated { agent: two }];
        refused(&world, &actor, facts, refusal::UNSIGNED);
    }
    let says = Box::new(grant_by(one, dana));
    let grant = Fact::GrantGiven { grant: writ_model::GrantId::from_parts(START, [1; 10]), says };
    refused(&world, &as_person(dana), vec![grant], refusal::UNSIGNED);
}

#[test]
fn a_receipt_holds_once_with_a_live_key_in_its_time() {
    let mut world = World::new();
    let dana = world.dana;
    let by = as_person(dana);
    let export = |world: &World| Command::AllowExport { until: world.now + Span::minutes(30) };
    let fact = |receipt: &Receipt| {
        let Command::AllowExport { until } = *receipt.request.act else { panic!() };
        vec![act_signed(receipt.clone()), Fact::ExportAllowed { person: dana, until }]
    };
    let receipt = world.receipt(dana, export(&world)).unwrap();
    let boxed = || Box::new(receipt.clone());
    world.run(by.clone(), Command::Signed { receipt: boxed() }).unwrap();
    let mut again = receipt.clone();
    refused(&world, &by, fact(&again), refusal::RECEIPT_REPLAY);
    again.signing = SigningId::from_parts(START, [77; 10]);
    refused(&world, &by, fact(&again), refusal::RECEIPT_REPLAY);
    let command = Command::Signed { receipt: Box::new(again) };
    assert_eq!(world.run(by.clone(), command), Err(refusal::RECEIPT_REPLAY));

    let counter = world.devices[&dana].counter;
    let request = world.request(dana, export(&world)).unwrap();
    for stale in [counter, counter - 1, 0] {
        let receipt = world.devices[&dana].sign_at(request.clone(), stale);
        // The same counter over the same request is the same signature as before.
        refused(
            &world,
            &by,
            fact(&receipt),
            if stale == counter { refusal::RECEIPT_REPLAY } else { refusal::RECEIPT_COUNTER },
        );
    }

    let fresh = world.receipt(dana, export(&world)).unwrap();
    let start = world.now;
    for (now, why) in [
        (start + Span::minutes(5) + Span::micros(1), "expired"),
        (start - Span::micros(1), "before it was asked"),
    ] {
        world.now = now;
        refused(&world, &by, fact(&fresh), refusal::RECEIPT_TIME);
        let command = Command::Signed { receipt: Box::new(fresh.clone()) };
        assert_eq!(world.run(by.clone(), command), Err(refusal::RECEIPT_TIME), "{why}");
    }
    world.now = start;
    let mut long = request.clone();
    long.expires = long.made + Span::minutes(11);
    let long = signed(&mut world, dana, long);
    refused(&world, &by, fact(&long), refusal::RECEIPT_TIME);
    // Kept back until something newer was signed, then dated back.
    world.now = start + Span::minutes(4);
    let newer = world.receipt(dana, export(&world)).unwrap();
    world.run(by.clone(), Command::Signed { receipt: Box::new(newer) }).unwrap();
    world.now = start + Span::minutes(1);
    refused(&world, &by, fact(&fresh), refusal::RECEIPT_TIME);

    world.now = start + Span::minutes(4);
    let old = world.devices[&dana].clone();
    let next = Device::new(90, dana, "next");
    world.by(dana, Command::AddPasskey { key: Box::new(next.key.clone()) }).unwrap();
    let revoke = Command::RevokePasskey { passkey: old.key.passkey, reason: "lost".to_owned() };
    world.devices.insert(dana, next);
    world.by(dana, revoke).unwrap();
    let request = world.request(dana, export(&world)).unwrap();
    let stolen = old.sign_at(request.clone(), old.counter + 50);
    refused(&world, &by, fact(&stolen), refusal::RECEIPT_KEY);
    let unknown = Device::new(91, dana, "unknown").sign_at(request.clone(), 1);
    refused(&world, &by, fact(&unknown), refusal::RECEIPT_KEY);
    let milos = world.devices[&world.milo].sign_at(request, 1_000);
    refused(&world, &by, fact(&milos), refusal::RECEIPT_KEY);
}

#[test]
fn a_receipt_that_is_changed_anywhere_is_seen() {
    let world = World::new();
    let mut tried = 0;
    let mut before = Chain::new(world.state.tenant, None);
    for (at, whole) in world.lines.iter().enumerate() {
        let text = String::from_utf8(whole.clone()).unwrap();
        // The id of a signing is a name for people; nothing is decided on it.
        let named = text.find("\"signing\"").map(|at| at..at + 45);
        for (place, byte) in whole.iter().enumerate() {
            if named.as_ref().is_none_or(|named| named.contains(&place)) {
                continue;
            }
            let mut changed = whole.clone();
            changed[place] = byte ^ 1;
            let mut chain = before.clone();
            let lines = std::iter::once(&changed).chain(&world.lines[at + 1..]);
            let mut taken =
                (at as u64..).zip(lines).map(|(at, line)| chain.take(at, line, &Hashes));
            assert!(taken.any(|one| one.is_err()), "byte {place} of {text}");
            tried += 1;
        }
        before.take(at as u64, whole, &Hashes).unwrap();
    }
    assert!(tried > 1_000, "{tried}");
}
