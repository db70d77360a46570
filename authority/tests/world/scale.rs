//! Many agents in one act, agents that act for others, formats, gateways, restored ledgers: who may, and what becomes so.
//! What a dishonest provider would write of them: `lost.rs`.

use std::collections::BTreeSet;

use writ_authority::{
    Command, Life,
    command::{self, NAMED, NewAgent, Whom},
    decide::denied,
    fact::{
        ENDED_A_LINE, Ended, Fact, GatewayHalted, GatewayResumed, How, LedgerRestored, Subject,
        Target, TerminationReached, Witnessed,
    },
    queue, refusal,
    state::DELEGATION_DEPTH,
};
use writ_model::{
    Actor, AgentId, BootId, Digest, Fold, GatewayId, GroupId, HoldId, Role, Side, Span,
};

use crate::{
    approvals::{CLIENT_OWNER, asking, waits, yes},
    kit::{START, World, new_agent},
};

pub(crate) fn raise(world: &mut World) {
    world.system(Command::RaiseFormat { format: 2 }).unwrap();
}

pub(crate) fn why() -> String {
    "the vendor was broken into".to_owned()
}

pub(crate) fn many(whom: Whom) -> Command {
    Command::TerminateMany { whom, reason: why() }
}

fn group(world: &mut World, name: &str, parent: Option<GroupId>) -> GroupId {
    let made = world.by(world.milo, Command::CreateGroup { name: name.to_owned(), parent });
    let [Fact::GroupCreated { group, .. }] = made.unwrap()[..] else { panic!() };
    group
}

fn proposed(world: &mut World, name: &str, model: &str, of: Option<GroupId>) -> AgentId {
    let new = NewAgent { models: vec![model.to_owned()], group: of, ..new_agent(name) };
    let made = world.by(world.milo, Command::Propose(new)).unwrap();
    let [Fact::AgentProposed(described)] = &made[..] else { panic!() };
    described.agent
}

fn ended(facts: &[Fact]) -> Vec<AgentId> {
    let of = |fact: &Fact| match fact {
        Fact::AgentsTerminated(ended) => ended.agents.clone(),
        other => panic!("{other:?}"),
    };
    facts.iter().flat_map(of).collect()
}

#[test]
fn a_new_kind_is_written_only_once_everybody_reads_it() {
    let mut world = World::new();
    let agent = world.propose("mailer");
    let (dana, milo) = (world.dana, world.milo);
    let before = world.lines.len();
    let refused = world.by(dana, many(Whom::All));
    assert_eq!(refused, Err(refusal::FORMAT), "a receipt of a new act is of the new format too");
    assert_eq!(world.by(milo, Command::Delegate { agent, by: agent }), Err(refusal::DELEGATION));
    assert_eq!(world.lines.len(), before);
    let raise = |format| Command::RaiseFormat { format };
    for person in [dana, milo] {
        assert_eq!(world.by(person, raise(2)), Err(refusal::INTERNAL), "no person says so");
    }
    assert_eq!(world.system(raise(3)), Err(refusal::FORMAT));
    assert_eq!(world.system(raise(2)).unwrap(), vec![Fact::FormatRaised { format: 2 }]);
    assert_eq!(world.system(raise(2)), Ok(Vec::new()), "it is raised once");
    assert_eq!(world.system(raise(1)), Err(refusal::FORMAT), "and never back");
    assert_eq!(ended(&world.by(dana, many(Whom::All)).unwrap()), vec![agent]);
    // What the first release writes is written as it did.
    assert!(world.lines.last().unwrap().ends_with(br#""v":2}"#));
    world.propose("next");
    assert!(world.lines.last().unwrap().ends_with(br#""v":1}"#));
}

#[test]
fn either_party_alone_ends_every_agent_of_a_vendor_a_group_or_the_client() {
    let mut world = World::new();
    raise(&mut world);
    let (dana, milo) = (world.dana, world.milo);
    let office = group(&mut world, "office", None);
    let desk = group(&mut world, "front desk", Some(office));
    let one = proposed(&mut world, "one", "anthropic/claude-large-4", Some(desk));
    let two = proposed(&mut world, "two", "OpenModels Small 3", None);
    let three = proposed(&mut world, "three", "open-models.small", None);
    let (four, _) = world.active("four");
    let five = proposed(&mut world, "five", "openmodelsmall", Some(office));
    let vendor = |word: &str| Whom::Vendor(word.to_owned());
    let would =
        |world: &World, whom| command::would_end(&world.state, &whom).map(BTreeSet::from_iter);
    assert_eq!(would(&world, vendor("CLAUDE")), Ok(BTreeSet::from([one])));
    assert_eq!(would(&world, vendor("claude large")), Ok(BTreeSet::from([one])));
    assert_eq!(
        would(&world, vendor("small")),
        Ok(BTreeSet::from([two, three])),
        "words, not parts"
    );
    assert_eq!(would(&world, vendor("open models small")), Ok(BTreeSet::from([three])));
    assert_eq!(would(&world, vendor("models open")).unwrap_err().code, refusal::UNKNOWN);
    assert_eq!(would(&world, vendor("--")).unwrap_err().code, refusal::TEXT);
    assert_eq!(would(&world, vendor("")).unwrap_err().code, refusal::TEXT);
    assert_eq!(would(&world, Whom::Group(office)), Ok(BTreeSet::from([one, five])));
    assert_eq!(would(&world, Whom::All).unwrap().len(), 5);

    let facts = world.by(dana, many(vendor("Small"))).unwrap();
    assert_eq!(BTreeSet::from_iter(ended(&facts)), BTreeSet::from([two, three]));
    assert!(matches!(&world.agent(two).life, Life::Terminated { reason } if *reason == why()));
    assert_eq!(world.by(dana, many(vendor("small"))), Err(refusal::UNKNOWN), "none is left");
    let facts = world.by(milo, many(Whom::Group(desk))).unwrap();
    assert_eq!(ended(&facts), vec![one]);
    // A name is free again, as after any end.
    assert_ne!(proposed(&mut world, "one", "x", None), one);
    let all = ended(&world.by(milo, many(Whom::All)).unwrap());
    assert_eq!(all.len(), 3);
    assert!(all.contains(&four) && world.state.agents.values().all(|agent| !agent.lives()));
    assert_eq!(world.state.ending_of(four).unwrap().1.agents, 3);
}

#[test]
fn who_may_end_many_is_an_owner_or_whoever_may_end_each_of_them() {
    let mut world = World::new();
    raise(&mut world);
    let (dana, milo) = (world.dana, world.milo);
    let ana = world.client(7, "Ana Ruiz", &[Role::Engineer]);
    let bo = world.staff(8, "Bo Quist", &[Role::Auditor]);
    let (one, two) = (world.propose("one"), world.propose("two"));
    for (agent, terminators) in [(one, vec![ana, dana, milo]), (two, vec![dana, milo])] {
        let subject = Subject::Agent(agent);
        let (authorizer, auditor) = (Some(dana), Some(milo));
        let set = Command::SetAccountability { subject, authorizer, auditor, terminators };
        world.by(milo, set).unwrap();
    }
    let named = |list: &[AgentId]| many(Whom::Agents(list.to_vec()));
    assert_eq!(world.by(ana, many(Whom::All)), Err(refusal::ROLE), "not the second");
    assert_eq!(world.by(ana, named(&[one, two])), Err(refusal::ROLE));
    assert_eq!(world.by(bo, named(&[one])), Err(refusal::ROLE), "an auditor looks");
    assert_eq!(world.system(many(Whom::All)), Err(refusal::ROLE), "Writ itself ends nobody so");
    let nobody = AgentId::from_parts(START, [99; 10]);
    assert_eq!(world.by(dana, named(&[one, nobody])), Err(refusal::UNKNOWN));
    assert_eq!(world.by(dana, named(&[])), Err(refusal::UNKNOWN));
    assert_eq!(world.by(dana, named(&[one; NAMED + 1])), Err(refusal::BOUND));
    assert_eq!(ended(&world.by(ana, named(&[one, one])).unwrap()), vec![one]);
    assert_eq!(world.by(dana, named(&[one])), Err(refusal::LIFE), "it is ended");
    // No charter stands above a stop, and no freeze in its way.
    world.agree(vec![writ_charter::Clause::new("no", "No", &["*"], writ_charter::Mode::Refuse)]);
    world.by(milo, Command::Freeze { reason: why() }).unwrap();
    assert_eq!(ended(&world.by(dana, many(Whom::All)).unwrap()), vec![two]);
}

#[test]
fn what_comes_in_between_does_not_make_a_signature_void() {
    let mut world = World::new();
    raise(&mut world);
    let one = proposed(&mut world, "one", "claude", None);
    let (dana, milo) = (world.dana, world.milo);
    let receipt = world.receipt(dana, many(Whom::Vendor("claude".to_owned()))).unwrap();
    // While she signs, somebody adds more of them.
    let two = proposed(&mut world, "two", "claude", None);
    let _other = group(&mut world, "office", None);
    world.by(milo, Command::Quarantine { agent: one, reason: why() }).unwrap();
    let actor = Actor::Person { id: dana, via: "test".to_owned() };
    let facts = world.run(actor, Command::Signed { receipt: Box::new(receipt) }).unwrap();
    assert_eq!(BTreeSet::from_iter(ended(&facts[1..])), BTreeSet::from([one, two]));
}

#[test]
fn five_thousand_agents_of_a_vendor_are_one_append() {
    let mut world = World::new();
    raise(&mut world);
    let dana = world.dana;
    // Folded directly: proposing them is not what is tested, nor are their lines replayed with doubt five times.
    let cx = world.cx(Actor::system("test"));
    let mut state = world.state.clone();
    for n in 0..5_000_u32 {
        let model = if n % 100 == 99 { "other" } else { "Example Large" };
        let new = NewAgent { models: vec![model.to_owned()], ..new_agent(&format!("bot {n}")) };
        for (_, line) in command::lines(&state, Command::Propose(new), &cx).unwrap() {
            state.fold(state.size, &line).unwrap();
        }
    }
    let whom = Whom::Vendor("example".to_owned());
    let kept = std::mem::replace(&mut world.state, state);
    let receipt = world.receipt(dana, many(whom)).unwrap();
    let by_dana = world.cx(Actor::Person { id: dana, via: "test".to_owned() });
    let signed = Command::Signed { receipt: Box::new(receipt) };
    let lines = command::lines(&world.state, signed, &by_dana).unwrap();
    assert_eq!(lines.len(), 1 + 4_950_usize.div_ceil(ENDED_A_LINE));
    assert!(lines.iter().all(|(_, line)| line.len() < 60_000));
    let mut after = world.state.clone();
    for (_, line) in &lines {
        after.fold(after.size, line).unwrap();
    }
    let left = after.agents.values().filter(|agent| agent.lives()).count();
    assert_eq!(left, 50);
    let (line, act) = after.endings.get_max().unwrap();
    assert_eq!((act.agents, act.last - line), (4_950, 3));
    assert!(after.ended_in.values().all(|first| first == line));
    world.state = kept;
}

pub(crate) fn delegate(agent: AgentId, by: AgentId) -> Command {
    Command::Delegate { agent, by }
}

#[test]
fn an_agent_acts_for_another_only_while_that_one_may() {
    let mut world = World::new();
    raise(&mut world);
    let (dana, milo) = (world.dana, world.milo);
    let (boss, _) = world.active("planner");
    let (middle, _) = world.active("drafter");
    let (agent, instance) = world.active("mailer");
    world.give(agent, |_| ()).unwrap();
    for (one, by) in [(agent, middle), (middle, boss)] {
        let alone =
            world.run(Actor::Person { id: milo, via: "test".to_owned() }, delegate(one, by));
        assert_eq!(alone, Err(refusal::NEEDS_SIGNATURE), "it acts already");
        world.by(milo, delegate(one, by)).unwrap();
    }
    assert_eq!(world.state.acts_for(agent), vec![middle, boss]);
    assert!(world.call((agent, instance), "send", "{}").permits());
    world.by(dana, Command::Hold { agent: boss, reason: why() }).unwrap();
    let writ_authority::Decision::Deny(denied) = world.call((agent, instance), "send", "{}") else {
        panic!()
    };
    assert_eq!(denied.code, denied::ABOVE);
    assert!(denied.words.contains("planner, which is held"), "{}", denied.words);
    assert!(denied.cure.contains("planner"), "{}", denied.cure);
    world.by(dana, Command::Release { agent: boss }).unwrap();
    assert!(world.call((agent, instance), "send", "{}").permits());
    // Who ends the first ends all, in the same append.
    let text =
        world.request(dana, Command::Terminate { agent: boss, reason: why() }).unwrap().text();
    assert!(
        text.iter().any(|line| line == "Every agent that acts for it ends with it."),
        "{text:?}"
    );
    let facts = world.by(dana, Command::Terminate { agent: boss, reason: why() }).unwrap();
    let [Fact::AgentTerminated { .. }, Fact::AgentsTerminated(below)] = &facts[..] else {
        panic!("{facts:?}")
    };
    assert_eq!(below.what, Ended::Below(boss));
    assert_eq!(BTreeSet::from_iter(below.agents.clone()), BTreeSet::from([middle, agent]));
    assert_eq!(world.call((agent, instance), "send", "{}").code(), denied::TERMINATED);
    assert_eq!(world.state.ending_of(agent).unwrap().0, world.state.ending_of(boss).unwrap().0);
    assert_eq!(world.state.ending_of(agent).unwrap().1.agents, 3);
}

#[test]
fn what_acts_for_one_that_is_named_ends_with_it() {
    let mut world = World::new();
    raise(&mut world);
    let office = group(&mut world, "office", None);
    let boss = proposed(&mut world, "planner", "x", Some(office));
    let (agent, other) = (world.propose("mailer"), world.propose("reader"));
    let milo = world.milo;
    assert_eq!(world.by(milo, delegate(agent, boss)).unwrap().len(), 1, "nothing acts yet");
    let facts = world.by(milo, many(Whom::Group(office))).unwrap();
    assert_eq!(BTreeSet::from_iter(ended(&facts)), BTreeSet::from([boss, agent]));
    assert!(world.agent(other).lives());
}

#[test]
fn nobody_acts_in_a_circle_for_strangers_or_for_too_many() {
    let mut world = World::new();
    raise(&mut world);
    let (dana, milo) = (world.dana, world.milo);
    let bo = world.staff(8, "Bo Quist", &[Role::Auditor]);
    let all: Vec<AgentId> = (0..10).map(|n| world.propose(&format!("bot {n}"))).collect();
    assert_eq!(world.by(milo, delegate(all[0], all[0])), Err(refusal::DELEGATION));
    assert_eq!(world.by(bo, delegate(all[1], all[0])), Err(refusal::ROLE));
    let stranger = AgentId::from_parts(START, [77; 10]);
    assert_eq!(world.by(milo, delegate(all[1], stranger)), Err(refusal::UNKNOWN));
    assert_eq!(world.by(milo, delegate(stranger, all[1])), Err(refusal::UNKNOWN));
    // From both ends: eight in a row are the most.
    for n in 1..4 {
        world.by(milo, delegate(all[n], all[n - 1])).unwrap();
    }
    for n in (5..9).rev() {
        world.by(dana, delegate(all[n], all[n - 1])).unwrap();
    }
    assert_eq!(world.by(milo, delegate(all[0], all[3])), Err(refusal::DELEGATION), "a circle");
    assert_eq!(world.by(milo, delegate(all[4], all[3])), Err(refusal::DELEGATION), "nine in a row");
    assert_eq!(world.by(milo, delegate(all[4], all[2])).unwrap().len(), 1);
    assert_eq!(world.state.acts_for(all[8]).len(), DELEGATION_DEPTH - 1);
    assert_eq!(world.by(milo, delegate(all[9], all[8])), Err(refusal::DELEGATION));
    assert_eq!(world.by(milo, delegate(all[4], all[0])), Err(refusal::DELEGATION), "for life");
    world.by(dana, Command::Terminate { agent: all[9], reason: why() }).unwrap();
    assert_eq!(world.by(milo, delegate(all[9], all[0])), Err(refusal::LIFE));
    let end = world.by(dana, Command::Terminate { agent: all[0], reason: why() }).unwrap();
    assert_eq!(ended(&end[1..]).len(), 8);
}

fn target(n: u8, how: How) -> Target {
    let (gateway, boot) =
        (GatewayId::from_parts(START, [n; 10]), BootId::from_parts(START, [n; 10]));
    Target { gateway, boot, how, at: START, measured: None }
}

#[test]
fn which_gateways_an_ending_reached_is_written_once() {
    let mut world = World::new();
    raise(&mut world);
    let agent = world.propose("mailer");
    let dana = world.dana;
    world.now = START + Span::seconds(5);
    world.by(dana, Command::Terminate { agent, reason: why() }).unwrap();
    let line = world.state.ending_of(agent).unwrap().0;
    let reach =
        |line, targets| Command::ReachTermination(Box::new(TerminationReached { line, targets }));
    let two = || vec![target(2, How::LeaseExpired), target(1, How::Confirmed)];
    assert_eq!(world.system(reach(line + 1, two())), Err(refusal::UNKNOWN), "nothing ended there");
    assert_eq!(world.by(dana, reach(line, two())), Err(refusal::INTERNAL));
    let facts = world.system(reach(line, two())).unwrap();
    let [Fact::TerminationReached(reached)] = &facts[..] else { panic!() };
    assert_eq!(reached.targets[0].how, How::Confirmed, "in the order of their ids");
    assert_eq!(reached.targets[0].at, world.now, "never before the ending");
    assert_eq!(world.system(reach(line, two())), Ok(Vec::new()));
    let more = vec![target(2, How::Confirmed), target(3, How::Confirmed)];
    let facts = world.system(reach(line, more)).unwrap();
    let [Fact::TerminationReached(reached)] = &facts[..] else { panic!() };
    assert_eq!(reached.targets.len(), 1);
    assert_eq!(world.state.reached.len(), 3);
    let crowd = (10..=250).map(|n| target(n, How::LeaseExpired)).collect();
    assert_eq!(world.system(reach(line, crowd)).unwrap().len(), 2, "as many lines as it takes");
}

#[test]
fn a_persons_halt_is_undone_by_signature_and_one_at_the_machine_there() {
    let mut world = World::founded(Side::Provider);
    raise(&mut world);
    let milo = world.milo;
    let eve = world.bring(milo, world.dana, ("Eve Lund", Side::Provider, &[Role::Engineer]));
    let pat = writ_model::PersonId::from_parts(START, [9; 10]);
    let pat = world.bring(milo, pat, ("Pat Moss", Side::Provider, &[Role::Auditor]));
    let gateway = GatewayId::from_parts(START, [1; 10]);
    let halt = || Command::HaltGateway { gateway, reason: why() };
    let serve = || Command::ServeGateway { gateway };
    assert_eq!(world.by(pat, halt()), Err(refusal::ROLE));
    assert_eq!(world.system(halt()), Err(refusal::ROLE));
    assert_eq!(world.by(eve, serve()), Err(refusal::GATEWAY));
    let by_eve = Actor::Person { id: eve, via: "test".to_owned() };
    world.run(by_eve.clone(), halt()).unwrap();
    assert_eq!(world.by(milo, halt()), Err(refusal::GATEWAY));
    let asks = queue::waiting(&world.state, world.now);
    let asked = asks.iter().find(|one| one.ask == queue::Ask::GatewayHalted).unwrap();
    assert!(asked.why[0].contains("Eve Lund"), "{asked:?}");
    let resumed = |by: Option<&str>| {
        let by = by.map(str::to_owned);
        Command::NoteServed(Box::new(GatewayResumed { gateway, at: START, by }))
    };
    assert_eq!(world.system(resumed(Some("root"))), Err(refusal::GATEWAY), "a person halted it");
    assert_eq!(world.run(by_eve, serve()), Err(refusal::NEEDS_SIGNATURE));
    let text = world.request(eve, serve()).unwrap().text();
    assert!(text.iter().any(|line| line.contains("It was halted at") && line.contains(&why())));
    world.by(eve, serve()).unwrap();
    assert!(world.state.halted.is_empty());

    let noted = |by: Option<&str>, at| {
        let (by, boot, reason) = (by.map(str::to_owned), None, why());
        Command::NoteHalt(Box::new(GatewayHalted { gateway, boot, at, by, reason }))
    };
    assert_eq!(world.by(milo, noted(Some("root"), START)), Err(refusal::INTERNAL));
    assert_eq!(world.system(noted(None, START)), Err(refusal::INTERNAL));
    let later = START + Span::hours(1);
    assert_eq!(world.system(noted(Some("root"), later)), Err(refusal::INTERNAL));
    assert_eq!(world.system(noted(Some("root"), START)).unwrap().len(), 1);
    assert_eq!(world.system(noted(Some("root"), START)), Ok(Vec::new()), "told twice");
    assert_eq!(world.system(resumed(Some("root"))).unwrap().len(), 1);
    assert_eq!(world.system(resumed(Some("root"))), Ok(Vec::new()));
    // Whatever was halted at its machine, an owner may let serve by signature too.
    world.system(noted(Some("root"), START)).unwrap();
    world.by(milo, serve()).unwrap();

    let mut client = World::new();
    raise(&mut client);
    assert_eq!(client.by(client.milo, halt()), Err(refusal::FOUNDED), "not in a client's ledger");
    assert_eq!(client.system(noted(Some("root"), START)), Err(refusal::FOUNDED));
}

fn restored(size: u64, seen: Option<u64>, gap: u64) -> Command {
    let witnessed = seen.map(|size| Witnessed { size, root: Digest::of(b"root") });
    let backup_at = START + Span::minutes(-30);
    Command::RestoreLedger(Box::new(LedgerRestored { backup_at, size, witnessed, gap }))
}

#[test]
fn a_backup_does_not_raise_the_dead() {
    let (mut world, who) = asking(&[CLIENT_OWNER]);
    let (dana, milo) = (world.dana, world.milo);
    let (other, _) = world.active("reader");
    world.by(milo, Command::Quarantine { agent: other, reason: why() }).unwrap();
    let approved = waits(&mut world, who, "{}");
    world.by(dana, yes(&world, approved)).unwrap();
    let (code, expires) = (Digest::of(b"open"), world.now + Span::hours(1));
    world.by(milo, Command::OfferEnrollment { agent: who.0, code, expires }).unwrap();
    world.by(dana, Command::AllowExport { until: expires }).unwrap();
    let ana = writ_model::PersonId::from_parts(START, [50; 10]);
    let invite = world.invite(ana, ("Ana Ruiz", Side::Client, &[Role::Owner]));
    let Command::InvitePerson { code: joins, .. } = invite else { panic!() };
    world.by(dana, invite).unwrap();
    let late = world.receipt(dana, Command::Release { agent: other }).unwrap();
    let epoch = world.agent(who.0).epoch;
    let size = world.state.size;

    world.now = world.now + Span::minutes(1);
    raise(&mut world);
    for bad in
        [restored(size + 9, None, 0), restored(size, Some(size + 7), 6), restored(size, None, 1)]
    {
        assert_eq!(world.system(bad), Err(refusal::RESTORED));
    }
    assert_eq!(world.by(milo, restored(size, None, 0)), Err(refusal::INTERNAL));
    let facts = world.system(restored(size, Some(size + 7), 7)).unwrap();
    assert!(matches!(&facts[..], [Fact::LedgerRestored(_)]));

    let agent = world.agent(who.0);
    assert!(matches!(&agent.life, Life::Held { reason } if reason.contains("backup")));
    assert!(agent.epoch > epoch, "its tokens are of before");
    assert_eq!(world.state.tokens_from, world.now);
    assert!(matches!(world.agent(other).life, Life::Quarantined { .. }));
    // Nothing that was approved, offered, allowed or asked then goes on.
    let hold: HoldId = approved;
    assert!(!world.state.holds[&hold].open(world.now));
    let gateway = crate::approvals::gateway();
    assert_eq!(world.system(Command::ConsumeApproval { hold, gateway }), Err(refusal::HOLD));
    let enroll = Command::Enroll {
        code,
        label: "x".to_owned(),
        jkt: "jkt-x".to_owned(),
        jwk: "{}".to_owned(),
    };
    assert_eq!(world.system(enroll), Err(refusal::ENROLLMENT));
    let by_dana = Actor::Person { id: dana, via: "test".to_owned() };
    assert!(command::may_export(&world.state, &world.cx(by_dana.clone())).is_err());
    let key = Box::new(crate::device::Device::new(90, ana, "phone").key);
    let join = world.through(ana, "join", Command::Join { code: joins, key });
    assert_eq!(join, Err(refusal::INVITATION));
    let receipt = Command::Signed { receipt: Box::new(late) };
    assert_eq!(world.run(by_dana.clone(), receipt), Err(refusal::RECEIPT_TIME));

    // A person looks, and lets it go on, by signature.
    let asks = queue::waiting(&world.state, world.now);
    let asked = asks.iter().find(|one| one.ask == queue::Ask::Restored).unwrap();
    assert!(asked.what.contains("1 agents wait") && asked.why[0].contains("7 lines"), "{asked:?}");
    let alone = world.run(by_dana, Command::Release { agent: who.0 });
    assert_eq!(alone, Err(refusal::NEEDS_SIGNATURE));
    world.by(dana, Command::Release { agent: who.0 }).unwrap();
    assert_eq!(world.agent(who.0).life, Life::Active);
    assert_eq!(world.call(who, "send", "{}").code(), writ_authority::decide::WAITS);
    world.now = world.now + Span::days(8);
    let asks = queue::waiting(&world.state, world.now);
    assert!(!asks.iter().any(|one| one.ask == queue::Ask::Restored));
}
