//! Whom the person meant, though they said no address: a name that they said stands beside it, or a list that they named has it.
//!
//! SECURITY: a name beside an address is believed in what is our own, in a source that the person named, or where mail says
//! who wrote it; never where a sentence orders the act, where the text speaks to the agent, or for money and secrets. Never
//! here: how a value was found (`trace`). To add a way: a function here, its use in [`meant`], a case of the tests.

use super::{Asked, Case, grounds};
use crate::{
    classify::Origin,
    kinds::Kinds,
    orders::SIGN,
    trace::{Atom, Found, has_sender, is_name},
    values::{Sort, Typed, is_file, typed},
    words::tokens::{fold, parts},
};

/// LIMIT: sentences of one value that are looked at.
const PLACES: usize = 8;

/// True if this is the address of somebody whom the person spoke of by name.
pub(super) fn meant(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let kinds = case.class.kinds;
    let placed = matches!(atom.value.sort, Sort::Mail | Sort::Phone);
    let worth = kinds.meets(Kinds::PAY.or(Kinds::BUY).or(Kinds::SECRET));
    if !placed || worth || case.asked != Asked::Yes || found.signs >= SIGN {
        return false;
    }
    if grounds::meets(found.deed, kinds) || case.context.person.names(atom.value.sort) {
        return false;
    }
    group(case, found)
        || found.sentences.iter().take(PLACES).any(|at| {
            let index = &case.context.index;
            let line = index.text_of(*at);
            let own = index
                .leaf_of(*at)
                .and_then(|leaf| case.context.leaf(leaf))
                .is_some_and(|(source, _, _)| source.origin <= Origin::OwnText);
            headed(case, (*at, &line), atom)
                || ((own || found.named >= 2) && beside(case, &line, atom))
        })
}

/// True if people are let in whom a file has that the person named.
fn group(case: &Case<'_>, found: &Found) -> bool {
    let lets = case.class.kinds.meets(Kinds::SHARE.or(Kinds::INVITE));
    let file = |text: &str| {
        let last = text.rsplit(['/', '\\']).next().unwrap_or(text);
        is_file(last) && case.context.person.verbatim(last)
    };
    let leaf = found.sentences.first().and_then(|at| case.context.index.leaf_of(*at));
    let named = leaf
        .and_then(|leaf| case.context.leaf(leaf))
        .is_some_and(|(source, _, _)| source.chosen.iter().any(|(_, text)| file(text)));
    // The file that is handed on is no list of those who get it.
    let itself = case.values.iter().any(|(other, _)| {
        is_file(other.value.text()) && {
            let last = other.value.text().rsplit(['/', '\\']).next().unwrap_or_default();
            leaf.and_then(|leaf| case.context.leaf(leaf)).is_some_and(|(source, _, _)| {
                source.chosen.iter().any(|(_, text)| text.ends_with(last))
            })
        }
    });
    lets && named && case.context.person.request.crowd && !itself
}

/// True if a letter begins with the address, as mailboxes print it, after a name that the person said: `Yuki Sato <y.sato@…>`.
/// The address has a word of the name, and nobody else has it.
fn headed(case: &Case<'_>, (at, line): (u32, &str), atom: &Atom) -> bool {
    let Some((before, _)) = line.split_once(atom.value.text()) else { return false };
    let Some(name) = before.strip_suffix('<') else { return false };
    let index = &case.context.index;
    let Some(leaf) = index.leaf_of(at) else { return false };
    // A mark like that begins a sentence of its own.
    let alone = name.trim().is_empty();
    let first = if alone { at.saturating_sub(1) } else { at };
    let begins = first.checked_sub(1).and_then(|near| index.leaf_of(near)) != Some(leaf);
    if !begins || index.leaf_of(first) != Some(leaf) || has_sender(case.context, leaf) {
        return false;
    }
    let text = if alone { index.text_of(first) } else { name.to_owned() };
    let words: Vec<&str> = parts(&text).collect();
    let last = || words.iter().rev().take(3);
    let local = atom.value.text().split('@').next().unwrap_or_default();
    last().any(|word| is_name(case.context, word) && !shared(case, word, atom))
        && last().any(|word| word.len() >= 3 && local.contains(*word))
}

/// True if the line with the address has a name that the person said.
fn beside(case: &Case<'_>, line: &str, atom: &Atom) -> bool {
    let address = atom.value.text();
    let rest = line.replace(address, " ");
    let local = address.split('@').next().unwrap_or_default();
    // The name is in the address too: a role that somebody has (`auditor`) is in none.
    let same = |word: &str| atom.value.sort != Sort::Mail || local.contains(word);
    parts(&rest).any(|word| is_name(case.context, word) && same(word) && !shared(case, word, atom))
}

/// True if another address stands beside the same name: nobody but the person can say which.
fn shared(case: &Case<'_>, name: &str, atom: &Atom) -> bool {
    let index = &case.context.index;
    let other = |value: &Typed| value.sort == atom.value.sort && value.key != atom.value.key;
    let texts = index.word(name).into_iter().take(PLACES * 4);
    let fields = index.field(name).into_iter().take(PLACES);
    texts.map(|at| index.text_of(at)).any(|text| typed(&text).iter().any(other))
        || fields.filter_map(|at| Some((at, case.context.leaf(at)?))).any(|(at, (_, this, of))| {
            (at.saturating_sub(8)..=at.saturating_add(8)).any(|near| {
                case.context.leaf(near).is_some_and(|(_, leaf, same)| {
                    same == of
                        && leaf.record == this.record
                        && leaf.field
                        && typed(&fold(&leaf.text)).iter().any(other)
                })
            })
        })
}
