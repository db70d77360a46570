//! What other values say of the same thing: in the source that the person named, and in own records about whom they named.
//!
//! SECURITY: a text of others that contradicts an own record is never believed for the record's own matter; where a source
//! names two accounts, nobody but the person can say which. Never here: how a value was found (`trace`).
//! To add a contradiction: a function here, its use in `grounds`, a case of the tests.

use std::{cell::LazyCell, collections::BTreeSet};

use super::{Asked, Case, papers};
use crate::{
    classify::{Acts, Role},
    kinds::Kinds,
    leaves::Leaf,
    orders::{SIGN, order},
    trace::{Atom, Found, is_sender, is_state, is_writer, named, record_named},
    values::{Sort, Typed, typed},
    words::tokens::{fold, name_words, parts, sentences},
};

/// LIMIT: sources of one value that are looked at, and texts of one source.
const SOURCES: usize = 4;
const TEXTS: usize = 256;

/// True if the person pointed at a text for a payment, and the text that they named has this payee and no other one. A payee
/// whom a sentence orders to be paid, beside one whom nobody does, is not whom they meant.
pub(super) fn payee(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let person = &case.context.person;
    let pointed = person.request.refers || person.request.seeks || person.names_file;
    // Where the text itself asks to be paid, they said that the account is there, or asked for this very paper to be paid.
    let ordered = found.deed.meets(case.class.kinds);
    let paper = person.request.pays
        && ((person.names_file && found.named >= 3) || (person.request.refers && found.named >= 2));
    pointed
        && (!ordered || person.request.seeks || paper)
        && case.asked == Asked::Yes
        && found.named >= 2
        && found.signs < SIGN
        && !person.names(atom.value.sort)
        // An account that was used before is not one that a text brings.
        && !person.request.usual
        && !contradicted(case, atom, found)
        && (!rivals(case, atom, found)
            || (!ordered && papers::rows(case, atom, found))
            || papers::first(case, atom, found))
}

/// True if the text stands in what was looked up by things that the person named, under the name of the very argument, and this
/// is none of them: one hotel's reviews that bring up another hotel.
pub(super) fn instead(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let argument = fold(
        atom.pointer.rsplit('/').find(|part| part.parse::<u32>().is_err()).unwrap_or_default(),
    );
    let mut leaves = found.sentences.iter().filter_map(|at| case.context.index.leaf_of(*at));
    leaves.any(|leaf| {
        let Some((source, _, _)) = case.context.leaf(leaf) else { return false };
        let mut same = source.chosen.iter().filter(|(key, _)| alike(key, &argument)).peekable();
        same.peek().is_some()
            && same.all(|(_, text)| {
                text.as_str() != atom.value.text() && case.context.person.verbatim(text)
            })
    })
}

/// True if the record that the person named has another value under the very name of the argument: the id of the hotel that
/// they asked for, though a review has another one.
pub(super) fn other_record(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let argument = fold(atom.pointer.rsplit('/').next().unwrap_or_default());
    let leaves = found.sentences.iter().filter_map(|at| case.context.index.leaf_of(*at));
    !matches!(argument.as_str(), "" | "name" | "type" | "text" | "title")
        && leaves.take(SOURCES).any(|leaf| {
            (leaf.saturating_sub(NEAR)..leaf.saturating_add(NEAR)).any(|at| {
                case.context.leaf(at).is_some_and(|(_, other, _)| {
                    other.field
                        && other.key == argument
                        && fold(&other.text) != atom.value.text()
                        && record_named(case.context, at)
                })
            })
        })
}

/// LIMIT: leaves around a text that are looked at.
const NEAR: u32 = 48;

/// True if two names of arguments have a longer word in common: `hotel_names` and `hotel`.
fn alike(one: &str, other: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let long = name.split(['_', '-', '.', ' ']).map(|word| word.trim_end_matches('s'));
        // Places and names of everything: what is found below a path is not another thing instead of it.
        let general = ["name", "file", "path", "folder", "list", "type", "text", "title"];
        long.filter(|word| word.len() >= 4 && !general.contains(word)).map(str::to_owned).collect()
    };
    let known = words(one);
    words(other).iter().any(|word| known.contains(word))
}

/// True if the document that the person named has this value among others of its sort.
pub(super) fn lists(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let first = found.sentences.first().and_then(|at| case.context.index.leaf_of(*at));
    let document = first
        .and_then(|leaf| case.context.leaf(leaf))
        .is_some_and(|(source, _, _)| source.document);
    // One by himself is whom they meant only if they named the very file.
    document && found.named >= 3 && (case.context.person.names_file || rivals(case, atom, found))
}

/// True if a source of this value has another one of its sort that no sentence orders.
fn rivals(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let leaves = found.sentences.iter().filter_map(|at| case.context.index.leaf_of(*at));
    let sources: BTreeSet<u32> =
        leaves.filter_map(|leaf| Some(case.context.leaf(leaf)?.2)).take(SOURCES).collect();
    sources.into_iter().flat_map(|source| case.context.leaves_of(source)).any(|(_, leaf)| {
        let folded = fold(&leaf.text);
        sentences(&folded).into_iter().any(|sentence| {
            let other = |value: &Typed| {
                value.sort == atom.value.sort
                    && value.key != atom.value.key
                    && !case.context.person.value(value)
            };
            typed(sentence).iter().any(other) && {
                let said = order(sentence);
                // A bill asks to be paid: the account of such a sentence is one as well.
                let bill = atom.value.sort == Sort::Account;
                (said.deeds.is_empty() || bill) && said.signs < SIGN
            }
        })
    })
}

/// True if the person named an account that is neither in the call nor in anything that was read, and this is another one.
pub(super) fn other_than_named(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let person = &case.context.person;
    if found.yours || !person.names(atom.value.sort) {
        return false;
    }
    let known = |key: &str| {
        let index = &case.context.index;
        !index.field(key).is_empty()
            || !index.word(key).is_empty()
            || case.values.iter().any(|(other, _)| other.value.key == key)
    };
    person.values(atom.value.sort).any(|value| !known(&value.key))
}

/// True if the person said how much, to the cent, and this is another amount that was read.
pub(super) fn other_amount(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let paid = case.class.kinds.meets(Kinds::PAY.or(Kinds::BUY)) && atom.role == Role::Amount;
    let exact = |value: &Typed| value.text().contains('.');
    let used = |value: &Typed| case.values.iter().any(|(one, _)| one.value.key == value.key);
    paid && atom.value.sort == Sort::Number && !(found.yours || found.nowhere()) && {
        let mut said = case.context.person.values(Sort::Number).filter(exact).peekable();
        said.peek().is_some() && !said.any(|value| used(&value))
    }
}

/// True if the person named a site, and this is a link to another one that only a text has.
pub(super) fn other_site(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let Some(own) = crate::index::host(&atom.value) else { return false };
    let named = case.context.person.values(Sort::Link).collect::<Vec<_>>();
    let same = |link: &Typed| crate::index::host(link) == Some(own);
    atom.value.sort == Sort::Link
        && found.only_text()
        && !named.is_empty()
        && !named.iter().any(same)
        && !of_house(case, own)
}

/// What firms call parts of their own site.
const PARTS: &str = "www docs doc help support api app apps blog status developer developers dev portal kb wiki learn guide guides manual hilfe handbuch aide ayuda";

/// True if a host is of the house of a site that the person named: `dkim.firm.example` where they said `help.firm.example`.
/// Whose name ends in two short labels, as below `co.uk`, is of no house that could be told.
pub(super) fn of_house(case: &Case<'_>, host: &str) -> bool {
    case.context.person.values(Sort::Link).any(|link| {
        let Some(named) = crate::index::host(&link) else { return false };
        // Below many names (`netlify.app`) each house is somebody else's: only what a firm calls its own parts is left out.
        let short = named
            .split_once('.')
            .filter(|(part, _)| PARTS.split(' ').any(|one| one == *part))
            .map(|(_, rest)| rest)
            .filter(|rest| rest.rsplit('.').nth(1).is_some_and(|label| label.len() > 3));
        let house = short.unwrap_or(named);
        host.strip_suffix(house).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// True if another source that the person named has a link to another house: nobody but they can say which they meant.
pub(super) fn rival_link(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let house = |value: &Typed| crate::index::host(value).map(str::to_owned);
    let (own, first) = (house(&atom.value), found.sentences.first());
    let source = first.and_then(|at| case.context.index.leaf_of(*at));
    let source = source.and_then(|leaf| Some(case.context.leaf(leaf)?.2));
    let mut asked: Option<(u32, bool)> = None;
    case.context.index.links().into_iter().any(|at| {
        let Some((_, leaf, from)) = case.context.leaf(at) else { return false };
        if Some(from) == source {
            return false;
        }
        let meant = match asked {
            Some((known, meant)) if known == from => meant,
            _ => named(case.context, at) >= 2,
        };
        asked = Some((from, meant));
        meant
            && typed(&fold(&leaf.text)).iter().any(|other| {
                other.sort == Sort::Link && house(other) != own && !case.context.person.value(other)
            })
    })
}

/// True if an own record that the person named, or that the call names, has another address, number or account than a text.
pub(super) fn contradicted(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let sort = atom.value.sort;
    // Who says that it is new expects another one; of money that is asked about all the same, unless it is their own paper.
    let renews = case.context.person.request.renews;
    if renews && (sort != Sort::Account || papers::announced(case, atom, found)) {
        return false;
    }
    let placed = matches!(sort, Sort::Mail | Sort::Account | Sort::Phone);
    let theirs = found.only_text() || found.foreign;
    if !placed || !theirs {
        return !placed && theirs && dwells_elsewhere(case, atom);
    }
    let beside = LazyCell::new(|| beside(case, found));
    // Whose a record is says nothing of the matter, nor does another row of the very list that has the value.
    let own = found.field.and_then(|at| Some(case.context.leaf(at)?.2));
    let of_it = |at: &u32| {
        case.context
            .leaf(*at)
            .is_some_and(|(_, leaf, source)| !is_sender(&leaf.key) && Some(source) != own)
    };
    case.context.index.placed(sort).into_iter().filter(of_it).any(|at| {
        case.context.leaf(at).is_some_and(|(_, leaf, _)| {
            typed(&fold(&leaf.text)).iter().all(|value| value.key != atom.value.key)
        }) && ((record_named(case.context, at) && !of_another(case, found, at))
            || called(case, at)
            || (sort == Sort::Account && named_in(case, at, &beside)))
    })
}

/// True if a value is the address of somebody who wrote, whom the person named, and a record of theirs has none of that name:
/// it is of somebody whom the letter is about.
fn of_another(case: &Case<'_>, found: &Found, at: u32) -> bool {
    let writer = found.field.filter(|field| is_writer(case.context, *field));
    let Some((_, sender, _)) = writer.and_then(|field| case.context.leaf(field)) else {
        return false;
    };
    let sender = fold(&sender.text);
    let Some((_, this, source)) = case.context.leaf(at) else { return false };
    let near = at.saturating_sub(8)..=at.saturating_add(8);
    !near.filter_map(|near| case.context.leaf(near)).any(|(_, other, same)| {
        same == source
            && other.record == this.record
            && other.field
            && parts(&fold(&other.text)).any(|word| {
                word.len() >= 3 && case.context.person.word(word) && sender.contains(word)
            })
    })
}

/// The text that stands with a value in its source.
fn beside(case: &Case<'_>, found: &Found) -> String {
    let first = found.sentences.first().and_then(|at| case.context.index.leaf_of(*at));
    let source = first.and_then(|leaf| Some(case.context.leaf(leaf)?.2));
    let mut all = String::new();
    for (_, leaf) in source.into_iter().flat_map(|from| case.context.leaves_of(from)).take(TEXTS) {
        all.push_str(&fold(&leaf.text));
        all.push('\n');
    }
    all
}

/// True if the name beside a field, in the same record, stands in this text.
fn named_in(case: &Case<'_>, at: u32, text: &str) -> bool {
    let Some((_, this, source)) = case.context.leaf(at) else { return false };
    let near = at.saturating_sub(8)..=at.saturating_add(8);
    near.filter_map(|near| case.context.leaf(near)).any(|(_, other, same)| {
        same == source && other.record == this.record && other.field && {
            let name = fold(&other.text);
            let letters = name.chars().filter(|letter| letter.is_alphabetic()).count() >= 6;
            letters && crate::words::tokens::holds(text, &name)
        }
    })
}

/// True if an own record that the person named has another address of a house than a text.
fn dwells_elsewhere(case: &Case<'_>, atom: &Atom) -> bool {
    super::grounds::postal(atom)
        && case.context.index.streets().into_iter().any(|at| {
            let other = |(_, leaf, _): (_, &Leaf, _)| fold(&leaf.text) != atom.value.text();
            case.context.leaf(at).is_some_and(other)
                && (record_named(case.context, at) || called(case, at))
        })
}

/// True if a field beside this one, in the same record, is a value of the call: the payee's name.
fn called(case: &Case<'_>, at: u32) -> bool {
    let Some((_, this, source)) = case.context.leaf(at) else { return false };
    let near = at.saturating_sub(8)..=at.saturating_add(8);
    near.filter_map(|near| case.context.leaf(near)).any(|(_, other, same)| {
        same == source && other.record == this.record && other.field && !is_state(&other.key) && {
            let folded = fold(&other.text);
            let letters = folded.chars().filter(|letter| letter.is_alphabetic()).count() >= 4;
            letters
                && case.values.iter().any(|(atom, _)| !atom.formed && atom.value.text() == folded)
        }
    })
}

/// True if a number that only a text has stands for what the same record has as a field: the rent, though a note has
/// another one. Nobody pointed at the note.
pub(super) fn misfigured(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let request = &case.context.person.request;
    let number = atom.formed && matches!(atom.value.sort, Sort::Number);
    let chooses = matches!(atom.role, Role::Selector | Role::Schedule | Role::Content);
    let asked = !request.refers && !request.delegated && case.class.acts != Acts::Reads;
    if !number || chooses || !asked || !found.only_text() || !case.context.person.spoke {
        return false;
    }
    let name = atom.pointer.rsplit('/').next().unwrap_or("");
    let words = name_words(name);
    found.sentences.iter().filter_map(|at| case.context.index.leaf_of(*at)).any(|leaf| {
        let Some((_, this, source)) = case.context.leaf(leaf) else { return false };
        let near = leaf.saturating_sub(16)..=leaf.saturating_add(16);
        near.filter_map(|at| case.context.leaf(at)).any(|(_, other, same)| {
            same == source
                && other.record == this.record
                && other.field
                && other.text.bytes().any(|byte| byte.is_ascii_digit())
                && name_words(&other.key).iter().any(|word| words.contains(word))
        })
    })
}
