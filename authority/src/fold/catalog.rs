//! How a line changes what is known of servers' lists.
//! Never here: whether a fact was allowed (`command/catalog.rs`).

use std::sync::Arc;

use writ_model::{Digest, PersonId, Timestamp};

use crate::{
    fact::{DefinitionApproved, DefinitionRefused, DefinitionsSeen, Seen},
    state::{Change, Pin, REFUSED, State},
};

impl State {
    pub(super) fn definitions_seen(&mut self, line: u64, at: Timestamp, seen: DefinitionsSeen) {
        let shelf = Arc::make_mut(self.catalog.entry(seen.server).or_default());
        for one in seen.seen {
            let Seen { thing, name, digest, summary, flags, waits } = one;
            let pins = shelf.of_mut(thing);
            let new = || {
                let (summary, flags) = (summary.clone(), flags.clone());
                let (digest, by, waiting, refused) = (None, None, None, Vec::new());
                Arc::new(Pin { digest, by, at, line, summary, flags, waiting, refused })
            };
            let pin = Arc::make_mut(pins.entry(name).or_insert_with(new));
            match waits {
                None => {
                    (pin.digest, pin.by, pin.at, pin.line) = (Some(digest), None, at, line);
                    (pin.summary, pin.flags, pin.waiting) = (summary, flags, None);
                }
                Some(why) => {
                    pin.waiting = Some(Change { digest, why, at, line, summary, flags });
                }
            }
        }
    }

    pub(super) fn definition_approved(
        &mut self,
        (line, at, by): (u64, Timestamp, Option<PersonId>),
        approved: DefinitionApproved,
    ) {
        let DefinitionApproved { server, thing, name, to, .. } = approved;
        let Some(shelf) = self.catalog.get_mut(&server) else { return };
        let Some(pin) = Arc::make_mut(shelf).of_mut(thing).get_mut(&name) else { return };
        let pin = Arc::make_mut(pin);
        if let Some(waiting) = pin.waiting.take_if(|waiting| waiting.digest == to) {
            (pin.summary, pin.flags) = (waiting.summary, waiting.flags);
        }
        pin.refused.retain(|one| *one != to);
        (pin.digest, pin.by, pin.at, pin.line) = (Some(to), by, at, line);
    }

    pub(super) fn definition_refused(&mut self, refused: DefinitionRefused) {
        let DefinitionRefused { server, thing, name, digest, .. } = refused;
        let Some(shelf) = self.catalog.get_mut(&server) else { return };
        let Some(pin) = Arc::make_mut(shelf).of_mut(thing).get_mut(&name) else { return };
        let pin = Arc::make_mut(pin);
        pin.waiting.take_if(|waiting| waiting.digest == digest);
        // What was pinned by trust can be refused, too.
        if pin.digest == Some(digest) {
            pin.digest = None;
        }
        remember(&mut pin.refused, digest);
    }
}

fn remember(refused: &mut Vec<Digest>, digest: Digest) {
    refused.retain(|one| *one != digest);
    refused.push(digest);
    let over = refused.len().saturating_sub(REFUSED);
    refused.drain(..over);
}
