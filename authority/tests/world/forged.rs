//! A provider with the disk and every server key writes lines about decision authority that nobody had the right to: the
//! verifier names the rule. Each case is one shortcut past the other party.

use writ_authority::{
    Command, Fact, Receipt,
    fact::{DrillResult, HeldAct, Notified, Subject},
    grant::Surface,
    refusal,
};
use writ_charter::{Charter, Mode, Template};
use writ_model::{
    Actor, AgentId, Code, Digest, DrillId, EnrollmentId, HoldId, PersonId, Role, Side, Span,
};

use crate::{
    approvals::{CLIENT_OWNER, approve, asking, gateway, held, waits, yes},
    charter::clause,
    hostile::{act_signed, as_person, refused, signed},
    kit::{START, World, everything, new_agent},
};

fn system() -> Actor {
    Actor::system("gateway")
}

fn wish() -> String {
    "a wish".to_owned()
}

/// The next charter, as a draft of the provider's liking.
fn draft(world: &mut World) -> Box<Charter> {
    let charter = world.charter(vec![everything()]);
    world.draft(charter)
}

#[test]
fn no_charter_is_in_force_that_the_client_did_not_sign() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let draft = draft(&mut world);
    let (charter, digest) = (draft.charter, draft.digest());
    let in_force = || Fact::CharterInForce { charter, digest };
    let by_dana = Fact::CharterSigned { charter, digest, person: dana, side: Side::Client };
    for actor in [system(), as_person(milo), as_person(dana)] {
        refused(&world, &actor, vec![in_force()], refusal::UNSIGNED);
        refused(&world, &actor, vec![by_dana.clone()], refusal::UNSIGNED);
    }
    // Milo signs; what follows says that it is in force, or that Dana signed too.
    let receipt = world.receipt(milo, Command::SignCharter { charter: draft.clone() }).unwrap();
    let honest = Fact::CharterSigned { charter, digest, person: milo, side: Side::Provider };
    let by = as_person(milo);
    let facts = |more: Vec<Fact>| [vec![act_signed(receipt.clone())], more].concat();
    refused(&world, &by, facts(vec![honest.clone(), in_force()]), refusal::UNSIGNED);
    refused(&world, &by, facts(vec![by_dana, in_force()]), refusal::RECEIPT_ACT);
    refused(&world, &by, facts(vec![in_force()]), refusal::RECEIPT_ACT);
    // A receipt in Dana's name over the draft, by no key of hers.
    let mut request = receipt.request.clone();
    request.person = dana;
    let forged: Receipt = signed(&mut world, milo, request);
    let in_her_name = vec![act_signed(forged)];
    refused(&world, &as_person(dana), in_her_name, refusal::RECEIPT_KEY);
    // Dana signs the draft, and the charter in the receipt is changed.
    let hers = world.receipt(dana, Command::SignCharter { charter: draft.clone() }).unwrap();
    let mut bent = hers.clone();
    let mut other = draft.clone();
    other.clauses[0].title = "Everything else".to_owned();
    *bent.request.act = Command::SignCharter { charter: other.clone() };
    refused(&world, &as_person(dana), vec![act_signed(bent)], refusal::RECEIPT_SIGNATURE);
    // She signs it, and another draft had taken its place: her signature is of what she read.
    let mut next = draft.clone();
    next.contract_ref = Some("annex B".to_owned());
    world.by(milo, Command::ProposeCharter { charter: next }).unwrap();
    refused(&world, &as_person(dana), vec![act_signed(hers)], refusal::CHARTER);
}

#[test]
fn a_draft_is_one_that_could_be_proposed() {
    let mut world = World::new();
    let mut charter = Box::new(world.charter(vec![everything()]));
    let proposed =
        |charter: &Charter| vec![Fact::CharterProposed { charter: Box::new(charter.clone()) }];
    // That it is in canonical form and of this client is checked again, not what it says enforces it: a later build may
    // have more points.
    "Harbour Books".clone_into(&mut charter.parties.client);
    refused(&world, &as_person(world.milo), proposed(&charter), refusal::CHARTER);
    "Harbor Books".clone_into(&mut charter.parties.client);
    charter.version = 9;
    refused(&world, &as_person(world.milo), proposed(&charter), refusal::CHARTER);
    let auditor = world.client(8, "Ada Nils", &[Role::Auditor]);
    refused(&world, &as_person(auditor), proposed(&charter), refusal::RECEIPT_REFUSED);
}

#[test]
fn nobody_lifts_the_other_partys_stop() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    world.by(dana, Command::Freeze { reason: wish() }).unwrap();
    let suspend = Command::SuspendDelegation { clause: None, reason: wish() };
    world.by(dana, suspend).unwrap();
    let thawed = || Fact::ClientThawed { side: Side::Client };
    let resumed = || Fact::DelegationResumed { clause: None, side: Side::Client };
    for actor in [system(), as_person(milo), as_person(dana)] {
        refused(&world, &actor, vec![thawed()], refusal::UNSIGNED);
        refused(&world, &actor, vec![resumed()], refusal::UNSIGNED);
    }
    // Signed by Milo, which an honest desk would not have let him.
    let (name, side, roles) = ("Bent".to_owned(), Side::Provider, vec![Role::Engineer]);
    let honest = Command::SeatPerson { person: None, name: name.into(), side, roles };
    for (act, fact, code) in [
        (Command::Thaw {}, thawed(), refusal::FROZEN),
        (Command::ResumeDelegation { clause: None }, resumed(), refusal::SUSPENDED),
    ] {
        let mut request = world.request(milo, honest.clone()).unwrap();
        *request.act = act;
        let receipt = signed(&mut world, milo, request);
        refused(&world, &as_person(milo), vec![act_signed(receipt), fact], code);
    }
    // A stop may stand; in the other party's name it may not.
    let freeze = |side| vec![Fact::ClientFrozen { side, reason: wish() }];
    refused(&world, &as_person(milo), freeze(Side::Client), refusal::RECEIPT_REFUSED);
    refused(&world, &system(), freeze(Side::Provider), refusal::RECEIPT_REFUSED);
}

#[test]
fn approvals_are_signed_by_those_who_are_asked_and_used_once() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let (dana, milo) = (world.dana, world.milo);
    let hold = waits(&mut world, who, "{}");
    let digest = world.state.holds[&hold].digest();
    let given = |person| Fact::ApprovalGiven { hold, person, digest, deputy_of: None, words: None };
    let consumed = || Fact::ApprovalConsumed { hold, gateway: Some(gateway()) };
    for actor in [system(), as_person(milo), as_person(dana)] {
        refused(&world, &actor, vec![given(dana)], refusal::UNSIGNED);
    }
    refused(&world, &system(), vec![consumed()], refusal::QUORUM);
    // Milo signs an approval that is the client's to give.
    let request = world.request(dana, yes(&world, hold)).unwrap();
    let mut bent = request.clone();
    bent.person = milo;
    bent.names.remove(&dana.to_string());
    bent.names.insert(milo.to_string(), "Milo Park".to_owned());
    let his = signed(&mut world, milo, bent);
    refused(&world, &as_person(milo), vec![act_signed(his), given(milo)], refusal::QUORUM);
    // Hers holds for what she read: not for another digest, not for another hold.
    let hers = world.devices.get_mut(&dana).unwrap().sign(request);
    let mut other = hers.clone();
    let elsewhere = Digest::of(b"more");
    *other.request.act = Command::Approve { hold, digest: elsewhere, words: None };
    refused(&world, &as_person(dana), vec![act_signed(other)], refusal::RECEIPT_SIGNATURE);
    let by = as_person(dana);
    world.run(by.clone(), Command::Signed { receipt: Box::new(hers.clone()) }).unwrap();
    refused(&world, &by, vec![act_signed(hers)], refusal::RECEIPT_REPLAY);
    // It is used up by a gateway, not by an act's line, once, in time.
    let as_act = Fact::ApprovalConsumed { hold, gateway: None };
    refused(&world, &system(), vec![as_act], refusal::UNSIGNED);
    refused(&world, &as_person(milo), vec![consumed()], refusal::RECEIPT_REFUSED);
    refused(&world, &system(), vec![consumed(), consumed()], refusal::HOLD);
    let start = world.now;
    world.now = start + Span::minutes(61);
    refused(&world, &system(), vec![consumed()], refusal::HOLD);
    world.now = start;
    world.system(Command::ConsumeApproval { hold, gateway: gateway() }).unwrap();
    refused(&world, &system(), vec![consumed()], refusal::HOLD);
}

#[test]
fn the_sentences_of_an_approval_are_those_of_the_hold() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let dana = world.dana;
    let hold = waits(&mut world, who, "{}");
    let mut request = world.request(dana, yes(&world, hold)).unwrap();
    let line = request.names.get_mut("says:000").unwrap();
    assert!(line.contains("“mailer” may call the tool “send” on the server “mail”"), "{line}");
    *line = "“mailer” may read the time.".to_owned();
    let receipt = signed(&mut world, dana, request);
    refused(&world, &as_person(dana), vec![act_signed(receipt)], refusal::RECEIPT_NAMES);
}

#[test]
fn a_call_is_held_as_the_charter_says() {
    let (world, who) = asking(&[CLIENT_OWNER]);
    let call = held(&world, who, "{}");
    let by = |mode| {
        let call = writ_authority::fact::HeldCall { mode, ..call.clone() };
        vec![Fact::CallHeld(Box::new(call))]
    };
    let theirs = approve(&[writ_charter::Seat { party: Side::Provider, ..CLIENT_OWNER }]);
    refused(&world, &system(), by(theirs), refusal::HOLD);
    refused(&world, &as_person(world.milo), by(call.mode.clone()), refusal::RECEIPT_REFUSED);
    let twice = [by(call.mode.clone()), by(call.mode.clone())].concat();
    refused(&world, &system(), twice, refusal::RECEIPT_REFUSED);
}

/// A world where activating is approved by the client's owner, and an agent that waits for it.
fn gated() -> (World, AgentId) {
    let mut world = World::new();
    let agent = world.propose("mailer");
    world.answer(agent);
    let gates = ["agent.activate", "credential.issue"];
    world.agree(vec![everything(), clause("gate", &gates, approve(&[CLIENT_OWNER]))]);
    (world, agent)
}

#[test]
fn what_waits_is_not_done_by_a_signature_of_who_wants_it() {
    let (mut world, agent) = gated();
    let (dana, milo) = (world.dana, world.milo);
    let receipt = world.receipt(milo, Command::Activate { agent }).unwrap();
    let terminators = vec![dana, milo];
    let charter = Fact::AgentChartered { agent, authorizer: dana, auditor: milo, terminators };
    let done = [charter, Fact::AgentActivated { agent }];
    let by = as_person(milo);
    let facts = [vec![act_signed(receipt.clone())], done.to_vec()].concat();
    refused(&world, &by, facts, refusal::RECEIPT_ACT);
    // It waits, and what waits is what was signed.
    world.run(by.clone(), Command::Signed { receipt: Box::new(receipt) }).unwrap();
    let hold = world.state.holds.values().next().unwrap().clone();
    let asked = Fact::ApprovalAsked(Box::new(hold.act().unwrap().clone()));
    refused(&world, &system(), vec![asked], refusal::RECEIPT_REFUSED);
    let mut again =
        HeldAct { hold: HoldId::from_parts(START, [7; 10]), ..hold.act().unwrap().clone() };
    *again.act = Command::Activate { agent: AgentId::from_parts(START, [9; 10]) };
    refused(&world, &by, vec![Fact::ApprovalAsked(Box::new(again))], refusal::UNSIGNED);
    // Dana approves; more follows than what waited.
    let receipt = world.receipt(dana, yes(&world, hold.id())).unwrap();
    let mut facts = vec![act_signed(receipt.clone())];
    let decided =
        world.run(as_person(dana), Command::Signed { receipt: Box::new(receipt) }).unwrap();
    assert_eq!(decided.len(), 5, "signed, given, used up, answered for, active");
    facts.extend(done);
    refused(&world, &as_person(dana), facts, refusal::RECEIPT_REPLAY);
}

#[test]
fn a_refused_act_is_not_signed_into_the_ledger() {
    let mut world = World::new();
    let milo = world.milo;
    let agent = world.propose("mailer");
    world.answer(agent);
    let request = world.request(milo, Command::Activate { agent }).unwrap();
    for (clauses, code) in [
        (vec![everything(), clause("no", &["agent.*"], Mode::Refuse)], refusal::CLAUSE),
        (vec![clause("mail", &["mail.*"], Mode::Act)], refusal::UNCOVERED),
        (vec![clause("theirs", &["*"], Mode::Propose)], refusal::PROPOSE),
    ] {
        world.agree(clauses);
        let receipt = signed(&mut world, milo, request.clone());
        refused(&world, &as_person(milo), vec![act_signed(receipt)], code);
    }
    world.by(world.dana, Command::Freeze { reason: wish() }).unwrap();
    let receipt = signed(&mut world, milo, request);
    refused(&world, &as_person(milo), vec![act_signed(receipt)], refusal::FROZEN);
}

#[test]
fn a_copy_is_not_bound_past_the_charter_by_anybody() {
    let (mut world, agent) = gated();
    let offered = |number: u8| Fact::EnrollmentOffered {
        enrollment: EnrollmentId::from_parts(START, [number; 10]),
        agent,
        code: Digest::of(&[number]),
        expires: START + Span::hours(1),
    };
    for actor in [system(), as_person(world.milo), as_person(world.dana)] {
        refused(&world, &actor, vec![offered(1)], refusal::QUORUM);
    }
    world.agree(vec![everything(), clause("no", &["credential.*"], Mode::Refuse)]);
    for actor in [system(), as_person(world.milo)] {
        refused(&world, &actor, vec![offered(1)], refusal::CLAUSE);
    }
}

#[test]
fn watching_and_standing_in_are_signed() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let (agent, _) = world.active("mailer");
    let until = START + Span::days(1);
    for actor in [system(), as_person(milo), as_person(dana)] {
        let subject = Some(Subject::Agent(agent));
        let set = Fact::ObserveSet { subject, until, reason: wish() };
        refused(&world, &actor, vec![set], refusal::UNSIGNED);
        let away = Fact::AwaySet { person: dana, deputy: milo, until };
        refused(&world, &actor, vec![away], refusal::UNSIGNED);
    }
    let back = Fact::AwayEnded { person: dana };
    refused(&world, &as_person(milo), vec![back], refusal::AWAY);
    let ended = Fact::ObserveEnded { subject: None };
    refused(&world, &as_person(milo), vec![ended], refusal::OBSERVE);
}

#[test]
fn a_shadow_is_new_and_of_an_agent_that_acts() {
    let mut world = World::new();
    let milo = as_person(world.milo);
    let (agent, instance) = world.active("mailer");
    let later = world.propose("later");
    let id = |number: u8| DrillId::from_parts(START, [number; 10]);
    let begun = |agent, shadow, name: &str| {
        vec![Fact::DrillBegun { drill: id(1), agent, shadow, name: name.to_owned() }]
    };
    let fresh = AgentId::from_parts(START, [9; 10]);
    refused(&world, &milo, begun(agent, fresh, "mailer two"), refusal::RECEIPT_REFUSED);
    refused(&world, &milo, begun(agent, later, "x"), refusal::RECEIPT_REFUSED);
    refused(&world, &milo, begun(later, fresh, "x"), refusal::RECEIPT_REFUSED);
    let result = DrillResult {
        drill: id(1),
        agent,
        shadow: fresh,
        live: false,
        begun: START,
        done: START,
        steps: Vec::new(),
        notice_us: 0,
        end_us: 0,
        total_us: 0,
        passed: true,
        gateways: 0,
        next_due: START,
    };
    let done = || vec![Fact::DrillDone(Box::new(result.clone()))];
    refused(&world, &system(), done(), refusal::RECEIPT_REFUSED);
    refused(&world, &milo, done(), refusal::RECEIPT_REFUSED);
    let told = Notified {
        agent,
        instance,
        server: "mail".to_owned(),
        surface: Surface::Tool,
        name: "send".to_owned(),
        digest: Digest::of(b""),
        actions: vec!["mail.send".to_owned()],
        clauses: vec!["everything".to_owned()],
    };
    refused(&world, &milo, vec![Fact::ActNotified(Box::new(told))], refusal::RECEIPT_REFUSED);
    let template = Template {
        name: "ours".to_owned(),
        parent: None,
        clauses: vec![everything()],
        removes: Vec::new(),
        counts_as: Vec::new(),
    };
    let set = Fact::TemplateSet { template: Box::new(template) };
    refused(&world, &milo, vec![set], refusal::RECEIPT_REFUSED);
}

/// Ledgers from before there were charters verify; nothing came of what was let there.
#[test]
fn what_was_done_before_the_first_charter_was_done_by_the_rules_of_then() {
    let mut world = World::founded(Side::Client);
    let (dana, milo) = (world.dana, world.milo);
    world.bring(milo, dana, ("Dana Cole", Side::Client, &[Role::Owner]));
    let agent = world.propose("mailer");
    world.answer(agent);
    // Signed as it was then.
    let (name, side, roles) = ("Bent".to_owned(), Side::Provider, vec![Role::Engineer]);
    let honest = Command::SeatPerson { person: None, name: name.into(), side, roles };
    let mut request = world.request(dana, honest).unwrap();
    *request.act = Command::Activate { agent };
    for (word, id, name) in [("authorizer", dana, "Dana Cole"), ("auditor", milo, "Milo Park")] {
        request.names.insert(format!("{word}:{id}"), name.to_owned());
    }
    for (id, name) in [(dana, "Dana Cole"), (milo, "Milo Park")] {
        request.names.insert(format!("terminator:{id}"), name.to_owned());
    }
    request.names.insert(agent.to_string(), new_agent("mailer").name);
    let receipt = signed(&mut world, dana, request);
    let terminators: Vec<PersonId> = vec![dana, milo];
    let facts = [
        act_signed(receipt.clone()),
        Fact::AgentChartered { agent, authorizer: dana, auditor: milo, terminators },
        Fact::AgentActivated { agent },
    ];
    for fact in facts {
        let line = crate::hostile::line(&world, &as_person(dana), fact);
        world.append(line);
    }
    world.doubted(None).unwrap();
    assert!(
        !world
            .call((agent, writ_model::InstanceId::from_parts(START, [1; 10])), "send", "{}")
            .permits()
    );
    // Now it is decided by the rules of now.
    let again = world.run(as_person(dana), Command::Signed { receipt: Box::new(receipt) });
    let code: Code = again.unwrap_err();
    assert_eq!(code, refusal::RECEIPT_REPLAY);
    let release = Command::Release { agent };
    world.by(milo, Command::Hold { agent, reason: wish() }).unwrap();
    assert_eq!(world.by(dana, release), Err(refusal::NO_CHARTER));
}
