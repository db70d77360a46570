//! A provider with the disk writes lines of format 2 that could not have been decided: the verifier refuses each. What
//! honest ones become is in `scale.rs`; every ledger there is verified too.

use writ_authority::{
    Command, Fact,
    command::Whom,
    fact::{
        AgentsTerminated, Ended, GatewayHalted, GatewayResumed, How, LedgerRestored, Target,
        TerminationReached, Witnessed,
    },
    refusal,
};
use writ_model::{Actor, AgentId, BootId, Digest, GatewayId, PersonId, Role, Side, Span};

use crate::{
    hostile::{act_signed, appended, as_person, refused},
    kit::{START, World},
    scale::{many, raise},
};

fn system() -> Actor {
    Actor::system("gateway")
}

fn why() -> String {
    "because".to_owned()
}

fn ended(agents: &[AgentId], what: Ended) -> Fact {
    let part = u32::from(matches!(what, Ended::Below(_)));
    let (agents, reason) = (agents.to_vec(), why());
    Fact::AgentsTerminated(Box::new(AgentsTerminated { agents, what, reason, part }))
}

#[test]
fn nothing_of_a_newer_format_stands_before_it_was_raised() {
    let mut world = World::new();
    let (milo, agent) = (world.milo, world.propose("mailer"));
    let other = world.propose("reader");
    let delegated = Fact::AgentDelegated { agent, by: other };
    refused(&world, &as_person(milo), vec![delegated.clone()], refusal::FORMAT);
    let raised = |format| Fact::FormatRaised { format };
    refused(&world, &as_person(milo), vec![raised(2)], refusal::RECEIPT_REFUSED);
    refused(&world, &system(), vec![raised(3)], refusal::FORMAT);
    refused(&world, &system(), vec![raised(1)], refusal::RECEIPT_REFUSED);
    raise(&mut world);
    refused(&world, &system(), vec![raised(2)], refusal::RECEIPT_REFUSED);
    refused(&world, &as_person(milo), vec![delegated.clone(), delegated], refusal::RECEIPT_REFUSED);
}

#[test]
fn many_are_ended_by_signature_and_exactly_those_that_it_names() {
    let mut world = World::new();
    raise(&mut world);
    let (dana, milo) = (world.dana, world.milo);
    let (one, two) = (world.propose("one"), world.propose("two"));
    for actor in [system(), as_person(dana), as_person(milo)] {
        refused(&world, &actor, vec![ended(&[one, two], Ended::All)], refusal::UNSIGNED);
        refused(&world, &actor, vec![ended(&[one], Ended::Agents)], refusal::UNSIGNED);
    }
    let receipt = world.receipt(dana, many(Whom::All)).unwrap();
    let signed = |facts: Vec<Fact>| [vec![act_signed(receipt.clone())], facts].concat();
    let by = as_person(dana);
    let said = "the vendor was broken into".to_owned();
    let line = |agents: &[AgentId], what| {
        let (agents, reason, part) = (agents.to_vec(), said.clone(), 0);
        Fact::AgentsTerminated(Box::new(AgentsTerminated { agents, what, reason, part }))
    };
    // One of them is spared, somebody else's rule is named, or nothing follows.
    refused(&world, &by, signed(vec![line(&[one], Ended::All)]), refusal::RECEIPT_ACT);
    refused(&world, &by, signed(vec![line(&[one, two], Ended::Agents)]), refusal::RECEIPT_ACT);
    refused(&world, &by, signed(Vec::new()), refusal::RECEIPT_ACT);
    // An engineer's signature does not do.
    let eve = world.staff(9, "Eve Lund", &[Role::Engineer]);
    let mut request = world.request(milo, many(Whom::All)).unwrap();
    request.person = eve;
    request.names.insert(eve.to_string(), "Eve Lund".to_owned());
    request.names.remove(&milo.to_string());
    let forged = crate::hostile::signed(&mut world, eve, request);
    refused(&world, &as_person(eve), vec![act_signed(forged)], refusal::RECEIPT_REFUSED);
}

#[test]
fn what_acts_for_an_agent_ends_directly_after_it_and_all_of_it() {
    let mut world = World::new();
    raise(&mut world);
    let milo = world.milo;
    let (boss, one, two) = (world.propose("boss"), world.propose("one"), world.propose("two"));
    let other = world.propose("other");
    for agent in [one, two] {
        world.by(milo, Command::Delegate { agent, by: boss }).unwrap();
    }
    let end = |agent| Fact::AgentTerminated { agent, reason: why() };
    let below = |agents: &[AgentId]| ended(agents, Ended::Below(boss));
    let bad = refusal::RECEIPT_REFUSED;
    refused(&world, &system(), vec![below(&[one, two])], bad);
    refused(&world, &system(), vec![end(boss), below(&[one, other])], bad);
    refused(&world, &system(), vec![end(boss), below(&[])], bad);
    refused(&world, &system(), vec![end(boss), end(other), below(&[one, two])], bad);
    refused(&world, &as_person(milo), vec![below(&[one, two])], refusal::UNSIGNED);
    world.system(Command::Terminate { agent: boss, reason: why() }).unwrap();
    assert!(!world.agent(two).lives());
    world.check_ledger();
}

#[test]
fn nobody_acts_for_another_past_who_answers_for_them() {
    let mut world = World::new();
    raise(&mut world);
    let milo = world.milo;
    let (agent, _) = world.active("mailer");
    let (idle, boss) = (world.propose("idle"), world.propose("boss"));
    let acts = |agent, by| vec![Fact::AgentDelegated { agent, by }];
    let bad = refusal::RECEIPT_REFUSED;
    refused(&world, &as_person(milo), acts(agent, boss), bad);
    refused(&world, &as_person(milo), acts(idle, idle), bad);
    refused(&world, &as_person(milo), acts(idle, AgentId::from_parts(START, [9; 10])), bad);
    let nobody = PersonId::from_parts(START, [99; 10]);
    refused(&world, &as_person(nobody), acts(idle, boss), bad);
    refused(&world, &Actor::Agent { id: agent }, acts(idle, boss), bad);
    let circle = [acts(idle, boss), acts(boss, idle)].concat();
    refused(&world, &as_person(milo), circle, bad);
    assert_eq!(
        appended(&world, &as_person(milo), [acts(idle, boss), acts(idle, boss)].concat()).index,
        world.state.size + 1
    );
}

#[test]
fn no_ending_is_said_to_have_reached_what_it_did_not() {
    let mut world = World::new();
    raise(&mut world);
    let (dana, agent) = (world.dana, world.propose("mailer"));
    world.now = START + Span::seconds(1);
    world.by(dana, Command::Terminate { agent, reason: why() }).unwrap();
    let line = world.state.ending_of(agent).unwrap().0;
    let (gateway, boot) =
        (GatewayId::from_parts(START, [1; 10]), BootId::from_parts(START, [1; 10]));
    let reached = |line, at| {
        let how = How::LeaseExpired;
        let targets = vec![Target { gateway, boot, how, at, measured: None }];
        vec![Fact::TerminationReached(Box::new(TerminationReached { line, targets }))]
    };
    let (now, bad) = (world.now, refusal::RECEIPT_REFUSED);
    refused(&world, &as_person(dana), reached(line, now), bad);
    refused(&world, &system(), reached(line - 1, now), bad);
    refused(&world, &system(), reached(line, START), bad);
    let twice = [reached(line, now), reached(line, now)].concat();
    refused(&world, &system(), twice, bad);
}

#[test]
fn no_gateway_serves_again_past_the_person_who_halted_it() {
    let mut world = World::founded(Side::Provider);
    raise(&mut world);
    let milo = world.milo;
    let pat = PersonId::from_parts(START, [9; 10]);
    let pat = world.bring(milo, pat, ("Pat Moss", Side::Provider, &[Role::Auditor]));
    let gateway = GatewayId::from_parts(START, [1; 10]);
    let halted = |at, by: Option<&str>| {
        let (by, boot) = (by.map(str::to_owned), None);
        vec![Fact::GatewayHalted(Box::new(GatewayHalted { gateway, boot, at, by, reason: why() }))]
    };
    let resumed = |by: Option<&str>| {
        let by = by.map(str::to_owned);
        vec![Fact::GatewayResumed(Box::new(GatewayResumed { gateway, at: START, by }))]
    };
    let bad = refusal::RECEIPT_REFUSED;
    refused(&world, &as_person(pat), halted(START, None), bad);
    refused(&world, &as_person(milo), halted(START + Span::seconds(1), None), bad);
    refused(&world, &as_person(milo), halted(START, Some("root")), bad);
    refused(&world, &system(), halted(START, None), bad);
    refused(&world, &system(), resumed(Some("root")), bad);
    world.by(milo, Command::HaltGateway { gateway, reason: why() }).unwrap();
    refused(&world, &system(), resumed(Some("root")), bad);
    refused(&world, &as_person(milo), resumed(None), refusal::UNSIGNED);
    let receipt = world.receipt(milo, Command::ServeGateway { gateway }).unwrap();
    let by = as_person(milo);
    refused(
        &world,
        &by,
        [vec![act_signed(receipt)], resumed(Some("root"))].concat(),
        refusal::RECEIPT_ACT,
    );
}

#[test]
fn a_restored_ledger_says_what_can_be() {
    let mut world = World::new();
    raise(&mut world);
    let size = world.state.size;
    let restored = |backup_at, size, seen: Option<u64>, gap| {
        let witnessed = seen.map(|size| Witnessed { size, root: Digest::of(b"root") });
        vec![Fact::LedgerRestored(Box::new(LedgerRestored { backup_at, size, witnessed, gap }))]
    };
    let bad = refusal::RECEIPT_REFUSED;
    let dana = as_person(world.dana);
    refused(&world, &dana, restored(START, size, None, 0), bad);
    refused(&world, &system(), restored(START, size + 1, None, 0), bad);
    refused(&world, &system(), restored(START, size, Some(size + 4), 0), bad);
    refused(&world, &system(), restored(START, size, None, 4), bad);
    refused(&world, &system(), restored(START + Span::seconds(1), size, None, 0), bad);
    // A provider that says so of a good ledger has stopped everything, and can start nothing.
    let (agent, _) = world.active("mailer");
    let restored = LedgerRestored { backup_at: START, size, witnessed: None, gap: 0 };
    world.system(Command::RestoreLedger(Box::new(restored))).unwrap();
    refused(&world, &system(), vec![Fact::AgentReleased { agent }], refusal::UNSIGNED);
}
