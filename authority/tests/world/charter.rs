//! Charters proposed, signed, replaced; what either party stops alone and lifts alone; what is governed and what never.
//! Never here: approvals (`approvals.rs`), lines that nobody had the right to write (`forged.rs`).

use writ_authority::{
    Command, Fact, Life,
    fact::{DrillStep, Subject},
    queue, refusal,
    state::InForce,
};
use writ_charter::{Clause, Limit, Mode, Per, Template};
use writ_model::{Actor, AgentId, Code, Digest, DrillId, PersonId, Role, Side, Span, Timestamp};

use crate::kit::{START, World, everything, grant_by};

/// A clause about these classes.
pub(crate) fn clause(key: &str, actions: &[&str], mode: Mode) -> Clause {
    Clause::new(key, "A clause of these tests", actions, mode)
}

fn in_force(world: &World) -> &InForce {
    world.state.charter.as_ref().unwrap()
}

fn reason() -> String {
    "a test".to_owned()
}

#[test]
fn a_charter_is_in_force_when_an_owner_of_each_party_signed_the_very_draft() {
    let mut world = World::founded(Side::Client);
    let (dana, milo) = (world.dana, world.milo);
    world.bring(milo, dana, ("Dana Cole", Side::Client, &[Role::Owner]));
    let agent = world.propose("mailer");
    world.answer(agent);
    assert_eq!(world.by(dana, Command::Activate { agent }), Err(refusal::NO_CHARTER));
    let asks = |world: &World| -> Vec<queue::Ask> {
        queue::waiting(&world.state, world.now).iter().map(|one| one.ask).collect()
    };
    assert!(asks(&world).contains(&queue::Ask::NoCharter));

    let charter = world.charter(vec![everything()]);
    let draft = world.draft(charter.clone());
    assert!(!draft.clauses[0].enforced_by.is_empty(), "what enforces it is worked out");
    let mut bent = draft.clone();
    bent.clauses[0].title = "Everything else".to_owned();
    let sign = |charter: &_| Command::SignCharter { charter: Box::clone(charter) };
    assert_eq!(world.by(milo, sign(&bent)), Err(refusal::CHARTER), "not the draft");
    let facts = world.by(milo, sign(&draft)).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::CharterSigned { side: Side::Provider, .. }]));
    assert_eq!(world.by(milo, sign(&draft)), Err(refusal::CHARTER), "once for a party");
    assert!(world.state.charter.is_none(), "half signed is not in force");
    assert_eq!(world.by(dana, Command::Activate { agent }), Err(refusal::NO_CHARTER));
    assert!(asks(&world).contains(&queue::Ask::CharterToSign));

    // Another draft takes its place, and with it the signature is gone.
    let mut other = world.charter(vec![everything()]);
    other.contract_ref = Some("annex B".to_owned());
    let other = world.draft(other);
    assert_eq!(world.by(dana, sign(&draft)), Err(refusal::CHARTER));
    let facts = world.by(dana, sign(&other)).unwrap();
    assert_eq!(facts.len(), 1, "the other party has to sign this one too");
    assert!(world.state.charter.is_none());
    let facts = world.by(milo, sign(&other)).unwrap();
    assert!(matches!(
        facts.as_slice(),
        [Fact::CharterSigned { side: Side::Provider, .. }, Fact::CharterInForce { .. }]
    ));
    assert_eq!(in_force(&world).charter.as_ref(), other.as_ref());
    assert_eq!(in_force(&world).digest, other.digest());
    assert_eq!(in_force(&world).signed.len(), 2);
    assert!(world.state.draft.is_none());
    world.by(dana, Command::Activate { agent }).unwrap();
    assert!(!asks(&world).contains(&queue::Ask::NoCharter));

    // The next version takes its place; the one before is kept.
    world.agree(vec![everything()]);
    assert_eq!((in_force(&world).charter.version, world.state.past.len()), (2, 1));
    assert_eq!(world.state.charter_in(1).unwrap().until, Some(world.now));
}

#[test]
fn the_longest_charter_there_may_be_can_be_signed() {
    let mut world = World::new();
    let padded = |words: usize| {
        let mut clauses = vec![everything()];
        for number in 0..words {
            let mut one = clause(&format!("part-{number}"), &["mail.read"], Mode::Act);
            one.scope.tags =
                (0..8).map(|tag| format!("{number}-{tag}-{}", "x".repeat(50))).collect();
            clauses.push(one);
        }
        clauses
    };
    let mut fits = 0;
    for words in (1..64).rev() {
        let charter = world.charter(padded(words));
        let propose = Command::ProposeCharter { charter: Box::new(charter) };
        if world.by(world.milo, propose).is_ok() {
            fits = words;
            break;
        }
    }
    assert!(fits > 30, "{fits}");
    let charter = Box::new(world.state.draft.as_ref().unwrap().charter.as_ref().clone());
    assert!(charter.canonical().len() > 35_000, "{}", charter.canonical().len());
    for person in [world.milo, world.dana] {
        world.by(person, Command::SignCharter { charter: charter.clone() }).unwrap();
    }
    let longest = world.lines.iter().map(Vec::len).max().unwrap();
    assert!((36_000..60_000).contains(&longest), "{longest}");
}

#[test]
fn who_may_propose_withdraw_and_sign() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let eve = world.staff(6, "Eve Lund", &[Role::Engineer]);
    let bo = world.client(7, "Bo Quist", &[Role::Approver]);
    let ada = world.client(8, "Ada Nils", &[Role::Auditor]);
    let boxed = |world: &mut World| Box::new(world.charter(vec![everything()]));
    let charter = boxed(&mut world);
    assert_eq!(world.by(ada, Command::ProposeCharter { charter }), Err(refusal::ROLE));
    let charter = boxed(&mut world);
    world.by(bo, Command::ProposeCharter { charter }).unwrap();
    let charter = boxed(&mut world);
    world.by(eve, Command::ProposeCharter { charter }).unwrap();
    let draft = Box::new(world.state.draft.as_ref().unwrap().charter.as_ref().clone());
    for person in [eve, bo, ada] {
        let sign = Command::SignCharter { charter: draft.clone() };
        assert_eq!(world.by(person, sign), Err(refusal::ROLE), "only owners sign");
    }
    let withdraw = |charter| Command::WithdrawCharter { charter, reason: reason() };
    assert_eq!(world.by(ada, withdraw(draft.charter)), Err(refusal::ROLE));
    world.by(dana, withdraw(draft.charter)).unwrap();
    assert_eq!(world.by(milo, Command::SignCharter { charter: draft }), Err(refusal::CHARTER));
}

#[test]
fn a_draft_fits_its_ledger() {
    let mut world = World::new();
    let milo = world.milo;
    let propose = |world: &mut World, change: &dyn Fn(&mut writ_charter::Charter)| {
        let mut charter = world.charter(vec![everything()]);
        change(&mut charter);
        world.by(milo, Command::ProposeCharter { charter: Box::new(charter) }).map(drop)
    };
    let other = writ_model::TenantId::from_parts(START, [44; 10]);
    assert_eq!(propose(&mut world, &|c| c.client = other), Err(refusal::CHARTER));
    assert_eq!(propose(&mut world, &|c| c.version = 7), Err(refusal::CHARTER));
    let stranger =
        |c: &mut writ_charter::Charter| "Harbour Books".clone_into(&mut c.parties.client);
    assert_eq!(propose(&mut world, &stranger), Err(refusal::CHARTER));
    let agent = AgentId::from_parts(START, [44; 10]);
    let scoped = |c: &mut writ_charter::Charter| c.clauses[0].scope.agents = vec![agent];
    assert_eq!(propose(&mut world, &scoped), Err(refusal::UNKNOWN));
    let before = in_force(&world).charter.charter;
    assert_eq!(propose(&mut world, &|c| c.charter = before), Err(refusal::CHARTER));
    let over = |c: &mut writ_charter::Charter| c.until = Some(START - Span::days(1));
    assert_eq!(propose(&mut world, &over), Err(refusal::CHARTER));
    let odd = |c: &mut writ_charter::Charter| "No Key!".clone_into(&mut c.clauses[0].key);
    assert_eq!(propose(&mut world, &odd), Err(refusal::CHARTER));
    assert_eq!(propose(&mut world, &|_| ()), Ok(()));
}

/// Everything that a charter governs, on this world.
fn governed(world: &mut World) -> Vec<(&'static str, Command)> {
    let (dana, milo) = (world.dana, world.milo);
    let one = world.propose("one");
    world.answer(one);
    let (two, _) = world.active("two");
    world.by(milo, Command::Hold { agent: two, reason: reason() }).unwrap();
    let soon = world.now + Span::minutes(30);
    vec![
        ("agent.activate", Command::Activate { agent: one }),
        ("agent.release", Command::Release { agent: two }),
        ("agent.widen", Command::GiveGrant(Box::new(grant_by(two, milo)))),
        (
            "agent.answers",
            Command::SetAccountability {
                subject: Subject::Agent(two),
                authorizer: Some(dana),
                auditor: Some(milo),
                terminators: vec![dana, milo],
            },
        ),
        (
            "credential.issue",
            Command::OfferEnrollment { agent: two, code: Digest::of(b"new"), expires: soon },
        ),
        (
            "agent.observe",
            Command::SetObserve {
                subject: Some(Subject::Agent(two)),
                until: soon,
                reason: reason(),
            },
        ),
        ("evidence.export", Command::AllowExport { until: soon }),
    ]
}

/// Milo, owner of the provider, in every role there is.
fn in_every_role(world: &mut World) -> PersonId {
    let roles = [Role::Engineer, Role::Approver, Role::Owner, Role::Auditor];
    world.staff(9, "Max Powers", &roles)
}

#[test]
fn nobody_stands_above_a_clause_that_refuses() {
    let mut world = World::new();
    let max = in_every_role(&mut world);
    let acts = governed(&mut world);
    for (class, act) in &acts {
        world.agree(vec![everything(), clause("never", &[*class], Mode::Refuse)]);
        for person in [max, world.milo] {
            assert_eq!(world.by(person, act.clone()), Err(refusal::CLAUSE), "{class}");
        }
        if *class != "evidence.export" {
            assert_eq!(world.by(world.dana, act.clone()), Err(refusal::CLAUSE), "{class}");
        }
        // What no clause covers is refused as well.
        world.agree(vec![clause("mail", &["mail.*"], Mode::Act)]);
        assert_eq!(world.by(max, act.clone()), Err(refusal::UNCOVERED), "{class}");
        // What is only proposed is done by the client's own people.
        world.agree(vec![clause("theirs", &["*"], Mode::Propose)]);
        assert_eq!(world.by(max, act.clone()), Err(refusal::PROPOSE), "{class}");
    }
    for (class, act) in acts {
        world.by(world.dana, act).unwrap_or_else(|code| panic!("{class}: {code}"));
    }
}

#[test]
fn either_party_stops_alone_and_lifts_only_its_own() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let who = world.active("mailer");
    world.give(who.0, |_| ()).unwrap();
    let engineer = world.staff(6, "Eve Lund", &[Role::Engineer]);
    let auditor = world.client(8, "Ada Nils", &[Role::Auditor]);
    let acts = governed(&mut world);
    let permits = |world: &World| world.call(who, "send", "{}").permits();
    assert!(permits(&world));
    assert_eq!(world.by(auditor, Command::Freeze { reason: reason() }), Err(refusal::ROLE));

    for (stops, lifts, other) in [(dana, dana, milo), (engineer, milo, dana)] {
        world.by(stops, Command::Freeze { reason: reason() }).unwrap();
        assert!(!permits(&world), "frozen");
        assert_eq!(world.by(stops, Command::Freeze { reason: reason() }), Err(refusal::FROZEN));
        for (class, act) in &acts {
            assert_eq!(world.by(milo, act.clone()), Err(refusal::FROZEN), "{class}");
        }
        assert_eq!(world.by(other, Command::Thaw {}), Err(refusal::FROZEN), "not theirs to lift");
        world.by(lifts, Command::Thaw {}).unwrap();
        assert!(permits(&world));

        for clause in [None, Some("everything".to_owned())] {
            let suspend =
                || Command::SuspendDelegation { clause: clause.clone(), reason: reason() };
            let resume = || Command::ResumeDelegation { clause: clause.clone() };
            world.by(stops, suspend()).unwrap();
            assert!(!permits(&world), "taken back");
            assert_eq!(world.by(stops, suspend()), Err(refusal::SUSPENDED));
            for (class, act) in &acts {
                assert_eq!(world.by(milo, act.clone()), Err(refusal::SUSPENDED), "{class}");
            }
            assert_eq!(world.by(other, resume()), Err(refusal::SUSPENDED), "not theirs to lift");
            world.by(lifts, resume()).unwrap();
            assert!(permits(&world));
        }
    }
    let unknown = Command::SuspendDelegation { clause: Some("odd".to_owned()), reason: reason() };
    assert_eq!(world.by(dana, unknown), Err(refusal::UNKNOWN));
    assert_eq!(world.by(engineer, Command::Thaw {}), Err(refusal::ROLE));
    assert!(matches!(world.system(Command::Freeze { reason: reason() }), Err(refusal::ROLE)));
    // Both froze: one lifting leaves the other's.
    world.by(dana, Command::Freeze { reason: reason() }).unwrap();
    world.by(milo, Command::Freeze { reason: reason() }).unwrap();
    world.by(milo, Command::Thaw {}).unwrap();
    assert!(!permits(&world));
}

#[test]
fn stops_are_never_governed() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let grants = |world: &mut World, name: &str| {
        let (agent, instance) = world.active(name);
        (agent, instance, world.give(agent, |_| ()).unwrap())
    };
    let made: Vec<_> = ["a", "b", "c", "d"].map(|name| grants(&mut world, name)).to_vec();
    world.agree(vec![clause("never", &["*"], Mode::Refuse)]);
    world.by(dana, Command::Freeze { reason: reason() }).unwrap();
    for (person, pair) in [(dana, &made[..2]), (milo, &made[2..])] {
        let (agent, instance, grant) = pair[0];
        world.by(person, Command::Hold { agent, reason: reason() }).unwrap();
        world.by(person, Command::Quarantine { agent, reason: reason() }).unwrap();
        world.by(person, Command::RevokeGrant { grant, reason: reason() }).unwrap();
        world.by(person, Command::EndInstance { instance, reason: reason() }).unwrap();
        world.by(person, Command::Terminate { agent: pair[1].0, reason: reason() }).unwrap();
    }
    world.by(milo, Command::Freeze { reason: reason() }).unwrap();
}

#[test]
fn a_limit_binds_what_people_do_too() {
    let mut world = World::new();
    let agents: Vec<AgentId> = ["a", "b", "c"]
        .map(|name| {
            let agent = world.propose(name);
            world.answer(agent);
            agent
        })
        .to_vec();
    let mut limited = clause("few", &["agent.*"], Mode::Act);
    limited.limits = vec![Limit::Count { most: 2, per: Per::Hour }];
    world.agree(vec![everything(), limited]);
    let activate = |world: &mut World, agent| world.by(world.dana, Command::Activate { agent });
    activate(&mut world, agents[0]).unwrap();
    activate(&mut world, agents[1]).unwrap();
    assert_eq!(activate(&mut world, agents[2]), Err(refusal::CLAUSE));
    world.now = world.now + Span::minutes(59);
    assert_eq!(activate(&mut world, agents[2]), Err(refusal::CLAUSE));
    world.now = world.now + Span::minutes(2);
    activate(&mut world, agents[2]).unwrap();
}

#[test]
fn a_charter_that_is_over_or_moved_away_lets_nothing() {
    let mut world = World::new();
    let who = world.active("mailer");
    world.give(who.0, |_| ()).unwrap();
    let mut charter = world.charter(vec![everything()]);
    charter.until = Some(world.now + Span::days(1));
    world.agree_to(charter);
    assert!(world.call(who, "send", "{}").permits());
    let asks = queue::waiting(&world.state, world.now);
    assert!(asks.iter().any(|one| one.ask == queue::Ask::ReviewDue));
    world.now = world.now + Span::days(2);
    assert!(!world.call(who, "send", "{}").permits());
    let export = Command::AllowExport { until: world.now + Span::minutes(5) };
    assert_eq!(world.by(world.milo, export), Err(refusal::NO_CHARTER));
}

#[test]
fn watching_needs_a_signed_end_and_anybody_who_works_ends_it() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let engineer = world.staff(6, "Eve Lund", &[Role::Engineer]);
    let (agent, instance) = world.active("mailer");
    let set = |subject, days| Command::SetObserve {
        subject,
        until: START + Span::days(days),
        reason: reason(),
    };
    let subject = Some(Subject::Agent(agent));
    assert_eq!(world.by(engineer, set(subject, 5)), Err(refusal::ROLE));
    assert_eq!(world.by(dana, set(subject, 91)), Err(refusal::BOUND));
    let nobody = Some(Subject::Agent(AgentId::from_parts(START, [44; 10])));
    assert_eq!(world.by(dana, set(nobody, 5)), Err(refusal::UNKNOWN));
    assert!(!world.call((agent, instance), "send", "{}").permits(), "it has no grant");
    world.by(dana, set(subject, 5)).unwrap();
    assert!(world.call((agent, instance), "send", "{}").permits(), "watched, not blocked");
    assert!(world.state.observed(world.agent(agent), world.now).is_some());
    let later = world.now + Span::days(4);
    let ends = queue::waiting(&world.state, later);
    assert!(ends.iter().any(|one| one.ask == queue::Ask::ObserveEnding));
    world.by(engineer, Command::EndObserve { subject }).unwrap();
    assert!(!world.call((agent, instance), "send", "{}").permits());
    assert_eq!(world.by(milo, Command::EndObserve { subject }), Err(refusal::OBSERVE));
    world.by(milo, set(None, 5)).unwrap();
    assert!(world.call((agent, instance), "send", "{}").permits());
    world.now = world.now + Span::days(5);
    assert!(!world.call((agent, instance), "send", "{}").permits(), "its time is over");
}

fn drill(number: u8) -> (DrillId, AgentId) {
    (DrillId::from_parts(START, [number; 10]), AgentId::from_parts(START, [number; 10]))
}

#[test]
fn a_shadow_is_decided_like_its_agent_and_ended_without_it() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let (agent, _) = world.active("mailer");
    world.give(agent, |_| ()).unwrap();
    let (id, shadow) = drill(70);
    let begin = |drill, agent, shadow| Command::BeginDrill { drill, agent, shadow };
    let proposed = world.propose("later");
    assert_eq!(world.by(milo, begin(id, proposed, shadow)), Err(refusal::LIFE));
    world.by(milo, begin(id, agent, shadow)).unwrap();
    assert_eq!(world.by(milo, begin(id, agent, shadow)), Err(refusal::TAKEN));
    let (again, other) = drill(71);
    assert_eq!(world.by(milo, begin(again, shadow, other)), Err(refusal::DRILL));
    let copy = world.agent(shadow).clone();
    assert_eq!((copy.life.clone(), copy.shadow_of), (Life::Active, Some(agent)));
    assert_eq!(world.state.grants_of(&copy).len(), 1, "the grants of its original");
    assert_eq!(world.state.drill_of(shadow).unwrap().0, id);
    world.by(milo, Command::Quarantine { agent: shadow, reason: reason() }).unwrap();
    let system = Actor::system("drill");
    world.run(system, Command::Terminate { agent: shadow, reason: reason() }).unwrap();
    assert_eq!(world.agent(agent).life, Life::Active, "the agent itself goes on");
    let (wrong, next) = (drill(99).0, world.now + Span::days(30));
    let result = |drill, at: Timestamp| writ_authority::fact::DrillResult {
        drill,
        agent,
        shadow,
        live: false,
        begun: at,
        done: at,
        steps: Vec::new(),
        notice_us: 1,
        end_us: 2,
        total_us: 3,
        passed: true,
        gateways: 1,
        next_due: next,
    };
    let finish = |drill, at| Command::FinishDrill(Box::new(result(drill, at)));
    assert_eq!(world.system(finish(wrong, START)), Err(refusal::UNKNOWN));
    assert_eq!(world.by(dana, finish(id, START)), Err(refusal::INTERNAL));
    let mut said = result(id, START);
    let (step, words) = ("refuse".to_owned(), "A call went through.".to_owned());
    said.steps = vec![DrillStep { step, at_us: 0, took_us: 1, ok: false, words }];
    let passed = Command::FinishDrill(Box::new(said));
    assert_eq!(world.system(passed), Err(refusal::DRILL), "a step failed");
    let later = world.now + Span::seconds(1);
    assert_eq!(world.system(finish(id, later)), Err(refusal::DRILL), "not over yet");
    world.system(finish(id, START)).unwrap();
    assert_eq!(world.system(finish(id, START)), Err(refusal::DRILL));
    let due = queue::waiting(&world.state, next);
    assert!(due.iter().any(|one| one.ask == queue::Ask::DrillDue));
}

#[test]
fn templates_are_the_providers() {
    let template = |name: &str, parent: Option<&str>| Command::SetTemplate {
        template: Box::new(Template {
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
            clauses: vec![clause("mail", &["mail.*"], Mode::Act)],
            removes: Vec::new(),
            counts_as: Vec::new(),
        }),
    };
    let mut client = World::new();
    assert_eq!(client.by(client.milo, template("ours", None)), Err(refusal::FOUNDED));
    let mut world = World::founded(Side::Provider);
    let milo = world.milo;
    world.by(milo, template("ours", Some("cautious"))).unwrap();
    world.by(milo, template("shops", Some("ours"))).unwrap();
    let cases: [(&str, Option<&str>); 4] = [
        ("cautious", None),
        ("odd", Some("none")),
        ("ours", Some("shops")),
        ("self", Some("self")),
    ];
    for (name, parent) in cases {
        let code: Result<_, Code> = world.by(milo, template(name, parent));
        assert_eq!(code, Err(refusal::TEMPLATE), "{name}");
    }
    assert_eq!(world.state.templates.len(), 2);
}

#[test]
fn a_providers_own_charter_is_signed_by_the_provider_alone() {
    let mut world = World::founded(Side::Provider);
    world.agree(vec![everything()]);
    assert_eq!(in_force(&world).signed.len(), 1);
}
