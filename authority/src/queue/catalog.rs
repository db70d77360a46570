//! Definitions of servers that wait for a person: one row for each server.
//! Never here: whether they may be approved.

use std::collections::BTreeMap;

use writ_model::Timestamp;

use super::{Ask, Waiting};
use crate::state::State;

/// LIMIT: names told in one row.
const NAMED: usize = 5;

pub(super) fn waiting(state: &State) -> Vec<Waiting> {
    let mut servers: BTreeMap<&str, (Vec<String>, Timestamp)> = BTreeMap::new();
    for (server, thing, name, change) in state.held_definitions() {
        let known = servers.entry(server).or_insert_with(|| (Vec::new(), change.at));
        let name = writ_model::text::quote(name);
        known.0.push(format!("the {} {name}", thing.word()));
        known.1 = known.1.min(change.at);
    }
    let row = |(server, (things, since)): (&str, (Vec<String>, Timestamp))| {
        let more = things.len().saturating_sub(NAMED);
        let mut why: Vec<String> = things.iter().take(NAMED).cloned().collect();
        if more > 0 {
            why.push(format!("and {more} more"));
        }
        Waiting {
            ask: Ask::DefinitionHeld,
            agent: None,
            hold: None,
            name: server.to_owned(),
            since,
            deadline: None,
            what: format!("{} of the server {server} changed or is flagged", count(things.len())),
            why,
            otherwise: "It stays out of lists, and calls of it are refused.".to_owned(),
            cure: vec!["Read what changed, and approve or refuse it.".to_owned()],
        }
    };
    servers.into_iter().map(row).collect()
}

fn count(things: usize) -> String {
    if things == 1 { "1 definition".to_owned() } else { format!("{things} definitions") }
}
