//! What servers list: pinned, held, approved by signature, refused; and what nobody may write.

use writ_authority::{
    Command, Fact,
    fact::{
        DefinitionApproved, DefinitionRefused, DefinitionsSeen, SEEN_A_LINE, Seen, Thing, WhyHeld,
    },
    queue::{self, Ask},
    refusal,
};
use writ_model::{Actor, Digest, Role, Span};

use crate::{
    hostile::{act_signed, as_person, refused},
    kit::World,
};

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn seen(name: &str, text: &str, waits: Option<WhyHeld>) -> Seen {
    let (name, summary) = (name.to_owned(), format!("Does {text}."));
    let flags = waits.map(|_| "text.override".to_owned()).into_iter().collect();
    Seen { thing: Thing::Tool, name, digest: digest(text), summary, flags, waits }
}

fn saw(seen: Vec<Seen>) -> DefinitionsSeen {
    DefinitionsSeen { server: "mail".to_owned(), seen }
}

fn see(world: &mut World, one: Seen) -> Vec<Fact> {
    world.system(Command::SeeDefinitions(Box::new(saw(vec![one])))).unwrap()
}

fn approval(from: Option<&str>, to: &str) -> DefinitionApproved {
    let (server, name, thing) = ("mail".to_owned(), "send".to_owned(), Thing::Tool);
    DefinitionApproved { server, thing, name, from: from.map(digest), to: digest(to) }
}

fn approve(from: Option<&str>, to: &str) -> Command {
    Command::ApproveDefinition(Box::new(approval(from, to)))
}

fn no(text: &str) -> DefinitionRefused {
    let (server, name, thing) = ("mail".to_owned(), "send".to_owned(), Thing::Tool);
    DefinitionRefused { server, thing, name, digest: digest(text), reason: "No".to_owned() }
}

fn raised() -> World {
    let mut world = World::new();
    for format in [2, 3] {
        world.system(Command::RaiseFormat { format }).unwrap();
    }
    world
}

fn lets(world: &World, text: &str) -> bool {
    world.state.pin("mail", Thing::Tool, "send").is_some_and(|pin| pin.lets(digest(text)))
}

#[test]
fn a_first_sight_is_pinned_and_a_change_waits_for_a_signature() {
    let mut world = raised();
    let (dana, milo) = (world.dana, world.milo);
    assert_eq!(see(&mut world, seen("send", "a", None)).len(), 1);
    assert!(lets(&world, "a"));
    // Another gateway saw the same.
    assert!(see(&mut world, seen("send", "a", None)).is_empty());
    // A change is held, whatever the gateway says of it.
    see(&mut world, Seen { flags: vec!["text.override".to_owned()], ..seen("send", "b", None) });
    assert!(!lets(&world, "a") && !lets(&world, "b"));
    let asked: Vec<Ask> =
        queue::waiting(&world.state, world.now).iter().map(|one| one.ask).collect();
    assert!(asked.contains(&Ask::DefinitionHeld), "{asked:?}");
    // The wrong digests are not what waits.
    for (from, to) in [(Some("a"), "c"), (None, "b"), (Some("b"), "b"), (Some("a"), "a")] {
        assert_eq!(world.by(dana, approve(from, to)), Err(refusal::CATALOG), "{from:?} {to}");
    }
    let text = world.request(dana, approve(Some("a"), "b")).unwrap().text().join("\n");
    for words in [
        "the tool “send” of the server “mail”",
        "It is not what it was before.",
        "text.override",
        "Does b.",
    ] {
        assert!(text.contains(words), "{text}");
    }
    world.by(dana, approve(Some("a"), "b")).unwrap();
    assert!(lets(&world, "b") && !lets(&world, "a"));
    assert_eq!(world.state.pin("mail", Thing::Tool, "send").unwrap().by, Some(dana));
    // While a change waits, another one is written down after a while.
    see(&mut world, seen("send", "c", None));
    assert!(see(&mut world, seen("send", "d", None)).is_empty());
    world.now = world.now + Span::minutes(5);
    assert_eq!(see(&mut world, seen("send", "d", None)).len(), 1);
    world.by(milo, Command::RefuseDefinition(Box::new(no("d")))).unwrap();
    assert!(lets(&world, "b"), "what was pinned goes on once the change is refused");
    // What is used may be refused too, and taken back.
    world.by(milo, Command::RefuseDefinition(Box::new(no("b")))).unwrap();
    assert!(!lets(&world, "b"));
    assert!(see(&mut world, seen("send", "b", None)).is_empty(), "it is known, and stays refused");
    world.by(dana, approve(None, "b")).unwrap();
    assert!(lets(&world, "b"));
}

#[test]
fn auditors_and_engineers_say_no_yes_to_a_definition() {
    let mut world = raised();
    see(&mut world, seen("send", "a", Some(WhyHeld::Flagged)));
    let auditor = world.client(40, "Noor", &[Role::Auditor]);
    let engineer = world.client(41, "Eli", &[Role::Engineer]);
    for person in [auditor, engineer] {
        assert_eq!(world.by(person, approve(None, "a")), Err(refusal::ROLE));
    }
    let refuse = || Command::RefuseDefinition(Box::new(no("a")));
    assert_eq!(world.by(auditor, refuse()), Err(refusal::ROLE));
    world.by(engineer, refuse()).unwrap();
    assert_eq!(world.system(refuse()), Err(refusal::ROLE), "a person says no");
}

#[test]
fn a_sighting_takes_as_many_lines_as_it_needs_and_no_more_than_a_server_may() {
    let mut world = raised();
    let many: Vec<Seen> = (0..100).map(|n| seen(&format!("tool-{n}"), "a", None)).collect();
    let facts = world.system(Command::SeeDefinitions(Box::new(saw(many)))).unwrap();
    assert_eq!(facts.len(), 100_usize.div_ceil(SEEN_A_LINE));
    let rest: Vec<Seen> = (100..5_000).map(|n| seen(&format!("tool-{n}"), "a", None)).collect();
    world.system(Command::SeeDefinitions(Box::new(saw(rest)))).unwrap();
    assert_eq!(world.state.catalog.get("mail").unwrap().len(), writ_authority::state::PINS);
    let long = Seen { name: "x".repeat(513), ..seen("x", "a", None) };
    let bound = world.system(Command::SeeDefinitions(Box::new(saw(vec![long]))));
    assert_eq!(bound, Err(refusal::BOUND));
}

#[test]
fn nobody_pins_over_a_pin_without_a_signature() {
    let mut world = raised();
    let (dana, milo) = (world.dana, world.milo);
    see(&mut world, seen("send", "a", None));
    let gateway = Actor::system("gateway");
    let pinned =
        |text, waits| Fact::DefinitionsSeen(Box::new(saw(vec![seen("send", text, waits)])));
    // A provider with the disk pins another definition, again the same, or holds what is pinned.
    for fact in [pinned("b", None), pinned("a", None), pinned("a", Some(WhyHeld::Changed))] {
        refused(&world, &gateway, vec![fact], refusal::RECEIPT_REFUSED);
    }
    see(&mut world, seen("send", "b", None));
    let yes = || Fact::DefinitionApproved(Box::new(approval(Some("a"), "b")));
    for actor in [gateway, as_person(milo), as_person(dana)] {
        refused(&world, &actor, vec![yes()], refusal::UNSIGNED);
    }
    // Dana signs one definition, and another one is let in.
    let receipt = world.receipt(dana, approve(Some("a"), "b")).unwrap();
    let other = Fact::DefinitionApproved(Box::new(approval(Some("a"), "c")));
    refused(&world, &as_person(dana), vec![act_signed(receipt), other], refusal::RECEIPT_ACT);
    // Nobody says no in the name of Writ.
    let said = Fact::DefinitionRefused(Box::new(no("b")));
    refused(&world, &Actor::system("gateway"), vec![said], refusal::RECEIPT_REFUSED);
}
