//! Golden facts of format 3: what a server lists, changes, and what people say of it; accounts at protected servers.

use writ_authority::{
    Fact, State,
    fact::{
        DefinitionApproved, DefinitionRefused, DefinitionsSeen, Holder, Seen, Thing,
        UpstreamConnected, WhyHeld,
    },
};
use writ_model::Digest;

fn digest(n: u8) -> Digest {
    Digest::of(&[n])
}

fn seen(thing: Thing, name: &str, n: u8, waits: Option<WhyHeld>) -> Seen {
    let flags =
        if waits == Some(WhyHeld::Flagged) { vec!["text.override".to_owned()] } else { vec![] };
    let (name, summary) = (name.to_owned(), format!("Does {name}."));
    Seen { thing, name, digest: digest(n), summary, flags, waits }
}

fn saw(seen: Vec<Seen>) -> Fact {
    Fact::DefinitionsSeen(Box::new(DefinitionsSeen { server: "files".to_owned(), seen }))
}

fn approved(name: &str, from: Option<u8>, to: u8) -> Fact {
    let (server, name, thing) = ("files".to_owned(), name.to_owned(), Thing::Tool);
    let (from, to) = (from.map(digest), digest(to));
    Fact::DefinitionApproved(Box::new(DefinitionApproved { server, thing, name, from, to }))
}

fn refused(name: &str, n: u8) -> Fact {
    let (server, name, thing) = ("files".to_owned(), name.to_owned(), Thing::Tool);
    let (digest, reason) = (digest(n), "because".to_owned());
    Fact::DefinitionRefused(Box::new(DefinitionRefused { server, thing, name, digest, reason }))
}

pub(crate) fn listing() -> Vec<Fact> {
    use Thing::{Prompt, Resource, Template, Tool};
    vec![
        Fact::FormatRaised { format: 3 },
        saw(vec![
            seen(Tool, "read", 1, None),
            seen(Tool, "write", 2, None),
            seen(Tool, "bad", 3, Some(WhyHeld::Flagged)),
            seen(Prompt, "sum", 4, None),
            seen(Resource, "file:///a", 5, Some(WhyHeld::New)),
            seen(Template, "file:///{path}", 6, None),
        ]),
        saw(vec![
            seen(Tool, "read", 11, Some(WhyHeld::Changed)),
            seen(Tool, "write", 12, Some(WhyHeld::Changed)),
        ]),
        approved("read", Some(1), 11),
        refused("write", 12),
        refused("bad", 3),
        refused("read", 11),
        approved("read", None, 11),
    ]
}

/// Two accounts, of which one is ended.
pub(crate) fn connecting() -> Vec<Fact> {
    let connected = |holder, connection| {
        let server = "files".to_owned();
        let (issuer, scopes) = ("https://id.example".to_owned(), vec!["files:read".to_owned()]);
        let one = UpstreamConnected { server, holder, connection, issuer, scopes };
        Fact::UpstreamConnected(Box::new(one))
    };
    let agent = Holder::Agent(crate::id(3));
    vec![
        connected(Holder::Client, digest(20)),
        connected(agent, digest(21)),
        connected(Holder::Person(crate::people()[1]), digest(22)),
        Fact::UpstreamDisconnected {
            server: "files".to_owned(),
            holder: agent,
            reason: "because".to_owned(),
        },
    ]
}

pub(crate) fn looks_listed(state: &State) {
    let lets = |thing, name, n| state.pin("files", thing, name).unwrap().lets(digest(n));
    assert!(lets(Thing::Tool, "read", 11) && !lets(Thing::Tool, "read", 1));
    assert!(lets(Thing::Tool, "write", 2) && !lets(Thing::Tool, "write", 12));
    assert!(!lets(Thing::Tool, "bad", 3) && !lets(Thing::Resource, "file:///a", 5));
    assert!(lets(Thing::Prompt, "sum", 4) && lets(Thing::Template, "file:///{path}", 6));
    let waits: Vec<&String> = state.held_definitions().map(|(_, _, name, _)| name).collect();
    assert_eq!(waits, ["file:///a"]);
}
