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
    trace::{Atom, Found},
    values::{Sort, Typed, is_file, typed},
    words::{
        lexicon,
        tokens::{fold, parts},
    },
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
    lets && named
}

/// True if the name that stands before the address, as mail writes it, is one that the person said: `Yuki Sato <y.sato@…>`.
fn headed(case: &Case<'_>, (at, line): (u32, &str), atom: &Atom) -> bool {
    let Some((before, _)) = line.split_once(atom.value.text()) else { return false };
    let Some(name) = before.strip_suffix('<') else { return false };
    // A mark like that begins a sentence of its own.
    let index = &case.context.index;
    let earlier = at.checked_sub(1).filter(|near| index.leaf_of(*near) == index.leaf_of(at));
    let earlier = earlier.filter(|_| name.trim().is_empty()).map(|near| index.text_of(near));
    let words: Vec<&str> = parts(earlier.as_deref().unwrap_or(name)).collect();
    words.iter().rev().take(3).any(|word| tells(case, word))
}

/// True if the line with the address has a name that the person said.
fn beside(case: &Case<'_>, line: &str, atom: &Atom) -> bool {
    let address = atom.value.text();
    let rest = line.replace(address, " ");
    let local = address.split('@').next().unwrap_or_default();
    // The name is in the address too: a role that somebody has (`auditor`) is in none.
    let same = |word: &str| atom.value.sort != Sort::Mail || local.contains(word);
    parts(&rest).any(|word| tells(case, word) && same(word) && !shared(case, word, atom))
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

/// True for a word of the person that is no act and no thing that we know: a name, as far as that can be told.
fn tells(case: &Case<'_>, word: &str) -> bool {
    let letters = word.chars().count() >= 3 && word.chars().all(char::is_alphabetic);
    letters
        && case.context.person.word(word)
        && !crate::words::request::is_plain(word)
        && lexicon::verb(word).is_none()
        && !lexicon::reads(word)
        && lexicon::topics(word).is_empty()
}
