//! One client's register walked from its first line, through real commands and the real fold.
//! Here: who may do what, when an agent can act, what a call is answered. Never here: storage or HTTP.

use std::sync::Arc;

use writ_authority::{
    Agent, AgentKind, Command, Condition, Decision, Engine, Grant, Life, Limit, State, Window,
    accountability::Missing,
    command::{self, NewAgent},
    condition::ArgRule,
    decide::{
        self, Ask, Counters, GRACE, Moment, What, denied,
        explain::{Recorded, Unused},
    },
    fact::{Entry, Fact, LedgerFounded, Subject},
    grant::{Period, Surface},
    queue, refusal,
};
use writ_model::{
    Actor, AgentId, Code, Cx, Digest, Fold, GrantId, InstanceId, PersonId, Role, Side, Span,
    TenantId, Timestamp, canonical,
    json::{self, Limits},
};
use writ_testkit::SeededEntropy;

/// A register and the clock it lives by.
struct World {
    state: State,
    lines: Vec<Vec<u8>>,
    now: Timestamp,
    entropy: Arc<SeededEntropy>,
    dana: PersonId,
    milo: PersonId,
}

const START: Timestamp = Timestamp::from_micros(1_793_714_580_000_000); // Tue 2026-11-03 14:03 UTC

impl World {
    /// Milo is the provider's owner, Dana the client's.
    fn new() -> Self {
        let tenant = TenantId::from_parts(START, [1; 10]);
        let entropy = Arc::new(SeededEntropy::new(7));
        let dana = PersonId::from_parts(START, [2; 10]);
        let milo = PersonId::from_parts(START, [3; 10]);
        let state = State::empty(tenant);
        let mut world = Self {
            state,
            lines: Vec::new(),
            now: START,
            entropy,
            dana,
            milo,
        };
        let founded = LedgerFounded {
            tenant,
            side: Side::Client,
            name: "Harbor Books".to_owned(),
            slug: "harbor-books".to_owned(),
            provider: None,
            checkpoint_key: "test+00000000+AQ==".to_owned(),
        };
        let people = vec![
            (
                milo,
                "Milo Park".to_owned(),
                Side::Provider,
                vec![Role::Owner],
            ),
            (
                dana,
                "Dana Cole".to_owned(),
                Side::Client,
                vec![Role::Owner],
            ),
        ];
        world.system(Command::Found { founded, people }).unwrap();
        world
    }

    fn run(&mut self, actor: Actor, command: Command) -> Result<Vec<Fact>, Code> {
        let cx = Cx::new(self.now, self.entropy.clone(), self.state.tenant, actor);
        let decided = command::lines(&self.state, command, &cx).map_err(|refusal| {
            assert!(
                !refusal.what.is_empty() && !refusal.cure.is_empty() && !refusal.field.is_empty()
            );
            refusal.code
        })?;
        for (_, line) in &decided {
            let index = self.state.size;
            self.state.fold(index, line).unwrap();
            self.lines.push(line.clone());
        }
        Ok(decided.into_iter().map(|(fact, _)| fact).collect())
    }

    fn system(&mut self, command: Command) -> Result<Vec<Fact>, Code> {
        self.run(Actor::system("test"), command)
    }

    fn by(&mut self, person: PersonId, command: Command) -> Result<Vec<Fact>, Code> {
        self.run(
            Actor::Person {
                id: person,
                via: "test".to_owned(),
            },
            command,
        )
    }

    fn propose(&mut self, name: &str) -> AgentId {
        let facts = self
            .by(self.milo, Command::Propose(new_agent(name)))
            .unwrap();
        match facts.as_slice() {
            [Fact::AgentProposed(described)] => described.agent,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, agent: AgentId) {
        let command = Command::SetAccountability {
            subject: Subject::Agent(agent),
            authorizer: Some(self.dana),
            auditor: Some(self.milo),
            terminators: vec![self.dana, self.milo],
        };
        self.by(self.milo, command).unwrap();
    }

    /// An active agent with one instance.
    fn active(&mut self, name: &str) -> (AgentId, InstanceId) {
        let agent = self.propose(name);
        self.answer(agent);
        self.by(self.dana, Command::Activate { agent }).unwrap();
        let code = Digest::of(name.as_bytes());
        let expires = self.now + Span::hours(1);
        self.by(
            self.milo,
            Command::OfferEnrollment {
                agent,
                code,
                expires,
            },
        )
        .unwrap();
        let enroll = Command::Enroll {
            code,
            label: "laptop".to_owned(),
            jkt: format!("jkt-{name}"),
            jwk: "{}".to_owned(),
        };
        match self.system(enroll).unwrap().as_slice() {
            [Fact::InstanceEnrolled { instance, .. }] => (agent, *instance),
            other => panic!("{other:?}"),
        }
    }

    fn give(&mut self, agent: AgentId, change: impl FnOnce(&mut Grant)) -> Result<GrantId, Code> {
        let mut grant = Grant {
            subject: Subject::Agent(agent),
            server: "mail".to_owned(),
            surface: Surface::Tool,
            name: "send".to_owned(),
            rules: Vec::new(),
            only_named_arguments: false,
            window: None,
            limits: Vec::new(),
            from: None,
            until: None,
            given_by: self.milo,
            reason: "test".to_owned(),
        };
        change(&mut grant);
        match self
            .by(self.dana, Command::GiveGrant(Box::new(grant)))?
            .as_slice()
        {
            [Fact::GrantGiven { grant, says }] => {
                assert_eq!(
                    says.given_by, self.dana,
                    "the actor gives, whatever the body says"
                );
                Ok(*grant)
            }
            other => panic!("{other:?}"),
        }
    }

    fn agent(&self, id: AgentId) -> &Agent {
        self.state.agents.get(&id).unwrap()
    }

    fn call(&self, who: (AgentId, InstanceId), name: &str, arguments: &str) -> Decision {
        self.call_with(who, name, arguments, &Unused)
    }

    fn call_with(
        &self,
        (agent, instance): (AgentId, InstanceId),
        name: &str,
        arguments: &str,
        counters: &dyn Counters,
    ) -> Decision {
        let node = json::parse(arguments.as_bytes(), &Limits::REQUEST).unwrap();
        let what = What::Call {
            surface: Surface::Tool,
            name,
            arguments: Some(&node),
        };
        let epoch = self.state.agents.get(&agent).map_or(0, |agent| agent.epoch);
        let ask = Ask {
            agent,
            instance,
            epoch,
            server: "mail",
            what,
        };
        Engine::default().decide(
            &self.state,
            &ask,
            &Moment {
                at: self.now,
                counters,
            },
        )
    }

    /// Every ledger of these tests must refold to the same state, also from a snapshot in its middle.
    fn check_ledger(&self) {
        let mut again = State::empty(self.state.tenant);
        for (index, line) in self.lines.iter().enumerate() {
            if index == self.lines.len() / 2 {
                again = State::load(&again.save().unwrap()).unwrap();
            }
            again.fold(index as u64, line).unwrap();
            let entry: Entry = serde_json::from_slice(line).unwrap();
            assert_eq!(
                &canonical::to_vec(&entry).unwrap(),
                line,
                "lines are canonical"
            );
        }
        assert_eq!(again, self.state);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_ledger();
        }
    }
}

fn new_agent(name: &str) -> NewAgent {
    NewAgent {
        name: name.to_owned(),
        kind: AgentKind::AiAgent,
        purpose: "Answers mail about invoices.".to_owned(),
        owner: None,
        group: None,
        models: Vec::new(),
        data_classes: Vec::new(),
        autonomy: writ_authority::Autonomy::Supervised,
        deadline: None,
    }
}

#[test]
fn activation_needs_all_three_answers() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let agent = world.propose("invoice-bot");
    let cases: [(Option<PersonId>, Option<PersonId>, Vec<PersonId>, Missing); 4] = [
        (None, Some(milo), vec![dana, milo], Missing::Authorizer),
        (Some(dana), None, vec![dana, milo], Missing::Auditor),
        (
            Some(dana),
            Some(milo),
            vec![milo],
            Missing::Terminator(Side::Client),
        ),
        (
            Some(dana),
            Some(milo),
            vec![dana],
            Missing::Terminator(Side::Provider),
        ),
    ];
    for (authorizer, auditor, terminators, wanted) in cases {
        let subject = Subject::Agent(agent);
        let set = Command::SetAccountability {
            subject,
            authorizer,
            auditor,
            terminators,
        };
        world.by(milo, set).unwrap();
        let answers = world.state.answers(world.agent(agent));
        assert_eq!(world.state.missing(&answers), vec![wanted]);
        assert_eq!(
            world.by(dana, Command::Activate { agent }),
            Err(refusal::ANSWERS)
        );
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
    assert!(matches!(
        facts.as_slice(),
        [Fact::AgentChartered { .. }, Fact::AgentActivated { .. }]
    ));
    assert_eq!(world.agent(agent).life, Life::Active);
}

#[test]
fn the_same_person_inherited_and_own_is_still_the_same_person() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let facts = world
        .by(
            milo,
            Command::CreateGroup {
                name: "office".to_owned(),
                parent: None,
            },
        )
        .unwrap();
    let [Fact::GroupCreated { group, .. }] = facts.as_slice() else {
        panic!()
    };
    let on_group = Command::SetAccountability {
        subject: Subject::Group(*group),
        authorizer: Some(dana),
        auditor: None,
        terminators: vec![dana, milo],
    };
    world.by(milo, on_group).unwrap();
    let new = NewAgent {
        group: Some(*group),
        ..new_agent("bot")
    };
    let facts = world.by(milo, Command::Propose(new)).unwrap();
    let [Fact::AgentProposed(described)] = facts.as_slice() else {
        panic!()
    };
    let agent = described.agent;
    let own = |auditor| Command::SetAccountability {
        subject: Subject::Agent(agent),
        authorizer: None,
        auditor: Some(auditor),
        terminators: Vec::new(),
    };
    world.by(milo, own(dana)).unwrap();
    assert_eq!(
        world.by(dana, Command::Activate { agent }),
        Err(refusal::ANSWERS)
    );
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
    assert_eq!(
        world.by(dana, Command::PersonLeaves { person: dana }),
        Err(refusal::ANSWERS)
    );
    let seat = Command::SeatPerson {
        person: None,
        name: "Ana Ruiz".to_owned(),
        side: Side::Client,
        roles: vec![Role::Owner],
    };
    world.by(dana, seat).unwrap();
    world
        .by(dana, Command::PersonLeaves { person: dana })
        .unwrap();
    let left = world.now;
    let waiting = queue::waiting(&world.state, world.now);
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].ask, queue::Ask::AnswerLost);
    assert_eq!(waiting[0].deadline, Some(left + GRACE));
    assert!(
        waiting[0]
            .why
            .iter()
            .any(|why| why.starts_with("Dana Cole left")),
        "{waiting:?}"
    );
    world.now = left + GRACE - Span::micros(1);
    assert!(
        world.call(who, "send", "{}").permits(),
        "still inside the grace period"
    );
    assert_eq!(world.system(Command::Sweep), Ok(Vec::new()));
    world.now = left + GRACE;
    assert_eq!(
        world.call(who, "send", "{}").code(),
        denied::ANSWERS,
        "refused before any sweep"
    );
    assert!(matches!(
        world.system(Command::Sweep).unwrap().as_slice(),
        [Fact::AgentHeld { .. }]
    ));
    assert_eq!(
        world.system(Command::Sweep),
        Ok(Vec::new()),
        "a sweep is idempotent"
    );
    assert_eq!(world.call(who, "send", "{}").code(), denied::HELD);
    assert_eq!(
        world.by(milo, Command::Release { agent: who.0 }),
        Err(refusal::ANSWERS)
    );
}

#[test]
fn who_may_do_what() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let mut seats = Vec::new();
    for (name, role) in [
        ("Eve", Role::Engineer),
        ("Adi", Role::Auditor),
        ("Pat", Role::Approver),
    ] {
        let seat = Command::SeatPerson {
            person: None,
            name: name.to_owned(),
            side: Side::Provider,
            roles: vec![role],
        };
        match world.by(dana, seat).unwrap().as_slice() {
            [Fact::PersonSeated(seated)] => seats.push(seated.person),
            other => panic!("{other:?}"),
        }
    }
    let [engineer, auditor, approver] = seats[..] else {
        panic!()
    };
    let stranger = PersonId::from_parts(START, [9; 10]);
    let agent = world.propose("bot");
    world.answer(agent);
    for (who, wanted) in [(auditor, refusal::ROLE), (stranger, refusal::NOT_SEATED)] {
        for command in [
            Command::Propose(new_agent("other")),
            Command::Activate { agent },
            Command::Quarantine {
                agent,
                reason: "x".to_owned(),
            },
            Command::Terminate {
                agent,
                reason: "x".to_owned(),
            },
            Command::CreateGroup {
                name: "g".to_owned(),
                parent: None,
            },
        ] {
            assert_eq!(world.by(who, command), Err(wanted));
        }
    }
    assert_eq!(
        world.by(engineer, Command::Activate { agent }),
        Err(refusal::ROLE)
    );
    let end = || Command::Terminate {
        agent,
        reason: "x".to_owned(),
    };
    assert_eq!(world.by(engineer, end()), Err(refusal::ROLE));
    assert_eq!(
        world.by(approver, end()),
        Err(refusal::ROLE),
        "not a named terminator"
    );
    assert_eq!(
        world.system(Command::GiveGrant(Box::new(grant_by(agent, milo)))),
        Err(refusal::GRANT)
    );
    assert_eq!(
        world.run(Actor::Agent { id: agent }, Command::Activate { agent }),
        Err(refusal::ROLE)
    );
    world.by(approver, Command::Activate { agent }).unwrap();
    world
        .by(
            engineer,
            Command::Quarantine {
                agent,
                reason: "odd".to_owned(),
            },
        )
        .unwrap();
    assert_eq!(
        world.by(engineer, Command::Release { agent }),
        Err(refusal::ROLE)
    );
    world.by(milo, end()).unwrap();
    assert_eq!(world.by(milo, end()), Err(refusal::LIFE));
}

fn grant_by(agent: AgentId, person: PersonId) -> Grant {
    Grant {
        subject: Subject::Agent(agent),
        server: "mail".to_owned(),
        surface: Surface::Tool,
        name: "*".to_owned(),
        rules: Vec::new(),
        only_named_arguments: false,
        window: None,
        limits: Vec::new(),
        from: None,
        until: None,
        given_by: person,
        reason: "r".to_owned(),
    }
}

#[test]
fn a_call_is_decided_on_its_arguments() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    assert_eq!(world.call(who, "send", "{}").code(), denied::NO_GRANT);
    let grant = world
        .give(who.0, |grant| {
            grant.only_named_arguments = true;
            grant.rules = vec![
                ArgRule {
                    path: "/to".to_owned(),
                    must: Condition::Domains(vec!["harborbooks.example".to_owned()]),
                    optional: false,
                },
                ArgRule {
                    path: "/body".to_owned(),
                    must: Condition::Size(10),
                    optional: true,
                },
            ];
        })
        .unwrap();
    let good = world.call(
        who,
        "send",
        r#"{"to":"ana@harborbooks.example","body":"hi"}"#,
    );
    let Decision::Permit(permitted) = &good else {
        panic!("{good:?}")
    };
    assert_eq!(permitted.reason().grant, Some(grant));
    assert_eq!(permitted.reason().given_by, Some(world.dana));
    for (arguments, code, words) in [
        (
            r#"{"to":"eve@evil.example"}"#,
            denied::CONDITION,
            "`/to` must be addresses of",
        ),
        (r#"{"body":"hi"}"#, denied::CONDITION, "`/to` must be"),
        (
            r#"{"to":"ana@harborbooks.example","body":"longer than that"}"#,
            denied::CONDITION,
            "`/body`",
        ),
        (
            r#"{"to":"ana@harborbooks.example","bcc":"eve@evil.example"}"#,
            denied::CONDITION,
            "`bcc`",
        ),
    ] {
        let Decision::Deny(denied) = world.call(who, "send", arguments) else {
            panic!("{arguments}")
        };
        assert_eq!(denied.code, code);
        assert_eq!(denied.grant, Some(grant));
        assert!(denied.words.contains(words), "{}", denied.words);
        assert!(
            !denied.words.contains("evil"),
            "records never carry the value"
        );
        assert!(
            denied.cure.contains("Dana Cole") || denied.cure.contains("Milo Park"),
            "{}",
            denied.cure
        );
    }
    assert_eq!(world.call(who, "delete", "{}").code(), denied::NO_GRANT);
    world
        .by(
            world.milo,
            Command::RevokeGrant {
                grant,
                reason: "no".to_owned(),
            },
        )
        .unwrap();
    let again = world.call(who, "send", r#"{"to":"ana@harborbooks.example"}"#);
    assert_eq!(again.code(), denied::NO_GRANT);
}

#[test]
fn windows_validity_and_limits() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    let until = START + Span::days(30);
    let grant = world
        .give(who.0, |grant| {
            grant.until = Some(until);
            grant.limits = vec![Limit {
                count: 2,
                per: Period::Hour,
            }];
            grant.window = Some(Window {
                zone: "Europe/Berlin".to_owned(),
                days: vec![1, 2, 3, 4, 5],
                from_minute: 8 * 60,
                to_minute: 18 * 60,
            });
        })
        .unwrap();
    let read = |used| {
        Recorded(vec![decide::CounterRead {
            grant,
            per: Period::Hour,
            used,
        }])
    };
    assert!(
        world.call_with(who, "send", "{}", &read(1)).permits(),
        "15:03 in Berlin, a Tuesday"
    );
    assert_eq!(
        world.call_with(who, "send", "{}", &read(2)).code(),
        denied::LIMIT
    );
    assert_eq!(
        world
            .call_with(who, "send", "{}", &Recorded::default())
            .code(),
        denied::LIMIT
    );
    assert_eq!(
        world.call_with(who, "send", "{}", &decide::Blind).code(),
        denied::LIMIT
    );
    world.now = START + Span::hours(3);
    assert_eq!(
        world.call_with(who, "send", "{}", &read(0)).code(),
        denied::WINDOW
    );
    world.now = START + Span::days(4);
    assert_eq!(
        world.call_with(who, "send", "{}", &read(0)).code(),
        denied::WINDOW,
        "a Saturday"
    );
    world.now = until;
    assert_eq!(
        world.call_with(who, "send", "{}", &read(0)).code(),
        denied::VALIDITY
    );
    for bad in [
        Window {
            zone: "Mars/Base".to_owned(),
            days: vec![1],
            from_minute: 0,
            to_minute: 60,
        },
        Window {
            zone: "UTC".to_owned(),
            days: vec![8],
            from_minute: 0,
            to_minute: 60,
        },
        Window {
            zone: "UTC".to_owned(),
            days: vec![1],
            from_minute: 60,
            to_minute: 60,
        },
    ] {
        assert_eq!(
            world.give(who.0, |grant| grant.window = Some(bad)),
            Err(refusal::GRANT)
        );
    }
}

#[test]
fn what_is_ended_stays_ended() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    world.give(who.0, |_| {}).unwrap();
    let before = world.agent(who.0).epoch;
    let reason = || "it mailed a stranger".to_owned();
    world
        .by(
            world.dana,
            Command::Quarantine {
                agent: who.0,
                reason: reason(),
            },
        )
        .unwrap();
    assert_eq!(world.call(who, "send", "{}").code(), denied::QUARANTINED);
    world
        .by(world.dana, Command::Release { agent: who.0 })
        .unwrap();
    assert!(world.agent(who.0).epoch > before);
    assert!(
        world.call(who, "send", "{}").permits(),
        "with a token of the new epoch"
    );
    let stale = Ask {
        agent: who.0,
        instance: who.1,
        epoch: before,
        server: "mail",
        what: What::Session,
    };
    let moment = Moment {
        at: world.now,
        counters: &Unused,
    };
    assert_eq!(
        Engine::default()
            .decide(&world.state, &stale, &moment)
            .code(),
        denied::EPOCH
    );
    world
        .by(
            world.dana,
            Command::EndInstance {
                instance: who.1,
                reason: reason(),
            },
        )
        .unwrap();
    assert_eq!(world.call(who, "send", "{}").code(), denied::INSTANCE);
    world
        .by(
            world.dana,
            Command::Terminate {
                agent: who.0,
                reason: reason(),
            },
        )
        .unwrap();
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
    assert_eq!(
        world.call((again, who.1), "send", "{}").code(),
        denied::NOT_ACTIVE
    );
}

#[test]
fn one_engine_follows_every_change() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    let engine = Engine::default();
    let node = json::parse(b"{}", &Limits::REQUEST).unwrap();
    let what = What::Call {
        surface: Surface::Tool,
        name: "send",
        arguments: Some(&node),
    };
    let ask = Ask {
        agent: who.0,
        instance: who.1,
        epoch: 0,
        server: "mail",
        what,
    };
    let permits = |world: &World| {
        let moment = Moment {
            at: world.now,
            counters: &Unused,
        };
        engine.decide(&world.state, &ask, &moment).permits()
    };
    assert!(!permits(&world));
    let grant = world.give(who.0, |_| {}).unwrap();
    assert!(permits(&world));
    let before = world.state.clone();
    world
        .by(
            world.dana,
            Command::RevokeGrant {
                grant,
                reason: "r".to_owned(),
            },
        )
        .unwrap();
    assert!(!permits(&world));
    let moment = Moment {
        at: world.now,
        counters: &Unused,
    };
    assert!(
        engine.decide(&before, &ask, &moment).permits(),
        "the past is decided as the past"
    );
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
    assert_eq!(
        world.system(enroll(b"invoice-bot", "new")),
        Err(refusal::ENROLLMENT),
        "used"
    );
    assert_eq!(
        world.system(enroll(b"guess", "new")),
        Err(refusal::ENROLLMENT),
        "unknown"
    );
    let expires = world.now + Span::minutes(1);
    let offer = Command::OfferEnrollment {
        agent,
        code: Digest::of(b"two"),
        expires,
    };
    world.by(world.milo, offer).unwrap();
    assert_eq!(
        world.system(enroll(b"two", "jkt-invoice-bot")),
        Err(refusal::ENROLLMENT),
        "key taken"
    );
    world.now = expires;
    assert_eq!(
        world.system(enroll(b"two", "new")),
        Err(refusal::ENROLLMENT),
        "expired"
    );
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
