//! What waits for people: who counts, once, for exactly what they read, in time; what is done with the last yes.
//! Never here: random quorums (`quorum.rs`), lines that nobody had the right to write (`forged.rs`).

use writ_authority::{
    Command, Decision, Fact, Grant, Life,
    fact::{HeldCall, Subject},
    queue, refusal,
};
use writ_charter::{Clause, Mode, Naming, Seat, Waits};
use writ_model::{
    AgentId, Code, Digest, GatewayId, HoldId, InstanceId, PersonId, Role, Side, Span,
};

use crate::{
    charter::clause,
    kit::{START, World, everything, grant_by},
};

pub(crate) fn seat(party: Side, role: Role, n: u8) -> Seat {
    Seat { party, role, n }
}

pub(crate) fn approve(quorum: &[Seat]) -> Mode {
    Mode::Approve { quorum: quorum.to_vec() }
}

pub(crate) const CLIENT_OWNER: Seat = Seat { party: Side::Client, role: Role::Owner, n: 1 };
pub(crate) const CLIENT_APPROVER: Seat = Seat { party: Side::Client, role: Role::Approver, n: 1 };

pub(crate) fn gateway() -> GatewayId {
    GatewayId::from_parts(START, [1; 10])
}

/// A world where sending mail is approved by this quorum, with an agent that may send.
pub(crate) fn asking(quorum: &[Seat]) -> (World, (AgentId, InstanceId)) {
    let mut world = World::new();
    let who = world.active("mailer");
    world.give(who.0, |_| ()).unwrap();
    agree_on_sending(&mut world, approve(quorum));
    (world, who)
}

pub(crate) fn agree_on_sending(world: &mut World, mode: Mode) {
    let waits = Waits { expires_minutes: 60, escalate_minutes: Some(30) };
    let sending = Clause { waits, ..clause("sending", &["mail.send"], mode) };
    let mut charter = world.charter(vec![everything(), sending]);
    charter.counts_as = vec![Naming::new("mail", "tool", "send", "mail.send")];
    world.agree_to(charter);
}

/// The hold that a gateway writes down of a call.
pub(crate) fn held(world: &World, who: (AgentId, InstanceId), arguments: &str) -> HeldCall {
    match world.call(who, "send", arguments) {
        Decision::Hold(hold) => hold.call.clone().held(HoldId::new(&world.cx(system()))),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn system() -> writ_model::Actor {
    writ_model::Actor::system("gateway")
}

/// A call that waits.
pub(crate) fn waits(world: &mut World, who: (AgentId, InstanceId), arguments: &str) -> HoldId {
    let call = held(world, who, arguments);
    let hold = call.hold;
    world.system(Command::HoldCall(Box::new(call))).unwrap();
    hold
}

pub(crate) fn yes(world: &World, hold: HoldId) -> Command {
    let digest = world.state.holds.get(&hold).unwrap().digest();
    Command::Approve { hold, digest, words: None }
}

fn consume(hold: HoldId) -> Command {
    Command::ConsumeApproval { hold, gateway: gateway() }
}

#[test]
fn a_call_waits_is_approved_and_goes_once() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let hold = waits(&mut world, who, r#"{"to":"a"}"#);
    let again = held(&world, who, r#"{"to":"a"}"#);
    assert_eq!(world.system(Command::HoldCall(Box::new(again))), Ok(Vec::new()), "it waits once");
    let asks = queue::waiting(&world.state, world.now);
    let ask = asks.iter().find(|one| one.ask == queue::Ask::Approval).unwrap();
    assert_eq!((ask.hold, ask.agent), (Some(hold), Some(who.0)));
    assert_eq!(world.system(consume(hold)), Err(refusal::QUORUM), "nobody approved it yet");
    assert!(matches!(world.call(who, "send", r#"{"to":"a"}"#), Decision::Hold(_)));
    world.by(world.dana, yes(&world, hold)).unwrap();
    assert_eq!(world.by(world.dana, yes(&world, hold)), Err(refusal::QUORUM), "once");
    let Decision::Permit(permitted) = world.call(who, "send", r#"{"to":"a"}"#) else { panic!() };
    assert_eq!(permitted.approval(), Some(hold));
    // The same agent with other bytes, and another running copy with the same ones, wait for their own.
    assert!(matches!(world.call(who, "send", r#"{"to":"b"}"#), Decision::Hold(_)));
    world.system(consume(hold)).unwrap();
    assert_eq!(world.system(consume(hold)), Err(refusal::HOLD), "used up");
    assert!(matches!(world.call(who, "send", r#"{"to":"a"}"#), Decision::Hold(_)));
    let asks = queue::waiting(&world.state, world.now);
    assert!(asks.iter().all(|one| one.ask != queue::Ask::Approval));
}

#[test]
fn an_approval_is_of_what_was_read_in_time_under_the_charter_of_then() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let dana = world.dana;
    let hold = waits(&mut world, who, "{}");
    let digest = Digest::of(b"something else");
    let bent = Command::Approve { hold, digest, words: None };
    assert_eq!(world.by(dana, bent), Err(refusal::HOLD), "another digest");
    let nowhere = HoldId::from_parts(START, [9; 10]);
    let unknown = Command::Approve { hold: nowhere, digest, words: None };
    assert_eq!(world.by(dana, unknown), Err(refusal::HOLD));
    world.by(dana, yes(&world, hold)).unwrap();
    // Approved and then not used in time.
    let start = world.now;
    world.now = start + Span::minutes(60);
    assert_eq!(world.system(consume(hold)), Err(refusal::HOLD), "expired");
    let late = waits(&mut world, who, "{}");
    world.now = start + Span::minutes(120);
    assert_eq!(world.by(dana, yes(&world, late)), Err(refusal::HOLD), "expired");
    // Another charter ends what waits.
    let hold = waits(&mut world, who, "{}");
    world.by(dana, yes(&world, hold)).unwrap();
    agree_on_sending(&mut world, approve(&[CLIENT_OWNER]));
    assert_eq!(world.system(consume(hold)), Err(refusal::HOLD));
    let hold = waits(&mut world, who, "{}");
    // Frozen, nothing is approved or used.
    world.by(dana, yes(&world, hold)).unwrap();
    world.by(world.milo, Command::Freeze { reason: "wait".to_owned() }).unwrap();
    assert_eq!(world.system(consume(hold)), Err(refusal::FROZEN));
}

#[test]
fn an_approval_is_of_one_running_copy_that_may_act() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let (dana, milo) = (world.dana, world.milo);
    let code = Digest::of(b"second");
    let expires = world.now + Span::hours(1);
    world.by(milo, Command::OfferEnrollment { agent: who.0, code, expires }).unwrap();
    let (label, jkt, jwk) = ("phone".to_owned(), "jkt-second".to_owned(), "{}".to_owned());
    let facts = world.system(Command::Enroll { code, label, jkt, jwk }).unwrap();
    let [Fact::InstanceEnrolled { instance, .. }] = facts.as_slice() else { panic!("{facts:?}") };
    let second = (who.0, *instance);
    let hold = waits(&mut world, who, "{}");
    world.by(dana, yes(&world, hold)).unwrap();
    assert!(world.call(who, "send", "{}").permits());
    assert!(matches!(world.call(second, "send", "{}"), Decision::Hold(_)), "its own to ask for");
    // What was approved does not go out past a stop that came in between.
    let suspend = |clause: Option<&str>| Command::SuspendDelegation {
        clause: clause.map(str::to_owned),
        reason: "wait".to_owned(),
    };
    for clause in [None, Some("sending")] {
        world.by(dana, suspend(clause)).unwrap();
        assert_eq!(world.system(consume(hold)), Err(refusal::SUSPENDED));
        let clause = clause.map(str::to_owned);
        world.by(dana, Command::ResumeDelegation { clause }).unwrap();
    }
    world.by(milo, Command::Hold { agent: who.0, reason: "odd".to_owned() }).unwrap();
    assert_eq!(world.system(consume(hold)), Err(refusal::LIFE));
    world.by(dana, Command::Release { agent: who.0 }).unwrap();
    let end = Command::EndInstance { instance: who.1, reason: "lost".to_owned() };
    world.by(milo, end).unwrap();
    assert_eq!(world.system(consume(hold)), Err(refusal::HOLD));
}

#[test]
fn anybody_seated_says_no_and_then_it_is_not_asked_again() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let auditor = world.client(8, "Ada Nils", &[Role::Auditor]);
    let hold = waits(&mut world, who, "{}");
    world.by(world.dana, yes(&world, hold)).unwrap();
    let no = Command::RefuseApproval { hold, words: "not today".to_owned() };
    world.by(auditor, no.clone()).unwrap();
    assert_eq!(world.by(world.milo, no), Err(refusal::HOLD));
    assert_eq!(world.system(consume(hold)), Err(refusal::HOLD));
    assert_eq!(world.call(who, "send", "{}").code(), Code("DENY-0028"));
    let call = HeldCall {
        hold: HoldId::from_parts(START, [9; 10]),
        ..world.state.holds[&hold].call().unwrap().clone()
    };
    assert_eq!(world.system(Command::HoldCall(Box::new(call))), Err(refusal::HOLD));
    world.now = world.now + Span::minutes(61);
    waits(&mut world, who, "{}");
}

#[test]
fn a_gateway_holds_only_what_could_be_held() {
    let (mut world, who) = asking(&[CLIENT_OWNER, CLIENT_APPROVER]);
    let (other, _) = world.active("reader");
    let call = held(&world, who, "{}");
    let hold = |world: &mut World, change: &dyn Fn(&mut HeldCall)| {
        let mut call = call.clone();
        change(&mut call);
        world.system(Command::HoldCall(Box::new(call))).map(drop)
    };
    let looser = |c: &mut HeldCall| c.mode = approve(&[CLIENT_APPROVER]);
    assert_eq!(hold(&mut world, &looser), Err(refusal::HOLD));
    assert_eq!(hold(&mut world, &|c| c.mode = Mode::Act), Err(refusal::HOLD));
    let counts = |c: &mut HeldCall| c.actions = vec!["mail.read".to_owned()];
    assert_eq!(hold(&mut world, &counts), Err(refusal::HOLD));
    assert_eq!(hold(&mut world, &|c| c.agent = other), Err(refusal::HOLD), "another's copy");
    let late = |c: &mut HeldCall| c.expires = START + Span::days(2);
    assert_eq!(hold(&mut world, &late), Err(refusal::BOUND));
    let longer = |c: &mut HeldCall| c.expires = c.expires + Span::minutes(1);
    assert_eq!(hold(&mut world, &longer), Err(refusal::HOLD));
    let sooner = |c: &mut HeldCall| c.escalate_at = Some(START + Span::minutes(1));
    assert_eq!(hold(&mut world, &sooner), Err(refusal::HOLD));
    assert_eq!(hold(&mut world, &|c| c.clauses = Vec::new()), Err(refusal::HOLD));
    assert_eq!(hold(&mut world, &|c| c.clauses.push("more".to_owned())), Err(refusal::HOLD));
    let by = world.by(world.milo, Command::HoldCall(Box::new(call.clone())));
    assert_eq!(by, Err(refusal::INTERNAL), "no person holds a call");
    assert_eq!(hold(&mut world, &|_| ()), Ok(()));
}

#[test]
fn a_proposal_is_found_and_never_approved() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    agree_on_sending(&mut world, Mode::Propose);
    let hold = waits(&mut world, who, "{}");
    assert_eq!(world.by(world.dana, yes(&world, hold)), Err(refusal::PROPOSE));
    assert_eq!(world.system(consume(hold)), Err(refusal::QUORUM));
    let asks = queue::waiting(&world.state, world.now);
    assert!(asks.iter().any(|one| one.ask == queue::Ask::Proposal && one.hold == Some(hold)));
    assert_eq!(world.call(who, "send", "{}").code(), Code("DENY-0025"));
}

/// Everything of agents is approved by these.
fn gated(world: &mut World, quorum: &[Seat]) {
    let waits = Waits { expires_minutes: 60, escalate_minutes: Some(30) };
    let gate = Clause { waits, ..clause("gate", &["agent.*"], approve(quorum)) };
    world.agree(vec![everything(), gate]);
}

fn asked(facts: &[Fact]) -> HoldId {
    match facts {
        [Fact::ApprovalAsked(held)] => held.hold,
        other => panic!("{other:?}"),
    }
}

fn ready(world: &mut World, name: &str) -> AgentId {
    let agent = world.propose(name);
    world.answer(agent);
    agent
}

#[test]
fn the_last_yes_does_what_was_asked_as_who_asked_for_it() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let agent = ready(&mut world, "mailer");
    let bo = world.client(7, "Bo Quist", &[Role::Approver]);
    gated(&mut world, &[CLIENT_OWNER, CLIENT_APPROVER]);
    let hold = asked(&world.by(milo, Command::Activate { agent }).unwrap());
    assert_eq!(world.by(milo, Command::Activate { agent }), Err(refusal::TAKEN), "it waits once");
    assert_eq!(world.agent(agent).life, Life::Proposed, "asked is not done");
    assert_eq!(world.by(milo, yes(&world, hold)), Err(refusal::OWN_APPROVAL));
    assert_eq!(world.state.holds[&hold].seats_left().len(), 2);
    let facts = world.by(bo, yes(&world, hold)).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::ApprovalGiven { .. }]));
    assert_eq!(world.state.holds[&hold].seats_left(), vec![CLIENT_OWNER]);
    let facts = world.by(dana, yes(&world, hold)).unwrap();
    assert!(matches!(
        facts.as_slice(),
        [
            Fact::ApprovalGiven { .. },
            Fact::ApprovalConsumed { gateway: None, .. },
            Fact::AgentChartered { .. },
            Fact::AgentActivated { .. }
        ]
    ));
    assert_eq!(world.agent(agent).life, Life::Active);
    // A grant is given by who asked for it, whoever approved it.
    let grant = Grant { name: "send".to_owned(), ..grant_by(agent, dana) };
    let hold = asked(&world.by(milo, Command::GiveGrant(Box::new(grant))).unwrap());
    world.by(bo, yes(&world, hold)).unwrap();
    let facts = world.by(dana, yes(&world, hold)).unwrap();
    let Some(Fact::GrantGiven { says, .. }) = facts.last() else { panic!("{facts:?}") };
    assert_eq!(says.given_by, milo);
}

#[test]
fn what_may_not_be_done_any_more_is_not_done_by_approving_it() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let max = world.staff(9, "Max Powers", &[Role::Owner]);
    let agent = ready(&mut world, "mailer");
    gated(&mut world, &[CLIENT_OWNER]);
    let ask = |world: &mut World, by| asked(&world.by(by, Command::Activate { agent }).unwrap());
    // Who asked has left.
    let hold = ask(&mut world, max);
    world.by(milo, Command::PersonLeaves { person: max }).unwrap();
    assert_eq!(world.by(dana, yes(&world, hold)), Err(refusal::NOT_SEATED));
    // It was frozen, taken back, ended.
    let hold = ask(&mut world, milo);
    world.by(dana, Command::Freeze { reason: "wait".to_owned() }).unwrap();
    assert_eq!(world.by(dana, yes(&world, hold)), Err(refusal::FROZEN));
    world.by(dana, Command::Thaw {}).unwrap();
    let suspend = Command::SuspendDelegation { clause: None, reason: "wait".to_owned() };
    world.by(dana, suspend).unwrap();
    assert_eq!(world.by(dana, yes(&world, hold)), Err(refusal::SUSPENDED));
    world.by(dana, Command::ResumeDelegation { clause: None }).unwrap();
    let end = Command::Terminate { agent, reason: "odd".to_owned() };
    world.by(dana, end).unwrap();
    assert_eq!(world.by(dana, yes(&world, hold)), Err(refusal::LIFE));
}

#[test]
fn an_enrollment_waits_no_longer_than_its_code() {
    let mut world = World::new();
    let agent = ready(&mut world, "mailer");
    let quorum = approve(&[CLIENT_OWNER]);
    world.agree(vec![everything(), clause("keys", &["credential.issue"], quorum)]);
    let expires = world.now + Span::minutes(10);
    let offer = Command::OfferEnrollment { agent, code: Digest::of(b"code"), expires };
    let facts = world.by(world.milo, offer.clone()).unwrap();
    let hold = asked(&facts);
    assert_eq!(world.state.holds[&hold].expires(), expires);
    assert!(world.state.offers.is_empty(), "nobody enrolls with it yet");
    let facts = world.by(world.dana, yes(&world, hold)).unwrap();
    assert!(matches!(facts.last(), Some(Fact::EnrollmentOffered { .. })));
    // Watching is a governed act of its own.
    let until = world.now + Span::days(1);
    let watch = Command::SetObserve {
        subject: Some(Subject::Agent(agent)),
        until,
        reason: "try it".to_owned(),
    };
    world.agree(vec![everything(), clause("watch", &["agent.observe"], approve(&[CLIENT_OWNER]))]);
    let hold = asked(&world.by(world.milo, watch).unwrap());
    world.by(world.dana, yes(&world, hold)).unwrap();
    assert!(world.state.observed(world.agent(agent), world.now).is_some());
}

#[test]
fn one_person_is_one_yes() {
    let two = [seat(Side::Client, Role::Owner, 1), seat(Side::Client, Role::Approver, 1)];
    let (mut world, who) = asking(&two);
    let both = world.client(7, "Bo Quist", &[Role::Owner, Role::Approver]);
    let hold = waits(&mut world, who, "{}");
    world.by(both, yes(&world, hold)).unwrap();
    assert_eq!(world.by(both, yes(&world, hold)), Err(refusal::QUORUM), "by another role");
    let second = crate::device::Device::new(120, both, "second");
    world.by(both, Command::AddPasskey { key: Box::new(second.key.clone()) }).unwrap();
    world.devices.insert(both, second);
    assert_eq!(world.by(both, yes(&world, hold)), Err(refusal::QUORUM), "by another passkey");
    assert_eq!(world.by(world.milo, yes(&world, hold)), Err(refusal::QUORUM), "the other party");
    assert_eq!(world.system(consume(hold)), Err(refusal::QUORUM));
    // Whoever comes second takes the seat that is left, though the first could have had either.
    world.by(world.dana, yes(&world, hold)).unwrap();
    world.system(consume(hold)).unwrap();
}

fn away(deputy: PersonId) -> Command {
    Command::SetAway { deputy, until: START + Span::days(7) }
}

#[test]
fn who_stands_in_counts_instead_of_the_absent_never_for_who_asked() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let (dana, milo) = (world.dana, world.milo);
    let bo = world.client(7, "Bo Quist", &[Role::Engineer]);
    let ada = world.client(8, "Ada Nils", &[Role::Owner]);
    assert_eq!(world.by(dana, away(dana)), Err(refusal::AWAY));
    assert_eq!(world.by(dana, away(milo)), Err(refusal::AWAY), "of the other party");
    let nobody = PersonId::from_parts(START, [99; 10]);
    assert_eq!(world.by(dana, away(nobody)), Err(refusal::NOT_SEATED));
    let long = Command::SetAway { deputy: bo, until: START + Span::days(61) };
    assert_eq!(world.by(dana, long), Err(refusal::BOUND));
    let hold = waits(&mut world, who, "{}");
    assert_eq!(world.by(bo, yes(&world, hold)), Err(refusal::QUORUM), "no owner");
    world.by(dana, away(bo)).unwrap();
    let facts = world.by(bo, yes(&world, hold)).unwrap();
    let [Fact::ApprovalGiven { deputy_of, .. }] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(*deputy_of, Some(dana));
    world.system(consume(hold)).unwrap();

    // Of the absent and who stands in for them, one counts.
    agree_on_sending(&mut world, approve(&[seat(Side::Client, Role::Owner, 2)]));
    let hold = waits(&mut world, who, "{}");
    world.by(bo, yes(&world, hold)).unwrap();
    assert_eq!(world.by(dana, yes(&world, hold)), Err(refusal::QUORUM));
    world.by(ada, yes(&world, hold)).unwrap();
    world.system(consume(hold)).unwrap();

    // Never for what the absent asked for; in one's own name, yes.
    gated(&mut world, &[CLIENT_OWNER]);
    let agent = ready(&mut world, "reader");
    let hold = asked(&world.by(dana, Command::Activate { agent }).unwrap());
    assert_eq!(world.by(bo, yes(&world, hold)), Err(refusal::QUORUM));
    world.by(ada, yes(&world, hold)).unwrap();
    assert_eq!(world.agent(agent).life, Life::Active);

    // Back, and over.
    world.by(dana, Command::EndAway {}).unwrap();
    assert_eq!(world.by(dana, Command::EndAway {}), Err(refusal::AWAY));
    agree_on_sending(&mut world, approve(&[CLIENT_OWNER]));
    let hold = waits(&mut world, who, "{}");
    assert_eq!(world.by(bo, yes(&world, hold)), Err(refusal::QUORUM));
    world.by(dana, away(bo)).unwrap();
    world.now = START + Span::days(7);
    let hold = waits(&mut world, who, "{}");
    assert_eq!(world.by(bo, yes(&world, hold)), Err(refusal::QUORUM), "not longer than said");
}

#[test]
fn after_a_while_owners_count_for_every_seat_of_their_party() {
    let quorum = [CLIENT_APPROVER, seat(Side::Provider, Role::Engineer, 1)];
    let (mut world, who) = asking(&quorum);
    let (dana, milo) = (world.dana, world.milo);
    let hold = waits(&mut world, who, "{}");
    assert_eq!(world.by(dana, yes(&world, hold)), Err(refusal::QUORUM));
    world.now = world.now + Span::minutes(30);
    world.by(dana, yes(&world, hold)).unwrap();
    assert_eq!(world.system(consume(hold)), Err(refusal::QUORUM), "of her own party");
    world.by(milo, yes(&world, hold)).unwrap();
    world.system(consume(hold)).unwrap();
}

#[test]
fn who_cannot_sign_or_has_left_does_not_count() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let hold = waits(&mut world, who, "{}");
    let bo = world.client(7, "Bo Quist", &[Role::Owner]);
    let receipt = world.receipt(bo, yes(&world, hold)).unwrap();
    world.by(world.dana, Command::PersonLeaves { person: bo }).unwrap();
    let actor = writ_model::Actor::Person { id: bo, via: "test".to_owned() };
    let late = world.run(actor, Command::Signed { receipt: Box::new(receipt) });
    assert_eq!(late, Err(refusal::NOT_SEATED));
    let state = &world.state;
    let known = &state.holds[&hold];
    assert!(state.may_approve(known, world.dana, world.now).is_ok());
    assert!(state.may_approve(known, bo, world.now).is_err());
}
