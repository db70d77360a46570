//! Facts about what servers list, in plain words.

use writ_authority::{
    Fact,
    fact::{DefinitionsSeen, Seen, WhyHeld},
};
use writ_model::text::quote;

use super::sentence;

/// LIMIT: things named in one sentence.
const NAMED: usize = 4;

/// What became so; nothing if it is about something else.
pub(super) fn fact(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::DefinitionsSeen(seen) => saw(seen),
        Fact::DefinitionApproved(one) => format!(
            "The {} {} of the server {} may be used as it is defined now.",
            one.thing.word(),
            quote(&one.name),
            one.server
        ),
        Fact::DefinitionRefused(one) => format!(
            "A definition of the {} {} of the server {} was refused: {}",
            one.thing.word(),
            quote(&one.name),
            one.server,
            sentence(&one.reason)
        ),
        _ => return None,
    })
}

fn saw(seen: &DefinitionsSeen) -> String {
    let of = |waits: Option<WhyHeld>| -> Vec<&Seen> {
        seen.seen.iter().filter(|one| one.waits == waits).collect()
    };
    let parts = [
        (of(None), "pinned at first sight"),
        (of(Some(WhyHeld::Changed)), "changed and wait for a person"),
        (of(Some(WhyHeld::Flagged)), "flagged and wait for a person"),
        (of(Some(WhyHeld::New)), "new and wait for a person"),
    ];
    let told = parts.iter().filter(|(some, _)| !some.is_empty()).map(|(some, words)| {
        let names: Vec<String> = some.iter().take(NAMED).map(|one| quote(&one.name)).collect();
        let more = match some.len().saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more} ({words})", names.join(", "))
    });
    format!("The server {} lists {}.", seen.server, told.collect::<Vec<_>>().join("; "))
}
