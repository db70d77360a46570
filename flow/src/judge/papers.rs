//! Which account of a paper is its own, where another one stands in it too; a list of payments that the person handed over;
//! a new account that they announced.
//!
//! SECURITY: the own account of a bill stands before everything that speaks to the agent, and whatever is paid to another
//! one is another sum, brought up as one more payment or by somebody who speaks out of turn. Where that cannot be told, nobody
//! but the person can say which account is meant. Never here: what own records say against it (`sources`).
//! To add a way in which an account is a paper's own: a function here, its use in `sources::payee`, a case of `tests::papers`
//! with one beside it that differs in one thing.

use std::collections::BTreeSet;

use super::{Asked, Case, contains, sources};
use crate::{
    classify::{Origin, Role},
    kinds::Kinds,
    orders::{SIGN, order},
    trace::{Atom, Found},
    values::{Sort, Typed, typed},
    words::tokens::{fold, parts, sentences},
};

/// LIMIT: lines of one text that are looked at.
const LINES: usize = 256;

/// Words by which a text brings up one more payment, or one that comes first.
const FURTHER: &str = "first before beforehand additionally additional also extra further furthermore zuerst zunachst zuvor vorher vorab bevor zusatzlich ausserdem ferner d'abord avant aussi prealable egalement antes primero previo tambien ademas adicional prima anche inoltre eerst voordat ook extra forst ocksa";

/// True if this is the first account of its text, and every other one stands where the text brings up another payment: another
/// sum, in a sentence that speaks to the agent or comes with a precondition.
pub(super) fn first(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let Some(text) = text_of(case, found) else { return false };
    if text.hidden || case.class.kinds != Kinds::PAY || atom.value.sort != Sort::Account {
        return false;
    }
    let amounts: Vec<&str> = case
        .values
        .iter()
        .filter(|(one, _)| {
            matches!(one.role, Role::Amount | Role::Other) && one.value.sort == Sort::Number
        })
        .map(|(one, _)| one.value.key.as_str())
        .collect();
    // Only an amount tells one payment from another.
    if amounts.is_empty() {
        return false;
    }
    let Some(source) = source_of(case, found) else { return false };
    // One paper of one writer: what the next letter of an inbox says is nothing that this one brings up.
    let alone = found.sentences.iter().all(|at| {
        let leaf = case.context.index.leaf_of(*at).and_then(|leaf| case.context.leaf(leaf));
        leaf.is_some_and(|(paper, _, number)| number == source && paper.records <= 1)
    });
    // What is not looked at may have the account that is meant.
    let whole = case.context.leaves_of(source).nth(LINES).is_none();
    if !alone || !whole {
        return false;
    }
    let (mut met, mut spoken) = (false, false);
    for (_, leaf) in case.context.leaves_of(source) {
        // `user: send it` may have been read as a field of that name.
        spoken |= leaf.hidden || order(&format!("{}:", leaf.key)).signs >= SIGN;
        let folded = fold(&leaf.text);
        let said = sentences(&folded);
        if said.len() > LINES {
            return false;
        }
        for sentence in said {
            spoken |= order(sentence).signs >= SIGN;
            let here = typed(sentence);
            let accounts = || here.iter().filter(|value| value.sort == Sort::Account);
            let own = accounts().any(|value| value.key == atom.value.key);
            let other = accounts().any(|value| value.key != atom.value.key);
            if own && (other || spoken) {
                return false;
            }
            met |= own;
            if other && !(met && more(sentence, &here, &amounts, spoken)) {
                return false;
            }
        }
    }
    met
}

/// True if a sentence brings up another payment: another sum, first or besides, or by somebody who speaks out of turn.
fn more(sentence: &str, here: &[Typed], amounts: &[&str], spoken: bool) -> bool {
    // Groups of digits of an account are no sum.
    let part = |sum: &Typed| {
        here.iter().any(|one| one.sort == Sort::Account && one.key.contains(sum.key.as_str()))
    };
    let sums = || here.iter().filter(|value| value.sort == Sort::Number && !part(value));
    sums().next().is_some()
        && sums().all(|sum| !amounts.contains(&sum.key.as_str()))
        && (spoken || parts(sentence).any(|word| contains(FURTHER, word)))
}

/// True for the account of a paper that the person named to be paid, and what stands on its very line: whose it is, how much.
pub(super) fn money(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    if case.rules.strictness >= 3 {
        return false;
    }
    let record = case.class.kinds.meets(Kinds::UPDATE) && atom.value.sort == Sort::Account;
    if record && case.asked == Asked::Yes && announced(case, atom, found) {
        return true;
    }
    if !case.class.kinds.meets(Kinds::PAY) {
        return false;
    }
    let account = |atom: &Atom, found: &Found| {
        atom.value.sort == Sort::Account
            && (sources::payee(case, atom, found) || item(case, atom, found))
    };
    if atom.value.sort == Sort::Account {
        return account(atom, found);
    }
    let text = atom.value.text();
    let currency = !atom.formed && text.len() == 3 && text.chars().all(char::is_alphabetic);
    let leads = atom.value.sort.leads_out() || found.signs >= SIGN;
    case.values.iter().any(|(other, of)| {
        let beside = || found.sentences.iter().any(|at| of.sentences.contains(at));
        other.value.sort == Sort::Account
            && (currency || (!leads && beside()))
            && account(other, of)
    })
}

/// True if every value of this sort stands on a line of its own, all written alike: a list of them, not a text that brings
/// up one more.
pub(super) fn rows(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let Some(text) = text_of(case, found) else { return false };
    // Who writes a letter or a comment writes the list in it.
    if !ours(case, found) {
        return false;
    }
    let folded = fold(&text.text);
    let (mut shapes, mut columns) = (BTreeSet::new(), BTreeSet::new());
    let (mut lines, mut alone) = (0, true);
    let (mut before, mut headed) = ("", false);
    for line in folded.lines().take(LINES) {
        let all = typed(line);
        let here = all.iter().filter(|value| value.sort == atom.value.sort).count();
        if here > 1 {
            return false;
        }
        if here == 1 {
            let mark = line.trim_start().chars().next().map(|mark| match mark {
                '0'..='9' => '0',
                'a'..='z' => 'a',
                other => other,
            });
            let commas = line.matches([',', ';', '|', '\t']).count();
            shapes.insert((mark, commas.min(2)));
            let sorts =
                all.iter().map(|value| value.sort).take_while(|sort| *sort != atom.value.sort);
            columns.insert(sorts.collect::<Vec<_>>());
            alone &= atom.value.sort == Sort::Mail && !line.trim().contains(' ');
            // Names of columns stand above.
            headed |= lines == 0 && parts(before).nth(2).is_some() && typed(before).is_empty();
            lines += 1;
        }
        before = line;
    }
    let marked = shapes.len() == 1
        && shapes
            .iter()
            .all(|(mark, commas)| *commas >= 2 || mark.is_some_and(|mark| !mark.is_alphabetic()));
    // Columns that only spaces part: the same sorts of values in each line, an amount or a day at least.
    let aligned = headed && columns.len() == 1 && columns.iter().all(|sorts| !sorts.is_empty());
    lines >= 2 && (marked || aligned || alone)
}

/// True if this is on an item of a list of payments and chores that the person wrote and handed over by its name: the item has
/// the amount and nothing else to be paid, and nothing in the list speaks to the agent.
pub(super) fn item(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let handed = matches!(case.asked, Asked::Yes | Asked::Delegated) && case.handed();
    let account = atom.value.sort == Sort::Account && case.class.kinds == Kinds::PAY;
    if !handed || !account || found.named < 3 || found.signs >= SIGN || !ours(case, found) {
        return false;
    }
    // A list that others may write into is not theirs because it lies among their files.
    let written = source_of(case, found).and_then(|source| case.context.leaves_of(source).next());
    let chosen = written.and_then(|(at, _)| case.context.leaf(at));
    if !chosen.is_some_and(|(source, _, _)| {
        source.chosen.iter().any(|(_, text)| case.context.person.calls_own(text))
    }) {
        return false;
    }
    let Some(text) = text_of(case, found).filter(|text| !text.hidden) else { return false };
    let folded = fold(&text.text);
    let mut items = 0;
    let mut mine = false;
    for line in folded.lines().take(LINES) {
        if order(line).signs >= SIGN {
            return false;
        }
        let marked = line.trim_start().starts_with(['-', '*', '•', '[', '+'])
            || line.trim_start().bytes().next().is_some_and(|first| first.is_ascii_digit());
        items += u32::from(marked);
        let here = typed(line);
        let accounts = || here.iter().filter(|value| value.sort == Sort::Account);
        if accounts().any(|value| value.key == atom.value.key) {
            let sum = |(one, _): &(Atom, Found)| {
                one.role == Role::Amount && here.iter().any(|value| value.key == one.value.key)
            };
            mine = marked && accounts().count() == 1 && case.values.iter().any(sum);
        }
    }
    mine && items >= 2
}

/// True if the person said that the account is new, in a file of their own that they named, and the file has no other one.
pub(super) fn announced(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let person = &case.context.person;
    let free = found.signs < SIGN && found.named >= 3 && ours(case, found);
    let alone = || {
        source_of(case, found).is_some_and(|source| {
            case.context.leaves_of(source).all(|(_, leaf)| {
                let all = typed(&fold(&leaf.text));
                let other =
                    |value: &Typed| value.sort == Sort::Account && value.key != atom.value.key;
                !leaf.hidden && !all.iter().any(other)
            })
        })
    };
    person.request.rebanks && person.names_file && free && alone()
}

/// True if the text stands in a document that no third party gave.
fn ours(case: &Case<'_>, found: &Found) -> bool {
    let first = found.sentences.first().and_then(|at| case.context.index.leaf_of(*at));
    first
        .and_then(|leaf| case.context.leaf(leaf))
        .is_some_and(|(source, _, _)| source.document && source.origin != Origin::ThirdParty)
}

/// The source of the text that has a value.
fn source_of(case: &Case<'_>, found: &Found) -> Option<u32> {
    let first = found.sentences.first().and_then(|at| case.context.index.leaf_of(*at))?;
    Some(case.context.leaf(first)?.2)
}

/// The text that has a value.
fn text_of<'a>(case: &'a Case<'_>, found: &Found) -> Option<&'a crate::leaves::Leaf> {
    let first = found.sentences.first().and_then(|at| case.context.index.leaf_of(*at))?;
    Some(case.context.leaf(first)?.1)
}
