//! Accounts at protected servers: who connects one for whom, and when one stands no more.

use writ_authority::{
    AgentKind, Autonomy, Command, State,
    command::NewAgent,
    fact::{Holder, LedgerRestored, UpstreamConnected},
    refusal,
};
use writ_model::{Digest, PersonId, Role, Span};

use crate::{
    kit::{START, World},
    scale::raise,
};

fn connect(holder: Holder) -> Command {
    Command::ConnectUpstream(Box::new(UpstreamConnected {
        server: "mail".to_owned(),
        holder,
        connection: Digest::of(b"one"),
        issuer: "https://id.example".to_owned(),
        scopes: vec!["read".to_owned()],
    }))
}

fn disconnect(holder: Holder) -> Command {
    let (server, reason) = ("mail".to_owned(), "over".to_owned());
    Command::DisconnectUpstream { server, holder, reason }
}

fn stands(state: &State, holder: Holder) -> bool {
    state.upstream("mail", holder).is_some()
}

/// A world whose ledger takes such lines, with somebody who only reads.
fn world() -> (World, PersonId) {
    let mut world = World::new();
    raise(&mut world);
    world.system(Command::RaiseFormat { format: 3 }).unwrap();
    let reader = world.client(40, "Rita Read", &[Role::Auditor]);
    (world, reader)
}

#[test]
fn who_works_here_connects_and_ends() {
    let (mut world, reader) = world();
    let (agent, _) = world.active("mailer");
    let (dana, milo) = (world.dana, world.milo);
    let (own, of_agent) = (Holder::Person(dana), Holder::Agent(agent));
    for holder in [own, of_agent, Holder::Client] {
        assert!(!stands(&world.state, holder));
        assert_eq!(world.by(reader, connect(holder)), Err(refusal::ROLE));
        world.by(dana, connect(holder)).unwrap();
        assert!(stands(&world.state, holder));
    }
    assert_eq!(world.by(milo, connect(own)), Err(refusal::ROLE), "somebody else's account");
    assert!(!stands(&world.state, Holder::Person(milo)));
    assert_eq!(world.state.upstream("files", own), None, "another server");
    assert!(world.system(connect(Holder::Client)).is_err(), "nobody's consent is none");
    // Ending is a stop: anybody who works here, for anybody.
    assert_eq!(world.by(reader, disconnect(own)), Err(refusal::ROLE));
    world.by(milo, disconnect(own)).unwrap();
    assert_eq!(world.by(milo, disconnect(own)), Err(refusal::UNKNOWN));
    assert!(!stands(&world.state, own) && stands(&world.state, of_agent));
    world.check_ledger();
}

#[test]
fn it_stands_no_longer_than_its_holder() {
    let (mut world, _) = world();
    let (agent, _) = world.active("mailer");
    let dana = world.dana;
    world.by(dana, connect(Holder::Agent(agent))).unwrap();
    world.by(dana, connect(Holder::Client)).unwrap();
    let reason = "over".to_owned();
    world.by(dana, Command::Terminate { agent, reason }).unwrap();
    assert!(!stands(&world.state, Holder::Agent(agent)));
    assert_eq!(world.state.upstreams_standing().count(), 1);
    assert!(world.by(dana, connect(Holder::Agent(agent))).is_err(), "of an agent that was ended");
    // What came out of a backup is connected again by a person, or never.
    world.now = world.now + Span::seconds(1);
    let size = world.state.size;
    let restored = LedgerRestored { backup_at: world.now, size, witnessed: None, gap: 0 };
    world.system(Command::RestoreLedger(Box::new(restored))).unwrap();
    assert_eq!(world.state.upstreams_standing().count(), 0);
    world.by(dana, connect(Holder::Client)).unwrap();
    assert!(stands(&world.state, Holder::Client));
    world.check_ledger();
}

#[test]
fn an_agent_that_gets_another_owner_is_lent_what_they_connect_from_then_on() {
    let (mut world, _) = world();
    let (dana, milo) = (world.dana, world.milo);
    let ghost = |owner, observed: bool| NewAgent {
        name: "ghost".to_owned(),
        kind: AgentKind::AiAgent,
        purpose: "runs somewhere".to_owned(),
        owner,
        group: None,
        models: Vec::new(),
        data_classes: Vec::new(),
        autonomy: Autonomy::default(),
        deadline: observed.then_some(START + Span::days(60)),
    };
    world.by(milo, Command::Observe(ghost(None, true))).unwrap();
    let agent = world.state.names["ghost"];
    let (own, of_agent) = (Holder::Person(dana), Holder::Agent(agent));
    world.by(dana, connect(own)).unwrap();
    world.by(dana, connect(of_agent)).unwrap();
    let lent = |world: &World| {
        let known = world.state.upstream("mail", own).unwrap();
        world.state.lends(known, agent)
    };
    assert!(!lent(&world), "nobody's");
    assert!(stands(&world.state, of_agent));
    // Whoever works here names an owner; it was here before she connected, and was not hers then.
    world.by(milo, Command::Propose(ghost(Some(dana), false))).unwrap();
    assert_eq!(world.state.names["ghost"], agent, "the same agent");
    assert!(!lent(&world), "she did not lend it to this one");
    assert!(!stands(&world.state, of_agent), "nor did she connect it for an agent of hers");
    assert_eq!(world.state.upstreams_standing().count(), 1);
    for holder in [own, of_agent] {
        world.by(dana, connect(holder)).unwrap();
    }
    assert!(lent(&world) && stands(&world.state, of_agent), "now she did");
    let (other, _) = world.active("mailer");
    let known = world.state.upstream("mail", of_agent).unwrap();
    assert!(!world.state.lends(known, other) && world.state.lends(known, agent));
    world.check_ledger();
}
