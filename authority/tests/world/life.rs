//! Who may do what, and when an agent can act. Never here: what a call is answered (`calls.rs`).

use writ_authority::{
    Command, Engine, Life,
    accountability::Missing,
    command::NewAgent,
    decide::{Ask, GRACE, Moment, What, denied, explain::Unused},
    fact::{Fact, Subject},
    queue, refusal,
};
use writ_model::{Actor, Digest, Fold, PersonId, Role, Side, Span};

use crate::kit::{START, World, grant_by, new_agent};

#[test]
fn activation_needs_all_three_answers() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let agent = world.propose("invoice-bot");
    let cases = [
        (None, Some(milo), vec![dana, milo], Missing::Authorizer),
        (Some(dana), None, vec![dana, milo], Missing::Auditor),
        (Some(dana), Some(milo), vec![milo], Missing::Terminator(Side::Client)),
        (Some(dana), Some(milo), vec![dana], Missing::Terminator(Side::Provider)),
    ];
    for (authorizer, auditor, terminators, wanted) in cases {
        let subject = Subject::Agent(agent);
        let set = Command::SetAccountability { subject, authorizer, auditor, terminators };
        world.by(milo, set).unwrap();
        let answers = world.state.answers(world.agent(agent));
        assert_eq!(world.state.missing(&answers), vec![wanted]);
        assert_eq!(world.by(dana, Command::Activate { agent }), Err(refusal::ANSWERS));
    }
    let same = Command::SetAccountability {
        subject: Subject::Agent(agent),
        authorizer: Some(dana),
        auditor: Some(dana),
        terminators: vec![dana, milo],
    };
    assert_eq!(world.by(milo, same), Err(refusal::ANSWERS));
    world.answer(agent);
    let facts = world.by(dana, Command::Activate { agent }).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::AgentChartered { .. }, Fact::AgentActivated { .. }]));
    assert_eq!(world.agent(agent).life, Life::Active);
}

#[test]
fn the_same_person_inherited_and_own_is_still_the_same_person() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let facts =
        world.by(milo, Command::CreateGroup { name: "office".to_owned(), parent: None }).unwrap();
    let [Fact::GroupCreated { group, .. }] = facts.as_slice() else { panic!() };
    let on_group = Command::SetAccountability {
        subject: Subject::Group(*group),
        authorizer: Some(dana),
        auditor: None,
        terminators: vec![dana, milo],
    };
    world.by(milo, on_group).unwrap();
    let new = NewAgent { group: Some(*group), ..new_agent("bot") };
    let facts = world.by(milo, Command::Propose(new)).unwrap();
    let [Fact::AgentProposed(described)] = facts.as_slice() else { panic!() };
    let agent = described.agent;
    let own = |auditor| Command::SetAccountability {
        subject: Subject::Agent(agent),
        authorizer: None,
        auditor: Some(auditor),
        terminators: Vec::new(),
    };
    world.by(milo, own(dana)).unwrap();
    assert_eq!(world.by(dana, Command::Activate { agent }), Err(refusal::ANSWERS));
    world.by(milo, own(milo)).unwrap();
    world.by(dana, Command::Activate { agent }).unwrap();
}

#[test]
fn when_somebody_leaves_the_queue_says_so_and_after_the_grace_it_holds() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let who = world.active("invoice-bot");
    world.give(who.0, |_| {}).unwrap();
    assert!(world.call(who, "send", "{}").permits());
    assert_eq!(world.by(dana, Command::PersonLeaves { person: dana }), Err(refusal::ANSWERS));
    world.client(5, "Ana Ruiz", &[Role::Owner]);
    world.by(dana, Command::PersonLeaves { person: dana }).unwrap();
    let left = world.now;
    let waiting: Vec<_> = queue::waiting(&world.state, world.now)
        .into_iter()
        .filter(|one| one.agent.is_some())
        .collect();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].ask, queue::Ask::AnswerLost);
    assert_eq!(waiting[0].deadline, Some(left + GRACE));
    assert!(waiting[0].why.iter().any(|why| why.starts_with("Dana Cole left")), "{waiting:?}");
    world.now = left + GRACE - Span::micros(1);
    assert!(world.call(who, "send", "{}").permits(), "still inside the grace period");
    assert_eq!(world.system(Command::Sweep), Ok(Vec::new()));
    world.now = left + GRACE;
    assert_eq!(world.call(who, "send", "{}").code(), denied::ANSWERS, "refused before any sweep");
    assert!(matches!(world.system(Command::Sweep).unwrap().as_slice(), [Fact::AgentHeld { .. }]));
    assert_eq!(world.system(Command::Sweep), Ok(Vec::new()), "a sweep is idempotent");
    assert_eq!(world.call(who, "send", "{}").code(), denied::HELD);
    assert_eq!(world.by(milo, Command::Release { agent: who.0 }), Err(refusal::ANSWERS));
}

#[test]
fn who_may_do_what() {
    let mut world = World::new();
    let milo = world.milo;
    let engineer = world.staff(11, "Eve", &[Role::Engineer]);
    let auditor = world.staff(12, "Adi", &[Role::Auditor]);
    let approver = world.staff(13, "Pat", &[Role::Approver]);
    let stranger = PersonId::from_parts(START, [9; 10]);
    let agent = world.propose("bot");
    world.answer(agent);
    for (who, wanted) in [(auditor, refusal::ROLE), (stranger, refusal::NOT_SEATED)] {
        for command in [
            Command::Propose(new_agent("other")),
            Command::Activate { agent },
            Command::Quarantine { agent, reason: "x".to_owned() },
            Command::Terminate { agent, reason: "x".to_owned() },
            Command::CreateGroup { name: "g".to_owned(), parent: None },
        ] {
            assert_eq!(world.by(who, command), Err(wanted));
        }
    }
    assert_eq!(world.by(engineer, Command::Activate { agent }), Err(refusal::ROLE));
    let end = || Command::Terminate { agent, reason: "x".to_owned() };
    assert_eq!(world.by(engineer, end()), Err(refusal::ROLE));
    assert_eq!(world.by(approver, end()), Err(refusal::ROLE), "not a named terminator");
    assert_eq!(
        world.system(Command::GiveGrant(Box::new(grant_by(agent, milo)))),
        Err(refusal::GRANT)
    );
    assert_eq!(
        world.run(Actor::Agent { id: agent }, Command::Activate { agent }),
        Err(refusal::ROLE)
    );
    world.by(approver, Command::Activate { agent }).unwrap();
    world.by(engineer, Command::Quarantine { agent, reason: "odd".to_owned() }).unwrap();
    assert_eq!(world.by(engineer, Command::Release { agent }), Err(refusal::ROLE));
    world.by(milo, end()).unwrap();
    assert_eq!(world.by(milo, end()), Err(refusal::LIFE));
}

#[test]
fn what_is_ended_stays_ended() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    world.give(who.0, |_| {}).unwrap();
    let before = world.agent(who.0).epoch;
    let reason = || "it mailed a stranger".to_owned();
    world.by(world.dana, Command::Quarantine { agent: who.0, reason: reason() }).unwrap();
    assert_eq!(world.call(who, "send", "{}").code(), denied::QUARANTINED);
    world.by(world.dana, Command::Release { agent: who.0 }).unwrap();
    assert!(world.agent(who.0).epoch > before);
    assert!(world.call(who, "send", "{}").permits(), "with a token of the new epoch");
    let stale =
        Ask { agent: who.0, instance: who.1, epoch: before, server: "mail", what: What::Session };
    let moment = Moment { at: world.now, counters: &Unused };
    assert_eq!(Engine::default().decide(&world.state, &stale, &moment).code(), denied::EPOCH);
    world.by(world.dana, Command::EndInstance { instance: who.1, reason: reason() }).unwrap();
    assert_eq!(world.call(who, "send", "{}").code(), denied::INSTANCE);
    world.by(world.dana, Command::Terminate { agent: who.0, reason: reason() }).unwrap();
    assert_eq!(world.call(who, "send", "{}").code(), denied::TERMINATED);
    for command in [
        Command::Release { agent: who.0 },
        Command::Activate { agent: who.0 },
        Command::GiveGrant(Box::new(grant_by(who.0, world.dana))),
    ] {
        assert_eq!(world.by(world.dana, command), Err(refusal::LIFE));
    }
    let again = world.propose("invoice-bot");
    assert_ne!(again, who.0, "a new agent of the old name is another agent");
    assert_eq!(world.call((again, who.1), "send", "{}").code(), denied::NOT_ACTIVE);
}

#[test]
fn enrollment_codes_work_once_and_in_time() {
    let mut world = World::new();
    let (agent, _) = world.active("invoice-bot");
    let enroll = |code: &[u8], jkt: &str| Command::Enroll {
        code: Digest::of(code),
        label: "x".to_owned(),
        jkt: jkt.to_owned(),
        jwk: "{}".to_owned(),
    };
    assert_eq!(world.system(enroll(b"invoice-bot", "new")), Err(refusal::ENROLLMENT), "used");
    assert_eq!(world.system(enroll(b"guess", "new")), Err(refusal::ENROLLMENT), "unknown");
    let expires = world.now + Span::minutes(1);
    let offer = Command::OfferEnrollment { agent, code: Digest::of(b"two"), expires };
    world.by(world.milo, offer).unwrap();
    assert_eq!(
        world.system(enroll(b"two", "jkt-invoice-bot")),
        Err(refusal::ENROLLMENT),
        "key taken"
    );
    world.now = expires;
    assert_eq!(world.system(enroll(b"two", "new")), Err(refusal::ENROLLMENT), "expired");
}

#[test]
fn lines_of_unknown_kind_or_version_refuse_the_tenant() {
    let world = World::new();
    let mut state = world.state.clone();
    let size = state.size;
    for line in [
        &br#"{"actor":{"system":{"part":"x"}},"at":"2026-11-03T14:03:00Z","fact":{"new_kind":{}},"v":1}"#[..],
        br#"{"actor":{"system":{"part":"x"}},"at":"2026-11-03T14:03:00Z","fact":{"agent_activated":{"agent":"agt_00000000000000000000000000"}},"v":2}"#,
        b"not json",
    ] {
        assert!(state.fold(size, line).is_err());
        assert_eq!(state, world.state, "a line that fails changes nothing");
    }
}

#[test]
fn who_answers_for_an_agent_that_acts_is_changed_by_signature_only() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let (agent, _) = world.active("invoice-bot");
    let set = |terminators| Command::SetAccountability {
        subject: Subject::Agent(agent),
        authorizer: Some(dana),
        auditor: Some(milo),
        terminators,
    };
    let person = crate::hostile::as_person(milo);
    assert!(set(vec![milo]).needs_signature(&world.state, &person));
    assert_eq!(world.through(milo, "console", set(vec![milo])).unwrap_err().0, "AUTH-0014");
    let line = Fact::AccountabilitySet {
        subject: Subject::Agent(agent),
        authorizer: Some(milo),
        auditor: None,
        terminators: vec![milo],
    };
    crate::hostile::refused(&world, &person, vec![line], refusal::UNSIGNED);
    world.by(milo, set(vec![milo, dana])).unwrap();
    // What does not act yet is described freely; letting it act is what is signed.
    let idle = world.propose("draft");
    let mut other = set(vec![milo]);
    if let Command::SetAccountability { subject, .. } = &mut other {
        *subject = Subject::Agent(idle);
    }
    assert!(!other.needs_signature(&world.state, &person));
    world.through(milo, "console", other).unwrap();
}
