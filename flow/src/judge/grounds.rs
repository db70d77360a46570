//! The grounds on which a call is held, in order of weight.
//!
//! Never here: how a value was found (`trace`), or a sentence (`explain`).

use super::{Asked, Case, Reason};
use crate::{
    classify::Role,
    explain, index,
    kinds::Kinds,
    trace::{Atom, Found},
    values::Sort,
};

/// Grounds to hold a call that acts; empty if it may go.
pub(super) fn act(case: &Case<'_>) -> Vec<Reason> {
    let mut out = Vec::new();
    // Nothing but fields was read: nobody's words can have caused the call.
    if !case.context.has_read_text() {
        return out;
    }
    for (atom, found) in &case.values {
        if found.yours {
            continue;
        }
        let ground = spoken_to(case, atom, found)
            .or_else(|| ordered(case, atom, found))
            .or_else(|| destination(case, atom, found))
            .or_else(|| somebody(case, atom, found))
            .or_else(|| amount(case, atom, found))
            .or_else(|| credential(case, atom, found))
            .or_else(|| content(case, atom, found))
            .or_else(|| stricter(case, atom, found));
        if let Some(code) = ground {
            out.push(explain::value(case, atom, found, code));
        }
    }
    if never_asked(case) {
        out.push(explain::never_asked(case));
    }
    out
}

/// True if a value could only be right by having been read: not a yes, a year, a small number, a word.
fn telling(atom: &Atom) -> bool {
    let text = atom.value.text();
    match atom.value.sort {
        _ if !atom.formed => {
            text.chars().filter(|letter| letter.is_alphabetic()).count() >= 4 || text.len() >= 6
        }
        Sort::Number => text.len() >= 3,
        _ => true,
    }
}

/// A text that speaks to the agent itself, or was hidden, has the value.
fn spoken_to(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let number = atom.role != Role::Content
        && atom.formed
        && atom.value.sort == Sort::Number
        && atom.value.text().len() >= 2;
    let counts = (telling(atom) || number) && !matches!(atom.role, Role::Schedule);
    let own = found.field.is_some()
        && case.asked == Asked::Yes
        && found.ordered.and(case.class.kinds).is_empty();
    (counts && found.signs >= 2 && !own).then_some("FLOW-0016")
}

/// A text orders the same kind of action with this very value.
fn ordered(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let kinds = case.class.kinds;
    let meets =
        |ordered: Kinds| if kinds.is_empty() { !ordered.is_empty() } else { ordered.meets(kinds) };
    let chooses = matches!(atom.role, Role::Selector | Role::Destination | Role::Other);
    // A small number tells if the very sentence orders with it.
    let small = chooses && found.field.is_none() && meets(found.here);
    if atom.role == Role::Schedule || !(telling(atom) || small) || !meets(found.ordered) {
        return None;
    }
    let leads = atom.value.sort.leads_out();
    if atom.role == Role::Content && !leads {
        // Words put into the agent's mouth.
        let dictated = atom.value.text().split(' ').count() >= 3 && meets(found.here);
        return (dictated && case.asked != Asked::Delegated).then_some("FLOW-0013");
    }
    // What is said to stand there is not what the text orders.
    let there =
        || pointed(case, atom, found) && (case.asked == Asked::Delegated || !meets(found.here));
    if endorsed(case, atom, found) && (!leads || found.field.is_some() || there()) {
        return None;
    }
    // A field of an own record too: the text picked one of them.
    let picked = found.field.is_none() || (!found.meant && chooses);
    picked.then_some("FLOW-0013")
}

/// True if the person named the source for this kind of action.
fn endorsed(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    // What cannot be undone is not left to a text of others; who is here already may be let into a room.
    let grave = Kinds::GRAVE.or(Kinds::REMOVE).without(Kinds::INVITE);
    let lasting = case.class.kinds.meets(grave)
        || (case.class.kinds.meets(Kinds::INVITE) && atom.value.sort.leads_out());
    match case.asked {
        Asked::Yes | Asked::Delegated if found.signs >= 2 => false,
        Asked::Yes => found.named >= 2,
        Asked::Delegated => found.named >= 1 && !lasting,
        // What was named is named for what it is for.
        Asked::Elsewhere | Asked::Unclear | Asked::No => false,
    }
}

/// True if an address may come from a source that the person named: they said that it is there, or handed the matter over
/// and it is of a house that is known.
fn pointed(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let own = index::host(&atom.value).is_some_and(|host| {
        case.context.index.own_host(host) || case.context.person.verbatim(host)
    });
    let request = &case.context.person.request;
    let handed = case.asked == Asked::Delegated || request.delegated;
    found.named >= 2 && (request.seeks || (handed && own))
}

/// A destination that only a text of others has.
fn destination(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    if case.rules.strictness < 2 || atom.inside && atom.role == Role::Content {
        return None;
    }
    let account = atom.value.sort == Sort::Account && (atom.role != Role::Content);
    let leads = atom.role == Role::Destination || account;
    let formed = atom.value.sort.leads_out()
        || postal(atom)
        || (atom.formed && case.class.kinds.meets(Kinds::PAY));
    if !leads || !formed {
        return None;
    }
    let money = account || case.class.kinds.meets(Kinds::PAY);
    if found.only_text() {
        let named = endorsed(case, atom, found)
            && pointed(case, atom, found)
            && case.rules.strictness < 3
            && !money;
        return (!named).then_some("FLOW-0012");
    }
    let grave = money || case.class.kinds.meets(Kinds::GRAVE);
    let sends = case.class.kinds.meets(Kinds::SEND);
    let unknown = found.nowhere() && atom.value.sort.leads_out() && case.context.person.spoke;
    (unknown && (grave || sends)).then_some("FLOW-0020")
}

/// Somebody or something that only a text of others names, in a source that the person did not point at.
fn somebody(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let name = telling(atom) && !matches!(atom.role, Role::Content | Role::Schedule | Role::Amount);
    // Without the person's words nobody can say whom they did not name.
    if case.rules.strictness < 2 || !found.only_text() || !case.context.person.spoke {
        return None;
    }
    let kinds = case.class.kinds;
    let request = &case.context.person.request;
    let addressed = kinds.meets(Kinds::SEND.or(Kinds::SHARE).or(Kinds::INVITE))
        && atom.role == Role::Destination;
    if name && addressed && !found.listed && !request.crowd && !request.delegated && !request.seeks
    {
        return Some("FLOW-0012");
    }
    // The number of a thing in a text about other things.
    let stray = atom.role == Role::Selector
        && atom.value.text().bytes().any(|byte| byte.is_ascii_digit())
        && !case.class.topics.is_empty()
        && !found.about.meets(case.class.topics);
    if stray && found.named < 2 {
        return Some("FLOW-0012");
    }
    if !name || endorsed(case, atom, found) {
        return None;
    }
    let elsewhere = case.asked == Asked::Elsewhere;
    let bought = kinds.meets(Kinds::BOOK.or(Kinds::BUY)) && !found.listed;
    (bought || elsewhere).then_some("FLOW-0012")
}

/// True for an address of a house: some words with a number.
fn postal(atom: &Atom) -> bool {
    let text = atom.value.text();
    !atom.formed && text.split(' ').count() >= 3 && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// An amount that only a text has that the person did not name.
fn amount(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let pays = case.class.kinds.meets(Kinds::PAY.or(Kinds::BUY)) && atom.role == Role::Amount;
    let unnamed = found.only_text() && found.named == 0 && telling(atom);
    (case.rules.strictness >= 2 && pays && unnamed && case.context.person.spoke)
        .then_some("FLOW-0014")
}

/// A password or key that a text has.
fn credential(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let secret =
        atom.role == Role::Credential && case.class.kinds.meets(Kinds::SECRET.or(Kinds::UPDATE));
    (case.rules.strictness >= 1 && secret && found.only_text()).then_some("FLOW-0012")
}

/// A link or an address that a text wants said.
fn content(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let said = atom.role != Role::Destination && atom.value.sort.leads_out() && found.only_text();
    let asked_for = endorsed(case, atom, found)
        && (!found.here.meets(case.class.kinds) || case.asked == Asked::Delegated);
    if !said || asked_for {
        return None;
    }
    let person = &case.context.person;
    let unordered = found.ordered.is_empty() && (person.request.refers || !person.spoke);
    let wanted = case.rules.strictness >= 2 && found.named < 2 && !unordered;
    (wanted || (case.rules.strictness >= 3 && found.named == 0)).then_some("FLOW-0015")
}

/// At the strictest, every telling value that only a text has.
fn stricter(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let only = found.only_text() && telling(atom) && atom.role != Role::Content;
    (case.rules.strictness >= 4 && only && found.named < 2).then_some("FLOW-0012")
}

/// A kind of action that the person never asked for, after words of others were read.
fn never_asked(case: &Case<'_>) -> bool {
    if case.rules.strictness == 0 || case.asked != Asked::No {
        return false;
    }
    // Everything that tells in it is in the person's words: they meant it, in words that we do not know.
    let said = |(atom, found): &(Atom, Found)| {
        found.yours || (atom.role == Role::Schedule && found.nowhere())
    };
    // Unless a text orders it with the same values.
    let free = case.values.iter().all(|(_, found)| found.ordered.and(case.class.kinds).is_empty());
    let meant = free && case.values.iter().any(|(atom, found)| telling(atom) && found.yours);
    !(meant && case.values.iter().all(said))
}

/// Grounds to hold a read: it visits an address that carries own data, or that only an order names.
pub(super) fn read(case: &Case<'_>) -> Vec<Reason> {
    let mut out = Vec::new();
    if !case.class.kinds.meets(Kinds::VISIT) || !case.context.has_read_text() {
        return out;
    }
    for (atom, found) in &case.values {
        let link = atom.formed && atom.value.sort == Sort::Link;
        if !link || found.yours {
            continue;
        }
        let host_known = index::host(&atom.value).is_some_and(|host| {
            case.context.person.verbatim(host) || case.context.index.own_host(host)
        });
        if !host_known && carries(case, atom, found) {
            out.push(explain::value(case, atom, found, "FLOW-0018"));
        } else if found.only_text()
            && found.signs >= 2
            && found.ordered.meets(Kinds::VISIT.or(Kinds::SEND))
        {
            out.push(explain::value(case, atom, found, "FLOW-0016"));
        }
    }
    out
}

/// True if a link that nobody wrote as a whole carries values of what was read.
fn carries(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    if !found.sentences.is_empty() && !found.composed {
        return false;
    }
    let Some((_, query)) = atom.value.text().split_once(['?', '#']) else { return false };
    query.split(['&', '=', ',', ';']).filter(|part| part.len() >= 6).any(|part| {
        let plain = part.replace("%20", " ").replace('+', " ").replace("%40", "@");
        let known = case.context.person.said(&plain);
        let read = !case.context.index.field(&plain).is_empty()
            || !case.context.index.phrase(&plain).is_empty();
        !known && read
    })
}
