//! What servers list: seen by a gateway, approved or refused by a person.
//!
//! SECURITY: a definition that is another one than the pinned one is never pinned by a gateway, whatever it says of it; a
//! person who may say yes does that, by signature, and says from which digest to which. A grant says nothing about
//! definitions, and an approval of one grants nothing.
//! Never here: what differs, or what is flagged (`supply`, which the gateway asks).

use std::collections::BTreeSet;

use writ_model::{Cx, Digest};

use super::check::{self, NAME, SAYS_YES, SENTENCE, WORKS};
use crate::{
    fact::{
        DefinitionApproved, DefinitionRefused, DefinitionsSeen, Fact, SEEN_A_LINE, Seen, Thing,
        WhyHeld,
    },
    refusal::{self, Refusal, cut},
    state::{PINS, Pin, State},
};

/// LIMIT: bytes of a name, as a held call's.
const LONGEST: usize = 512;
/// LIMIT: bytes of a summary; who sees has cut it to a row.
const SUMMARY: usize = 320;
/// LIMIT: rules named of one definition, and letters of each.
const FLAGS: usize = 6;
const FLAG: usize = 24;

/// What is new of a sighting. Another gateway may have written it down first: then nothing is left of it.
pub(super) fn see(state: &State, cx: &Cx, seen: DefinitionsSeen) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    check::text("server", &seen.server, NAME)?;
    let server = seen.server;
    let mut room = PINS.saturating_sub(state.catalog.get(&server).map_or(0, |shelf| shelf.len()));
    let mut named = BTreeSet::new();
    let mut news: Vec<Seen> = Vec::new();
    for mut one in seen.seen {
        fits(&one)?;
        if !named.insert((one.thing, one.name.clone())) {
            continue;
        }
        match state.pin(&server, one.thing, &one.name) {
            Some(pin) if pin.knows(one.digest) || pin.settles(cx.now()) => continue,
            Some(_) => one.waits = Some(WhyHeld::Changed),
            // Nothing is there that it could have changed: what came before it was over the bound.
            None if room == 0 || one.waits == Some(WhyHeld::Changed) => continue,
            None => room -= 1,
        }
        news.push(one);
    }
    let lines = news.chunks(SEEN_A_LINE).map(|seen| {
        let (server, seen) = (server.clone(), seen.to_vec());
        Fact::DefinitionsSeen(Box::new(DefinitionsSeen { server, seen }))
    });
    Ok(lines.collect())
}

fn fits(one: &Seen) -> Result<(), Refusal> {
    if one.name.is_empty() || one.name.chars().any(char::is_control) {
        return Err(Refusal::internal("name", "it is empty or has control characters"));
    }
    check::bound("bytes of a name", one.name.len(), LONGEST)?;
    check::bound("bytes of a summary", one.summary.len(), SUMMARY)?;
    check::bound("flags", one.flags.len(), FLAGS)?;
    check::bound("letters of a flag", one.flags.iter().map(String::len).max().unwrap_or(0), FLAG)
}

fn pin<'s>(state: &'s State, server: &str, thing: Thing, name: &str) -> Result<&'s Pin, Refusal> {
    state
        .pin(server, thing, name)
        .ok_or_else(|| Refusal::unknown(thing.word(), &format!("{name}, of the server {server}")))
}

fn other(what: String) -> Refusal {
    let cure = "Look at it as it is now, and decide on that.";
    Refusal::new(refusal::CATALOG, "digest", what, cure)
}

pub(super) fn approve(
    state: &State,
    cx: &Cx,
    approved: DefinitionApproved,
) -> Result<Vec<Fact>, Refusal> {
    check::person(cx)?;
    check::acts(state, cx, SAYS_YES)?;
    let DefinitionApproved { server, thing, name, from, to } = &approved;
    let known = pin(state, server, *thing, name)?;
    let word = thing.word();
    if known.digest != *from {
        return Err(other(format!("the {word} `{}` is not pinned as you read it", cut(name))));
    }
    if known.lets(*to) {
        let what = format!("the {word} `{}` is pinned so already", cut(name));
        return Err(Refusal::new(refusal::CATALOG, "digest", what, "Nothing is left to do."));
    }
    let waits = known.waiting.as_ref().is_some_and(|waiting| waiting.digest == *to);
    // While something waits, that is what is decided on: an approval of another one would leave it waiting unseen.
    let takes_back = known.waiting.is_none() && known.refused.contains(to);
    if !waits && !takes_back {
        return Err(other(format!("no such definition of the {word} `{}` waits", cut(name))));
    }
    Ok(vec![Fact::DefinitionApproved(Box::new(approved))])
}

/// Whoever works here may refuse: that stops something. The pinned definition may be refused, too.
pub(super) fn refuse(
    state: &State,
    cx: &Cx,
    refused: DefinitionRefused,
) -> Result<Vec<Fact>, Refusal> {
    check::person(cx)?;
    check::acts(state, cx, WORKS)?;
    check::text("reason", &refused.reason, SENTENCE)?;
    let DefinitionRefused { server, thing, name, digest, .. } = &refused;
    let known = pin(state, server, *thing, name)?;
    let there = |digest: &Digest| {
        known.digest.as_ref() == Some(digest)
            || known.waiting.as_ref().is_some_and(|waiting| waiting.digest == *digest)
    };
    if !there(digest) {
        let word = thing.word();
        return Err(other(format!("no such definition of the {word} `{}` is here", cut(name))));
    }
    Ok(vec![Fact::DefinitionRefused(Box::new(refused))])
}
